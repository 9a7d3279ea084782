# SPDX-License-Identifier: MIT
"""TCP: segments for connections in each state that a server's can be in.

Sequence numbers are relative: an input's are differences from what the board expects, so that it lands in the window.
Its first byte says in which state the connection is that it is for, and whether it is one to the page or the WebSocket.
"""

from __future__ import annotations

import random
import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import IntEnum

from pic32bench.fuzz import packets
from pic32bench.fuzz.client import HANDSHAKE, HTTP_PORT, WEBSOCKET_PORT, Client, hang_up, take_in
from pic32bench.fuzz.mutate import Mutator
from pic32bench.fuzz.packets import ACK, FIN, IPV4, PSH, RST, SYN, TCP, URG
from pic32bench.fuzz.protocol import Delivered, Input, Protocol, groups
from pic32bench.fuzz.subject import Subject

_TURN = 0.0015  # virtual seconds in which the board answers
_EACH = 6  # inputs for a connection
_AT_ONCE = 5  # connections
_MENDED = 0.9
_WEBSOCKET = 8  # of the first byte; below it the state
_HEADER = struct.Struct(">HHIIBBHHH")
_ISS = 0x10000000


class _Way(IntEnum):
    """What a connection has seen before its inputs come."""

    NOTHING = 0  # LISTEN
    SYN = 1  # SYN-RECEIVED
    OPEN = 2  # ESTABLISHED
    FIN = 3  # CLOSE-WAIT, LAST-ACK
    REQUEST = 4  # the board answers and closes: FIN-WAIT-1
    ACKNOWLEDGED = 5  # that was acknowledged: FIN-WAIT-2, TIME-WAIT
    GAP = 6  # data out of order is waiting
    CLOSED_WINDOW = 7  # the board has something to send and may not


@dataclass
class _Connection:
    client: Client
    way: _Way
    inputs: Sequence[tuple[int, Input]]


