# SPDX-License-Identifier: MIT
"""What the plugin has found, from the file that it writes when the emulator ends."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pic32bench.chip import Region
from pic32bench.core import Core
from pic32bench.errors import EmulatorError
from pic32bench.image import PHYSICAL
from pic32bench.watch.spec import StackRange, WatchSpec

Flags = NDArray[np.bool_]

# platforms/qemu/plugin/watch.h
_END = b"end 0 1\n"
_EVENT = np.dtype(
    [
        *(("time", "<i8"), ("end", "<i8"), ("function", "<u4"), ("ra", "<u4"), ("sp", "<u4")),
        *(("arguments", "<u4", 4), ("result", "<u4")),
    ]
)
_OVERRUN = np.dtype(
    [
        *(("time", "<i8"), ("object", "<u4"), ("address", "<u4"), ("pc", "<u4"), ("ra", "<u4")),
        *(("kind", "S12"), ("device", "S20")),
    ]
)
_EDGE = np.dtype([("site", "<u4"), ("target", "<u4"), ("count", "<u8")])
_USED, _WRITTEN, _FILLED, _READ, _DMA_WRITTEN, _DMA_READ = 2, 4, 8, 16, 32, 64


@dataclass(frozen=True)
class ChipMemory:
    """RAM and flash at one moment, by virtual addresses in KSEG0 and KSEG1; None where the chip has neither."""

    regions: tuple[tuple[Region, bytes], ...] = field(repr=False)

    def read(self, address: int, size: int) -> bytes | None:
        """Bytes, fewer at the end of a memory."""
        physical = address & PHYSICAL
        if 0x80000000 <= address < 0xC0000000:
            for region, data in self.regions:
                if region.holds(physical):
                    return data[physical - region.start : physical - region.start + size]
        return None

    def code(self, address: int) -> bytes | None:
        """Up to 4 bytes of an instruction."""
        return self.read(address, 4)

    def word(self, address: int) -> int | None:
        """A word, by an address that is a multiple of 4."""
        held = None if address % 4 else self.read(address, 4)
        return int.from_bytes(held, "little") if held is not None and len(held) == 4 else None


@dataclass(frozen=True)
class StackLow:
    """The deepest that a stack was used.

    ``lowest`` is the lowest address that was stored to, the stack's end if none was. ``core`` is the core when it
    stored there (``core.pc`` the instruction that did), ``memory`` the stack as it was then and the flash, so that
    ``backtrace(low.core, low.memory, maps)`` is the chain of calls; None when nothing was stored.
    """

    stack: StackRange
    lowest: int
    core: Core | None
    memory: ChipMemory = field(repr=False)

    @property
    def name(self) -> str:
        """The stack's."""
        return self.stack.name

    @property
    def used(self) -> int:
        """Bytes from the lowest to the stack's end."""
        return self.stack.high - self.lowest

    @property
    def time_ns(self) -> int | None:
        """The virtual time when it was so deep."""
        return None if self.core is None else self.core.time_ns


@dataclass(frozen=True)
class Overrun:
    """A store over the end of a variable, the first of its ``pc`` and variable.

    ``address`` is the first wrong byte, ``pc`` the instruction that wrote it, 0 when a ``device`` did; ``ra`` what
    register ra held: in a function that calls no other, where it was called. ``kind`` is how it was told:
    ``padding``: to bytes behind the variable that belong to nobody; ``straddle``: a store that begins in it;
    ``loop``: a loop in the variable went on past its end; ``writer``: memcpy and the like; ``dma``: a device; ``base``:
    the code indexes the variable, and the index was too big.
    """

    object: str
    address: int
    pc: int
    ra: int
    time_ns: int
    kind: str
    device: str = ""


@dataclass(frozen=True)
class CallEvent:
    """A call of a function that was asked for.

    ``ra`` is where it returns to, ``arguments`` are a0 to a3. ``end_ns`` and ``result`` (v0) are None when it had not
    returned.
    """

    function: int
    time_ns: int
    ra: int
    sp: int
    arguments: tuple[int, int, int, int]
    end_ns: int | None
    result: int | None


