# SPDX-License-Identifier: MIT
"""What the user knows and the code does not tell: where pointers go, and how deep a recursion is."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from pic32bench.callgraph.program import Program, source_name
from pic32bench.code_map import Place
from pic32bench.errors import UsageError
from pic32bench.footprint.budget import MOST_LEVEL, Budget

NOWHERE = "none"  # as a target: this call is never made


@dataclass(frozen=True)
class Assumptions:
    """``calls``: by a place (FILE:LINE, a function for all of its open calls, or an address) the functions that it
    calls; ``depths``: by a function how often it may be on the stack at one time; ``levels``: by an
    interrupt handler the level that it is given. ``candidates``: an open call goes to
    its candidates, if it has some, and nowhere else. What ``optional`` names of them need not be in the
    program.
    """

    calls: dict[str, tuple[str, ...]] = field(default_factory=dict)
    depths: dict[str, int] = field(default_factory=dict)
    levels: dict[str, int] = field(default_factory=dict)
    candidates: bool = False
    optional: frozenset[str] = frozenset()

    @classmethod
    def of(cls, budget: Budget) -> Assumptions:
        """What a footprint table tells. It may be for several builds, so what one of them has not does no harm."""
        calls = {call.name: call.to for call in budget.calls}
        depths = {recursion.name: recursion.max for recursion in budget.recursions}
        levels = {interrupt.name: interrupt.level for interrupt in budget.interrupts}
        return cls(calls, depths, levels, optional=frozenset([*calls, *depths, *levels]))

    def __or__(self, other: Assumptions) -> Assumptions:
        """Both; of two that tell the same, the other's counts."""
        return Assumptions(
            {**self.calls, **other.calls},
            {**self.depths, **other.depths},
            {**self.levels, **other.levels},
            self.candidates or other.candidates,
            (self.optional - other.calls.keys() - other.depths.keys() - other.levels.keys()) | other.optional,
        )

    def resolve(self, program: Program) -> Resolved:
        """With the names of a program. Raises UsageError for one that is none of its functions."""
        calls = {}
        for place, names in self.calls.items():
            named = [name for name in names if name != NOWHERE]
            # What is told of another build may not be all that there is of this one.
            if place not in self.optional or all(program.has(name) for name in named):
                calls[place] = tuple(program.find(name).key for name in named)
        return Resolved(program, calls, self.optional)


class Resolved:
    """Assumptions about a program."""

    def __init__(self, program: Program, calls: dict[str, tuple[int, ...]], optional: frozenset[str]) -> None:
        self._program = program
        self._calls = calls
        self._used = set(optional)

    def targets(self, address: int, place: Place, function: str) -> tuple[int, ...] | None:
        """Where a call goes, by the most exact of what was told; None: nothing was."""
        names = (f"0x{address:08x}", f"{Path(place.file).name}:{place.line}", function, source_name(function))
        for name in (*names, place.function):
            for key, targets in self._calls.items():
                if key in (name, name.upper().replace("X", "x", 1)):
                    self._used.add(key)
                    return targets
        return None

    def check(self) -> None:
        """Raises UsageError when something was told of a call that is not open."""
        for place in self._calls:
            if place not in self._used:
                raise UsageError(
                    f"{self._program.path}: no open call at {place}: expected FILE:LINE, a function or an address from "
                    "the list of `pic32bench stack`"
                )


def parse_calls(texts: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """``PLACE=FUNCTION,FUNCTION`` each. Raises UsageError."""
    found: dict[str, tuple[str, ...]] = {}
    for text in texts:
        place, equals, names = text.partition("=")
        targets = tuple(name.strip() for name in names.split(",") if name.strip())
        if not equals or not place.strip() or not targets:
            raise UsageError(f"--calls {text}: expected PLACE=FUNCTION[,FUNCTION...], or PLACE={NOWHERE}")
        found[place.strip()] = found.get(place.strip(), ()) + targets
    return found


def parse_depths(texts: Iterable[str]) -> dict[str, int]:
    """``FUNCTION=N`` each. Raises UsageError."""
    return _parse_numbers(texts, "--depth", 1 << 20)


def parse_levels(texts: Iterable[str]) -> dict[str, int]:
    """``FUNCTION=LEVEL`` each. Raises UsageError."""
    return _parse_numbers(texts, "--level", MOST_LEVEL)


def _parse_numbers(texts: Iterable[str], option: str, most: int) -> dict[str, int]:
    found = {}
    for text in texts:
        if not (match := re.fullmatch(r"(.+)=(\d{1,7})", text)) or not 1 <= int(match[2]) <= most:
            raise UsageError(f"{option} {text}: expected FUNCTION=N, N from 1 to {most}")
        found[match[1].strip()] = int(match[2])
    return found
