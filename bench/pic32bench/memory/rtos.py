# SPDX-License-Identifier: MIT
"""The tasks of FreeRTOS and where their stacks are: those that were created in a run, and those there at its end.

A task is seen to be created by the calls of the kernel's own functions, which are the same in versions 7 to 11:

    xTaskCreate(code, name, depth in words, ...)            also xTaskCreateStatic, xTaskGenericCreate (7 and 8) and
                                                            prvInitialiseNewTask (since 9)
    pxPortInitialiseStack(top of the stack, code, ...)      in the port, called once for each task

Those that are there at the end are in one of the kernel's lists (FreeRTOS's list.h and tasks.c). How lists and task
control blocks are laid out says the debug information; without it the layouts that FreeRTOS's options make are tried,
and one is taken when all that the lists hold makes sense.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from pic32bench.code_map import CodeMap
from pic32bench.footprint.budget import What
from pic32bench.footprint.symbols import Symbol
from pic32bench.image import PHYSICAL
from pic32bench.memory.allocators.calls import entry
from pic32bench.memory.allocators.heaps import Given
from pic32bench.memory.allocators.kinds import KINDS
from pic32bench.memory.contents import Contents
from pic32bench.memory.firmware import Firmware
from pic32bench.memory.structures import Structures
from pic32bench.watch import CallEvent, StackRange

_CREATE = ("xTaskCreate", "xTaskCreateStatic", "xTaskGenericCreate", "prvInitialiseNewTask")
_INITIALISE = ("pxPortInitialiseStack",)
_READY = "pxReadyTasksLists"
_LISTS = ("xDelayedTaskList1", "xDelayedTaskList2", "xPendingReadyList", "xSuspendedTaskList")
_ARENAS = {kind.arena for kind in KINDS if kind.arena}
_WORD = 4  # StackType_t
_ABOVE_TOP = 16  # bytes: the kernel begins at a stack's last word, down to the alignment of the port
_TASKS_AT_MOST = 1000
_DELAY_FOREVER = (0xFFFFFFFF, 0xFFFF)  # portMAX_DELAY, what the end of a list has for a value


@dataclass(frozen=True)
class Kernel:
    """FreeRTOS in a firmware: the entries of its functions that make tasks."""

    create: frozenset[int]
    initialise: frozenset[int]

    @property
    def functions(self) -> frozenset[int]:
        """Those whose calls have to be seen."""
        return self.create | self.initialise


@dataclass(frozen=True)
class Task:
    """A task and its stack from ``low`` to ``high``, physical addresses; None: not known.

    ``code`` is the function that it runs, where that was seen, ``created_ns`` when, virtual; ``ended`` says that it was
    not there any more at the end of the run. A task that is created again on the same stack counts as the same.
    """

    name: str
    low: int | None
    high: int | None
    known_by: str
    code: str = ""
    created_ns: int | None = None
    ended: bool = False

    @property
    def size(self) -> int | None:
        """Bytes of its stack."""
        return None if self.low is None or self.high is None else self.high - self.low

    @property
    def stack(self) -> StackRange | None:
        """Its stack, to be watched in another pass; None when nobody knows how big it is."""
        if self.low is None or self.high is None:
            return None
        return StackRange(self.name, self.low, self.high, self.created_ns or 0)


def find_kernel(firmware: Firmware) -> Kernel | None:
    """FreeRTOS, if it is in a firmware."""

    def entries(names: tuple[str, ...]) -> frozenset[int]:
        return frozenset(
            entry(symbol.address)
            for symbol in firmware.symbols
            if symbol.what is What.FUNCTION and symbol.name in names
        )

    create, initialise = entries(_CREATE), entries(_INITIALISE)
    if not create and not initialise and not firmware.variables("pxCurrentTCB"):
        return None
    return Kernel(create, initialise)


def find_tasks(
    kernel: Kernel,
    calls: Iterable[CallEvent],
    blocks: Iterable[Given],
    firmware: Firmware,
    structures: Structures,
    code: CodeMap,
    contents: Contents,
) -> tuple[tuple[Task, ...], tuple[str, ...]]:
    """All tasks of a run in the order in which they were created, and what is not known.

    ``calls`` are those of the kernel's functions, ``blocks`` all that heaps gave.
    """
    blocks = list(blocks)
    control_blocks, notes = _Lists(kernel, firmware, structures, contents).tasks()
    if not kernel.initialise:
        notes.append("tasks: their making was not seen, as the image has no function pxPortInitialiseStack")
    there = {block.stack & PHYSICAL: block for block in control_blocks or ()}
    found: dict[tuple[str, int | None, int | None], Task] = {}
    # The last that was created on a stack is the one that may still be there.
    for task, lows in reversed(list(_created(kernel, list(calls), blocks, firmware, code, contents))):
        low = next((low for low in lows if low in there), None)
        if low is not None and task.size is not None:
            task = replace(task, low=low, high=low + task.size)
        block = there.get(low) if low is not None else None
        task = replace(task, name=task.name or (block.name if block else ""))
        if block is not None and task.name.startswith(block.name):
            del there[block.stack & PHYSICAL]
        else:
            task = replace(task, ended=control_blocks is not None)
        key = (task.name, task.low, task.high)
        if key in found:
            task = replace(found[key], created_ns=task.created_ns)
        found[key] = task
    for block in there.values():
        low, high, known_by = _around(block.stack, None, blocks, firmware)
        whole = low == block.stack & PHYSICAL
        task = Task(block.name, block.stack & PHYSICAL, high if whole else None, known_by if whole else "")
        found[task.name, task.low, task.high] = task
    tasks = _with_names(sorted(found.values(), key=lambda task: task.created_ns or 0))
    return tasks, (*notes, *_doubts(tasks, blocks))


def _doubts(tasks: Iterable[Task], blocks: list[Given]) -> Iterator[str]:
    tasks = tuple(tasks)
    unknown = [task.name for task in tasks if task.size is None]
    if unknown:
        yield f"tasks: nothing says how big the stacks of {', '.join(unknown)} are"
    for task in tasks:
        low, high = task.low, task.high
        if task.ended and low is not None and high is not None and task.created_ns is not None:
            later = (
                block
                for block in blocks
                if block.time_ns > task.created_ns and (block.address, block.size) != (low, high - low)
            )
            if any(block.address < high and low < block.address + block.size for block in later):
                yield f"task {task.name} ended and its stack became something else, which is seen with it"


def _with_names(tasks: Iterable[Task]) -> tuple[Task, ...]:
    """Tasks with a name for each: the second of the same name is ``name 2``."""
    named: dict[str, int] = {}
    result = []
    for task in tasks:
        name = task.name or task.code or "?"
        named[name] = named.get(name, 0) + 1
        result.append(replace(task, name=name if named[name] == 1 else f"{name} {named[name]}"))
    return tuple(result)


def _created(
    kernel: Kernel,
    calls: list[CallEvent],
    blocks: list[Given],
    firmware: Firmware,
    code: CodeMap,
    contents: Contents,
) -> Iterator[tuple[Task, tuple[int, ...]]]:
    """The tasks that were seen to be created, and for each where its stack may begin."""
    creations = [call for call in calls if entry(call.function) in kernel.create]
    for call in sorted(calls, key=lambda call: call.time_ns):
        if entry(call.function) not in kernel.initialise:
            continue
        top, function = call.arguments[0], call.arguments[1]
        creation = next(
            (
                other
                for other in creations
                if other.time_ns <= call.time_ns
                and (other.end_ns is None or other.end_ns >= call.time_ns)
                and other.arguments[0] == function
            ),
            None,
        )
        depth = creation.arguments[2] if creation else None
        low, high, known_by = _around(top, depth, blocks, firmware, call.time_ns)
        lows: tuple[int, ...] = () if low is None else (low,)
        if depth is not None:
            lows = tuple(dict.fromkeys((*lows, *_bottoms(top, depth))))
        name = contents.text(creation.arguments[1]) if creation else None
        yield Task(name or "", low, high, known_by, code.find(function).function, call.time_ns), lows


def _bottoms(top: int, depth: int) -> tuple[int, int]:
    """Where a stack of so many words may begin: the kernel starts at its last word, down to a multiple of 8."""
    lowest = (top & PHYSICAL) - (depth - 1) * _WORD
    return (lowest, lowest + _WORD) if lowest % 8 == 0 else (lowest + _WORD, lowest)


def _around(
    address: int, depth: int | None, blocks: list[Given], firmware: Firmware, before_ns: int | None = None
) -> tuple[int | None, int | None, str]:
    """The stack with an address in it, its start or its top: from where to where, and what says so.

    With the ``depth`` in words it is no more than a matter of 4 bytes; otherwise the block or object is the stack.
    """
    place = address & PHYSICAL
    lows = None if depth is None else _bottoms(address, depth)
    given = [
        (block.address, block.size, "its block of the heap")
        for block in reversed(blocks)
        if before_ns is None or block.time_ns <= before_ns
    ]
    objects = [
        (symbol.address & PHYSICAL, symbol.size, f"its symbol {symbol.name}")
        for symbol in firmware.symbols
        if symbol.what is What.VARIABLE and symbol.name not in _ARENAS
    ]
    for low, size, known_by in (*given, *objects):
        if not low <= place < low + size:
            continue
        if lows is None and (place == low or low + size - place <= _ABOVE_TOP):
            return low, low + size, known_by
        if lows is not None and depth is not None and low in lows:
            return low, low + depth * _WORD, f"created with {depth} words"
    if lows is not None and depth is not None:
        return lows[0], lows[0] + depth * _WORD, f"created with {depth} words"
    return None, None, ""


@dataclass(frozen=True)
class _ControlBlock:
    """What a task control block says."""

    name: str
    stack: int


@dataclass(frozen=True)
class _Layout:
    """Offsets in lists, their items and task control blocks; ``list_size`` is that of one of several lists in a row."""

    list_size: int
    count: int
    end: int
    value: int
    next: int
    owner: int
    item: int
    stack: int
    name: int
    name_size: int


class _Lists:
    """The kernel's lists at the end of a run."""

    def __init__(self, kernel: Kernel, firmware: Firmware, structures: Structures, contents: Contents) -> None:
        self.contents = contents
        self.ready = self._variable(firmware, _READY)
        self.others = [found for name in _LISTS if (found := self._variable(firmware, name))]
        told = (_told(structures, function) for function in sorted(kernel.create | kernel.initialise))
        self.layouts = [layout for layout in told if layout][:1] or list(_guesses())

    @staticmethod
    def _variable(firmware: Firmware, name: str) -> Symbol | None:
        found = firmware.variables(name)
        return found[0] if len(found) == 1 else None

    def tasks(self) -> tuple[list[_ControlBlock] | None, list[str]]:
        """The tasks that are there; None when the lists cannot be read, and what is not known."""
        if self.ready is None:
            return None, [f"tasks: which were there at the end is not known, as the image has no symbol {_READY}"]
        for layout in self.layouts:
            found = self._by(layout, self.ready)
            if found is not None:
                return found, []
        return None, ["tasks: which were there at the end is not known, as the lists of FreeRTOS make no sense"]

    def _by(self, layout: _Layout, ready: Symbol) -> list[_ControlBlock] | None:
        if ready.size % layout.list_size:
            return None
        lists = [ready.address + offset for offset in range(0, ready.size, layout.list_size)]
        found: list[_ControlBlock] = []
        for address in (*lists, *(other.address for other in self.others)):
            held = self._in_list(layout, address)
            if held is None:
                return None
            found += held
        return found

    def _in_list(self, layout: _Layout, address: int) -> list[_ControlBlock] | None:
        """The tasks of one list, in which all has to be as the kernel leaves it."""
        word = self.contents.word
        count, end = word(address + layout.count), address + layout.end
        if count == 0 and word(end + layout.value) == 0 and word(end + layout.next) == 0:
            return []  # before the first task there are no lists
        if word(end + layout.value) not in _DELAY_FOREVER or count is None or count > _TASKS_AT_MOST:
            return None
        found: list[_ControlBlock] = []
        item = word(end + layout.next)
        while item is not None and item != end and len(found) <= count:
            block = self._control_block(layout, item)
            if block is None:
                return None
            found.append(block)
            item = word(item + layout.next)
        return found if item == end and len(found) == count else None

    def _control_block(self, layout: _Layout, item: int) -> _ControlBlock | None:
        if not self.contents.in_ram(item):
            return None
        owner = self.contents.word(item + layout.owner)
        if owner is None or owner + layout.item != item:
            return None
        top, stack = self.contents.word(owner), self.contents.word(owner + layout.stack)
        name = self.contents.text(owner + layout.name, layout.name_size)
        if top is None or stack is None or not self.contents.in_ram(stack) or not self.contents.in_ram(top):
            return None
        return _ControlBlock(name or "", stack) if stack < top else None


