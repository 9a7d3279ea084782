# SPDX-License-Identifier: MIT
"""Who calls whom in a firmware, and where it begins: at reset, in exceptions, interrupts and tasks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from enum import StrEnum

from pic32bench.callgraph.arguments import Arguments
from pic32bench.callgraph.assumptions import Assumptions
from pic32bench.callgraph.flow import Flow, Kind, Reader, Site, passed_as
from pic32bench.callgraph.program import Function, Program
from pic32bench.code_map import Place
from pic32bench.errors import UsageError
from pic32bench.image import PHYSICAL
from pic32bench.machine_code.execute import Value
from pic32bench.machine_code.instructions import Isa

RESET = 0xBFC00000  # DS60001320 section 7.1: after reset the core fetches from here
# Where exceptions enter: MIPS32 PRA volume III, tables 6.2 to 6.7, after reset and from EBase.
_BOOT_VECTORS = {0x200: "TLB refill", 0x300: "cache error", 0x380: "exception", 0x400: "interrupt"}
_VECTORS = {0x000: "TLB refill", 0x100: "cache error", 0x180: "exception", 0x200: "interrupt"}
_OFF000, _OFF_COUNT = 0xBF810540, 214  # DS60001320 table 7-3: OFFx, where each interrupt enters, from EBase
_EMPTY = (None, 0, 0xFFFFFFFF)  # no code: nothing, filled up, erased
# FreeRTOS: function, name, stack in words, parameters, priority, handle.
_TASK_CREATORS = ("xTaskCreate", "xTaskGenericCreate", "xTaskCreateStatic")


class Root(StrEnum):
    """Why code begins here."""

    RESET = "reset"
    EXCEPTION = "exception"
    INTERRUPT = "interrupt"
    TASK = "task"
    CHOSEN = "chosen"


@dataclass(frozen=True)
class Entry:
    """Where the firmware begins: a root of the call graph.

    ``name`` is a task's own, else the function's. ``levels`` are interrupt levels that the handler raises the core to
    and lets higher ones in, None where that is not known; none: no interrupt is let in. ``stack_size`` is what a task
    was given, in bytes, if that is a constant.
    """

    function: int
    kind: Root
    name: str
    levels: tuple[int | None, ...] = ()
    stack_size: int | None = None


class How(StrEnum):
    """How a call is known."""

    CODE = "code"  # the target is in the code
    TOLD = "told"  # the user says so


@dataclass(frozen=True)
class Edge:
    """A call of one function from a place in another; ``stacks`` are the stack pointers there (flow.py)."""

    caller: int
    target: int
    address: int
    kind: Kind
    how: How
    stacks: frozenset[Value]


@dataclass
class Open:
    """A call or jump whose targets the code does not tell; ``closed``: the user told them."""

    site: Site
    place: Place
    candidates: tuple[int, ...]
    closed: bool


@dataclass
class CallGraph:
    """Functions by their keys (physical addresses), their flows, edges and what could not be told."""

    program: Program
    flows: dict[int, Flow]
    edges: dict[int, list[Edge]] = field(default_factory=dict)
    opens: dict[int, list[Open]] = field(default_factory=dict)
    entries: tuple[Entry, ...] = ()

    def function(self, key: int) -> Function:
        """The function with a key."""
        return self.program.functions[key]

    def name(self, key: int) -> str:
        """Its name."""
        return self.function(key).name

    def callers(self, key: int) -> list[Edge]:
        """The edges to a function."""
        return [edge for edges in self.edges.values() for edge in edges if edge.target == key]

    def reachable(self, roots: Iterable[int]) -> set[int]:
        """All functions that code beginning in these may come to."""
        found: set[int] = set()
        ahead = list(roots)
        while ahead:
            key = ahead.pop()
            if key not in found and key in self.flows:
                found.add(key)
                ahead += [edge.target for edge in self.edges.get(key, ())]
        return found


def build(program: Program, assumptions: Assumptions | None = None, roots: Iterable[str] = ()) -> CallGraph:
    """Reads all functions of a program, and those that it comes to from reset, vectors and ``roots`` (names).

    Raises UsageError for a name in ``roots`` or ``assumptions`` that is none.
    """
    assumptions = assumptions or Assumptions()
    code = _Code(program)
    chosen = [program.find(root) for root in roots]
    boot = {RESET + offset: kind for offset, kind in _BOOT_VECTORS.items()}
    boot = {address: kind for address, kind in boot.items() if program.word(address) not in _EMPTY}
    starts = [RESET] if program.word(RESET) not in _EMPTY else []
    for address in (*starts, *boot):
        code.want(address, _isa_at(program, address))
    code.read()  # first, as a call tells the instruction set of a function of which the symbols do not
    for function in [*program.functions.values(), *chosen]:
        code.want(function.address, function.isa or program.likely_isa(function))
    code.read()
    vectors = {**boot, **_vectors(code)}
    handlers = _handlers(code)
    for address in (*vectors, *handlers):
        code.want(address, _isa_at(program, address))
    code.read()
    _read_labels(code)
    graph = CallGraph(program, {key: reader.flow for key, reader in code.readers.items()})
    _connect(graph, assumptions)
    graph.entries = _with_levels(_entries(graph, starts, vectors, handlers, chosen), program, assumptions)
    return graph


def _with_levels(entries: tuple[Entry, ...], program: Program, assumptions: Assumptions) -> tuple[Entry, ...]:
    """Handlers with the levels that the user tells. Raises UsageError for what is none, or lets nobody in."""
    told = {}
    for name, level in assumptions.levels.items():
        if name in assumptions.optional and not program.has(name):
            continue
        key = program.find(name).key
        if not any(entry.function == key and entry.levels for entry in entries) and name not in assumptions.optional:
            raise UsageError(f"{program.path}: {name} is no interrupt handler that lets others in: it needs no --level")
        told[key] = level
    return tuple(
        replace(entry, levels=(told[entry.function],)) if entry.levels and entry.function in told else entry
        for entry in entries
    )


class _Code:
    """All functions, read until nothing new comes."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.readers: dict[int, Reader] = {}
        self._returning: set[int] = set()
        self._waiting: dict[int, set[int]] = {}  # callers that wait, by callee
        self._jumping: dict[int, set[int]] = {}  # functions that end in a jump, by where
        self._work: list[int] = []

    def want(self, address: int, isa: Isa | None) -> int:
        """The function at an address is to be read; its key."""
        function = self.program.add(address, isa)
        if function.key not in self.readers and self.program.code(function.address) is not None:
            known = function.isa or isa or Isa.MIPS32
            self.readers[function.key] = Reader(self.program, function, known, self._returns)
            self._work.append(function.key)
        return function.key

    def read(self) -> None:
        """Reads what is wanted, and what that calls."""
        while self._work:
            self._advance(self._work.pop())

    def _returns(self, address: int, isa: Isa) -> bool:
        if self.program.code(address) is None:
            return True
        return self.want(address, isa) in self._returning

    def _advance(self, key: int) -> None:
        """Reads a function on, and those that wait for what it is found to do."""
        ahead: list[tuple[int, int | None]] = [(key, None)]
        while ahead:
            key, callee = ahead.pop()
            reader = self.readers[key]
            reader.go_on(callee)
            for waited in reader.waiting:
                self._waiting.setdefault(waited, set()).add(key)
                if waited in self._returning:
                    ahead.append((key, waited))
            if key not in self._returning and self._is_returning(key, reader.flow):
                self._returning.add(key)
                ahead += [(waiter, key) for waiter in self._waiting.pop(key, ())]
                ahead += [(jumper, None) for jumper in self._jumping.get(key, ())]

    def _is_returning(self, key: int, flow: Flow) -> bool:
        """Whether a function comes back, itself or by what it jumps to."""
        jumps = [site for site in flow.sites.values() if site.kind is not Kind.CALL]
        ends = [self.want(target & ~1, Isa(target & 1)) for site in jumps for target in site.targets]
        for end in ends:
            self._jumping.setdefault(end, set()).add(key)
        unknown = any(not site.targets for site in jumps)
        return flow.returns or unknown or not self._returning.isdisjoint(ends)


