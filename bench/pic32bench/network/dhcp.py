# SPDX-License-Identifier: MIT
"""A DHCP server with one address to give (RFC 2131)."""

from __future__ import annotations

import json
from typing import Any, Self

from scapy.layers.dhcp import BOOTP, DHCP
from scapy.layers.inet import IP, UDP
from scapy.layers.l2 import Ether

from pic32bench.network.frame import Frame
from pic32bench.network.wire import WireNetwork, WirePeer

LEASE = 86400  # seconds, as QEMU's user network gives
_SERVER, _CLIENT = 67, 68
_UDP = 17
_DISCOVER, _REQUEST = 1, 3
_OFFER, _ACK, _NAK = 2, 5, 6
_BROADCAST = "255.255.255.255"


class DhcpServer(WirePeer):
    """Offers ``lease`` to whoever asks, and names itself as the router."""

    def __init__(self, wire: WireNetwork, mac: str, address: str, netmask: str, lease: str) -> None:
        self.mac = mac
        self.address = address
        self.netmask = netmask
        self.lease = lease
        wire.join(self)

    def freeze(self) -> bytes:
        return json.dumps([self.mac, self.address, self.netmask, self.lease]).encode()

    @classmethod
    def thaw(cls, wire: WireNetwork, state: bytes) -> Self:
        return cls(wire, *json.loads(state))

    def answer(self, frame: Frame) -> Any:
        """The answer to a DISCOVER or REQUEST, broadcast; None for any other frame."""
        data = frame.data
        # Most frames are none of this: only what is for the server's port is dissected.
        if data[12:14] != b"\x08\x00" or data[23] != _UDP or data[36:38] != _SERVER.to_bytes(2, "big"):
            return None
        asked = frame.packet
        if DHCP not in asked:
            return None
        options = {option[0]: option[1] for option in asked[DHCP].options if isinstance(option, tuple)}
        kind = options.get("message-type")
        if kind == _DISCOVER:
            return self._reply(asked, _OFFER)
        if kind == _REQUEST and options.get("server_id", self.address) == self.address:
            wanted = options.get("requested_addr", asked[BOOTP].ciaddr)
            return self._reply(asked, _ACK if wanted == self.lease else _NAK)
        return None

    def _reply(self, asked: Any, kind: int) -> Any:
        given = kind != _NAK
        bootp = BOOTP(
            op=2,
            xid=asked[BOOTP].xid,
            flags=asked[BOOTP].flags,
            yiaddr=self.lease if given else "0.0.0.0",
            siaddr=self.address if given else "0.0.0.0",
            chaddr=asked[BOOTP].chaddr,
        )
        options: list[Any] = [("message-type", kind), ("server_id", self.address)]
        if given:
            options += [("lease_time", LEASE), ("subnet_mask", self.netmask), ("router", self.address)]
        ports = UDP(sport=_SERVER, dport=_CLIENT)
        return (
            Ether(src=self.mac, dst="ff:ff:ff:ff:ff:ff")
            / IP(src=self.address, dst=_BROADCAST, id=0)
            / ports
            / bootp
            / DHCP(options=[*options, "end"])
        )