class Tcp(Protocol):
    """Flags, sequence numbers, windows, options and data."""

    name = "tcp"
    about = "state, then a TCP segment whose sequence numbers are relative"
    batch = 8 * _EACH * _AT_ONCE
    may_reset = True  # a WebSocket client may say so

    def __init__(self, rng: random.Random) -> None:
        super().__init__(rng)
        numbers = tuple(
            value.to_bytes(4, "big", signed=True)
            for value in (-1, 0, 1, 2, 536, 1460, 2919, 2920, 2921, -2920, 0x7FFFFFFF)
        )
        options = (
            b"\x02\x04\x05\xb4",
            b"\x02\x04\0\0",
            b"\x02\x04\0\1",
            b"\x03\x03\x0e",
            b"\x04\x02",
            b"\x08\x0a" + bytes(8),
            b"\x05\x0a" + bytes(8),
            b"\1",
            b"\0",
            b"\x02\0",
            b"\x02\xff",
        )
        self._mutator = Mutator(rng, (*numbers, *options, HANDSHAKE, b"GET / HTTP/1.1\r\n\r\n"), 1461)

    def seeds(self) -> Iterable[Input]:
        for way in _Way:
            for port in (0, _WEBSOCKET):
                for flags in (
                    0,
                    SYN,
                    ACK,
                    SYN | ACK,
                    FIN | ACK,
                    RST,
                    RST | ACK,
                    PSH | ACK,
                    URG | ACK,
                    SYN | FIN,
                    0x3F,
                    0xFF,
                ):
                    yield self._input(way | port, flags)
                yield self._input(way | port, ACK | PSH, payload=b"GET / HTTP/1.1\r\n\r\n")
                yield self._input(way | port, ACK | PSH, seq=100, payload=b"x" * 300)
                yield self._input(way | port, ACK | PSH, seq=-10, payload=b"x" * 30)
                yield self._input(way | port, ACK, window=0)
                yield self._input(way | port, ACK, ack=1000)
                yield self._input(way | port, ACK, ack=-1)
                yield self._input(way | port, SYN, options=b"\x02\x04\x05\xb4\x03\x03\x02\x04\x02\1\1\1")
                yield self._input(way | port, ACK | FIN, seq=50, payload=b"y" * 20)

    @staticmethod
    def _input(
        way: int, flags: int, seq: int = 0, ack: int = 0, window: int = 8192, options: bytes = b"", payload: bytes = b""
    ) -> Input:
        return (bytes([way]) + packets.tcp(0, 0, seq, ack, flags, payload, window, options),)

    def mutate(self, parent: Input, other: Input) -> Input:
        way = parent[0][:1] if self.rng.random() < 0.8 else bytes([self.rng.randrange(16)])
        # The ports are put in when it is delivered.
        return (way + bytes(4) + self._mutator.change(parent[0][5:], 0, other[0][5:]),)

    def deliver(self, subject: Subject, inputs: Sequence[Input]) -> list[Delivered]:
        by_way: dict[int, list[tuple[int, Input]]] = {}
        for number, given in enumerate(inputs):
            by_way.setdefault(given[0][0] % 16 if given[0] else 0, []).append((number, given))
        sets = [(way, group) for way in sorted(by_way) for group in groups(by_way[way], _EACH)]
        delivered: list[Delivered] = []
        for some in groups(sets, _AT_ONCE):
            connections = [
                _Connection(
                    Client(WEBSOCKET_PORT if way & _WEBSOCKET else HTTP_PORT, subject.next_port()), _Way(way % 8), group
                )
                for way, group in some
            ]
            self._lead(subject, connections)
            for connection in connections:
                for number, given in connection.inputs:
                    delivered.append(Delivered(subject.send(self._frame(connection.client, given)), number))
            clients = [connection.client for connection in connections]
            take_in(clients, subject.run(_TURN))
            for client in clients:
                client.seq = client.acked
            hang_up(subject, clients)
        subject.run(_TURN)
        return delivered

    @staticmethod
    def _lead(subject: Subject, connections: list[_Connection]) -> None:
        """Brings each connection to where its inputs belong."""
        clients = [connection.client for connection in connections]
        for connection in connections:
            if connection.way is not _Way.NOTHING:
                connection.client.send(subject, SYN)
        take_in(clients, subject.run(_TURN))
        for connection in connections:
            client, way = connection.client, connection.way
            if not client.open or way is _Way.SYN:
                continue
            client.send(subject, ACK)
            if way is _Way.FIN:
                client.send(subject, ACK | FIN)
            elif way in (_Way.REQUEST, _Way.ACKNOWLEDGED):
                client.send(subject, ACK | PSH, b"GET /none HTTP/1.0\r\n\r\n")
            elif way is _Way.CLOSED_WINDOW:
                subject.send(client.frame(ACK | PSH, b"GET / HTTP/1.1\r\n\r\n", window=0))
                client.seq += len(b"GET / HTTP/1.1\r\n\r\n")
            elif way is _Way.GAP:
                client.seq += 100
                subject.send(client.frame(ACK, b"z" * 200))
                client.seq -= 100
        take_in(clients, subject.run(_TURN))
        for connection in connections:
            if connection.way is _Way.ACKNOWLEDGED and connection.client.open and not connection.client.over:
                connection.client.send(subject, ACK)
        take_in(clients, subject.run(_TURN))

    def _frame(self, client: Client, given: Input) -> bytes:
        data = bytearray(given[0][1:].ljust(_HEADER.size, b"\0"))
        _, _, seq, ack, *_ = _HEADER.unpack_from(data)
        own, port = client.own_port, client.port
        struct.pack_into(">HHII", data, 0, own, port, (seq + client.seq) & 0xFFFFFFFF, (ack + client.ack) & 0xFFFFFFFF)
        packet = bytearray(packets.ipv4(TCP, bytes(data)))
        if not sum(given[0][17:19]):  # a checksum of its own stays, as a wrong one
            packets.mend_ipv4(packet, 0)
        else:
            packet[36:38] = given[0][17:19]
        return packets.ethernet(IPV4, bytes(packet))
