# SPDX-License-Identifier: MIT
"""The cable of a replayed board: what comes from it is in the recording, what the board sends is looked at."""

from __future__ import annotations

from typing import Any

from pic32bench.channel import LineSplitter
from pic32bench.clock import Clock, LockStepClock
from pic32bench.emulator import Emulator
from pic32bench.errors import UsageError
from pic32bench.network.frame import Frame
from pic32bench.network.wire import WireNetwork


class ReplayNetwork(WireNetwork):
    """``received`` are the frames that the board received in the recorded run; ``frames`` gets all of them."""

    name = "replay"

    def __init__(self, received: list[Frame]) -> None:
        super().__init__()
        self.frames += received

    def attach(self, emulator: Emulator, clock: Clock) -> None:
        assert isinstance(clock, LockStepClock)
        self._emulator, self._clock = emulator, clock
        emulator.channels["wire"].listen(LineSplitter(self._line))

    def send_raw(self, data: bytes, at: float | None = None) -> None:
        raise UsageError("this board plays a recording: nobody else can be on its cable")

    def freeze(self) -> Any:
        raise UsageError("a board that plays a recording cannot be in a snapshot")
