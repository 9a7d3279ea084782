# SPDX-License-Identifier: MIT
"""Peers that behave badly. After every test the board still serves its page, and lwIP's pools are as before."""

from __future__ import annotations

import contextlib
import itertools
import random
from collections.abc import Callable

from pic32bench import Board

from .conftest import PATIENCE, Talk

New = Callable[[], Talk]
GET = b"GET / HTTP/1.1\r\nHost: board\r\n\r\n"
LARGE = b"GET /uPlot.iife.min.js HTTP/1.1\r\nHost: board\r\n\r\n"
PLACES = 6


def test_a_request_that_never_ends_is_given_up(board: Board, talk: New) -> None:
    begin, slow = board.time, talk()
    slow.send(GET[:-2])
    for _ in range(6):
        board.run_for(1)
        slow.send(b"X: y\r\n")
    slow.listen()
    assert slow.end == "closed"
    assert slow.received == b""
    assert PATIENCE - 2 <= board.time - begin <= PATIENCE + 1


def test_a_connection_that_says_nothing_is_given_up(board: Board, talk: New) -> None:
    begin = board.time
    assert talk().listen().end == "closed"
    assert board.time - begin <= PATIENCE + 1


def test_nobody_is_kept_out_by_those_who_only_wait(board: Board) -> None:
    silent = [Talk(board) for _ in range(PLACES)]
    for each in silent[:3]:
        each.send(GET[:20])
    for _ in range(4):
        page = Talk(board).send(GET).listen(0.2)
        assert page.answers()[0].status == 200
    assert any(each.listen(0).end == "reset" for each in silent)


def test_twenty_connections(board: Board) -> None:
    kept = []
    for _ in range(20):
        kept.append(Talk(board).send(GET).listen(0.1))
        assert kept[-1].answers()[0].status == 200, "an idle connection makes room for the next"
    assert sum(talk.listen(0).end == "open" for talk in kept) == PLACES


def test_twenty_at_once(board: Board) -> None:
    crowd = [Talk(board).send(LARGE) for _ in range(20)]
    for talk in crowd:
        talk.listen(1)
    assert sum(len(talk.answers()) for talk in crowd if talk.end == "open") >= PLACES


def test_those_who_never_close_their_end(board: Board) -> None:
    for _ in range(40):
        talk = Talk(board).send(b"GET / HTTP/1.0\r\n\r\n")
        board.run_for(0.02)
        assert talk.connection.recv(timeout=0).startswith(b"HTTP/1.1 200 OK")


def test_readers_that_take_nothing_do_not_keep_others_out(board: Board) -> None:
    stuck = [Talk(board) for _ in range(PLACES)]
    for each in stuck:
        each.connection.reading = False
        each.send(50 * LARGE)  # more than a window of 65535 bytes
    board.run_for(2.5)
    assert Talk(board).send(GET).listen(0.5).answers()[0].status == 200


def test_the_end_of_sending_does_not_end_the_answer(board: Board, talk: New) -> None:
    half = talk().send(LARGE)
    half.connection.shutdown()
    assert half.listen().answers()[0].status == 200
    assert half.end == "closed"
    cut = talk().send(GET[:-2])
    cut.connection.shutdown()
    assert cut.listen(1).end == "closed"
    assert cut.received == b""


def test_resets_in_the_middle(board: Board, talk: New) -> None:
    for after, request in itertools.product((0.0, 0.0002, 0.001, 0.003), (GET[:10], GET, LARGE, 5 * LARGE)):
        hard = talk().send(request)
        board.run_for(after)
        hard.connection.abort()
        soft = talk().send(request)
        board.run_for(after)
        soft.close()


def test_cable_out_in_the_middle(board: Board, talk: New) -> None:
    for _ in range(PLACES):
        talk().send(LARGE)
    board.run_for(0.001)
    board.panel.unplug_cable()
    board.run_for(30)
    board.panel.plug_cable()
    board.run_for(3)


def test_what_follows_a_refusal_is_thrown_away(board: Board, talk: New) -> None:
    loud = talk().send(b"POST / HTTP/1.1\r\nHost: board\r\nContent-Length: 500000\r\n\r\n" + 500_000 * b"x").listen(20)
    (answer,) = loud.answers()
    assert answer.status == 405
    assert loud.end == "closed"


def test_noise(board: Board) -> None:
    dice = random.Random(1)
    words = [b"GET ", b"HEAD ", b"/", b" HTTP/1.1", b"\r\n", b"\n", b"Host: x", b": ", b"%00", b"Content-Length: 9"]
    for _ in range(150):
        talk = Talk(board)
        for _ in range(dice.randrange(1, 6)):
            piece = b"".join(dice.choice([*words, dice.randbytes(9)]) for _ in range(dice.randrange(40)))
            with contextlib.suppress(ConnectionResetError):  # after an answer that ends the connection
                talk.send(piece or b"\r\n")
            board.run_for(dice.choice([0, 0.001]))
        if dice.random() < 0.5:
            talk.connection.abort()
        else:
            talk.close()
