# SPDX-License-Identifier: MIT
"""Client of the board's WebSocket server, ws://HOST:8088/echo.

Time-outs are virtual seconds when the client was given the emulator's clock or is on network ``wire``; there is a
backstop in wall seconds with the former. Else they are wall seconds, as are names ending in ``_wall`` always. When a
message reached the host says nothing about the board's timing: for that see :mod:`pic32bench.stream.rate`.
"""

from __future__ import annotations

import math
import socket
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from types import TracebackType
from typing import Any, NamedTuple, Protocol, Self
from urllib.parse import urlsplit

from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidMessage, InvalidStatus
from websockets.sync.client import connect

from pic32bench.bench import Board
from pic32bench.errors import BenchError, UsageError, WaitTimeoutError
from pic32bench.network import Pc, TapNetwork, WireNetwork
from pic32bench.network.station import Station
from pic32bench.stream.frames import VALUES_PER_FRAME, Message
from pic32bench.stream.station_websocket import StationWebSocket, pack, unpack

PORT = 8088
PATH = "/echo"
START = "StartStream"
STOP = "StopStream"
SET_DELAY = "SetDelay"
RESET = "reset"

_SLICE_WALL = 0.05
_TICK = 1e-9  # what virtual time counts in, seconds
_RETRY = 0.2  # between two attempts to connect, seconds
_HANDSHAKE = 5.0  # virtual seconds on network wire


class StreamConnectError(BenchError):
    """No WebSocket connection could be made."""


class StreamClosedError(BenchError):
    """The WebSocket is not open, or was closed by the board."""


class StreamTimeoutError(WaitTimeoutError):
    """What was waited for did not come in time."""


class Received(NamedTuple):
    """A message and when it reached the host: ``at_wall`` is time.monotonic(), seconds."""

    message: Message
    at_wall: float


class WebSocket(Protocol):
    """What the client wants of a WebSocket, as the websockets library's own client has it."""

    def send(self, message: Message) -> None:
        """Sends a message. Raises ConnectionClosed."""

    def recv(self, timeout: float) -> Message:
        """The next message. Raises TimeoutError or ConnectionClosed."""


class Deadline:
    """An end in virtual time with a backstop in wall time, or, without a clock, in wall time alone.

    With ``lock_step`` virtual time passes by waiting, and needs no backstop.
    """

    def __init__(
        self, seconds: float, now: Callable[[], float] | None, backstop_wall: float, lock_step: bool = False
    ) -> None:
        self._now = now
        self._lock_step = lock_step
        self._seconds = seconds
        self._end = None if now is None else now() + seconds
        # A busy computer may need several wall seconds for a virtual one.
        self._limit_wall = seconds if now is None else backstop_wall + 5 * seconds
        self._end_wall = time.monotonic() + self._limit_wall

    def slice(self) -> float:
        """How long to wait before asking again, in virtual seconds in lock-step, else wall; 0 when the time is over."""
        if self._lock_step and self._end is not None and self._now is not None:
            left = self._end - self._now()
            return left if left >= _TICK else 0.0
        if self._end is not None and self._now is not None and self._now() >= self._end:
            return 0.0
        left = self._end_wall - time.monotonic()
        return max(0.0, min(left, left if self._end is None else _SLICE_WALL))

    def __str__(self) -> str:
        if self._end is None or self._now is None:
            return f"{self._seconds:g} s (wall)"
        if self._now() >= self._end:
            return f"{self._seconds:g} s (virtual)"
        return f"{self._limit_wall:g} s (wall; virtual time is {self._end - self._now():.3g} s short of the time-out)"