def _told(structures: Structures, function: int) -> _Layout | None:
    """The layout that the debug information tells."""

    def first(members: Mapping[str, int], *names: str) -> int:
        return next(members[name] for name in names if name in members)

    found = []
    for names in (("xLIST",), ("xLIST_ITEM",), ("tskTaskControlBlock", "tskTCB")):
        structure = next((s for name in names if (s := structures.find(name, function))), None)
        if structure is None:
            return None
        found.append(structure)
    list_, item, task = ({name: member.offset for name, member in each.members.items()} for each in found)
    try:
        return _Layout(
            list_size=found[0].size,
            count=list_["uxNumberOfItems"],
            end=list_["xListEnd"],
            value=item["xItemValue"],
            next=item["pxNext"],
            owner=item["pvOwner"],
            item=first(task, "xStateListItem", "xGenericListItem"),
            stack=task["pxStack"],
            name=task["pcTaskName"],
            name_size=found[2].members["pcTaskName"].size,
        )
    except (KeyError, StopIteration):
        return None


def _guesses() -> Iterator[_Layout]:
    """The layouts that there may be: without and with check values, and with a short or full item at a list's end."""
    for check in (0, _WORD):
        item = 2 * check + 5 * _WORD
        for end_size in (check + 3 * _WORD, item):
            event = _WORD + item
            yield _Layout(
                list_size=2 * check + 2 * _WORD + end_size,
                count=check,
                end=check + 2 * _WORD,
                value=check,
                next=check + _WORD,
                owner=check + 3 * _WORD,
                item=_WORD,
                stack=event + item + _WORD,
                name=event + item + 2 * _WORD,
                name_size=32,
            )
