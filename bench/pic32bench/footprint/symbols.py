# SPDX-License-Identifier: MIT
"""Functions and objects of a firmware image: from the symbol table of an ELF, or from the linker's MAP."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path

from elftools.common.exceptions import DWARFError, ELFError
from elftools.construct import ConstructError
from elftools.elf.elffile import ELFFile
from elftools.elf.sections import SymbolTableSection

from pic32bench.errors import ImageError
from pic32bench.footprint.budget import Access, What
from pic32bench.footprint.linkmap import MAP_SIGN, read_map

_WHATS = {"STT_FUNC": What.FUNCTION, "STT_OBJECT": What.VARIABLE}


@dataclass(frozen=True)
class Symbol:
    """A function or object. ``size`` in bytes; ``file`` is the source or object file of a local one, if known."""

    what: What
    name: str
    address: int
    size: int
    access: Access
    section: str
    file: str = ""


def read_symbols(image: str | Path) -> tuple[Symbol, ...]:
    """All functions and objects of an ELF or a GNU ld (XC32) MAP, by address.

    A MAP names no local object that shares a section with others, and tells global from local only by the names it
    lists: an ELF is the better source. What a MAP does not name is not in the result.

    Raises:
        ImageError: no such file, neither ELF nor MAP, truncated, or without symbols.
    """
    path = Path(image)
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ImageError(f"{path}: {error.strerror}: expected the firmware's .elf or .map") from None
    if data.startswith(b"\x7fELF"):
        found = _read_elf(path)
    elif MAP_SIGN in data:
        found = _read_map(path, data)
    else:
        raise ImageError(f"{path}: neither an ELF nor a GNU ld MAP: give the firmware's .elf or .map")
    if not found:
        raise ImageError(f"{path}: no function or object in its symbols: was it stripped?")
    return tuple(sorted(found, key=lambda symbol: (symbol.address, symbol.name)))


def _read_elf(path: Path) -> list[Symbol]:
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
            names = []
            table = None
            for section in elf.iter_sections():
                names.append(section.name)
                end = section["sh_offset"] + section["sh_size"]
                if section["sh_type"] not in ("SHT_NOBITS", "SHT_NULL") and end > size:
                    raise _truncated(path, end, size)
                if isinstance(section, SymbolTableSection) and section["sh_type"] == "SHT_SYMTAB":
                    table = section
            if table is None:
                raise ImageError(f"{path}: no symbol table: give an ELF that was not stripped")
            return _symbols_of(table, names)
    except (ELFError, DWARFError, ConstructError, struct.error, ValueError, IndexError, UnicodeDecodeError) as error:
        reason = str(error) or type(error).__name__
        raise ImageError(f"{path}: damaged or truncated ELF ({reason}): build or copy it again") from None


def _truncated(path: Path, end: int, size: int) -> ImageError:
    return ImageError(f"{path}: truncated ELF, {size} bytes where at least {end} belong: build or copy it again")


def _symbols_of(table: SymbolTableSection, names: list[str]) -> list[Symbol]:
    found = []
    file = ""
    for entry in table.iter_symbols():
        kind, binding = entry["st_info"]["type"], entry["st_info"]["bind"]
        if kind == "STT_FILE":
            file = entry.name
        index = entry["st_shndx"]
        if kind not in _WHATS or index == "SHN_UNDEF":
            continue
        local = binding == "STB_LOCAL"
        section = names[index] if isinstance(index, int) and index < len(names) else str(index)
        found.append(
            Symbol(
                _WHATS[kind],
                entry.name,
                entry["st_value"],
                entry["st_size"],
                Access.LOCAL if local else Access.GLOBAL,
                section,
                file if local else "",
            )
        )
    return found


def _read_map(path: Path, data: bytes) -> list[Symbol]:
    return [
        Symbol(
            What.FUNCTION if item.code else What.VARIABLE,
            item.name,
            item.address,
            item.size,
            Access.GLOBAL if item.listed else Access.LOCAL,
            item.section,
            item.file,
        )
        for item in read_map(data.decode("utf-8", errors="replace"), str(path))
    ]
