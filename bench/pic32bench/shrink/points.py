# SPDX-License-Identifier: MIT
"""What a point is worth: its figures against floors, and one line that says why it does not do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from pic32bench.errors import UsageError
from pic32bench.shrink.state import Tried

# Name in `Outcome.figures` -> what it is called, its unit.
FIGURES = {
    "frame_rate": ("frame rate", "frames/s"),
    "http": ("HTTP", "Mbit/s"),
    "websocket": ("WebSocket echo", "Mbit/s"),
}
DEFAULT_SHARE = 0.9


class Result(StrEnum):
    """Of a point."""

    PROVEN = "proven"  # passed all there is, and keeps the floors
    PASSED = "passed"  # the cheap trials only
    SLOW = "slow"  # nothing is wrong, but a figure is below its floor
    FAILED = "failed"
    UNBUILT = "unbuilt"


@dataclass(frozen=True)
class Floors:
    """What figures must not fall below: by name, in their units; one that is not named here has no floor."""

    least: Mapping[str, float]

    @classmethod
    def of(cls, shipped: Mapping[str, float], given: Mapping[str, float], share: float = DEFAULT_SHARE) -> Floors:
        """The floors given, and for other figures this share of what the shipped image does.

        Raises UsageError for a floor of something that is not measured.
        """
        for name in given:
            if name not in shipped:
                raise UsageError(f"a floor for {FIGURES[name][0]}, which cannot be measured of this firmware")
        return cls({name: given.get(name, share * shipped[name]) for name in FIGURES if name in shipped})

    def reason(self, figures: Mapping[str, float]) -> str:
        """One line that says which figure is below its floor, empty when none is."""
        for name, least in self.least.items():
            if (value := figures.get(name)) is not None and value < least:
                label, unit = FIGURES[name]
                return f"{label} {value:,.1f} {unit} is below the floor of {least:,.1f}"
        return ""


@dataclass(frozen=True)
class Point:
    """A point as it is reported. ``speed`` is the smallest share of a figure of the shipped image."""

    values: tuple[int, ...]
    result: Result
    reason: str
    ram: int | None
    figures: Mapping[str, float]
    speed: float | None
    build_seconds: float
    trial_seconds: float

    @property
    def works(self) -> bool:
        """Nothing is wrong with it, though it may be slow."""
        return self.result in (Result.PROVEN, Result.PASSED, Result.SLOW)

    @property
    def passes(self) -> bool:
        """It works and keeps the floors."""
        return self.result in (Result.PROVEN, Result.PASSED)


def judge(tried: Tried, floors: Floors, shipped: Mapping[str, float], trials: tuple[str, ...]) -> Point:
    """What a point is worth; ``trials`` are all there are, ``shipped`` the figures of the shipped image."""
    figures = {name: value for outcome in tried.outcomes.values() for name, value in outcome.figures.items()}
    made = [tried.outcomes[name] for name in trials if name in tried.outcomes]
    failed = next((outcome for outcome in made if not outcome.passed), None)
    slow = floors.reason(figures)
    if tried.built.reason:
        result, reason = Result.UNBUILT, tried.built.reason
    elif failed is not None:
        result, reason = Result.FAILED, failed.reason
    elif slow:
        result, reason = Result.SLOW, slow
    else:
        result = Result.PROVEN if len(made) == len(trials) else Result.PASSED
        reason = ""
    shares = [figures[name] / shipped[name] for name in FIGURES if name in figures and shipped.get(name)]
    return Point(
        values=tried.values,
        result=result,
        reason=reason,
        ram=tried.built.ram,
        figures={name: figures[name] for name in FIGURES if name in figures},
        speed=round(min(shares), 3) if shares else None,
        build_seconds=tried.built.seconds,
        trial_seconds=sum(outcome.wall for outcome in tried.outcomes.values()),
    )