def _isa_at(program: Program, address: int) -> Isa | None:
    """The instruction set of a vector or handler: its function's, if the symbols tell."""
    function = program.at(address)
    return function.isa if function is not None and function.isa is not None else Isa(address & 1)


def _vectors(code: _Code) -> dict[int, str]:
    """Exception vectors where EBase was set to."""
    found = {}
    for base in sorted({base for reader in code.readers.values() for base in reader.flow.ebase}):
        for offset, kind in _VECTORS.items():
            address = (base & ~0xFFF) + offset
            if code.program.word(address) not in _EMPTY:
                found[address] = kind
    return found


def _handlers(code: _Code) -> list[int]:
    """Handlers that the image sets OFFx to from the start, as XC32's linker has them."""
    bases = sorted({base & ~0xFFF for reader in code.readers.values() for base in reader.flow.ebase})
    offsets = {code.program.initial(_OFF000 + 4 * number) for number in range(_OFF_COUNT)} - {None, 0}
    return [bases[0] + (offset or 0) for offset in sorted(offsets, key=lambda o: o or 0)] if bases else []


def _read_labels(code: _Code) -> None:
    """Code under a mere label, as assembly has it: when other code has its address."""
    program = code.program
    while True:
        constants = {value & PHYSICAL & ~1 for reader in code.readers.values() for value in reader.flow.constants}
        places = sorted((constants & program.code_labels.keys()) - code.readers.keys())
        new = [program.code_labels[place] for place in places if program.over(place) is None]
        new = [value for value in new if program.word(value & ~3) not in _EMPTY]
        if not new:
            return
        for value in new:
            code.want(value & ~1, Isa(value & 1))
        code.read()


