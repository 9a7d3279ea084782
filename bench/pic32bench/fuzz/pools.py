# SPDX-License-Identifier: MIT
"""How full the pools and the heap of lwIP are now, read from the RAM of a board that stands still.

Of a pool the list of free elements is counted (memp.c: ``memp_tab_NAME`` begins it), of the heap the blocks in use
(mem.c: ``struct mem``). A firmware without symbols, or without lwIP 2, has none of both, and nothing is said.
"""

from __future__ import annotations

import struct
import tempfile
from pathlib import Path

from pic32bench.bench import Board
from pic32bench.image import PHYSICAL
from pic32bench.memory.firmware import Firmware, symbols_of

_LISTS = "memp_tab_"
_LARGE_HEAP = 64000  # bytes; from there on mem_size_t has 32 bits (mem.h)
_MOST = 65536


class Pools:
    """The pools of a board's firmware, as they are when this is made, to be compared with later."""

    def __init__(self, board: Board) -> None:
        self._board = board
        firmware = Firmware.read(symbols_of(board.image.path))
        self._lists = {
            symbol.name.removeprefix(_LISTS): symbol.address
            for symbol in firmware.symbols
            if symbol.name.startswith(_LISTS)
        }
        self._heap = tuple(firmware.labels.get(name, 0) for name in ("ram", "ram_end")) if self._lists else (0, 0)
        self.at_first = self.now()

    def now(self) -> dict[str, int]:
        """Free elements of each pool, and as ``heap`` the negative number of its blocks in use."""
        if not self._lists:
            return {}
        ram = self._ram()
        found = {name: _free(ram, address) for name, address in sorted(self._lists.items())}
        if all(self._heap):
            found["heap"] = -_used_blocks(ram, *self._heap)
        return found

    def leaks(self) -> str:
        """What is missing now that was there at first; empty when nothing is."""
        now = self.now()
        return ", ".join(
            f"{name}: {there - now[name]} more in use" for name, there in self.at_first.items() if now[name] < there
        )

    def _ram(self) -> bytes:
        region = self._board.description.chip.ram
        with tempfile.TemporaryDirectory(prefix="pic32bench-fuzz-") as folder:
            file = Path(folder) / "ram"
            self._board.emulator.execute("pmemsave", val=region.start, size=region.size, filename=str(file))
            return file.read_bytes()


def _word(ram: bytes, address: int) -> int:
    at = address & PHYSICAL
    return int.from_bytes(ram[at : at + 4], "little")


def _free(ram: bytes, head: int) -> int:
    element, count = _word(ram, head), 0
    while element and count < _MOST:
        element, count = _word(ram, element), count + 1
    return count


def _used_blocks(ram: bytes, first: int, last: int) -> int:
    start, end = _word(ram, first) & PHYSICAL, _word(ram, last) & PHYSICAL
    layout = struct.Struct("<IIB" if end - start > _LARGE_HEAP else "<HHB")
    at, used = start, 0
    while start <= at < end:
        following, _, in_use = layout.unpack_from(ram, at)
        used += in_use
        if start + following <= at:
            break
        at = start + following
    return used
