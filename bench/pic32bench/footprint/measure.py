# SPDX-License-Identifier: MIT
"""Measure an image against a footprint table."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from pic32bench.errors import ImageError
from pic32bench.footprint.budget import Access, Budget, BudgetError, Memory, Row, Scope, What, load_budget
from pic32bench.footprint.layout import Layout, Piece, read_layout
from pic32bench.footprint.limits import Checked, check_limits
from pic32bench.footprint.names import file_name, symbol_matches
from pic32bench.footprint.symbols import Symbol, bytes_covered
from pic32bench.footprint.unlisted import Unlisted, find_unlisted

_ALIGNMENT = 16  # bytes: what a MAP may add to a variable in a section of its own


@dataclass(frozen=True)
class Measured:
    """A row of the table and the symbols that do its job in this image.

    ``unmatched`` are its patterns without a match. ``nameless`` is where a MAP has the row without a name.
    """

    row: Row
    symbols: tuple[Symbol, ...]
    unmatched: tuple[str, ...]
    sections: tuple[str, ...] = ()
    nameless: Piece | None = None

    @property
    def present(self) -> bool:
        """Whether any symbol does this row's job."""
        return bool(self.symbols)

    @property
    def size(self) -> int:
        """Bytes of all symbols; bytes that several names share count once."""
        return bytes_covered(self.symbols)

    @property
    def difference(self) -> int:
        """Bytes more (or, negative, less) than the table."""
        return self.size - self.row.size

    @property
    def over(self) -> bool:
        """Bigger than the table says."""
        return self.difference > 0

    @property
    def access(self) -> Access | None:
        """GLOBAL when any symbol is; the table's own, if it has one, when there is none."""
        if not self.symbols:
            return self.row.access
        return Access.GLOBAL if any(symbol.access is Access.GLOBAL for symbol in self.symbols) else Access.LOCAL

    @property
    def files(self) -> tuple[str, ...]:
        """The object or source files of its symbols, as far as known."""
        return tuple(sorted({symbol.file for symbol in self.symbols if symbol.file}))


@dataclass(frozen=True)
class Total:
    """Sums over rows, bytes."""

    size: int
    budget: int

    @property
    def difference(self) -> int:
        """Bytes more (or, negative, less) than the table."""
        return self.size - self.budget


@dataclass(frozen=True)
class Report:
    """An image against a table: ``rows`` in the table's order, ``limits`` likewise, ``unlisted`` the biggest first."""

    image: Path
    budget: Budget
    layout: Layout
    rows: tuple[Measured, ...]
    limits: tuple[Checked, ...]
    unlisted: tuple[Unlisted, ...]

    @property
    def over(self) -> tuple[Measured, ...]:
        """The rows bigger than the table says."""
        return tuple(row for row in self.rows if row.over)

    @property
    def over_limit(self) -> tuple[Checked, ...]:
        """The limits that are exceeded."""
        return tuple(limit for limit in self.limits if limit.over)

    @property
    def fits(self) -> bool:
        """No row is bigger than the table says, and no limit is exceeded."""
        return not self.over and not self.over_limit

    @property
    def absent(self) -> tuple[Measured, ...]:
        """The rows that nothing in this image does."""
        return tuple(row for row in self.rows if not row.present)

    @property
    def totals(self) -> dict[What, Total]:
        """Sums of functions and of variables."""
        return {
            what: Total(
                sum(measured.size for measured in self.rows if measured.row.what is what),
                sum(measured.row.size for measured in self.rows if measured.row.what is what),
            )
            for what in What
        }

    @property
    def image_totals(self) -> dict[Memory, int]:
        """What the whole image takes, bytes."""
        return {memory: self.layout.total(memory) for memory in Memory}

    @property
    def notes(self) -> tuple[str, ...]:
        """What deserves a second look: names in the table that this image lacks, sizes that are not known exactly."""
        return tuple(self._notes())

    def _notes(self) -> Iterator[str]:
        for measured in self.rows:
            row = measured.row
            for pattern in measured.unmatched:
                yield f"{row.what} {row.name}: no symbol '{pattern}' in this image"
            for symbol in measured.symbols:
                if symbol.size == 0:
                    yield f"{row.what} {row.name}: symbol {symbol.name} says size 0, its bytes are not counted"
            if measured.nameless is not None:
                piece = measured.nameless
                yield (
                    f"{row.what} {row.name}: the MAP does not name it; taken for it are {piece.size} bytes of "
                    f"{piece.where} of {file_name(piece.file)} where the table has it"
                )
        vague = [m.row.name for m in self.rows if m.over and any(not symbol.exact for symbol in m.symbols)]
        if vague:
            yield (
                f"in a MAP these sizes reach to the next name, with all that has none: {', '.join(vague)}: "
                "measure the ELF to know"
            )
        for checked in self.limits:
            limit = checked.limit
            if not checked.found:
                yield f"limit in line {limit.line}: no {limit.scope} '{limit.pattern}' in this image"
            elif checked.besides is None:
                yield (
                    f"limit in line {limit.line}: a MAP holds no code, so what only {limit.pattern} uses is not "
                    "counted: measure the ELF to know"
                )
        if self.unlisted and any(symbol.size and not symbol.file for m in self.rows for symbol in m.symbols):
            yield (
                "neither debug information nor a MAP of this build beside it tells the object files of some rows: "
                "all of the image that no row names is listed"
            )

    def complaint(self) -> str:
        """One line that names every row and limit that is exceeded; empty when it fits."""
        if self.fits:
            return ""
        exceeded = [(m.row.name, m.size, m.row.size) for m in self.over]
        exceeded += [(checked.name, checked.size, checked.limit.max) for checked in self.over_limit]
        found = ", ".join(f"{name} {size:,} > {most:,} (+{size - most:,})" for name, size, most in exceeded)
        return f"{self.image}: over the budget of {self.budget.path}: {found}"


