# SPDX-License-Identifier: MIT
"""A DHCP server on the wire (RFC 2131). A test can change its mind, switch it off and on, and make leases short."""

from __future__ import annotations

import json
from ipaddress import IPv4Address
from typing import Any, Self

from scapy.layers.dhcp import BOOTP, DHCP
from scapy.layers.inet import IP, UDP
from scapy.layers.l2 import Ether

from pic32bench.network.frame import Frame
from pic32bench.network.wire import WireNetwork, WirePeer

LEASE = 86400  # seconds, as QEMU's user network gives
_SERVER, _CLIENT = 67, 68
_UDP = 17
# RFC 2132 9.6
_KINDS = {1: "discover", 2: "offer", 3: "request", 4: "decline", 5: "ack", 6: "nak", 7: "release", 8: "inform"}
_NUMBERS = {kind: number for number, kind in _KINDS.items()}
_BROADCAST = "255.255.255.255"


def kind_of(packet: Any) -> str | None:
    """What DHCP message a packet is: ``discover``, ``request`` and so on; None if it is none."""
    if DHCP not in packet:
        return None
    return _KINDS.get(_options(packet).get("message-type", 0))


def _options(packet: Any) -> dict[str, Any]:
    return {option[0]: option[1] for option in packet[DHCP].options if isinstance(option, tuple)}


class DhcpServer(WirePeer):
    """Gives each client an address, the first ``first`` and the next the one after it, and names itself as the router.

    ``seconds`` is how long a lease is, ``renewal`` (T1) and ``rebinding`` (T2) when to ask for it again, half of that
    and seven eighths if they are None. While ``serving`` is off it is silent. ``leases`` are addresses by MAC.
    """

    def __init__(self, wire: WireNetwork, mac: str, address: str, netmask: str, first: str) -> None:
        self.mac = mac
        self.address = address
        self.netmask = netmask
        self.seconds = LEASE
        self.renewal: int | None = None
        self.rebinding: int | None = None
        self.serving = True
        self.leases: dict[str, str] = {}
        self._next = first
        wire.join(self)

    def freeze(self) -> bytes:
        made_with = [self.mac, self.address, self.netmask, self._next]
        return json.dumps([made_with, self.seconds, self.renewal, self.rebinding, self.serving, self.leases]).encode()

    @classmethod
    def thaw(cls, wire: WireNetwork, state: bytes) -> Self:
        made_with, *more = json.loads(state)
        server = cls(wire, *made_with)
        server.seconds, server.renewal, server.rebinding, server.serving, server.leases = more
        return server

    def give_from(self, first: str) -> None:
        """From now on it gives addresses from this one on, and refuses those that it gave before (NAK)."""
        self.leases = {}
        self._next = first

    def answer(self, frame: Frame) -> Any:
        """The answer to a DISCOVER or REQUEST, broadcast; None for any other frame."""
        data = frame.data
        # Most frames are none of this: only what is for the server's port is dissected.
        if data[12:14] != b"\x08\x00" or data[23] != _UDP or data[36:38] != _SERVER.to_bytes(2, "big"):
            return None
        asked = frame.packet
        kind = kind_of(asked)
        if kind is None or not self.serving:
            return None
        options = _options(asked)
        client = asked[Ether].src
        if kind == "discover":
            return self._reply(asked, "offer", self._lease_of(client))
        if kind == "request" and options.get("server_id", self.address) == self.address:
            wanted = options.get("requested_addr", asked[BOOTP].ciaddr)
            given = wanted == self._lease_of(client)
            return self._reply(asked, "ack" if given else "nak", wanted)
        if kind == "decline":  # somebody else has it (RFC 2131 4.3.3)
            self.leases.pop(client, None)
        return None

    def _lease_of(self, client: str) -> str:
        if client not in self.leases:
            self.leases[client] = self._next
            self._next = str(IPv4Address(self._next) + 1)
        return self.leases[client]

    def _reply(self, asked: Any, kind: str, lease: str) -> Any:
        given = kind != "nak"
        bootp = BOOTP(
            op=2,
            xid=asked[BOOTP].xid,
            flags=asked[BOOTP].flags,
            yiaddr=lease if given else "0.0.0.0",
            siaddr=self.address if given else "0.0.0.0",
            chaddr=asked[BOOTP].chaddr,
        )
        options: list[Any] = [("message-type", _NUMBERS[kind]), ("server_id", self.address)]
        if given:
            options += [("lease_time", self.seconds), ("subnet_mask", self.netmask), ("router", self.address)]
            times = (("renewal_time", self.renewal), ("rebinding_time", self.rebinding))
            options += [(name, seconds) for name, seconds in times if seconds is not None]
        ports = UDP(sport=_SERVER, dport=_CLIENT)
        return (
            Ether(src=self.mac, dst="ff:ff:ff:ff:ff:ff")
            / IP(src=self.address, dst=_BROADCAST, id=0)
            / ports
            / bootp
            / DHCP(options=[*options, "end"])
        )
