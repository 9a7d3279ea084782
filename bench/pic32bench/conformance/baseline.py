# SPDX-License-Identifier: MIT
"""How a server was graded once, in a file that is committed, and what has become worse or better since."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pic32bench.conformance.results import BEHAVIORS, CLOSES, CaseResult, Grade, by_number
from pic32bench.errors import UsageError
from pic32bench.paths import write_whole

FORMAT = 1
_KILLED = "no answer afterwards"


@dataclass(frozen=True)
class Baseline:
    """Grades by case. ``image`` is the SHA-256 of what was graded, ``testsuite`` Autobahn's version."""

    image: str
    testsuite: str
    cases: Mapping[str, Grade]


@dataclass(frozen=True)
class Change:
    """A case that is not graded as it was."""

    result: CaseResult
    was: Grade

    @property
    def worse(self) -> bool:
        """Or else better."""
        return self.result.grade.worse_than(self.was)

    def __str__(self) -> str:
        here, why = self.result, f": {self.result.why}" if self.worse else ""
        return f"{here.case}: {here.grade}; it was {self.was}{why}"


def changes(results: Sequence[CaseResult], baseline: Baseline) -> list[Change]:
    """The cases that are not graded as they were; one that the baseline does not have is none of them."""
    found = [Change(result, baseline.cases[result.case]) for result in results if result.case in baseline.cases]
    return [change for change in found if change.result.grade != change.was]


def save(path: Path, image: str, testsuite: str, results: Sequence[CaseResult]) -> None:
    """Writes grades into a file; cases that it has and that were not run stay. Raises UsageError."""
    kept = load(path).cases if path.exists() else {}
    cases = {**kept, **{result.case: result.grade for result in results}}
    rows = ",\n".join(f'    "{case}": {json.dumps(_written(cases[case]))}' for case in sorted(cases, key=by_number))
    head = json.dumps({"format": FORMAT, "image": image, "testsuite": testsuite}, indent=2)
    text = f'{head[:-2]},\n  "cases": {{\n{rows}\n  }}\n}}\n'
    try:
        write_whole(path, text.encode())
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror}") from None


def load(path: Path) -> Baseline:
    """The grades in a file. Raises UsageError."""
    again = "write it anew with `pic32bench conformance --save-baseline FILE`"
    try:
        data = json.loads(path.read_bytes())
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}: {again}") from None
    except ValueError as error:  # also of bytes that are no text
        raise UsageError(f"{path} is no JSON: {error}: {again}") from None
    try:
        if data["format"] != FORMAT:
            raise ValueError(f"its format is {data['format']!r}, expected {FORMAT}")
        cases = {str(case): _read(case, words) for case, words in data["cases"].items()}
        return Baseline(str(data["image"]), str(data["testsuite"]), cases)
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        missing = f"there is no {error}" if isinstance(error, KeyError) else str(error)
        raise UsageError(f"{path} is no baseline: {missing}: {again}") from None


def _written(grade: Grade) -> list[str]:
    return [grade.behavior, grade.close, *([_KILLED] if grade.killed else [])]


def _read(case: str, words: Any) -> Grade:
    by_number(case)
    behavior, close, *more = words
    if behavior not in BEHAVIORS or close not in CLOSES or more not in ([], [_KILLED]):
        raise ValueError(f"case {case} has {words!r}")
    return Grade(behavior, close, bool(more))
