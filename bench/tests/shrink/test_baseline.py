# SPDX-License-Identifier: MIT
"""The regression net: a minimum that has grown is caught, and so is shipping less than what was proven."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

import pytest

from pic32bench import paths
from pic32bench.cli.main import main
from pic32bench.cli.shrink import BASELINE
from pic32bench.errors import NotBuiltError, UsageError
from pic32bench.shrink import baseline
from pic32bench.shrink.build import Built
from pic32bench.shrink.options import firmware_options
from pic32bench.shrink.plan import Plan, Trial
from pic32bench.shrink.search import CHEAP, FULL
from pic32bench.shrink.task import Outcome, Settings, Task

PROOF = baseline.Proof(
    minimum=412,
    shipped=4096,
    safe_from=412,
    low=160,
    high=4096,
    tried=31,
    floors={"frame_rate": 90.0, "http": 40.5},
    figures={"frame_rate": 100.0, "http": 45.0, "websocket": 12.25},
    ram=98304,
    proved_by={"cheap": ("boots", "serves"), "suites": ("robot: 60 tests",)},
    emulator="0123abcd",
    firmware="4567ef",
)
PLAN = Plan((Trial("cheap", CHEAP, Settings("cheap")), Trial("suites", FULL, Settings("suites"))))
GOOD = Outcome(True, "", PROOF.figures, ("boots", "serves"))


@dataclass
class Bench:
    """Builds and tries nothing: the image of a value is the value, and ``outcomes`` says what comes of it."""

    outcomes: Mapping[str, Outcome]
    unbuildable: tuple[int, ...] = ()
    count: int = 1
    tried: list[tuple[str, str]] = field(default_factory=list)

    def build(self, values: Mapping[str, int]) -> Built:
        (value,) = values.values()
        return Built(None, "section .bss overflows") if value in self.unbuildable else Built(str(value).encode())

    def close(self) -> None:
        pass

    def run(self, tasks: Iterable[Task]) -> Iterator[tuple[Task, Outcome]]:
        # The last comes first: what is found must not depend on it.
        for task in reversed(list(tasks)):
            self.tried.append((task.image.decode(), task.settings.trial))
            yield task, self.outcomes.get(task.settings.trial, GOOD)


def check(
    bench: Bench, proofs: Mapping[str, baseline.Proof], shipped: Mapping[str, int], level: int = CHEAP
) -> list[baseline.Finding]:
    return baseline.check(proofs, shipped, bench, PLAN, bench, level)


def test_a_minimum_that_holds_passes() -> None:
    bench = Bench({})
    (found,) = check(bench, {"BUF": PROOF}, {"BUF": 412})
    assert found == baseline.Finding("BUF", 412, 412, (), PROOF.figures)
    assert found.passed
    assert bench.tried == [("412", "cheap")], "the full set is only for those who ask for it"
    assert check(bench, {"BUF": PROOF}, {"BUF": 412}, FULL)[0].passed
    assert sorted(bench.tried[1:]) == [("412", "cheap"), ("412", "suites")]


@pytest.mark.parametrize(
    ("outcome", "reason"),
    [
        (Outcome(False, "serves: GET / was not answered"), "serves: GET / was not answered"),
        (Outcome(True, "", {"frame_rate": 89.9, "http": 45.0}), "frame rate 89.9 frames/s is below the floor of 90.0"),
        (Outcome(True, "", {"frame_rate": 90.0, "http": 40.4}), "HTTP 40.4 Mbit/s is below the floor of 40.5"),
    ],
)
def test_a_minimum_that_has_grown_is_caught(outcome: Outcome, reason: str) -> None:
    (found,) = check(Bench({"cheap": outcome}), {"BUF": PROOF}, {"BUF": 4096})
    assert found.reasons == (f"412, the proven minimum, does not pass any more: {reason}",)


def test_a_floor_that_nobody_measures_any_more_is_caught() -> None:
    (found,) = check(Bench({"cheap": Outcome(True, "", {"frame_rate": 100.0})}), {"BUF": PROOF}, {})
    assert found.reasons == ("412, the proven minimum: HTTP is not measured any more",)


def test_a_minimum_that_cannot_be_built_any_more_is_caught() -> None:
    findings = check(Bench({}, unbuildable=(412,)), {"BUF": PROOF, "OTHER": replace(PROOF, minimum=7)}, {})
    assert [found.passed for found in findings] == [False, True]
    assert findings[0].reasons[0].endswith("does not pass any more: section .bss overflows")


def test_what_is_shipped_must_not_be_below_the_proven_minimum() -> None:
    (found,) = check(Bench({}), {"BUF": PROOF}, {"BUF": 411})
    assert found.reasons == ("411 is shipped, below the proven minimum of 412",)
    assert check(Bench({}), {"BUF": PROOF}, {"BUF": 412})[0].passed


def test_a_file_says_again_what_was_written(tmp_path: Path) -> None:
    path = tmp_path / "baseline.json"
    baseline.save(path, "WS_BUFFER_SIZE", PROOF)
    baseline.save(path, "MEM_SIZE", replace(PROOF, minimum=9000, ram=None))
    first = path.read_bytes()
    baseline.save(path, "MEM_SIZE", replace(PROOF, minimum=9000, ram=None))
    assert path.read_bytes() == first
    proofs = baseline.load(path)
    assert list(proofs) == ["MEM_SIZE", "WS_BUFFER_SIZE"]
    assert proofs["WS_BUFFER_SIZE"] == PROOF
    assert proofs["MEM_SIZE"].minimum == 9000
    assert [entry.name for entry in tmp_path.iterdir()] == ["baseline.json"]


def broken(**changed: object) -> str:
    return json.dumps({"format": 1, "options": {"BUF": {**asdict(PROOF), **changed}}})


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (None, "No such file"),
        ("", "is no JSON"),
        ("\0\xff", "is no JSON"),
        ("[]", "is no baseline"),
        ("{}", "there is no 'format'"),
        ('{"format": 2, "options": {}}', "has format 2, expected 1"),
        ('{"format": 1}', "there is no 'options'"),
        ('{"format": 1, "options": {}}', "holds no option"),
        ('{"format": 1, "options": {"BUF": {}}}', "there is no 'minimum'"),
        ('{"format": 1, "options": {"BUF": 512}}', "is no baseline"),
        (broken(minimum="412"), "minimum is '412', expected a whole number"),
        (broken(minimum=True), "minimum is True, expected a whole number"),
        (broken(minimum=-1), "minimum is -1, expected a whole number"),
        (broken(floors={"speed": 1.0}), "floors has speed = 1.0, expected numbers of frame_rate, http, websocket"),
        (broken(floors={"http": float("nan")}), "floors has http = nan"),
        (broken(proved_by=["cheap"]), "is no baseline"),
    ],
)
def test_a_broken_file_is_one_line(text: str | None, message: str, tmp_path: Path) -> None:
    path = tmp_path / "baseline.json"
    if text is not None:
        path.write_bytes(text.encode("latin-1"))
    with pytest.raises(UsageError) as caught:
        baseline.load(path)
    assert message in caught.value.message
    assert str(path) in caught.value.message
    assert "\n" not in str(caught.value)
    if text:  # and it is not lost by writing to it
        with pytest.raises(UsageError):
            baseline.save(path, "BUF", PROOF)
        assert path.read_bytes() == text.encode("latin-1")


def test_the_committed_baseline_is_of_the_firmwares_own_options() -> None:
    proofs = baseline.load(BASELINE)
    options = firmware_options()
    assert "WS_BUFFER_SIZE" in proofs
    for name, proven in proofs.items():
        assert proven.minimum <= options[name]
        assert proven.floors
        assert {"cheap", "suites"} <= set(proven.proved_by)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The example firmware, whose suite needs room for 40 characters and their end."""
    try:
        paths.everything_built(None)
    except NotBuiltError as error:
        pytest.skip(str(error))
    folder = tmp_path / "project"
    shutil.copytree(paths.project_root() / "docs" / "examples" / "project", folder)
    monkeypatch.chdir(folder)
    return folder


