# SPDX-License-Identifier: MIT
"""A footprint report as tables on a terminal, or as plain text where it goes into a file or pipe."""

from __future__ import annotations

from typing import TextIO

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from pic32bench.footprint.view import Grid, Mark, View

_PIPED_WIDTH = 1000  # a row is a line, for programs that read it
_STYLES = {Mark.PLAIN: "", Mark.BAD: "red", Mark.FAINT: "dim", Mark.NEW: "yellow"}


def write_table(view: View, stream: TextIO) -> None:
    """Write a report, plain text when ``stream`` is no terminal."""
    console = Console(file=stream, highlight=False, emoji=False)
    if not stream.isatty():
        console = Console(file=stream, highlight=False, emoji=False, width=_PIPED_WIDTH, color_system=None)
    if view.title:
        console.print(f"[bold]{escape(view.title)}[/bold]")
    console.print(escape(view.about), soft_wrap=True)
    for grid in view.grids:
        console.print(_table(grid, stream.isatty()))
    for note in view.notes:
        console.print(f"note: {escape(note)}", soft_wrap=True)
    color = "green" if view.fine else "red"
    first, colon, rest = view.verdict.partition(":")
    console.print(f"[{color}]{escape(first)}[/{color}]{escape(colon + rest)}", soft_wrap=True)


def _table(grid: Grid, terminal: bool) -> Table:
    table = Table(
        box=box.SIMPLE_HEAD if terminal else box.MARKDOWN,
        show_footer=grid.footer is not None,
        collapse_padding=terminal,
        pad_edge=not terminal,
    )
    footer = grid.footer or ("",) * len(grid.columns)
    for column, total in zip(grid.columns, footer, strict=True):
        table.add_column(
            column.title,
            total,
            justify="right" if column.number else "left",
            no_wrap=not (column.long or column.name),
            overflow="fold",
        )
    for line in grid.lines:
        table.add_row(*map(escape, line.cells), style=_STYLES[line.mark])
    return table
