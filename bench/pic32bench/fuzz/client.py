# SPDX-License-Identifier: MIT
"""The other end of TCP connections for the fuzzer: it does what it is told, right or wrong, and many at a time."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from pic32bench.fuzz import packets
from pic32bench.fuzz.packets import ACK, FIN, PSH, RST, SYN
from pic32bench.fuzz.subject import Subject
from pic32bench.network.frame import Frame

HTTP_PORT, WEBSOCKET_PORT = 80, 8088
_ISS = 0x10000000
_TURN = 0.0015  # virtual seconds in which a board has answered
_TURNS = 20
HANDSHAKE = (
    b"GET /echo HTTP/1.1\r\nHost: 10.0.2.15:8088\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)
_HELLO = b"\x81\x85\0\0\0\0hello"  # a text frame with an empty masking key, and its echo (RFC 6455 5.2)
_HELLO_BACK = b"\x81\x05hello"


@dataclass
class Client:
    """A connection: ``seq`` is the next byte's to be sent, ``ack`` the next one's that is expected."""

    port: int  # the board's
    own_port: int
    seq: int = _ISS
    ack: int = 0
    open: bool = False  # the handshake is done
    over: bool = False  # it was reset or refused
    finished: bool = False  # the board has sent its FIN
    owed: bool = False  # the board has sent what was not acknowledged yet
    vanished: bool = False  # it says nothing any more, not even that it goes
    acked: int = _ISS  # what the board expects next, as it said last
    received: bytearray = field(default_factory=bytearray)

    def frame(self, flags: int, payload: bytes = b"", window: int = 0xFFFF, options: bytes = b"") -> bytes:
        """The next segment. Whoever sends it counts the bytes by `send` instead."""
        segment = packets.tcp(self.own_port, self.port, self.seq, self.ack, flags, payload, window, options)
        return packets.ethernet(packets.IPV4, packets.ipv4(packets.TCP, segment))

    def send(self, subject: Subject, flags: int, payload: bytes = b"", gap_ns: int | None = None) -> int:
        """Queues the next segment and counts what is in it; returns its time, virtual ns."""
        frame = self.frame(flags, payload)
        at = subject.send(frame) if gap_ns is None else subject.send(frame, gap_ns)
        self.seq = (self.seq + len(payload) + bool(flags & SYN) + bool(flags & FIN)) & 0xFFFFFFFF
        self.owed = False
        return at

    def take(self, segment: packets.Segment) -> None:
        """Looks at a segment of the board's."""
        if segment.flags & ACK:
            self.acked = segment.ack
        if segment.flags & RST:
            self.over = True
        elif segment.flags & SYN:
            self.ack, self.open, self.owed = segment.end, True, True
        elif segment.seq == self.ack and segment.end != segment.seq:
            self.received += segment.payload
            self.ack, self.owed = segment.end, True
            self.finished |= bool(segment.flags & FIN)
        elif segment.end != segment.seq:
            self.owed = True  # again, or out of order: it is told what is expected


def take_in(clients: Iterable[Client], frames: Iterable[Frame]) -> None:
    """Gives each client the segments that are for it."""
    by_port = {client.own_port: client for client in clients}
    for frame in frames:
        if (segment := packets.segment(frame.data)) and (client := by_port.get(segment.peer_port)):
            client.take(segment)


def connect(subject: Subject, ports: Iterable[int], others: Iterable[Client] = ()) -> list[Client]:
    """Connections to ports of the board, those that it has accepted; the last ACK is still owed.

    What it sends to ``others`` meanwhile is taken in as well.
    """
    clients = [Client(port, subject.next_port()) for port in ports]
    for client in clients:
        client.send(subject, SYN)
    take_in([*clients, *others], subject.run(_TURN))
    return [client for client in clients if client.open]


def hang_up(subject: Subject, clients: Iterable[Client]) -> None:
    """Queues a RST for each that is not over; it counts only with just the number that the board expects."""
    for client in clients:
        if client.open and not client.over:
            client.send(subject, RST | ACK)
            if client.acked != client.seq:
                client.seq = client.acked
                client.send(subject, RST | ACK)


def acknowledge(subject: Subject, clients: list[Client], turns: int = _TURNS) -> None:
    """Lets the board say all that it has to say, and acknowledges it."""
    for _ in range(turns):
        owed = [client for client in clients if client.owed and not client.over]
        if not owed:
            return
        for client in owed:
            client.send(subject, ACK)
        take_in(clients, subject.run(_TURN))


def _asks(subject: Subject, port: int, says: bytes) -> Client | None:
    clients = connect(subject, [port])
    if not clients:
        return None
    clients[0].send(subject, ACK)
    clients[0].send(subject, ACK | PSH, says)
    take_in(clients, subject.run(_TURN))
    acknowledge(subject, clients, 2)
    return clients[0]


def serves_http(subject: Subject) -> bool:
    """Whether the board answers an HTTP request."""
    client = _asks(subject, HTTP_PORT, b"GET /nothing-of-this-name HTTP/1.0\r\n\r\n")
    if client is None:
        return False
    hang_up(subject, [client])
    subject.run(_TURN)
    return client.received.startswith(b"HTTP/1.")


def serves_websocket(subject: Subject) -> bool:
    """Whether the board takes a WebSocket client and echoes its message."""
    client = _asks(subject, WEBSOCKET_PORT, HANDSHAKE)
    if client is None:
        return False
    if client.received.startswith(b"HTTP/1.1 101"):
        client.send(subject, ACK | PSH, _HELLO)
        take_in([client], subject.run(_TURN))
    hang_up(subject, [client])
    subject.run(_TURN)
    return _HELLO_BACK in client.received
