# SPDX-License-Identifier: MIT
"""What is in RAM, by the symbols of an ELF or MAP: each byte in one object, those without a name too."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pic32bench.footprint.layout import Piece, read_layout
from pic32bench.footprint.names import file_name, readable
from pic32bench.image import PHYSICAL

_KSEG0 = 0x80000000
_APART = 64  # bytes: what lies further apart is not of one object


@dataclass(frozen=True)
class RamObject:
    """An object from ``low`` to ``high``, physical addresses; ``address`` is as its symbol has it.

    What has no name is called by object file and section, as linker scripts do: ``server.o(.bss)``.
    """

    name: str
    address: int
    low: int
    high: int
    section: str = ""
    file: str = ""

    @property
    def size(self) -> int:
        """Bytes."""
        return self.high - self.low

    @property
    def has_name(self) -> bool:
        """Whether a symbol names it."""
        return not self.name.endswith(")")


def ram_objects(path: Path | None, ram_size: int) -> tuple[RamObject, ...]:
    """All objects in RAM, by address, without what is only there for alignment; none without symbols.

    Raises ImageError.
    """
    if path is None:
        return ()
    found = [_object(piece) for piece in read_layout(path).pieces if piece.section.in_ram and not piece.padding]
    inside = [each for each in found if each.high <= ram_size]
    return tuple(sorted(inside, key=lambda each: (each.low, -each.size)))


def _object(piece: Piece) -> RamObject:
    low = piece.address & PHYSICAL
    name = readable(piece.name) or f"{file_name(piece.file)}({piece.where})"
    return RamObject(name, piece.address, low, low + piece.size, piece.where, piece.file)


def nameless(touched: NDArray[np.bool_]) -> Iterator[RamObject]:
    """Stretches of RAM that were stored to, for images without symbols, named by their addresses."""
    places = np.flatnonzero(touched)
    if not len(places):
        return
    begins = np.flatnonzero(np.diff(places, prepend=-_APART) >= _APART)
    ends = [*(begins[1:] - 1), len(places) - 1]
    for low, high in zip(places[begins].tolist(), places[ends].tolist(), strict=True):
        yield RamObject(f"RAM at {low | _KSEG0:08x}", low | _KSEG0, low, high + 1)
