# SPDX-License-Identifier: MIT
"""Grades, what is better and what is worse, and the file that they are kept in."""

from __future__ import annotations

import itertools
import json
from pathlib import Path

import pytest

from pic32bench.conformance import baseline
from pic32bench.conformance.results import BEHAVIORS, CLOSES, CaseResult, Grade, chosen
from pic32bench.errors import UsageError

KNOWN = ("1.1.1", "1.1.2", "2.1", "2.10", "10.1.1", "12.1.1")


def result(case: str, behavior: str = "OK", close: str = "OK", killed: bool = False) -> CaseResult:
    return CaseResult(case, Grade(behavior, close, killed), said="What came.", close_said="How it ended.")


@pytest.mark.parametrize(
    ("grade", "good"),
    [
        (Grade("OK", "OK"), True),
        (Grade("NON-STRICT", "OK"), True),
        (Grade("INFORMATIONAL", "INFORMATIONAL"), True),
        (Grade("OK", "FAILED BY CLIENT"), True),
        (Grade("UNIMPLEMENTED", "OK"), False),
        (Grade("FAILED", "OK"), False),
        (Grade("OK", "WRONG CODE"), False),
        (Grade("OK", "UNCLEAN"), False),
        (Grade("OK", "FAILED"), False),
        (Grade("OK", "OK", killed=True), False),
        (Grade("SOMETHING NEW", "OK"), False),
    ],
)
def test_good(grade: Grade, good: bool) -> None:
    assert grade.good is good


def test_the_orders() -> None:
    for order, grade in ((BEHAVIORS, lambda word: Grade(word, "OK")), (CLOSES, lambda word: Grade("OK", word))):
        for better, worse in itertools.pairwise(order):
            assert grade(worse).worse_than(grade(better))
            assert grade(better).better_than(grade(worse))
            assert not grade(better).worse_than(grade(worse))
    assert Grade("OK", "OK", killed=True).worse_than(Grade("FAILED", "OK"))
    # Better in one way does not make up for worse in another.
    mixed, other = Grade("OK", "UNCLEAN"), Grade("FAILED", "OK")
    assert mixed.worse_than(other)
    assert not mixed.better_than(other)


def test_changes() -> None:
    held = baseline.Baseline(
        "", "", {"1.1.1": Grade("OK", "OK"), "2.1": Grade("FAILED", "UNCLEAN", True), "2.10": Grade("OK", "OK")}
    )
    found = baseline.changes([result("1.1.1", "FAILED"), result("2.1", "OK"), result("10.1.1", "FAILED")], held)
    assert [(change.result.case, change.worse) for change in found] == [("1.1.1", True), ("2.1", False)]
    assert str(found[0]) == "1.1.1: FAILED, closing OK; it was OK: What came."
    assert str(found[1]) == "2.1: OK; it was FAILED, closing UNCLEAN, and the board did not answer any more"


def test_kept_in_a_file_a_case_a_line(tmp_path: Path) -> None:
    path = tmp_path / "grades.json"
    baseline.save(path, "abc", "0.8.2", [result("2.10"), result("2.1", "FAILED", "UNCLEAN", killed=True)])
    baseline.save(path, "abd", "0.8.2", [result("2.10", "NON-STRICT")])
    assert path.read_text().splitlines()[-5:-2] == [
        '  "cases": {',
        '    "2.1": ["FAILED", "UNCLEAN", "no answer afterwards"],',
        '    "2.10": ["NON-STRICT", "OK"]',
    ]
    held = baseline.load(path)
    assert (held.image, held.testsuite) == ("abd", "0.8.2")
    assert held.cases == {"2.1": Grade("FAILED", "UNCLEAN", True), "2.10": Grade("NON-STRICT", "OK")}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (None, "No such file"),
        ("{", "is no JSON"),
        ("[]", "is no baseline"),
        ('{"format": 9}', "its format is 9, expected 1"),
        ('{"format": 1, "image": "", "testsuite": ""}', "there is no 'cases'"),
        (json.dumps({"format": 1, "image": "", "testsuite": "", "cases": {"1.1": ["OK"]}}), "is no baseline"),
        (json.dumps({"format": 1, "image": "", "testsuite": "", "cases": {"1.1": ["FINE", "OK"]}}), "case 1.1 has"),
        (json.dumps({"format": 1, "image": "", "testsuite": "", "cases": {"one": ["OK", "OK"]}}), "is no baseline"),
    ],
)
def test_a_file_that_is_none(tmp_path: Path, text: str | None, said: str) -> None:
    path = tmp_path / "grades.json"
    if text is not None:
        path.write_text(text)
    with pytest.raises(UsageError) as told:
        baseline.load(path)
    assert said in str(told.value)
    assert "--save-baseline" in str(told.value)
    assert "\n" not in str(told.value)


def test_chosen_cases() -> None:
    assert chosen(KNOWN, ["1.*"]) == ("1.1.1", "1.1.2")
    assert chosen(KNOWN, ["10.*", "2.10", "2.*"]) == ("2.1", "2.10", "10.1.1")
    with pytest.raises(UsageError, match=r"^Autobahn has no case '2': expected 2\.\*$"):
        chosen(KNOWN, ["2"])
    with pytest.raises(UsageError, match="^Autobahn has no case '3.7': expected some such as"):
        chosen(KNOWN, ["1.*", "3.7"])
