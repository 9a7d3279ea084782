# SPDX-License-Identifier: MIT
"""A WebSocket over a TCP connection of network ``wire``'s station, in virtual time.

The protocol is the websockets library's. What it leaves to chance, keys and masks, is counted here, so that a
connection is the same byte for byte in every run.
"""

from __future__ import annotations

import base64
import contextlib
from collections import deque
from collections.abc import Mapping, Sequence
from typing import Any, Self, TypeVar

from websockets.client import ClientProtocol
from websockets.extensions.permessage_deflate import enable_client_permessage_deflate
from websockets.frames import DATA_OPCODES, CloseCode, Frame, Opcode
from websockets.protocol import CLOSED, CONNECTING, OPEN, SEND_EOF
from websockets.uri import parse_uri

from pic32bench.errors import BenchError, UsageError
from pic32bench.network.stack import State
from pic32bench.network.station import Connection, Station

_T = TypeVar("_T")
_CLOSE_TIMEOUT = 2.0  # virtual seconds
_KEY = base64.b64encode(b"pic32bench wire ").decode()  # RFC 6455 4.1: any 16 bytes
_MASK_STEP = 0x9E3779B1  # odd, so that all 2^32 masks come once (RFC 6455 5.3 asks for unpredictable ones, of browsers)


class StationWebSocket:
    """An open WebSocket, in the words of the websockets library's own client.

    Args:
        connection: an open TCP connection; it is closed with the WebSocket.
        url: the server's.
        timeout: virtual seconds for the handshake.
        headers: header fields of the handshake beside those that RFC 6455 asks for.
        compression: whether to offer permessage-deflate (RFC 7692).

    Raises TimeoutError or the library's InvalidHandshake.
    """

    def __init__(
        self,
        connection: Connection,
        url: str,
        timeout: float,
        headers: Mapping[str, str] | None = None,
        compression: bool = False,
    ) -> None:
        extensions = enable_client_permessage_deflate(None) if compression else None
        self._hold(connection, _Protocol(parse_uri(url), max_size=None, extensions=extensions))
        self._protocol.key = _KEY
        request = self._protocol.connect()
        for name, value in (headers or {}).items():
            request.headers[name] = value
        self._protocol.send_request(request)
        self._exchange()
        end = connection.clock.now + timeout
        while self._protocol.state is not OPEN:
            if self._protocol.handshake_exc is not None:
                raise self._protocol.handshake_exc
            self._take(max(0.0, end - connection.clock.now))

    def _hold(self, connection: Connection, protocol: _Protocol) -> None:
        self._connection = connection
        self._protocol = protocol
        self._messages: deque[str | bytes] = deque()
        self._pongs: deque[bytes] = deque()
        self._parts: list[Frame] = []
        self._rest = b""  # has come, and is no whole frame yet
        self._answered = False  # the head of the server's answer has come

    def freeze(self) -> dict[str, Any]:
        """Its state, as plain data, for a snapshot of the board. Raises UsageError when it is not open."""
        if self._protocol.state is not OPEN:
            raise UsageError("a WebSocket that is about to close cannot be in a snapshot: close it before")
        if self._protocol.extensions:
            raise UsageError("a compressed WebSocket cannot be in a snapshot: close it before")
        return {
            "connection": self._connection.number,
            "masks": self._protocol.masks,
            "messages": [pack(message) for message in self._messages],
            "parts": b"".join(part.serialize(mask=False) for part in self._parts).hex(),
            "rest": self._rest.hex(),
        }

    @classmethod
    def thaw(cls, station: Station, url: str, state: dict[str, Any]) -> Self:
        """The WebSocket that was frozen, on the station that was frozen with it."""
        websocket = cls.__new__(cls)
        protocol = _Protocol(parse_uri(url), max_size=None, state=OPEN)
        protocol.masks = state["masks"]
        websocket._hold(station.connections[state["connection"]], protocol)
        websocket._feed(bytes.fromhex(state["parts"]))
        websocket._messages.extend(unpack(message) for message in state["messages"])
        websocket._rest = bytes.fromhex(state["rest"])
        return websocket

    def send(self, message: str | bytes) -> None:
        """Sends a message. Raises ConnectionClosed."""
        if self._protocol.state is not OPEN:
            self._end()
            raise self._protocol.close_exc
        if isinstance(message, str):
            self._protocol.send_text(message.encode())
        else:
            self._protocol.send_binary(message)
        self._exchange()

    def send_fragments(self, parts: Sequence[bytes], ping: bytes | None = None) -> None:
        """Sends a binary message in fragments, and a ping between the first and the second (RFC 6455 5.4)."""
        for number, part in enumerate(parts):
            send = self._protocol.send_continuation if number else self._protocol.send_binary
            send(part, fin=number == len(parts) - 1)
            if ping is not None and not number:
                self._protocol.send_ping(ping)
        self._exchange()

    def ping(self, data: bytes) -> None:
        """Sends a ping of up to 125 bytes; `pong` waits for the answer."""
        self._protocol.send_ping(data)
        self._exchange()

    def recv(self, timeout: float) -> str | bytes:
        """The next message, within ``timeout`` virtual seconds. Raises TimeoutError or ConnectionClosed."""
        return self._next(self._messages, timeout)

    def pong(self, timeout: float) -> bytes:
        """What the next pong brings, within ``timeout`` virtual seconds. Raises TimeoutError or ConnectionClosed."""
        return self._next(self._pongs, timeout)

    def _next(self, come: deque[_T], timeout: float) -> _T:
        end = self._connection.clock.now + timeout
        while not come:
            if self._protocol.state is CLOSED:
                raise self._protocol.close_exc
            self._take(max(0.0, end - self._connection.clock.now))
        return come.popleft()

    def close(self) -> None:
        """Closes it as RFC 6455 7.1.1 says, and then the TCP connection; of a board that is gone, at once."""
        if self._connection.state is State.CLOSED:
            return
        with contextlib.suppress(BenchError):  # the emulator has died, and that has been said
            if self._protocol.state is OPEN:
                self._protocol.send_close(1000)
                self._exchange()
            self._end()
            self._connection.close()

    def _end(self) -> None:
        """Waits for the end of a connection that is to end."""
        end = self._connection.clock.now + _CLOSE_TIMEOUT
        try:
            while self._protocol.state is not CLOSED:
                self._take(max(0.0, end - self._connection.clock.now))
        except TimeoutError:
            self._protocol.receive_eof()

    def _take(self, timeout: float) -> None:
        """Waits for bytes of the board and takes them in. Raises TimeoutError."""
        try:
            data = self._connection.recv(timeout=timeout)
        except ConnectionResetError:
            data = b""
        if data:
            self._feed(data)
        else:
            self._protocol.receive_data(self._rest)
            self._protocol.receive_eof()
        self._exchange()

    def _feed(self, data: bytes) -> None:
        """Hands bytes to the protocol, frame by frame: what it has of half a frame could be in no snapshot."""
        self._rest += data
        while self._protocol.state is not CLOSED and (length := self._piece()):
            piece, self._rest = self._rest[:length], self._rest[length:]
            self._protocol.receive_data(piece)
        for event in self._protocol.events_received():
            if isinstance(event, Frame) and event.opcode in DATA_OPCODES:
                self._add(event)
            elif isinstance(event, Frame) and event.opcode is Opcode.PONG:
                self._pongs.append(bytes(event.data))

    def _piece(self) -> int:
        """How many of the bytes are the next whole frame or, while it opens, the answer's head; 0: not all of it."""
        data = self._rest
        if self._protocol.state is CONNECTING:
            if self._answered:
                return len(data)  # of an answer that is no 101
            end = data.find(b"\r\n\r\n")
            self._answered = end >= 0
            return end + 4 if self._answered else 0
        if len(data) < 2:
            return 0
        # RFC 6455 5.2; a server does not mask.
        head = {126: 4, 127: 10}.get(data[1] & 0x7F, 2)
        if len(data) < head:
            return 0
        length = head + (data[1] & 0x7F if head == 2 else int.from_bytes(data[2:head], "big"))
        return length if len(data) >= length else 0

    def _add(self, frame: Frame) -> None:
        self._parts.append(frame)
        if not frame.fin:
            return
        data = b"".join(part.data for part in self._parts)
        text = self._parts[0].opcode is Opcode.TEXT
        self._parts.clear()
        try:
            self._messages.append(data.decode() if text else data)
        except UnicodeDecodeError as error:
            self._protocol.fail(CloseCode.INVALID_DATA, f"{error.reason} at position {error.start}")

    def _exchange(self) -> None:
        """Sends what the protocol has to say."""
        for data in self._protocol.data_to_send():
            if data != SEND_EOF:
                with contextlib.suppress(OSError):  # it is over, and the next `recv` says how
                    self._connection.sendall(data)


class _Protocol(ClientProtocol):
    """Counts its masks instead of drawing them."""

    masks = 0

    def send_frame(self, frame: Frame) -> None:
        data = bytearray(frame.serialize(mask=False))
        self.masks += 1
        mask = (self.masks * _MASK_STEP % 2**32).to_bytes(4, "big")
        begin = {126: 4, 127: 10}.get(data[1], 2)
        data[1] |= 0x80
        payload = _masked(bytes(data[begin:]), mask)
        self.writes.append(bytes(data[:begin]) + mask + payload)


def _masked(data: bytes, mask: bytes) -> bytes:
    """RFC 6455 5.3."""
    stretched = (mask * (len(data) // 4 + 1))[: len(data)]
    return (int.from_bytes(data, "big") ^ int.from_bytes(stretched, "big")).to_bytes(len(data), "big")


def pack(message: str | bytes) -> dict[str, str]:
    """A message as plain data."""
    return {"text": message} if isinstance(message, str) else {"binary": message.hex()}


def unpack(data: dict[str, str]) -> str | bytes:
    """What `pack` packed."""
    return data["text"] if "text" in data else bytes.fromhex(data["binary"])
