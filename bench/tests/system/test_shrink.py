# SPDX-License-Identifier: MIT
"""`pic32bench shrink` as it is typed: over the reference firmware, and over programs that others build."""

from __future__ import annotations

import json
import os
import select
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import guest_program
import pytest

from pic32bench.cli.main import main
from pic32bench.shrink.state import alone

RING = Path(__file__).parent / "programs" / "ring.c"
BUILD = "make -s BUF={value}"
OPTION = ("BUF=16..256", "--build-command", BUILD, "--image", "out/ring.elf")
READY = ("--until", "^ready$", "--for", "0.1")


@pytest.fixture
def ring(runner) -> Path:
    """A folder with somebody's firmware: a Makefile, which counts its builds, and a program."""
    layout = (
        f"-I {guest_program.PROGRAMS} -T {guest_program.PROGRAMS / 'guest.ld'} {guest_program.PROGRAMS / 'start.S'}"
    )
    compile_it = f"{guest_program.COMPILER} {' '.join(guest_program.FLAGS)} -DBUF=$(BUF) {layout} {RING}"
    (runner.folder / "Makefile").write_text(
        f"all:\n\t@mkdir -p out\n\t@echo $(BUF) >> builds\n\t@{compile_it} -o out/ring.elf\n"
    )
    return runner.folder


def shrink(runner, *arguments: str) -> dict[str, Any]:
    """What the command prints as JSON, when it has found something."""
    ended = runner.pic32bench("shrink", *arguments, "--json")
    assert ended.status == 0, ended.text
    found: dict[str, Any] = json.loads(ended.out)
    return found


def without_effort(report: dict[str, Any]) -> dict[str, Any]:
    """A report without how long it took."""
    points = [{key: one[key] for key in one if not key.endswith("_seconds")} for one in report["points"]]
    return {**{key: report[key] for key in report if key not in ("effort", "shipped", "minimum")}, "points": points}


def test_other_firmware_and_sizes_of_which_larger_is_not_better(runner, ring: Path) -> None:
    report = shrink(runner, *OPTION, *READY, "--workers", "2", "--plot", "ring.png", "--markdown", "ring.md")
    assert report["minimum"]["values"] == {"BUF": 64}
    assert not report["monotone"]
    by_value = {one["values"]["BUF"]: one for one in report["points"]}
    assert by_value[63]["result"] == "failed"
    assert by_value[63]["reason"].startswith("boots: ")
    assert by_value[16]["result"] == "unbuilt"
    assert by_value[16]["reason"] == "BUF must be at least 20"
    assert by_value[256]["ram"] - by_value[64]["ram"] == 192
    assert (ring / "ring.png").read_bytes().startswith(b"\x89PNG")
    text = (ring / "ring.md").read_text()
    assert "BUF: 64 is the smallest that passes; shipped is 256, 192 bytes of RAM less" in text
    assert "larger is not always better here" in text
    builds = (ring / "builds").read_text().split()
    assert sorted(map(int, builds)) == sorted([*by_value])
    # The very same again, without a build of what was tried.
    (ring / "builds").unlink()
    assert without_effort(shrink(runner, *OPTION, *READY, "--resume")) == without_effort(report)
    assert (ring / "builds").read_text().split() == ["256"]


def test_ctrl_c_keeps_what_was_done_and_resume_goes_on(runner, ring: Path) -> None:
    state = ring / "state.json"
    arguments = (*OPTION, *READY, "--workers", "1", "--state", "state.json")
    process = runner.start("pic32bench.cli", "shrink", *arguments)
    end = time.monotonic() + 60
    while not (state.is_file() and len(json.loads(state.read_text())["tried"]) >= 3):
        assert process.poll() is None
        assert time.monotonic() < end
        select.select([], [], [], 0.02)
    os.kill(process.pid, signal.SIGINT)
    ended = runner.end(process)
    assert ended.status == 130
    assert "points are kept: --resume goes on" in ended.err
    assert "Traceback" not in ended.text
    kept = json.loads(state.read_text())["tried"]
    assert 3 <= len(kept) < 20
    (ring / "builds").unlink()
    report = shrink(runner, *arguments, "--resume")
    assert report["minimum"]["values"] == {"BUF": 64}
    built_again = {int(value) for value in (ring / "builds").read_text().split()}
    # The shipped one, to see that it is the same firmware, and the one that was being tried.
    tried_wholly = {one["values"][0] for one in kept if one["trials"]} - {256}
    assert not built_again & tried_wholly
    for change, said in ((("--seed", "9"), "trial boots"), (("--board", "mini"), "board")):
        refused = runner.pic32bench("shrink", *arguments, *change, "--resume")
        assert refused.status == 2
        assert f"is of another {said}: start again without --resume" in refused.err


def test_suites_of_the_user_and_a_copy_of_the_folder(runner, ring: Path) -> None:
    (ring / "test_ring.py").write_text(
        "import helps\n\ndef test_ready(start_board):\n"
        "    board = start_board(network='none')\n    board.console.wait_for_line(helps.TEXT, timeout=0.1)\n"
    )
    (ring / "helps.py").write_text("TEXT = 'ready'\n")
    report = shrink(runner, "BUF=32,64", *OPTION[1:], "--suites", "test_ring.py", "--copy")
    assert report["minimum"]["values"] == {"BUF": 64}
    by_value = {one["values"]["BUF"]: one for one in report["points"]}
    assert "test_ring.py: test_ready: " in by_value[32]["reason"]
    assert not (ring / "out").exists()
    assert not (ring / "builds").exists()


