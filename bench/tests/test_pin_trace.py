# SPDX-License-Identifier: MIT
"""A pin's events as levels over time, with the edges of a waveform."""

from __future__ import annotations

import pytest

from pic32bench.panel_link import PanelEvent, Waveform
from pic32bench.pin_trace import PinTrace

WAVE = Waveform(period=0.5, high=0.125)
TRACE = PinTrace(
    [
        PanelEvent(1_000_000_000, "pin", "RD0", 0),
        PanelEvent(2_000_000_000, "waveform", "RD0", waveform=WAVE),
        PanelEvent(4_250_000_000, "pin", "RD0", 1),
        PanelEvent(5_000_000_000, "pin", "RD0", None),
    ]
)


@pytest.mark.parametrize(
    ("time", "level"), [(0.5, None), (1, 0), (2, 1), (2.1, 1), (2.125, 0), (3.5, 1), (4.2, 0), (4.25, 1), (6, None)]
)
def test_level(time: float, level: int | None) -> None:
    assert TRACE.level(time) == level


def test_edges() -> None:
    assert list(TRACE.edges(2.1, 3.1)) == [(2.125, 0), (2.5, 1), (2.625, 0), (3.0, 1)]
    assert list(TRACE.edges(4.0, 9)) == [(4.0, 1), (4.125, 0), (4.25, 1), (5.0, None)]
    assert list(TRACE.edges(0, 1)) == [(1.0, 0)]


@pytest.mark.parametrize(
    ("since", "until", "high"), [(0, 2, 0), (2, 4, 0.5), (2.0625, 2.5, 0.0625), (4, 4.5, 0.375), (5, 9, 0)]
)
def test_high_time(since: float, until: float, high: float) -> None:
    assert TRACE.high_time(since, until) == pytest.approx(high)


@pytest.mark.parametrize(("time", "since"), [(0.5, 0), (1.5, 1), (2.7, 2.625), (3.05, 3.0), (4.5, 4.25)])
def test_since(time: float, since: float) -> None:
    assert TRACE.since(time) == pytest.approx(since)


def test_a_pin_without_events() -> None:
    trace = PinTrace([])
    assert (trace.waveform, trace.level(1), trace.since(1), list(trace.edges(0, 1))) == (None, None, 0, [])
