# SPDX-License-Identifier: MIT
"""The memory of a board that stands still, read in pieces and each piece once."""

from __future__ import annotations

from pic32bench.bench import Board

_PIECE = 256


class BoardMemory:
    """RAM and flash; None where the chip has neither. Raises EmulatorError."""

    def __init__(self, board: Board) -> None:
        self._board = board
        self._pieces: dict[int, bytes | None] = {}

    def _read(self, address: int, size: int) -> bytes | None:
        start = address - address % _PIECE
        if start not in self._pieces:
            self._pieces[start] = self._board.read_memory(start, _PIECE)
        piece = self._pieces[start]
        return None if piece is None else piece[address - start : address - start + size]

    def code(self, address: int) -> bytes | None:
        """Up to 4 bytes of an instruction."""
        first = self._read(address, 4)
        if first is None or len(first) == 4:
            return first
        return first + (self._read(address + len(first), 4 - len(first)) or b"")

    def word(self, address: int) -> int | None:
        """A word, by an address that is a multiple of 4."""
        held = None if address % 4 else self._read(address, 4)
        return None if held is None else int.from_bytes(held, "little")
