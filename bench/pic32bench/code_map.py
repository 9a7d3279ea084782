# SPDX-License-Identifier: MIT
"""Where in a firmware's source an address is: the function, and file and line when the ELF has them (DWARF)."""

from __future__ import annotations

import bisect
import contextlib
import functools
import struct
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from elftools.common.exceptions import DWARFError, ELFError
from elftools.construct import ConstructError
from elftools.elf.constants import SH_FLAGS
from elftools.elf.elffile import ELFFile

from pic32bench.errors import ImageError
from pic32bench.footprint.budget import What
from pic32bench.footprint.symbols import Symbol, read_symbols
from pic32bench.image import ELF_MAGIC, PHYSICAL, load_hex

_PLACE = PHYSICAL & ~1  # bit 0 of a function's address says microMIPS


@dataclass(frozen=True)
class Place:
    """A place in the source; what is not known is empty."""

    function: str = ""
    file: str = ""
    line: int = 0

    def __str__(self) -> str:
        where = f"{Path(self.file).name}:{self.line}" if self.line else Path(self.file).name
        return f"{self.function} ({where})" if self.function and where else self.function or where


class CodeMap:
    """The functions and lines of a firmware, from its ELF or its linker's MAP; ``path`` None: nothing is known.

    Raises ImageError, one line, for a file without symbols.
    """

    def __init__(self, path: Path | None) -> None:
        self.path = path
        self._functions: list[Symbol] = []
        self._lines: _Lines | None = None
        if path is None:
            return
        functions = (symbol for symbol in read_symbols(path) if symbol.what is What.FUNCTION)
        self._functions = sorted(functions, key=lambda symbol: symbol.address & _PLACE)
        self._starts = [symbol.address & _PLACE for symbol in self._functions]
        if _is_elf(path):
            self._lines = _Lines(path)

    def find(self, address: int) -> Place:
        """The place of an instruction."""
        place = address & _PLACE
        function = self._function(place)
        file, line = self._lines.find(place) if self._lines else ("", 0)
        return Place(function.name if function else "", file or (function.file if function else ""), line)

    def start(self, address: int) -> int | None:
        """The first instruction of the function that an address is in, in the segment of that address."""
        function = self._function(address & _PLACE)
        return None if function is None else (address & ~PHYSICAL) | (function.address & _PLACE)

    def _function(self, place: int) -> Symbol | None:
        index = bisect.bisect_right(self._starts, place) - 1 if self._functions else -1
        if index < 0:
            return None
        found = self._functions[index]
        # Assembly code often has no size: then it reaches to the next function.
        return found if not found.size or place < self._starts[index] + found.size else None


class _Lines:
    """The line table of an ELF, read one compilation unit at a time, as it is asked for."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("rb")
        self._units: dict[int, list[tuple[int, str, int]]] = {}
        self._ranges: list[tuple[int, int, int]] = []
        try:
            elf: Any = ELFFile(self._file)
            self._dwarf: Any = elf.get_dwarf_info() if elf.has_dwarf_info() else None
            ranges = self._dwarf.get_aranges() if self._dwarf else None
            for entry in ranges.entries if ranges else ():
                begin = entry.begin_addr & _PLACE
                self._ranges.append((begin, begin + entry.length, entry.info_offset))
        except (ELFError, DWARFError, ConstructError, struct.error, ValueError, KeyError):
            self._ranges = []  # lines are an extra: a table that cannot be read is as good as none

    def find(self, place: int) -> tuple[str, int]:
        for begin, end, unit in self._ranges:
            if begin <= place < end:
                return self._in_unit(unit, place)
        return "", 0

    def _in_unit(self, offset: int, place: int) -> tuple[str, int]:
        if offset not in self._units:
            try:
                self._units[offset] = self._read(offset)
            except (ELFError, DWARFError, ConstructError, struct.error, ValueError, KeyError, IndexError):
                self._units[offset] = []
        rows = self._units[offset]
        index = bisect.bisect_right(rows, place, key=lambda row: row[0]) - 1
        return rows[index][1:] if index >= 0 else ("", 0)

    def _read(self, offset: int) -> list[tuple[int, str, int]]:
        unit = self._dwarf.get_CU_at(offset)
        program = self._dwarf.line_program_for_CU(unit)
        files = program["file_entry"] if program else []
        first = 0 if program and program["version"] >= 5 else 1
        rows = []
        for entry in program.get_entries() if program else ():
            state = entry.state
            if state is None or state.end_sequence:
                continue
            name = files[state.file - first].name.decode(errors="replace")
            rows.append((state.address & _PLACE, name, state.line))
        return sorted(rows, key=lambda row: row[0])


def symbols_beside(image: Path) -> Path | None:
    """Where the symbols of an image are: in itself when it is an ELF, else in an ELF or MAP of the same name beside.

    An ELF whose code is not that of the image is of another build and passed over; so is the MAP beside it.
    """
    if _is_elf(image):
        return image
    elf, linkmap = _beside(image)
    if elf.is_file() and _is_elf(elf):
        return elf if _same_code(elf, image) else None
    return linkmap if linkmap.is_file() else None


def _is_elf(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(len(ELF_MAGIC)) == ELF_MAGIC


def _same_code(elf: Path, image: Path) -> bool:
    """Whether all code of the ELF is in the HEX."""
    try:
        words = load_hex(image)
        held = {start & PHYSICAL: words.tobinstr(start, end - 1) for start, end in words.segments()}
        with elf.open("rb") as file:
            for section in ELFFile(file).iter_sections():
                is_code = section["sh_flags"] & SH_FLAGS.SHF_EXECINSTR and section["sh_type"] == "SHT_PROGBITS"
                if is_code and not _holds(held, section["sh_addr"] & PHYSICAL, section.data()):
                    return False
    except (ELFError, ValueError, ImageError):
        return False
    return True


def _holds(held: dict[int, bytes], address: int, data: bytes) -> bool:
    for start, content in held.items():
        offset = address - start
        if 0 <= offset < len(content):
            return content[offset : offset + len(data)] == data
    return not data


def code_maps(images: Iterable[Path], symbols: str | Path | None = None) -> list[CodeMap]:
    """The code maps of images, from ``symbols`` and from what lies beside each.

    Raises ImageError when ``symbols`` is given and has none; what merely lies beside and has none is passed over.
    """
    maps = [] if symbols is None else [CodeMap(Path(symbols))]
    for image in images:
        with contextlib.suppress(ImageError):
            maps.append(_map_beside(image, tuple(map(_version, (image, *_beside(image))))))
    return maps


@functools.lru_cache(maxsize=4)
def _map_beside(image: Path, versions: tuple[int, ...]) -> CodeMap:
    """Read once, as a suite asks at the end of each board's life; ``versions`` tells another build."""
    return CodeMap(symbols_beside(image))


def _beside(image: Path) -> tuple[Path, Path]:
    return image.with_suffix(".elf"), image.with_suffix(".map")


def _version(path: Path) -> int:
    return path.stat().st_mtime_ns if path.exists() else 0


def find(maps: Iterable[CodeMap], address: int) -> Place:
    """The place of an instruction in the first map that knows it."""
    places = (code.find(address) for code in maps)
    return next((place for place in places if str(place)), Place())
