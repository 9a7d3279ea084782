# SPDX-License-Identifier: MIT
"""Results of Autobahn's cases as people and programs read them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from rich import box
from rich.console import Console as Terminal
from rich.markup import escape
from rich.table import Table

from pic32bench.conformance.results import BEHAVIORS, GOOD_CLOSES, CaseResult, Grade, section


def write(results: Sequence[CaseResult], sections: Mapping[str, str], to: Terminal) -> None:
    """Prints a row a section, and the cases that are not OK."""
    table = _table(to)
    for heading in ("section", "", "cases", *BEHAVIORS, "bad close", "killed the board"):
        table.add_column(heading, justify="left" if heading in ("section", "") else "right", no_wrap=True)
    for number in dict.fromkeys(section(result.case) for result in results):
        of_section = [result for result in results if section(result.case) == number]
        table.add_row(number, sections.get(number, ""), *_counts(of_section))
    if to.is_terminal:
        table.add_section()
    table.add_row("all", "", *_counts(results))
    to.print(table)
    others = [result for result in results if result.grade != Grade("OK", "OK")]
    if others:
        table = _table(to)
        for heading in ("case", "behaviour", "closing", "code", "what Autobahn says"):
            table.add_column(heading, no_wrap=heading in ("case", "behaviour", "closing"))
        for result in others:
            killed = " The board does not answer any more." if result.grade.killed else ""
            table.add_row(
                result.case,
                result.grade.behavior,
                result.grade.close,
                "" if result.close_code is None else str(result.close_code),
                escape(result.why + killed),
                style="" if result.grade.good else "red",
            )
        to.print(table)


def as_json(results: Sequence[CaseResult], sections: Mapping[str, str]) -> dict[str, Any]:
    """The same as plain data."""
    numbers = dict.fromkeys(section(result.case) for result in results)
    return {
        "sections": {number: sections.get(number, "") for number in numbers},
        "behaviors": _behaviors(results),
        "cases": {result.case: _row(result) for result in results},
    }


def _row(result: CaseResult) -> dict[str, Any]:
    row = asdict(result)
    grade = row.pop("grade")
    row.pop("case")
    return {**grade, "good": result.grade.good, **row}


def _behaviors(results: Sequence[CaseResult]) -> dict[str, int]:
    found = Counter(result.grade.behavior for result in results)
    return {behavior: found[behavior] for behavior in BEHAVIORS}


def _counts(results: Sequence[CaseResult]) -> list[str]:
    closes = sum(result.grade.close not in GOOD_CLOSES for result in results)
    killed = sum(result.grade.killed for result in results)
    return [str(number) for number in (len(results), *_behaviors(results).values(), closes, killed)]


def _table(to: Terminal) -> Table:
    return Table(box=box.SIMPLE_HEAD if to.is_terminal else box.MARKDOWN)
