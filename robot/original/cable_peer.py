# SPDX-License-Identifier: MIT
"""Robot keywords for another station on the original demo's net: ping and NetBIOS. Need network ``wire``."""

from __future__ import annotations

import socket
import struct
from typing import Any

from robot.libraries.BuiltIn import BuiltIn
from scapy.layers.inet import ICMP, IP, UDP
from scapy.layers.l2 import Ether
from scapy.layers.netbios import NBNSHeader, NBNSQueryRequest

from pic32bench.errors import WaitTimeoutError
from pic32bench.network.neighbour import Neighbour, is_announcement, is_probe

__all__ = [
    "address_should_belong_to_original",
    "answer_pings",
    "arp_claims",
    "ask_original_for_name",
    "join_the_net",
    "ping_should_be_answered",
    "ping_should_not_be_answered",
]

_NETBIOS = 137
_TRANSACTION = 0x77
_PAYLOAD = bytes(range(56))


def join_the_net(demo: Any) -> Neighbour:
    """A station with an address on the demo's net. It answers ARP for it."""
    library: Any = BuiltIn().get_library_instance("pic32bench.robot.Pic32Bench")
    return Neighbour(library.board.network, address=demo.neighbour)


def address_should_belong_to_original(peer: Neighbour, address: str, mac: str) -> None:
    """Fails unless this MAC address answers ARP for the IPv4 address."""
    found = peer.resolve(address)
    if found != mac:
        raise AssertionError(f"ARP for {address} was answered by {found}, expected {mac}")


def ping_should_be_answered(peer: Neighbour, address: str, mac: str) -> None:
    """Sends an ICMP echo request, and fails unless the reply has its identifier, number and data (RFC 792)."""
    reply = _ping(peer, address, mac)
    if reply is None:
        raise AssertionError(f"{address} did not answer the ping")
    found = (reply[ICMP].id, reply[ICMP].seq, bytes(reply[ICMP].payload)[: len(_PAYLOAD)])
    if found != (0x1234, 7, _PAYLOAD):
        raise AssertionError(f"the echo reply is not that of the request: {found}")


def ping_should_not_be_answered(peer: Neighbour, address: str, mac: str) -> None:
    """Sends an ICMP echo request and fails if a reply comes within a second."""
    if _ping(peer, address, mac) is not None:
        raise AssertionError(f"{address} answered the ping: expected it not to")


def answer_pings(peer: Neighbour) -> None:
    """From now on the station answers ICMP echo requests to its address."""

    def answer(frame: Any) -> Any:
        packet = frame.packet
        if ICMP not in packet or packet[ICMP].type != 8 or packet[IP].dst != peer.address:
            return None
        echo = ICMP(type="echo-reply", id=packet[ICMP].id, seq=packet[ICMP].seq) / bytes(packet[ICMP].payload)
        return Ether(src=peer.mac, dst=packet.src) / IP(src=peer.address, dst=packet[IP].src) / echo

    peer.wire.respond(answer)


def ask_original_for_name(peer: Neighbour, demo: Any, name: str, source_port: int = _NETBIOS) -> str | None:
    """Broadcasts a NetBIOS name query (RFC 1002 4.2.12) from a UDP port; the address in the answer, or None."""
    query = NBNSHeader(NAME_TRN_ID=_TRANSACTION, NM_FLAGS="B", OPCODE=0, QDCOUNT=1)
    route = IP(src=peer.address, dst=demo.broadcast) / UDP(sport=source_port, dport=_NETBIOS)
    question = NBNSQueryRequest(QUESTION_NAME=name)
    peer.wire.send(Ether(src=peer.mac, dst="ff:ff:ff:ff:ff:ff") / route / query / question)
    answer = _receive(peer, lambda p: UDP in p and (p[IP].dst, p[UDP].sport) == (peer.address, _NETBIOS))
    if answer is None:
        return None
    # The original does not set the flags of RFC 1002 4.2.13 by which scapy knows an answer. Header 12 bytes, name 34.
    data = bytes(answer[UDP].payload)
    transaction, flags, _, answers = struct.unpack_from(">4H", data)
    kind, net_class, _, length, _ = struct.unpack_from(">HHIHH", data, 46)
    if (transaction, flags & 0x8000, answers, kind, net_class, length) != (_TRANSACTION, 0x8000, 1, 0x20, 1, 6):
        raise AssertionError(f"this is no positive answer to the name query: {data.hex()}")
    if data[12:46] != bytes(question)[:34]:
        raise AssertionError(f"the answer is not about {name}: {data.hex()}")
    return socket.inet_ntoa(data[58:62])


def arp_claims(peer: Neighbour, address: str) -> list[Any]:
    """Every ARP probe for and announcement of the address that the board has sent since power-on."""
    packets = [frame.packet for frame in peer.wire.frames if frame.from_board]
    return [packet for packet in packets if is_probe(packet, address) or is_announcement(packet, address)]


def _ping(peer: Neighbour, address: str, mac: str) -> Any:
    request = ICMP(type="echo-request", id=0x1234, seq=7) / _PAYLOAD
    peer.wire.send(Ether(src=peer.mac, dst=mac) / IP(src=peer.address, dst=address) / request)
    return _receive(peer, lambda p: ICMP in p and p[ICMP].type == 0, 1.0)


def _receive(peer: Neighbour, match: Any, timeout: float = 2.0) -> Any:
    try:
        return peer.wire.receive(match, timeout).packet
    except WaitTimeoutError:
        return None
