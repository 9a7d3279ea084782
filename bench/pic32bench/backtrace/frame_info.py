# SPDX-License-Identifier: MIT
"""Call frame information of an ELF (DWARF 5, 6.4): where a function keeps its caller's registers."""

from __future__ import annotations

import bisect
import io
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from elftools.common.exceptions import DWARFError, ELFError
from elftools.construct import ConstructError
from elftools.dwarf.callframe import FDE
from elftools.elf.elffile import ELFFile

from pic32bench.image import ELF_MAGIC, PHYSICAL

_PLACE = PHYSICAL & ~1  # bit 0 of an address says microMIPS
_DAMAGED = (ELFError, DWARFError, ConstructError, struct.error, ValueError, KeyError, IndexError)


@dataclass(frozen=True)
class Row:
    """What is true at an instruction: the frame's address (CFA) is ``register`` + ``offset``.

    ``saved`` are registers of the caller and where from the CFA they are; others are in themselves.
    """

    register: int
    offset: int
    saved: dict[int, int]


class FrameInfo:
    """The call frame information of an ELF; of any other file, or one without it, nothing is known."""

    def __init__(self, path: Path | None) -> None:
        self._entries: list[Any] = []
        if path is None:
            return
        try:
            data = path.read_bytes()
            if not data.startswith(ELF_MAGIC):
                return
            self._entries = _entries(ELFFile(io.BytesIO(data)))
        except (OSError, *_DAMAGED):
            return
        self._entries.sort(key=lambda entry: entry["initial_location"] & _PLACE)
        self._starts = [entry["initial_location"] & _PLACE for entry in self._entries]

    def _entry(self, address: int) -> Any:
        index = bisect.bisect_right(self._starts, address & _PLACE) - 1 if self._entries else -1
        if index < 0 or (address & _PLACE) - self._starts[index] >= self._entries[index]["address_range"]:
            return None
        return self._entries[index]

    def start(self, address: int) -> int | None:
        """The first instruction of the function that an address is in, in the segment of that address."""
        entry = self._entry(address)
        return None if entry is None else (address & ~PHYSICAL) | (entry["initial_location"] & _PLACE)

    def find(self, address: int) -> Row | None:
        """What is true before the instruction at this address is executed; None when that is not known."""
        entry = self._entry(address)
        if entry is None:
            return None
        try:
            rows = entry.get_decoded().table
        except _DAMAGED:
            return None
        known = [row for row in rows if row["pc"] & _PLACE <= address & _PLACE]
        return _row(known[-1]) if known else None


def _entries(elf: Any) -> list[Any]:
    dwarf = elf.get_dwarf_info() if elf.has_dwarf_info() else None
    if dwarf is None:
        return []
    found = list(dwarf.CFI_entries()) if dwarf.has_CFI() else []
    found += list(dwarf.EH_CFI_entries()) if dwarf.has_EH_CFI() else []
    return [entry for entry in found if isinstance(entry, FDE)]


def _row(row: dict[Any, Any]) -> Row | None:
    cfa = row["cfa"]
    if cfa.expr is not None:
        return None
    saved = {}
    for register, rule in row.items():
        if isinstance(register, int):
            if rule.type == "OFFSET":
                saved[register] = rule.arg
            elif rule.type not in ("SAME_VALUE", "UNDEFINED"):
                return None
    return Row(cfa.reg, cfa.offset, saved)
