# SPDX-License-Identifier: MIT
"""Robot keywords for a WebSocket client that decides itself which bytes go into which TCP segment.

A good client library never sends what these suites need: half a frame, two frames at once, no masking key, no closing
frame. Bytes are written in hexadecimal with text in quotes: ``81 05 "hello"``. Needs network ``user``.
"""

from __future__ import annotations

import re
import socket
import struct
from typing import Any
from urllib.parse import urlsplit

from robot.libraries.BuiltIn import BuiltIn

__all__ = [
    "answer_to_handshake",
    "close_politely",
    "connect_raw",
    "disconnect",
    "receive_for",
    "send_bytes",
    "send_frame",
    "send_frames_at_once",
    "shake_hands",
    "should_receive",
    "vanish_with_a_reset",
]

_MASKING_KEY = b"\x11\x22\x33\x44"
# RFC 6455 1.3 has this key and the answer to it.
_KEY, _ACCEPT = "dGhlIHNhbXBsZSBub25jZQ==", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
_PIECE = re.compile(r'"([^"]*)"|([0-9a-fA-F]{2})|(\s+)')
_OPCODES = {"text": 1, "binary": 2, "close": 8, "ping": 9, "pong": 10}
_END = b"<closed>"


def connect_raw() -> socket.socket:
    """Opens a TCP connection to the board's WebSocket port and returns it."""
    address = urlsplit(_board().ws_url)
    client = socket.create_connection((address.hostname, address.port), 10)
    client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return client


def shake_hands(client: socket.socket, path: str = "/echo") -> None:
    """Sends the opening handshake and fails unless the board accepts it."""
    answer = answer_to_handshake(client, path)
    if not answer.startswith("HTTP/1.1 101") or _ACCEPT not in answer:
        raise AssertionError(f"the board did not accept the handshake but answered {answer!r}")


def answer_to_handshake(
    client: socket.socket,
    path: str = "/echo",
    extra: str = "",
    lower_case: bool = False,
    seconds: float = 5.0,
) -> str:
    """Sends an opening handshake with ``extra`` as one more header line; what comes back in so many virtual seconds."""
    fields = {
        "Host": "board",
        "Upgrade": "websocket",
        "Connection": "Upgrade",
        "Sec-WebSocket-Key": _KEY,
        "Sec-WebSocket-Version": "13",
    }
    lines = [f"{name.lower() if lower_case else name}: {value}" for name, value in fields.items()]
    lines += [extra] if extra else []
    client.sendall(f"GET {path} HTTP/1.1\r\n{''.join(line + chr(13) + chr(10) for line in lines)}\r\n".encode())
    return _receive(client, seconds, lambda data: b"\r\n\r\n" in data).decode("latin-1")


def send_frame(client: socket.socket, payload: str | bytes = "", opcode: str = "text") -> None:
    """Sends one masked frame in one piece."""
    client.sendall(_frame(payload, opcode))


def send_frames_at_once(client: socket.socket, *payloads: str) -> None:
    """Sends several text frames in one piece, as a client does that is fast."""
    client.sendall(b"".join(_frame(payload, "text") for payload in payloads))


def send_bytes(client: socket.socket, notation: str) -> None:
    """Sends bytes as they are."""
    client.sendall(_bytes(notation))


def should_receive(client: socket.socket, notation: str, seconds: float = 3.0) -> None:
    """Fails unless these very bytes come within so many virtual seconds; ``<closed>`` is the end of the connection."""
    expected = b"".join(_END if part == "<closed>" else _bytes(part) for part in re.split("(<closed>)", notation))
    received = _receive(client, seconds, lambda data: len(data) >= len(expected))
    if received != expected:
        raise AssertionError(f"received {received!r}, expected {expected!r}")


def receive_for(client: socket.socket, seconds: float) -> bytes:
    """Everything that comes in so many virtual seconds."""
    return _receive(client, seconds, lambda data: False)


def close_politely(client: socket.socket) -> None:
    """The closing handshake, RFC 6455 7.1.2, begun by this side."""
    send_frame(client, struct.pack(">H", 1000), "close")
    _receive(client, 3.0, lambda data: False)
    client.close()


def disconnect(client: socket.socket) -> None:
    """Closes the TCP connection (FIN) without a word of WebSocket, as a browser does that is killed."""
    client.close()


def vanish_with_a_reset(client: socket.socket) -> None:
    """Resets the TCP connection (RST)."""
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.close()


def _board() -> Any:
    library: Any = BuiltIn().get_library_instance("pic32bench.robot.Pic32Bench")
    return library.board


def _frame(payload: str | bytes, opcode: str) -> bytes:
    data = payload.encode() if isinstance(payload, str) else payload
    head = bytes([0x80 | _OPCODES[opcode]])
    head += bytes([0x80 | len(data)]) if len(data) < 126 else struct.pack(">BH", 0x80 | 126, len(data))
    return head + _MASKING_KEY + bytes(byte ^ _MASKING_KEY[i % 4] for i, byte in enumerate(data))


def _bytes(notation: str) -> bytes:
    data, place = b"", 0
    while place < len(notation):
        piece = _PIECE.match(notation, place)
        if piece is None:
            raise ValueError(f"{notation!r}: expected hexadecimal bytes and text in quotes")
        data += piece[1].encode() if piece[1] is not None else bytes.fromhex(piece[2] or "")
        place = piece.end()
    return data


def _receive(client: socket.socket, seconds: float, enough: Any) -> bytes:
    """What comes until it is enough, the connection ends, or so many virtual seconds are over."""
    board = _board()
    data = b""
    client.setblocking(False)

    def look() -> bool | None:
        nonlocal data
        try:
            while piece := client.recv(65536):
                data += piece
        except BlockingIOError:
            return True if enough(data) else None
        except ConnectionResetError:
            pass
        data += _END
        return True

    try:
        board.clock.wait_until(look, seconds)
    finally:
        client.setblocking(True)
    return data