def _connect(graph: CallGraph, assumptions: Assumptions) -> None:
    """Edges from the flows' sites, and what remains open."""
    program = graph.program
    arguments = Arguments(program, graph.flows)
    stored = _Stored(graph, arguments)
    resolved = assumptions.resolve(program)
    for key, flow in sorted(graph.flows.items()):
        edges: list[Edge] = []
        opens: list[Open] = []
        for (address, kind), site in sorted(flow.sites.items()):
            stacks = frozenset(site.stacks)
            passed, complete = arguments.of(key, site)
            targets = sorted(site.targets | (passed if complete else set()))
            called = [f.key for target in targets if (f := program.at(target)) is not None]
            edges += [Edge(key, target, address, kind, How.CODE, stacks) for target in dict.fromkeys(called)]
            if complete and not site.open:
                continue
            place = program.place(address)
            candidates = site.candidates | passed | stored.at(site)
            named = {f.key for c in candidates if (f := program.at(c)) is not None and f.key in graph.flows}
            told = resolved.targets(address, place, graph.name(key))
            if told is None and assumptions.candidates and named:
                told = tuple(sorted(named))
            opens.append(Open(site, place, tuple(sorted(named)), told is not None))
            edges += [Edge(key, target, address, kind, How.TOLD, stacks) for target in told or ()]
        graph.edges[key] = edges
        graph.opens[key] = opens
    resolved.check()


class _Stored:
    """Addresses of functions that code stores, or that data has from the start: candidates for calls."""

    def __init__(self, graph: CallGraph, arguments: Arguments) -> None:
        self._program = graph.program
        self._words: dict[int, set[int]] = {}
        self._fields: dict[int, set[int]] = {}
        self._at_start: dict[int, set[int]] = {}
        for key, flow in graph.flows.items():
            for address, values in flow.pointers.items():
                self._words.setdefault(address & PHYSICAL, set()).update(values)
            for offset, held in flow.fields.items():
                for base, number in held:
                    passed = {number} if base is None else arguments.constants(key, passed_as(base, number))
                    self._fields.setdefault(offset, set()).update(passed)

    def at(self, site: Site) -> set[int]:
        """What may be where a call has its address from."""
        found: set[int] = set()
        for held in site.held:
            found |= self._words.get(held & PHYSICAL, set())
            if initial := self._program.initial(held):
                found.add(initial)
        for offset in site.fields:
            found |= self._fields.get(offset, set()) | self._in_objects(offset)
        return found

    def _in_objects(self, offset: int) -> set[int]:
        """What objects have at an offset from the start."""
        if offset not in self._at_start:
            words = {self._program.initial(address + offset) for address in self._program.objects}
            self._at_start[offset] = {word for word in words if word and self._program.at(word) is not None}
        return self._at_start[offset]


