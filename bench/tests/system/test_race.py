# SPDX-License-Identifier: MIT
"""A test that fails once in a hundred runs is kept when it fails; its replay fails each time, at one instruction."""

from __future__ import annotations

import random
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from guest_program import build

import pic32bench
from pic32bench import Board, bundle
from pic32bench.backtrace import board_backtrace
from pic32bench.cli.main import main
from pic32bench.debugger import Debugger
from pic32bench.recording import Recording
from pic32bench.replay import replay

PROGRAM = Path(__file__).parent / "programs" / "race.c"
FLAGS = ("-O1", "-g", "-fno-asynchronous-unwind-tables")
RUNS = 700  # of which about seven fail


def presses_lose_no_sample(board: Board, seed: int) -> None:
    """The test that fails now and then: ten presses at times of chance, and no sample may be lost."""
    chance = random.Random(seed)
    for number in range(10):
        at = 0.0005 * (number + 1) + 0.0003 * chance.random()
        board.panel.press("SW1", at=at)
        board.panel.release("SW1", at=at + 0.0001)
    assert board.console.wait_for_line("sample", timeout=0.1).text == "all samples are there"


@pytest.fixture(scope="module")
def failed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, int, int]:
    """The bundle of the first run that fails, and the core's PC and count of instructions then."""
    folder = tmp_path_factory.mktemp("race")
    image = build(PROGRAM, folder, *FLAGS)
    for seed in range(RUNS):
        with pic32bench.start(image=image, network="none", seed=seed) as board:
            try:
                presses_lose_no_sample(board, seed)
            except AssertionError as error:
                failure = bundle.Failure(f"presses_lose_no_sample[{seed}]", str(error))
                path = bundle.save(board, bundle.look_at(board), folder / "kept", failure)
                return path, board.core().pc, board.core().instructions
    pytest.fail(f"{RUNS} runs, and the race was never lost")


def test_the_bundle_says_what_failed_and_is_small(
    failed: tuple[Path, int, int], capsys: pytest.CaptureFixture[str]
) -> None:
    path = failed[0]
    assert path.stat().st_size < 100_000
    assert main(["replay", str(path)]) == 0
    said = capsys.readouterr().out
    assert said.startswith("pic32bench: Test:      presses_lose_no_sample[")
    assert "\npic32bench: Failed:    assert 'a sample is lost' == 'all samples are there'\n" in said
    assert "\na sample is lost\n" in said


def test_every_replay_fails_at_the_same_instruction(failed: tuple[Path, int, int]) -> None:
    path, pc, instructions = failed
    for _ in range(3):
        with replay(Recording.load(path)) as board:
            board.run_to_end()
            assert board.difference() is None
            assert (board.core().pc, board.core().instructions) == (pc, instructions)
            assert board.console.text == "a sample is lost\r\n"
            names = [frame.place.function for frame in board_backtrace(board).frames]
            assert names == ["halt", "check_samples", "main", "_reset"]


def line_of(text: str) -> int:
    """The line of the program that has a text, which is the only one."""
    (number,) = [number for number, line in enumerate(PROGRAM.read_text().splitlines(), 1) if text in line]
    return number


@pytest.mark.skipif(shutil.which("gdb-multiarch") is None, reason="needs gdb-multiarch")
def test_gdb_goes_back_from_the_failed_check_to_the_lost_sample(failed: tuple[Path, int, int]) -> None:
    story = [
        "bt",
        "watch counts",
        *(3 * ["reverse-continue", "print/x counts"]),
        "delete",
        "break count_press",
        "reverse-continue",
        "kill",
    ]
    with Debugger(Recording.load(failed[0])) as debugger:
        debugger.prepare()
        commands = ["set confirm off", f"target remote 127.0.0.1:{debugger.port}", *story]
        done = subprocess.run(
            ["gdb-multiarch", "-nx", "-batch", *(word for line in commands for word in ("-ex", line)), debugger.image],
            capture_output=True,
            text=True,
        )
    said = done.stdout
    failed_check = line_of('halt("a sample is lost')
    assert f"in check_samples () at {PROGRAM}:{failed_check}" in said
    # Backwards, the press writes a count of samples that is one less than what was there before it.
    writes = re.findall(
        r" in (\w+) \(\) at .*?\$\d+ = (0x[0-9a-f]+)", said.partition("Hardware watchpoint")[2], re.DOTALL
    )
    names, values = [name for name, _ in writes], [int(value, 16) for _, value in writes]
    press = names.index("count_press")
    assert names[press + 1] == "take_sample", said
    assert values[press] - values[press + 1] == 0x10000 - 1
    assert f"Breakpoint 2, count_press () at {PROGRAM}:{line_of('counts = counts + 0x10000')}" in said
