# SPDX-License-Identifier: MIT
"""A footprint report as one HTML page that needs nothing else: treemaps of RAM and flash, and all tables."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from html import escape
from importlib.resources import files

import squarify

from pic32bench.footprint.budget import Memory
from pic32bench.footprint.difference import Difference
from pic32bench.footprint.layout import Layout, Piece
from pic32bench.footprint.measure import Report
from pic32bench.footprint.names import file_name, readable, section_group
from pic32bench.footprint.sections import Nature
from pic32bench.footprint.view import Grid, View

_WIDTH, _HEIGHT = 160.0, 100.0  # what the rectangles are laid out for; a screen of another shape stretches them
_MOST = 200  # rectangles in a box: smaller ones become one
_LOW, _NARROW = 3.5, 6.0  # height and width of a rectangle without room for its name
_CLASSES = {Nature.CODE: "code", Nature.CONSTANTS: "constants", Nature.DATA: "data", Nature.CLEARED: "cleared"}
_NO_FILE = "(no object file)"

Say = Callable[[Piece], tuple[str, str]]
"""What else there is to say of a piece: CSS classes and a text."""


def report_page(report: Report, views: Sequence[View]) -> str:
    """The page of an image against a table; ``views`` are its tables."""
    rows = {symbol.address: measured for measured in report.rows for symbol in measured.symbols if symbol.size}
    forgotten = {(e.piece.file, e.piece.where, e.piece.address if e.piece.name else None) for e in report.unlisted}

    def say(piece: Piece) -> tuple[str, str]:
        if measured := rows.get(piece.address):
            row = measured.row
            return ("row over" if measured.over else "row"), f"row {row.name}: {measured.size} of {row.size} bytes"
        place = (piece.file, piece.where, piece.address if piece.name else None)
        if not piece.padding and place in forgotten:
            return "unlisted", "unlisted: no row names it"
        return "", ""

    legend = [("row", "in the table"), ("unlisted", "unlisted, in the same object files")]
    return _page(f"Footprint of {report.image.name}", views, report.layout, say, legend)


def difference_page(difference: Difference, views: Sequence[View]) -> str:
    """The page of what changed between two images, drawn as the new one; ``views`` are its tables."""
    changed = {change.address: change for change in difference.symbols if change.address is not None}

    def say(piece: Piece) -> tuple[str, str]:
        change = changed.get(piece.address)
        return ("changed", f"{change.course}, {change.difference:+d} bytes") if change else ("", "")

    title = f"Footprint of {difference.new.path.name}, and what changed"
    return _page(title, views, difference.new, say, [("changed", "grown, shrunk or new")])


def _page(title: str, views: Sequence[View], layout: Layout, say: Say, legend: Iterable[tuple[str, str]]) -> str:
    body = "".join(_page_parts(title, views, layout, say, legend))
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>\n{_resource('page.css')}</style>\n</head>\n<body>\n{body}"
        f'<p id="details" class="soft">A tile is a symbol. The name of a box enlarges it.</p>\n'
        f"<script>\n{_resource('page.js')}</script>\n</body>\n</html>\n"
    )


def _resource(name: str) -> str:
    return (files("pic32bench.footprint") / name).read_text(encoding="utf-8")


def _page_parts(
    title: str, views: Sequence[View], layout: Layout, say: Say, legend: Iterable[tuple[str, str]]
) -> Iterator[str]:
    yield f"<h1>{escape(title)}</h1>\n"
    for view in views:
        if view.title:
            yield f"<p>{escape(view.title)}</p>\n"
        yield f'<p class="soft">{escape(view.about)}</p>\n'
        yield f'<p class="{"good" if view.fine else "bad"}">{escape(view.verdict)}</p>\n'
    sums = "".join(f"<li><b>{layout.total(memory):,}</b> bytes {memory}</li>" for memory in Memory)
    yield f'<ul class="sums">{sums}</ul>\n'
    keys = [*legend, *((_CLASSES[nature], str(nature)) for nature in Nature)]
    yield f'<ul class="legend">{"".join(f"<li><i class={css}></i>{escape(text)}</li>" for css, text in keys)}</ul>\n'
    for memory, name in ((Memory.RAM, "RAM"), (Memory.FLASH, "Flash")):
        if layout.total(memory):
            yield f"<h2>{name}: {layout.total(memory):,} bytes</h2>\n"
            yield _treemap([piece for piece in layout.pieces if piece.counts_as(memory)], say)
    for view in views:
        for grid in view.grids:
            yield f"<details open><summary>{escape(grid.title)}</summary>{_table(grid)}</details>\n"
        for note in view.notes:
            yield f"<p>note: {escape(note)}</p>\n"


def _table(grid: Grid) -> str:
    numbers = ['class="number"' if column.number else "" for column in grid.columns]

    def cells(texts: Sequence[str], tag: str) -> str:
        return "".join(f"<{tag} {css}>{escape(text)}</{tag}>" for text, css in zip(texts, numbers, strict=True))

    head = cells([column.title for column in grid.columns], "th")
    lines = "".join(f'<tr class="{line.mark}">{cells(line.cells, "td")}</tr>\n' for line in grid.lines)
    foot = f"<tfoot><tr>{cells(grid.footer, 'td')}</tr></tfoot>" if grid.footer else ""
    return f'<div class="scroll"><table><thead><tr>{head}</tr></thead><tbody>\n{lines}</tbody>{foot}</table></div>'


@dataclass(frozen=True)
class _Box:
    """A rectangle to be drawn: with others in it, or a tile."""

    name: str
    size: int
    text: str
    css: str = ""
    inside: tuple[_Box, ...] = ()


def _treemap(pieces: Sequence[Piece], say: Say) -> str:
    """Sections, in them object files, in them symbols."""
    sections = []
    for section, in_section in _grouped(pieces, lambda piece: section_group(piece.section.name)):
        objects = []
        for file, in_file in _grouped(in_section, lambda piece: piece.file):
            tiles = [_tile(piece, say) for piece in in_file]
            name = file_name(file) or _NO_FILE
            objects.append(_box(name, tiles, f"{name}\n{section}"))
        sections.append(_box(section, objects, f"section {section}"))
    return f'<div class="map"><div class="inside" style="inset:0">{_drawn(sections, _WIDTH, _HEIGHT)}</div></div>\n'


def _grouped(pieces: Sequence[Piece], key: Callable[[Piece], str]) -> Iterator[tuple[str, list[Piece]]]:
    groups: dict[str, list[Piece]] = {}
    for piece in pieces:
        groups.setdefault(key(piece), []).append(piece)
    yield from groups.items()


def _tile(piece: Piece, say: Say) -> _Box:
    name = "(padding)" if piece.padding else readable(piece.name) or "(no name)"
    css, more = say(piece)
    about = [name, piece.where, file_name(piece.file) or _NO_FILE, f"{piece.address:08x}", str(piece.nature), more]
    return _Box(name, piece.size, "\n".join(filter(None, about)), f"{_CLASSES[piece.nature]} {css}".strip())


def _box(name: str, inside: Sequence[_Box], text: str) -> _Box:
    return _Box(name, sum(box.size for box in inside), text, inside=tuple(inside))


def _drawn(boxes: Sequence[_Box], width: float, height: float) -> str:
    """Boxes as HTML, with places in percent of what they are in, which is so wide and high."""
    boxes = _few(sorted(boxes, key=lambda box: -box.size))
    if not boxes:
        return ""
    sizes = squarify.normalize_sizes([box.size for box in boxes], width, height)
    places = squarify.squarify(sizes, 0, 0, width, height)
    return "".join(_rectangle(box, place, width, height) for box, place in zip(boxes, places, strict=True))


def _few(boxes: list[_Box]) -> list[_Box]:
    """The biggest boxes, and one for all others."""
    if len(boxes) <= _MOST:
        return boxes
    rest = boxes[_MOST - 1 :]
    name = f"({len(rest)} smaller ones)"
    return [*boxes[: _MOST - 1], _Box(name, sum(box.size for box in rest), name)]


def _rectangle(box: _Box, place: dict[str, float], width: float, height: float) -> str:
    css = "box" if box.inside else f"tile {box.css}"
    if place["dy"] < _LOW or (not box.inside and place["dx"] < _NARROW):
        css += " low"
    style = (
        f"left:{100 * place['x'] / width:.3f}%;top:{100 * place['y'] / height:.3f}%;"
        f"width:{100 * place['dx'] / width:.3f}%;height:{100 * place['dy'] / height:.3f}%"
    )
    text = escape(f"{box.size:,} bytes\n{box.text}").replace("\n", "&#10;")
    if not box.inside:
        return f'<div class="{css}" style="{style}" data-is="{text}">{escape(box.name)}</div>'
    inside = _drawn(box.inside, place["dx"], place["dy"])
    return (
        f'<div class="{css}" style="{style}"><button data-is="{text}">{escape(box.name)} {box.size:,}</button>'
        f'<div class="inside">{inside}</div></div>\n'
    )
