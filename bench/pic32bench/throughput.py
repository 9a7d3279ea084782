# SPDX-License-Identifier: MIT
"""How fast the board's web server and WebSocket server are, on network ``wire``, in the board's own time.

The peer never limits: it has windows of 64 KiB and more, answers at the very time at which a frame has left, and takes
none of the board's time. So what is measured is the firmware, its buffers, and the cable.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from pic32bench import bench, paths
from pic32bench.errors import BenchError
from pic32bench.network.station import LEASED, Station
from pic32bench.network.wire import WireNetwork
from pic32bench.page import fetch
from pic32bench.stream.client import StreamClient

# IEEE 802.3 clause 4.4.2, RFC 791, RFC 9293: a full frame carries 1460 bytes in 1538 byte times.
CABLE_LIMIT = 100.0 * 1460 / 1538
LARGE_ASSET = "megabyte.bin"
ECHO_BYTES = 256 * 1024


@dataclass(frozen=True)
class Throughput:
    """So many bytes of payload in so many virtual seconds, and the frames that they took in each direction."""

    payload: int
    seconds: float
    frames_from_board: int
    frames_to_board: int

    @property
    def megabits_per_second(self) -> float:
        """Payload in Mbit/s; `CABLE_LIMIT` is the most that a cable of 100 Mbit/s carries in one direction."""
        return self.payload * 8 / self.seconds / 1e6


def start_board(board: str = paths.DEFAULT_BOARD, image: Path | None = None) -> bench.Board:
    """A board on network ``wire`` that has an address by DHCP, with the firmware that serves a file of 1 MiB.

    Raises NotBuiltError without it: `make firmware-large`.
    """
    started = bench.start(board, image or paths.large_firmware(), "wire", quantum=0.05)
    try:
        Station(_wire(started), dhcp=True)
        started.console.wait_for_line(f"IP Address: {LEASED}")
        started.station.ping(LEASED)  # both know each other's MAC address now
    except BaseException:
        started.close()
        raise
    return started


def http_throughput(board: bench.Board, path: str = f"/{LARGE_ASSET}") -> Throughput:
    """GETs a file: from the opening of the connection to the file's last byte. Raises BenchError."""
    meter = _Meter(board)
    answer = fetch(f"http://{board.station.board_address()}{path}", station=board.station)
    if answer.status != 200:
        raise BenchError(f"GET {path} was answered with HTTP {answer.status}: expected 200")
    return meter.read(len(answer.body))


def websocket_throughput(board: bench.Board, size: int = ECHO_BYTES) -> Throughput:
    """Sends a binary message and takes in its echo, both at a time; payload is counted in one direction.

    Raises BenchError, also when the echo is another message.
    """
    message = hashlib.shake_128(b"noise").digest(size)
    with StreamClient.of(board) as client:
        meter = _Meter(board)
        client.echo(message, timeout=60)
        return meter.read(size)


class _Meter:
    def __init__(self, board: bench.Board) -> None:
        self._board = board
        self._begin = board.time
        self._frames = len(_wire(board).frames)

    def read(self, payload: int) -> Throughput:
        frames = _wire(self._board).frames[self._frames :]
        sent = sum(frame.from_board for frame in frames)
        return Throughput(payload, self._board.time - self._begin, sent, len(frames) - sent)


def _wire(board: bench.Board) -> WireNetwork:
    assert isinstance(board.network, WireNetwork)
    return board.network
