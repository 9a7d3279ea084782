# SPDX-License-Identifier: MIT
"""Peers on the host live in wall time: the board keeps to it while one is connected, and only then.

The computer is busy meanwhile, as it is in CI: two processes do nothing but count.
"""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

import pic32bench
from pic32bench import Board

NS = 1_000_000_000
CORES = 2


@pytest.fixture
def busy() -> Iterator[None]:
    """Load on both cores."""
    counting = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(CORES)]
    yield
    for process in counting:
        process.kill()
        process.wait()


@pytest.fixture(params=["waits", "polls"])
def image(request: pytest.FixtureRequest, firmware: Path, sabotaged: Callable[[str, str], Path]) -> Path:
    """The reference firmware, which executes WAIT when it has nothing to do, and the same without."""
    return firmware if request.param == "waits" else sabotaged("idle_until_interrupt", "returns 0")


def ask(board: Board, what: str) -> int:
    return int(board.emulator.execute("qom-get", path="/machine", property=what))


def connect(board: Board) -> socket.socket:
    """A browser that takes its time: it is connected, and has not asked for anything yet."""
    address = urlsplit(board.url)
    peer = socket.create_connection((address.hostname, address.port), 30)
    assert board.clock.wait_until(lambda: ask(board, "peers") == 1 or None, 5)
    return peer


def test_a_time_out_of_the_guest_does_not_run_out_before_its_peer_has_answered(busy: None, image: Path) -> None:
    with pic32bench.start(image=image, network="user") as board:
        board.console.wait_for_line("IP Address: 10.0.2.15", timeout=20)
        with connect(board) as peer:
            begin = time.monotonic()
            blinks = len(board.panel.changes("LED1"))
            paced, virtual = ask(board, "paced-time"), board.clock.now_ns
            answer_is_due = board.clock.wait_until(lambda: time.monotonic() - begin >= 1 or None, timeout=2)
            assert answer_is_due, "two virtual seconds were over before one of the wall clock"
            # LED1 changes every half second of the firmware's own timer: four would be two seconds
            assert len(board.panel.changes("LED1")) - blinks < 4
            assert ask(board, "paced-time") - paced > 0.9 * (board.clock.last_ns - virtual)
            peer.sendall(b"GET / HTTP/1.0\r\n\r\n")
            assert peer.recv(12).endswith(b" 200")


def test_nobody_waits_for_a_boot_or_after_the_peer_has_gone() -> None:
    with pic32bench.start(network="user") as board:
        board.console.wait_for_line("IP Address: 10.0.2.15", timeout=20)
        paced = ask(board, "paced-time")
        assert paced < board.clock.now_ns - NS
        with connect(board) as peer:
            board.run_for(0.2)
            assert ask(board, "paced-time") - paced > 0.19 * NS
            peer.sendall(b"GET / HTTP/1.0\r\nConnection: close\r\n\r\n")
            while peer.recv(65536):
                pass
        assert board.clock.wait_until(lambda: ask(board, "peers") == 0 or None, 10) is not None
        paced = ask(board, "paced-time")
        board.run_for(60)
        assert ask(board, "paced-time") - paced < 30 * NS


def test_a_reset_board_boots_unpaced_although_its_peer_does_not_know() -> None:
    with pic32bench.start(network="user") as board:
        board.console.wait_for_line("IP Address: 10.0.2.15", timeout=20)
        with connect(board):
            paced, begin = ask(board, "paced-time"), board.clock.now_ns
            board.reset()
            board.console.wait_for_line("IP Address: 10.0.2.15", timeout=20)
            assert ask(board, "paced-time") - paced < board.clock.now_ns - begin - NS


def test_a_board_keeps_pace_for_one_who_is_to_come() -> None:
    with pic32bench.start(network="user") as board:
        board.keep_pace()
        board.run_for(0.3)
        assert ask(board, "paced-time") > 0.29 * NS
        board.keep_pace(False)
        paced = ask(board, "paced-time")
        board.run_for(30)
        assert ask(board, "paced-time") - paced < 15 * NS
