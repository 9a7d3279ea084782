# SPDX-License-Identifier: MIT
"""The cable is in, but nobody is at the other end."""

from __future__ import annotations

from pathlib import Path

from pic32bench.network.base import Network


class NoNetwork(Network):
    """Runs in lock-step: every run is the same to the nanosecond."""

    name = "none"
    lock_step = True

    def save_pcap(self, path: Path) -> bool:
        return False
