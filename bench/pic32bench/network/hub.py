# SPDX-License-Identifier: MIT
"""A hub that joins the cables of boards on network ``wire``: what one of them sends, all others hear.

Each board has an emulator and a clock of its own. They take turns: none goes further ahead of another than a frame is
under way in the hub, so none can receive a frame too late, and a run of all of them is the same every time.
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pic32bench.clock import LockStepClock

if TYPE_CHECKING:
    from pic32bench.network.wire import WireNetwork

# How long a frame is under way, ns. The longer, the fewer turns; what boards ask each other waits for much longer.
LATENCY_NS = 5_000_000


@dataclass
class _Port:
    """A cable in the hub. ``ahead_ns``: by how much the hub's time is ahead of its board's, which began later."""

    wire: WireNetwork
    ahead_ns: int
    coming: list[tuple[int, int, bytes]] = field(default_factory=list)

    @property
    def clock(self) -> LockStepClock:
        return self.wire.clock

    @property
    def now_ns(self) -> int:
        return self.clock.last_ns + self.ahead_ns


class Hub:
    """Any number of cables. A cable leaves when its board is switched off."""

    def __init__(self) -> None:
        self._ports: list[_Port] = []
        self._catching_up = False
        self._count = 0

    def join(self, wire: WireNetwork) -> None:
        """A board's cable comes to the hub; both are up."""
        now = max((port.now_ns for port in self._ports), default=wire.clock.last_ns)
        port = _Port(wire, now - wire.clock.last_ns)
        self._ports.append(port)
        port.clock.bounds.append(lambda target_ns: self._bound(port, target_ns))
        port.clock.alarms.append(lambda: port.coming[0][0] if port.coming else None)
        port.clock.after_stop.append(lambda now_ns: self._deliver(port, now_ns))

    def leave(self, wire: WireNetwork) -> None:
        """A cable is pulled out of the hub for good; does nothing if it was not in it."""
        self._ports = [port for port in self._ports if port.wire is not wire]

    def carry(self, wire: WireNetwork, time_ns: int, data: bytes) -> None:
        """A frame came in from one cable, at its board's time, and goes out to all others."""
        source = next((port for port in self._ports if port.wire is wire), None)
        if source is None:
            return
        for port in self._ports:
            if port is not source:
                # A core that is busy stops some instructions late: what is due is then due now.
                due = max(time_ns + source.ahead_ns + LATENCY_NS - port.ahead_ns, port.clock.last_ns + 1)
                self._count += 1
                heapq.heappush(port.coming, (due, self._count, data))

    def _bound(self, port: _Port, target_ns: int) -> int:
        """How far a board may run, by its own time, once the others have caught up with it."""
        if self._catching_up or port not in self._ports:
            return target_ns
        self._catching_up = True
        try:
            for other in self._ports:
                if other is not port:
                    other.clock.run_to(port.now_ns - other.ahead_ns)
        finally:
            self._catching_up = False
        return min(target_ns, port.clock.last_ns + LATENCY_NS) if len(self._ports) > 1 else target_ns

    def _deliver(self, port: _Port, now_ns: int) -> None:
        while port.coming and port.coming[0][0] <= now_ns:
            _, _, data = heapq.heappop(port.coming)
            port.wire.hear(data)
