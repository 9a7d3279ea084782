# SPDX-License-Identifier: MIT
"""Frames made and mended by the hundred thousand: plain bytes, as a packet library would take most of the time.

In what is kept, the board's MAC address is `BOARD_MAC`, so that a corpus is of no board; `with_mac` puts in the real
one. The addresses are those that the bench's DHCP server gives.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

BOARD_MAC = bytes.fromhex("02424f415244")  # "BOARD", locally administered; stands for the board's own
PEER_MAC = bytes.fromhex("020000000002")
BROADCAST = b"\xff" * 6
BOARD, PEER = bytes((10, 0, 2, 15)), bytes((10, 0, 2, 2))
NETMASK, NOBODY, EVERYBODY = bytes((255, 255, 255, 0)), bytes(4), b"\xff" * 4
IPV4, ARP = 0x0800, 0x0806
ICMP, TCP, UDP = 1, 6, 17
FIN, SYN, RST, PSH, ACK, URG = 1, 2, 4, 8, 16, 32
ETHERNET_HEADER, IP_HEADER = 14, 20
SHORTEST, LONGEST = 60, 1514


def with_mac(frame: bytes, mac: bytes) -> bytes:
    """A frame with the board's real MAC address in it."""
    return frame.replace(BOARD_MAC, mac)


def checksum(data: bytes) -> int:
    """RFC 1071's. A number's remainder by 0xFFFF is the sum of its 16-bit digits with the carries added."""
    if len(data) % 2:
        data += b"\0"
    total = int.from_bytes(data, "big")
    rest = total % 0xFFFF
    return 0xFFFF - rest if rest or not total else 0


def ethernet(kind: int, payload: bytes, to: bytes = BOARD_MAC, source: bytes = PEER_MAC) -> bytes:
    """A frame without FCS, and without the padding of a short one."""
    return to + source + kind.to_bytes(2, "big") + payload


def arp(operation: int, source: bytes, target: bytes, mac: bytes = PEER_MAC, target_mac: bytes = bytes(6)) -> bytes:
    """An ARP packet (RFC 826)."""
    return struct.pack(">HHBBH", 1, IPV4, 6, 4, operation) + mac + source + target_mac + target


def ipv4(protocol: int, payload: bytes, source: bytes = PEER, to: bytes = BOARD, options: bytes = b"") -> bytes:
    """An IPv4 packet with right lengths and checksums, those of what it carries as well."""
    size = IP_HEADER + len(options)
    header = struct.pack(">BBHHHBBH4s4s", 0x40 | size // 4, 0, size + len(payload), 1, 0, 64, protocol, 0, source, to)
    packet = bytearray(header + options + payload)
    mend_ipv4(packet, 0)
    return bytes(packet)


def udp(source_port: int, port: int, payload: bytes) -> bytes:
    """A UDP datagram, without its checksum, which `ipv4` makes."""
    return struct.pack(">HHHH", source_port, port, 8 + len(payload), 0) + payload


@dataclass(frozen=True)
class Segment:
    """What is to be known of a TCP segment that the board sent. ``end`` is the sequence number behind it."""

    port: int
    peer_port: int
    seq: int
    ack: int
    flags: int
    payload: bytes

    @property
    def end(self) -> int:
        return (self.seq + len(self.payload) + bool(self.flags & SYN) + bool(self.flags & FIN)) & 0xFFFFFFFF


def tcp(
    source_port: int, port: int, seq: int, ack: int, flags: int, payload: bytes = b"", window: int = 0xFFFF,
    options: bytes = b"",
) -> bytes:  # fmt: skip
    """A TCP segment, without its checksum, which `ipv4` makes."""
    offset = 5 + len(options) // 4
    seq, ack = seq & 0xFFFFFFFF, ack & 0xFFFFFFFF
    header = struct.pack(">HHIIBBHHH", source_port, port, seq, ack, offset << 4, flags, window, 0, 0)
    return header + options + payload


def segment(frame: bytes) -> Segment | None:
    """The TCP segment in a frame of the board, or None."""
    if frame[12:14] != b"\x08\x00" or frame[23] != TCP:
        return None
    start = ETHERNET_HEADER + (frame[14] & 15) * 4
    end = ETHERNET_HEADER + int.from_bytes(frame[16:18], "big")
    port, peer_port, seq, ack, offset, flags = struct.unpack_from(">HHIIBB", frame, start)
    return Segment(port, peer_port, seq, ack, flags, frame[start + (offset >> 4) * 4 : end])


def mend_ipv4(data: bytearray, at: int, lengths: bool = True) -> None:
    """Gives the IPv4 packet that begins at ``at`` the right checksums, and lengths, as far as it is one."""
    room = len(data) - at
    if room < IP_HEADER:
        return
    size = max(IP_HEADER, min((data[at] & 15) * 4, room))
    if lengths:
        data[at] = 0x40 | size // 4
        data[at + 2 : at + 4] = room.to_bytes(2, "big")
    data[at + 10 : at + 12] = b"\0\0"
    data[at + 10 : at + 12] = checksum(bytes(data[at : at + size])).to_bytes(2, "big")
    inner, length = at + size, room - size
    protocol = data[at + 9]
    place = {ICMP: 2, TCP: 16, UDP: 6}.get(protocol)
    if place is None or length < place + 2:
        return
    if protocol == UDP and lengths:
        data[inner + 4 : inner + 6] = length.to_bytes(2, "big")
    data[inner + place : inner + place + 2] = b"\0\0"
    covered = bytes(data[inner:])
    if protocol != ICMP:
        covered = bytes(data[at + 12 : at + 20]) + struct.pack(">HH", protocol, length) + covered
    data[inner + place : inner + place + 2] = checksum(covered).to_bytes(2, "big")


def netbios_name(name: str, kind: int = 0) -> bytes:
    """A NetBIOS name as it is on the cable (RFC 1001 14.1)."""
    plain = name.upper().encode().ljust(15) + bytes([kind])
    return b"\x20" + b"".join(bytes((65 + (byte >> 4), 65 + (byte & 15))) for byte in plain) + b"\0"
