# SPDX-License-Identifier: MIT
"""Calls of allocators, as a run was seen to make them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Set

from pic32bench.code_map import CodeMap, Place
from pic32bench.image import PHYSICAL
from pic32bench.watch import CallEvent

# Where the core begins after a reset (DS60001320 section 4): to be seen as well, as a reset forgets what was given.
RESET = frozenset({0x1FC00000})
_PLACE = PHYSICAL & ~1  # bit 0 of an address in code says microMIPS


def entry(address: int) -> int:
    """An address in code as one and the same number, however it is written."""
    return address & _PLACE


def before(ra: int) -> int:
    """An address in a call, from its return address: that is behind the call, and may be in the next function."""
    return (ra & ~1) - 1


def site(code: CodeMap, ra: int) -> Place:
    """The place of a call, from its return address."""
    return code.find(before(ra))


def lives(calls: Iterable[CallEvent], functions: Set[int], code: CodeMap) -> Iterator[list[CallEvent]]:
    """The requests among some calls, for each life of the firmware: a reset forgets all that was given.

    Of calls of ``functions`` (entries) those are requests that none of these functions made itself: ``calloc`` calls
    ``malloc``, and ``malloc`` jumps to ``_malloc_r``. They come in the order of their returns.
    """
    requests: list[CallEvent] = []
    open_: list[CallEvent] = []
    for call in sorted(calls, key=lambda call: call.time_ns):
        if entry(call.function) in RESET:
            yield _by_return(requests)
            requests, open_ = [], []
        if entry(call.function) not in functions:
            continue
        open_ = [other for other in open_ if other.end_ns is None or other.end_ns > call.time_ns]
        start = code.start(before(call.ra))
        inside = start is not None and entry(start) in functions
        jumped_to = any(
            (other.ra, other.sp) == (call.ra, call.sp) and other.function != call.function for other in open_
        )
        if not inside and not jumped_to:
            requests.append(call)
        open_.append(call)
    yield _by_return(requests)


def _by_return(calls: Iterable[CallEvent]) -> list[CallEvent]:
    return sorted(calls, key=lambda call: call.time_ns if call.end_ns is None else call.end_ns)
