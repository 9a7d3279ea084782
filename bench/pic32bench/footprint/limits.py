# SPDX-License-Identifier: MIT
"""Limits on symbols, object files, sections, the whole image, and on what no row names."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase

from pic32bench.footprint.budget import Limit, Memory, Scope, What
from pic32bench.footprint.layout import Layout, Piece
from pic32bench.footprint.names import file_matches, file_name, readable, symbol_matches, without_clone
from pic32bench.footprint.references import References
from pic32bench.footprint.symbols import bytes_covered
from pic32bench.footprint.unlisted import Unlisted


@dataclass(frozen=True)
class Checked:
    """A limit and the ``size`` in bytes held against it; ``name`` says of what; ``found``: there is such a thing.

    ``besides`` is what an exclusive limit counts beside its object files; None when the image cannot tell.
    """

    limit: Limit
    name: str
    size: int
    found: bool
    besides: tuple[Piece, ...] | None = ()

    @property
    def difference(self) -> int:
        """Bytes more (or, negative, less) than the limit."""
        return self.size - self.limit.max

    @property
    def over(self) -> bool:
        """Whether it is exceeded."""
        return self.difference > 0


def check_limits(limits: Sequence[Limit], layout: Layout, unlisted: Sequence[Unlisted]) -> tuple[Checked, ...]:
    """Hold an image against limits; those of other images are left out. A limit for each has an entry for each."""
    applying = [limit for limit in limits if _applies(limit, layout)]
    references = References(layout) if layout.from_elf and any(limit.exclusive for limit in applying) else None
    found: list[Checked] = []
    for limit in applying:
        for checked in _check(limit, layout, unlisted):
            found.append(_with_besides(checked, layout, references) if limit.exclusive else checked)
    return tuple(found)


def _with_besides(checked: Checked, layout: Layout, references: References | None) -> Checked:
    """An exclusive limit, with what only its object files use."""
    if references is None:
        return replace(checked, besides=None)
    limit = checked.limit
    owners = [piece for piece in layout.pieces if piece.file and file_matches(piece.file, limit.pattern)]
    besides = tuple(
        piece
        for piece in references.only_for(owners)
        if _counts(limit, piece, piece.what) and not _is_excepted(limit, piece.name)
    )
    return replace(checked, size=checked.size + sum(piece.size for piece in besides), besides=besides)


def _applies(limit: Limit, layout: Layout) -> bool:
    wanted = limit.with_symbol
    return wanted is None or any(symbol_matches(symbol.name, wanted) for symbol in layout.symbols)


def _check(limit: Limit, layout: Layout, unlisted: Sequence[Unlisted]) -> Iterator[Checked]:
    sizes: dict[str, int] = {}
    if limit.scope is Scope.SYMBOL:
        symbols = [
            symbol
            for symbol in layout.symbols
            if symbol_matches(symbol.name, limit.pattern) and not _is_excepted(limit, symbol.name)
        ]
        found = bool(symbols)
        counted = [symbol for symbol in symbols if _counts(limit, layout.piece_at(symbol.address), symbol.what)]
        total = bytes_covered(counted)
        if limit.each:
            names = {symbol: readable(without_clone(symbol.name)) for symbol in counted}
            for name in dict.fromkeys(names.values()):
                sizes[name] = bytes_covered(symbol for symbol in counted if names[symbol] == name)
    else:
        matches = list(_matches(limit, layout, unlisted))
        found = bool(matches)
        for name, piece, size in matches:
            if _counts(limit, piece, piece.what):
                sizes[name] = sizes.get(name, 0) + size
        total = sum(sizes.values())
    if limit.each and sizes:
        kind = f"{limit.what} of " if limit.what else ""
        for name, size in sizes.items():
            yield Checked(limit, f"{kind}{limit.scope} {name}", size, True)
    else:
        yield Checked(limit, limit.name, total, found)


def _matches(limit: Limit, layout: Layout, unlisted: Sequence[Unlisted]) -> Iterator[tuple[str, Piece, int]]:
    """What a limit's pattern names: what it is called, the piece, bytes of it."""
    pattern = limit.pattern
    if limit.scope is Scope.UNLISTED:
        for entry in unlisted:
            if file_matches(entry.piece.file, pattern) and not _is_excepted(limit, entry.piece.name):
                yield f"{entry.label} of {file_name(entry.piece.file)}", entry.piece, entry.size
        return
    for piece in layout.pieces:
        if _is_excepted(limit, piece.name):
            continue
        if limit.scope is Scope.OBJECT:
            if piece.file and file_matches(piece.file, pattern):
                yield file_name(piece.file), piece, piece.size
        elif limit.scope is Scope.TOTAL:
            if piece.counts_as(Memory(pattern)):
                yield pattern, piece, piece.size
        elif fnmatchcase(piece.section.name, pattern):
            yield piece.section.name, piece, piece.size
        elif fnmatchcase(piece.part, pattern):
            yield piece.part, piece, piece.size


def _is_excepted(limit: Limit, name: str) -> bool:
    return limit.but is not None and bool(name) and symbol_matches(name, limit.but)


def _counts(limit: Limit, piece: Piece | None, what: What | None) -> bool:
    """Whether a limit counts bytes of a piece that is a function, a variable, or neither."""
    if limit.what is None:
        return True
    if isinstance(limit.what, What):
        return what is limit.what
    return piece is not None and piece.counts_as(limit.what)