class StreamClient:
    """One WebSocket connection to the board.

    Every message that comes in is either the echo of something this client sent and waits for, or
    belongs to the stream. The stream's messages are kept raw, malformed ones too, for the judge.

    Args:
        host, port, path: where the server is; a forwarded port is on 127.0.0.1.
        now: returns the board's virtual time in seconds; None: time-outs are wall seconds.
        backstop_wall: with ``now``, no wait lasts longer than this and five times its virtual seconds.
        handshake_wall: longest wait for TCP connection and handshake.
        station: of network ``wire``, from which to connect to the board's own address; then all time is virtual, and
            ``now`` and ``backstop_wall`` do not count.
        pc: of network ``tap``, from which to connect to the board's own address.
        headers: header fields of the handshake beside those that RFC 6455 asks for.
        compression: whether to offer permessage-deflate (RFC 7692), as browsers do.
    """

    def __init__(
        self,
        host: str = "127.0.0.1",
        port: int = PORT,
        path: str = PATH,
        *,
        now: Callable[[], float] | None = None,
        backstop_wall: float = 30.0,
        handshake_wall: float = 15.0,
        station: Station | None = None,
        pc: Pc | None = None,
        headers: Mapping[str, str] | None = None,
        compression: bool = False,
    ) -> None:
        self.url = f"ws://{host}:{port}{path}"
        self._headers, self._compression = dict(headers or {}), compression
        self._host, self._port, self._path = host, port, path
        self._station, self._pc = station, pc
        self._now = now if station is None else lambda: station.clock.now
        self._backstop_wall = backstop_wall
        self._handshake_wall = handshake_wall
        self._stack = ExitStack()
        self._connection: WebSocket | None = None
        self._stream: deque[Received] = deque()
        self._count = 0
        self._markers = 0
        self._reset_sent = False

    @classmethod
    def of(cls, board: Board, path: str = PATH, timeout: float = 15.0, **options: Any) -> Self:
        """A client of a board, not connected yet, over network ``user``, ``tap`` or ``wire``.

        On ``tap`` and ``wire`` it waits up to ``timeout`` virtual seconds for the board to have an address.
        ``options`` are ``headers`` and ``compression``.

        Raises:
            UsageError: nobody can reach the board on its network.
            WaitTimeoutError: the board has no address.
        """
        if isinstance(board.network, WireNetwork):
            return cls(board.station.board_address(timeout), path=path, station=board.station, **options)
        if isinstance(board.network, TapNetwork):
            found, pc = board.network.board_address(timeout), board.network.pc
            return cls(found, path=path, now=lambda: board.time, pc=pc, **options)
        address = urlsplit(board.ws_url)
        assert address.hostname is not None
        assert address.port is not None
        return cls(address.hostname, address.port, path, now=lambda: board.time, **options)

    # Snapshots

    def freeze(self) -> dict[str, Any]:
        """Its state, as plain data, for a snapshot of a board on network ``wire``; it stays open.

        Raises:
            UsageError: it is not open, or it is a connection of this computer, which can be in no snapshot.
        """
        if not isinstance(self._connection, StationWebSocket):
            raise UsageError(f"{self.url}: only an open stream on network wire can be in a snapshot")
        return {
            "host": self._host,
            "port": self._port,
            "path": self._path,
            "websocket": self._connection.freeze(),
            "stream": [pack(received.message) for received in self._stream],
            "count": self._count,
            "markers": self._markers,
            "reset_sent": self._reset_sent,
        }

    @classmethod
    def thaw(cls, board: Board, state: dict[str, Any]) -> Self:
        """The client that was frozen, of a board from the snapshot that was taken then."""
        client = cls(state["host"], state["port"], state["path"], station=board.station)
        client._connection = websocket = StationWebSocket.thaw(board.station, client.url, state["websocket"])
        client._stack.callback(websocket.close)
        client._stream.extend(Received(unpack(message), time.monotonic()) for message in state["stream"])
        client._count, client._markers, client._reset_sent = state["count"], state["markers"], state["reset_sent"]
        return client

    # Connection

    def connect(self, patience: float = 0.0) -> Self:
        """Open the WebSocket; when refused, keep trying for ``patience`` seconds.

        Raises:
            StreamConnectError: refused, closed, answered with an HTTP error such as 404, or no
            answer in time.
        """
        if self._connection is not None:
            raise UsageError(f"{self.url} is already open: close it before connecting again")
        deadline = self._deadline(patience)
        while True:
            try:
                if self._station is None:
                    self._connection = self._connect_from_here()
                else:
                    self._connection = self._connect_from(self._station)
                break
            except StreamConnectError:
                left = deadline.slice()
                if left <= 0:
                    raise
                self._pause(min(left, _RETRY))
        self._stream.clear()
        self._count = 0
        self._reset_sent = False
        return self

    def _pause(self, seconds: float) -> None:
        if self._station is None:
            threading.Event().wait(seconds)
        else:
            self._station.clock.run_for(seconds)

    def _connect_from(self, station: Station) -> WebSocket:
        limit = f"{_HANDSHAKE:g} s (virtual)"
        try:
            raw = station.connect(self._host, self._port, _HANDSHAKE)
        except TimeoutError:
            raise self._no_answer(limit) from None
        except OSError as error:
            raise self._refused(error) from None
        with self._handshake(raw.abort, limit):
            websocket = StationWebSocket(raw, self.url, _HANDSHAKE, self._headers, self._compression)
        self._stack.callback(websocket.close)
        return websocket

    def _connect_from_here(self) -> WebSocket:
        limit = f"{self._handshake_wall:g} s (wall)"
        try:
            open_connection = _from_this_computer if self._pc is None else self._pc.connect
            raw = open_connection(self._host, self._port, self._handshake_wall)
        except TimeoutError:
            raise self._no_answer(limit) from None
        except OSError as error:
            raise self._refused(error) from None
        with self._handshake(raw.close, limit):
            return self._stack.enter_context(
                connect(
                    self.url,
                    sock=raw,
                    compression="deflate" if self._compression else None,
                    additional_headers=self._headers,
                    proxy=None,
                    open_timeout=self._handshake_wall,
                    ping_interval=None,  # a board that stands still in virtual time is not gone
                    close_timeout=2,
                    max_size=None,
                    max_queue=None,  # always drained: a slow suite must not throttle the board
                )
            )

    def _no_answer(self, limit: str) -> StreamConnectError:
        return StreamConnectError(f"{self.url}: no TCP connection within {limit}: is the cable in and the board up?")

    def _refused(self, error: OSError) -> StreamConnectError:
        return StreamConnectError(
            f"{self.url}: {error.strerror or error}: is the board up and its WebSocket server listening?"
        )

    @contextmanager
    def _handshake(self, give_up: Callable[[], None], limit: str) -> Iterator[None]:
        """Says in one line why a handshake failed."""
        try:
            yield
            return
        except InvalidStatus as error:
            why = f"answered HTTP {error.response.status_code}, not 101"
        except TimeoutError:
            why = f"no answer to the handshake within {limit}"
        except (InvalidMessage, EOFError, OSError, ConnectionClosed):
            why = "connection closed before the handshake: does the WebSocket server listen?"
        except InvalidHandshake as error:
            why = f"wrong handshake: {error}"
        give_up()
        raise StreamConnectError(f"{self.url}: {why}")

    @property
    def path(self) -> str:
        """Of the URL."""
        return self._path

    @property
    def of_this_computer(self) -> bool:
        """Whether the connection is a socket of this computer, and not of network ``wire``."""
        return self._station is None

    @property
    def connected(self) -> bool:
        """Whether the WebSocket was opened and not closed from here."""
        return self._connection is not None

    def close(self) -> None:
        """Close the WebSocket; does nothing when it is closed."""
        self._connection = None
        self._stack.close()

    def __enter__(self) -> Self:
        return self if self.connected else self.connect()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # Commands

    def start(self, timeout: float = 10.0) -> None:
        """Send StartStream and wait for its echo."""
        self.echo(START, timeout)

    def stop(self, timeout: float = 10.0) -> None:
        """Send StopStream and wait for its echo."""
        self.echo(STOP, timeout)

    def set_delay(self, milliseconds: int, timeout: float = 10.0) -> None:
        """Send SetDelay, the time between frames, and wait for its echo."""
        if milliseconds < 0:
            raise UsageError(f"SetDelay takes milliseconds from 0 on, got {milliseconds}")
        self.echo(f"{SET_DELAY} {milliseconds}", timeout)

    def reset(self, timeout: float = 10.0) -> None:
        """Send reset and wait for its echo; the board restarts one second later, this connection is
        then dead.
        """
        self._reset_sent = True
        self.echo(RESET, timeout)

    def echo(self, message: Message, timeout: float = 10.0) -> Message:
        """Send a text (str) or binary (bytes) message and return its echo; stream messages before
        it are kept.

        Raises:
            StreamTimeoutError: the same message did not come back in time.
            StreamClosedError: the connection is or was closed.
        """
        deadline = self._deadline(timeout)
        self.send(message)
        passed = 0
        while (received := self._receive(deadline)) is not None:
            if type(received.message) is type(message) and received.message == message:
                return received.message
            self._stream.append(received)
            passed += 1
        raise self._late(
            f"no echo of {_short(message)} within {deadline}; {passed} other message(s) came "
            f"meanwhile" + (f", the last {_short(self._stream[-1].message)}" if passed else "")
        )

    def send(self, message: Message) -> None:
        """Send a text (str) or binary (bytes) message; its echo will be taken for part of the
        stream.
        """
        connection = self._open()
        try:
            connection.send(message)
        except ConnectionClosed as error:
            raise self._closed(error) from None

    # The stream

    def receive(self, timeout: float = 10.0) -> Received:
        """The stream's next message. Raises StreamTimeoutError or StreamClosedError."""
        return self._collect(1, timeout)[0]

    def collect(self, *, frames: int | None = None, values: int | None = None, timeout: float = 30.0) -> list[Message]:
        """The stream's next messages: ``frames`` of them, or as many as ``values`` values need.

        Raises:
            UsageError: neither or both were given.
            StreamTimeoutError, StreamClosedError: fewer came.
        """
        if (frames is None) == (values is None):
            raise UsageError("collect: give either frames or values")
        count = frames if frames is not None else math.ceil((values or 0) / VALUES_PER_FRAME)
        return [received.message for received in self._collect(count, timeout)]

    def listen(self, duration: float) -> list[Message]:
        """Whatever of the stream comes within ``duration`` seconds; kept messages first. Silence is
        an empty list.
        """
        deadline = self._deadline(duration)
        while (received := self._receive(deadline)) is not None:
            self._stream.append(received)
        return self.drain()

    def drain(self) -> list[Message]:
        """Take what has come of the stream so far, without waiting, so that what follows is new."""
        at_once = Deadline(0.0, None, 0.0)
        while (received := self._receive(at_once)) is not None:
            self._stream.append(received)
        taken = [received.message for received in self._stream]
        self._stream.clear()
        return taken

    def catch_up(self, timeout: float = 10.0) -> list[Message]:
        """Take everything that the board sent of the stream before now, however late it comes.

        A marker is sent and its echo waited for: the board answers in order, so what comes after the echo was made
        after this call began. No waiting by the clock can promise that.

        Raises:
            StreamTimeoutError, StreamClosedError: the marker did not come back.
        """
        self._markers += 1
        self.echo(f"catch up {self._markers}", timeout)
        return self.drain()

    def _collect(self, count: int, timeout: float) -> list[Received]:
        deadline = self._deadline(timeout)
        while len(self._stream) < count:
            received = self._receive(deadline)
            if received is None:
                last = f", the last {_short(self._stream[-1].message)}" if self._stream else ""
                raise self._late(f"{len(self._stream)} of {count} stream messages within {deadline}{last}")
            self._stream.append(received)
        return [self._stream.popleft() for _ in range(count)]

    # One message

    def _deadline(self, seconds: float) -> Deadline:
        return Deadline(seconds, self._now, self._backstop_wall, self._station is not None)

    def _open(self) -> WebSocket:
        if self._connection is None:
            raise StreamClosedError(f"{self.url} is not open: connect first")
        return self._connection

    def _receive(self, deadline: Deadline) -> Received | None:
        """The next message of any kind, None when the time is over."""
        connection = self._open()
        while True:
            wait = deadline.slice()
            try:
                message = connection.recv(wait)
            except TimeoutError:
                if wait <= 0:
                    return None
            except ConnectionClosed as error:
                raise self._closed(error) from None
            else:
                self._count += 1
                return Received(message, time.monotonic())

    def _after_reset(self) -> str:
        return " (the reset command had been sent: connect again)" if self._reset_sent else ""

    def _late(self, what: str) -> StreamTimeoutError:
        return StreamTimeoutError(f"{self.url}: {what}{self._after_reset()}")

    def _closed(self, error: ConnectionClosed) -> StreamClosedError:
        frame = error.rcvd
        how = (
            "the connection broke without a close frame" if frame is None else f"the board closed it, code {frame.code}"
        )
        return StreamClosedError(f"{self.url}: {how}, after {self._count} message(s){self._after_reset()}")


def _from_this_computer(host: str, port: int, timeout_wall: float) -> socket.socket:
    return socket.create_connection((host, port), timeout_wall)


def _short(message: Message) -> str:
    shown = repr(message[:60])
    return shown if len(message) <= 60 else f"{shown}... ({len(message)} long)"
