# SPDX-License-Identifier: MIT
"""WS_WHOLE_MESSAGES: a message is taken whole and echoed in one frame; one that does not fit is answered with 1009."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from .raw import Client, Frame, Opcode, frame, head, masked

Connect = Callable[[], Client]
SIZE = 4096  # of the variant's buffer


@pytest.fixture(scope="module")
def variant() -> str:
    return "whole"


def noise(length: int) -> bytes:
    return bytes(i * 7 % 251 for i in range(length))


@pytest.mark.parametrize("length", [0, 1, 125, 126, 252, 253, 1456, 1457, 4000, SIZE])
def test_a_message_that_fits_comes_back_in_one_frame(client: Client, length: int) -> None:
    client.send(frame(Opcode.BINARY, noise(length)))
    assert client.frame() == Frame(Opcode.BINARY, noise(length))


@pytest.mark.parametrize("lengths", [(1, 1), (0, 5, 0), (2000, 0, 2096), (1,) * 100])
def test_fragments_are_put_together(client: Client, lengths: tuple[int, ...]) -> None:
    """Control frames between them are answered at once, and do the half message no harm."""
    for number, length in enumerate(lengths):
        opcode = Opcode.CONTINUATION if number else Opcode.BINARY
        client.send(frame(Opcode.PING, noise(125)))
        assert client.frame() == Frame(Opcode.PONG, noise(125))
        client.send(frame(opcode, noise(length), fin=number == len(lengths) - 1))
    assert client.frame() == Frame(Opcode.BINARY, b"".join(noise(length) for length in lengths))


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(frame(Opcode.BINARY, noise(SIZE + 1)), id="one byte more"),
        pytest.param(head(Opcode.BINARY, SIZE + 1), id="its header says so"),
        pytest.param(head(Opcode.TEXT, 1 << 40), id="64 bits of length"),
        pytest.param(frame(Opcode.TEXT, b"x" * SIZE, fin=False) + frame(Opcode.CONTINUATION, b"x"), id="in fragments"),
    ],
)
def test_a_message_that_does_not_fit(client: Client, data: bytes) -> None:
    """7.4.1: 1009, as soon as it shows."""
    client.send(frame(Opcode.BINARY, noise(SIZE)), data)
    client.echoes(Opcode.BINARY, noise(SIZE))
    client.closes(1009)


def test_text_fails_as_soon_as_it_is_none(client: Client) -> None:
    client.send(frame(Opcode.TEXT, b"good", fin=False), head(Opcode.CONTINUATION, 2000) + masked(b"x\xff"))
    client.closes(1007)


def test_three_clients_have_a_buffer_each(connect: Connect) -> None:
    """Half messages of all of them at once, one that vanishes in the middle, and one that comes after it."""
    clients = [connect().open() for _ in range(3)]
    for number, client in enumerate(clients):
        client.send(frame(Opcode.BINARY, bytes([number]) * 3000, fin=False))
        client.connection.flush()
    clients[1].connection.abort()
    clients[1] = connect().open()
    clients[1].send(frame(Opcode.BINARY, b"\x01" * 3000, fin=False))
    for number, client in enumerate(clients):
        client.send(frame(Opcode.CONTINUATION, bytes([number]) * 1000))
        client.echoes(Opcode.BINARY, bytes([number]) * 4000)


def test_a_stream_goes_on_between_fragments(client: Client) -> None:
    """5.4: nothing of the echo has gone out yet. Commands are obeyed as they are echoed."""
    client.send(frame(Opcode.TEXT, b"Start", fin=False), frame(Opcode.CONTINUATION, b"Stream"))
    client.echoes(Opcode.TEXT, b"StartStream")
    client.send(frame(Opcode.BINARY, noise(4000), fin=False))
    assert all(client.message().opcode == Opcode.TEXT for _ in range(20))
    client.send(frame(Opcode.CONTINUATION))
    while (come := client.message()).opcode == Opcode.TEXT:
        pass
    assert come == Frame(Opcode.BINARY, noise(4000))
