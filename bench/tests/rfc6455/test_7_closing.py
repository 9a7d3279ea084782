# SPDX-License-Identifier: MIT
"""RFC 6455 sections 5.5.1 and 7: the closing handshake. TCP ends properly: a reset would overtake the code."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from pic32bench import Board
from pic32bench.network.stack import State

from .raw import Client, Frame, Opcode, frame, head

Connect = Callable[[], Client]


def close(code: int, reason: bytes = b"") -> bytes:
    """A client's Close frame."""
    return frame(Opcode.CLOSE, code.to_bytes(2, "big") + reason)


@pytest.mark.parametrize("code", [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1014, 3000, 3999, 4000, 4999])
def test_a_good_code_comes_back(client: Client, code: int) -> None:
    """5.5.1 and 7.4.1."""
    client.send(close(code))
    client.closes(code)


@pytest.mark.parametrize("code", [0, 1, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65535])
def test_a_code_that_may_not_be_sent(client: Client, code: int) -> None:
    """7.4.1 and 7.4.2."""
    client.send(close(code))
    client.closes(1002)


def test_no_code_is_answered_with_none(client: Client) -> None:
    client.send(frame(Opcode.CLOSE))
    client.closes(None)


def test_half_a_code(client: Client) -> None:
    client.send(frame(Opcode.CLOSE, b"\x03"))
    client.closes(1002)


@pytest.mark.parametrize("reason", [b"", b"done", "fertig: äöü €".encode(), b"x" * 123])
def test_a_reason(client: Client, reason: bytes) -> None:
    client.send(close(1000, reason))
    client.closes(1000)


@pytest.mark.parametrize("reason", [b"\xff", b"\xc3", "€".encode()[:2], b"ok \xed\xa0\x80", b"x" * 122 + b"\xc3"])
def test_a_reason_that_is_no_text(client: Client, reason: bytes) -> None:
    """5.5.1, 8.1."""
    client.send(close(1000, reason))
    client.closes(1007)


def test_what_comes_after_close_is_ignored(client: Client) -> None:
    """5.5.1: nothing is sent after it; however much there is, the code arrives."""
    client.send(
        close(1000),
        frame(Opcode.PING, b"still there?"),
        frame(Opcode.TEXT, b"\xff"),
        frame(Opcode.BINARY, bytes(20_000)),
    )
    client.closes(1000)


def test_close_in_the_middle_of_a_message(client: Client) -> None:
    """5.4: a control frame may come between fragments."""
    client.send(frame(Opcode.TEXT, b"half", fin=False), close(1000))
    assert client.frame() == Frame(Opcode.TEXT, b"half", False)
    client.closes(1000)


def test_close_behind_much_that_is_still_to_be_echoed(client: Client) -> None:
    payload = bytes(range(256)) * 200
    client.send(frame(Opcode.BINARY, payload), close(1001))
    client.echoes(Opcode.BINARY, payload)
    client.closes(1001)


def test_close_byte_by_byte(client: Client) -> None:
    client.send_slowly(close(1000, b"bye"))
    client.closes(1000)


def test_a_client_that_ends_tcp_without_close(client: Client) -> None:
    """7.1.5: abnormal; what it has sent before is answered all the same."""
    client.send(frame(Opcode.TEXT, b"last words"))
    client.connection.shutdown()
    client.echoes(Opcode.TEXT, b"last words")
    client.is_over()


def test_a_client_that_ends_tcp_in_the_middle_of_a_frame(client: Client) -> None:
    client.send(head(Opcode.BINARY, 1000) + bytes(10))
    client.connection.shutdown()
    client.is_over()


def test_a_client_that_ends_tcp_before_its_request_is_over(connect: Connect) -> None:
    client = connect()
    client.send(b"GET /echo HT")
    client.connection.shutdown()
    client.is_over()


def test_a_client_that_does_not_end_its_side_loses_its_place_all_the_same(board: Board, connect: Connect) -> None:
    """7.1.1: the server closes first, and does not wait for ever."""
    clients = [connect().open() for _ in range(3)]
    for client in clients:
        client.send(close(1000))
        client.closes(1000)
    board.run_for(11)
    for client in clients:
        assert client.connection.state is State.RESET
    client = connect().open()
    client.send(frame(Opcode.TEXT, b"a place"))
    client.echoes(Opcode.TEXT, b"a place")