def measure(image: str | Path, budget: str | Path | Budget | None = None) -> Report:
    """Measure an ELF (or MAP) against a footprint table; None: firmware/footprint.toml of the project.

    A pattern also counts what GCC splits off or copies under the same name (``name.part.0``, ``name.constprop.1``) and
    static variables inside functions (``name.1234``). Local symbols of the same name in several files all count.

    Raises:
        ImageError: the image cannot be read, has no symbols, or has nothing at all of the table.
        BudgetError: the table cannot be read, or gives one symbol to two rows.
    """
    table = budget if isinstance(budget, Budget) else load_budget(budget)
    return measure_layout(read_layout(image), table)


def measure_layout(layout: Layout, table: Budget) -> Report:
    """Measure an image that has been read. Raises what `measure` raises."""
    image = layout.path
    rows = _nameless_rows(layout, _rows(table, layout.symbols))
    _each_symbol_once(table, rows)
    unlisted = find_unlisted(layout, [symbol for measured in rows for symbol in measured.symbols])
    limits = check_limits(table.limits, layout, unlisted)
    if not any(m.present for m in rows) and not any(c.found and c.limit.scope is not Scope.TOTAL for c in limits):
        if rows:
            raise ImageError(f"{image}: nothing of {table.path} is in this image: is it the image this table is for?")
        unlisted = ()
    rows = tuple(replace(measured, sections=_sections(layout, measured.symbols)) for measured in rows)
    return Report(image, table, layout, rows, limits, unlisted)


def _rows(table: Budget, symbols: Sequence[Symbol]) -> tuple[Measured, ...]:
    rows = [_measured(row, symbols, row.patterns) for row in table.rows]
    taken = {symbol for measured in rows for symbol in measured.symbols}
    free = [symbol for symbol in symbols if symbol not in taken]
    found = []
    for measured in rows:
        own = measured if measured.present else _measured(measured.row, free, (measured.row.name,))
        found.append(own if own.present else measured)
    return tuple(found)


def _measured(row: Row, symbols: Sequence[Symbol], patterns: tuple[str, ...]) -> Measured:
    mine = [symbol for symbol in symbols if symbol.what is row.what]
    found = tuple(symbol for symbol in mine if any(symbol_matches(symbol.name, pattern) for pattern in patterns))
    unmatched = tuple(
        pattern for pattern in patterns if not any(symbol_matches(symbol.name, pattern) for symbol in found)
    )
    return Measured(row, found, () if patterns == (row.name,) else unmatched)


def _nameless_rows(layout: Layout, rows: tuple[Measured, ...]) -> tuple[Measured, ...]:
    """Finds local variables in a MAP, which does not name them, where the table has them.

    Only at the very address, with that size but for alignment, and in an object file of the other rows: then it is the
    build of the table, and what is there can be nothing else.
    """
    if layout.from_elf:
        return rows
    files = {symbol.file for measured in rows for symbol in measured.symbols}
    nameless = {piece.address: piece for piece in layout.pieces if not piece.name and piece.file in files}
    return tuple(_nameless(measured, nameless.get(measured.row.address or 0)) for measured in rows)


def _nameless(measured: Measured, piece: Piece | None) -> Measured:
    row = measured.row
    if measured.present or piece is None or row.what is not What.VARIABLE or row.access is not Access.LOCAL:
        return measured
    if not row.size <= piece.size < row.size + _ALIGNMENT:
        return measured
    symbol = Symbol(row.what, row.name, piece.address, row.size, row.access, piece.where, piece.file, False)
    return replace(measured, symbols=(symbol,), unmatched=(), nameless=piece)


def _each_symbol_once(table: Budget, rows: Sequence[Measured]) -> None:
    owner: dict[Symbol, Row] = {}
    for measured in rows:
        for symbol in measured.symbols:
            other = owner.setdefault(symbol, measured.row)
            if other is not measured.row:
                raise BudgetError(
                    f"{table.path}, line {measured.row.line}: {symbol.what} {symbol.name} counts for both "
                    f"{other.name} and {measured.row.name}: give it to one of them"
                )


def _sections(layout: Layout, symbols: Sequence[Symbol]) -> tuple[str, ...]:
    """The sections that symbols are in, each once."""
    return tuple(dict.fromkeys(layout.section_name(symbol) for symbol in symbols))
