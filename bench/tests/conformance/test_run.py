# SPDX-License-Identifier: MIT
"""Which case is to blame when a server does not answer any more."""

from __future__ import annotations

from dataclasses import dataclass, field

from pic32bench.conformance.results import CaseResult, Grade
from pic32bench.conformance.run import run


@dataclass
class Planted:
    """Server and client in one: the server dies in the cases ``deadly``, and takes none of the cases ``refused``."""

    deadly: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()
    restarts: bool = True
    url: str = "ws://planted"
    fresh: bool = True
    alive: bool = True
    waited: float = 0.0
    turns: list[str] = field(default_factory=list)

    def now(self) -> float:
        return 0.0

    def wait(self, seconds: float) -> None:
        self.waited += seconds

    def restart(self) -> bool:
        if self.restarts:
            self.fresh = self.alive = True
        return self.restarts

    def answers(self) -> bool:
        return self.alive

    def run(self, case: str, url: str, now: object) -> CaseResult:
        self.turns.append(case)
        opened = self.alive and case not in self.refused
        self.alive = self.alive and case not in self.deadly
        word = "OK" if opened else "FAILED"
        return CaseResult(case, Grade(word, word), opened=opened)


def graded(planted: Planted, cases: str, pause: float = 0.0) -> dict[str, Grade]:
    return {one.case: one.grade for one in run(planted, planted, cases.split(), pause=pause)}  # type: ignore[arg-type]


def test_all_on_one_board() -> None:
    planted = Planted()
    assert set(graded(planted, "1 2 3", pause=0.5).values()) == {Grade("OK", "OK")}
    assert planted.turns == ["1", "2", "3"]
    assert planted.waited == 1.0  # a board that was just started needs none


def test_the_case_before_is_to_blame_and_the_next_gets_its_turn_again() -> None:
    planted = Planted(deadly=("2",))
    assert graded(planted, "1 2 3 4") == {
        "1": Grade("OK", "OK"),
        "2": Grade("OK", "OK", killed=True),
        "3": Grade("OK", "OK"),
        "4": Grade("OK", "OK"),
    }
    assert planted.turns == ["1", "2", "3", "3", "4"]


def test_no_more_than_the_first_that_is_not_good() -> None:
    planted = Planted(deadly=("2",))
    done = run(planted, planted, ["1", "2", "3", "4"], all_cases=False)  # type: ignore[arg-type]
    assert [(one.case, one.grade.good) for one in done] == [("1", True), ("2", False), ("3", True)]


def test_the_last_case_is_looked_after_too() -> None:
    assert graded(Planted(deadly=("2",)), "1 2")["2"].killed


def test_a_case_that_a_fresh_server_refuses_fails_by_itself() -> None:
    planted = Planted(refused=("2", "3"))
    found = graded(planted, "1 2 3 4")
    assert [case for case, grade in found.items() if not grade.good] == ["2", "3"]
    assert found["3"] == Grade("FAILED", "FAILED")
    assert found["4"].good


def test_a_server_elsewhere_cannot_be_restarted() -> None:
    planted = Planted(deadly=("1",), restarts=False, fresh=False)
    assert [grade.behavior for grade in graded(planted, "1 2 3").values()] == ["OK", "FAILED", "FAILED"]
    assert planted.turns == ["1", "2", "3"]
