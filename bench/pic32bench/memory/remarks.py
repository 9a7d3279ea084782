# SPDX-License-Identifier: MIT
"""What a report says of a heap or pool beside its row: who got nothing, with whom the rest is, what is doubtful."""

from __future__ import annotations

from collections.abc import Iterator

from pic32bench.code_map import Place
from pic32bench.memory.report import HeapUse, PoolUse

_PLACES = 5  # that are named
_NS = 1e9


def remarks(use: HeapUse | PoolUse) -> Iterator[str]:
    """Lines for people, each about one thing."""
    kind = "heap" if isinstance(use, HeapUse) else "pool"
    for text in (*_failures(use), *_held(use), *use.notes):
        yield f"{kind} {use.name}: {text}"


def _failures(use: HeapUse | PoolUse) -> Iterator[str]:
    places: dict[tuple[Place, int], list[int]] = {}
    for failure in use.failed:
        places.setdefault((failure.place, failure.size), []).append(failure.time_ns)
    for (place, size), times in list(places.items())[:_PLACES]:
        what = f" of {size:,} bytes" if isinstance(use, HeapUse) else ""
        when = f"at {times[0] / _NS:.6f} s" if len(times) == 1 else f"the first at {times[0] / _NS:.6f} s"
        requests = "a request" if len(times) == 1 else f"{len(times):,} requests"
        yield f"{requests}{what} got nothing, {when}, in {_where(place)}"
    yield from _more(len(places), "got nothing")


def _held(use: HeapUse | PoolUse) -> Iterator[str]:
    # Most of what a network stack takes from its pools it never gives back: that is what they are for.
    if isinstance(use, HeapUse):
        for held in use.held[:_PLACES]:
            blocks = f"{held.blocks:,} block{'s' if held.blocks > 1 else ''}"
            yield f"{held.size:,} bytes in {blocks} still out, asked for in {_where(held.place)}"
        yield from _more(len(use.held), "still have some")


def _more(places: int, what: str) -> Iterator[str]:
    if places > _PLACES:
        yield f"{places - _PLACES} more places {what}"


def _where(place: Place) -> str:
    return str(place) or "an unknown place"
