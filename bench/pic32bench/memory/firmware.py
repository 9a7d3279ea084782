# SPDX-License-Identifier: MIT
"""What the symbols of a firmware say of its memory, from its ELF or its linker's MAP, or nothing without either.

Here are also the names that the linker script gives to addresses, such as the ends of stacks and heaps, which
`pic32bench.footprint` has no use for.
"""

from __future__ import annotations

import contextlib
import functools
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from elftools.elf.elffile import ELFFile

from pic32bench.code_map import symbols_beside
from pic32bench.errors import ImageError
from pic32bench.footprint.budget import What
from pic32bench.footprint.linkmap import MAP_SIGN
from pic32bench.footprint.names import without_clone
from pic32bench.footprint.symbols import Symbol, read_symbols
from pic32bench.image import PHYSICAL
from pic32bench.paths import version

_PLACE = PHYSICAL & ~1  # bit 0 of a function's address says microMIPS
_ELF32_SYM = np.dtype([("name", "<u4"), ("value", "<u4"), ("size", "<u4"), ("kind", "<u2"), ("section", "<u2")])
_MAP_NAME = re.compile(r"^\s+(?:\[?0x)([0-9a-f]{8,16})\]?\s+(?:PROVIDE \()?([A-Za-z_$.][\w$.]*)(?: = .*|,.*)?$", re.M)


@dataclass(frozen=True)
class Firmware:
    """The symbols of a firmware. ``path`` is the file that has them, None when there is none.

    ``symbols`` are functions and objects by address, ``labels`` all names with their values, also absolute ones;
    ``map_text`` is the MAP if it is one.
    """

    path: Path | None
    symbols: tuple[Symbol, ...]
    labels: dict[str, int]
    map_text: str = ""

    @classmethod
    def read(cls, path: Path | None) -> Firmware:
        """Reads an ELF or MAP, once as long as it does not change. Raises ImageError, one line."""
        if path is None:
            return cls(None, (), {})
        return _read(path, version(path) if path.exists() else ())

    @property
    def is_elf(self) -> bool:
        """Whether its symbols have types and its code lines, as far as they were not stripped."""
        return self.path is not None and not self.map_text

    def functions(self, *names: str) -> tuple[Symbol, ...]:
        """All functions with one of these names, whatever the compiler hung on them."""
        return self._named(What.FUNCTION, names)

    def variables(self, *names: str) -> tuple[Symbol, ...]:
        """All objects with one of these names, whatever the compiler hung on them."""
        return self._named(What.VARIABLE, names)

    def _named(self, what: What, names: tuple[str, ...]) -> tuple[Symbol, ...]:
        return tuple(each for each in self.symbols if each.what is what and without_clone(each.name) in names)

    def label(self, *names: str) -> int | None:
        """The value of the first of these names that there is."""
        return next((self.labels[name] for name in names if name in self.labels), None)

    def code(self, functions: Iterable[Symbol]) -> tuple[tuple[int, int], ...]:
        """Where functions begin and end, physical addresses."""
        return tuple(
            (symbol.address & _PLACE, (symbol.address & _PLACE) + symbol.size) for symbol in functions if symbol.size
        )


def symbols_of(image: Path) -> Path | None:
    """Where the symbols of an image are: in itself, or in an ELF or MAP of its name beside it; None: nowhere."""
    for path in (symbols_beside(image), image.with_suffix(".map")):
        with contextlib.suppress(ImageError):  # stripped, or another file of that name
            if path is not None and path.is_file() and Firmware.read(path).symbols:
                return path
    return None


@functools.lru_cache(maxsize=4)
def _read(path: Path, version: tuple[int, ...]) -> Firmware:
    symbols = read_symbols(path)
    data = path.read_bytes()
    if MAP_SIGN in data and not data.startswith(b"\x7fELF"):
        text = data.decode("utf-8", errors="replace")
        found = _MAP_NAME.findall(text)
        # A value that the linker did not take (PROVIDE of a name that there was) comes after the one that it did.
        labels = {name: int(value, 16) & 0xFFFFFFFF for value, name in reversed(found)}
        return Firmware(path, symbols, labels, text)
    with path.open("rb") as stream:
        return Firmware(path, symbols, _labels(ELFFile(stream)))


def _labels(elf: ELFFile) -> dict[str, int]:
    """All names of an ELF with their values; pyelftools takes a second for each 5000."""
    table = elf.get_section_by_name(".symtab")
    names = table.stringtable.data()
    entries = np.frombuffer(table.data(), _ELF32_SYM)
    found: dict[str, int] = {}
    for place, value in entries[["name", "value"]][(entries["name"] != 0) & (entries["section"] != 0)].tolist():
        found.setdefault(names[place : names.index(0, place)].decode(errors="replace"), value)
    return found
