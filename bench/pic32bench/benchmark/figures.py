# SPDX-License-Identifier: MIT
"""Figures: what was measured, how often, and what is the same in two sessions."""

from __future__ import annotations

import statistics
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar


@dataclass(frozen=True)
class Kind:
    """What a figure is: its unit, how many decimals are shown, and whether more of it is better."""

    unit: str
    decimals: int
    more_is_better: bool


SPEED = Kind("million/s", 1, True)
RATIO = Kind("", 3, True)
REAL_TIME = Kind("x real", 2, True)
WALL = Kind("s wall", 3, False)
VIRTUAL = Kind("s virtual", 3, False)


@dataclass
class Figure:
    """A figure of a session: one sample a round. Never without samples."""

    name: str
    kind: Kind
    samples: list[float] = field(default_factory=list)

    @property
    def median(self) -> float:
        return statistics.median(self.samples)

    @property
    def low(self) -> float:
        return min(self.samples)

    @property
    def high(self) -> float:
        return max(self.samples)


@dataclass(frozen=True)
class Setup:
    """What is measured: a board, an image of the demo's kind (None: the reference firmware), the original demo's HEX.

    ``folder`` is for files that a subject makes.
    """

    board: str
    image: Path | None
    original: Path | None
    folder: Path


class Subject(ABC):
    """Something to measure. ``kinds`` are its figures by name."""

    name: str
    kinds: ClassVar[dict[str, Kind]]

    def __init__(self, setup: Setup) -> None:
        self.setup = setup

    def missing(self) -> str | None:
        """Why it cannot be measured here, in one line; None if it can."""
        return None

    @abstractmethod
    def sample(self) -> dict[str, float]:
        """Measures once. Raises BenchError when the board does not do what is measured."""


@dataclass
class Session:
    """What a session has found: figures by name, and by subject why one was not measured."""

    figures: dict[str, Figure] = field(default_factory=dict)
    missing: dict[str, str] = field(default_factory=dict)

    def measure(self, subjects: Iterable[Subject], runs: int, progress: Callable[[str], None]) -> None:
        """Asks each subject ``runs`` times, all of them in turn. Raises BenchError."""
        able = []
        for subject in subjects:
            reason = subject.missing()
            if reason is None:
                able.append(subject)
            else:
                self.missing[subject.name] = reason
        for run in range(1, runs + 1):
            for subject in able:
                progress(f"run {run} of {runs}: {subject.name}")
                for name, value in subject.sample().items():
                    self.figures.setdefault(name, Figure(name, subject.kinds[name])).samples.append(value)
