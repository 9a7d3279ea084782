# SPDX-License-Identifier: MIT
"""Clients that come, stream and vanish, in every way there is: nothing of them stays behind.

A visit ends by the rules, by a reset or without a word: in the handshake, with data on its way, half-open, with a
window that is shut or a hole in what was sent, with the cable out. PIC32BENCH_VISITS=1000 makes so many.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from itertools import count, cycle, islice

import pytest
from stack_memory import StackMemory

from pic32bench import Board
from pic32bench.network.station import LEASED, Station
from pic32bench.page import fetch
from pic32bench.stream.client import StreamClient

from .strangers import ACK, SYN, Stranger

VISITS = int(os.environ.get("PIC32BENCH_VISITS", "60"))
AT_A_TIME = 3  # so many WebSocket clients have a place
NOTICED = 90.0  # s: until the last of what a vanished client had is given back
_GET = b"GET /uPlot.iife.min.js HTTP/1.1\r\nHost: board\r\n\r\n"
_UPGRADE = (
    b"GET /echo HTTP/1.1\r\nHost: board\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)
_HOSTS = count()


class Visit:
    """A stranger's visit to a port, with the board that it is paid to."""

    def __init__(self, board: Board, port: int) -> None:
        self.board = board
        number = next(_HOSTS)
        self.stranger = Stranger(board.network, LEASED, f"10.0.2.{20 + number % 200}", port)

    def open(self) -> Stranger:
        """Connects."""
        self.stranger.connect()
        self.board.run_for(0.01)
        assert self.stranger.opened
        return self.stranger

    def upgrade(self) -> Stranger:
        """Opens a WebSocket."""
        self.open().send(_UPGRADE)
        self.board.run_for(0.01)
        assert self.stranger.received.startswith(b"HTTP/1.1 101"), self.stranger.received[:80]
        return self.stranger

    def stream(self) -> Stranger:
        """Opens a WebSocket that streams."""
        self.upgrade().send(frame(b"StartStream"))
        self.board.run_for(0.05)
        assert len(self.stranger.received) > 200
        return self.stranger


def frame(payload: bytes, opcode: int = 0x81) -> bytes:
    """A client's frame with mask 0 (RFC 6455 5.2)."""
    length = bytes([0x80 | len(payload)]) if len(payload) < 126 else b"\xfe" + len(payload).to_bytes(2, "big")
    return bytes([opcode]) + length + bytes(4) + payload


def in_the_handshake(visit: Visit) -> None:
    visit.stranger.acks = False
    visit.open().vanish()


def reset_in_the_handshake(visit: Visit) -> None:
    visit.stranger.acks = False
    visit.open().abort()


def before_a_request(visit: Visit) -> None:
    visit.open().vanish()


def in_a_request(visit: Visit) -> None:
    visit.open().send(_GET[:30])
    visit.stranger.vanish()


def with_a_page_on_its_way(visit: Visit) -> None:
    visit.open().acks = False
    visit.stranger.send(_GET)
    visit.board.run_for(0.01)
    visit.stranger.vanish()


def with_a_window_that_is_shut(visit: Visit) -> None:
    visit.open().window = 0
    visit.stranger.send(_GET)
    visit.board.run_for(3)
    visit.stranger.vanish()


def with_a_window_of_one_byte(visit: Visit) -> None:
    visit.open().window = 1
    visit.stranger.send(_GET)
    visit.board.run_for(1)
    visit.stranger.vanish()


def reset_in_a_page(visit: Visit) -> None:
    visit.open().send(_GET)
    visit.board.run_for(0.001)
    visit.stranger.abort()


