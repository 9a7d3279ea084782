# SPDX-License-Identifier: MIT
"""Networks by the name that users type."""

from __future__ import annotations

from collections.abc import Callable

from pic32bench.errors import UsageError
from pic32bench.network.base import Network
from pic32bench.network.none import NoNetwork
from pic32bench.network.tap import TapNetwork
from pic32bench.network.user import UserNetwork
from pic32bench.network.wire import WireNetwork

NETWORKS: dict[str, Callable[[], Network]] = {
    "none": NoNetwork,
    "user": UserNetwork,
    "tap": TapNetwork,
    "wire": WireNetwork,
}


def choose(network: str | Network) -> Network:
    """The network with this name; a Network object is passed through. Raises UsageError."""
    if isinstance(network, Network):
        return network
    if network not in NETWORKS:
        raise UsageError(f"unknown network {network!r}: expected one of {', '.join(NETWORKS)}")
    return NETWORKS[network]()
