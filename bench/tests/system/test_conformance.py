# SPDX-License-Identifier: MIT
"""`pic32bench conformance` as it is typed: against the reference firmware, a broken one, and the original demo."""

from __future__ import annotations

import json
import os
import select
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pic32bench import paths
from pic32bench.conformance import baseline
from pic32bench.conformance.environment import environment, find_python2
from pic32bench.conformance.results import BEHAVIORS
from pic32bench.errors import UsageError

GRADES = paths.project_root() / "firmware" / "conformance"
QUICK = "1.*,2.*,3.*,4.*,5.*,6.*,7.*,10.*"
ORIGINAL = "PIC32BENCH_ORIGINAL_HEX"


@pytest.fixture
def python2(monkeypatch: pytest.MonkeyPatch) -> None:
    """Skips, saying so, what needs a Python 2.7; makes the environment, which is in the user's cache."""
    try:
        environment(find_python2())
    except UsageError as error:
        pytest.skip(error.message)


def conformance(runner, *arguments: str | Path, status: int = 0) -> dict[str, Any]:
    """What the command prints as JSON."""
    ended = runner.pic32bench("conformance", *arguments, "--json")
    assert ended.status == status, ended.text
    found: dict[str, Any] = json.loads(ended.out)
    return found


@pytest.mark.usefixtures("python2")
def test_everything_but_case_9(runner, firmware: Path) -> None:
    held = GRADES / "default.json"
    ended = runner.pic32bench("conformance", firmware, "--baseline", held, "--cases", QUICK, "--output", "report")
    assert ended.status == 0, ended.text
    assert "247 of 247 cases are OK, NON-STRICT or INFORMATIONAL" in ended.out
    assert "worse: " not in ended.out
    assert "| all     |                |   247 |" in ended.out
    assert (runner.folder / "report" / "index.html").is_file()
    assert len(list((runner.folder / "report").glob("*_case_*.html"))) == 247


@pytest.mark.usefixtures("python2")
def test_what_is_worse_is_told_a_line_a_case(runner, sabotaged: Callable[[str, str], Path]) -> None:
    broken = sabotaged("websocket_close_code_valid", "returns 0")
    ended = runner.pic32bench(
        "conformance", broken, "--baseline", GRADES / "default.json", "--cases", "7.1.1,7.7.2,7.9.1"
    )
    assert ended.status == 1, ended.text
    lines = [line for line in ended.out.splitlines() if line.startswith("worse: ")]
    assert [line.split()[1] for line in lines] == ["7.1.1:", "7.7.2:"]
    assert "it was OK: " in lines[0]
    # As a baseline of its own it is no failure, and better than that is no failure either.
    own = ("--cases", "7.7.2", "--save-baseline", "own.json")
    found = conformance(runner, broken, *own, status=1)
    assert found["cases"]["7.7.2"]["good"] is False
    again = conformance(runner, broken, "--cases", "7.7.2", "--baseline", "own.json")
    assert (again["worse"], again["better"]) == ([], [])
    better = conformance(runner, "--cases", "7.7.2", "--baseline", "own.json")
    assert better["better"][0].startswith("7.7.2: OK; it was ")


@pytest.mark.usefixtures("python2")
def test_a_board_that_a_case_kills_is_started_anew(runner, sabotaged: Callable[[str, str], Path]) -> None:
    hangs = sabotaged("utf8_valid", "loops")  # also when a connection is closed: nobody may look whether it listens
    found = conformance(runner, hangs, "--until", r"IP Address: 10\.", "--cases", "1.1.2,1.2.2", status=1)
    assert found["cases"]["1.1.2"]["killed"] is True
    assert found["cases"]["1.2.2"]["opened"] is True
    assert found["behaviors"] == {**dict.fromkeys(BEHAVIORS, 0), "OK": 1, "FAILED": 1}


@pytest.mark.usefixtures("python2")
def test_an_image_that_never_listens(runner, sabotaged: Callable[[str, str], Path]) -> None:
    ended = runner.pic32bench("conformance", sabotaged("websocket_server_listen", "returns 0"))
    assert ended.status == 1
    assert "no WebSocket server on the board's port 8088 took a handshake in 60 s (virtual): " in ended.err
    assert len(ended.err.splitlines()) == 1
    assert not (runner.folder / "build").exists()


@pytest.mark.usefixtures("python2")
def test_ctrl_c_leaves_nothing(runner) -> None:
    process = runner.start("pic32bench.cli", "conformance", "--cases", "9.*", "--output", "report")
    end = time.monotonic() + 60
    while len(runner.processes()) < 3:  # the command, the emulator and Autobahn
        assert process.poll() is None
        assert time.monotonic() < end
        select.select([], [], [], 0.02)
    os.kill(process.pid, signal.SIGINT)
    ended = runner.end(process)
    assert ended.status == 130
    assert "Traceback" not in ended.text
    assert [path.name for path in runner.folder.iterdir()] == ["tmp"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("absent.hex",), "no firmware image absent.hex"),
        (("--python2", "/bin/false"), "/bin/false is no Python 2.7: it does not run"),
        (("--baseline", "absent.json"), "absent.json: No such file"),
        (("--cases", ","), "--cases names no case"),
        (("--port", "70000"), "--port 70000: expected 1 to 65535"),
        (("--resource", "echo"), "--resource echo: expected a path that begins with /"),
        (("--output", "tmp/.."), "--output tmp/.. holds something else than a report"),
        (("--save-baseline", "absent/x.json"), "--save-baseline absent/x.json: there is no such directory"),
        (("--url", "http://board/"), "--url http://board/: expected ws://HOST:PORT/PATH"),
        (("--url", "ws://board/", "--port", "80"), "--port is for a server on the bench's board"),
    ],
)
def test_wrong_use_is_one_line(runner, arguments: tuple[str, ...], said: str) -> None:
    ended = runner.pic32bench("conformance", *arguments)
    assert ended.status == 2, ended.text
    assert said in ended.err
    assert len(ended.err.splitlines()) == 1
    assert ended.out == ""


def test_without_a_python_2(runner) -> None:
    runner.environment.update(PATH="/bin", HOME="/nonexistent", PYENV_ROOT="/nonexistent")
    runner.environment.pop("PYTHON2", None)
    ended = runner.pic32bench("conformance")
    assert ended.status == 2
    assert ended.err.startswith("pic32bench: no Python 2.7 found in PATH or in pyenv's versions")
    assert len(ended.err.splitlines()) == 1


@pytest.mark.usefixtures("python2")
def test_the_original_is_graded_as_is_recorded(runner) -> None:
    named = os.environ.get(ORIGINAL)
    if not named:
        pytest.skip(f"no image of the original demo: {ORIGINAL} is not set")
    digest = paths.file_digest(Path(named))
    held = next((path for path in GRADES.glob("original-*.json") if baseline.load(path).image == digest), None)
    assert held is not None, f"{named} is no revision of which grades are recorded"
    listens = ("--until", r"IP Address: 10\.", "--pause", "1")
    found = conformance(runner, named, *listens, "--baseline", held, "--cases", "1.1.1,1.1.2,1.1.3,2.1,2.5")
    assert (found["worse"], found["better"]) == ([], [])


def test_recorded_grades_are_of_all_cases_and_the_firmware_has_none_that_failed() -> None:
    files = {path.stem: baseline.load(path) for path in GRADES.glob("*.json")}
    assert {name for name, held in files.items() if len(held.cases) != 301} == set()
    ours = [held for name, held in files.items() if not name.startswith("original-")]
    assert len(ours) >= 2
    assert all(grade.good for held in ours for grade in held.cases.values())
