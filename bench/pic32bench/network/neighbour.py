# SPDX-License-Identifier: MIT
"""Another station on the wire: answers ARP for its addresses, asks for names, and can claim what is not its own.

ARP is RFC 826, the words for what is seen of it are RFC 3927's and RFC 5227's; NetBIOS names are RFC 1002's.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Self

from scapy.layers.inet import IP, UDP
from scapy.layers.l2 import ARP, Ether
from scapy.layers.netbios import (
    NBNSHeader,
    NBNSNodeStatusRequest,
    NBNSNodeStatusResponse,
    NBNSQueryRequest,
    NBNSQueryResponse,
)

from pic32bench.errors import WaitTimeoutError
from pic32bench.network.frame import Frame
from pic32bench.network.wire import WireNetwork, WirePeer

MAC = "02:00:00:00:00:01"  # locally administered
ADDRESS = "169.254.1.1"
_NETBIOS_NAME_SERVICE = 137
_REQUEST, _REPLY = 1, 2
_NOBODY = "0.0.0.0"
_BROADCAST = "ff:ff:ff:ff:ff:ff"


def is_probe(packet: Any, address: str | None = None) -> bool:
    """Whether a packet is an ARP probe, for this address if given: a request from no address (RFC 3927 2.2.1)."""
    return ARP in packet and packet.op == _REQUEST and packet.psrc == _NOBODY and address in (None, packet.pdst)


def is_announcement(packet: Any, address: str | None = None) -> bool:
    """Whether a packet is an ARP announcement, of this address if given: a request for the sender's own (2.4)."""
    return ARP in packet and packet.op == _REQUEST and packet.psrc == packet.pdst and address in (None, packet.psrc)


class Neighbour(WirePeer):
    """A station with a MAC address and IPv4 addresses. It answers ARP requests for them, probes included."""

    def __init__(self, wire: WireNetwork, mac: str = MAC, address: str = ADDRESS) -> None:
        self.wire = wire
        self.mac = mac
        self.address = address
        self.addresses = {address}
        self._transactions = 0
        wire.join(self)

    def freeze(self) -> bytes:
        return json.dumps([self.mac, self.address, sorted(self.addresses), self._transactions]).encode()

    @classmethod
    def thaw(cls, wire: WireNetwork, state: bytes) -> Self:
        neighbour = cls(wire)
        neighbour.mac, neighbour.address, addresses, neighbour._transactions = json.loads(state)
        neighbour.addresses = set(addresses)
        return neighbour

    def answer(self, frame: Frame) -> Any:
        packet = frame.packet
        if ARP not in packet or packet.op != _REQUEST or packet.pdst not in self.addresses:
            return None
        reply = ARP(op=_REPLY, hwsrc=self.mac, psrc=packet.pdst, hwdst=packet.hwsrc, pdst=packet.psrc)
        return Ether(src=self.mac, dst=packet.hwsrc) / reply

    def announce(self, address: str) -> None:
        """Announces an address as its own, whoever else has it."""
        self._arp(psrc=address, pdst=address)

    def probe(self, address: str) -> None:
        """Asks whether anybody has an address, as a station does that is about to take it."""
        self._arp(psrc=_NOBODY, pdst=address)

    def _arp(self, **fields: str) -> None:
        self.wire.send(Ether(src=self.mac, dst=_BROADCAST) / ARP(op=_REQUEST, hwsrc=self.mac, **fields))

    def resolve(self, address: str, timeout: float = 1.0) -> str | None:
        """The MAC address that answers for an IPv4 address within ``timeout`` virtual seconds, or None.

        The answer may be broadcast: for a link-local address it must be (RFC 3927 2.5).
        """
        self._arp(psrc=self.address, pdst=address)

        def answers(packet: Any) -> bool:
            return ARP in packet and (packet.op, packet.psrc, packet.hwdst) == (_REPLY, address, self.mac)

        found = self._receive(answers, timeout)
        return None if found is None else str(found.hwsrc)

    def ask_name(
        self, name: str, timeout: float = 2.0, port: int = _NETBIOS_NAME_SERVICE, to: str | None = None
    ) -> str | None:
        """Sends a NetBIOS name query (RFC 1002 4.2.12) from a UDP port; the address in the positive answer, or None.

        It is broadcast, or goes ``to`` one address. The answer must be to this query's transaction, port and name,
        from UDP port 137 to this station.
        """
        question = NBNSQueryRequest(QUESTION_NAME=name)
        ours = self._ask(question, NBNSQueryResponse, port, to)

        def named(packet: Any) -> bool:
            return ours(packet) and bool(packet[NBNSQueryResponse].RR_NAME.strip() == name.encode())

        found = self._receive(named, timeout)
        return None if found is None else str(found[NBNSQueryResponse].ADDR_ENTRY[0].NB_ADDRESS)

    def node_status(self, address: str, timeout: float = 2.0, port: int = _NETBIOS_NAME_SERVICE) -> list[str] | None:
        """Asks a host for its NetBIOS names (RFC 1002 4.2.17); None without an answer."""
        found = self._receive(self._ask(NBNSNodeStatusRequest(), NBNSNodeStatusResponse, port, address), timeout)
        if found is None:
            return None
        return [entry.NETBIOS_NAME.decode().strip() for entry in found[NBNSNodeStatusResponse].NODE_NAME]

    def _ask(self, question: Any, answer: Any, port: int, to: str | None) -> Callable[[Any], bool]:
        """Sends a question of the NetBIOS name service, and says how its answer is told."""
        mac = _BROADCAST if to is None else self.resolve(to)
        self._transactions += 1
        number = self._transactions
        flags = "B" if to is None else ""
        if mac is not None:
            header = NBNSHeader(NAME_TRN_ID=number, NM_FLAGS=flags, OPCODE=0, QDCOUNT=1)
            source = IP(src=self.address, dst=to or "169.254.255.255")
            ports = UDP(sport=port, dport=_NETBIOS_NAME_SERVICE)
            self.wire.send(Ether(src=self.mac, dst=mac) / source / ports / header / question)
        expected = (_NETBIOS_NAME_SERVICE, port, self.address, number)

        def ours(packet: Any) -> bool:
            return answer in packet and expected == (
                *(packet[UDP].sport, packet[UDP].dport, packet[IP].dst, packet[NBNSHeader].NAME_TRN_ID),
            )

        return ours

    def _receive(self, match: Callable[[Any], bool], timeout: float) -> Any:
        with suppress(WaitTimeoutError):
            return self.wire.receive(match, timeout).packet
        return None