def test_cheap_checks_that_apply_to_other_firmware(
    runner, firmware: Path, sabotaged: Callable[[str, str], Path]
) -> None:
    broken = sabotaged("websocket_server_listen", "returns 0")
    (runner.folder / "1.elf").write_bytes(broken.read_bytes())
    (runner.folder / "2.elf").write_bytes(firmware.read_bytes())
    broken.unlink()
    report = shrink(runner, "N=1,2", "--build-command", "cp {value}.elf out.elf", "--image", "out.elf")
    assert report["minimum"]["values"] == {"N": 2}
    assert report["points"][0]["reason"].endswith("is the board up and its WebSocket server listening?")
    assert report["minimum"]["websocket"] > 50
    assert report["floors"]["websocket"] == pytest.approx(0.9 * report["minimum"]["websocket"])


def test_the_reference_firmware(runner, firmware: Path) -> None:
    report = shrink(
        runner, "WS_BUFFER_SIZE=100,160,512", "--suites", "robot/footprint.robot", "--plot", "a.svg", "--plot", "b.svg"
    )
    assert report["minimum"]["values"] == {"WS_BUFFER_SIZE": 512}
    results = {one["values"]["WS_BUFFER_SIZE"]: one for one in report["points"]}
    assert {value: one["result"] for value, one in results.items()} == {
        100: "unbuilt",
        160: "slow",
        512: "proven",
        1460: "proven",
    }
    assert results[100]["reason"] == "WS_BUFFER_SIZE must be 160 to 65535"
    assert "WebSocket echo" in results[160]["reason"]
    assert "is below the floor of" in results[160]["reason"]
    assert abs(results[1460]["ram"] - results[512]["ram"] - (1460 - 512)) < 16  # sections are aligned
    assert results[512]["frame_rate"] == 3000
    assert 85 < results[512]["http"] < 95
    assert (runner.folder / "a.svg").read_bytes() == (runner.folder / "b.svg").read_bytes()
    # Nothing passes when more is asked for than the shipped image does.
    more = ("--suites", "robot/footprint.robot", "--min-throughput", "96")
    ended = runner.pic32bench("shrink", "WS_BUFFER_SIZE=512", "--resume", *more)
    assert ended.status == 1
    assert "as shipped: HTTP 9" in ended.err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("BUFFER_SIZE",), "no integer build option BUFFER_SIZE: the firmware has"),
        (("MEM_SIZE=x",), "'x' is no whole number"),
        (("MEM_SIZE", "--resume"), "there is no build/shrink/MEM_SIZE.json: start without it"),
        (("MEM_SIZE", "TCP_WND", "--step", "2"), "are for one option"),
        (("MEM_SIZE", "MEM_SIZE"), "MEM_SIZE is given twice"),
        (("MEM_SIZE", "--points", "1"), "--points 1: expected 2 or more"),
        (("MEM_SIZE", "--plot", "a.pdf"), "expected a name that ends in .png or .svg"),
        (("MEM_SIZE", "--until", "x"), "--until goes with --build-command"),
        (("MEM_SIZE", "--suites", "nowhere"), "--suites nowhere: there is no such file or folder"),
        (("B=1..9", "--build-command", "make"), "--build-command goes with --image"),
        (("B=1..9", "--build-command", "make", "--image", "a.elf"), "takes no B: write {value} where its value goes"),
        (("A=1..9", "B=1..9", "--build-command", "x {A}", "--image", "a"), "takes no B: write {B} where"),
        (("B=1..9", "--build-command", "true {value}", "--image", "a.elf", *READY), "no image a.elf after the build"),
        (("B=1..9", "--build-command", "nosuch {value}", "--image", "a.elf", *READY), "nosuch: not found"),
        (
            ("B=1..9", "--build-command", "echo no && exit {value}", "--image", "a", *READY),
            "cannot be built with B=9: no",
        ),
    ],
)
def test_wrong_use_is_one_line(
    runner, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], said: str
) -> None:
    monkeypatch.chdir(runner.folder)
    assert main(["shrink", *arguments]) == 2
    error = capsys.readouterr().err
    assert said in error
    assert error.count("\n") == 1


def test_a_build_that_takes_no_notice_of_the_value_is_told(runner, ring: Path) -> None:
    command = "make -s BUF=64 # {value}"
    ended = runner.pic32bench("shrink", "B=1..9", "--build-command", command, "--image", "out/ring.elf", *READY)
    assert ended.status == 2
    assert "values of B gave the very same image: does the build use the value" in ended.err


def test_one_at_a_time_in_one_folder(runner) -> None:
    with alone(runner.folder / "build" / "shrink" / "MEM_SIZE"):
        ended = runner.pic32bench("shrink", "MEM_SIZE")
    assert ended.status == 2
    assert "is busy: another shrink is at work there" in ended.err