def by_the_rules(visit: Visit) -> None:
    visit.open().send(_GET.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
    visit.board.run_for(0.1)
    assert visit.stranger.ended
    visit.stranger.end()
    visit.board.run_for(0.01)
    visit.stranger.vanish()


def in_an_upgrade(visit: Visit) -> None:
    visit.open().send(_UPGRADE[:100])
    visit.stranger.vanish()


def while_it_streams(visit: Visit) -> None:
    visit.stream().vanish()


def while_all_is_quiet(visit: Visit) -> None:
    visit.upgrade().vanish()


def reset_while_it_streams(visit: Visit) -> None:
    visit.stream().abort()


def stream_by_the_rules(visit: Visit) -> None:
    visit.stream().send(frame(b"\x03\xe8", 0x88))
    visit.board.run_for(0.01)
    visit.stranger.end()
    visit.board.run_for(0.01)
    assert visit.stranger.ended
    visit.stranger.vanish()


def without_reading(visit: Visit) -> None:
    visit.upgrade().acks = False
    for _ in range(4):
        visit.stranger.send(frame(bytes(1000), 0x82))
        visit.board.run_for(0.001)
    visit.stranger.vanish()


def in_crumbs_that_nobody_reads(visit: Visit) -> None:
    visit.upgrade().window = 0
    visit.stranger.segment(ACK)
    for byte in frame(bytes(60), 0x82) * 2:
        visit.stranger.send(bytes([byte]))
    visit.board.run_for(0.01)
    visit.stranger.vanish()


def with_holes(visit: Visit) -> None:
    visit.upgrade()
    for number in range(1, 9):
        visit.stranger.send(b"x" * 100, hole=300 * number)
    visit.board.run_for(0.01)
    visit.stranger.vanish()


def in_a_fragment(visit: Visit) -> None:
    visit.stream().send(frame(b"half", 0x01))
    visit.board.run_for(0.01)
    visit.stranger.end()
    visit.board.run_for(0.01)
    visit.stranger.vanish()


def half_open(visit: Visit) -> None:
    """The host has started anew, and asks for a connection from the same port."""
    visit.stream().segment(SYN, number=visit.stranger.sent + 100_000)
    visit.board.run_for(0.01)
    visit.stranger.abort()


def with_the_cable_out(visit: Visit) -> None:
    visit.stream()
    visit.board.panel.unplug_cable()
    visit.board.run_for(2)
    visit.stranger.vanish()
    visit.board.panel.plug_cable()
    visit.board.run_for(3)


HTTP: tuple[Callable[[Visit], None], ...] = (
    in_the_handshake,
    reset_in_the_handshake,
    before_a_request,
    in_a_request,
    with_a_page_on_its_way,
    with_a_window_that_is_shut,
    with_a_window_of_one_byte,
    reset_in_a_page,
    by_the_rules,
)
WEBSOCKET: tuple[Callable[[Visit], None], ...] = (
    in_an_upgrade,
    while_it_streams,
    while_all_is_quiet,
    reset_while_it_streams,
    stream_by_the_rules,
    without_reading,
    in_crumbs_that_nobody_reads,
    with_holes,
    in_a_fragment,
    half_open,
    with_the_cable_out,
)


@pytest.fixture
def board(start_board: Callable[..., Board]) -> Board:
    """A board with an address."""
    return start_board(network="wire", quantum=0.05, at=lead_to_an_address)


def lead_to_an_address(board: Board) -> None:
    """Where the test begins."""
    Station(board.network, dhcp=True)
    board.console.wait_for_line(f"IP Address: {LEASED}")
    assert fetch(f"http://{LEASED}/", station=board.station).status == 200


def test_nothing_is_left_of_clients_that_vanish(board: Board) -> None:
    board.run_for(NOTICED)
    memory = StackMemory(board)
    before = memory.read()
    kinds = zip(cycle(HTTP), cycle(WEBSOCKET), strict=False)
    made = 0
    while made < VISITS:
        for page, stream in islice(kinds, AT_A_TIME):
            page(Visit(board, 80))
            stream(Visit(board, 8088))
            made += 2
        begin = board.time
        while (now := memory.read()) != before:
            assert board.time < begin + NOTICED, {
                name: (value, before[name]) for name, value in now.items() if value != before[name]
            }
            board.run_for(5)
    assert fetch(f"http://{LEASED}/", station=board.station).status == 200
    with StreamClient.of(board) as stream:
        assert stream.echo(b"x" * 3000) == b"x" * 3000
    assert "***" not in board.console.text
