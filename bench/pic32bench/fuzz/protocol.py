# SPDX-License-Identifier: MIT
"""What a protocol is to the fuzzer: inputs to begin with, how one becomes another, and how the board gets them."""

from __future__ import annotations

import random
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar, TypeVar

from pic32bench.fuzz.client import serves_http, serves_websocket
from pic32bench.fuzz.subject import Service, Subject

_T = TypeVar("_T")
Input = tuple[bytes, ...]
"""One execution: a frame, or a stream of bytes in the pieces in which it is sent."""
SERVICES = (Service("HTTP", serves_http), Service("WebSocket", serves_websocket))


@dataclass(frozen=True)
class Delivered:
    """When the board was given an input, by its number in the batch; virtual ns."""

    time_ns: int
    number: int


def groups(items: Sequence[_T], size: int) -> Iterator[Sequence[_T]]:
    """The items in their order, so many at a time."""
    return (items[start : start + size] for start in range(0, len(items), size))


class Protocol(ABC):
    """A protocol under test. ``batch`` is how many inputs are given at a time, ``about`` what one is, for people."""

    name: ClassVar[str]
    about: ClassVar[str]
    batch: ClassVar[int] = 128
    replugs: ClassVar[bool] = False  # its inputs may rightly take the board's address away
    may_reset: ClassVar[bool] = False  # or reset it

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng

    @abstractmethod
    def seeds(self) -> Iterable[Input]:
        """Inputs to begin with: what is right, and what a parser has to look at."""

    @abstractmethod
    def mutate(self, parent: Input, other: Input) -> Input:
        """Another input, made of one, and maybe of part of another."""

    @abstractmethod
    def deliver(self, subject: Subject, inputs: Sequence[Input]) -> list[Delivered]:
        """Gives the board a batch, in any order. Raises FirmwareError."""

    def begin(self, subject: Subject) -> None:  # noqa: B027  (most need nothing)
        """A board was powered up and has its address."""

    def end(self, subject: Subject) -> None:  # noqa: B027
        """Before the board is looked at: lets go of what the last batches have left open."""
