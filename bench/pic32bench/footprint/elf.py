# SPDX-License-Identifier: MIT
"""What an ELF says of the firmware's memory: its sections and symbols."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from elftools.common.exceptions import DWARFError, ELFError
from elftools.construct import ConstructError
from elftools.elf.constants import SH_FLAGS
from elftools.elf.elffile import ELFFile
from elftools.elf.sections import SymbolTableSection

from pic32bench.errors import ImageError
from pic32bench.footprint.sections import RawSection

DAMAGED = (ELFError, DWARFError, ConstructError, struct.error, ValueError, KeyError, IndexError, UnicodeDecodeError)
"""What pyelftools raises for a damaged file."""

_FUNCTIONS = ("STT_FUNC", "STT_LOOS")  # STT_LOOS: chosen at start-up, GNU's IFUNC
_OBJECTS = ("STT_OBJECT", "STT_COMMON")
_MICROMIPS = 4  # of the upper three bits of st_other; binutils, include/elf/mips.h: STO_MICROMIPS


@dataclass(frozen=True)
class ElfSymbol:
    """A function or object; ``source`` is the file of a local one, if known. ``is_micromips``: what its code is."""

    name: str
    address: int
    size: int
    is_function: bool
    is_local: bool
    section: str
    source: str
    is_micromips: bool = False


@dataclass(frozen=True)
class Elf:
    """``labels``: where in sections without code the compiler's own labels are, such as .LC5, and the file of each.

    ``contents``: the bytes of sections that have any, by address.
    """

    sections: tuple[RawSection, ...]
    symbols: tuple[ElfSymbol, ...]
    labels: tuple[tuple[int, str], ...]
    contents: dict[int, bytes]


def read_elf(path: Path) -> Elf:
    """Read sections and symbols of a linked ELF.

    Raises:
        ImageError: damaged, truncated, not linked, or without a symbol table.
    """
    try:
        with path.open("rb") as stream:
            elf = ELFFile(stream)
            size = path.stat().st_size
            if elf["e_type"] == "ET_REL":
                raise ImageError(f"{path}: an object file, its symbols have no addresses yet: give the linked .elf")
            if elf["e_shoff"] == 0:
                raise ImageError(f"{path}: no symbol table: give an ELF that was not stripped")
            end = elf["e_shoff"] + elf.num_sections() * elf["e_shentsize"]
            if end > size:
                raise _truncated(path, end, size)
            sections = []
            table = None
            for section in elf.iter_sections():
                sections.append(section)
                end = section["sh_offset"] + section["sh_size"]
                if section["sh_type"] not in ("SHT_NOBITS", "SHT_NULL") and end > size:
                    raise _truncated(path, end, size)
                if isinstance(section, SymbolTableSection) and section["sh_type"] == "SHT_SYMTAB":
                    table = section
            if table is None:
                raise ImageError(f"{path}: no symbol table: give an ELF that was not stripped")
            symbols, labels = _symbols(table, sections, mode_bit(elf))
            return Elf(tuple(_raw(elf, sections)), tuple(symbols), tuple(sorted(labels)), _contents(sections))
    except DAMAGED as error:
        reason = str(error) or type(error).__name__
        raise ImageError(f"{path}: damaged or truncated ELF ({reason}): build or copy it again") from None


def mode_bit(elf: Any) -> int:
    """What in a function's address is no part of it: bit 0 says microMIPS or MIPS16."""
    return 1 if elf["e_machine"] == "EM_MIPS" else 0


def _truncated(path: Path, end: int, size: int) -> ImageError:
    return ImageError(f"{path}: truncated ELF, {size} bytes where at least {end} belong: build or copy it again")


def _takes_memory(section: Any) -> bool:
    flags = section["sh_flags"]
    return bool(flags & SH_FLAGS.SHF_ALLOC and not flags & SH_FLAGS.SHF_TLS and section["sh_size"])


def _raw(elf: Any, sections: list[Any]) -> Iterator[RawSection]:
    loads = [segment for segment in elf.iter_segments() if segment["p_type"] == "PT_LOAD"]
    for section in filter(_takes_memory, sections):
        address = section["sh_addr"]
        load = address
        for segment in loads:
            if segment["p_vaddr"] <= address < segment["p_vaddr"] + segment["p_memsz"]:
                load = segment["p_paddr"] + address - segment["p_vaddr"]
        yield RawSection(
            section.name,
            address,
            section["sh_size"],
            bool(section["sh_flags"] & SH_FLAGS.SHF_EXECINSTR),
            bool(section["sh_flags"] & SH_FLAGS.SHF_WRITE),
            section["sh_type"] != "SHT_NOBITS",
            load,
        )


def _contents(sections: list[Any]) -> dict[int, bytes]:
    return {
        section["sh_addr"]: section.data()
        for section in filter(_takes_memory, sections)
        if section["sh_type"] != "SHT_NOBITS"
    }


def _symbols(
    table: SymbolTableSection, sections: list[Any], mode: int
) -> tuple[list[ElfSymbol], list[tuple[int, str]]]:
    found, labels = [], []
    source = ""
    for entry in table.iter_symbols():
        info, index = entry["st_info"], entry["st_shndx"]
        kind = info["type"]
        if kind == "STT_FILE":
            source = entry.name
        if index == "SHN_UNDEF":
            continue
        section = sections[index] if isinstance(index, int) and index < len(sections) else None
        holds_code = section is not None and bool(section["sh_flags"] & SH_FLAGS.SHF_EXECINSTR)
        is_local = info["bind"] == "STB_LOCAL"
        if kind == "STT_NOTYPE" and section is not None and _takes_memory(section) and entry.name:
            if not entry["st_size"]:
                # A label behind the last byte would be taken for one of the next section.
                inside = entry["st_value"] < section["sh_addr"] + section["sh_size"]
                if is_local and source and inside and section["sh_type"] != "SHT_NOBITS":
                    labels.append((entry["st_value"], source))
                continue
            kind = "STT_FUNC" if holds_code else "STT_OBJECT"  # assembly code with .size and without .type
        if kind not in _FUNCTIONS + _OBJECTS:
            continue
        is_function = kind in _FUNCTIONS
        is_micromips = bool(mode) and bool(entry["st_value"] & mode or entry["st_other"]["local"] == _MICROMIPS)
        found.append(
            ElfSymbol(
                entry.name,
                entry["st_value"] & ~mode if is_function else entry["st_value"],
                entry["st_size"],
                is_function,
                is_local,
                section.name if section is not None else str(index),
                source if is_local else "",
                is_function and is_micromips,
            )
        )
    return found, labels
