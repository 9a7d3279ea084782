# SPDX-License-Identifier: MIT
"""How deep the stack can get at most: the deepest path through the call graph, for each place where code begins.

A bound is only one when everything on its way is known. What is not (calls through pointers, recursion, frames whose
size depends on data) is listed, and the number is then what the known part needs: it may be more.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from pic32bench.callgraph.assumptions import Assumptions
from pic32bench.callgraph.flow import DYNAMIC
from pic32bench.callgraph.graph import CallGraph, Edge, Entry, Open, Root
from pic32bench.code_map import Place
from pic32bench.core import SP
from pic32bench.errors import UsageError
from pic32bench.image import PHYSICAL
from pic32bench.machine_code.execute import Value

_LEVELS = 7  # of interrupts (DS60001320 section 7)
_MOST_STATES = 200_000  # functions times counts of recursion
_LABEL_WITHIN = 256  # bytes from a stack pointer up to the label of its stack's top

OWN: Value = (SP, 0)  # the stack that a function was called on, among others that it may set


@dataclass(frozen=True)
class Step:
    """A function on the deepest path; ``above`` bytes of the stack are of those that called it.

    ``address`` is where the one before calls it, 0 for the first.
    """

    function: str
    address: int
    above: int


@dataclass(frozen=True)
class Depth:
    """Bytes of one stack, and the path to there."""

    bytes: int
    chain: tuple[Step, ...]


@dataclass(frozen=True)
class StackRange:
    """A stack whose place is known: ``name``, and physical addresses from ``low``, if known, up to ``high``."""

    name: str
    low: int | None
    high: int


@dataclass(frozen=True)
class Bound:
    """The most that one stack needs, as far as it can be told.

    ``bytes`` are the firmware's own, ``interrupts`` those of all handlers that may come on top, ``size`` what there is,
    None: not known. ``entry`` is where the code begins. ``opens``, ``recursions`` and ``dynamic`` say why it may need
    more; each is empty when it cannot.
    """

    name: str
    entry: Entry
    bytes: int
    interrupts: int
    size: int | None
    chain: tuple[Step, ...]
    opens: tuple[Open, ...]
    recursions: tuple[tuple[str, ...], ...]
    dynamic: tuple[tuple[str, Place], ...]

    @property
    def total(self) -> int:
        """Bytes with interrupts."""
        return self.bytes + self.interrupts

    @property
    def bounded(self) -> bool:
        """Whether it is the most indeed."""
        return not self.open_calls and not self.recursions and not self.dynamic

    @property
    def open_calls(self) -> tuple[Open, ...]:
        """Calls that nobody told the targets of."""
        return tuple(one for one in self.opens if not one.closed)


@dataclass(frozen=True)
class _Result:
    """Of a function: the most on each stack, by stack pointer, and the edge that leads there (None: its own frame)."""

    depths: Mapping[Value, tuple[int, Edge | None, Value]]


_State = tuple[int, tuple[int, ...]]  # a function, and how often each limited function of its cycle is on the stack


class Bounds:
    """Bounds of all that is in a call graph; of ``assumptions`` its depths, and ``stacks`` whose places are known.

    Raises UsageError for a name that is no function, or that has no recursion.
    """

    def __init__(
        self, graph: CallGraph, assumptions: Assumptions | None = None, stacks: Iterable[StackRange] = ()
    ) -> None:
        known = assumptions or Assumptions()
        self.graph = graph
        self._ranges = list(stacks)
        self._cycle: dict[int, int] = {}
        self._members: dict[int, list[int]] = {}
        self._find_cycles()
        self._limits: dict[int, int] = {}
        for name, most in known.depths.items():
            if name in known.optional and not graph.program.has(name):
                continue
            key = graph.program.find(name).key
            if key in self._cycle:
                self._limits[key] = most
            elif name not in known.optional:
                raise UsageError(f"{graph.program.path}: {name} is in no recursion: --depth is not for it")
        self._limited = {
            cycle: [key for key in members if key in self._limits] for cycle, members in self._members.items()
        }
        self._results: dict[_State, _Result] = {}

    # --- recursion ------------------------------------------------------------------------------------------

    def _find_cycles(self) -> None:
        import networkx as nx

        calls = nx.DiGraph()
        for key, edges in sorted(self.graph.edges.items()):
            calls.add_edges_from((key, edge.target) for edge in edges)
        self._calls = calls
        for members in nx.strongly_connected_components(calls):
            first = min(members)
            if len(members) > 1 or calls.has_edge(first, first):
                self._members[first] = sorted(members)
                self._cycle.update(dict.fromkeys(members, first))

    def recursions(self, reached: set[int]) -> tuple[tuple[str, ...], ...]:
        """Cycles among functions that no limit is on, each as its functions, the first one again at the end.

        Where cycles share functions one of them stands for all, and names of the others follow.
        """
        import networkx as nx

        found = []
        for members in sorted(self._members.values()):
            if not reached.intersection(members):
                continue
            rest = self._calls.subgraph(key for key in members if key not in self._limits)
            for group in sorted(nx.strongly_connected_components(rest), key=min):
                if len(group) > 1 or rest.has_edge(min(group), min(group)):
                    path = [start for start, *_ in nx.find_cycle(rest.subgraph(group), min(group))]
                    found.append(tuple(self.graph.name(key) for key in [*path, path[0]]))
        return tuple(found)

    # --- the deepest path -----------------------------------------------------------------------------------

    def _enter(self, key: int, before: _State | None) -> _State | None:
        """The state in which a function is called from another; None: its recursion is at its end."""
        cycle = self._cycle.get(key)
        if cycle is None:
            return key, ()
        limited = self._limited[cycle]
        counts = list(before[1]) if before is not None and self._cycle.get(before[0]) == cycle else [0] * len(limited)
        if key in self._limits:
            index = limited.index(key)
            counts[index] += 1
            if counts[index] > self._limits[key]:
                return None
        return key, tuple(counts)

    def _result(self, root: _State) -> _Result:
        if root in self._results:
            return self._results[root]
        path: list[tuple[_State, list[Edge]]] = [(root, list(self.graph.edges.get(root[0], ())))]
        under_way = {root}
        while path:
            state, edges = path[-1]
            while edges:
                ahead = self._enter(edges[-1].target, state)
                if ahead is not None and ahead not in self._results and ahead not in under_way:
                    break
                edges.pop()
            else:
                self._results[state] = self._combine(state, under_way)
                under_way.discard(state)
                path.pop()
                continue
            if len(self._results) + len(path) > _MOST_STATES:
                raise UsageError("the recursions with --depth have too many combinations: give smaller depths")
            assert ahead is not None
            under_way.add(ahead)
            path.append((ahead, list(self.graph.edges.get(ahead[0], ()))))
        return self._results[root]

    def _combine(self, state: _State, under_way: set[_State]) -> _Result:
        """The most of a function's own frame and what it calls."""
        flow = self.graph.flows.get(state[0])
        depths: dict[Value, tuple[int, Edge | None, Value]] = {OWN: (flow.deepest if flow else 0, None, OWN)}
        for pointer in flow.stacks if flow else ():
            depths[(None, pointer)] = (0, None, OWN)
        for edge in self.graph.edges.get(state[0], ()):
            ahead = self._enter(edge.target, state)
            below = self._results.get(ahead) if ahead is not None and ahead not in under_way else None
            if below is None:
                continue
            for stack in edge.stacks:
                for under, (size, _, _) in below.depths.items():
                    onto, above = self._onto(stack, flow.deepest if flow else 0)
                    if under != OWN:
                        onto, above = under, 0
                    if onto not in depths or above + size > depths[onto][0]:
                        depths[onto] = (above + size, edge, under)
        return _Result(depths)

    @staticmethod
    def _onto(stack: Value, deepest: int) -> tuple[Value, int]:
        """Which stack a call at this stack pointer is on, and how much of it is taken."""
        base, offset = stack
        if base == SP:
            return OWN, -offset
        return (OWN, deepest) if base == DYNAMIC else (stack, 0)

    def depth(self, key: int, stack: Value = OWN, taken: int = 0) -> Depth:
        """The most that code beginning in a function needs of the stack it begins on, or of another that it sets.

        ``taken`` bytes of that are in use when the stack pointer is set so.
        """
        state = self._enter(key, None)
        assert state is not None
        total = self._result(state).depths.get(stack, (0, None, OWN))[0] + taken
        steps = [Step(self.graph.name(key), 0, 0)]
        above = 0
        at: Value = stack
        while state is not None:
            _, edge, under = self._results[state].depths[at]
            if edge is None:
                break
            if under == OWN:
                flow = self.graph.flows[state[0]]
                ways = [self._onto(one, flow.deepest) for one in edge.stacks]
                above += max(more for onto, more in ways if onto == at) + (taken if at != OWN else 0)
            state, at = self._enter(edge.target, state), under
            steps.append(Step(self.graph.name(edge.target), edge.address, above))
        return Depth(total, tuple(steps))

    def bounded(self, key: int) -> bool:
        """Whether all is known of what code beginning in a function needs."""
        reached = self.graph.reachable([key])
        opens = any(not one.closed for one_key in reached for one in self.graph.opens.get(one_key, ()))
        return not opens and not self.recursions(reached) and not any(self.graph.flows[k].dynamic for k in reached)

    # --- stacks ---------------------------------------------------------------------------------------------

    def stacks(self) -> tuple[Bound, ...]:
        """The firmware's stacks: of reset and main, of tasks, and those that handlers set."""
        on_top = self.interrupts()
        found: list[Bound] = []
        for entry in self._entries(Root.RESET):
            found += self._bounds_of(entry, on_top)
        for entry in self._entries(Root.TASK):
            depth = self.depth(entry.function)
            found.append(self._bound([entry], entry.name, depth, on_top, entry.stack_size))
        found += self._of_handlers(list(self._entries(Root.INTERRUPT)))
        for entry in self._entries(Root.EXCEPTION):
            found += self._bounds_of(entry, 0)
        return tuple(found)

    def handlers(self) -> tuple[Bound, ...]:
        """What each handler needs of the stack that it interrupts."""
        entries = (*self._entries(Root.INTERRUPT), *self._entries(Root.EXCEPTION))
        return tuple(self._bound([entry], entry.name, self._before_switch(entry), 0, None) for entry in entries)

    def chosen(self) -> tuple[Bound, ...]:
        """The functions that were asked for."""
        entries = self._entries(Root.CHOSEN)
        return tuple(self._bound([entry], entry.name, self.depth(entry.function), 0, None) for entry in entries)

    def _entries(self, kind: Root) -> Iterator[Entry]:
        return (entry for entry in self.graph.entries if entry.kind is kind)

    def _set_by(self, entry: Entry) -> dict[int, tuple[str, int | None, Depth]]:
        """The stacks that code sets itself, by their tops: name, size, and what it needs of them."""
        found: dict[int, tuple[str, int | None, Depth]] = {}
        for stack in self._others(entry):
            name, top, size = self._top(stack[1], entry)
            depth = self.depth(entry.function, stack, top - stack[1])
            if top not in found or depth.bytes > found[top][2].bytes:
                found[top] = (name, size, depth)
        return found

    def _bounds_of(self, entry: Entry, interrupts: int) -> list[Bound]:
        stacks = self._set_by(entry).values()
        return [self._bound([entry], name, depth, interrupts, size) for name, size, depth in stacks]

    def _others(self, entry: Entry) -> list[Value]:
        state = self._enter(entry.function, None)
        assert state is not None
        return sorted(stack for stack in self._result(state).depths if stack[0] is None)

    def _of_handlers(self, entries: list[Entry]) -> list[Bound]:
        """The stacks that handlers go to, each with all handlers that may nest on it."""
        users: dict[int, list[tuple[Entry, str, int | None, Depth]]] = {}
        for entry in entries:
            for top, known in self._set_by(entry).items():
                users.setdefault(top, []).append((entry, *known))
        found = []
        for _, held in sorted(users.items()):
            # All but the first of them push what they save there too.
            saved = [self.graph.flows[entry.function].deepest for entry, *_ in held]
            whole = _nested((use[0], use[3].bytes + more, True) for use, more in zip(held, saved, strict=True))
            _, name, size, depth = max(held, key=lambda use: use[3].bytes)
            nested = max(whole - min(saved) - depth.bytes, 0)
            found.append(self._bound([entry for entry, *_ in held], name, depth, nested, size))
        return found

    def _switches(self, entry: Entry) -> bool:
        """Whether a handler goes to another stack unless it interrupts one that is on it already."""
        stacks = {stack for edge in self.graph.edges[entry.function] for stack in edge.stacks}
        return entry.kind is Root.INTERRUPT and any(stack[0] is None for stack in stacks)

    def _before_switch(self, entry: Entry) -> Depth:
        if self._switches(entry):
            return Depth(self.graph.flows[entry.function].deepest, (Step(entry.name, 0, 0),))
        return self.depth(entry.function)

    def _top(self, stack: int, entry: Entry) -> tuple[str, int, int | None]:
        """The stack that a stack pointer is in: its name, its top in the pointer's segment, its size."""
        place = stack & PHYSICAL
        for known in self._ranges:
            if (known.low is None or known.low < place) and place <= known.high:
                size = None if known.low is None else known.high - known.low
                return known.name, stack + known.high - place, size
        label = self.graph.program.label_from(stack, _LABEL_WITHIN)
        if label is None:
            top = max(one for _, one in self._others(entry) if 0 <= one - stack <= _LABEL_WITHIN)
            label = f"{top:08x}", top
        return "main" if entry.kind is Root.RESET else label[0], label[1], None

    def interrupts(self) -> int:
        """What interrupt handlers need at most of the stack of what they interrupt.

        A handler that goes to another stack is itself interrupted there.
        """
        entries = self._entries(Root.INTERRUPT)
        return _nested((entry, self._before_switch(entry).bytes, not self._switches(entry)) for entry in entries)

    def _bound(self, entries: list[Entry], name: str, depth: Depth, interrupts: int, size: int | None) -> Bound:
        reached = self.graph.reachable(entry.function for entry in entries)
        return Bound(
            name,
            entries[0],
            depth.bytes,
            interrupts,
            size,
            depth.chain,
            tuple(one for key in sorted(reached) for one in self.graph.opens.get(key, ())),
            self.recursions(reached),
            tuple(
                (self.graph.name(key), self.graph.program.place(address))
                for key in sorted(reached)
                for address in sorted(self.graph.flows[key].dynamic)
            ),
        )


def _nested(handlers: Iterable[tuple[Entry, int, bool]]) -> int:
    """The most that handlers need together: each with its bytes, and whether those that interrupt it come on top.

    One that lets interrupts in can be interrupted by those of higher levels, each level once; one of an unknown level
    may have one of its own, as long as there are levels left. One that lets nobody in is the last.
    """
    levels: dict[int, int] = {}
    unknown: list[int] = []
    last = 0
    for entry, size, on_top in handlers:
        if not entry.levels or not on_top:
            last = max(last, size)
        elif None in entry.levels:
            unknown.append(size)
        else:
            level = max(level for level in entry.levels if level is not None)
            levels[level] = max(levels.get(level, 0), size)
    free = max(_LEVELS - len(levels), 1)
    return sum(levels.values()) + sum(sorted(unknown)[-free:]) + last
