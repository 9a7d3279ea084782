# SPDX-License-Identifier: MIT
"""The cable is in, its link is up, but nobody is at the other end."""

from __future__ import annotations

from pathlib import Path

from pic32bench.network.base import Network


class NoNetwork(Network):
    """Runs in lock-step: every run is the same to the nanosecond."""

    name = "none"
    lock_step = True

    def arguments(self) -> tuple[str, ...]:
        # A hub with no other port; with no netdev at all the PHY would see no link.
        return ("-netdev", "hubport,id=net0,hubid=0", "-net", "nic,netdev=net0")

    def freeze(self) -> bytes:
        return b""

    def thaw(self, state: bytes) -> None:
        pass

    def save_pcap(self, path: Path) -> bool:
        return False
