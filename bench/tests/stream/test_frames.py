# SPDX-License-Identifier: MIT
"""Frames: four decimal uint16 separated by single spaces, and nothing else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pic32bench.errors import BenchError
from pic32bench.stream.frames import (
    Flaw,
    FlawFound,
    MalformedFrameError,
    examine,
    is_frame,
    parse,
    render,
)

UINT16 = st.integers(0, 65535)


@given(st.tuples(UINT16, UINT16, UINT16, UINT16))
def test_what_the_board_sends_is_read_back(values: tuple[int, int, int, int]) -> None:
    assert parse(render(values)) == values


@pytest.mark.parametrize(
    ("message", "flaw", "value"),
    [
        ("", Flaw.EMPTY, None),
        (b"1 2 3 4", Flaw.BINARY, None),
        ("1 2 3", Flaw.COUNT, None),
        ("1 2 3 4 5", Flaw.COUNT, None),
        ("7", Flaw.COUNT, None),
        ("StartStream", Flaw.DECIMAL, 0),
        ("1 2 0x3 4", Flaw.DECIMAL, 2),
        ("1 2 3.0 4", Flaw.DECIMAL, 2),
        ("1 2 \u0663 4", Flaw.DECIMAL, 2),
        ("1 2 3 4\0", Flaw.DECIMAL, 3),
        ("1 2 3 65536", Flaw.RANGE, 3),
        ("99999999999999999999 2 3 4", Flaw.RANGE, 0),
        ("1  2 3 4", Flaw.WHITESPACE, None),
        (" 1 2 3 4", Flaw.WHITESPACE, None),
        ("1 2 3 4 ", Flaw.WHITESPACE, None),
        ("1\t2 3 4", Flaw.WHITESPACE, None),
        ("1 2 3 4\r\n", Flaw.WHITESPACE, None),
        (" ", Flaw.WHITESPACE, None),
        ("1 02 3 4", Flaw.LEADING_ZERO, 1),
        ("00 2 3 4", Flaw.LEADING_ZERO, 0),
        ("1 2 -3 4", Flaw.SIGN, 2),
        ("+1 2 3 4", Flaw.SIGN, 0),
        ("- 2 3 4", Flaw.DECIMAL, 0),
    ],
)
def test_malformed_frames_are_named(message: str | bytes, flaw: Flaw, value: int | None) -> None:
    found = examine(message)
    assert isinstance(found, FlawFound)
    assert (found.flaw, found.value) == (flaw, value)
    assert not is_frame(message)
    with pytest.raises(MalformedFrameError, match=str(flaw)) as raised:
        parse(message)
    assert isinstance(raised.value, BenchError)
    assert "\n" not in str(raised.value)


@given(st.text() | st.text(alphabet="0123456789 -+.\t", max_size=30) | st.binary(max_size=30))
def test_only_the_one_form_is_a_frame(message: str | bytes) -> None:
    found = examine(message)
    if isinstance(found, FlawFound):
        assert str(found)
    else:
        assert render(found) == message


def test_a_long_message_is_cut_in_the_error() -> None:
    assert len(str(examine("x" * 70000))) < 120
