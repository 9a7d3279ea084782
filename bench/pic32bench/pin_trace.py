# SPDX-License-Identifier: MIT
"""What a pin did: the panel's events of one pin read as levels over time, waveforms included."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pic32bench.panel_link import PanelEvent, Waveform


@dataclass(frozen=True)
class PinTrace:
    """The ``pin`` and ``waveform`` events of one pin, oldest first. All times are virtual seconds."""

    events: Sequence[PanelEvent]

    @property
    def waveform(self) -> Waveform | None:
        """What the pin carries since its last event; None: a level, or nothing."""
        return self.events[-1].waveform if self.events else None

    def level(self, time: float) -> int | None:
        """0 or 1 at a time; None while the pin is no output."""
        event = self._event_at(time)
        return None if event is None else _level(event, time)

    def level_before(self, time: float) -> int | None:
        """The level just before a time."""
        return self.level(math.nextafter(time, -math.inf))

    def since(self, time: float) -> float:
        """When the pin came to the level that it has at a time; 0 if that was always so."""
        index = self._index_at(time)
        if index < 0:
            return 0.0
        event = self.events[index]
        if event.waveform is not None:
            period, high = event.waveform.period, event.waveform.high
            begin = event.time + (time - event.time) // period * period
            return begin + high if time >= begin + high else begin
        while index > 0 and self.level_before(self.events[index].time) == event.level:
            index -= 1
        return self.events[index].time

    def edges(self, since: float, until: float) -> Iterator[tuple[float, int | None]]:
        """(time, level) of what happens from ``since`` to ``until``: events, and a waveform's every edge."""
        for event, begin, end in self._segments(since, until):
            if event.waveform is None:
                if event.time >= begin:
                    yield event.time, event.level
                continue
            period, high = event.waveform.period, event.waveform.high
            cycle = math.floor((begin - event.time) / period)
            while (rise := event.time + cycle * period) < end:
                for time, level in ((rise, 1), (rise + high, 0)):
                    if begin <= time < end:
                        yield time, level
                cycle += 1

    def high_time(self, since: float, until: float) -> float:
        """How long the pin was high from ``since`` to ``until``."""
        return sum(_high_time(event, begin, end) for event, begin, end in self._segments(since, until))

    def _segments(self, since: float, until: float) -> Iterator[tuple[PanelEvent, float, float]]:
        """Each event with the part of the span in which it holds."""
        for index, event in enumerate(self.events):
            later = self.events[index + 1].time if index + 1 < len(self.events) else math.inf
            begin, end = max(event.time, since), min(later, until)
            if begin < end or begin == end == until == event.time:
                yield event, begin, end

    def _index_at(self, time: float) -> int:
        """The index of the last event that is not after a time; -1: there is none."""
        index = len(self.events) - 1
        while index >= 0 and self.events[index].time > time:
            index -= 1
        return index

    def _event_at(self, time: float) -> PanelEvent | None:
        index = self._index_at(time)
        return self.events[index] if index >= 0 else None


def _level(event: PanelEvent, time: float) -> int | None:
    if event.waveform is None:
        return event.level
    return int((time - event.time) % event.waveform.period < event.waveform.high)


def _high_time(event: PanelEvent, begin: float, end: float) -> float:
    if event.waveform is None:
        return end - begin if event.level else 0.0
    period, high = event.waveform.period, event.waveform.high

    def until(time: float) -> float:
        cycles, rest = divmod(time - event.time, period)
        return cycles * high + min(rest, high)

    return until(end) - until(begin)
