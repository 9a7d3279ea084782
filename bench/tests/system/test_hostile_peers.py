# SPDX-License-Identifier: MIT
"""Peers who hold what they can get and give nothing back: the board still answers everybody else.

While an attack lasts, ARP and ping are answered, the page comes, and a lease is renewed; when it is over, all that was
held is free again.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import count, cycle

import pytest
from stack_memory import StackMemory

from pic32bench import Board
from pic32bench.network.dhcp import DhcpServer, kind_of
from pic32bench.network.neighbour import Neighbour
from pic32bench.network.station import LEASED, Station
from pic32bench.page import fetch
from pic32bench.stream.client import StreamClient

from .strangers import ACK, Stranger

LEASE = 120
OVER = 120.0  # s: until nothing is left of an attack
_PAGE = b"GET /uPlot.iife.min.js HTTP/1.1\r\nHost: board\r\n\r\n"
_UPGRADE = (
    b"GET /echo HTTP/1.1\r\nHost: board\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)
_MESSAGE = b"\x82\xfe\x03\xe8" + bytes(4) + bytes(1000)
_HOSTS = count()


def stranger(board: Board, port: int = 80) -> Stranger:
    return Stranger(board.network, LEASED, f"10.0.2.{20 + next(_HOSTS) % 200}", port)


def opened(board: Board, port: int = 80, **how: int | bool) -> Stranger:
    """A connection; ``how`` are attributes of the stranger, from the beginning."""
    one = stranger(board, port)
    for name, value in how.items():
        setattr(one, name, value)
    one.connect()
    board.run_for(0.005)
    return one


def syn_flood(board: Board) -> None:
    """A thousand a second, from addresses that answer ARP and from others, and never a word more."""
    for number in range(600):
        one = stranger(board, 80 if number % 2 else 8088)
        one.acks = False
        one.connect(at=board.time + (number + 1) * 0.001)
        if number >= 20:
            one.vanish()


def nothing_said(board: Board) -> None:
    for _ in range(20):
        opened(board)
        opened(board, 8088)


def half_requests(board: Board) -> None:
    for number in range(20):
        opened(board).send(_PAGE[: 5 + number])
        opened(board, 8088).send(_UPGRADE[: 5 + number])


def pages_that_nobody_takes(board: Board) -> None:
    for number in range(20):
        one = opened(board)
        one.acks = bool(number % 2)
        one.window = 0
        one.send(_PAGE * 3)
        board.run_for(0.01)


def tiny_windows_and_segments(board: Board) -> None:
    """For a while; then they are silent."""
    all_of_them = []
    for number in range(9):
        all_of_them.append(opened(board, 8088 if number > 5 else 80, window=9 + number, largest=1 + number))
        all_of_them[-1].send(_PAGE if number < 6 else _UPGRADE)
        board.run_for(0.005)
    for one in all_of_them:
        one.acks = False


def messages_that_nobody_takes(board: Board) -> None:
    for number in range(3):
        one = opened(board, 8088)
        one.send(_UPGRADE)
        board.run_for(0.02)
        one.acks = number == 1
        one.window = 0 if number == 1 else 65_535
        one.segment(ACK)
        for _ in range(12):
            one.send(_MESSAGE)
        board.run_for(0.01)


def crumbs_that_nobody_takes(board: Board) -> None:
    for _ in range(3):
        one = opened(board, 8088)
        one.send(_UPGRADE)
        board.run_for(0.02)
        one.acks = False
        for byte in _MESSAGE[:600] + _MESSAGE[:600]:
            one.send(bytes([byte]))
        board.run_for(0.05)


def holes(board: Board) -> None:
    """A window full of segments with a byte between each two, on every connection there is."""
    ports = cycle((80, 8088))
    for _ in range(12):
        one = opened(board, next(ports))
        for number in range(1, 12):
            one.send(b"x" * 200, hole=240 * number)
        for number in range(1, 100):
            one.send(b"x", hole=29 * number)
    board.run_for(0.01)


def everything(board: Board) -> None:
    messages_that_nobody_takes(board)
    holes(board)
    pages_that_nobody_takes(board)
    half_requests(board)
    syn_flood(board)


@pytest.fixture
def board(start_board: Callable[..., Board]) -> Board:
    """A board with an address."""
    return start_board(network="wire", quantum=0.05, at=lead_to_an_address)


def lead_to_an_address(board: Board) -> None:
    """Where every test begins: a lease of two minutes."""
    Station(board.network, dhcp=True)
    server = board.network.peer(DhcpServer)
    assert server is not None
    server.seconds = LEASE
    board.console.wait_for_line(f"IP Address: {LEASED}")
    assert fetch(f"http://{LEASED}/", station=board.station).status == 200
    board.run_for(15)


@pytest.mark.parametrize(
    "attack",
    [
        syn_flood,
        nothing_said,
        half_requests,
        pages_that_nobody_takes,
        tiny_windows_and_segments,
        messages_that_nobody_takes,
        crumbs_that_nobody_takes,
        holes,
        everything,
    ],
)
def test_everybody_else_is_served(board: Board, attack: Callable[[Board], None]) -> None:
    memory = StackMemory(board)
    before = memory.read()
    neighbour = Neighbour(board.network, address="10.0.2.9")
    attack(board)
    begin = board.time
    for _ in range(3):
        assert neighbour.resolve(LEASED)
        assert board.station.ping(LEASED) is not None
        page = fetch(f"http://{LEASED}/", station=board.station)
        assert (page.status, b"<title>" in page.body) == (200, True)
        board.run_for(0.5)
    assert board.time < begin + 12
    asked = board.network.receive(lambda packet: kind_of(packet) == "request", timeout=LEASE)
    assert asked.packet["IP"].dst == "10.0.2.2", "the lease is renewed, not asked for anew"
    begin = board.time
    while (now := memory.read()) != before:
        assert board.time < begin + OVER, {
            name: (value, before[name]) for name, value in now.items() if value != before[name]
        }
        board.run_for(5)
    with StreamClient.of(board) as stream:
        assert stream.echo(b"x" * 3000) == b"x" * 3000
    assert "***" not in board.console.text
    assert board.console.text.count("IP Address: 10") == 1
