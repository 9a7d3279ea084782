# SPDX-License-Identifier: MIT
"""What a run really used of the chip's RAM: buffers, stacks, heaps and pools, and who wrote past the end of something.

Addresses are as the firmware's symbols have them, sizes are bytes, times virtual ns.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from pic32bench.backtrace import Backtrace
from pic32bench.code_map import Place


class Role(StrEnum):
    """What an object in RAM is for, as far as its symbols tell."""

    DATA = ""
    HEAP = "heap"
    POOL = "pool"
    STACK = "stack"


@dataclass(frozen=True)
class BufferUse:
    """An object in RAM, or a piece of it that a MAP has no name for, and how far it was used.

    ``written`` and ``used`` count from its start to the highest byte that was stored to, and to the highest whose
    content mattered: what was written there was read afterwards. What clears or fills memory as a whole stores nothing
    of its own, and counts for neither. ``touched`` is how many bytes in all mattered.
    """

    name: str
    address: int
    size: int
    written: int
    used: int
    touched: int
    dma: bool
    section: str = ""
    file: str = ""
    role: Role = Role.DATA

    @property
    def share(self) -> float:
        """The part of it that was used, 0 to 1."""
        return self.used / self.size if self.size else 0.0


@dataclass(frozen=True)
class StackUse:
    """A stack from ``low`` to ``high``, and how deep it went: ``used`` bytes below its top, at ``time_ns``.

    ``known_by`` says where the range comes from. Without a bottom that anybody knows, ``low`` is None. ``chain`` are
    the calls at the deepest moment, None for a stack that was not used. ``bound`` is what its code can need (None:
    not looked at), at the most if it is ``bounded``, else more.
    """

    name: str
    low: int | None
    high: int
    used: int
    time_ns: int | None
    chain: Backtrace | None
    known_by: str
    bound: int | None = None
    bounded: bool = False

    @property
    def size(self) -> int | None:
        """How big it is."""
        return None if self.low is None else self.high - self.low

    @property
    def free(self) -> int | None:
        """What was never used; below 0 when it went past its bottom."""
        return None if self.size is None else self.size - self.used

    @property
    def overflow(self) -> bool:
        """It went past its bottom."""
        return self.free is not None and self.free < 0


@dataclass(frozen=True)
class Failure:
    """A request that got nothing: for ``size`` bytes (1 of a pool), and who asked."""

    time_ns: int
    size: int
    place: Place


@dataclass(frozen=True)
class Held:
    """What one caller asked for and never gave back, in all: bytes, or elements of a pool."""

    place: Place
    blocks: int
    size: int


@dataclass(frozen=True)
class HeapUse:
    """A heap: ``most`` is what was asked of it and not given back, at the most; ``left`` what never came back.

    ``calls`` are requests, ``failures`` those that got nothing. ``size`` is None when nothing says how big it is.
    ``span`` is how far apart its lowest and its highest byte ever given out were, gaps and the heap's own data between
    blocks included. ``own_count`` is what the firmware itself says was the most, and the name of its counter, if it has
    one; that counts the heap's own data, too. ``held`` is what ``left`` is made of, by caller.
    """

    name: str
    address: int | None
    size: int | None
    most: int
    most_time_ns: int | None
    left: int
    calls: int
    failures: int
    largest: int
    first_failure: Place | None = None
    notes: tuple[str, ...] = ()
    span: int = 0
    own_count: tuple[str, int] | None = None
    failed: tuple[Failure, ...] = ()
    held: tuple[Held, ...] = ()


@dataclass(frozen=True)
class PoolUse:
    """A pool of ``count`` elements of ``element`` bytes each: how many were out at the most, and what failed.

    ``left`` are out at the end; ``held`` says with whom. ``own_count`` is as that of a heap.
    """

    name: str
    address: int | None
    element: int
    count: int
    most: int
    most_time_ns: int | None
    calls: int
    failures: int
    first_failure: Place | None = None
    notes: tuple[str, ...] = ()
    left: int = 0
    own_count: tuple[str, int] | None = None
    failed: tuple[Failure, ...] = ()
    held: tuple[Held, ...] = ()


@dataclass(frozen=True)
class OverrunFound:
    """A store past an object's end: by whom, called from where, and when.

    The first wrong byte is the ``beyond``th after its last one. ``device`` is what stored when it was not the core;
    ``kind`` is how it was told, see `pic32bench.watch.Overrun`.
    """

    object: str
    address: int
    beyond: int
    pc: int
    place: Place
    caller: int
    caller_place: Place
    time_ns: int
    kind: str = ""
    device: str = ""

    @property
    def message(self) -> str:
        """One line."""
        past = f"{self.beyond} byte{'' if self.beyond == 1 else 's'} past its end"
        who = self.device or f"{self.pc:08X} {self.place}".rstrip()
        called = f", called from {self.caller:08X} {self.caller_place}".rstrip() if self.caller else ""
        when = f"{self.time_ns / 1e9:.9f} s"
        return f"overrun of {self.object}: a store to {self.address:08X}, {past}, by {who}{called}, at {when}"


@dataclass(frozen=True)
class Breach:
    """Something that is over its limit: ``what``, such as ``stack main``, and a line that says so."""

    what: str
    message: str


@dataclass(frozen=True)
class Report:
    """A run's use of RAM. ``seconds`` are virtual; ``notes`` say what is not known, and why.

    ``session`` is what the board was put through, where that is known, and ``left_out`` what of it did not apply.
    ``budget`` is the table of limits that was held against it, if one was, and ``unmatched`` are those of its limits
    that nothing in the run answers to.
    """

    image: str
    symbols: str | None
    network: str
    seconds: float
    buffers: tuple[BufferUse, ...]
    stacks: tuple[StackUse, ...]
    heaps: tuple[HeapUse, ...]
    pools: tuple[PoolUse, ...]
    overruns: tuple[OverrunFound, ...]
    notes: tuple[str, ...] = ()
    session: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()
    budget: str | None = None
    breaches: tuple[Breach, ...] = ()
    unmatched: tuple[str, ...] = ()

    @property
    def fits(self) -> bool:
        """Nothing is over its limit, and nobody wrote past the end of anything."""
        return not self.faults

    @property
    def faults(self) -> tuple[str, ...]:
        """A line for each overrun, each stack that went past its bottom, and each limit that was not kept."""
        return (
            *(overrun.message for overrun in self.overruns),
            *(
                f"stack {stack.name}: it went {-stack.free:,} bytes past its bottom"
                for stack in self.stacks
                if stack.free is not None and stack.free < 0
            ),
            *(breach.message for breach in self.breaches),
        )

    def complaint(self) -> str:
        """One line that names all of that; empty when everything fits."""
        return "; ".join(self.faults)
