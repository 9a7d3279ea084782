# SPDX-License-Identifier: MIT
"""RFC 6455 sections 5.6 and 8.1: text is UTF-8, looked at as it comes; with the shipped buffer and the smallest one."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pic32bench import Board
from pic32bench.network.station import LEASED
from pic32bench.stream.client import PORT

from .raw import Client, Frame, Opcode, frame, head, masked

# RFC 3629: the last and first characters of each length, and around the surrogates.
EDGES = "\x00\x7f\x80\u07ff\u0800\ud7ff\ue000\ufffd\uffff\U00010000\U0010ffff"
WRONG = [
    b"\x80",  # a continuation byte alone
    b"\xc0\x80",  # overlong
    b"\xe0\x9f\xbf",
    b"\xf0\x8f\xbf\xbf",
    b"\xed\xa0\x80",  # a surrogate
    b"\xed\xbf\xbf",
    b"\xf4\x90\x80\x80",  # above U+10FFFF
    b"\xf5\x80\x80\x80",
    b"\xfe",
    b"\xc3(",  # broken off
    b"\xe2\x82(",
    b"\xf0\x9f\x92(",
]


@pytest.fixture(scope="module", params=["", "ws160"], ids=["as-shipped", "smallest-buffer"])
def variant(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.mark.parametrize("text", [EDGES, "κόσμε", "🛠" * 400, "\x00" * 130, EDGES * 100])
def test_text(client: Client, text: str) -> None:
    client.send(frame(Opcode.TEXT, text.encode()))
    client.echoes(Opcode.TEXT, text.encode())


@pytest.mark.parametrize("cut", range(1, len(EDGES.encode())))
def test_a_character_in_two_fragments(client: Client, cut: int) -> None:
    """8.1: of a message, not of a fragment."""
    text = EDGES.encode()
    client.send(frame(Opcode.TEXT, text[:cut], fin=False), frame(Opcode.CONTINUATION, text[cut:]))
    client.echoes(Opcode.TEXT, text)


def test_text_byte_by_byte(client: Client) -> None:
    client.send_slowly(frame(Opcode.TEXT, EDGES.encode()))
    client.echoes(Opcode.TEXT, EDGES.encode())


@pytest.mark.parametrize("wrong", WRONG, ids=bytes.hex)
@pytest.mark.parametrize("before", [0, 3, 150, 2000])
def test_no_text(client: Client, wrong: bytes, before: int) -> None:
    """1007, wherever it is."""
    client.send(frame(Opcode.TEXT, b"x" * before + wrong + b"y" * 100))
    _fails(client)


@pytest.mark.parametrize("wrong", [b"\xc3", b"\xe2\x82", b"\xf0\x9f\x92"], ids=bytes.hex)
def test_a_text_that_ends_in_half_a_character(client: Client, wrong: bytes) -> None:
    client.send(frame(Opcode.TEXT, b"good " + wrong))
    _fails(client)


def test_it_fails_as_soon_as_no_more_can_make_it_good(client: Client) -> None:
    """8.1: the rest of the frame, and of the message, need not come."""
    client.send(head(Opcode.TEXT, 100_000) + masked(b"x" * 50 + b"\xf4\x90"))
    _fails(client)


def test_it_fails_in_the_middle_of_a_small_frame(client: Client) -> None:
    client.send(head(Opcode.TEXT, 100) + masked(b"x\xed\xa0"))
    _fails(client)


def test_binary_is_not_looked_at(client: Client) -> None:
    for wrong in WRONG:
        client.send(frame(Opcode.BINARY, wrong))
        client.echoes(Opcode.BINARY, wrong)


@settings(max_examples=40, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(text=st.text(max_size=600), cuts=st.lists(st.integers(0, 2400), max_size=4))
def test_any_text_in_any_fragments(board: Board, text: str, cuts: list[int]) -> None:
    client = Client(board.station.connect(LEASED, PORT)).open()
    data = text.encode()
    places = [*sorted({min(cut, len(data)) for cut in cuts} | {0}), len(data)]
    for number, (start, end) in enumerate(pairwise(places)):
        opcode = Opcode.CONTINUATION if number else Opcode.TEXT
        client.send(frame(opcode, data[start:end], fin=number == len(places) - 2))
    client.echoes(Opcode.TEXT, data)
    client.connection.abort()


def _fails(client: Client) -> None:
    """What was good of it may have been echoed before."""
    come = client.frame()
    while come.opcode != Opcode.CLOSE:
        come = client.frame()
    assert come == Frame(Opcode.CLOSE, (1007).to_bytes(2, "big"))
    client.is_over()
