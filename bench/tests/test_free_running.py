# SPDX-License-Identifier: MIT
"""The bench on the user network, against the stand-in: the machine runs in the background."""

from __future__ import annotations

import socket
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from pic32bench import Board, EmulatorError, PortBusyError, UsageError, WaitTimeoutError
from pic32bench.network import UserNetwork
from pic32bench.panel_link import NS

Start = Callable[..., Board]


def test_the_same_calls_work(fake_board: Start) -> None:
    board = fake_board(network="user")
    board.console.wait_for_line("Initialization Ended")
    board.console.wait_for_prompt()
    board.console.write_line("help")
    board.console.wait_for_line("commands: help")
    assert board.panel.blink("LED1", cycles=1).lit == pytest.approx(0.1)
    with pytest.raises(WaitTimeoutError, match="did not say 'never' within 0.2 s"):
        board.console.wait_for("never", timeout=0.2)


def test_urls_lead_to_forwarded_ports_on_the_loopback(fake_board: Start) -> None:
    board = fake_board(network="user")
    for url, scheme, path in ((board.url, "http", "/"), (board.ws_url, "ws", "/echo")):
        parts = urlsplit(url)
        assert (parts.scheme, parts.hostname, parts.path) == (scheme, "127.0.0.1", path)
        socket.create_connection(("127.0.0.1", parts.port or 0)).close()
    assert urlsplit(board.url).query == f"ws={urlsplit(board.ws_url).port}"


def test_two_boards_side_by_side_share_no_port(fake_board: Start) -> None:
    first, second = fake_board(network="user"), fake_board(network="user")
    assert len({first.url, first.ws_url, second.url, second.ws_url}) == 4


def test_a_busy_port_is_one_clear_line(fake_board: Start) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(PortBusyError) as caught:
            fake_board(network=UserNetwork({"http": port}))
    assert str(caught.value) == f"host port {port} for http is busy: choose another, or none to get any free one"


def test_a_port_taken_at_the_last_moment_is_the_same_line(fake_board: Start) -> None:
    with pytest.raises(PortBusyError, match="host port 0 for http is busy"):
        fake_board("busy", network="user")


def test_ports_and_services_are_checked() -> None:
    with pytest.raises(UsageError, match="unknown service 'ftp'"):
        UserNetwork({"ftp": 2121})
    with pytest.raises(UsageError, match="expected 1 to 65535"):
        UserNetwork({"http": 70000})


def test_the_capture_outlives_the_board_only_where_it_was_saved(fake_board: Start, tmp_path: Path) -> None:
    board = fake_board(network="user")
    board.run_for(0.05)
    assert board.network.save_pcap(tmp_path / "a.pcap")
    assert (tmp_path / "a.pcap").read_bytes()[:4] == bytes.fromhex("d4c3b2a1")
    board.close()
    assert not board.network.save_pcap(tmp_path / "b.pcap")


def test_virtual_time_that_stands_still_ends_by_the_wall_clock(
    fake_board: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    board = fake_board("frozen", network="user", backstop_wall=0.5)
    with pytest.raises(EmulatorError, match="virtual time hardly moves: 0.000 s passed"):
        board.run_for(0.01)


def test_who_follows_the_console_later_misses_nothing(fake_board: Start) -> None:
    board = fake_board(network="user")
    board.console.wait_for_line("Ended")
    seen: list[str] = []
    board.console.follow(seen.append)
    assert "".join(seen).startswith("TCP/IP Stack: Initialization Started")
    board.console.wait_for_line("IP Address: 10.0.2.15")
    board.console.follow(None)
    assert "".join(seen) in board.console.text
    assert "10.0.2.15" in "".join(seen)


def test_time_stamps_do_not_go_back_after_a_guess_that_was_too_high(fake_board: Start) -> None:
    console = fake_board(network="user").console
    for text, time_ns in (("guessed\r\n", 2 * NS), ("known\r\n", 1 * NS)):
        console._pending += text.encode()
        console._commit(time_ns)
    lines = [line for line in console.lines() if line.text in ("guessed", "known")]
    assert [line.time for line in lines] == [2.0, 2.0]
