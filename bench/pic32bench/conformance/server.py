# SPDX-License-Identifier: MIT
"""Who is tested: a WebSocket server on a board of the bench, or one that runs elsewhere."""

from __future__ import annotations

import functools
import re
import threading
import time
from contextlib import suppress
from types import TracebackType
from typing import Any, Protocol, Self
from urllib.parse import urlsplit, urlunsplit

from pic32bench import bench, resume
from pic32bench.bench import Board
from pic32bench.errors import BenchError, UsageError, WaitTimeoutError
from pic32bench.network import UserNetwork
from pic32bench.network.user import HOST, SERVICES
from pic32bench.stream.client import PATH, PORT, StreamClient, StreamConnectError

_BOOT = 60.0  # virtual seconds until the server listens
_AGAIN = 0.5  # virtual seconds between two looks whether it does
_ANSWER = 10.0  # virtual seconds in which a server that lives takes a handshake


class NotListeningError(BenchError):
    """Nothing takes a WebSocket handshake where one is expected."""


class Server(Protocol):
    """A WebSocket server that is tested.

    ``fresh``: nothing was done with it since it was started; who does something says so.
    """

    url: str
    fresh: bool

    def now(self) -> float:
        """Its time, seconds."""

    def wait(self, seconds: float) -> None:
        """Lets so much of its time pass."""

    def restart(self) -> bool:
        """Starts it anew, if that is possible. Raises BenchError."""

    def answers(self) -> bool:
        """Whether it takes a handshake."""


class ServerElsewhere:
    """A server that somebody else started, such as one on a real board. Time is the wall clock's."""

    def __init__(self, url: str) -> None:
        """Raises NotListeningError when it is not there."""
        self.url = url
        self.fresh = False
        address = urlsplit(url)
        resource = urlunsplit(("", "", address.path or "/", address.query, ""))
        try:
            StreamClient(address.hostname or HOST, address.port or 80, resource).connect().close()
        except StreamConnectError as error:
            raise NotListeningError(error.message) from None

    def now(self) -> float:
        return time.monotonic()

    def wait(self, seconds: float) -> None:
        threading.Event().wait(seconds)

    def restart(self) -> bool:
        return False

    def answers(self) -> bool:
        return True  # what could be done about it?


class ServerOnBoard:
    """A server on a board on network ``user``, in the board's own time; a context manager that switches it off.

    Args:
        port: the board's TCP port that it listens on.
        resource: the path of its URL.
        until: what the console says once it listens, a regular expression; without it, somebody connects and looks.
        options: of `pic32bench.start`, without a network.

    Raises what `pic32bench.start` does, and NotListeningError.
    """

    def __init__(self, port: int = PORT, resource: str = PATH, until: str | None = None, **options: Any) -> None:
        self._port, self._resource, self._options = port, resource, options
        self._way = functools.partial(_listens, resource=resource)
        if until is not None:
            self._way = functools.partial(_says, until=until)
        self._snapshots = True
        self._board = self._start()

    def _start(self) -> Board:
        options = {"network": UserNetwork(services={**SERVICES, "ws": self._port}), **self._options}
        if self._snapshots:
            try:
                board = resume.start_at(self._way, **options)
            except UsageError:  # a board that keeps the connection of who looked can be in no snapshot
                self._snapshots = False
                return self._start()
        else:
            board = bench.start(**options)
            try:
                self._way(board)
            except BaseException:
                board.close()
                raise
        board.keep_pace()
        self.url = _url(board, self._resource)
        self.fresh = True
        return board

    def now(self) -> float:
        return self._board.time

    def wait(self, seconds: float) -> None:
        self._board.run_for(seconds)

    def restart(self) -> bool:
        self._board.close()
        self._board = self._start()
        return True

    def answers(self) -> bool:
        with suppress(NotListeningError):
            _listens(self._board, self._resource, _ANSWER)
            return True
        return False

    def close(self) -> None:
        """Switches the board off; safe to call twice."""
        self._board.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _url(board: Board, resource: str) -> str:
    assert isinstance(board.network, UserNetwork)
    return f"ws://{HOST}:{board.network.ports['ws']}{resource}"


def _says(board: Board, until: str) -> None:
    """Lets a board run until its console says something. Raises NotListeningError."""
    try:
        board.console.wait_for_line(re.compile(until, re.MULTILINE), _BOOT, include_unfinished=True)
    except WaitTimeoutError as error:
        raise NotListeningError(error.message, error.details) from None


def _listens(board: Board, resource: str, timeout: float = _BOOT) -> None:
    """Lets a board run until its server takes a handshake. Raises NotListeningError."""
    assert isinstance(board.network, UserNetwork)
    end = board.time + timeout
    patience_wall = 0.25
    while True:
        client = StreamClient(
            HOST, board.network.ports["ws"], resource, now=lambda: board.time, handshake_wall=patience_wall
        )
        try:
            client.connect().close()
            return
        except StreamConnectError as error:
            if board.time >= end:
                raise NotListeningError(
                    f"no WebSocket server on the board's port {board.network.services['ws']} took a handshake in "
                    f"{timeout:g} s (virtual): {error.message.partition(': ')[2]}",
                    board.failure_report(),
                ) from None
        patience_wall = min(2 * patience_wall, 8.0)
        board.run_for(_AGAIN)
