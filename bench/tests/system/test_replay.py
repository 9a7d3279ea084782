# SPDX-License-Identifier: MIT
"""Recorded runs are played again: the same, to the instruction, whatever came from outside; gdb walks through them."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import urllib.request
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import replace as changed
from pathlib import Path

import pytest

import pic32bench
from pic32bench.bench import Board
from pic32bench.cli.main import main
from pic32bench.debugger import Debugger
from pic32bench.errors import UsageError
from pic32bench.network import WireNetwork
from pic32bench.network.station import LEASED, Station
from pic32bench.recording import Recording
from pic32bench.replay import replay
from pic32bench.resume import restore, save
from pic32bench.stream.client import StreamClient


def by_hand(board: Board) -> None:
    """What a person does at the desk."""
    board.console.wait_for_prompt()
    board.panel.press("SW1")
    board.console.write_line("help")
    board.run_for(0.2)
    board.panel.release("SW1", at=board.time + 0.1)
    board.panel.unplug_cable()
    board.run_for(0.3)
    board.panel.plug_cable()
    board.reset()
    board.run_for(0.5)


def over_the_cable(board: Board) -> None:
    """The demo: page, stream, switch, terminal, cable, reset."""
    board.console.wait_for_line("IP Address: 10.", timeout=20)
    if isinstance(board.network, WireNetwork):
        station = board.station.connect(LEASED, 80)
        station.sendall(b"GET / HTTP/1.1\r\nHost: board\r\nConnection: close\r\n\r\n")
        board.run_for(0.2)
    else:
        assert urllib.request.urlopen(board.url, timeout=30).status == 200
    client = StreamClient.of(board).connect(20)
    client.start()
    client.collect(frames=10)
    board.panel.press("SW1")
    client.collect(frames=10)
    client.close()
    by_hand(board)


@pytest.fixture
def load() -> Iterator[None]:
    """Two other processes want the computer too."""
    busy = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(2)]
    yield
    for process in busy:
        process.kill()
        process.wait()


@pytest.fixture
def recorded(tmp_path: Path) -> Recording:
    """A short run, also in run.zip."""
    with pic32bench.start(network="none") as board:
        by_hand(board)
        recording = board.recording()
    recording.save(tmp_path / "run.zip")
    return recording


def plays_again(board: Board) -> None:
    """What a board has done is done again; on network user the board itself goes on meanwhile."""
    recording = board.recording()
    with replay(recording) as again:
        again.run_to_end()
        assert again.difference() is None
        assert (again.clock.now_ns, again.core().instructions) == (recording.end_ns, recording.instructions)
        assert len(again.console.data) > 500
        assert board.console.data.startswith(again.console.data)
        events = [(event.time_ns, event.what, event.level) for event in board.panel.events if event.kind != "hand"]
        repeated = [(event.time_ns, event.what, event.level) for event in again.panel.events]
        assert repeated == events[: len(repeated)]
        assert len(repeated) > 5
        if isinstance(board.network, WireNetwork):
            assert isinstance(again.network, WireNetwork)
            assert again.core() == board.core()
            assert again.console.data == board.console.data
            assert [frame for frame in again.network.frames if frame.from_board] == [
                frame for frame in board.network.frames if frame.from_board
            ]


def test_without_a_network() -> None:
    with pic32bench.start(network="none") as board:
        by_hand(board)
        plays_again(board)


def test_on_the_wire() -> None:
    with pic32bench.start(network="wire", quantum=0.02) as board:
        Station(board.network, dhcp=True)  # type: ignore[arg-type]
        over_the_cable(board)
        plays_again(board)


@pytest.mark.parametrize("computer", ["idle", "busy"])
def test_with_sockets_of_this_computer(computer: str, request: pytest.FixtureRequest) -> None:
    if computer == "busy":
        request.getfixturevalue("load")
    with pic32bench.start(network="user") as board:
        over_the_cable(board)
        plays_again(board)


def test_a_board_goes_on_after_it_was_recorded_as_if_nothing_had_been() -> None:
    def lists(looks: int) -> bytes:
        with pic32bench.start(network="none") as board:
            for _ in range(5):
                board.run_for(0.05)
                for _ in range(looks):
                    board.recording()
            return board.emulator.inputs()

    assert lists(0) == lists(2)


def test_quanta_leave_no_trace() -> None:
    def lists(quantum: float) -> bytes:
        with pic32bench.start(network="none", quantum=quantum) as board:
            board.panel.press("SW1", at=0.1)
            board.panel.push_reset(at=0.7)
            board.run_for(1.5)
            return board.emulator.inputs()

    assert lists(0.005) == lists(0.5) == lists(0.00137)


def test_a_run_that_began_at_a_snapshot(tmp_path: Path) -> None:
    with pic32bench.start(network="none") as board:
        board.console.wait_for_prompt()
        board.panel.press("SW1")
        board.run_for(0.1)
        save(board, tmp_path / "prompt")
    with restore(tmp_path / "prompt") as board:
        board.panel.release("SW1")
        by_hand(board)
        plays_again(board)


def test_another_input_is_another_run(recorded: Recording, tmp_path: Path) -> None:
    lines = recorded.inputs.decode().splitlines()
    place = next(i for i, line in enumerate(lines) if '"uart' in line and "channel" in line)
    at = json.loads(lines[place])["t"]
    lines[place] = lines[place].replace('"data":"68"', '"data":"69"')  # h: i
    other = changed(recorded, inputs="\n".join([*lines, ""]).encode())
    other.save(tmp_path / "other.zip")
    with replay(other) as board:
        board.run_to_end()
        difference = board.difference()
        assert difference is not None
        assert at <= difference.time_ns <= at + 20_000_000
        assert "what the board sent until" in difference.found
    assert main(["replay", str(tmp_path / "other.zip")]) == 1


def test_the_command(recorded: Recording, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = str(tmp_path / "run.zip")
    assert main(["replay", file]) == 0
    out = capsys.readouterr().out
    assert "Initialization Ended - success" in out
    assert f"the same run, to the nanosecond, up to {recorded.end_ns / 1e9:.9f} s" in out
    assert main(["replay", file, "--until", "Initialization", "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["identical"] is report["until_seen"] is True
    assert report["seconds"] < recorded.end_ns / 1e9
    assert main(["replay", file, "--until", "no such line", "--for", "0.1"]) == 1
    assert main(["replay", file, "--at", "0.1"]) == 2


@pytest.mark.parametrize("tool", ["pytest", "robot"])
def test_test_tools_write_recordings(tool: str, tmp_path: Path) -> None:
    if tool == "pytest":
        test = tmp_path / "test_boots.py"
        test.write_text("def test_boots(board):\n    board.run_for(0.1)\n")
        options = ["--network", "none", "--record", str(tmp_path), "-p", "no:cacheprovider"]
    else:
        test = tmp_path / "boots.robot"
        test.write_text(
            "*** Settings ***\nLibrary    pic32bench.robot.Pic32Bench\n*** Test Cases ***\nBoots\n"
            f"    Start Emulation    network=none    record={tmp_path / 'run.zip'}\n"
            "    Run For    0.1\n    Stop Emulation\n"
        )
        options = ["--outputdir", str(tmp_path / "log")]
    subprocess.run([sys.executable, "-m", tool, *options, str(test)], cwd=tmp_path, check=True, capture_output=True)
    (file,) = tmp_path.glob("*.zip")
    assert main(["replay", str(file)]) == 0


def test_run_writes_a_recording(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = str(tmp_path / "run.zip")
    assert main(["run", "--network", "none", "--for", "0.3", "--record", file]) == 0
    assert f"pic32bench replay {file} plays this run again" in capsys.readouterr().out
    assert main(["replay", file]) == 0
    assert main(["run", "--network", "none", "--for", "0.1", "--record", str(tmp_path / "no" / "run.zip")]) == 2


def test_another_emulator_is_refused(recorded: Recording, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    other = changed(recorded, emulator="0" * 64)
    other.save(tmp_path / "other.zip")
    assert main(["replay", str(tmp_path / "other.zip")]) == 2
    assert "by another emulator than this one" in capsys.readouterr().err
    assert main(["replay", str(tmp_path / "other.zip"), "--any-emulator"]) == 0


def test_what_came_past_the_panel_cannot_be_replayed() -> None:
    with pic32bench.start(network="none") as board:
        board.run_for(0.01)
        board.emulator.execute("system_reset")
        board.run_for(0.01)
        recording = board.recording()
    with pytest.raises(UsageError, match="cannot be replayed: it has a system_reset at 0.01"):
        replay(recording)


def test_damaged_and_foreign_files(recorded: Recording, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    whole = (tmp_path / "run.zip").read_bytes()
    file = tmp_path / "file.zip"

    def complaint(content: bytes) -> str:
        file.write_bytes(content)
        assert main(["replay", str(file)]) == 2
        return capsys.readouterr().err

    assert re.fullmatch(r"pic32bench: \S+ is no recording, or damaged: .*\n", complaint(whole[: len(whole) // 2]))
    middle = whole.index(b"image.elf") + 5000
    assert re.search("damaged", complaint(whole[:middle] + b"oops" + whole[middle + 4 :]))
    assert "is no recording" in complaint(b"no zip at all")
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("console.txt", "hello")
    assert "it has no recording.json" in complaint(file.read_bytes())
    changed(recorded, inputs=b'{"t": 1, "channel"\n').save(file)
    assert "damaged" in complaint(file.read_bytes())
    assert main(["replay", str(tmp_path / "nothing.zip")]) == 2
    assert "No such file" in capsys.readouterr().err
    recorded.save(file, {"console.txt": b"more beside it"})
    assert main(["replay", str(file), "--for", "0.01"]) == 0


@pytest.fixture
def gdb(recorded: Recording) -> Iterator[Callable[..., str]]:
    """A function that lets gdb do something in the recorded run, from its end on, and returns what it printed."""
    program = shutil.which("gdb-multiarch")
    if program is None:
        pytest.skip("gdb-multiarch is missing: run `make setup`, or apt-get install gdb-multiarch")
    with Debugger(recorded) as debugger:
        debugger.prepare()
        assert f":{debugger.port}" in debugger.command

        def run(*commands: str) -> str:
            options = [word for command in commands for word in ("-ex", command)]
            remote = f"target remote 127.0.0.1:{debugger.port}"
            command = [program, "-batch", "-nx", "-ex", "set pagination off", "-ex", remote, *options]
            done = subprocess.run(
                [*command, str(debugger.image)], capture_output=True, text=True, timeout=120, check=False
            )
            return done.stdout + done.stderr

        yield run


def test_gdb_goes_backwards_and_forwards(gdb: Callable[..., str], recorded: Recording) -> None:
    at_end = "print/x $pc"
    said = gdb(at_end, "reverse-stepi", "reverse-stepi", at_end, "stepi", "stepi", at_end)
    first, second, third = re.findall(r"^\$\d = (0x\w+)", said, re.MULTILINE)
    assert first == third != second


def test_gdb_goes_to_breakpoints_and_watchpoints(gdb: Callable[..., str]) -> None:
    said = gdb(
        *("break tick_interrupt", "reverse-continue", "print milliseconds", "reverse-continue", "delete"),
        *("watch milliseconds", "reverse-continue", "reverse-continue", "print milliseconds"),
        *("continue", "continue", "print milliseconds", "delete", "break main", "reverse-continue"),
    )
    assert len(re.findall(r"^Breakpoint 1, ", said, re.MULTILINE)) == 2, said
    last, back, again = map(int, re.findall(r"^\$\d = (\d+)", said, re.MULTILINE))
    assert last - 4 <= back < last - 1, said
    assert back < again <= last + 1, said
    assert "Hardware watchpoint 2: milliseconds" in said, said
    assert "Breakpoint 3, main ()" in said, said
