# SPDX-License-Identifier: MIT
"""Footprint reports as plain data for programs: sizes in bytes, addresses as numbers."""

from __future__ import annotations

from typing import Any

from pic32bench.footprint.difference import Change, Difference
from pic32bench.footprint.limits import Checked
from pic32bench.footprint.measure import Measured, Report


def report_data(report: Report) -> dict[str, Any]:
    """An image against a table."""
    return {
        "image": str(report.image),
        "table": str(report.budget.path),
        "title": report.budget.title,
        "fits": report.fits,
        "rows": [_row(measured) for measured in report.rows],
        "totals": {
            str(what): {"size": total.size, "table": total.budget, "difference": total.difference}
            for what, total in report.totals.items()
        },
        "limits": [
            {
                "of": checked.name,
                "size": checked.size,
                "max": checked.limit.max,
                "difference": checked.difference,
                "over": checked.over,
                "found": checked.found,
                "line": checked.limit.line,
                **_besides(checked),
            }
            for checked in report.limits
        ],
        "unlisted": [
            {
                "name": entry.piece.name,
                "label": entry.label,
                "function": entry.holder,
                "address": entry.piece.address,
                "size": entry.size,
                "section": entry.piece.where,
                "file": entry.piece.file,
                "in": str(entry.piece.nature),
                "ram": entry.piece.section.in_ram,
            }
            for entry in report.unlisted
        ],
        "image_totals": {str(memory): size for memory, size in report.image_totals.items()},
        "sections": [
            {
                "name": section.name,
                "address": section.address,
                "size": section.size,
                "ram": section.in_ram,
                "flash": section.in_flash,
            }
            for section in report.layout.sections
        ],
        "over": [measured.row.name for measured in report.over] + [checked.name for checked in report.over_limit],
        "notes": list(report.notes),
    }


def _besides(checked: Checked) -> dict[str, Any]:
    """What an exclusive limit counts beside its object files; null where the image cannot tell."""
    if not checked.limit.exclusive:
        return {}
    if checked.besides is None:
        return {"besides": None}
    return {
        "besides": [
            {"name": piece.name, "address": piece.address, "size": piece.size, "file": piece.file}
            for piece in checked.besides
        ]
    }


def difference_data(difference: Difference, max_growth: int | None = None) -> dict[str, Any]:
    """What changed between two images; whether RAM and flash have grown by no more than ``max_growth`` bytes."""
    return {
        "fits": max_growth is None or not difference.growth_beyond(max_growth),
        "old": str(difference.old.path),
        "new": str(difference.new.path),
        "totals": {str(memory): _change(change) for memory, change in difference.totals.items()},
        "sections": [_change(change) for change in difference.sections],
        "files": [_change(change) for change in difference.files],
        "symbols": [
            {**_change(change), "section": change.section, "file": change.file} for change in difference.symbols
        ],
        "notes": list(difference.notes),
    }


def _change(change: Change) -> dict[str, Any]:
    return {
        "name": change.name,
        "change": str(change.course),
        "old": change.old,
        "new": change.new,
        "difference": change.difference,
    }


def _row(measured: Measured) -> dict[str, Any]:
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
        "sections": list(measured.sections),
        "files": list(measured.files),
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
