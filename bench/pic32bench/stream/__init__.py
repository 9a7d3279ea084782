# SPDX-License-Identifier: MIT
"""The board's WebSocket stream: client, frames, judge and rate."""

from pic32bench.stream.frames import Frame, MalformedFrameError, examine, is_frame, parse
from pic32bench.stream.judge import FALSE_ALARM_RATE, judge
from pic32bench.stream.verdict import Kind, Position, Verdict

__all__ = [
    "FALSE_ALARM_RATE",
    "Frame",
    "Kind",
    "MalformedFrameError",
    "Position",
    "Verdict",
    "examine",
    "is_frame",
    "judge",
    "parse",
]
