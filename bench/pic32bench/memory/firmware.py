# SPDX-License-Identifier: MIT
"""What the symbols of a firmware say of its memory, from its ELF or its linker's MAP, or nothing without either.

Here are also the names that the linker script gives to addresses, such as the ends of stacks and heaps, which
`pic32bench.footprint` has no use for.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from elftools.elf.elffile import ELFFile
from elftools.elf.sections import SymbolTableSection

from pic32bench.footprint.budget import What
from pic32bench.footprint.linkmap import MAP_SIGN
from pic32bench.footprint.symbols import Symbol, read_symbols
from pic32bench.image import PHYSICAL

_PLACE = PHYSICAL & ~1  # bit 0 of a function's address says microMIPS
# GCC splits and copies functions (name.part.0, name.constprop.1) and numbers static variables of functions (name.123).
_CLONE = re.compile(r"(\.(part|constprop|isra|cold|lto_priv)\.\d+|\.\d+)+$")
_MAP_NAME = re.compile(r"^\s+(?:\[?0x)([0-9a-f]{8,16})\]?\s+(?:PROVIDE \()?([A-Za-z_$.][\w$.]*)(?: = .*|,.*)?$", re.M)


@dataclass(frozen=True)
class Firmware:
    """The symbols of a firmware. ``path`` is the file that has them, None when there is none.

    ``symbols`` are functions and objects by address, ``labels`` all names with their values, also absolute ones.
    """

    path: Path | None
    symbols: tuple[Symbol, ...]
    labels: dict[str, int]

    @classmethod
    def read(cls, path: Path | None) -> Firmware:
        """Reads an ELF or MAP, once as long as it does not change. Raises ImageError, one line."""
        if path is None:
            return cls(None, (), {})
        return _read(path, path.stat().st_mtime_ns if path.exists() else 0)

    @property
    def is_elf(self) -> bool:
        """Whether its symbols have types and its code lines, as far as they were not stripped."""
        return self.path is not None and self.path.read_bytes()[:4] == b"\x7fELF"

    def functions(self, *names: str) -> tuple[Symbol, ...]:
        """All functions with one of these names, whatever the compiler hung on them."""
        return tuple(symbol for symbol in self.symbols if symbol.what is What.FUNCTION and plain(symbol.name) in names)

    def variables(self, *names: str) -> tuple[Symbol, ...]:
        """All objects with one of these names, whatever the compiler hung on them."""
        return tuple(symbol for symbol in self.symbols if symbol.what is What.VARIABLE and plain(symbol.name) in names)

    def label(self, *names: str) -> int | None:
        """The value of the first of these names that there is."""
        return next((self.labels[name] for name in names if name in self.labels), None)

    def code(self, functions: Iterable[Symbol]) -> tuple[tuple[int, int], ...]:
        """Where functions begin and end, physical addresses."""
        return tuple(
            (symbol.address & _PLACE, (symbol.address & _PLACE) + symbol.size) for symbol in functions if symbol.size
        )


def plain(name: str) -> str:
    """A symbol's name as the source has it."""
    return _CLONE.sub("", name)


@functools.lru_cache(maxsize=4)
def _read(path: Path, version: int) -> Firmware:
    symbols = read_symbols(path)
    data = path.read_bytes()
    if MAP_SIGN in data and not data.startswith(b"\x7fELF"):
        text = data.decode("utf-8", errors="replace")
        found = _MAP_NAME.findall(text)
        # A value that the linker did not take (PROVIDE of a name that there was) comes after the one that it did.
        return Firmware(path, symbols, {name: int(value, 16) & 0xFFFFFFFF for value, name in reversed(found)})
    labels: dict[str, int] = {}
    with path.open("rb") as stream:
        for section in ELFFile(stream).iter_sections():
            if isinstance(section, SymbolTableSection):
                entry: Any
                for entry in section.iter_symbols():
                    if entry.name and entry["st_shndx"] != "SHN_UNDEF":
                        labels.setdefault(entry.name, entry["st_value"])
    return Firmware(path, symbols, labels)
