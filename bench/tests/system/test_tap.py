# SPDX-License-Identifier: MIT
"""Network `tap`: a PC in namespaces of its own, at the other end of the cable, and nothing left of it afterwards."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

import pic32bench
from pic32bench import Board, UsageError, page
from pic32bench.network import Pc, TapNetwork
from pic32bench.network.pc import ADDRESS, NoNamespaceError, why_no_tap
from pic32bench.resume import restore, save
from pic32bench.stream import judge
from pic32bench.stream.client import StreamClient

FIRST = "169.254.97.179"
NS = 1_000_000_000


@pytest.fixture(autouse=True)
def namespaces() -> None:
    if why := why_no_tap():
        pytest.skip(why)


def has_first_address(board: Board) -> None:
    board.console.wait_for_line(f"IP Address: {FIRST}", timeout=20)


@pytest.fixture
def board() -> Iterator[Board]:
    with pic32bench.start_at(has_first_address, network="tap") as board:
        yield board


def pc_of(board: Board) -> Pc:
    assert isinstance(board.network, TapNetwork)
    return board.network.pc


def paced_ns(board: Board) -> int:
    return int(board.emulator.get("paced-time"))


def test_page_stream_and_ping_work_from_the_pc(board: Board) -> None:
    assert board.url == f"http://{FIRST}/"
    assert board.ws_url == f"ws://{FIRST}:8088/echo"
    url, pc = page.way_to(board)
    assert {part.status for part in page.fetch_with_parts(url, station=pc)} == {200}
    with StreamClient.of(board) as stream:
        stream.start()
        assert judge(stream.collect(frames=64)).is_noise
    for size in ("56", "1400"):
        ping = pc_of(board).run(["ping", "-c", "2", "-i", "0.2", "-s", size, FIRST])
        assert ping.returncode == 0, ping.stdout


def test_this_computer_knows_nothing_of_the_cable(board: Board) -> None:
    names = {name for _, name in socket.if_nameindex()}
    assert not {"cable", "board1"} & names
    assert "board1" in pc_of(board).run(["ip", "link"]).stdout


def test_frames_hold_the_board_to_the_wall_clock_and_silence_lets_it_go() -> None:
    with pic32bench.start(network=TapNetwork(answer_time=0.5)) as board:
        board.console.wait_for_prompt()
        board.run_for(20)
        assert paced_ns(board) < 12 * NS  # in 20 s it sends something eight times
        begin, before = time.monotonic(), paced_ns(board)
        pc_of(board).run(["ping", "-c", "1", FIRST])
        board.run_for(0.4)
        assert time.monotonic() - begin >= 0.39
        assert paced_ns(board) - before >= 0.39 * NS
        now, before = board.clock.now_ns, paced_ns(board)
        board.run_for(100)
        assert paced_ns(board) - before < 0.1 * (board.clock.now_ns - now)


def test_a_snapshot_goes_on_at_a_new_pc_with_the_same_addresses(board: Board, tmp_path: Path) -> None:
    pc_of(board).add_address("10.0.2.2", 24)
    save(board, tmp_path / "here")
    with restore(tmp_path / "here") as other:
        assert pc_of(other).pid != pc_of(board).pid
        assert pc_of(other).addresses() == [(ADDRESS, 16), ("10.0.2.2", 24)]
        assert other.url == f"http://{FIRST}/"
        url, pc = page.way_to(other)
        assert page.fetch(url, station=pc).status == 200


def test_a_connection_can_be_in_no_snapshot(board: Board, tmp_path: Path) -> None:
    with pc_of(board).connect(FIRST, 80), pytest.raises(UsageError) as caught:
        save(board, tmp_path / "here")
    assert str(caught.value).startswith("a snapshot cannot hold connections of the PC's: close them")


def test_the_capture_has_both_directions_in_virtual_time(board: Board, tmp_path: Path) -> None:
    assert isinstance(board.network, TapNetwork)
    begin = board.time
    pc_of(board).run(["ping", "-c", "1", FIRST])
    board.run_for(0.1)
    new = [frame for frame in board.network.frames if frame.time >= begin]
    assert {frame.from_board for frame in new} == {True, False}
    assert all(frame.time <= board.time for frame in new)
    assert board.network.save_pcap(tmp_path / "all.pcap")


def test_other_hosts_can_be_on_the_cable(board: Board) -> None:
    other = pc_of(board).host("other", "169.254.7.7")
    assert other.run(["ping", "-c", "1", "-W", "5", FIRST]).returncode == 0
    assert other.run(["ping", "-c", "1", "-W", "5", ADDRESS]).returncode == 0
    with pytest.raises(UsageError, match="host other cannot be put on the cable: .*exists"):
        pc_of(board).host("other", "169.254.7.8")
    with pytest.raises(UsageError, match="host 'a b': expected up to ten letters and digits"):
        pc_of(board).host("a b", "169.254.7.9")


def test_what_ran_at_the_pc_ends_with_it(board: Board) -> None:
    pc = pc_of(board)
    pc.run(["sh", "-c", "setsid sleep 1001 > /dev/null 2>&1 &"])
    sleeping = pc.popen(["sleep", "1002"])
    board.close()
    assert sleeping.wait(10) != 0
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                assert b"sleep\x001001" not in (folder / "cmdline").read_bytes()
            except OSError:
                continue
    with pytest.raises(pic32bench.BenchError, match="the namespace of network tap is gone"):
        pc.open_socket()


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT], ids=["killed", "Ctrl-C"])
def test_nothing_is_left_however_the_bench_ends(runner, how: signal.Signals) -> None:
    process = runner.start("pic32bench.cli", "run", "--network", "tap", "--for", "10000")
    assert process.stdout is not None
    while "Initialization Started" not in process.stdout.readline():
        assert process.poll() is None
    assert len(runner.processes()) >= 3  # the command, the emulator, and the first process of the namespace
    process.send_signal(how)
    runner.end(process)  # looks for what is left


def test_an_emulator_that_dies_is_one_line_and_leaves_nothing(runner) -> None:
    process = runner.start("pic32bench.cli", "run", "--network", "tap", "--for", "10000")
    assert process.stdout is not None
    while "Initialization Started" not in process.stdout.readline():
        assert process.poll() is None
    os.kill(runner.emulator(), signal.SIGKILL)
    ended = runner.end(process)
    assert ended.status == 1
    assert "the emulator died" in ended.err
    assert "Traceback" not in ended.err


def test_root_without_its_rights_does_as_users_do(runner) -> None:
    """So it is in many containers. A user needs the kernel's leave to make namespaces, and /dev/net/tun."""
    if os.geteuid():
        pytest.skip("this is no root whose rights could be taken away: the other tests have run as a user")
    code = (
        "import os\nfrom pic32bench.network import Pc\npc = Pc()\nos.close(pc.plug())\n"
        "pc.open_socket().close()\nprint(pc.run(['id', '-u']).stdout, '--user' in pc.shell)\n"
    )
    script = runner.folder / "as_user.py"
    script.write_text(code)
    lacking = ["setpriv", "--bounding-set", "-sys_admin,-net_admin,-setpcap"]
    command = [*lacking, sys.executable, str(script)]
    done = subprocess.run(command, capture_output=True, text=True, env=runner.environment)
    if "needs root" in done.stderr:
        pytest.skip(done.stderr.splitlines()[-1])
    assert (done.stdout.split(), done.stderr) == (["0", "True"], "")


def test_why_there_can_be_none_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    refuses = tmp_path / "unshare"
    refuses.write_text("#!/bin/sh\necho 'unshare: unshare failed: Operation not permitted' >&2\nexit 1\n")
    refuses.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    with pytest.raises(NoNamespaceError) as caught:
        pic32bench.start(network="tap")
    assert str(caught.value).startswith("network tap needs root, or a kernel that lets users make namespaces: as ")
    assert str(caught.value).endswith("unshare: unshare failed: Operation not permitted")
    assert "\n" not in str(caught.value)
