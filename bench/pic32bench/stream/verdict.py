# SPDX-License-Identifier: MIT
"""What a judgement of the stream says: a kind, a sentence, and the place it is about."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from pic32bench.stream.frames import VALUES_PER_FRAME


class Kind(StrEnum):
    """What a stream is."""

    RAMP = "ramp"
    NOISE = "noise"
    CONSTANT = "constant"
    COUNTER = "counter"
    SLOW_RAMP = "slow ramp"
    WRONG_VALUE = "ramp with one wrong value"
    WRONG_STEP = "ramp with wrong steps"
    LATE_RAMP = "ramp that starts late"
    ENDED_RAMP = "ramp that ends early"
    MIXED = "mixture"
    LINEAR_CONGRUENTIAL = "linear congruential"
    REPEATED_FRAME = "repeated frame"
    BIASED = "not noise"
    TOO_SHORT = "too short to tell"
    EMPTY = "empty"
    MALFORMED = "malformed"


@dataclass(frozen=True, order=True)
class Position:
    """A value in the stream: frame and value are counted from 0, value is 0..3."""

    frame: int
    value: int

    @classmethod
    def of(cls, index: int) -> Position:
        """The position of the index-th value of the stream."""
        return cls(*divmod(index, VALUES_PER_FRAME))

    def __str__(self) -> str:
        return f"frame {self.frame} value {self.value}"


@dataclass(frozen=True)
class Verdict:
    """What was seen, and where.

    ``kind`` names the stream; ``sentence`` is for people. ``position`` is where the ramp starts
    (RAMP, LATE_RAMP), or the first thing that is wrong. ``expected`` and ``found`` are the values
    there. ``step`` is the constant step of a constant, counter, ramp or slow ramp, signed.
    ``wrong`` counts wrong steps, wrong values, repeated or malformed frames. ``p_values`` has every
    statistical test that was made, by name; ``p_value`` is all of them combined.
    """

    kind: Kind
    sentence: str
    frames: int
    values: int
    position: Position | None = None
    expected: int | None = None
    found: int | None = None
    step: int | None = None
    wrong: int = 0
    p_value: float | None = None
    p_values: Mapping[str, float] = field(default_factory=dict)

    @property
    def is_ramp(self) -> bool:
        """Every step was +4000."""
        return self.kind is Kind.RAMP

    @property
    def is_noise(self) -> bool:
        """All statistical tests passed and no structure was found."""
        return self.kind is Kind.NOISE

    def __str__(self) -> str:
        return f"{self.kind}: {self.sentence}"
