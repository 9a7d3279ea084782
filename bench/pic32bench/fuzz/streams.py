# SPDX-License-Identifier: MIT
"""HTTP and WebSocket: streams of bytes over TCP connections, in pieces as they might come.

An input is what one client sends, a piece a segment. Several clients are connected at a time, and speak one after the
other. Most of them are gone with a RST as soon as the board has had time to answer, which leaves nothing behind that
would have to be waited for; now and then all is acknowledged that the board has to say.
"""

from __future__ import annotations

import random
import struct
from abc import abstractmethod
from collections.abc import Iterable, Sequence
from typing import ClassVar

from pic32bench.fuzz.client import (
    HANDSHAKE,
    HTTP_PORT,
    WEBSOCKET_PORT,
    Client,
    acknowledge,
    connect,
    hang_up,
    take_in,
)
from pic32bench.fuzz.mutate import Mutator
from pic32bench.fuzz.packets import ACK, FIN, PSH
from pic32bench.fuzz.protocol import Delivered, Input, Protocol
from pic32bench.fuzz.subject import FirmwareError, Subject

_TURN = 0.0015
_TURNS = 3  # of acknowledgements
_PIECE = 1460
_MOST_PIECES = 12
_ALL = 2900  # bytes of an input: about a receive window, as nobody waits for its opening
_PATIENCE, _MOST_PATIENCE = 0.02, 100.0  # virtual seconds until a place is free
_GAP = 150_000  # ns between pieces
_ANSWER_NS = 600_000
_VANISH = 0.0005
_LISTENS = 0.2  # of the turns wait for what the board has to say


class StreamProtocol(Protocol):
    """``at_once`` clients are connected to ``port`` at a time, or as many as the board takes."""

    port: ClassVar[int]
    at_once: ClassVar[int]
    tokens: ClassVar[tuple[bytes, ...]]
    batch = 60

    def __init__(self, rng: random.Random) -> None:
        super().__init__(rng)
        self._mutator = Mutator(rng, self.tokens, _ALL)

    @abstractmethod
    def stream(self, given: Input) -> Sequence[bytes]:
        """The pieces that are sent for an input."""

    def deliver(self, subject: Subject, inputs: Sequence[Input]) -> list[Delivered]:
        delivered: list[Delivered] = []
        waiting = list(enumerate(inputs))
        opened, patience = connect(subject, [self.port] * self.at_once), _PATIENCE
        while waiting:
            served, waiting = waiting[: len(opened)], waiting[len(opened) :]
            listens = self.rng.random() < _LISTENS
            for client, (number, given) in zip(opened, served, strict=False):
                delivered.append(Delivered(self._say(subject, client, given), number))
                if not listens:
                    self._part(subject, client)
            if listens:
                take_in(opened, subject.run(_TURN))
                acknowledge(subject, opened, _TURNS)
                for client in opened:
                    self._part(subject, client)
            if opened:
                patience = _PATIENCE
            else:  # places are taken by clients that have vanished
                if patience > _MOST_PATIENCE:
                    raise FirmwareError(
                        "silence", f"no connection to port {self.port} within {patience:g} s of virtual time"
                    )
                subject.run(patience)
                patience *= 2
            leaving = [client for client in opened if not client.vanished]
            opened = connect(subject, [self.port] * min(self.at_once, len(waiting)), leaving)
            hang_up(subject, leaving)  # also those of which the board has not taken all, or that said goodbye
        return delivered

    def _say(self, subject: Subject, client: Client, given: Input) -> int:
        """Sends an input; the next one begins when the board has had time for this one."""
        at = client.send(subject, ACK)
        for piece in self.stream(given):
            client.send(subject, ACK | PSH, piece[:_PIECE], _GAP)
        subject.at += _ANSWER_NS
        return at

    def _part(self, subject: Subject, client: Client) -> None:
        """Most are gone at once; some say goodbye, and a few never say anything any more."""
        fate = self.rng.random()
        if fate < _VANISH:
            client.vanished = True
        elif fate < 0.1 and not client.over:
            client.send(subject, ACK | FIN)
        else:
            hang_up(subject, [client])

    def _split(self, data: bytes) -> Input:
        """Bytes in a few pieces, now and then in very small ones."""
        rng = self.rng
        if rng.random() < 0.5 or len(data) < 2:
            return (data,)
        cuts = sorted({rng.randrange(1, len(data)) for _ in range(rng.choice((1, 1, 1, 2, 3, _MOST_PIECES - 1)))})
        return tuple(data[low:high] for low, high in zip([0, *cuts], [*cuts, len(data)], strict=True))


