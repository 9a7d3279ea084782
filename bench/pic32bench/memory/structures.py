# SPDX-License-Identifier: MIT
"""How a firmware's structures are laid out, from the debug information (DWARF) of its ELF."""

from __future__ import annotations

import functools
import io
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from elftools.common.exceptions import DWARFError, ELFError
from elftools.construct import ConstructError
from elftools.elf.elffile import ELFFile

from pic32bench.image import ELF_MAGIC, PHYSICAL

_DAMAGED = (ELFError, DWARFError, ConstructError, struct.error, ValueError, KeyError, IndexError, AttributeError)
_STRUCTURES = ("DW_TAG_structure_type", "DW_TAG_union_type")
_POINTER_SIZE = 4


@dataclass(frozen=True)
class Structure:
    """A structure in memory: its size, and where its members are and how big, bytes."""

    size: int
    members: Mapping[str, Member]


@dataclass(frozen=True)
class Member:
    """A member of a structure: its offset and size, bytes."""

    offset: int
    size: int


class Structures:
    """The structures of an ELF, read one compilation unit at a time; of any other file nothing is known."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._units: dict[int, dict[str, Any]] = {}

    def find(self, name: str, function: int) -> Structure | None:
        """A structure, by tag or typedef, as the source file that holds a function knows it; None: not told."""
        dwarf, ranges = self._debug
        try:
            place = function & PHYSICAL
            unit = next((unit for begin, end, unit in ranges if begin <= place < end), None)
            if unit is None:
                return None
            if unit not in self._units:
                self._units[unit] = _types(dwarf, unit)
            entry = self._units[unit].get(name)
            return None if entry is None else _laid_out(entry)
        except _DAMAGED:
            return None

    @functools.cached_property
    def _debug(self) -> tuple[Any, list[tuple[int, int, int]]]:
        """The debug information, and which compilation unit has which code: begin and end, physical, and its offset."""
        if self._path is None:
            return None, []
        try:
            data = self._path.read_bytes()
            elf: Any = ELFFile(io.BytesIO(data)) if data.startswith(ELF_MAGIC) else None
            if elf is None or not elf.has_dwarf_info():
                return None, []
            dwarf = elf.get_dwarf_info(relocate_dwarf_sections=False)  # a linked program has no relocations
            units = dwarf.get_aranges()
            places = ((entry.begin_addr & PHYSICAL, entry) for entry in (units.entries if units else ()))
            return dwarf, [(begin, begin + entry.length, entry.info_offset) for begin, entry in places]
        except (OSError, *_DAMAGED):
            return None, []


def _types(dwarf: Any, unit: int) -> dict[str, Any]:
    """The structures and typedefs of a compilation unit, by name."""
    types: dict[str, Any] = {}
    for entry in dwarf.get_CU_at(unit).get_top_DIE().iter_children():
        if "DW_AT_name" not in entry.attributes or "DW_AT_declaration" in entry.attributes:
            continue
        name = entry.attributes["DW_AT_name"].value.decode(errors="replace")
        if entry.tag in _STRUCTURES:
            types[name] = entry
        elif entry.tag == "DW_TAG_typedef":
            types.setdefault(name, entry)
    return types


def _laid_out(entry: Any) -> Structure | None:
    entry = _bare(entry)
    if entry is None or entry.tag not in _STRUCTURES or "DW_AT_byte_size" not in entry.attributes:
        return None
    members = {}
    for child in entry.iter_children():
        if child.tag == "DW_TAG_member" and "DW_AT_name" in child.attributes:
            where = child.attributes.get("DW_AT_data_member_location")
            # DWARF 2 has an expression here: DW_OP_plus_uconst and the offset as a LEB128.
            offset = 0 if where is None else where.value if isinstance(where.value, int) else _uleb(where.value[1:])
            members[child.attributes["DW_AT_name"].value.decode(errors="replace")] = Member(
                offset, _size(child.get_DIE_from_attribute("DW_AT_type"))
            )
    return Structure(entry.attributes["DW_AT_byte_size"].value, members)


def _uleb(data: list[int]) -> int:
    return sum((byte & 0x7F) << 7 * index for index, byte in enumerate(data))


def _bare(entry: Any) -> Any:
    """A type without its other names and qualifiers; None: void."""
    while entry.tag in ("DW_TAG_typedef", "DW_TAG_const_type", "DW_TAG_volatile_type"):
        if "DW_AT_type" not in entry.attributes:
            return None
        entry = entry.get_DIE_from_attribute("DW_AT_type")
    return entry


def _size(entry: Any) -> int:
    """Bytes of a type; 0 when it has no size."""
    entry = _bare(entry)
    if entry is None:
        return 0
    if entry.tag == "DW_TAG_array_type":
        size = _size(entry.get_DIE_from_attribute("DW_AT_type"))
        for child in entry.iter_children():
            attributes = child.attributes
            if "DW_AT_count" in attributes:
                size *= attributes["DW_AT_count"].value
            elif "DW_AT_upper_bound" in attributes:
                size *= attributes["DW_AT_upper_bound"].value + 1
            else:
                size = 0
        return size
    if "DW_AT_byte_size" in entry.attributes:
        return int(entry.attributes["DW_AT_byte_size"].value)
    return _POINTER_SIZE if entry.tag == "DW_TAG_pointer_type" else 0
