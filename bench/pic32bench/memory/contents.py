# SPDX-License-Identifier: MIT
"""Numbers and strings in the chip's memories, as a run left them."""

from __future__ import annotations

from typing import Protocol

from pic32bench.image import PHYSICAL


class Readable(Protocol):
    """Memories by address in KSEG0 or KSEG1."""

    def read(self, address: int, size: int) -> bytes | None:
        """Bytes, fewer at the end of a memory; None where there is none."""


class Contents:
    """What is in ``memory``; ``ram_size`` is how much of it, from physical address 0, is RAM."""

    def __init__(self, memory: Readable, ram_size: int) -> None:
        self._memory = memory
        self._ram_size = ram_size

    def in_ram(self, address: int) -> bool:
        """Whether an address as the core uses it is one of RAM: through the cached or the uncached segment."""
        return address >> 29 in (4, 5) and address & PHYSICAL < self._ram_size

    def number(self, address: int, size: int) -> int | None:
        """An unsigned number of 1, 2 or 4 bytes."""
        data = self._memory.read(address, size)
        return None if data is None or len(data) != size else int.from_bytes(data, "little")

    def word(self, address: int) -> int | None:
        """A word, by an address that is a multiple of 4."""
        return None if address % 4 else self.number(address, 4)

    def text(self, address: int, most: int = 64) -> str | None:
        """A string of printable ASCII that ends within ``most`` bytes; None when there is none."""
        data, end, _ = (self._memory.read(address, most) or b"").partition(b"\0")
        if not data or not end or not all(0x20 <= byte < 0x7F for byte in data):
            return None
        return data.decode("ascii")
