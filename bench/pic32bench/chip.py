# SPDX-License-Identifier: MIT
"""The PIC32MZ EF chips: what a part number says about memory and pins.

Source: DS60001320, table 1 (features by part number) and the pin tables of the 64-pin and 144-pin packages. Pins
of the 100-pin and 124-pin packages are not listed here; there any pin of the 144-pin package is let through.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_KIB = 1024
_PART = re.compile(r"PIC32MZ(0512|1024|2048)EF([EFKGHM])(064|100|124|144)")

_PORTS_144 = {
    "A": "0-7 9 10 14 15",
    "B": "0-15",
    "C": "1-4 12-15",
    "D": "0-7 9-15",
    "E": "0-9",
    "F": "0-5 8 12 13",
    "G": "0 1 6-9 12-15",
    "H": "0-15",
    "J": "0-15",
    "K": "0-7",
}
_PORTS_64 = {"B": "0-15", "C": "12-15", "D": "0-5 9-11", "E": "0-7", "F": "0 1 3-5", "G": "6-9"}


@dataclass(frozen=True)
class Region:
    """A stretch of physical memory: ``start`` and ``size`` in bytes."""

    name: str
    start: int
    size: int

    def holds(self, address: int, size: int = 1) -> bool:
        """Whether ``size`` bytes at a physical address lie in it."""
        return self.start <= address and address + size <= self.start + self.size


@dataclass(frozen=True)
class Chip:
    """One part number."""

    name: str
    flash_size: int
    ram_size: int
    pins: frozenset[str]

    @property
    def flash(self) -> tuple[Region, ...]:
        """Where an image may put code and configuration (DS60001320, figure 4-1 and following).

        The lower and upper boot aliases show boot flash 1 and 2, 80 KiB each.
        """
        return (
            Region("program flash", 0x1D000000, self.flash_size),
            Region("lower boot alias", 0x1FC00000, 80 * _KIB),
            Region("upper boot alias", 0x1FC20000, 80 * _KIB),
            Region("boot flash 1", 0x1FC40000, 80 * _KIB),
            Region("boot flash 2", 0x1FC60000, 80 * _KIB),
        )

    @property
    def ram(self) -> Region:
        """Data memory."""
        return Region("RAM", 0, self.ram_size)

    @property
    def filled_by_startup(self) -> tuple[Region, ...]:
        """Where XC32 ELFs carry segments that the start-up code fills itself: RAM and special registers."""
        return (self.ram, Region("special registers", 0x1F800000, 0x100000))


def chip(name: str) -> Chip:
    """The chip with this part number, such as ``PIC32MZ2048EFH144``. Raises ValueError for any other."""
    match = _PART.fullmatch(name)
    if not match or (match[1] == "2048" and match[2] in "EFK") or (match[1] == "0512" and match[2] in "GHM"):
        raise ValueError(f"unknown chip {name!r}: expected a PIC32MZ EF part such as PIC32MZ2048EFH144")
    ram = 512 if match[2] in "GHM" else {"0512": 128, "1024": 256}[match[1]]
    ports = _PORTS_64 if match[3] == "064" else _PORTS_144
    return Chip(name, int(match[1]) * _KIB, ram * _KIB, _pins(ports))


def _pins(ports: dict[str, str]) -> frozenset[str]:
    pins: set[str] = set()
    for port, spans in ports.items():
        for span in spans.split():
            first, _, last = span.partition("-")
            pins.update(f"R{port}{bit}" for bit in range(int(first), int(last or first) + 1))
    return frozenset(pins)
