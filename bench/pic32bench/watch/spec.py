# SPDX-License-Identifier: MIT
"""What the plugin is to look for. Addresses are physical or in KSEG0 or KSEG1; an end is the address behind."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from pic32bench.errors import UsageError
from pic32bench.image import PHYSICAL

_ISA_BIT = 1


@dataclass(frozen=True)
class StackRange:
    """A stack: its memory, and the virtual time, ns, from which this memory is a stack."""

    name: str
    low: int
    high: int
    since_ns: int = 0


@dataclass(frozen=True)
class ObjectRange:
    """A variable."""

    name: str
    low: int
    high: int


@dataclass(frozen=True)
class WatchSpec:
    """What to look for, beside what happens to each byte.

    ``fills`` are ranges of code whose stores are fills: memset, the start-up's clearing. ``stacks`` are watched for
    the deepest store, ``objects`` for stores over their end. ``functions`` are entries whose calls and returns are
    logged. ``calls``: who calls whom is counted.
    """

    fills: tuple[tuple[int, int], ...] = ()
    stacks: tuple[StackRange, ...] = ()
    objects: tuple[ObjectRange, ...] = ()
    functions: tuple[int, ...] = ()
    calls: bool = False

    def lines(self, ram_size: int) -> str:
        """As the plugin reads it. Raises UsageError for a range that is none, or is not in RAM."""
        return "".join(f"{line}\n" for line in self._lines(ram_size))

    def _lines(self, ram_size: int) -> Iterator[str]:
        for low, high in self.fills:
            low, high = _range("code range", low & ~_ISA_BIT, high, 1 << 29)
            yield f"fill {low:x} {high:x}"
        for stack in _distinct("stack", self.stacks):
            low, high = _range(f"stack {stack.name}", stack.low, stack.high, ram_size)
            yield f"stack {low:x} {high:x} {stack.since_ns}"


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
