# SPDX-License-Identifier: MIT
"""What a table forgets: the bytes that no row names, in the object files that its rows are in."""

from __future__ import annotations

import bisect
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from pic32bench.footprint.layout import Layout, Piece
from pic32bench.footprint.symbols import Symbol

_ALIGNMENT = 16  # bytes: fewer left of a piece that a row names are there because the next piece is aligned


@dataclass(frozen=True)
class Unlisted:
    """``size`` bytes without a row: a symbol, or all that has no name in one section of one object file.

    ``piece`` is the first of them; ``holder`` the function that a static variable is inside of, if known.
    """

    piece: Piece
    size: int
    holder: str

    @property
    def label(self) -> str:
        """How it is called in reports."""
        piece = self.piece
        if piece.name:
            return f"{piece.name} in {self.holder}" if self.holder else piece.name
        if not piece.literals:
            return "(no name)"
        return f"(string literals, {piece.merged_from} before merging)" if piece.merged_from else "(string literals)"


def find_unlisted(layout: Layout, listed: Sequence[Symbol]) -> tuple[Unlisted, ...]:
    """The bytes of an image that are of the same object files as ``listed`` and not its, the biggest first.

    Where the file of one of them is not known, it may be any, so all of the image counts.
    """
    files = {symbol.file for symbol in listed if symbol.size}
    ranges = _merged((symbol.address, symbol.end) for symbol in listed)
    named: list[Unlisted] = []
    nameless: dict[tuple[str, str, bool], Unlisted] = {}
    for piece in layout.pieces:
        if piece.padding or (piece.file not in files and "" not in files):
            continue
        size = piece.size - _overlap(ranges, piece.address, piece.end)
        if size == 0 or (size < piece.size and size < _ALIGNMENT):
            continue
        if piece.name:
            named.append(Unlisted(piece, size, layout.holder(piece)))
        else:
            key = (piece.file, piece.where, piece.literals)
            first = nameless.get(key, Unlisted(piece, 0, ""))
            nameless[key] = replace(first, size=first.size + size)
    return tuple(sorted([*named, *nameless.values()], key=lambda found: (-found.size, found.piece.address)))


def _merged(ranges: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """The same bytes as ranges that do not touch, by address."""
    merged: list[tuple[int, int]] = []
    for start, end in sorted(ranges):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


def _overlap(ranges: Sequence[tuple[int, int]], start: int, end: int) -> int:
    """How many bytes between two addresses are in the ranges."""
    total = 0
    for first, last in ranges[max(0, bisect.bisect_right(ranges, (start, 1 << 64)) - 1) :]:
        if first >= end:
            break
        total += max(0, min(end, last) - max(start, first))
    return total
