# SPDX-License-Identifier: MIT
"""Heaps: what was asked of them and given back, by the calls of their functions.

A heap is known by the names of its functions: lwIP's, FreeRTOS's (heap_1 to heap_5), Harmony's TCP/IP heap, the C
library's, and those that a [[heap]] table names. How a heap works inside does not matter; how big it is comes from the
object in RAM that its blocks lie in, from the linker script, or from the block of another heap that it lives in.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from pic32bench.code_map import CodeMap
from pic32bench.footprint.budget import HeapLimit, What
from pic32bench.footprint.symbols import Symbol
from pic32bench.image import PHYSICAL
from pic32bench.memory.allocators.blocks import Blocks
from pic32bench.memory.allocators.calls import entry, lives
from pic32bench.memory.allocators.kinds import C_LIBRARY, KINDS, Does, Function, Kind
from pic32bench.memory.allocators.own_counts import own_count
from pic32bench.memory.contents import Contents
from pic32bench.memory.firmware import Firmware
from pic32bench.memory.objects import RamObject
from pic32bench.memory.report import HeapUse
from pic32bench.memory.structures import Structures
from pic32bench.watch import CallEvent

_FAILED_SBRK = 0xFFFFFFFF
# XC32's MAP: "heap   0x800333f8   0x1f400   128000   Reserved for heap"
_XC32_REPORT = re.compile(r"^heap\s+0x([0-9a-f]+)\s+0x([0-9a-f]+)\s+\d+\s+Reserved for heap", re.M)


@dataclass(frozen=True)
class Heap:
    """A heap of a firmware: what each of its functions (by entry) does."""

    kind: Kind
    functions: Mapping[int, Function]
    notes: tuple[str, ...] = ()


def find_heaps(firmware: Firmware, limits: Iterable[HeapLimit] = ()) -> tuple[tuple[Heap, ...], tuple[str, ...]]:
    """The heaps that a firmware has functions for, and what cannot be told of others."""
    by_name: dict[str, list[Symbol]] = {}
    for symbol in firmware.symbols:
        by_name.setdefault(symbol.name, []).append(symbol)
    heaps, notes = [], []
    named = _named(limits)
    known = [kind for kind in KINDS if kind.name not in {other.name for other in named}]
    for kind in (*known, *named):
        functions = {
            entry(symbol.address): function
            for name, function in kind.functions.items()
            for symbol in by_name.get(name, ())
            if symbol.what is What.FUNCTION
        }
        if any(function.does is Does.ALLOCATE for function in functions.values()):
            heaps.append(Heap(kind, functions, tuple(_unseen(firmware, kind))))
        elif kind.arena in by_name or kind in named:
            names = " or ".join(name for name, function in kind.functions.items() if function.does is Does.ALLOCATE)
            notes.append(f"heap {kind.name}: nothing can be told of it, as the image has no function {names}")
    return tuple(heaps), tuple(notes)


def _named(limits: Iterable[HeapLimit]) -> list[Kind]:
    """The heaps that a footprint table brings functions for."""
    return [
        Kind(
            limit.name,
            {
                **{name: Function(Does.ALLOCATE, size=limit.size) for name in limit.allocate},
                **{name: Function(Does.FREE, pointer=limit.pointer) for name in limit.free},
            },
        )
        for limit in limits
        if limit.allocate
    ]


def _unseen(firmware: Firmware, kind: Kind) -> list[str]:
    """Copies of a heap's functions that the compiler made to be called in their place."""
    names = sorted({symbol.name for symbol in firmware.functions(*kind.functions)} - set(kind.functions))
    return [f"calls of the compiler's copies {', '.join(names)} are not seen"] if names else []


@dataclass(frozen=True)
class Given:
    """A block that some heap gave: its physical address, its bytes, and when."""

    address: int
    size: int
    time_ns: int


def given(heaps: Iterable[Heap], calls: Iterable[CallEvent]) -> list[Given]:
    """All blocks that heaps ever gave, in the order of the requests."""
    functions = {place: function for heap in heaps for place, function in heap.functions.items()}
    found = []
    for call in calls:
        function = functions.get(entry(call.function))
        if function is not None and function.does is Does.ALLOCATE and call.result:
            found.append(Given(call.result & PHYSICAL, function.bytes(call), call.time_ns))
    return sorted(found, key=lambda block: block.time_ns)


