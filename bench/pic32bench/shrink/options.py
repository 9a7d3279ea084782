# SPDX-License-Identifier: MIT
"""Build options that are integers, and the values of them that are to be tried."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pic32bench import paths
from pic32bench.errors import UsageError

_ASSIGNED = re.compile(r"^([A-Z][A-Z0-9_]*)\s*\?=\s*(\d+)\s*$", re.MULTILINE)
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_RANGE = re.compile(r"(\d+)\.\.(\d+)(?:/(\d+))?")
_LARGEST = 2**31 - 1


@dataclass(frozen=True)
class Option:
    """An option: its value as shipped, and the values to try, ascending."""

    name: str
    shipped: int
    values: Sequence[int]


def firmware_options(makefile: Path | None = None) -> dict[str, int]:
    """The integer build options of the reference firmware with the values they ship with, as its Makefile sets them."""
    path = makefile or paths.project_root() / "firmware" / "Makefile"
    try:
        return {name: int(value) for name, value in _ASSIGNED.findall(path.read_text())}
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}: shrink builds the firmware from the project's sources") from None


def read_option(
    text: str,
    known: dict[str, int] | None,
    low: int | None = None,
    high: int | None = None,
    step: int | None = None,
    values: str | None = None,
) -> Option:
    """An option from ``NAME``, ``NAME=160..4096``, ``NAME=160..4096/32`` (in steps) or ``NAME=512,1024``.

    ``known`` are the options there are and what they ship with, None for firmware of which nothing is known; its
    largest value then counts as shipped. ``low`` to ``values`` are what --from, --to, --step and --values say.

    Raises UsageError.
    """
    name, given, wanted = text.partition("=")
    if not _NAME.fullmatch(name):
        raise UsageError(f"{text}: expected an option's name, alone or as NAME=LOW..HIGH or NAME=VALUE,VALUE")
    if known is not None and name not in known:
        raise UsageError(f"no integer build option {name}: the firmware has {', '.join(sorted(known))}")
    if given and (values is not None or low is not None or high is not None or step is not None):
        raise UsageError(f"{text}: give the values either there, or with --from, --to, --step and --values")
    shipped = None if known is None else known[name]
    if values is not None:
        if low is not None or high is not None or step is not None:
            raise UsageError("--values goes without --from, --to and --step")
        wanted = values
    elif not given:
        top = shipped if high is None else high
        if top is None or (known is None and low is None):
            raise UsageError(f"{name}: from where to where? Write {name}=LOW..HIGH, or give --from and --to")
        wanted = f"{1 if low is None else low}..{top}/{1 if step is None else step}"
    found = _read_values(name, wanted)
    return Option(name, found[-1] if shipped is None else shipped, found)


def _read_values(name: str, text: str) -> Sequence[int]:
    if match := _RANGE.fullmatch(text):
        low, high, step = int(match[1]), int(match[2]), int(match[3] or 1)
        if step < 1:
            raise UsageError(f"{name}={text}: a step of {step}: expected 1 or more")
        _in_range(name, low, high)
        # From the largest down, so that it is among them.
        found: Sequence[int] = range(high, low - 1, -step)[::-1]
    else:
        numbers = [word.strip() for word in text.split(",")]
        wrong = next((word for word in numbers if not word.isascii() or not word.isdigit()), None)
        if wrong is not None:
            raise UsageError(f"{name}={text}: {wrong!r} is no whole number: expected LOW..HIGH or a list")
        found = sorted({int(word) for word in numbers})
        _in_range(name, found[0], found[-1])
    if not found:
        raise UsageError(f"{name}={text}: no value is left to try: the first number is the smallest")
    return found


def _in_range(name: str, low: int, high: int) -> None:
    if low < 0 or high > _LARGEST:
        raise UsageError(f"{name}: values from {low} to {high}: expected 0 to {_LARGEST}")
