# SPDX-License-Identifier: MIT
"""What the plugin is to look for. Addresses are physical or in KSEG0 or KSEG1; an end is the address behind."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from pic32bench.errors import UsageError
from pic32bench.image import PHYSICAL

WRITERS = ("memcpy", "mempcpy", "memmove", "memset", "bzero", "strcpy", "stpcpy", "strncpy", "strcat", "strncat")
"""Functions of C libraries that write one object a call, where a0 points."""
_VERSION = 3  # VERSION in platforms/qemu/plugin/watch.c
_ISA_BIT = 1


@dataclass(frozen=True)
class StackRange:
    """A stack: its memory, and the virtual time, ns, from which this memory is a stack.

    Below it, down to ``reach``, a store counts when the stack pointer is down there as well: then it has overflowed.
    With ``low`` equal to ``high`` that holds for all of a stack whose end nobody knows.
    """

    name: str
    low: int
    high: int
    since_ns: int = 0
    reach: int | None = None


@dataclass(frozen=True)
class ObjectRange:
    """A variable. Those that overlap, such as two names of one place, count as one."""

    name: str
    low: int
    high: int


@dataclass(frozen=True)
class WatchSpec:
    """What to look for, beside what happens to each byte.

    ``fills`` are ranges of code whose stores are fills: memset, the start-up's clearing. ``stacks`` are watched for
    the deepest store. ``functions`` are entries whose calls and returns are logged. ``calls``: who calls whom is
    counted.

    ``objects`` are watched for stores over their end: all there are in a stretch of memory, as what lies between two,
    up to 15 bytes, counts as padding that nobody has a right to. ``code`` are the firmware's functions: loops over an
    end are found in these. ``writers`` are functions that write one object a call, where a0 points: memcpy, memset.
    ``main`` is from where on stores count, for start-up code clears and copies many objects at a time; None: from
    power-on. ``bases`` are stores of which the code says which object they index: the instruction's address, and the
    object's.
    """

    fills: tuple[tuple[int, int], ...] = ()
    stacks: tuple[StackRange, ...] = ()
    objects: tuple[ObjectRange, ...] = ()
    functions: tuple[int, ...] = ()
    calls: bool = False
    code: tuple[tuple[int, int], ...] = ()
    writers: tuple[tuple[int, int], ...] = ()
    main: int | None = None
    bases: tuple[tuple[int, int], ...] = ()

    def lines(self, ram_size: int) -> str:
        """As the plugin reads it. Raises UsageError for a range that is none, or is not in RAM."""
        return "".join(f"{line}\n" for line in self._lines(ram_size))

    def _lines(self, ram_size: int) -> Iterator[str]:
        yield f"watch {_VERSION}"
        for low, high in self.fills:
            low, high = _range("code range", low & ~_ISA_BIT, high, 1 << 29)
            yield f"fill {low:x} {high:x}"
        for stack in _distinct("stack", self.stacks):
            reach = stack.low if stack.reach is None else min(stack.reach, stack.low)
            lowest, high = _range(f"stack {stack.name}", reach, stack.high, ram_size)
            yield f"stack {lowest + stack.low - reach:x} {high:x} {lowest:x} {stack.since_ns}"
        for each in self.distinct_objects():
            low, high = _range(f"object {each.name}", each.low, each.high, ram_size)
            yield f"object {low:x} {high:x}"
        writers = {_range("code range", low & ~_ISA_BIT, high, 1 << 29) for low, high in self.writers}
        functions = {_range("code range", low & ~_ISA_BIT, high, 1 << 29) for low, high in self.code} | writers
        for low, high in _apart(functions):
            yield f"code {low:x} {high:x} {int((low, high) in writers)}"
        if self.main is not None:
            yield f"main {self.main & PHYSICAL & ~_ISA_BIT:x}"
        for pc, low in sorted({pc & PHYSICAL & ~_ISA_BIT: low & PHYSICAL for pc, low in self.bases}.items()):
            yield f"base {pc:x} {low:x}"
        for entry in sorted({entry & PHYSICAL & ~_ISA_BIT for entry in self.functions}):
            yield f"function {entry:x}"
        if self.calls:
            yield "calls"

    def distinct_objects(self) -> list[ObjectRange]:
        """The objects by their address, what overlaps as one."""
        found: list[ObjectRange] = []
        for each in sorted(self.objects, key=lambda each: (each.low & PHYSICAL, each.low - each.high)):
            shift = found[-1].low - (found[-1].low & PHYSICAL) if found else 0
            if found and (each.low & PHYSICAL) + shift < found[-1].high:
                high = max(found[-1].high, (each.low & PHYSICAL) + shift + each.high - each.low)
                found[-1] = replace(found[-1], high=high)
            else:
                found.append(each)
        return found


def _apart(ranges: Iterable[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """In order, and none that begins within the one before."""
    end = 0
    for low, high in sorted(ranges):
        if low >= end:
            yield low, high
            end = high


def _range(what: str, low: int, high: int, end: int) -> tuple[int, int]:
    physical = low & PHYSICAL
    behind = physical + high - low
    if not low < high:
        raise UsageError(f"{what}: its end 0x{high:08X} is not behind its start 0x{low:08X}")
    if behind > end:
        raise UsageError(f"{what}: 0x{low:08X} to 0x{high:08X} is not in the chip's RAM of {end // 1024} KiB")
    return physical, behind


def _distinct(what: str, ranges: Iterable[StackRange]) -> Iterable[StackRange]:
    seen: dict[str, StackRange] = {}
    for each in ranges:
        if each.name in seen:
            raise UsageError(f"{what} {each.name} is given twice")
        seen[each.name] = each
    return seen.values()