class Http(StreamProtocol):
    """Requests: lines, methods, versions, headers, bodies, pipelines."""

    name = "http"
    about = "what a client sends to port 80, in its pieces"
    port = HTTP_PORT
    at_once = 6
    tokens = (
        b"GET ", b"HEAD ", b"POST ", b"PUT ", b" HTTP/1.0", b" HTTP/1.1", b" HTTP/0.9", b"\r\n", b"\r\n\r\n",
        b"\n", b"\r", b"\0", b"/", b"/index.html", b"/../", b"/..%2f", b"%00", b"%2e%2e/", b"?", b"=", b"&",
        b"Connection: keep-alive\r\n", b"Connection: close\r\n", b"Host: ", b"Content-Length: ",
        b"Content-Length: 4294967295\r\n", b"Range: bytes=0-1\r\n", b"Accept-Encoding: gzip\r\n",
        b"Transfer-Encoding: chunked\r\n", b"A" * 64, b"Expect: 100-continue\r\n", b"; ", b"\\",
    )  # fmt: skip

    def seeds(self) -> Iterable[Input]:
        for path in (
            b"/",
            b"/index.html",
            b"/chart/ws_realtime.html",
            b"/none",
            b"/../../etc/passwd",
            b"/?ws=8088&start=no",
            b"/" + b"a" * 1200,
        ):
            for version in (
                b" HTTP/1.1\r\nHost: x\r\n\r\n",
                b" HTTP/1.0\r\n\r\n",
                b"\r\n",
                b" HTTP/1.1\r\nConnection: keep-alive\r\n\r\n",
            ):
                yield (b"GET " + path + version,)
        for method in (b"HEAD", b"POST", b"PUT", b"OPTIONS", b"BREW", b"get"):
            yield (method + b" / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\n", b"abcd")
        request = b"GET /none HTTP/1.1\r\nHost: x\r\nConnection: keep-alive\r\n\r\n"
        yield (request * 3,)
        yield tuple(request[at : at + 7] for at in range(0, len(request), 7))
        yield (b"\r\n\r\n",)
        yield (b"GET / HTTP/1.1\r\n" + b"X-Header: value\r\n" * 90 + b"\r\n",)
        yield (bytes(100),)

    def stream(self, given: Input) -> Sequence[bytes]:
        return given

    def mutate(self, parent: Input, other: Input) -> Input:
        rng = self.rng
        whole = b"".join(parent)
        if rng.random() < 0.9:
            whole = self._mutator.change(whole, 0, b"".join(other))
        return self._split(whole)


_TEXTS = (
    b"", b"hello", "Grüße €".encode(), "\U0001f600".encode(), b"\xc3", b"\xe2\x82", b"\xf0\x9f\x98", b"\xff",
    b"\xc0\xaf", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"StartStream", b"StopStream", b"SetDelay 1",
    b"SetDelay 60000", b"SetDelay 0", b"SetDelay -1", b"SetDelay 99999999999", b"SetDelay", b"SetDelay  5",
    b"startstream", b"x" * 125, b"y" * 126, b"z" * 700,
)  # fmt: skip
_CLOSES = (
    0,
    999,
    1000,
    1001,
    1002,
    1003,
    1004,
    1005,
    1006,
    1007,
    1009,
    1011,
    1014,
    1015,
    1016,
    2999,
    3000,
    4999,
    5000,
    65535,
)
_KEYS = (bytes(4), b"\x37\xfa\x21\x3d", b"\xff" * 4)


