# SPDX-License-Identifier: MIT
"""Clients that vanish, or take nothing: each gives its place up within the time that firmware/README.md says."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from strangers import ACK, Stranger

from pic32bench import Board
from pic32bench.network.station import LEASED
from pic32bench.stream.client import PORT

from .raw import Client, Opcode, frame, request

Connect = Callable[[], Client]
KEEP_ALIVE, PATIENCE, SEND_PATIENCE = 20.0, 10.0, 60.0
START = frame(Opcode.TEXT, b"StartStream")
CLOSE = frame(Opcode.CLOSE, b"\x03\xe8")


Hosts = Callable[..., list[Stranger]]


@pytest.fixture
def hosts(board: Board) -> Iterator[Hosts]:
    """Makes hosts with an open WebSocket each, so that all places are taken; they are reset at the end."""
    made: list[Stranger] = []

    def make(*data: bytes, shake: bool = True, count: int = 3) -> list[Stranger]:
        for _ in range(count):
            made.append(Stranger(board.network, LEASED, f"10.0.2.{50 + len(made)}", PORT))
            made[-1].connect()
            board.run_for(0.02)
            if shake:
                made[-1].send(request())
                board.run_for(0.02)
                assert made[-1].received.startswith(b"HTTP/1.1 101")
            for each in data:
                made[-1].send(each)
                board.run_for(0.02)
        return made

    yield make
    for stranger in made:
        stranger.abort()
    board.run_for(0.1)


def close_window(strangers: list[Stranger]) -> None:
    """They take nothing from now on, and say so."""
    for stranger in strangers:
        stranger.window = 0
        stranger.segment(ACK)


def places(connect: Connect) -> int:
    """How many are free."""
    clients = [connect() for _ in range(3)]
    for client in clients:
        client.send(request())
    free = sum(client.answer().startswith("HTTP/1.1 101") for client in clients)
    for client in clients:
        client.connection.abort()
    return free


@pytest.mark.parametrize(
    ("how", "limit"),
    [
        ("while all is quiet", KEEP_ALIVE),
        ("while it streams", KEEP_ALIVE),
        ("in the middle of a frame", KEEP_ALIVE),
        ("with its window closed", KEEP_ALIVE),
        ("while it closes", PATIENCE),
    ],
)
def test_one_that_vanishes_is_given_up(board: Board, connect: Connect, hosts: Hosts, how: str, limit: float) -> None:
    data = {"while it streams": START, "in the middle of a frame": frame(Opcode.BINARY, bytes(1000))[:500]}
    strangers = hosts(*([data[how]] if how in data else []))
    for stranger in strangers:
        if how == "with its window closed":
            stranger.window = 0
            stranger.send(START)
            board.run_for(1)
        if how == "while it closes":
            stranger.acks = False
            stranger.send(CLOSE)
            board.run_for(0.05)
        stranger.vanish()
    assert places(connect) == 0
    board.run_for(limit - 3)
    assert places(connect) == 0
    board.run_for(6)
    assert places(connect) == 3


def test_one_that_is_there_and_takes_nothing_is_given_up(board: Board, connect: Connect, hosts: Hosts) -> None:
    """It answers each probe of its window, which stays closed, so TCP would wait for ever."""
    strangers = hosts()
    close_window(strangers)
    for stranger in strangers:
        stranger.send(START)
    board.run_for(SEND_PATIENCE - 5)
    assert not any(stranger.reset for stranger in strangers)
    assert places(connect) == 0
    board.run_for(10)
    assert all(stranger.reset for stranger in strangers)
    assert places(connect) == 3


def took(strangers: list[Stranger], before: list[int]) -> bool:
    """Whether each has taken something since."""
    return all(len(stranger.received) > one for stranger, one in zip(strangers, before, strict=True))


def test_one_that_reads_slowly_stays(board: Board, hosts: Hosts) -> None:
    """Nothing for half a minute, then a little; TCP looks at such a window only now and then (RFC 9293 3.8.6.1)."""
    strangers = hosts(START)
    for _ in range(3):
        close_window(strangers)
        board.run_for(30)
        before = [len(stranger.received) for stranger in strangers]
        for stranger in strangers:
            stranger.window = 500
            stranger.segment(ACK)
        assert board.clock.wait_until(lambda before=before: took(strangers, before) or None, 15)
        assert not any(stranger.reset for stranger in strangers)


def test_one_that_never_shakes_hands_is_given_up(board: Board, connect: Connect, hosts: Hosts) -> None:
    strangers = hosts(shake=False, count=10)
    assert places(connect) == 3  # whoever shakes hands is let in before them
    board.run_for(PATIENCE + 1)
    assert all(stranger.ended or stranger.reset for stranger in strangers if stranger.opened)


def test_crumbs_hold_no_more_memory_than_a_window(board: Board, hosts: Hosts) -> None:
    """Each client sends hundreds of segments of three bytes that cannot be answered; others get through as ever."""
    strangers = hosts(START)
    close_window(strangers)
    board.run_for(2)
    empty = frame(Opcode.BINARY)
    for number in range(400):
        for stranger in strangers:
            stranger.send(empty[3:] if number % 2 else empty[:3])
        board.run_for(0.001)
    assert board.station.ping(LEASED) is not None
    web = board.station.connect(LEASED, 80)
    web.sendall(b"GET /scope.css HTTP/1.1\r\nHost: board\r\nConnection: close\r\n\r\n")
    assert web.recv(timeout=2).startswith(b"HTTP/1.1 200")
    web.abort()
    assert not any(stranger.reset for stranger in strangers)
