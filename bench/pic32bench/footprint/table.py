# SPDX-License-Identifier: MIT
"""A footprint report as a table for people and as JSON for programs."""

from __future__ import annotations

from typing import Any, TextIO

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from pic32bench.footprint.budget import What
from pic32bench.footprint.measure import Measured, Report

_PIPED_WIDTH = 200
_ABSENT = "absent"


def write_table(report: Report, stream: TextIO) -> None:
    """Write the author's table with today's sizes, plain text when ``stream`` is no terminal."""
    console = Console(file=stream, highlight=False, emoji=False)
    if not stream.isatty():
        console = Console(file=stream, highlight=False, emoji=False, width=_PIPED_WIDTH, color_system=None)
    if report.budget.title:
        console.print(f"[bold]{escape(report.budget.title)}[/bold]")
    console.print(f"image {escape(str(report.image))}, table {escape(str(report.budget.path))}")
    for what in What:
        rows = [measured for measured in report.rows if measured.row.what is what]
        if rows:
            console.print(_table(report, what, rows, stream.isatty()))
    for note in report.notes:
        console.print(f"note: {escape(note)}", soft_wrap=True)
    if report.fits:
        console.print("[green]fits[/green]: no row is over its size in the table")
    else:
        console.print(f"[red]over[/red]: {escape(report.complaint())}", soft_wrap=True)


def _table(report: Report, what: What, rows: list[Measured], terminal: bool) -> Table:
    total = report.totals[what]
    table = Table(box=box.SIMPLE_HEAD if terminal else box.MARKDOWN, show_footer=True)
    table.add_column("address", "", no_wrap=True)
    table.add_column("size", f"{total.size}", justify="right", no_wrap=True)
    table.add_column("table", f"{total.budget}", justify="right", no_wrap=True)
    table.add_column("difference", f"{total.difference:+d}", justify="right", no_wrap=True)
    table.add_column("access", "", no_wrap=True)
    table.add_column(str(what), "total", overflow="fold")
    for measured in rows:
        style = "red" if measured.over else "dim" if not measured.present else ""
        table.add_row(*_cells(measured), style=style)
    return table


def _cells(measured: Measured) -> tuple[str, ...]:
    row = measured.row
    if not measured.present:
        return _ABSENT, "0", str(row.size), f"{-row.size:+d}", row.access or "", escape(row.name)
    names = sorted({symbol.name for symbol in measured.symbols})
    shown = row.name if names == [row.name] else f"{row.name} ({', '.join(names)})"
    return (
        f"{measured.symbols[0].address:08x}",
        str(measured.size),
        str(row.size),
        f"{measured.difference:+d}",
        measured.access or "",
        escape(shown),
    )


def as_json(report: Report) -> dict[str, Any]:
    """The report as plain data: sizes in bytes, addresses as numbers."""
    return {
        "image": str(report.image),
        "table": str(report.budget.path),
        "title": report.budget.title,
        "fits": report.fits,
        "rows": [_row_as_json(measured) for measured in report.rows],
        "totals": {
            str(what): {"size": total.size, "table": total.budget, "difference": total.difference}
            for what, total in report.totals.items()
        },
        "over": [measured.row.name for measured in report.over],
        "notes": list(report.notes),
    }


def _row_as_json(measured: Measured) -> dict[str, Any]:
    row = measured.row
    return {
        "what": str(row.what),
        "name": row.name,
        "present": measured.present,
        "size": measured.size,
        "table": row.size,
        "difference": measured.difference,
        "over": measured.over,
        "access": measured.access,
        "symbols": [
            {
                "name": symbol.name,
                "address": symbol.address,
                "size": symbol.size,
                "access": str(symbol.access),
                "section": symbol.section,
                "file": symbol.file,
            }
            for symbol in measured.symbols
        ],
    }
