# SPDX-License-Identifier: MIT
"""What the user knows and the code does not tell: where pointers go, and how deep a recursion is."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from pic32bench.callgraph.program import Program
from pic32bench.code_map import Place
from pic32bench.errors import UsageError
from pic32bench.image import PHYSICAL

NOWHERE = "none"  # as a target: this call is never made


@dataclass(frozen=True)
class Assumptions:
    """``calls``: by a place (FILE:LINE, a function for all of its open calls, or an address) the functions that it
    calls; ``depths``: by a function how often it may be on the stack at one time.
    """

    calls: dict[str, tuple[str, ...]] = field(default_factory=dict)
    depths: dict[str, int] = field(default_factory=dict)

    def resolve(self, program: Program) -> Resolved:
        """With the names of a program. Raises UsageError for one that is none of its functions."""
        calls = {}
        for place, names in self.calls.items():
            calls[place] = tuple(program.find(name).key for name in names if name != NOWHERE)
        return Resolved(program, calls)


class Resolved:
    """Assumptions about a program."""

    def __init__(self, program: Program, calls: dict[str, tuple[int, ...]]) -> None:
        self._program = program
        self._calls = calls
        self._used: set[str] = set()

    def targets(self, address: int, place: Place, function: str) -> tuple[int, ...] | None:
        """Where a call goes, by the most exact of what was told; None: nothing was."""
        names = (f"0x{address & PHYSICAL:08x}", f"0x{address:08x}", f"{Path(place.file).name}:{place.line}", function)
        for name in (*names, place.function):
            for key, targets in self._calls.items():
                if key == name or (key.lower() == name and key[:2].lower() == "0x"):
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
    found = {}
    for text in texts:
        if not (match := re.fullmatch(r"(.+)=(\d+)", text)) or not int(match[2]):
            raise UsageError(f"--depth {text}: expected FUNCTION=N, N from 1 on")
        found[match[1].strip()] = int(match[2])
    return found
