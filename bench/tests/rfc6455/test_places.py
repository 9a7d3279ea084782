# SPDX-License-Identifier: MIT
"""Three clients at a time: two that stream and one that echoes; the next is told 503, and nobody slows another one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from itertools import pairwise

import pytest

from pic32bench import Board
from pic32bench.network.station import LEASED
from pic32bench.stream.frames import parse

from .raw import Client, Frame, Opcode, frame, request

Connect = Callable[[], Client]
STEP = 4000  # of the ramp


def command(text: str) -> bytes:
    return frame(Opcode.TEXT, text.encode())


def streaming(client: Client, delay: int = 10) -> Client:
    """A client that streams, its commands' echoes behind it."""
    client.send(command(f"SetDelay {delay}"), command("StartStream"))
    client.echoes(Opcode.TEXT, b"SetDelay %d" % delay)
    client.echoes(Opcode.TEXT, b"StartStream")
    return client


def values(client: Client, frames: int) -> list[int]:
    """What the next frames of a stream say."""
    texts = [client.frame() for _ in range(frames)]
    assert {(each.opcode, each.fin) for each in texts} == {(Opcode.TEXT, True)}
    return [value for each in texts for value in parse(each.payload.decode())]


def come(client: Client) -> list[Frame]:
    """What is there already."""
    frames = []
    with suppress(TimeoutError):
        while True:
            frames.append(client.frame(timeout=0))
    return frames


def is_ramp(numbers: list[int]) -> bool:
    """Whether each is STEP more than the one before, modulo 2^16: none is left out."""
    return all((later - earlier) % 65536 == STEP for earlier, later in pairwise(numbers))


@contextmanager
def pressed(board: Board) -> Iterator[None]:
    board.panel.press("SW1")
    board.run_for(0.1)
    try:
        yield
    finally:
        board.panel.release("SW1")
        board.run_for(0.1)


def test_two_streams_and_an_echo_and_the_fourth_is_refused(connect: Connect) -> None:
    one, other, third = streaming(connect().open()), streaming(connect().open()), connect().open()
    for _ in range(3):
        late = connect()
        late.send(request())
        answer = late.answer()
        assert answer.startswith("HTTP/1.1 503 ")
        assert "\r\nRetry-After: " in answer
        late.is_over()
    third.send(frame(Opcode.BINARY, bytes(50_000)))
    third.echoes(Opcode.BINARY, bytes(50_000))
    for client in (one, other):
        assert len(values(client, 20)) == 80
    one.send(frame(Opcode.CLOSE))
    while one.frame().opcode != Opcode.CLOSE:
        pass
    one.is_over()
    one.connection.close()
    connect().open()


def test_a_bad_request_is_not_told_503(connect: Connect) -> None:
    for _ in range(3):
        connect().open()
    client = connect()
    client.send(request("GET / HTTP/1.1"))
    assert client.status() == 404


def test_streaming_is_each_clients_own_and_the_delay_the_boards(board: Board, connect: Connect) -> None:
    one, other = streaming(connect().open(), 20), connect().open()
    other.send(command("SetDelay 5"))
    other.echoes(Opcode.TEXT, b"SetDelay 5")
    come(one)
    board.run_for(1)
    assert len(come(one)) == pytest.approx(200, abs=2)
    with pytest.raises(TimeoutError):
        other.frame(timeout=0.5)
    one.send(command("StopStream"))
    while one.frame() != Frame(Opcode.TEXT, b"StopStream"):
        pass
    with pytest.raises(TimeoutError):
        one.frame(timeout=0.5)


def test_a_slow_reader_slows_only_itself_and_its_ramp_is_unbroken(board: Board, connect: Connect) -> None:
    slow, quick = streaming(connect().open(), 1), streaming(connect().open(), 1)
    with pressed(board):
        values(slow, 150)
        values(quick, 150)
        slow.connection.reading = False
        come(quick)
        board.run_for(1)
        assert len(come(quick)) == pytest.approx(1000, abs=5)
        assert is_ramp(values(quick, 50))
        slow.connection.reading = True
        assert is_ramp(values(slow, 800))


def test_an_echo_of_its_own_only_pauses_a_stream(board: Board, connect: Connect) -> None:
    """5.4: no frame of the stream comes between the fragments of an echo; the ramp goes on behind it."""
    client = streaming(connect().open(), 2)
    with pressed(board):
        before = values(client, 100)
        client.send(frame(Opcode.BINARY, b"x" * 5000, fin=False))
        board.run_for(0.5)
        client.send(frame(Opcode.CONTINUATION, b"y" * 5000))
        messages = [client.message() for _ in range(400)]
    echo = Frame(Opcode.BINARY, b"x" * 5000 + b"y" * 5000)
    assert messages.count(echo) == 1
    numbers = [value for each in messages if each != echo for value in parse(each.payload.decode())]
    assert is_ramp(before[-40:] + numbers[: len(numbers) // 2])


@pytest.mark.parametrize("size", [100, 1000, 1456, 60_000])
def test_clients_that_read_nothing_leave_the_others_alone(board: Board, connect: Connect, size: int) -> None:
    clients = [connect().open() for _ in range(3)]
    payload = bytes(range(250)) * (size // 250 + 1)
    for client in clients:
        client.connection.reading = False
        client.send(frame(Opcode.BINARY, payload[:size]) * (60_000 // size))
    board.run_for(2)
    assert board.station.ping(LEASED) is not None
    web = board.station.connect(LEASED, 80)
    web.sendall(b"GET /scope.css HTTP/1.1\r\nHost: board\r\nConnection: close\r\n\r\n")
    assert web.recv(timeout=2).startswith(b"HTTP/1.1 200")
    web.abort()
    late = connect()
    late.send(request())
    assert late.status() == 503
    for client in clients:
        client.connection.reading = True
    for client in clients:
        for _ in range(60_000 // size):
            client.echoes(Opcode.BINARY, payload[:size])
