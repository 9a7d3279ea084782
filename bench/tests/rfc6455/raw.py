# SPDX-License-Identifier: MIT
"""A WebSocket client that sends what bytes it likes, and holds every frame of the server against RFC 6455 5.2."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from pic32bench.network.station import Connection
from pic32bench.stream.client import PORT

KEY, ACCEPT = "dGhlIHNhbXBsZSBub25jZQ==", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="  # RFC 6455 1.3
FIELDS = {
    "Host": f"board:{PORT}",
    "Upgrade": "websocket",
    "Connection": "Upgrade",
    "Sec-WebSocket-Key": KEY,
    "Sec-WebSocket-Version": "13",
}
MASK = bytes.fromhex("37fa213d")  # RFC 6455 5.7
PATIENCE = 5.0  # virtual seconds


class Opcode(IntEnum):
    """RFC 6455 5.2."""

    CONTINUATION = 0x0
    TEXT = 0x1
    BINARY = 0x2
    CLOSE = 0x8
    PING = 0x9
    PONG = 0xA


@dataclass(frozen=True)
class Frame:
    """A frame of the server's."""

    opcode: int
    payload: bytes
    fin: bool = True


def request(line: str = "GET /echo HTTP/1.1", more: str = "", **changes: str | None) -> bytes:
    """A request whose fields are FIELDS with ``changes`` (underscores for hyphens, None: left out), then ``more``."""
    fields = {**FIELDS, **{name.replace("_", "-"): value for name, value in changes.items()}}
    lines = [line, *(f"{name}: {value}" for name, value in fields.items() if value is not None)]
    return "\r\n".join(lines).encode() + b"\r\n" + more.encode("latin-1") + b"\r\n"


def masked(payload: bytes, mask: bytes = MASK) -> bytes:
    """RFC 6455 5.3."""
    stretched = (mask * (len(payload) // 4 + 1))[: len(payload)]
    return (int.from_bytes(payload, "big") ^ int.from_bytes(stretched, "big")).to_bytes(len(payload), "big")


def head(opcode: int, length: int, fin: bool = True, form: int | None = None, mask: bytes | None = MASK) -> bytes:
    """A frame's header. ``form``: how many bytes, 0, 2 or 8, write the length besides the seven bits."""
    if form is None:
        form = 0 if length < 126 else 2 if length < 65536 else 8
    short = {0: length, 2: 126, 8: 127}[form]
    first = bytes([(0x80 if fin else 0) | opcode, (0x80 if mask else 0) | short])
    return first + (length.to_bytes(form, "big") if form else b"") + (mask or b"")


def frame(opcode: int, payload: bytes = b"", fin: bool = True, form: int | None = None, mask: bytes = MASK) -> bytes:
    """A client's frame."""
    return head(opcode, len(payload), fin, form, mask) + masked(payload, mask)


class Client:
    """A TCP connection to the WebSocket server. Times are virtual seconds."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self._come = b""

    def open(self, more: bytes = b"") -> Client:
        """Shakes hands, with ``more`` right behind the request."""
        self.send(request() + more)
        answer = self.answer()
        assert answer.startswith("HTTP/1.1 101 "), answer
        return self

    def send(self, *data: bytes) -> None:
        """Sends bytes."""
        self.connection.sendall(b"".join(data))

    def send_slowly(self, data: bytes, step: int = 1) -> None:
        """Sends bytes in segments of ``step`` bytes, each acknowledged before the next."""
        for start in range(0, len(data), step):
            self.connection.sendall(data[start : start + step])
            self.connection.flush()

    def answer(self) -> str:
        """The server's answer to the request: all of its head."""
        while b"\r\n\r\n" not in self._come:
            self._more()
        text, end, self._come = self._come.partition(b"\r\n\r\n")
        return (text + end).decode("ascii")

    def status(self) -> int:
        """The status of a refusal, behind which the server closes."""
        answer = self.answer()
        assert "\r\nContent-Length: 0\r\n" in answer
        self.is_over()
        return int(answer.split()[1])

    def frame(self, timeout: float = PATIENCE) -> Frame:
        """The next frame."""
        self._have(2, timeout)
        first, second = self._come[:2]
        assert not first & 0x70, "RSV1 to RSV3 are 0 without extensions (5.2)"
        assert not second & 0x80, "a server must not mask (5.1)"
        size = {126: 2, 127: 8}.get(second, 0)
        self._have(2 + size, timeout)
        length = int.from_bytes(self._come[2 : 2 + size], "big") if size else second
        assert length >= {0: 0, 2: 126, 8: 65536}[size], "the shortest form of a length is used (5.2)"
        opcode, fin = Opcode(first & 0x0F), bool(first & 0x80)
        if opcode & 8:
            assert (fin, length < 126) == (True, True), "a control frame is short and no fragment (5.5)"
        self._have(2 + size + length, timeout)
        payload, self._come = self._come[2 + size :][:length], self._come[2 + size + length :]
        return Frame(opcode, payload, fin)

    def message(self, control: list[Frame] | None = None) -> Frame:
        """The next message, its fragments put together; control frames between them go to ``control`` (5.4)."""
        parts: list[Frame] = []
        while not parts or not parts[-1].fin:
            come = self.frame()
            if come.opcode & 8:
                assert control is not None, f"{come} was not expected"
                control.append(come)
                continue
            assert (come.opcode == Opcode.CONTINUATION) == bool(parts), "fragments belong together (5.4)"
            parts.append(come)
        return Frame(parts[0].opcode, b"".join(part.payload for part in parts))

    def echoes(self, opcode: int, payload: bytes) -> None:
        """Fails unless the next message is this."""
        come = self.message()
        assert (come.opcode, len(come.payload)) == (opcode, len(payload))
        assert come.payload == payload

    def closes(self, code: int | None) -> None:
        """Fails unless the server's next frame is a Close with this code, and then TCP's end, no reset (7.1.1)."""
        come = self.frame()
        assert come == Frame(Opcode.CLOSE, b"" if code is None else code.to_bytes(2, "big"))
        self.is_over()

    def is_over(self) -> None:
        """Fails unless the server now closes the TCP connection properly, without another byte."""
        assert self._come == b""
        assert self.connection.recv(timeout=PATIENCE) == b""

    def _have(self, length: int, timeout: float = PATIENCE) -> None:
        while len(self._come) < length:
            self._more(timeout)

    def _more(self, timeout: float = PATIENCE) -> None:
        data = self.connection.recv(timeout=timeout)
        assert data, f"the server closed the connection after {self._come!r}"
        self._come += data
