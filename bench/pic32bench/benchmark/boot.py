# SPDX-License-Identifier: MIT
"""How long it takes from nothing to the first line, to an address, and to the stream."""

from __future__ import annotations

import re
import time
from typing import ClassVar

import pic32bench
from pic32bench.benchmark.figures import VIRTUAL, WALL, Subject
from pic32bench.network import WireNetwork
from pic32bench.network.neighbour import is_announcement
from pic32bench.stream.client import StreamClient

ADDRESS_LINE = re.compile(r"IP Address: (?!0\.0\.0\.0)\d+\.\d+\.\d+\.\d+")
TIMEOUT = 30.0  # virtual seconds
FIRST_LINE, DHCP, STREAM, AUTOIP = "first line", "address by DHCP", "first stream frame", "address by AutoIP"


class Boot(Subject):
    """The reference firmware from power-on: no network, QEMU's user network, and a cable with nobody who answers."""

    name = "boot"
    kinds: ClassVar = {
        **{f"{name}, wall": WALL for name in (FIRST_LINE, DHCP, STREAM, AUTOIP)},
        **{f"{name}, virtual": VIRTUAL for name in (FIRST_LINE, DHCP, STREAM, AUTOIP)},
    }

    def sample(self) -> dict[str, float]:
        return {**self._first_line(), **self._address_and_stream(), **self._autoip()}

    def _start(self, network: str) -> pic32bench.Board:
        self._begin = time.perf_counter()
        return pic32bench.start(self.setup.board, self.setup.image, network)

    def _reached(self, name: str, virtual: float) -> dict[str, float]:
        return {f"{name}, wall": time.perf_counter() - self._begin, f"{name}, virtual": virtual}

    def _first_line(self) -> dict[str, float]:
        with self._start("none") as board:
            return self._reached(FIRST_LINE, board.console.wait_for_next_line(TIMEOUT).time)

    def _address_and_stream(self) -> dict[str, float]:
        with self._start("user") as board:
            board.console.wait_for_line(ADDRESS_LINE, TIMEOUT)
            address = self._reached(DHCP, board.time)
            with StreamClient.of(board) as stream:
                stream.start()
                stream.receive()
                return {**address, **self._reached(STREAM, board.time)}

    def _autoip(self) -> dict[str, float]:
        with self._start("wire") as board:
            assert isinstance(board.network, WireNetwork)
            return self._reached(AUTOIP, board.network.receive(is_announcement, TIMEOUT).time)
