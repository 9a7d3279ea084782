# SPDX-License-Identifier: MIT
"""RFC 6455 section 5: frames, masks, fragments and control frames; with the shipped buffer and the smallest one."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pic32bench import Board
from pic32bench.network.station import LEASED
from pic32bench.stream.client import PORT

from .raw import Client, Frame, Opcode, frame, head, masked

Connect = Callable[[], Client]


@pytest.fixture(scope="module", params=["", "ws160"], ids=["as-shipped", "smallest-buffer"])
def variant(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def noise(length: int) -> bytes:
    return bytes(i * 7 % 251 for i in range(length))


@pytest.mark.parametrize("length", [0, 1, 2, 3, 4, 125, 126, 127, 152, 156, 157, 1455, 1456, 1457, 2920, 65535, 65536])
@pytest.mark.parametrize("opcode", [Opcode.TEXT, Opcode.BINARY])
def test_lengths_in_their_three_forms(client: Client, opcode: Opcode, length: int) -> None:
    """5.2: 7, 16 and 64 bits."""
    payload = noise(length) if opcode is Opcode.BINARY else (b"abcdefg" * (length // 7 + 1))[:length]
    client.send(frame(opcode, payload))
    client.echoes(opcode, payload)


@pytest.mark.parametrize("length", [126, 65535, 65536])
def test_a_header_cut_at_every_byte(client: Client, length: int) -> None:
    payload = noise(length)
    begin = head(Opcode.BINARY, length)
    for cut in range(1, len(begin) + 1) if length < 65535 else (3, len(begin)):
        client.send(begin[:cut])
        client.connection.flush()
        client.send(begin[cut:] + masked(payload))
        client.echoes(Opcode.BINARY, payload)


def test_a_message_in_crumbs(client: Client) -> None:
    """A frame that comes byte by byte goes back whole or in fragments, and its bytes are the same."""
    payload = noise(700)
    client.send_slowly(frame(Opcode.BINARY, payload))
    client.echoes(Opcode.BINARY, payload)


@pytest.mark.parametrize("mask", [bytes(4), b"\xff" * 4, b"\x00\x01\x02\x03", b"\x80\x00\x00\x00"])
def test_any_mask(client: Client, mask: bytes) -> None:
    """5.3."""
    for length in (1, 2, 3, 4, 5, 1023):
        client.send(frame(Opcode.BINARY, noise(length), mask=mask))
        client.echoes(Opcode.BINARY, noise(length))


@pytest.mark.parametrize(
    "bad",
    [
        pytest.param(head(Opcode.TEXT, 5, mask=None) + b"hello", id="not masked (5.1)"),
        pytest.param(head(Opcode.PING, 0, mask=None), id="ping not masked"),
        *(pytest.param(frame(Opcode.TEXT | rsv, b"x"), id=f"RSV {rsv:#x} (5.2)") for rsv in (0x40, 0x20, 0x10)),
        pytest.param(frame(Opcode.PING | 0x40), id="RSV1 on a ping"),
        *(pytest.param(frame(code), id=f"reserved opcode {code:#x}") for code in (3, 4, 5, 6, 7, 11, 12, 13, 14, 15)),
        pytest.param(frame(Opcode.TEXT, b"x" * 125, form=2), id="125 in 16 bits"),
        pytest.param(frame(Opcode.TEXT, b"", form=2), id="0 in 16 bits"),
        pytest.param(frame(Opcode.TEXT, b"x" * 125, form=8), id="125 in 64 bits"),
        pytest.param(head(Opcode.TEXT, 65535, form=8), id="65535 in 64 bits"),
        pytest.param(head(Opcode.TEXT, 1 << 63, form=8), id="top bit of a 64-bit length"),
        pytest.param(head(Opcode.PING, 126), id="control frame of 126 bytes (5.5)"),
        pytest.param(frame(Opcode.PING, b"", fin=False), id="control frame in fragments (5.4)"),
        pytest.param(frame(Opcode.CLOSE, b"", fin=False), id="close in fragments"),
        pytest.param(frame(Opcode.CONTINUATION, b"x"), id="continuation of nothing (5.4)"),
        pytest.param(frame(Opcode.CONTINUATION, b"x", fin=False), id="continuation of nothing, and more"),
    ],
)
def test_what_no_client_may_send_fails_the_connection(client: Client, bad: bytes) -> None:
    """7.1.7 and 7.4.1: 1002, at once; what was good before it was answered, and what comes after it is not."""
    client.send(frame(Opcode.BINARY, b"good"), bad, frame(Opcode.TEXT, b"never") * 200)
    client.echoes(Opcode.BINARY, b"good")
    client.closes(1002)


@pytest.mark.parametrize("opcode", [Opcode.TEXT, Opcode.BINARY])
def test_a_new_message_in_the_middle_of_another(client: Client, opcode: Opcode) -> None:
    """5.4."""
    client.send(frame(Opcode.TEXT, b"one", fin=False), frame(opcode, b"two"))
    assert client.frame() == Frame(Opcode.TEXT, b"one", False)
    client.closes(1002)


@pytest.mark.parametrize("lengths", [(1, 1), (0, 0, 0), (0, 5), (5, 0), (200, 0, 3000, 1), (1,) * 300])
def test_fragments_with_control_frames_between(client: Client, lengths: tuple[int, ...]) -> None:
    """5.4, 5.5.2, 5.5.3: a pong nobody asked for is not answered."""
    parts = [noise(length) for length in lengths]
    for number, part in enumerate(parts):
        opcode = Opcode.CONTINUATION if number else Opcode.BINARY
        client.send(frame(opcode, part, fin=number == len(parts) - 1))
        client.send(frame(Opcode.PONG, b"unasked"), frame(Opcode.PING, b"%d" % number))
    control: list[Frame] = []
    come = client.message(control)
    assert come == Frame(Opcode.BINARY, b"".join(parts))
    while len(control) < len(parts):
        control.append(client.frame())
    assert control == [Frame(Opcode.PONG, b"%d" % number) for number in range(len(parts))]


@pytest.mark.parametrize("length", [0, 1, 124, 125])
def test_a_ping_is_answered_with_its_bytes(client: Client, length: int) -> None:
    """5.5.2."""
    client.send(frame(Opcode.PING, noise(length)))
    assert client.frame() == Frame(Opcode.PONG, noise(length))
    client.send_slowly(frame(Opcode.PING, noise(length)))
    assert client.frame() == Frame(Opcode.PONG, noise(length))


def test_a_ping_in_the_middle_of_a_fragment_is_payload(client: Client) -> None:
    payload = frame(Opcode.PING, b"not a ping") + frame(Opcode.CLOSE)
    client.send(frame(Opcode.BINARY, payload))
    client.echoes(Opcode.BINARY, payload)


def test_the_examples(client: Client) -> None:
    """5.7."""
    client.send(bytes.fromhex("818537fa213d7f9f4d5158"))
    client.echoes(Opcode.TEXT, b"Hello")
    client.send(bytes.fromhex("898537fa213d7f9f4d5158"))
    assert client.frame() == Frame(Opcode.PONG, b"Hello")


FRAGMENTS = st.lists(st.integers(0, 3000), min_size=1, max_size=6)
MASKS = st.binary(min_size=4, max_size=4)


@settings(max_examples=40, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(lengths=FRAGMENTS, mask=MASKS, steps=st.lists(st.integers(1, 4000), max_size=8), pings=st.booleans())
def test_any_fragments_in_any_segments(
    board: Board, lengths: list[int], mask: bytes, steps: list[int], pings: bool
) -> None:
    """5.4: what goes out in fragments and segments of any size comes back the same, with the pongs in order."""
    client = Client(board.station.connect(LEASED, PORT)).open()
    data = b""
    for number, length in enumerate(lengths):
        opcode = Opcode.CONTINUATION if number else Opcode.BINARY
        data += frame(opcode, noise(length), fin=number == len(lengths) - 1, mask=mask)
        data += frame(Opcode.PING, b"%d" % number) if pings else b""
    for step in steps:
        client.send(data[:step])
        client.connection.flush()
        data = data[step:]
    client.send(data)
    control: list[Frame] = []
    assert client.message(control) == Frame(Opcode.BINARY, b"".join(noise(length) for length in lengths))
    while pings and len(control) < len(lengths):
        control.append(client.frame())
    assert [each.payload for each in control] == [b"%d" % number for number in range(len(lengths)) if pings]
    client.connection.abort()
