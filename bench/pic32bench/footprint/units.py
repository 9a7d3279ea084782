# SPDX-License-Identifier: MIT
"""Of which source file each function and object of an ELF is, by its debug information (DWARF)."""

from __future__ import annotations

import contextlib
import io
from pathlib import Path
from typing import Any

from elftools.elf.elffile import ELFFile

from pic32bench.footprint.elf import DAMAGED, mode_bit
from pic32bench.footprint.names import file_name, file_stem

_DW_OP_ADDR = 0x03
_LTO_UNIT = "<artificial>"  # what GCC calls the units that it makes when it links


class Units:
    """The compilation units of an ELF. Debug information that cannot be read is as good as none."""

    def __init__(self, path: Path) -> None:
        self._sources: dict[int, str] = {}
        self._code_ranges: list[tuple[int, int, str]] = []
        self._units: dict[str, list[Any]] = {}
        self._same_name: dict[str, list[str]] = {}
        self._holders: dict[str, dict[int, str]] = {}
        with contextlib.suppress(*DAMAGED):
            elf: Any = ELFFile(io.BytesIO(path.read_bytes()))
            self._mode = mode_bit(elf)
            self._little = elf.little_endian
            if elf.has_dwarf_info():
                self._read(elf.get_dwarf_info())

    def source_of(self, address: int, is_function: bool) -> str:
        """The source file of the function or object at an address; empty if not known."""
        if address in self._sources or not is_function:
            return self._sources.get(address, "")
        return next((source for start, end, source in self._code_ranges if start <= address < end), "")

    def named(self, file: str, address: int | None = None) -> str:
        """The unit that a file in the symbol table stands for, with or without its path: the one with that address."""
        if file not in self._same_name:
            self._same_name[file] = [source for source in self._units if file_name(source) == file_name(file)]
        mine = self._same_name[file]
        if address is not None and len(mine) > 1:
            mine = [source for source in mine if address in self._statics(source)]
        return mine[0] if len(mine) == 1 else file

    def holder_of(self, address: int, file: str) -> str:
        """The function that the static variable at an address is inside of; empty if none.

        Only units of the same name as ``file`` are looked at, an object or source file, unless there is none.
        """
        mine = [source for source in self._units if file_stem(source) == file_stem(file)] or list(self._units)
        return next((name for source in mine if (name := self._statics(source).get(address))), "")

    def _statics(self, source: str) -> dict[int, str]:
        if source not in self._holders:
            found = self._holders[source] = {}
            with contextlib.suppress(*DAMAGED):
                for unit in self._units[source]:
                    for entry in unit.get_top_DIE().iter_children():
                        if entry.tag == "DW_TAG_subprogram":
                            self._collect_statics(entry, _name(entry), found)
        return self._holders[source]

    def _read(self, dwarf: Any) -> None:
        names = {}
        for unit in dwarf.iter_CUs():
            top = unit.get_top_DIE()
            source = names[unit.cu_offset] = _name(top)
            self._units.setdefault(source, []).append(unit)
            for entry in top.iter_children():
                address = self._address(entry)
                if address is not None:
                    mine = _name(_origin(entry).cu.get_top_DIE()) if source == _LTO_UNIT else source
                    self._sources.setdefault(address, mine)
        ranges = dwarf.get_aranges()
        for entry in ranges.entries if ranges else ():
            begin = entry.begin_addr & ~self._mode
            self._code_ranges.append((begin, begin + entry.length, names.get(entry.info_offset, "")))

    def _collect_statics(self, entry: Any, function: str, found: dict[int, str]) -> None:
        for inner in entry.iter_children():
            if inner.tag == "DW_TAG_variable":
                address = self._address(inner)
                if address is not None:
                    found.setdefault(address, function)
            elif inner.has_children:
                self._collect_statics(inner, function, found)

    def _address(self, entry: Any) -> int | None:
        """Where a function or a variable with a place of its own is."""
        if entry.tag == "DW_TAG_subprogram":
            low = entry.attributes.get("DW_AT_low_pc")
            return low.value & ~self._mode if low else None
        location = entry.attributes.get("DW_AT_location") if entry.tag == "DW_TAG_variable" else None
        if location is None or not isinstance(location.value, list) or location.value[:1] != [_DW_OP_ADDR]:
            return None
        return int.from_bytes(bytes(location.value[1:]), "little" if self._little else "big")


def _name(entry: Any) -> str:
    """The name of a thing in the source; empty if it has none."""
    attribute = _origin(entry).attributes.get("DW_AT_name")
    return attribute.value.decode(errors="replace") if attribute else ""


def _origin(entry: Any) -> Any:
    """The entry that an inlined, copied or separately declared one stands for."""
    for reference in ("DW_AT_abstract_origin", "DW_AT_specification"):
        if reference in entry.attributes:
            return _origin(entry.get_DIE_from_attribute(reference))
    return entry
