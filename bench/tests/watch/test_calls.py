# SPDX-License-Identifier: MIT
"""Who calls whom, what allocators are asked for and give, and who was on the stack when it was deepest."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import pytest

from pic32bench.backtrace import backtrace
from pic32bench.watch import StackRange, Watched

from .conftest import Program

TURNS = 5
STACK = StackRange("main", 0x80010000, 0x80020000)


def by_name(program: Program, watched: Watched) -> Counter[tuple[str, str]]:
    """Calls by the names of functions."""
    found: Counter[tuple[str, str]] = Counter()
    for (site, target), count in watched.edges.items():
        found[program.function(site) if site else "<interrupt>", program.function(target)] += count
    return found


def test_calls_are_counted(program: Callable[..., Program], isa: str) -> None:
    calls = program("calls", isa, "-O1")
    seen = calls.watch(calls=True)
    found = by_name(calls, seen)
    # An interrupt comes in each call of take() that goes to its end, and every second asks it for more itself.
    assert found["main", "leaf"] == found["main", "through_pointer"] == found["main", "tail"] == TURNS
    assert found["main", "take"] == TURNS + 1 + 3
    assert found["take", "take"] == TURNS
    assert found["through_pointer", "leaf"] == TURNS
    assert found["main", "deep"] == 1
    assert found["deep", "deep"] == 3
    assert found["deep", "deepest"] == 1
    assert found["_reset", "main"] == 1
    assert found["handler", "in_interrupt"] == found["in_interrupt", "take"]
    assert sum(count for (site, _), count in seen.edges.items() if site == 0) == found["<interrupt>", "handler"]
    tails = {
        (calls.function(site), calls.function(target)): count
        for (site, target), count in seen.jumps.items()
        if target == calls.low("leaf")
    }
    assert tails == {("tail", "leaf"): TURNS}
    assert calls.watch().edges == {}


def test_calls_of_an_allocator_are_logged(program: Callable[..., Program], isa: str) -> None:
    calls = program("calls", isa, "-O1")
    seen = calls.watch(functions=(calls.low("take"), calls.low("leaf") + 1))
    of_main = [
        event
        for event in seen.events
        if event.function == calls.low("take") and calls.function(event.ra) == "main" and event.arguments[0] != 1
    ]
    heap = 1000
    assert len(of_main) == TURNS + 1
    for turn, event in enumerate(of_main[:-1]):
        size = 100 + turn
        assert event.arguments == (size, 10, 20, 30)
        (inner,) = (
            other
            for other in seen.events
            if other.arguments == (size // 2, 10, 20, 31) and event.time_ns < other.time_ns < (event.end_ns or 0)
        )
        assert inner.sp < event.sp
        heap += turn and 1
        assert inner.end_ns is not None
        assert inner.end_ns < (event.end_ns or 0)
        assert inner.result is not None
        assert event.result == (inner.result - size) % 2**32
    assert of_main[-1].arguments == (4, 1, 2, 3)
    assert {event.result for event in seen.events if event.function == calls.low("leaf")} >= {5}
    assert all(event.end_ns is not None for event in seen.events)
    interrupted = [event for event in seen.events if event.arguments == (8, 0, 0, 99)]
    assert interrupted
    assert [event.time_ns for event in seen.events] == sorted(event.time_ns for event in seen.events)


@pytest.mark.parametrize("optimize", ["-O0", "-O1", "-Os"])
def test_the_chain_at_the_deepest_moment(program: Callable[..., Program], isa: str, optimize: str) -> None:
    calls = program("calls", isa, optimize)
    (low,) = calls.watch(stacks=(STACK,)).stacks
    assert low.core is not None
    trace = backtrace(low.core, low.memory, calls.maps)
    names = [frame.place.function for frame in trace.frames]
    outer = ["handler", "deepest", "deep", "deep", "deep", "deep", "main", "_reset"]
    assert names[-len(outer) :] == outer, trace
    # Optimized for size take() needs no stack, and else what it calls needs none.
    inner = ["leaf", "take", "in_interrupt"]
    assert names[: -len(outer)] in (inner, inner[1:], inner[2:]), trace
    assert low.used == 0x80020000 - low.lowest
    assert low.memory.read(low.lowest, low.used) is not None
    assert low.time_ns == low.core.time_ns
    # On the chip's own word for the registers at that moment: sp has gone at least as deep.
    assert low.core.gpr[29] <= low.lowest + 256


def test_a_stack_counts_from_its_time_on(program: Callable[..., Program], isa: str) -> None:
    calls = program("calls", isa, "-O1")
    (whole,) = calls.watch(stacks=(STACK,)).stacks
    assert whole.time_ns is not None
    late = StackRange("late", STACK.low, STACK.high, since_ns=whole.time_ns + 1)
    never = StackRange("never", STACK.low, STACK.high, since_ns=calls.recording.end_ns)
    below = StackRange("below", STACK.low, whole.lowest)
    found = {low.name: low for low in calls.watch(stacks=(late, never, below)).stacks}
    assert whole.lowest < found["late"].lowest < STACK.high
    assert (found["never"].lowest, found["never"].core, found["never"].time_ns) == (STACK.high, None, None)
    assert found["below"].used == 0
