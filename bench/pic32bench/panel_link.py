# SPDX-License-Identifier: MIT
"""The panel's line protocol: what the board's hands and eyes say to each other (platforms/qemu/README.md)."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import astuple, dataclass
from typing import Any

from pic32bench.channel import LineSplitter
from pic32bench.emulator import Emulator

NS = 1_000_000_000


@dataclass(frozen=True)
class Waveform:
    """A steady rectangular waveform on a pin: PWM, a clock. Both times in virtual seconds; ``high`` of each period."""

    period: float
    high: float

    @property
    def frequency(self) -> float:
        """Hz."""
        return 1 / self.period

    @property
    def duty(self) -> float:
        """The share of the time that the pin is high, 0 to 1."""
        return self.high / self.period

    def __str__(self) -> str:
        return f"{self.frequency:.6g} Hz, {self.duty:.4%} high"


@dataclass(frozen=True)
class PanelEvent:
    """Something the board did, at ``time`` virtual seconds (``time_ns`` is exact).

    ``kind`` is ``pin``, ``waveform``, ``reset``, ``stopped``, ``waited``, ``error``, or, for what the bench did to the
    board, ``hand``. ``what`` is the pin, the kind of reset, or the text; ``level`` is a pin's level, None when it is no
    output. A pin carries its ``waveform`` from a rising edge at ``time`` on until its next event.
    """

    time_ns: int
    kind: str
    what: str
    level: int | None = None
    waveform: Waveform | None = None

    @property
    def time(self) -> float:
        """Virtual seconds."""
        return self.time_ns / NS

    def __str__(self) -> str:
        value = f" {'released' if self.level is None else self.level}" if self.kind == "pin" else ""
        if self.waveform is not None:
            value = f" {self.waveform}"
        return f"{self.time:13.9f} {self.kind} {self.what}{value}"


class PanelLink:
    """Sends commands to the panel and keeps every event that comes back, oldest first, in ``events``.

    The clock uses it to run the machine, the panel's face to press and look.
    """

    def __init__(self, emulator: Emulator) -> None:
        self.events: list[PanelEvent] = []
        self.errors: list[PanelEvent] = []
        self.stops: list[PanelEvent] = []  # the ends of runs
        self.waits: list[PanelEvent] = []  # the ends of waits
        self.on_event: Callable[[PanelEvent], None] | None = None
        self._emulator = emulator
        emulator.channels["panel"].listen(LineSplitter(self._line))

    def send(self, **command: Any) -> None:
        """Sends one command line."""
        self._emulator.send("panel", json.dumps(command, separators=(",", ":")).encode() + b"\n")

    def run(self, **command: int) -> None:
        """Sends a ``run``, behind what was sent before on the wire if that was the last."""
        channel = "wire" if self._emulator.newest == "wire" else "panel"
        self._emulator.send(channel, json.dumps(command, separators=(",", ":")).encode() + b"\n")

    def note(self, time_ns: int, text: str) -> None:
        """Records what the bench itself did, so that the log of events reads in order."""
        self.events.append(PanelEvent(time_ns, "hand", text))

    def freeze(self) -> list[Any]:
        """The events, as plain data for a snapshot."""
        return [
            (event.time_ns, event.kind, event.what, event.level, event.waveform and astuple(event.waveform))
            for event in self.events
        ]

    def thaw(self, state: list[Any]) -> None:
        """Takes over what `freeze` gave, in place of all that has come."""
        self.events[:] = [
            PanelEvent(time_ns, kind, what, level, None if waveform is None else Waveform(*waveform))
            for time_ns, kind, what, level, waveform in state
        ]
        self.errors[:] = [event for event in self.events if event.kind == "error"]
        self.stops.clear()

    def _line(self, line: bytes) -> None:
        event = _parse(line)
        if event.kind == "stopped":
            self.stops.append(event)
            return
        if event.kind == "waited":
            self.waits.append(event)
            return
        if event.kind == "error":
            self.errors.append(event)
        self.events.append(event)
        if self.on_event:
            self.on_event(event)


def _parse(line: bytes) -> PanelEvent:
    try:
        data = json.loads(line)
        time_ns = int(data["t"])
        if "period" in data:
            waveform = Waveform(data["period"] / NS, data["high"] / NS)
            return PanelEvent(time_ns, "waveform", str(data["pin"]), waveform=waveform)
        if "pin" in data:
            return PanelEvent(time_ns, "pin", str(data["pin"]), data["level"])
        for kind in ("reset", "error"):
            if kind in data:
                return PanelEvent(time_ns, kind, str(data[kind]))
        if data.get("stopped"):
            return PanelEvent(time_ns, "stopped", "frame" if data.get("frame") else "")
        if data.get("waited"):
            return PanelEvent(time_ns, "waited", "")
    except (ValueError, KeyError, TypeError):
        pass
    return PanelEvent(0, "error", f"the panel said something unknown: {line.decode(errors='replace')}")
