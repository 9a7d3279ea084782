# SPDX-License-Identifier: MIT
"""How full the pools, the heap and the tables of the reference firmware are, from the lists in its own memory."""

from __future__ import annotations

from elftools.elf.elffile import ELFFile

from pic32bench import Board
from pic32bench.memory.structures import Structures

# The servers' own tables: the structure of a connection, a function that knows it, and the member that is not 0.
_TABLES = {
    "http": ("http_connection", "http_task", "pcb"),
    "ws_connections": ("websocket_connection", "websocket_server_task", "state"),
}
_RAM = 0x80000000
_BLOCK = 8  # lwIP's struct mem, aligned: next and prev (16 bits each), used


class StackMemory:
    """Reads it from a board, all RAM at a time; where things are is looked up once."""

    def __init__(self, board: Board) -> None:
        self._board = board
        with board.image.path.open("rb") as file:
            table = ELFFile(file).get_section_by_name(".symtab")
            symbols = {symbol.name: symbol.entry for symbol in table.iter_symbols()}
        self._end = max(symbols["_bss_end"].st_value, symbols["_data_end"].st_value)
        self._ram = b""
        self._pools = {
            name.removeprefix("memp_tab_"): symbol.st_value
            for name, symbol in symbols.items()
            if name.startswith("memp_tab_")
        }
        self._heap = (symbols["ram_heap"].st_value + 3) & ~3
        self._heap_size = symbols["ram_heap"].st_size - 3 - 2 * _BLOCK
        self._marks: dict[str, list[tuple[int, int]]] = {}  # of each place in a table: the member's address and size
        structures = Structures(board.image.path)
        for name, (tag, function, member) in _TABLES.items():
            structure = structures.find(tag, symbols[function].st_value)
            assert structure is not None, f"no struct {tag} in the ELF"
            begin, part = symbols[name].st_value, structure.members[member]
            places = range(begin, begin + symbols[name].st_size - structure.size + 1, structure.size)
            self._marks[name] = [(place + part.offset, part.size) for place in places]

    def read(self) -> dict[str, int]:
        """Free elements of each of lwIP's pools, used bytes of its heap, and connections in the servers' tables.

        Pools by their free lists (memp.c: memp_tab_NAME), the heap from block to block (mem.c: ram_heap).
        """
        self._ram = self._board.read_memory(_RAM, self._end - _RAM) or b""
        found = dict.fromkeys(self._pools, 0)
        for name, head in self._pools.items():
            element = self._number(head)
            while element:
                element, found[name] = self._number(element), found[name] + 1
        place = found["heap"] = 0
        while place < self._heap_size:
            following = self._number(self._heap + place, 2)
            if self._number(self._heap + place + 4, 1):
                found["heap"] += following - place
            place = following
        for name, marks in self._marks.items():
            found[name] = sum(self._number(*mark) != 0 for mark in marks)
        return found

    def _number(self, address: int, size: int = 4) -> int:
        return int.from_bytes(self._ram[address - _RAM :][:size], "little")
