# SPDX-License-Identifier: MIT
"""Measure an image against a footprint table."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from pic32bench.errors import ImageError
from pic32bench.footprint.budget import Access, Budget, BudgetError, Row, What, load_budget
from pic32bench.footprint.symbols import Symbol, read_symbols

_CLONE = re.compile(r"(\.(isra|part|constprop|cold|lto_priv|localalias)(\.\d+)?|\.\d+)+$")
"""What GCC appends to the names of a function's parts and copies, and of static variables inside functions."""


@dataclass(frozen=True)
class Measured:
    """A row of the table and the symbols that do its job in this image."""

    row: Row
    symbols: tuple[Symbol, ...]
    unmatched: tuple[str, ...]

    @property
    def present(self) -> bool:
        """Whether any symbol does this row's job."""
        return bool(self.symbols)

    @property
    def size(self) -> int:
        """Bytes of all symbols; bytes that several names share count once."""
        return _bytes_covered(self.symbols)

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
    """An image against a table: ``rows`` in the table's order."""

    image: Path
    budget: Budget
    rows: tuple[Measured, ...]

    @property
    def over(self) -> tuple[Measured, ...]:
        """The rows bigger than the table says."""
        return tuple(row for row in self.rows if row.over)

    @property
    def fits(self) -> bool:
        """No row is bigger than the table says."""
        return not self.over

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
    def notes(self) -> tuple[str, ...]:
        """What deserves a second look: names in the table that this image lacks, symbols without a size."""
        lines = []
        for measured in self.rows:
            row = measured.row
            lines += [f"{row.what} {row.name}: no symbol '{pattern}' in this image" for pattern in measured.unmatched]
            lines += [
                f"{row.what} {row.name}: symbol {symbol.name} says size 0, its bytes are not counted"
                for symbol in measured.symbols
                if symbol.size == 0
            ]
        return tuple(lines)

    def complaint(self) -> str:
        """One line that names every row over budget; empty when it fits."""
        if self.fits:
            return ""
        rows = ", ".join(f"{m.row.name} {m.size:,} > {m.row.size:,} (+{m.difference:,})" for m in self.over)
        return f"{self.image}: over the budget of {self.budget.path}: {rows}"


def measure(image: str | Path, budget: str | Path | Budget | None = None) -> Report:
    """Measure an ELF (or MAP) against a footprint table; None: firmware/footprint.toml of the project.

    A pattern also counts what GCC splits off or copies under the same name (``name.part.0``, ``name.constprop.1``) and
    static variables inside functions (``name.1234``). Local symbols of the same name in several files all count.

    Raises:
        ImageError: the image cannot be read, has no symbols, or has nothing at all of the table.
        BudgetError: the table cannot be read, or gives one symbol to two rows.
    """
    table = budget if isinstance(budget, Budget) else load_budget(budget)
    symbols = read_symbols(image)
    rows = tuple(_measured(row, symbols) for row in table.rows)
    if not any(measured.present for measured in rows):
        raise ImageError(f"{image}: nothing of {table.path} is in this image: is it the image this table is for?")
    _each_symbol_once(table, rows)
    return Report(Path(image), table, rows)


def _measured(row: Row, symbols: Sequence[Symbol]) -> Measured:
    mine = [symbol for symbol in symbols if symbol.what is row.what]
    found = tuple(symbol for symbol in mine if any(_matches(symbol.name, pattern) for pattern in row.patterns))
    unmatched = tuple(pattern for pattern in row.patterns if not any(_matches(symbol.name, pattern) for symbol in mine))
    return Measured(row, found, () if row.patterns == (row.name,) else unmatched)


def _matches(name: str, pattern: str) -> bool:
    return fnmatchcase(name, pattern) or fnmatchcase(_CLONE.sub("", name), pattern)


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


def _bytes_covered(symbols: Sequence[Symbol]) -> int:
    """Bytes of the union of all address ranges: aliases share theirs."""
    total = end = 0
    for symbol in sorted(symbols, key=lambda symbol: symbol.address):
        start = max(symbol.address, end)
        stop = symbol.address + symbol.size
        if stop > start:
            total += stop - start
            end = stop
    return total
