# SPDX-License-Identifier: MIT
"""An Ethernet frame on the cable."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from scapy.layers.l2 import Ether

from pic32bench.panel_link import NS

_IPV4, _ARP = b"\x08\x00", b"\x08\x06"
_SENDER = {_ARP: 28, _IPV4: 26}  # where the sender's IPv4 address is (RFC 826, RFC 791)


@dataclass(frozen=True)
class Frame:
    """A frame on the wire: its bytes without FCS, when its last bit left (ns), and whether the board sent it."""

    time_ns: int
    data: bytes
    from_board: bool

    @property
    def time(self) -> float:
        """Virtual seconds."""
        return self.time_ns / NS

    @property
    def packet(self) -> Any:
        """The frame as a scapy packet, dissected anew each time it is asked for."""
        packet = Ether(self.data)
        packet.time = self.time
        return packet

    @property
    def sender(self) -> str | None:
        """The IPv4 address that it shows its sender to have, if it shows any."""
        place = _SENDER.get(self.data[12:14])
        address = b"" if place is None else self.data[place : place + 4]
        return ".".join(map(str, address)) if any(address) else None
