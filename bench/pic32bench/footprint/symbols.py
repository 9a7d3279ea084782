# SPDX-License-Identifier: MIT
"""Functions and objects of a firmware image: from the symbol table of an ELF, or from the linker's MAP."""

from __future__ import annotations

import functools
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from pic32bench.errors import ImageError
from pic32bench.footprint.budget import Access, What
from pic32bench.footprint.elf import Elf, read_elf
from pic32bench.footprint.linkmap import MAP_SIGN, LinkMap, read_map
from pic32bench.image import ELF_MAGIC
from pic32bench.paths import version


@dataclass(frozen=True)
class Symbol:
    """A function or object. ``size`` in bytes; ``file`` is its object file or source file, if known.

    ``exact``: the size is its own; otherwise the MAP gives the distance to the next name.
    """

    what: What
    name: str
    address: int
    size: int
    access: Access
    section: str
    file: str = ""
    exact: bool = True

    @property
    def end(self) -> int:
        """The address behind its last byte."""
        return self.address + self.size


def read_symbols(image: str | Path) -> tuple[Symbol, ...]:
    """All functions and objects of an ELF or a GNU ld (XC32) MAP, by address.

    A MAP names no local object that shares a section with others, and tells global from local only by the names it
    lists: an ELF is the better source. What a MAP does not name is not in the result.

    Raises:
        ImageError: no such file, neither ELF nor MAP, truncated, or without symbols.
    """
    path = Path(image)
    source = read_elf_or_map(path)
    return symbols_of_elf(source, path) if isinstance(source, Elf) else symbols_of_map(source, path)


def read_elf_or_map(path: Path) -> Elf | LinkMap:
    """Read an image by what it is, whatever its name; once as long as it does not change.

    Raises:
        ImageError: no such file, neither ELF nor MAP, or truncated.
    """
    try:
        return _read(path, version(path))
    except OSError as error:
        raise ImageError(f"{path}: {error.strerror}: expected the firmware's .elf or .map") from None


@functools.lru_cache(maxsize=4)
def _read(path: Path, version: tuple[int, ...]) -> Elf | LinkMap:
    data = path.read_bytes()
    if data.startswith(ELF_MAGIC):
        return read_elf(path)
    if MAP_SIGN in data:
        return read_map(data.decode("utf-8", errors="replace"), str(path))
    raise ImageError(f"{path}: neither an ELF nor a GNU ld MAP: give the firmware's .elf or .map")


def symbols_of_elf(elf: Elf, path: Path) -> tuple[Symbol, ...]:
    """The functions and objects of an ELF, by address; ``path`` is for errors. Raises ImageError if there are none."""
    return _in_order(
        [
            Symbol(
                What.FUNCTION if symbol.is_function else What.VARIABLE,
                symbol.name,
                symbol.address,
                symbol.size,
                Access.LOCAL if symbol.is_local else Access.GLOBAL,
                symbol.section,
                symbol.source,
            )
            for symbol in elf.symbols
        ],
        path,
    )


def symbols_of_map(linkmap: LinkMap, path: Path) -> tuple[Symbol, ...]:
    """The functions and objects that a MAP names, by address; ``path`` is for errors. Raises ImageError if none."""
    return _in_order(
        [
            Symbol(
                What.FUNCTION if item.is_code else What.VARIABLE,
                item.name,
                item.address,
                item.size,
                Access.GLOBAL if item.listed else Access.LOCAL,
                item.piece.section,
                item.piece.file,
                item.exact,
            )
            for item in linkmap.items
        ],
        path,
    )


def bytes_covered(symbols: Iterable[Symbol]) -> int:
    """Bytes of the union of all address ranges: aliases share theirs."""
    total = end = 0
    for symbol in sorted(symbols, key=lambda symbol: symbol.address):
        start = max(symbol.address, end)
        if symbol.end > start:
            total += symbol.end - start
            end = symbol.end
    return total


def _in_order(found: list[Symbol], path: Path) -> tuple[Symbol, ...]:
    if not found:
        raise ImageError(f"{path}: no function or object in its symbols: was it stripped?")
    return tuple(sorted(found, key=lambda symbol: (symbol.address, symbol.name)))
