# SPDX-License-Identifier: MIT
"""The way of frames between the board and whoever is at the other end of its cable, and what can be wrong with it.

    board.link.impair(loss="5%", delay="20ms")
    board.link.impair(window=100, direction="to board")
    board.link.clear()

It is the machine that impairs (platforms/qemu/README.md), so it is the same on every network: at exact virtual times,
by chance that is seeded, in snapshots and in replays. docs/impairment.md has the table.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import Any

from pic32bench.emulator import Emulator
from pic32bench.errors import UsageError
from pic32bench.panel import Panel
from pic32bench.panel_link import NS

BOTH, TO_BOARD, FROM_BOARD = DIRECTIONS = ("both", "to board", "from board")
DELAY_MAX = 60.0  # seconds; this and the next are the emulator's contract
WINDOW_MAX = 65535  # bytes, RFC 9293 3.1
_SEED_MAX = 2**64 - 1
_NUMBER = re.compile(r"([0-9]*\.?[0-9]+(?:e[-+]?[0-9]+)?)\s*([a-zµ%]*)", re.IGNORECASE)
_SHARES = {"": 1.0, "%": 0.01}
_TIMES = {
    unit: seconds
    for seconds, units in (
        (1.0, ("", "s", "sec", "secs", "second", "seconds")),
        (1e-3, ("ms", "millis", "millisecond", "milliseconds")),
        (1e-6, ("us", "µs", "microsecond", "microseconds")),
        (1e-9, ("ns", "nanosecond", "nanoseconds")),
    )
    for unit in units
}

Value = str | float  # as users write it: "5%", "20ms", 0.05


@dataclass(frozen=True)
class Impairments:
    """What happens to frames on their way, one direction; nothing unless said.

    ``loss``, ``duplication``, ``corruption`` and ``reordering`` are shares of the frames, ``bit_errors`` of the bits, 0
    to 1; ``delay`` is in virtual seconds, and so is ``jitter``, by which a frame is delayed more at most; ``window`` is
    the largest TCP window that gets through, bytes.
    """

    loss: float = 0.0
    duplication: float = 0.0
    corruption: float = 0.0
    bit_errors: float = 0.0
    reordering: float = 0.0
    delay: float = 0.0
    jitter: float = 0.0
    window: int | None = None

    @classmethod
    def of(cls, **values: Value | None) -> Impairments:
        """Reads what users write, such as ``loss="5%"``; None is as if not said. Raises UsageError, one line."""
        unknown = [name for name in values if name not in NAMES]
        if unknown:
            raise UsageError(f"no impairment {unknown[0]!r}: expected {', '.join(NAMES[:-1])} or {NAMES[-1]}")
        read: dict[str, Any] = {name: _READ[name](name, value) for name, value in values.items() if value is not None}
        return cls(**read)

    def line(self) -> dict[str, float | int]:
        """For the panel."""
        said: dict[str, float | int] = {}
        for name in NAMES:
            value = getattr(self, name)
            if value is None or (value == 0 and name != "window"):
                continue
            said[name.replace("_", "-")] = round(value * NS) if name in ("delay", "jitter") else value
        return said

    def __str__(self) -> str:
        said = []
        for name in NAMES:
            value = getattr(self, name)
            if name == "window" and value is not None:
                said.append(f"window {value}")
            elif name in ("delay", "jitter") and value:
                said.append(f"{name} {value * 1000:g} ms")
            elif value:
                share = f"{value:g}" if value < 1e-4 else f"{value * 100:g}%"
                said.append(f"{name.replace('_', ' ')} {share}")
        return ", ".join(said) or "clean"


NAMES = tuple(field.name for field in fields(Impairments))


@dataclass(frozen=True)
class Change:
    """What is asked of a link: ``impairments`` and no others from then on.

    ``direction`` is ``both``, ``to board`` or ``from board``; ``seed`` begins chance anew.
    """

    impairments: Impairments
    direction: str = BOTH
    seed: int | None = None

    @classmethod
    def of(cls, *, direction: str = BOTH, seed: int | str | None = None, **values: Value | None) -> Change:
        """Of the arguments of `Link.impair`. Raises UsageError, one line."""
        if direction not in DIRECTIONS:
            raise UsageError(f"direction: expected {BOTH}, {TO_BOARD} or {FROM_BOARD}, found {direction!r}")
        number = None if seed is None else _whole("seed", seed, _SEED_MAX)
        return cls(Impairments.of(**values), direction, number)

    @classmethod
    def read(cls, text: str) -> Change:
        """Of a text such as ``loss=5%,delay=20ms``. Raises UsageError, one line."""
        values: dict[str, str] = {}
        for item in filter(None, (item.strip() for item in text.split(","))):
            name, _, value = (part.strip() for part in item.partition("="))
            name = name.replace("-", "_")
            if not value:
                raise UsageError(f"impairment {item!r}: expected one such as loss=5%")
            if name in values:
                raise UsageError(f"impairment {name}: is there twice in {text!r}")
            values[name] = value
        return cls.of(**values)


@dataclass(frozen=True)
class Counts:
    """What has become of the frames of one direction since the board was started.

    ``frames`` came in. ``damaged``: had bit errors; ``clamped``: had a larger TCP window; ``overflowed``: were lost
    because too many were on the way, which are ``on_the_way`` now.
    """

    frames: int
    lost: int
    duplicated: int
    corrupted: int
    damaged: int
    reordered: int
    clamped: int
    overflowed: int
    on_the_way: int


class Link:
    """Impairs the link while the board runs. ``at`` is a virtual time still to come, seconds; else it is now."""

    def __init__(self, emulator: Emulator, panel: Panel) -> None:
        self._emulator = emulator
        self._panel = panel
        self._set = {direction: Impairments() for direction in (TO_BOARD, FROM_BOARD)}

    def impair(
        self, *, direction: str = BOTH, seed: int | str | None = None, at: float | None = None, **values: Value | None
    ) -> None:
        """From then on the link has these impairments and no others; with none it is clean.

        ``values`` are those of `Impairments`, as numbers or as a user writes them: ``loss="5%"``, ``delay="20ms"``.
        ``direction`` is ``both``, ``to board`` or ``from board``; the other one stays as it is. ``seed`` begins chance
        anew; without it chance goes on, and has begun with the board's seed. What is on its way already stays on it.

        Raises UsageError, one line, for anything else.
        """
        self.apply(Change.of(direction=direction, seed=seed, **values), at)

    def apply(self, change: Change, at: float | None = None) -> None:
        """Does what `impair` does."""
        wanted, direction = change.impairments, change.direction
        line: dict[str, Any] = {**wanted.line(), "direction": direction}
        if change.seed is not None:
            line["seed"] = change.seed
        where = "" if direction == BOTH else f" {direction}"
        self._panel.act(f"impair the link{where}: {wanted}", at, impair=line)
        for each in self._set:
            if direction in (BOTH, each):
                self._set[each] = wanted

    def clear(self, direction: str = BOTH, at: float | None = None) -> None:
        """Makes the link clean again. Raises UsageError."""
        self.impair(direction=direction, at=at)

    def impairments(self, direction: str) -> Impairments:
        """What was asked for last, for ``to board`` or ``from board``. Raises UsageError."""
        if direction not in self._set:
            raise UsageError(f"direction: expected {TO_BOARD} or {FROM_BOARD}, found {direction!r}")
        return self._set[direction]

    def counts(self, direction: str) -> Counts:
        """What has become of the frames ``to board`` or ``from board`` so far. Raises UsageError."""
        self.impairments(direction)
        found = json.loads(self._emulator.get("paths"))[direction]
        return Counts(**{name.replace(" ", "_"): value for name, value in found.items()})

    def state(self) -> str:
        """The impairments in one line for people, empty when there are none."""
        to_board, from_board = self._set.values()
        if to_board == from_board:
            return "" if to_board == Impairments() else f"link: {to_board}"
        return f"link: to board: {to_board}; from board: {from_board}"

    def freeze(self) -> dict[str, Any]:
        """As plain data, for a snapshot."""
        return {direction: {name: getattr(each, name) for name in NAMES} for direction, each in self._set.items()}

    def thaw(self, state: dict[str, Any]) -> None:
        """Takes over what `freeze` gave."""
        self._set = {direction: Impairments(**values) for direction, values in state.items()}


def _quantity(value: Value, units: Mapping[str, float]) -> float | None:
    if isinstance(value, (int, float)):
        return float(value)
    found = _NUMBER.fullmatch(value.strip())
    return None if found is None or found[2].lower() not in units else float(found[1]) * units[found[2].lower()]


def _share(name: str, value: Value) -> float:
    share = _quantity(value, _SHARES)
    if share is None or not 0 <= share <= 1:
        raise UsageError(f"{name}: expected a share such as 5% or 0.05, 0 to 100%, found {value!r}")
    return share


def _time(name: str, value: Value) -> float:
    seconds = _quantity(value, _TIMES)
    if seconds is None or not 0 <= seconds <= DELAY_MAX:
        raise UsageError(f"{name}: expected a time such as 20ms or 0.02, 0 to {DELAY_MAX:g} s, found {value!r}")
    return seconds


def _whole(name: str, value: Value, limit: int) -> int:
    number = None
    if isinstance(value, int) or (isinstance(value, str) and re.fullmatch(r"[0-9]+", value.strip())):
        number = int(value)
    if number is None or not 0 <= number <= limit:
        raise UsageError(f"{name}: expected a whole number from 0 to {limit}, found {value!r}")
    return number


def _window(name: str, value: Value) -> int:
    return _whole(name, value, WINDOW_MAX)


_READ: dict[str, Callable[[str, Value], float | int]] = {
    **dict.fromkeys(("loss", "duplication", "corruption", "bit_errors", "reordering"), _share),
    **dict.fromkeys(("delay", "jitter"), _time),
    "window": _window,
}
