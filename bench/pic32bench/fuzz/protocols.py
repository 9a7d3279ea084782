# SPDX-License-Identifier: MIT
"""The protocols by name, from the cable up."""

from __future__ import annotations

from pic32bench.fuzz.dhcp import Dhcp
from pic32bench.fuzz.frames import Arp, Ethernet, Ip, Nbns, Udp
from pic32bench.fuzz.protocol import Protocol
from pic32bench.fuzz.segments import Tcp
from pic32bench.fuzz.streams import Http, WebSocket

PROTOCOLS: dict[str, type[Protocol]] = {
    protocol.name: protocol for protocol in (Ethernet, Arp, Ip, Tcp, Udp, Dhcp, Nbns, Http, WebSocket)
}
