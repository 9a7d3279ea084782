# SPDX-License-Identifier: MIT
"""One frame of the board's stream: four decimal uint16 values separated by single spaces.

The parser is strict, and a frame that is not of that form is named for what it is (:class:`Flaw`).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from pic32bench.errors import BenchError

VALUES_PER_FRAME = 4
VALUE_MAX = 0xFFFF

Frame: TypeAlias = tuple[int, int, int, int]
Message: TypeAlias = str | bytes

_DIGITS = frozenset("0123456789")


class Flaw(StrEnum):
    """What is wrong with a malformed frame."""

    BINARY = "binary message"
    EMPTY = "empty"
    WHITESPACE = "extra whitespace"
    COUNT = "not four values"
    SIGN = "signed value"
    DECIMAL = "not decimal"
    LEADING_ZERO = "leading zero"
    RANGE = "out of range"


@dataclass(frozen=True)
class FlawFound:
    """A flaw in one message. ``value`` is the index (0..3) of the value, None when the frame as a
    whole is wrong.
    """

    flaw: Flaw
    message: Message
    value: int | None = None

    def __str__(self) -> str:
        shown = repr(self.message if len(self.message) <= 40 else self.message[:40])
        if len(self.message) > 40:
            shown += f"... ({len(self.message)} long)"
        where = "" if self.value is None else f" at value {self.value}"
        return f"{self.flaw}{where}: {shown}"


class MalformedFrameError(BenchError):
    """A message is no frame; ``found`` says why."""

    def __init__(self, found: FlawFound) -> None:
        self.found = found
        super().__init__(
            f"malformed stream frame, {found}; expected four decimal values 0..65535 separated by single spaces"
        )


def _flaw_of_value(text: str) -> Flaw | None:
    if text[:1] in ("+", "-") and text[1:] and set(text[1:]) <= _DIGITS:
        return Flaw.SIGN
    if not set(text) <= _DIGITS:
        return Flaw.DECIMAL
    if len(text) > 1 and text[0] == "0":
        return Flaw.LEADING_ZERO
    if len(text) > 5 or int(text) > VALUE_MAX:
        return Flaw.RANGE
    return None


def examine(message: Message) -> Frame | FlawFound:
    """Return the four values of a text message, or the first flaw found. Never raises for a str or
    bytes.
    """
    if isinstance(message, bytes):
        return FlawFound(Flaw.BINARY, message)
    if message == "":
        return FlawFound(Flaw.EMPTY, message)
    parts = message.split(" ")
    if "" in parts or any(part != part.strip() or len(part.split()) > 1 for part in parts):
        return FlawFound(Flaw.WHITESPACE, message)
    for index, part in enumerate(parts[:VALUES_PER_FRAME]):
        flaw = _flaw_of_value(part)
        if flaw is not None:
            return FlawFound(flaw, message, index)
    if len(parts) != VALUES_PER_FRAME:
        return FlawFound(Flaw.COUNT, message)
    first, second, third, fourth = (int(part) for part in parts)
    return (first, second, third, fourth)


def parse(message: Message) -> Frame:
    """Return the four values of a message.

    Raises:
        MalformedFrameError: the message is not four decimal values 0..65535 separated by single
        spaces.
    """
    found = examine(message)
    if isinstance(found, FlawFound):
        raise MalformedFrameError(found)
    return found


def is_frame(message: Message) -> bool:
    """Whether a message has the form of a stream frame."""
    return not isinstance(examine(message), FlawFound)


def render(values: Frame) -> str:
    """The text that the board sends for four values."""
    return " ".join(str(value) for value in values)
