# SPDX-License-Identifier: MIT
"""What a report shows, as grids of text: the same on a terminal, in Markdown and in HTML."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from pic32bench.footprint.budget import Memory, What
from pic32bench.footprint.difference import Change, Course, Difference
from pic32bench.footprint.layout import Piece
from pic32bench.footprint.limits import Checked
from pic32bench.footprint.measure import Measured, Report
from pic32bench.footprint.names import file_name, section_group

ABSENT = "absent"
_NOTHING = "-"
_SHORT = 40  # lines of a list that people read; JSON has all


class Mark(StrEnum):
    """How a line stands out."""

    PLAIN = ""
    BAD = "bad"
    FAINT = "faint"
    NEW = "new"


@dataclass(frozen=True)
class Column:
    """A column: ``number`` is set to the right, ``long`` may take several lines, ``name`` is long and code."""

    title: str
    number: bool = False
    long: bool = False
    name: bool = False


@dataclass(frozen=True)
class Line:
    """A line of a grid: a cell a column."""

    cells: tuple[str, ...]
    mark: Mark = Mark.PLAIN


@dataclass(frozen=True)
class Grid:
    """A table: ``title`` for where there is room for one, ``footer`` its sums, if any."""

    title: str
    columns: tuple[Column, ...]
    lines: tuple[Line, ...]
    footer: tuple[str, ...] | None = None


@dataclass(frozen=True)
class View:
    """A report: ``fine`` says whether all is as it should be, ``verdict`` says so in words."""

    title: str
    about: str
    grids: tuple[Grid, ...]
    notes: tuple[str, ...]
    fine: bool
    verdict: str


def report_view(report: Report, everything: bool = False) -> View:
    """An image against a table; without ``everything`` long lists are cut."""
    grids = [_rows(report, what) for what in What if any(m.row.what is what for m in report.rows)]
    if report.limits:
        grids.append(_limits(report))
        grids += [_besides(checked) for checked in report.limits if checked.besides]
    if report.unlisted:
        grids.append(_unlisted(report, everything))
    grids.append(_image(report))
    what = "row is over its size in the table" if report.rows else "limit is exceeded"
    if report.rows and report.limits:
        what += ", no limit is exceeded"
    return View(
        report.budget.title,
        f"image {report.image}, table {report.budget.path}",
        tuple(grids),
        report.notes,
        report.fits,
        f"fits: no {what}" if report.fits else f"over: {report.complaint()}",
    )


def difference_view(difference: Difference, max_growth: int | None = None, everything: bool = False) -> View:
    """What changed between two images; without ``everything`` long lists are cut.

    It is not fine when RAM or flash has grown by more than ``max_growth`` bytes.
    """
    complaint = difference.growth_beyond(max_growth) if max_growth is not None else ""
    memories = tuple(_change(change, (memory,)) for memory, change in difference.totals.items())
    grids = [
        Grid("total", (*_SIZES, Column("memory")), memories),
        _changes("sections", difference.sections, lambda change: (change.name,), (Column("section"),), everything),
        _changes(
            "object files",
            difference.files,
            lambda change: (change.name,),
            (Column("object file", name=True),),
            everything,
        ),
        _changes(
            "symbols",
            difference.symbols,
            lambda change: (str(change.course), change.section, change.file, change.name),
            (Column("change"), Column("section"), Column("object file", long=True), Column("symbol", name=True)),
            everything,
        ),
    ]
    moved = [f"{memory} {change.difference:+,}" for memory, change in difference.totals.items() if change.difference]
    return View(
        "",
        f"old {difference.old.path}, new {difference.new.path}",
        tuple(grid for grid in grids if grid.lines),
        difference.notes,
        not complaint,
        f"over: {complaint}"
        if complaint
        else f"changed: {', '.join(moved)} bytes"
        if moved
        else "no total has changed",
    )


_SIZES = (Column("old", number=True), Column("new", number=True), Column("difference", number=True))


def _rows(report: Report, what: What) -> Grid:
    total = report.totals[what]
    columns = (
        Column("address"),
        Column("size", number=True),
        Column("table", number=True),
        Column("difference", number=True),
        Column("access"),
        Column("section"),
        Column("object file", long=True),
        Column(str(what), name=True),
    )
    footer = ("", f"{total.size}", f"{total.budget}", f"{total.difference:+d}", "", "", "", "total")
    return Grid(f"{what}s", columns, tuple(_row(m) for m in report.rows if m.row.what is what), footer)


def _row(measured: Measured) -> Line:
    row = measured.row
    if not measured.present:
        cells = (ABSENT, "0", str(row.size), f"{-row.size:+d}", row.access or "", "", "", row.name)
        return Line(cells, Mark.FAINT)
    names = sorted({symbol.name for symbol in measured.symbols})
    cells = (
        f"{measured.symbols[0].address:08x}",
        str(measured.size),
        str(row.size),
        f"{measured.difference:+d}",
        measured.access or "",
        ", ".join(dict.fromkeys(map(section_group, measured.sections))),
        _few(list(map(file_name, measured.files))),
        row.name if names == [row.name] else f"{row.name} ({', '.join(names)})",
    )
    return Line(cells, Mark.BAD if measured.over else Mark.PLAIN)


def _few(names: list[str]) -> str:
    """Names in a cell; of many only the first."""
    return ", ".join(names) if len(names) <= 2 else f"{names[0]} and {len(names) - 1} more"


def _limits(report: Report) -> Grid:
    columns = (
        Column("size", number=True),
        Column("limit", number=True),
        Column("difference", number=True),
        Column("limit of", name=True),
    )
    lines = tuple(
        Line(
            (str(checked.size), str(checked.limit.max), f"{checked.difference:+d}", checked.name),
            Mark.BAD if checked.over else Mark.PLAIN if checked.found else Mark.FAINT,
        )
        for checked in report.limits
    )
    return Grid("limits", columns, lines)


def _besides(checked: Checked) -> Grid:
    """What an exclusive limit counts beside its object files."""
    columns = (
        Column("size", number=True),
        Column("memory"),
        Column("section", long=True),
        Column("object file", long=True),
        Column(f"only {checked.limit.pattern} uses it", name=True),
    )
    pieces = sorted(checked.besides or (), key=lambda piece: (-piece.size, piece.address))
    lines = tuple(Line((str(p.size), _kind(p), p.where, file_name(p.file), p.name or "(no name)")) for p in pieces)
    total = (str(sum(piece.size for piece in pieces)), "", "", "", "total")
    return Grid(f"beside {checked.limit.pattern}, {checked.limit.what or 'all'}", columns, lines, total)


def _unlisted(report: Report, everything: bool) -> Grid:
    columns = (
        Column("size", number=True),
        Column("memory"),
        Column("section", long=True),
        Column("object file", long=True),
        Column("unlisted: no row names it", name=True),
    )
    lines = [
        Line(
            (
                str(entry.size),
                _kind(entry.piece),
                entry.piece.where,
                file_name(entry.piece.file),
                entry.label,
            )
        )
        for entry in report.unlisted
    ]
    shown = _cut(lines, lambda count: ("", "", "", "", f"and {count} smaller ones"), everything)
    total = (str(sum(entry.size for entry in report.unlisted)), "", "", "", "total")
    return Grid("unlisted", columns, shown, total)


def _image(report: Report) -> Grid:
    """What the image takes of each memory, and in which sections."""
    sizes: dict[tuple[str, str], int] = {}
    for section in report.layout.sections:
        places = [name for name, there in (("ram", section.in_ram), ("flash", section.in_flash)) if there]
        key = (" and ".join(places), section_group(section.name))
        sizes[key] = sizes.get(key, 0) + section.size
    lines = [Line((str(total), str(memory), "all")) for memory, total in report.image_totals.items()]
    lines += [
        Line((str(size), memory, section), Mark.FAINT)
        for (memory, section), size in sorted(sizes.items(), key=lambda item: (item[0][0] == "flash", -item[1]))
    ]
    columns = (Column("size", number=True), Column("memory"), Column("section of the image"))
    return Grid("whole image", columns, tuple(lines))


def _kind(piece: Piece) -> str:
    """Which of the memories bytes without a row are in."""
    if piece.section.in_ram:
        return str(Memory.RAM)
    return str(Memory.CODE if piece.counts_as(Memory.CODE) else Memory.RODATA)


def _changes(
    title: str,
    changes: Sequence[Change],
    cells: Callable[[Change], tuple[str, ...]],
    columns: tuple[Column, ...],
    everything: bool,
) -> Grid:
    lines = [_change(change, cells(change)) for change in changes]
    rest = ("", "", "") + ("",) * (len(columns) - 1)
    shown = _cut(lines, lambda count: (*rest, f"and {count} smaller ones"), everything)
    total = ("", "", f"{sum(change.difference for change in changes):+d}", *[""] * (len(columns) - 1), "total")
    return Grid(title, (*_SIZES, *columns), shown, total if changes else None)


def _change(change: Change, cells: tuple[str, ...]) -> Line:
    sizes = (
        _NOTHING if change.old is None else str(change.old),
        _NOTHING if change.new is None else str(change.new),
        f"{change.difference:+d}",
    )
    return Line((*sizes, *cells), _MARKS.get(change.course, Mark.PLAIN))


_MARKS = {Course.GROWN: Mark.BAD, Course.NEW: Mark.NEW, Course.GONE: Mark.FAINT}


def _cut(lines: list[Line], rest: Callable[[int], tuple[str, ...]], everything: bool) -> tuple[Line, ...]:
    """The first lines of a list, and one that counts the others."""
    if everything or len(lines) <= _SHORT + 1:
        return tuple(lines)
    return (*lines[:_SHORT], Line(rest(len(lines) - _SHORT), Mark.FAINT))