def test_a_change_that_needs_a_larger_buffer_is_caught(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    build = ["--build-command", "make LINE_SIZE={value}", "--image", "build/release/echo.elf", "--workers", "2"]
    suites = ["--until", "echo: ready", "--suites", "robot/terminal.robot"]
    assert main(["shrink", "LINE_SIZE", "--values", "41", *build, *suites, "--save-baseline", "proven.json"]) == 0
    assert baseline.load(Path("proven.json"))["LINE_SIZE"].minimum == 41
    assert main(["shrink", "--check", "proven.json", *build, *suites]) == 0

    source = project / "src" / "main.c"
    source.write_text(source.read_text().replace("length < LINE_SIZE - 1", "length < LINE_SIZE - 2"))
    capsys.readouterr()
    assert main(["shrink", "LINE_SIZE=40", "--check", "proven.json", *build, *suites]) == 1
    said = capsys.readouterr().out
    assert "41, the proven minimum, does not pass any more: " in said
    assert "Half A Screen Line Is Not Lost" in said
    assert "40 is shipped, below the proven minimum of 41" in said

    Path("proven.json").write_text("{")
    assert main(["shrink", "--check", "proven.json", *build, *suites]) == 2
    assert capsys.readouterr().err.startswith("pic32bench: proven.json is no JSON: ")