@dataclass(frozen=True)
class Watched:
    """What was seen, from power-on to ``end_ns``.

    The arrays have an entry for each byte of RAM, from physical address 0 on. ``written`` and ``filled`` are stores of
    the core, ``read`` its loads. ``used``: it was read, by the core or by DMA, while the last write to it was data and
    no fill.

    ``edges`` are how often an instruction (``site``) called a function: direct calls, calls through registers, and
    interrupts and exceptions, whose site is 0. ``jumps`` are jumps without a way back, in the same way: unconditional
    ones, and through a register but ra. To the entry of another function such a jump is a tail call; most are not.
    Addresses have no mark of the instruction set in bit 0.
    """

    end_ns: int
    written: Flags = field(repr=False)
    filled: Flags = field(repr=False)
    read: Flags = field(repr=False)
    used: Flags = field(repr=False)
    dma_written: Flags = field(repr=False)
    dma_read: Flags = field(repr=False)
    stacks: tuple[StackLow, ...]
    overruns: tuple[Overrun, ...]
    events: tuple[CallEvent, ...] = field(repr=False)
    edges: Mapping[tuple[int, int], int] = field(repr=False)
    jumps: Mapping[tuple[int, int], int] = field(repr=False)
    memory: ChipMemory = field(repr=False)


def parse(data: bytes, spec: WatchSpec, end_ns: int, memory: ChipMemory) -> Watched:
    """Reads what the plugin wrote. Raises EmulatorError when it is not whole."""
    sections = _sections(data)
    state = np.frombuffer(sections["ram"][0], np.uint8)

    def has(flag: int) -> Flags:
        return (state & flag).astype(np.bool_)

    return Watched(
        end_ns=end_ns,
        written=has(_WRITTEN),
        filled=has(_FILLED),
        read=has(_READ),
        used=has(_USED),
        dma_written=has(_DMA_WRITTEN),
        dma_read=has(_DMA_READ),
        stacks=tuple(
            _stack(stack, lowest, core, held, memory)
            for stack, lowest, core, held in zip(
                spec.stacks, *(sections.get(name, []) for name in ("stack", "core", "bytes")), strict=True
            )
        ),
        overruns=tuple(_overruns(sections["overruns"][0], spec)),
        events=tuple(_events(sections["events"][0])),
        edges=_edges(sections["calls"][0]),
        jumps=_edges(sections["jumps"][0]),
        memory=memory,
    )


def _sections(data: bytes) -> dict[str, list[bytes]]:
    """Each section is a line, name, number of entries and size of one, and then the entries."""
    if not data.endswith(_END):
        raise EmulatorError("the emulator ended without a word of what it saw: was it killed?")
    found: dict[str, list[bytes]] = {}
    file = io.BytesIO(data)
    for line in iter(file.readline, b""):
        name, count, size = line.split()
        found.setdefault(name.decode(), []).append(file.read(int(count) * int(size)))
    return found


def _stack(stack: StackRange, lowest: bytes, core: bytes, held: bytes, memory: ChipMemory) -> StackLow:
    physical = int.from_bytes(lowest, "little")
    there = Region(stack.name, physical, len(held))
    regions: tuple[tuple[Region, Any], ...] = ((there, held), *((r, d) for r, d in memory.regions if r.name != "RAM"))
    return StackLow(
        stack,
        stack.low + physical - (stack.low & PHYSICAL),
        Core.parse(core.decode()) if core else None,
        ChipMemory(regions),
    )


def _overruns(data: bytes, spec: WatchSpec) -> Iterator[Overrun]:
    objects = spec.distinct_objects()
    for time, number, address, pc, ra, kind, device in np.frombuffer(data, _OVERRUN).tolist():
        of = objects[number]
        place = of.low + address - (of.low & PHYSICAL)
        yield Overrun(of.name, place, pc, ra, time, kind.decode(), device.decode())


def _events(data: bytes) -> Iterator[CallEvent]:
    for time, end, function, ra, sp, arguments, result in np.frombuffer(data, _EVENT).tolist():
        returned = end >= 0
        yield CallEvent(
            function, time, ra, sp, tuple(arguments.tolist()), end if returned else None, result if returned else None
        )


def _edges(data: bytes) -> dict[tuple[int, int], int]:
    return {(site, target): count for site, target, count in np.frombuffer(data, _EDGE).tolist()}
