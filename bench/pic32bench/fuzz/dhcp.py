# SPDX-License-Identifier: MIT
"""DHCP: answers to what the board really asks, in each of its states.

A client drops what has not its transaction number, so an input has placeholders where that and the board's MAC address
belong. The board is kept asking: leases are short, and now and then its cable is pulled.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence

from pic32bench.fuzz import packets
from pic32bench.fuzz.mutate import Mutator
from pic32bench.fuzz.packets import BOARD, BOARD_MAC, BROADCAST, IPV4, NETMASK, NOBODY, PEER, UDP
from pic32bench.fuzz.protocol import Delivered, Input, Protocol, groups
from pic32bench.fuzz.subject import Subject
from pic32bench.network.frame import Frame

_XID = b"XID!"  # stands for the board's transaction number
_COOKIE = b"\x63\x82\x53\x63"
_OFFER, _ACK, _NAK = 2, 5, 6
_PORTS = (68).to_bytes(2, "big") + (67).to_bytes(2, "big")
_WAIT, _WAITS = 0.5, 14  # virtual seconds: a link comes up in two, a client looks at its lease every few
_GROUP = 16  # answers to one question
_PULLED = 0.1
_SECOND = (1).to_bytes(4, "big")


def _option(code: int, data: bytes) -> bytes:
    return bytes((code, len(data))) + data


_TYPES = tuple(_option(53, bytes([kind])) for kind in range(1, 9))
_SERVER = _option(54, PEER)
_LEASE = _option(51, _SECOND) + _option(58, _SECOND) + _option(59, (2).to_bytes(4, "big"))
_REST = _option(1, NETMASK) + _option(3, PEER) + _option(6, PEER * 2)


def message(options: bytes, address: bytes = BOARD, op: int = 2, names: bytes = bytes(192)) -> bytes:
    """A DHCP message (RFC 2131) with placeholders; ``names`` are the fields sname and file."""
    head = bytes((op, 1, 6, 0)) + _XID + bytes(4) + NOBODY + address + PEER + NOBODY
    return head + BOARD_MAC.ljust(16, b"\0") + names + _COOKIE + options


class Dhcp(Protocol):
    """Offers, acknowledgements and refusals, with all options that a client looks at."""

    name = "dhcp"
    about = "a DHCP message in answer to one of the board's"
    batch = 64
    replugs = True

    def __init__(self, rng: random.Random) -> None:
        super().__init__(rng)
        tokens = (
            *_TYPES,
            _SERVER,
            _LEASE,
            _REST,
            _option(52, b"\3"),
            b"\xff",
            b"\0",
            _COOKIE,
            _XID,
            BOARD_MAC,
            _option(51, b"\xff" * 4),
        )
        self._mutator = Mutator(rng, tokens, 1400)
        self._xid = bytes(4)
        self._asked = False

    def seeds(self) -> Iterable[Input]:
        for kind in (_OFFER, _ACK, _NAK):
            for lease in (_LEASE, b"", _option(51, b"\xff" * 4), _option(51, bytes(4)) + _option(58, bytes(4))):
                yield (message(_TYPES[kind - 1] + _SERVER + lease + _REST + b"\xff"),)
            yield (message(_TYPES[kind - 1]),)
            yield (message(_TYPES[kind - 1] + _SERVER + bytes(60) + _LEASE + b"\xff"),)
            overloaded = (_LEASE + _REST + b"\xff").ljust(64, b"\0") + (_SERVER + b"\xff").ljust(128, b"\0")
            for where in (1, 2, 3):
                yield (message(_TYPES[kind - 1] + _option(52, bytes([where])) + b"\xff", names=overloaded),)
            yield (message(_TYPES[kind - 1] + _SERVER + _LEASE + _option(43, bytes(255)) * 3 + b"\xff"),)
            for address in (NOBODY, packets.EVERYBODY, bytes((224, 0, 0, 1)), PEER):
                yield (message(_TYPES[kind - 1] + _SERVER + _LEASE + b"\xff", address),)

    def mutate(self, parent: Input, other: Input) -> Input:
        keep = 240 if self.rng.random() < 0.8 else 44 if self.rng.random() < 0.8 else 0
        return (self._mutator.change(parent[0], keep, other[0]),)

    def begin(self, subject: Subject) -> None:
        subject.honest_dhcp(False)
        self._asked = False

    def deliver(self, subject: Subject, inputs: Sequence[Input]) -> list[Delivered]:
        delivered = []
        for group in groups(list(enumerate(inputs)), _GROUP):
            if not self._asked or self.rng.random() < _PULLED:
                self._ask_again(subject)
            for number, given in group:
                payload = given[0].replace(_XID, self._xid).replace(BOARD_MAC, subject.mac)
                datagram = packets.ipv4(UDP, packets.udp(67, 68, payload), to=packets.EVERYBODY)
                delivered.append(Delivered(subject.send(packets.ethernet(IPV4, datagram, BROADCAST)), number))
            self._asked = False
            self._hear(subject.run(0.002))
        return delivered

    def _ask_again(self, subject: Subject) -> None:
        """Waits until the board asks: its next try, the end of a short lease, or what comes of a pulled cable."""
        if self.rng.random() < _PULLED:
            subject.replug()
        for _ in range(_WAITS):
            self._hear(subject.run(_WAIT))
            if self._asked:
                return
        subject.replug()
        for _ in range(_WAITS):
            self._hear(subject.run(_WAIT))
            if self._asked:
                return

    def _hear(self, frames: Iterable[Frame]) -> None:
        """Takes the number of the newest question."""
        asked = [frame.data for frame in frames if frame.data[12:14] == b"\x08\0" and frame.data[34:38] == _PORTS]
        if asked:
            self._asked, self._xid = True, asked[-1][46:50]
