# SPDX-License-Identifier: MIT
"""What is at the other end of the board's Ethernet cable."""

from pic32bench.network.base import Network
from pic32bench.network.choose import NETWORKS, choose
from pic32bench.network.none import NoNetwork
from pic32bench.network.pc import Pc, why_no_tap
from pic32bench.network.replay import ReplayNetwork
from pic32bench.network.tap import TapNetwork
from pic32bench.network.user import UserNetwork
from pic32bench.network.wire import WireNetwork

__all__ = [
    "NETWORKS",
    "Network",
    "NoNetwork",
    "Pc",
    "ReplayNetwork",
    "TapNetwork",
    "UserNetwork",
    "WireNetwork",
    "choose",
    "why_no_tap",
]
