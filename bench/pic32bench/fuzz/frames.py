# SPDX-License-Identifier: MIT
"""Protocols of which an input is one frame: Ethernet, ARP, IP with ICMP, UDP, and the NetBIOS name service."""

from __future__ import annotations

import random
from abc import abstractmethod
from collections.abc import Iterable, Sequence
from typing import ClassVar

from pic32bench.fuzz import packets
from pic32bench.fuzz.mutate import Mutator
from pic32bench.fuzz.packets import ARP, BOARD, BOARD_MAC, BROADCAST, ETHERNET_HEADER, ICMP, IPV4, PEER, TCP, UDP
from pic32bench.fuzz.protocol import Delivered, Input, Protocol
from pic32bench.fuzz.subject import Subject

_IP_END = ETHERNET_HEADER + packets.IP_HEADER
_UDP_END = _IP_END + 8
_NETBIOS = 137
_MENDED = 0.85  # of the inputs have right checksums, else little would get past them


class FrameProtocol(Protocol):
    """``keep`` bytes of a frame are changed rarely, ``longest`` is how long one gets."""

    keep: ClassVar[int] = 0
    longest: ClassVar[int] = packets.LONGEST
    tokens: ClassVar[tuple[bytes, ...]] = ()
    spared = 0.95  # of the inputs keep those bytes

    def __init__(self, rng: random.Random) -> None:
        super().__init__(rng)
        self._mutator = Mutator(rng, self.tokens, self.longest)

    def seeds(self) -> Iterable[Input]:
        return [(frame,) for frame in self.frames()]

    @abstractmethod
    def frames(self) -> Iterable[bytes]:
        """The frames to begin with."""

    def mutate(self, parent: Input, other: Input) -> Input:
        keep = self.keep if self.rng.random() < self.spared else 0
        frame = bytearray(self._mutator.change(parent[0], keep, other[0]))
        if frame[12:14] == b"\x08\0" and self.rng.random() < _MENDED:
            packets.mend_ipv4(frame, ETHERNET_HEADER, self.rng.random() < _MENDED)
        return (bytes(frame), *parent[1:])

    def deliver(self, subject: Subject, inputs: Sequence[Input]) -> list[Delivered]:
        delivered = [
            Delivered(subject.send(given[0] or b"\0", fcs=given[1] if len(given) > 1 else b""), number)
            for number, given in enumerate(inputs)
        ]
        subject.run(0.002)
        return delivered


class Ethernet(FrameProtocol):
    """Frames of any length and type, VLAN tags, wrong checks."""

    name = "ethernet"
    about = "a frame of any length, type and FCS"
    keep = 6
    spared = 0.8
    longest = 1600
    tokens = (BOARD_MAC, BROADCAST, b"\x08\0", b"\x08\x06", b"\x81\0", b"\x81\0\0\x01\x08\0", b"\x88\xa8", b"\x86\xdd")

    def frames(self) -> Iterable[bytes]:
        echo = packets.ipv4(ICMP, bytes((8, 0, 0, 0, 0, 1, 0, 1)) + b"abcdefgh")
        asked = packets.arp(1, PEER, BOARD)
        for to in (BOARD_MAC, BROADCAST, bytes.fromhex("01005e0000fb"), packets.PEER_MAC):
            yield packets.ethernet(IPV4, echo, to)
        yield packets.ethernet(ARP, asked, BROADCAST)
        yield packets.ethernet(0x8100, b"\0\x01\x08\0" + echo)
        yield packets.ethernet(0x8100, b"\0\x01\x08\x06" + asked, BROADCAST)
        yield packets.ethernet(0x88A8, b"\0\x01\x81\0\0\x02\x08\0" + echo)
        for kind in (0, 46, 0x05DC, 0x0600, 0x8035, 0x86DD, 0x8808, 0x8863, 0x8864, 0x88CC, 0xFFFF):
            yield packets.ethernet(kind, bytes(46))
        yield packets.ethernet(IPV4, b"")
        for length in (1500, 1504, 1518, 1586):
            yield packets.ethernet(0x0800, bytes(length))

    def seeds(self) -> Iterable[Input]:
        yield from super().seeds()
        yield (packets.ethernet(ARP, packets.arp(1, PEER, BOARD), BROADCAST), b"\0\0\0\0")

    def mutate(self, parent: Input, other: Input) -> Input:
        frame, *fcs = super().mutate(parent, other)
        if self.rng.random() < 0.03:
            fcs = [] if fcs else [self.rng.randbytes(4)]
        return (frame, *fcs)


class Arp(FrameProtocol):
    """Requests, replies, probes and announcements."""

    name = "arp"
    about = "an ARP frame"
    keep = ETHERNET_HEADER
    longest = 128
    tokens = (BOARD, PEER, bytes(4), b"\xff" * 4, bytes(6), BROADCAST, BOARD_MAC, packets.PEER_MAC, b"\0\1", b"\0\2")

    def frames(self) -> Iterable[bytes]:
        other = bytes((10, 0, 2, 77))
        for operation in (1, 2, 3, 8, 9, 0xFFFF):
            for source in (PEER, BOARD, packets.NOBODY, other):
                for target in (BOARD, source, other):
                    yield packets.ethernet(ARP, packets.arp(operation, source, target), BROADCAST)
        yield packets.ethernet(ARP, packets.arp(2, PEER, BOARD, target_mac=BOARD_MAC), BOARD_MAC)


