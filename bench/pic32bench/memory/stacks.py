# SPDX-License-Identifier: MIT
"""Where a firmware's stacks are, from what its linker script and its symbols say.

- XC32 gives the main stack all that is left of RAM: from `_splim` up to `_stack`; `_min_stack_size` is only what must
  at least be left. Its MAP says the same in a line of its memory report.
- Other linker scripts have names for both ends, or for the top and the size, in a few common spellings, or a section
  `.stack`.
- An interrupt or exception stack is an object with such a name (FreeRTOS: `xISRStack`), or lies between a label and
  the same label with `_top`.
- The stacks of FreeRTOS tasks are found in a run (rtos.py).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from elftools.elf.elffile import ELFFile

from pic32bench.bench import Board
from pic32bench.core import SP
from pic32bench.footprint.budget import What
from pic32bench.image import PHYSICAL
from pic32bench.memory.firmware import Firmware
from pic32bench.panel_link import NS
from pic32bench.recording import Recording
from pic32bench.replay import replay
from pic32bench.watch import StackRange

MAIN = "main"
_TOPS = ("_stack", "__stack", "_stack_top", "__stack_top", "__StackTop", "_estack", "__stack_start", "_stack_start")
_BOTTOMS = (
    *("_splim", "_SPLIM", "_stack_bottom", "__stack_bottom", "__StackLimit", "__stack_limit", "_stack_limit"),
    *("_sstack", "_stack_end", "__stack_end"),
)
_SIZES = ("_stack_size", "__stack_size", "__stack_size__", "_Min_Stack_Size", "__STACK_SIZE", "STACK_SIZE")
# XC32's MAP: "stack   0x80052810   0x2d7e8   186344   Reserved for stack"
_XC32_REPORT = re.compile(r"^stack\s+0x([0-9a-f]+)\s+0x([0-9a-f]+)\s+\d+\s+Reserved for stack", re.M)
_INTERRUPT = re.compile(
    r".*?_*(isr|irq|interrupt|int|exception|exc|nmi|kernel|system)_?stack(_?(memory|space|area))?", re.I
)
_TOP_OF = re.compile(r"(?P<name>\w*stack\w*?)_?(top|end)", re.I)
_BELOW = 4096  # bytes
_STARTUP_NS = 2_000_000_000
_STEPS = 16  # of each of the ever shorter stretches in which the first stack pointer is looked for
_LEAST = 32  # bytes: what is smaller is a pointer or a number


@dataclass(frozen=True)
class StackPlace:
    """A stack from ``low`` to ``high``, physical addresses; ``low`` is None when nobody knows its bottom.

    ``since_ns`` is the virtual time from which on this memory is a stack.
    """

    name: str
    low: int | None
    high: int
    known_by: str
    since_ns: int = 0


def stack_ranges(places: Sequence[StackPlace]) -> Iterator[StackRange]:
    """The stacks as they are to be watched: also somewhat below, in case that one overflows, but not into another."""
    for place in places:
        below = [other.high for other in places if other is not place and other.high <= (place.low or place.high)]
        reach = 0 if place.low is None else place.low - _BELOW
        low = place.high if place.low is None else place.low
        yield StackRange(place.name, low, place.high, place.since_ns, max(0, reach, *below))


def stack_places(firmware: Firmware, ram_size: int) -> tuple[StackPlace, ...]:
    """The stacks that symbols tell of, the main one first; none without symbols."""
    found = [place for place in (_main(firmware, ram_size),) if place is not None]
    for place in _others(firmware, ram_size):
        if all(place.low is None or other.low is None or not _overlap(place, other) for other in found):
            found.append(place)
    return tuple(found)


def _overlap(one: StackPlace, other: StackPlace) -> bool:
    return (one.low or 0) < other.high and (other.low or 0) < one.high


def _main(firmware: Firmware, ram_size: int) -> StackPlace | None:
    report = _XC32_REPORT.search(firmware.map_text)
    if report is not None:
        low = int(report[1], 16) & PHYSICAL
        return StackPlace(MAIN, low, low + int(report[2], 16), "the MAP's memory report")
    labels = [(name, firmware.labels[name]) for name in (*_TOPS, *_BOTTOMS) if name in firmware.labels]
    ends = [
        (name, value & PHYSICAL) for name, value in labels if (value & PHYSICAL) <= ram_size and value >> 29 in (4, 5)
    ]
    tops, bottoms = ([end for end in ends if end[0] in names] for names in (_TOPS, _BOTTOMS))
    if tops and bottoms:
        (high_name, high), (low_name, low) = tops[0], bottoms[0]
        # `_stack_start` and `_stack_end` are the ends of a stack in either order.
        if low != high:
            return StackPlace(MAIN, min(low, high), max(low, high), f"{low_name} and {high_name}")
    size_name = next((name for name in _SIZES if 0 < firmware.labels.get(name, 0) <= ram_size), None)
    if tops and size_name is not None and tops[0][1] >= firmware.labels[size_name]:
        top, high = tops[0]
        return StackPlace(MAIN, high - firmware.labels[size_name], high, f"{top} and {size_name}")
    section = _section(firmware, ram_size)
    if section is not None:
        return section
    if tops:
        return StackPlace(MAIN, None, tops[0][1], tops[0][0])
    return None


def _section(firmware: Firmware, ram_size: int) -> StackPlace | None:
    if firmware.path is None or not firmware.is_elf:
        return None
    with firmware.path.open("rb") as stream:
        for section in ELFFile(stream).iter_sections():
            low = section["sh_addr"] & PHYSICAL
            if section.name in (".stack", "stack") and section["sh_size"] and low + section["sh_size"] <= ram_size:
                return StackPlace(MAIN, low, low + section["sh_size"], f"section {section.name}")
    return None


def _others(firmware: Firmware, ram_size: int) -> Iterator[StackPlace]:
    for symbol in firmware.symbols:
        low = symbol.address & PHYSICAL
        if (
            symbol.what is What.VARIABLE
            and _INTERRUPT.fullmatch(symbol.name)
            and symbol.size >= _LEAST
            and low + symbol.size <= ram_size
        ):
            yield StackPlace(symbol.name, low, low + symbol.size, "its symbol")
    for name, value in firmware.labels.items():
        pair = _TOP_OF.fullmatch(name)
        if pair is None or pair["name"] not in firmware.labels or name in _TOPS:
            continue
        low, high = firmware.labels[pair["name"]] & PHYSICAL, value & PHYSICAL
        if high - low >= _LEAST and high <= ram_size:
            yield StackPlace(pair["name"], low, high, f"{pair['name']} and {name}")


def first_stack_pointer(recording: Recording, any_emulator: bool = False) -> int | None:
    """Where the stack begins that start-up code sets first, physical, from replays; None when it sets none.

    For images without symbols: the value that `sp` has when it first points into RAM.
    """
    low, high = 0, min(recording.end_ns, _STARTUP_NS)
    instruction = 1 << recording.icount_shift
    while True:
        step = max((high - low) // _STEPS, instruction)
        with replay(recording, any_emulator) as board:
            found = _after(board, low)
            while not found:
                if board.clock.last_ns >= high:
                    return None
                found = _after(board, step)
            if step == instruction:
                # An address has two halves, which two instructions set.
                return (_after(board, step) or found) if found % 0x10000 == 0 else found
            low, high = board.clock.last_ns - step, board.clock.last_ns


def _after(board: Board, ns: int) -> int:
    """`sp`, physical, after so much virtual time; 0 when it does not point into RAM."""
    board.clock.run_for(ns / NS)
    sp = board.core().gpr[SP]
    place = sp & PHYSICAL
    return place if sp >> 29 in (4, 5) and 0 < place <= board.description.chip.ram_size else 0
