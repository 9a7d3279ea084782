# SPDX-License-Identifier: MIT
"""A board with an address on network ``wire``, raw bytes to its web server, and a look at lwIP's pools afterwards."""

from __future__ import annotations

import gzip
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest
from stack_memory import StackMemory

from pic32bench import Board, paths
from pic32bench.errors import NotBuiltError
from pic32bench.network.station import LEASED, Connection, Station

PATIENCE = 8.0  # s: until a connection on which nothing goes on is closed; lwIP looks every two seconds
FORGOTTEN = 20.0  # s: until nothing is left of any connection, TIME-WAIT (RFC 9293 3.6.1) of 10 s included


@dataclass(frozen=True)
class Answer:
    """One answer of the web server; ``body`` is as it came."""

    status: int
    fields: dict[str, str]
    body: bytes

    @property
    def text(self) -> str:
        """The body, decompressed if it is gzip."""
        packed = self.fields.get("content-encoding") == "gzip"
        return (gzip.decompress(self.body) if packed else self.body).decode()


class Talk:
    """A connection to the web server: what is sent, what came, and how it ended."""

    def __init__(self, board: Board) -> None:
        self.board = board
        self.connection: Connection = board.station.connect(LEASED, 80)
        self.received = b""
        self.end: str | None = None

    def send(self, data: bytes) -> Talk:
        """Sends bytes, in a segment of their own if nothing is on its way."""
        self.connection.sendall(data)
        return self

    def listen(self, seconds: float = PATIENCE + 4) -> Talk:
        """Takes what comes until the board ends the connection; `end` is then ``closed``, ``reset`` or ``open``."""
        begin = self.board.time
        try:
            while data := self.connection.recv(timeout=max(0.0, begin + seconds - self.board.time)):
                self.received += data
            self.end = "closed"
            self.connection.close()
        except TimeoutError:
            self.end = "open"
        except ConnectionResetError:
            self.end = "reset"
        return self

    def answers(self, *methods: str) -> list[Answer]:
        """What came, as whole answers to requests of these methods; GET behind them."""
        rest, found = self.received, []
        while rest:
            head, _, rest = rest.partition(b"\r\n\r\n")
            line, *lines = head.decode("ascii").split("\r\n")
            version, status, _ = line.split(" ", 2)
            assert version == "HTTP/1.1"
            fields = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
            length = 0 if methods[len(found) : len(found) + 1] == ("HEAD",) else int(fields["content-length"])
            assert len(rest) >= length, f"{len(rest)} of {length} bytes of a body came"
            found.append(Answer(int(status), fields, rest[:length]))
            rest = rest[length:]
        return found

    def close(self) -> None:
        """Ends it from here."""
        self.connection.close()


def lead_to_an_address(board: Board) -> None:
    """Where every test begins."""
    Station(board.network, dhcp=True)
    board.console.wait_for_line(f"IP Address: {LEASED}")


@pytest.fixture(autouse=True)
def built() -> None:
    """Skips, saying so, what needs more than has been built."""
    try:
        paths.everything_built(None)
        paths.station_library()
    except NotBuiltError as error:
        pytest.skip(str(error))


@pytest.fixture
def board(start_board: Callable[..., Board]) -> Iterator[Board]:
    """A board with an address; after the test it must serve its page, and hold nothing of the connections."""
    board = start_board(network="wire", quantum=0.02, at=lead_to_an_address)
    memory = StackMemory(board)
    before = memory.read()
    yield board
    page = Talk(board).send(b"GET / HTTP/1.0\r\nAccept-Encoding: gzip\r\n\r\n").listen()
    (answer,) = page.answers()
    assert (answer.status, "<title>" in answer.text) == (200, True)
    for connection in list(board.station.connections.values()):
        connection.abort()
    board.run_for(FORGOTTEN)
    assert memory.read() == before
    assert "***" not in board.console.text


@pytest.fixture
def talk(board: Board) -> Callable[[], Talk]:
    """Opens connections."""
    return lambda: Talk(board)

