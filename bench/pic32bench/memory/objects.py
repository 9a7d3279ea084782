# SPDX-License-Identifier: MIT
"""What is in RAM, by the symbols of an ELF or MAP: each byte in one object, those without a name too."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from pic32bench.footprint.layout import Piece, read_layout
from pic32bench.footprint.names import file_name, readable
from pic32bench.image import PHYSICAL


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
