# SPDX-License-Identifier: MIT
"""From a recording to a report: the run is played again and its memory watched.

The run itself is neither slowed nor changed, so any run can be measured that left a recording: of a command, of a
suite, of a failed test. All that the recording holds counts, from power-on on, also before a snapshot from which the
board went on, and on both sides of a restart: a buffer or stack is reported as the fullest that it ever was.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np

from pic32bench import image as images
from pic32bench.backtrace import backtrace
from pic32bench.bench import Board
from pic32bench.board import load
from pic32bench.code_map import CodeMap, find
from pic32bench.footprint.budget import HeapLimit, What, load_budget
from pic32bench.image import PHYSICAL
from pic32bench.memory.dynamic import Dynamic, HandedOut
from pic32bench.memory.fills import fills
from pic32bench.memory.firmware import Firmware, symbols_of
from pic32bench.memory.indexed import indexed_stores
from pic32bench.memory.limits import against, is_meant_for
from pic32bench.memory.objects import RamObject, nameless, ram_objects
from pic32bench.memory.report import BufferUse, OverrunFound, Report, Role, StackUse
from pic32bench.memory.stacks import MAIN, StackPlace, first_stack_pointer, stack_places, stack_ranges
from pic32bench.panel_link import NS
from pic32bench.recording import Recording
from pic32bench.watch import WRITERS, ObjectRange, Watched, WatchSpec, watch
from pic32bench.watch.seen import Flags

_KSEG0 = 0x80000000


def measure(
    recording: Recording,
    symbols: str | Path | None = None,
    budget: str | Path | None = None,
    name: str | None = None,
    until: float | None = None,
) -> Report:
    """Plays a recording again and tells what it used of the chip's RAM.

    ``symbols`` is the ELF or MAP that names what is in RAM; None: the image itself when it is an ELF, else nothing has
    a name. ``budget`` holds limits; None: firmware/footprint.toml of the project, if it is about this firmware.
    ``name`` is what the report calls the image. ``until``, virtual seconds, leaves out what comes later.

    Raises UsageError when the recording cannot be replayed here, ImageError for symbols and BudgetError for limits that
    cannot be read.
    """
    limits = load_budget(budget)
    until_ns = None if until is None else min(round(until * NS), recording.end_ns)
    with tempfile.TemporaryDirectory(prefix="pic32bench-memory-") as folder:
        report = _Measurement(recording, Path(folder), symbols, limits.heaps, until_ns).report(name)
    if budget is not None or is_meant_for(report, limits):
        return against(report, limits)
    return report


def measure_board(board: Board, symbols: str | Path | None = None, budget: str | Path | None = None) -> Report:
    """What a board has used of its RAM up to now; the board stands still meanwhile and goes on as if nothing had been.

    Symbols are also looked for beside the image. Raises what `measure` raises.
    """
    image = board.application or board.image.path
    found = symbols if symbols is not None else symbols_of(image)
    return measure(board.recording(), found, budget, image.name)


class _Measurement:
    """One recording's."""

    def __init__(
        self,
        recording: Recording,
        folder: Path,
        symbols: str | Path | None,
        limits: Sequence[HeapLimit],
        until_ns: int | None,
    ) -> None:
        self._recording = recording
        self._until_ns = until_ns
        recording.unpack(folder)
        self._chip = load(folder / recording.file("board")).chip
        files = [folder / recording.file("image")]
        if any(name.startswith("application.") for name in recording.files):
            files.append(folder / recording.file("application"))
        elves = [path for path in files if symbols_of(path) == path]
        # Of a bootloader and its application the second is what runs when it matters.
        self._symbols = Path(symbols) if symbols is not None else elves[-1] if elves else None
        self._maps = [CodeMap(path) for path in dict.fromkeys([self._symbols, *elves])]
        self._firmware = Firmware.read(self._symbols)
        self._objects = ram_objects(self._symbols, self._chip.ram_size)
        code = [piece for path in files for piece in images.contents(path, self._chip)]
        self._fills = fills(self._firmware, code)
        self._dynamic = Dynamic(self._firmware, limits, self._maps[0], self._objects)
        self._notes: list[str] = []

    def report(self, name: str | None) -> Report:
        """Plays it, twice if tasks with stacks of their own are found, and tells what was seen."""
        places = self._stack_places()
        seen = self._play(places, self._objects, self._dynamic.functions)
        handed_out = self._dynamic.handed_out(seen)
        tasks = [
            StackPlace(task.name, task.low, task.high, task.known_by, task.created_ns or 0)
            for task in handed_out.tasks
            if task.low is not None and task.high is not None
        ]
        stacks = list(self._stack_uses(seen, places))
        if tasks:
            stacks += self._stack_uses(self._play(tasks), tasks)
        return Report(
            image=name or self._recording.file("image"),
            symbols=str(self._symbols) if self._symbols else None,
            network=self._recording.network,
            seconds=seen.end_ns / NS,
            buffers=self._buffers(seen, stacks, handed_out),
            stacks=tuple(stacks),
            heaps=handed_out.heaps,
            pools=handed_out.pools,
            overruns=tuple(self._overruns(seen)),
            notes=(*self._notes, *handed_out.notes),
        )

    def _play(
        self, stacks: Sequence[StackPlace], objects: Sequence[RamObject] = (), functions: Iterable[int] = ()
    ) -> Watched:
        start = next(iter(self._firmware.functions("main")), None)
        spec = WatchSpec(
            fills=self._fills,
            stacks=tuple(stack_ranges(stacks)),
            # Start-up code writes many objects at a time, so without its end no overrun can be told.
            objects=tuple(ObjectRange(each.name, each.low, each.high) for each in objects if start is not None),
            functions=tuple(functions),
            code=self._firmware.code(each for each in self._firmware.symbols if each.what is What.FUNCTION),
            writers=self._firmware.code(self._firmware.functions(*WRITERS)),
            main=None if start is None else start.address,
            bases=indexed_stores(self._firmware, (each.low for each in objects)) if objects and start else (),
        )
        return watch(self._recording, spec, self._until_ns)

    def _stack_places(self) -> list[StackPlace]:
        places = list(stack_places(self._firmware, self._chip.ram_size))
        if not any(place.name == MAIN for place in places):
            high = first_stack_pointer(self._recording)
            if high is None:
                self._notes.append("stacks: start-up code sets no stack pointer")
            else:
                places.insert(0, StackPlace(MAIN, None, high, "the first value of sp"))
        return places

    def _stack_uses(self, seen: Watched, places: Sequence[StackPlace]) -> Iterator[StackUse]:
        for place, low in zip(places, seen.stacks, strict=True):
            yield StackUse(
                place.name,
                None if place.low is None else place.low | _KSEG0,
                place.high | _KSEG0,
                low.used,
                low.time_ns,
                None if low.core is None else backtrace(low.core, low.memory, self._maps),
                place.known_by,
            )

    def _buffers(self, seen: Watched, stacks: Sequence[StackUse], handed_out: HandedOut) -> tuple[BufferUse, ...]:
        areas = [(Role.HEAP, heap.address, heap.size) for heap in handed_out.heaps]
        areas += [(Role.POOL, pool.address, pool.element * pool.count) for pool in handed_out.pools]
        areas += [(Role.STACK, stack.low, stack.size) for stack in stacks]
        ranges = [
            (role, address & PHYSICAL, (address & PHYSICAL) + size)
            for role, address, size in areas
            if address is not None and size is not None
        ]
        written, dma = seen.written | seen.dma_written, seen.dma_written | seen.dma_read
        uses = [
            BufferUse(
                each.name,
                each.address,
                each.size,
                _last(written[each.low : each.high]),
                _last(seen.used[each.low : each.high]),
                int(seen.used[each.low : each.high].sum()),
                bool(dma[each.low : each.high].any()),
                each.section,
                each.file,
                _role(each, ranges),
            )
            for each in self._objects or nameless(written | dma)
        ]
        return tuple(sorted(uses, key=lambda use: (-use.size, use.address)))

    def _overruns(self, seen: Watched) -> Iterator[OverrunFound]:
        ends = {each.name: each.high for each in self._objects}
        for overrun in seen.overruns:
            yield OverrunFound(
                overrun.object,
                overrun.address | _KSEG0,
                (overrun.address & PHYSICAL) - ends[overrun.object] + 1,
                overrun.pc,
                find(self._maps, overrun.pc),
                overrun.ra,
                find(self._maps, overrun.ra - 8 if overrun.ra else 0),
                overrun.time_ns,
                overrun.kind,
                overrun.device,
            )


def _role(of: RamObject, ranges: Iterable[tuple[Role, int, int]]) -> Role:
    """What an object is for; one with the stacks of tasks in it is no stack itself."""
    for role, low, high in ranges:
        if (low <= of.low and of.high <= high) if role is Role.STACK else (low < of.high and of.low < high):
            return role
    return Role.DATA


def _last(flags: Flags) -> int:
    """Up to and including the last that is set."""
    places = np.flatnonzero(flags)
    return int(places[-1]) + 1 if len(places) else 0