def _entries(
    graph: CallGraph, starts: list[int], vectors: dict[int, str], handlers: list[int], chosen: list[Function]
) -> tuple[Entry, ...]:
    found: dict[int, Entry] = {}

    def add(address: int, kind: Root, name: str = "", **more: object) -> None:
        key = address & PHYSICAL & ~1
        if kind is Root.EXCEPTION:
            key = _final(graph, key)
        if key in graph.flows and key not in found:
            found[key] = Entry(key, kind, name or graph.name(key), **more)  # type: ignore[arg-type]

    for function in chosen:
        add(function.key, Root.CHOSEN)
    for address in starts:
        add(address, Root.RESET)
    for address, kind in vectors.items():
        if kind != "interrupt" or (address & PHYSICAL) not in {h & PHYSICAL for h in handlers}:
            add(address, Root.EXCEPTION)
    called = {edge.target for edges in graph.edges.values() for edge in edges}
    called |= {key for flow in graph.flows.values() for key in flow.continued}
    ending = {key for key in graph.flows if _erets(graph, key)}
    for key in [*(handler & PHYSICAL for handler in handlers), *sorted(ending - called)]:
        if key in graph.flows:
            reached = graph.reachable([key])
            levels = {level for one in reached for level in graph.flows[one].levels if one in ending or one == key}
            add(key, Root.INTERRUPT, levels=tuple(sorted(levels, key=lambda level: -1 if level is None else level)))
    for key, name, size in _tasks(graph):
        add(key, Root.TASK, name, stack_size=size)
    return tuple(found.values())


def _final(graph: CallGraph, key: int) -> int:
    """Where code that only jumps on to a function with a name of its own ends up."""
    for _ in range(8):
        flow = graph.flows.get(key)
        if flow is None or flow.deepest or flow.instructions > 8 or len(flow.sites) != 1 or flow.returns:
            return key
        edges = graph.edges[key]
        if len(edges) != 1 or edges[0].kind is Kind.CALL or graph.program.functions[key].size:
            return key
        key = edges[0].target
    return key


def _erets(graph: CallGraph, key: int) -> bool:
    """Whether code ends by ERET, itself or by a jump."""
    seen = set()
    ahead = [key]
    while ahead:
        one = ahead.pop()
        if one in seen or one not in graph.flows:
            continue
        seen.add(one)
        if graph.flows[one].erets:
            return True
        ahead += [edge.target for edge in graph.edges[one] if edge.kind is not Kind.CALL]
    return False


def _tasks(graph: CallGraph) -> Iterator[tuple[int, str, int | None]]:
    """FreeRTOS tasks whose function is a constant where they are created."""
    for edges in graph.edges.values():
        for edge in edges:
            if graph.name(edge.target) not in _TASK_CREATORS:
                continue
            passed = graph.flows[edge.caller].sites[(edge.address, edge.kind)].passed
            function, name, words = (_constant(passed[register]) for register in (4, 5, 6))
            if function is not None and (function & PHYSICAL & ~1) in graph.flows:
                key = function & PHYSICAL & ~1
                text = "" if name is None else _text(graph.program, name)
                yield key, text or graph.name(key), None if words is None else 4 * (words & 0xFFFF)


def _constant(values: set[Value | None]) -> int | None:
    """The one value that something has, if it is a number."""
    value = next(iter(values)) if len(values) == 1 else None
    return value[1] if value is not None and value[0] is None else None


def _text(program: Program, address: int) -> str:
    """A string in flash."""
    found = b""
    while (held := program.code(address + len(found))) and b"\0" not in held and len(found) < 64:
        found += held
    return (found + (held or b"").split(b"\0")[0]).decode("ascii", errors="replace")
