# SPDX-License-Identifier: MIT
"""A footprint report in Markdown, as a comment on a pull request: the verdict first, the tables folded away."""

from __future__ import annotations

import re

from pic32bench.footprint.view import Column, Grid, Mark, View


def as_markdown(view: View) -> str:
    """The report in the Markdown that GitHub and GitLab know."""
    sign = "✅" if view.fine else "❌"
    first, colon, rest = view.verdict.partition(":")
    parts = [f"### Footprint: {first}", f"{sign} {_text(rest.strip() or first)}" if colon else sign, _text(view.about)]
    bad = [_brief(grid) for grid in view.grids if not view.fine]
    parts += [text for text in bad if text]
    parts += [_folded(grid) for grid in view.grids]
    parts += [f"- {_text(note)}" for note in view.notes]
    return "\n\n".join(parts) + "\n"


def _brief(grid: Grid) -> str:
    """Only what is wrong."""
    lines = tuple(line for line in grid.lines if line.mark is Mark.BAD)
    return _table(Grid(grid.title, grid.columns, lines)) if lines else ""


def _folded(grid: Grid) -> str:
    sums = [cell for cell, column in zip(grid.footer or (), grid.columns, strict=False) if cell and column.number]
    title = f"{grid.title}: {sums[0]}" if sums else grid.title
    return f"<details><summary>{title}</summary>\n\n{_table(grid)}\n\n</details>"


def _table(grid: Grid) -> str:
    rows = [
        [column.title for column in grid.columns],
        ["--:" if column.number else "---" for column in grid.columns],
        *([_cell(cell, column) for cell, column in zip(line.cells, grid.columns, strict=True)] for line in grid.lines),
    ]
    if grid.footer:
        rows.append([f"**{cell}**" if cell else "" for cell in grid.footer])
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _cell(text: str, column: Column) -> str:
    if not text or column.number:
        return text
    return _text(text) if not column.name else f"`{text}`".replace("|", "\\|")


def _text(text: str) -> str:
    """Text that Markdown leaves as it is. An underscore within a word means nothing there."""
    return re.sub(r"[\\`*<|\[\]]|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])", r"\\\g<0>", text)