class Ip(FrameProtocol):
    """IPv4 headers, options, fragments, and ICMP."""

    name = "ip"
    about = "a frame with an IPv4 packet, ICMP among them"
    keep = ETHERNET_HEADER
    tokens = (
        BOARD,
        PEER,
        b"\xff" * 4,
        bytes(4),
        b"\x7f\0\0\1",
        b"\x20\0",
        b"\x3f\xff",
        b"\x40\0",
        b"\x45",
        b"\x4f",
        b"\xe0\0\0\1",
    )

    def frames(self) -> Iterable[bytes]:
        for kind in (0, 3, 4, 5, 8, 11, 13, 15, 17, 30):
            body = bytes((kind, 0, 0, 0, 0, 1, 0, 1)) + b"abcdefgh" * 4
            yield packets.ethernet(IPV4, packets.ipv4(ICMP, body))
        echo = bytes((8, 0, 0, 0, 0, 1, 0, 1))
        for to in (
            packets.EVERYBODY,
            bytes((10, 0, 2, 255)),
            bytes((224, 0, 0, 1)),
            bytes((10, 0, 3, 1)),
            packets.NOBODY,
        ):
            yield packets.ethernet(IPV4, packets.ipv4(ICMP, echo, to=to), BROADCAST)
        for source in (BOARD, packets.EVERYBODY, packets.NOBODY, bytes((127, 0, 0, 1)), bytes((224, 0, 0, 1))):
            yield packets.ethernet(IPV4, packets.ipv4(ICMP, echo, source=source))
        for options in (
            b"\x07\x27\x04" + bytes(37),
            b"\x94\x04\0\0",
            b"\x83\x07\x04\x0a\0\2\2\0",
            b"\x01" * 40,
            b"\x44\x04\x05\0",
        ):
            yield packets.ethernet(IPV4, packets.ipv4(ICMP, echo + bytes(8), options=options))
        for protocol in (0, 2, TCP, UDP, 41, 47, 50, 132, 255):
            yield packets.ethernet(IPV4, packets.ipv4(protocol, bytes(24)))
        yield packets.ethernet(IPV4, packets.ipv4(ICMP, echo + bytes(1472)))
        for offset in (0x2000, 0x2001, 0x00B9, 0x1FFF, 0x3FFF):
            packet = bytearray(packets.ipv4(ICMP, echo + bytes(64)))
            packet[6:8] = offset.to_bytes(2, "big")
            packets.mend_ipv4(packet, 0)
            yield packets.ethernet(IPV4, bytes(packet))


class Udp(FrameProtocol):
    """UDP headers, ports with and without anybody behind."""

    name = "udp"
    about = "a frame with a UDP datagram"
    keep = _IP_END
    tokens = (b"\0\x43", b"\0\x44", b"\0\x89", b"\0\x35", b"\x14\xe9", b"\0\0", b"\xff\xff")

    def frames(self) -> Iterable[bytes]:
        query = bytes.fromhex("000101100001000000000000") + packets.netbios_name("MCHPBOARD_E") + b"\0\x20\0\1"
        for port, payload in (
            (68, bytes(240)),
            (137, query),
            (7, b"echo"),
            (53, query),
            (5353, query),
            (0, b""),
            (65535, bytes(900)),
        ):
            for source, to, mac in (
                (PEER, BOARD, BOARD_MAC),
                (PEER, packets.EVERYBODY, BROADCAST),
                (packets.NOBODY, bytes((10, 0, 2, 255)), BROADCAST),
            ):
                yield packets.ethernet(
                    IPV4, packets.ipv4(UDP, packets.udp(137 if port == 137 else 67, port, payload), source, to), mac
                )


class Nbns(FrameProtocol):
    """Name queries of every kind (RFC 1002 4.2)."""

    name = "nbns"
    about = "a frame with a NetBIOS name service packet"
    keep = _UDP_END
    longest = 700
    tokens = (
        packets.netbios_name("MCHPBOARD_E"), packets.netbios_name("*"), b"\x20", b"\0\x20\0\1", b"\0\x21\0\1",
        b"\xc0\x0c", b"\0\1", b"A" * 32, b"EN" * 16, b"CA" * 16, b".",
    )  # fmt: skip

    def frames(self) -> Iterable[bytes]:
        for name in ("MCHPBOARD_E", "SOMEBODY", "", "*", "MCHPBOARD_EXTRA"):
            for flags in (0x0110, 0x0100, 0x2910, 0x8500, 0x3010, 0x7910):
                for kind in (b"\0\x20\0\1", b"\0\x21\0\1", b"\0\xff\0\1"):
                    header = b"\x12\x34" + flags.to_bytes(2, "big") + b"\0\1\0\0\0\0\0\0"
                    yield self._frame(header + packets.netbios_name(name) + kind)
        query = b"\0\1\x01\x10\0\1\0\0\0\0\0\0"
        yield self._frame(query + b"\x20" + b"EN" * 250 + b"\0\0\x20\0\1")
        yield self._frame(query + b"\x20EN")
        yield self._frame(query[:6])
        registration = b"\0\2\x29\x10\0\1\0\0\0\0\0\1" + packets.netbios_name("MCHPBOARD_E") + b"\0\x20\0\1"
        yield self._frame(registration + b"\xc0\x0c\0\x20\0\1\0\0\0\0\0\6\0\0\x0a\0\2\2")

    @staticmethod
    def _frame(payload: bytes) -> bytes:
        datagram = packets.udp(_NETBIOS, _NETBIOS, payload)
        return packets.ethernet(IPV4, packets.ipv4(UDP, datagram, to=bytes((10, 0, 2, 255))), BROADCAST)
