# SPDX-License-Identifier: MIT
"""However the emulator or the bench ends: one clear line, and nothing is left behind."""

from __future__ import annotations

import gc
import os
import select
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

import pic32bench
from pic32bench import Board, EmulatorDiedError, EmulatorError, EmulatorStuckError, NotBuiltError

Start = Callable[..., Board]


def gone(pid: int) -> bool:
    """Waits (by the kernel's word, at most 10 s) until a process has ended; true if it has."""
    try:
        pidfd = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([pidfd], [], [], 10)[0])
    finally:
        os.close(pidfd)


def one_line(error: pic32bench.BenchError) -> str:
    assert "\n" not in error.message
    return error.message


@pytest.mark.parametrize("network", ["none", "user", "wire"])
def test_death_in_mid_test(fake_board: Start, network: str) -> None:
    board = fake_board("die=0.2", network=network)
    board.console.wait_for_line("Ended")
    with pytest.raises(EmulatorDiedError) as caught:
        board.console.wait_for("never")
    text = one_line(caught.value)
    assert text.startswith("the emulator died at 0.")
    assert text.endswith("s (SIGSEGV): fake: unimplemented register read")
    with pytest.raises(EmulatorDiedError):
        board.panel.press("SW1")
    assert "Initialization Ended" in board.console.log()


@pytest.mark.parametrize("network", ["none", "user"])
def test_killed_from_outside(fake_board: Start, network: str) -> None:
    board = fake_board(network=network)
    board.console.wait_for_line("Ended")
    os.kill(board.emulator.pid, signal.SIGKILL)
    with pytest.raises(EmulatorDiedError, match=r"SIGKILL"):
        board.console.wait_for("never")


@pytest.mark.parametrize("network", ["none", "user"])
def test_a_stuck_emulator_is_killed(fake_board: Start, network: str) -> None:
    board = fake_board("hang=0.2", network=network, backstop_wall=0.5)
    with pytest.raises(EmulatorStuckError) as caught:
        board.console.wait_for("never")
    assert "0.5 s of wall time" in one_line(caught.value)
    assert gone(board.emulator.pid)


def test_silence_on_qmp_is_stuck(fake_board: Start) -> None:
    with pytest.raises(EmulatorStuckError, match="did not answer QMP qom-get"):
        fake_board("qmp-silent", backstop_wall=0.5)
    with pytest.raises(EmulatorStuckError, match="did not greet on QMP"):
        fake_board("no-greeting", backstop_wall=0.5)


def test_an_emulator_that_refuses_to_start_says_why(fake_board: Start) -> None:
    with pytest.raises(EmulatorDiedError) as caught:
        fake_board("refuse")
    assert one_line(caught.value) == (
        "the emulator died while starting (exit status 1): fake: the chip property is wrong"
    )


def test_what_is_not_built_names_its_target(tiny_image: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("PIC32BENCH_QEMU", raising=False)
    monkeypatch.delenv("PIC32BENCH_IMAGE")
    monkeypatch.setattr("pic32bench.paths.project_root", lambda: tmp_path)
    (tmp_path / "platforms").mkdir()
    kit = Path(__file__).parents[2] / "platforms" / "ef-starter-kit.toml"
    with pytest.raises(NotBuiltError) as caught:
        pic32bench.start(board=kit)
    assert "`make emulator`" in one_line(caught.value)
    assert "`make firmware`" in caught.value.message


def test_an_emulator_that_cannot_be_executed(fake_emulator: Callable[..., Path], tiny_image: Path) -> None:
    fake_emulator().chmod(0o644)
    with pytest.raises(EmulatorError, match=r"cannot start the emulator .*: Permission denied"):
        pic32bench.start(network="none")


def test_nothing_is_left_after_any_end(fake_board: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))

    def open_files() -> int:
        gc.collect()
        return len(os.listdir("/proc/self/fd"))

    fake_board(network="user").close()
    before, threads = open_files(), threading.active_count()
    for mode, network in (("", "user"), ("", "wire"), ("die=0.1", "none"), ("die=0.1", "user"), ("refuse", "user")):
        board = None
        try:
            board = fake_board(mode, network=network)
            board.console.wait_for("never", timeout=0.3)
        except pic32bench.BenchError:
            pass
        finally:
            if board:
                board.close()
                assert gone(board.emulator.pid)
        assert list(temporary.iterdir()) == []
    assert open_files() <= before
    assert threading.active_count() <= threads


@pytest.mark.parametrize("sent", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_the_emulator_goes_when_the_bench_is_killed(
    fake_emulator: object, tiny_image: Path, tmp_path: Path, sent: signal.Signals
) -> None:
    script = (
        "import pic32bench, sys\n"
        "board = pic32bench.start(network='user')\n"
        "print(board.emulator.pid, flush=True)\n"
        "board.console.wait_for('never', timeout=100)\n"
    )
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    bench = subprocess.Popen(
        [sys.executable, "-c", script],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "TMPDIR": str(temporary)},
    )
    assert bench.stdout is not None
    pid = int(bench.stdout.readline())
    bench.send_signal(sent)
    bench.wait(10)
    bench.stdout.close()
    assert gone(pid)
    assert list(temporary.iterdir()) == []


def test_the_emulator_goes_when_the_interpreter_exits(fake_emulator: object, tiny_image: Path) -> None:
    script = "import pic32bench; print(pic32bench.start(network='none').emulator.pid)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=30, check=True)
    assert gone(int(done.stdout))
    assert done.stderr == ""