def frame(
    opcode: int,
    payload: bytes = b"",
    final: bool = True,
    key: bytes | None = bytes(4),
    reserved: int = 0,
    size: int = 0,
    length: int | None = None,
) -> bytes:
    """A WebSocket frame (RFC 6455 5.2). ``size`` 126 or 127: a longer length than need be; ``length``: a wrong one."""
    claimed = len(payload) if length is None else length
    head = bytes([final << 7 | (reserved & 7) << 4 | (opcode & 15)])
    masked = 0x80 if key is not None else 0
    if size == 127 or claimed > 0xFFFF:
        head += bytes([masked | 127]) + (claimed & (1 << 64) - 1).to_bytes(8, "big")
    elif size == 126 or claimed > 125:
        head += bytes([masked | 126]) + struct.pack(">H", claimed)
    else:
        head += bytes([masked | claimed])
    if key is None:
        return head + payload
    stretched = (key * (len(payload) // 4 + 1))[: len(payload)]
    mixed = int.from_bytes(payload, "big") ^ int.from_bytes(stretched, "big")
    return head + key + mixed.to_bytes(len(payload), "big")


class WebSocket(StreamProtocol):
    """Handshakes, and behind a right one frames of all kinds. An empty first piece stands for the right handshake."""

    name = "websocket"
    about = "a handshake (-: the right one), and what follows it in its pieces"
    port = WEBSOCKET_PORT
    at_once = 6
    may_reset = True  # "reset" is a command
    tokens = (
        b"\x81", b"\x82", b"\x80", b"\x01", b"\x02", b"\0", b"\x88\x82\0\0\0\0\x03\xe8", b"\x89\x80\0\0\0\0",
        b"\x8a\x80\0\0\0\0", b"\xfe\0\x7e", b"\xff" + bytes(6), b"\xfe", b"\xff", *_TEXTS[:16],
    )  # fmt: skip
    words = (
        b"Upgrade: websocket\r\n", b"Connection: Upgrade\r\n", b"Connection: keep-alive, Upgrade\r\n",
        b"Sec-WebSocket-Version: 13\r\n", b"Sec-WebSocket-Version: 8\r\n",
        b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n", b"Sec-WebSocket-Key: x\r\n",
        b"Sec-WebSocket-Protocol: chat, superchat\r\n", b"Sec-WebSocket-Extensions: permessage-deflate\r\n",
        b"Host: \r\n", b"\r\n", b"\n", b":", b" ", b"\t", b",", b"GET ", b"POST ", b"/echo", b"/", b" HTTP/1.1",
        b" HTTP/1.0", b"\0", b"Content-Length: 5\r\n", b"B" * 200,
    )  # fmt: skip

    def __init__(self, rng: random.Random) -> None:
        super().__init__(rng)
        self._word_mutator = Mutator(rng, self.words, 1400)

    def seeds(self) -> Iterable[Input]:
        yield (b"",)
        yield tuple(HANDSHAKE[at : at + 10] for at in range(0, len(HANDSHAKE), 10))
        for old, new in (
            (b"13", b"8"),
            (b"GET", b"POST"),
            (b"HTTP/1.1", b"HTTP/1.0"),
            (b"websocket", b"h2c"),
            (b"/echo", b"/none"),
            (b"=="[:2], b""),
            (b"Upgrade: ", b"UPGRADE:\t"),
            (b"Host", b"X"),
        ):
            yield (HANDSHAKE.replace(old, new),)
        yield (HANDSHAKE[:-2] + b"X-More: " + b"y" * 1000 + b"\r\n\r\n",)
        for opcode in range(16):
            yield (b"", frame(opcode, b"hello"))
            yield (b"", frame(opcode, b"\x03\xe8"))
        for text in _TEXTS:
            yield (b"", frame(1, text))
            yield (b"", frame(1, text, final=False) + frame(9, b"ping") + frame(0, text))
        for code in _CLOSES:
            yield (b"", frame(8, struct.pack(">H", code) + b"bye"))
        yield (b"", frame(8, b"\3"))
        for size, length in ((126, None), (127, None), (127, 1 << 63), (127, 1 << 24), (126, 65535), (0, 3)):
            yield (b"", frame(2, b"abcdef", size=size, length=length))
        yield (b"", frame(1, b"hello", key=None))
        yield (b"", frame(1, b"hello", reserved=4))
        yield (b"", frame(9, b"p" * 126))
        yield (b"", frame(9, b"p", final=False))
        yield (b"", frame(0, b"lost"))
        yield (b"", frame(2, bytes(1400)), bytes(1400))
        hello = frame(1, b"hello", key=_KEYS[1])
        yield (b"", *(hello[at : at + 1] for at in range(len(hello))))

    def stream(self, given: Input) -> Sequence[bytes]:
        return (given[0] or HANDSHAKE, *given[1:])

    def mutate(self, parent: Input, other: Input) -> Input:
        rng = self.rng
        if parent[0] or rng.random() < 0.1:
            whole = b"".join(parent) if parent[0] else HANDSHAKE
            return self._split(self._word_mutator.change(whole, 0, b"".join(other)))
        whole = b"".join(parent[1:])
        fate = rng.random()
        if fate < 0.3:
            whole = b"".join(self._frame() for _ in range(rng.randrange(1, 5)))
        elif fate < 0.5:
            whole = (whole + self._frame()) if rng.random() < 0.5 else self._frame() + whole
        else:
            whole = self._mutator.change(whole, 0, b"".join(other[1:]))
        return (b"", *self._split(whole[:_ALL]))

    def _frame(self) -> bytes:
        """A frame that may be right."""
        rng = self.rng
        opcode = rng.choice((0, 0, 1, 1, 1, 2, 2, 8, 9, 10, rng.randrange(16)))
        payload = rng.choice(_TEXTS)
        if opcode == 8:
            payload = struct.pack(">H", rng.choice(_CLOSES)) + rng.choice(_TEXTS)
        if rng.random() < 0.15:
            payload = rng.randbytes(int(rng.random() ** 3 * 1400))
        if opcode >= 8 and rng.random() < 0.9:
            payload = payload[:125]
        odd = rng.random()
        return frame(
            opcode,
            payload,
            final=rng.random() < (0.97 if opcode >= 8 else 0.6),
            key=None if odd < 0.03 else rng.choice(_KEYS),
            reserved=rng.randrange(8) if odd > 0.97 else 0,
            size=rng.choice((126, 127)) if 0.03 < odd < 0.08 else 0,
            length=rng.choice((0, 1, 125, 126, 65535, 65536, 1 << 31, 1 << 32, 1 << 63)) if 0.08 < odd < 0.12 else None,
        )
