# SPDX-License-Identifier: MIT
"""`pic32bench memory`, the Robot keywords and the pytest fixture: what they take, what they say, how they end."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from pic32bench.cli.main import main
from tests.memory.conftest import Ran

pytestmark = pytest.mark.usefixtures("emulator")
Command = Callable[..., tuple[int, str, str]]


@pytest.fixture
def command(capsys: pytest.CaptureFixture[str]) -> Command:
    """Runs the command; its exit code and what it printed."""

    def run(*arguments: str | Path) -> tuple[int, str, str]:
        capsys.readouterr()
        code = main(["memory", *map(str, arguments)])
        return (code, *capsys.readouterr())

    return run


@pytest.fixture
def recorded(ran: Ran, tmp_path: Path) -> Path:
    _, recording = ran("-O1", "-g")
    recording.save(tmp_path / "run.zip")
    return tmp_path / "run.zip"


def test_an_image_with_a_scenario(ran: Ran, tmp_path: Path, command: Command) -> None:
    image, _ = ran("-O1", "-g")
    (tmp_path / "mine.py").write_text("def scenario(board):\n    board.run_for(0.01)\n")
    output = tmp_path / "report.md"
    code, out, _ = command(
        image,
        "--network",
        "none",
        "--scenario",
        tmp_path / "mine.py",
        "--record",
        tmp_path / "run.zip",
        "--output",
        output,
    )
    assert code == 0
    assert "session: mine.py:scenario" in out
    assert "| 4096 |" in output.read_text()
    code, out, _ = command(tmp_path / "run.zip", "--json")
    report = json.loads(out)
    assert code == 0
    assert {buffer["name"]: buffer["used"] for buffer in report["buffers"]}["message"] == 60
    assert report["stacks"][0]["chain"]["frames"][0]["function"] == "deep"


def test_a_session_says_what_a_firmware_has_not(ran: Ran, command: Command) -> None:
    code, out, _ = command(ran("-O1", "-g")[0], "--for", "0.01")
    assert code == 0
    assert "left out: address, page, stream: " in out
    assert "left out: terminal: no prompt '>' was seen" in out


def test_over_by_one_byte(recorded: Path, tmp_path: Path, command: Command) -> None:
    budget = tmp_path / "limits.toml"
    budget.write_text("[[buffer]]\nname = 'message'\nmax = 59\n[[buffer]]\nname = 'nothing_*'\nmax = 1\n")
    code, out, _ = command(recorded, "--budget", budget)
    assert code == 1
    assert "buffer message: 60 bytes, 1 over its limit of 59" in out
    assert "nothing_*" in out


def test_an_overrun(ran: Ran, tmp_path: Path, command: Command) -> None:
    ran("-O1", "-g", "-DOVERRUN")[1].save(tmp_path / "run.zip")
    code, out, _ = command(tmp_path / "run.zip")
    assert code == 1
    assert "overrun of packet" in out
    assert "fill (session.c:" in out


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["{run}", "--scenario", "x.py"], "--scenario is for an image"),
        (["{run}", "--until", "x"], "--until is for an image"),
        (["{run}", "--symbols", "nowhere.elf"], "nowhere.elf"),
        (["{run}", "--budget", "nowhere.toml"], "nowhere.toml"),
        (["{run}", "--output", "nowhere/report.md"], "there is no such directory"),
        (["{image}", "--record", "nowhere/run.zip"], "there is no such directory"),
        (["{image}", "--scenario", "nowhere.py"], "there is no such file"),
        (["{image}", "--scenario", "{empty}"], "has no function scenario"),
        (["{image}", "--scenario", "{broken}"], "SyntaxError"),
        (["{empty}"], "is empty"),
        (["nowhere.elf"], "no firmware image nowhere.elf"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_wrong_use_is_one_line(
    arguments: list[str], says: str, ran: Ran, recorded: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "empty.py").write_text("")
    (tmp_path / "broken.py").write_text("def scenario(board:\n")
    names = {
        "run": recorded,
        "image": ran("-O1", "-g")[0],
        "empty": tmp_path / "empty.py",
        "broken": tmp_path / "broken.py",
    }
    code = main(["memory", *(argument.format(**names) for argument in arguments)])
    error = capsys.readouterr().err
    assert code == 2
    assert says in error
    assert len(error.splitlines()) == 1


def test_a_scenario_that_fails_is_told_with_its_line(ran: Ran, tmp_path: Path, command: Command) -> None:
    (tmp_path / "mine.py").write_text("def first(board):\n    assert board.time > 1, 'too early'\n")
    code, out, error = command(ran("-O1", "-g")[0], "--network", "none", "--scenario", f"{tmp_path / 'mine.py'}:first")
    assert code == 1
    assert f"{tmp_path / 'mine.py'}:2: AssertionError: too early" in error
    assert "Traceback" not in error
    assert "message" in out


SUITE = """
*** Settings ***
Library           pic32bench.robot.Pic32Bench
Test Teardown     Stop Emulation
*** Test Cases ***
Fits
    Start Emulation    image={image}    network=none
    Run For    0.01
    ${{report}}=    Memory Should Fit
    Should Be Equal    ${{report.stacks[0].name}}    main
Too Much
    Start Emulation    image={image}    network=none
    Run For    0.01
    Memory Should Fit    budget={budget}
"""
TESTS = """
def test_fits(board, memory):
    board.run_for(0.01)
    assert memory.should_fit().stacks[0].name == "main"
def test_too_much(board, memory):
    board.run_for(0.01)
    memory.should_fit(budget={budget!r})
def test_no_board(memory):
    memory.report()
"""


def test_robot_and_pytest(ran: Ran, tmp_path: Path) -> None:
    image, budget = ran("-O1", "-g")[0], tmp_path / "limits.toml"
    budget.write_text("[[stack]]\nname = 'main'\nmax = 64\n")
    (tmp_path / "suite.robot").write_text(SUITE.format(image=image, budget=budget))
    (tmp_path / "test_inner.py").write_text(TESTS.format(budget=str(budget)))
    robot = inner(tmp_path, "robot", "--outputdir", tmp_path / "log", "suite.robot")
    assert "2 tests, 1 passed, 1 failed" in robot
    assert "over its limit of 64" in robot
    options = ("-p", "no:cacheprovider", "--image", image, "--network", "none")
    python = inner(tmp_path, "pytest", *options, "test_inner.py")
    assert "2 failed, 1 passed" in python
    assert "over its limit of 64" in python
    assert "no board was started" in python


def inner(folder: Path, *arguments: str | Path) -> str:
    done = subprocess.run([sys.executable, "-m", *map(str, arguments)], cwd=folder, capture_output=True, text=True)
    return done.stdout