@dataclass
class _Heap:
    """One heap in a run."""

    name: str
    kind: Kind
    blocks: Blocks
    handle: int | None = None
    breaks: list[int] = field(default_factory=list)  # what sbrk said was the end
    notes: tuple[str, ...] = ()

    def add(self, function: Function, call: CallEvent) -> None:
        pointer = 0 if function.pointer is None else call.arguments[function.pointer]
        if function.does is Does.FREE:
            self.blocks.take_back(call, pointer)
        elif call.result is None:
            return
        elif function.does is Does.EXTEND:
            size = function.bytes(call)
            if call.result != _FAILED_SBRK:
                grown = size - (1 << 32) if size >> 31 else size
                self.breaks += [call.result & PHYSICAL, (call.result & PHYSICAL) + grown]
        elif function.does is Does.TRIM:
            if call.result:
                self.blocks.trim(pointer, function.bytes(call))
        elif function.does is Does.RESIZE and pointer:
            if function.bytes(call):
                self.blocks.resize(call, pointer, function.bytes(call))
            else:
                self.blocks.take_back(call, pointer)
        elif function.bytes(call) or call.result:
            self.blocks.give(call, function.bytes(call))


def heap_uses(
    heaps: Iterable[Heap],
    calls: Iterable[CallEvent],
    firmware: Firmware,
    structures: Structures,
    code: CodeMap,
    contents: Contents,
    objects: Iterable[RamObject],
) -> tuple[HeapUse, ...]:
    """What a run asked of its heaps; a heap of which nothing was asked is there too."""
    calls, objects = tuple(calls), tuple(objects)
    found = [each for heap in heaps for each in _played(heap, calls, code)]
    return tuple(_use(each, found, firmware, structures, contents, objects) for each in found)


def _played(heap: Heap, calls: tuple[CallEvent, ...], code: CodeMap) -> list[_Heap]:
    """The heaps of one kind as the run left them: one for each handle, if its functions want one."""
    extends = {place for place, function in heap.functions.items() if function.does is Does.EXTEND}
    found: dict[int | None, _Heap] = {}

    def play(call: CallEvent) -> None:
        function = heap.functions[entry(call.function)]
        handle = None if function.heap is None else call.arguments[function.heap]
        if handle not in found:
            name = heap.kind.name if not found else f"{heap.kind.name} 0x{handle or 0:08x}"
            found[handle] = _Heap(name, heap.kind, Blocks(code), handle, notes=heap.notes)
        found[handle].add(function, call)

    for life in lives(calls, heap.functions.keys() - extends, code):
        for each in found.values():
            each.blocks.forget()
        for call in life:
            play(call)
    for life in lives(calls, extends, code):
        for call in life:
            play(call)
    return list(found.values()) or [_Heap(heap.kind.name, heap.kind, Blocks(code), notes=heap.notes)]


def _use(
    heap: _Heap,
    heaps: list[_Heap],
    firmware: Firmware,
    structures: Structures,
    contents: Contents,
    objects: Iterable[RamObject],
) -> HeapUse:
    blocks = heap.blocks
    arena, note = _arena(heap, heaps, firmware, objects)
    own = own_count(heap.kind.name, heap.handle, firmware, structures, contents)
    if heap.breaks:
        own = ("sbrk", max(heap.breaks) - min(heap.breaks))
    return HeapUse(
        name=heap.name,
        address=arena[0] if arena else None,
        size=arena[1] if arena else None,
        most=blocks.most,
        most_time_ns=blocks.most_time_ns,
        left=blocks.now,
        calls=blocks.calls,
        failures=len(blocks.failed),
        largest=blocks.largest,
        first_failure=blocks.failed[0].place if blocks.failed else None,
        notes=(*note, *blocks.notes(), *heap.notes),
        span=blocks.span,
        own_count=own,
        failed=tuple(blocks.failed),
        held=blocks.held(),
    )


def _arena(
    heap: _Heap, heaps: list[_Heap], firmware: Firmware, objects: Iterable[RamObject]
) -> tuple[tuple[int, int] | None, tuple[str, ...]]:
    """Where a heap's memory is and how big, as far as something says so, and what says so if it is no name of its."""
    low, high = heap.blocks.lowest, heap.blocks.highest
    for each in objects:
        if (
            each.low <= low and high <= each.high
            if low is not None and high is not None
            else each.name == heap.kind.arena
        ):
            return (each.address, each.size), () if each.has_name else (f"its size is that of {each.name}",)
    if heap.kind is C_LIBRARY and (ends := _c_heap(firmware)) is not None:
        return ends, ()
    if low is None or high is None:
        return None, ()
    for other in heaps:
        if other is not heap:
            for place, (size, call) in other.blocks.live.items():
                if place <= low and high <= place + size:
                    return (call.result or place, size), (f"lives in a block of heap {other.name}",)
    return None, ()


def _c_heap(firmware: Firmware) -> tuple[int, int] | None:
    """The C library's heap, if the linker script has one: XC32's names both ends, and its MAP has a report."""
    report = _XC32_REPORT.search(firmware.map_text)
    if report is not None:
        return int(report[1], 16), int(report[2], 16)
    start, end = firmware.label("_heap"), firmware.label("_eheap")
    return (start, end - start) if start is not None and end is not None and end > start else None
