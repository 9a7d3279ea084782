# SPDX-License-Identifier: MIT
"""How much of a cable of 100 Mbit/s the firmware's servers fill, in the board's own time: the same in every run."""

from __future__ import annotations

import time
from typing import ClassVar

from pic32bench import paths, throughput
from pic32bench.benchmark.figures import Kind, Subject
from pic32bench.errors import NotBuiltError

HTTP, ECHO, SHARE, WALL = "HTTP download", "WebSocket echo", "HTTP download / cable", "HTTP download, wall"
_RATE = Kind("Mbit/s", 1, True)


class OnTheWire(Subject):
    """A file of 1 MiB by HTTP and a long echo by WebSocket, over lock-step network ``wire``."""

    name = "throughput"
    kinds: ClassVar = {HTTP: _RATE, SHARE: Kind("%", 1, True), ECHO: _RATE, WALL: Kind("Mbit/s wall", 1, True)}

    def missing(self) -> str | None:
        if self.setup.image is not None:
            return "only the reference firmware has the file that is downloaded"
        try:
            paths.large_firmware()
        except NotBuiltError as error:
            return error.message
        return None

    def sample(self) -> dict[str, float]:
        with throughput.start_board(self.setup.board) as board:
            begin = time.perf_counter()
            http = throughput.http_throughput(board)
            wall = time.perf_counter() - begin
            return {
                HTTP: http.megabits_per_second,
                SHARE: 100 * http.megabits_per_second / throughput.CABLE_LIMIT,
                ECHO: throughput.websocket_throughput(board).megabits_per_second,
                WALL: http.payload * 8 / wall / 1e6,
            }
