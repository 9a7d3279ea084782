# SPDX-License-Identifier: MIT
"""What users write of a link's impairments, as it is read, said and refused."""

from __future__ import annotations

from typing import Any

import pytest

from pic32bench import UsageError
from pic32bench.link import FROM_BOARD, TO_BOARD, Change, Impairments


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("loss=5%,delay=20ms", Impairments(loss=0.05, delay=0.02)),
        (" loss = 5 % , delay = 20 ms ", Impairments(loss=0.05, delay=0.02)),
        ("loss=0.05,delay=0.02", Impairments(loss=0.05, delay=0.02)),
        ("bit_errors=1e-6,reordering=2%", Impairments(bit_errors=1e-6, reordering=0.02)),
        ("bit-errors=1E-6,duplication=.5", Impairments(bit_errors=1e-6, duplication=0.5)),
        ("jitter=500us,delay=1.5 seconds", Impairments(jitter=0.0005, delay=1.5)),
        ("window=0,corruption=100%", Impairments(window=0, corruption=1.0)),
        ("", Impairments()),
    ],
)
def test_impairments_are_read_as_users_write_them(text: str, expected: Impairments) -> None:
    assert Change.read(text) == Change(expected)


def test_direction_and_seed() -> None:
    assert Change.read("loss=5%,direction=to board,seed=7") == Change(Impairments(loss=0.05), TO_BOARD, 7)
    assert Change.of(loss=0.05, direction="from board", seed="7") == Change(Impairments(loss=0.05), FROM_BOARD, 7)


def test_what_the_panel_is_told() -> None:
    every = Impairments.of(loss="5%", bit_errors="1e-6", delay="20ms", jitter=0.005, window=0)
    assert every.line() == {
        "loss": 0.05,
        "bit-errors": 1e-6,
        "delay": 20_000_000,
        "jitter": 5_000_000,
        "window": 0,
    }
    assert Impairments.of(loss=0, window=None).line() == {}


def test_what_people_are_told() -> None:
    assert str(Impairments()) == "clean"
    assert str(Impairments(0.05, delay=0.02, window=0)) == "loss 5%, delay 20 ms, window 0"
    assert str(Impairments(bit_errors=1e-6, reordering=0.125)) == "bit errors 1e-06, reordering 12.5%"


@pytest.mark.parametrize(
    ("values", "complaint"),
    [
        ({"loss": "120%"}, "loss: expected a share such as 5% or 0.05, 0 to 100%, found '120%'"),
        ({"loss": 5}, "loss: expected a share such as 5% or 0.05, 0 to 100%, found 5"),
        ({"reordering": "-1%"}, "reordering: expected a share"),
        ({"duplication": "much"}, "duplication: expected a share"),
        ({"bit_errors": float("nan")}, "bit_errors: expected a share"),
        ({"loss": "5ms"}, "loss: expected a share"),
        ({"delay": -1}, "delay: expected a time such as 20ms or 0.02, 0 to 60 s, found -1"),
        ({"delay": "5%"}, "delay: expected a time"),
        ({"delay": "61s"}, "delay: expected a time"),
        ({"jitter": "20m"}, "jitter: expected a time"),
        ({"window": "1.5"}, "window: expected a whole number from 0 to 65535, found '1.5'"),
        ({"window": 65536}, "window: expected a whole number"),
        ({"seed": -1}, "seed: expected a whole number"),
        ({"direction": "up"}, "direction: expected both, to board or from board, found 'up'"),
        ({"los": "5%"}, "no impairment 'los': expected loss, duplication, corruption, bit_errors, "),
    ],
)
def test_anything_else_is_one_line(values: dict[str, Any], complaint: str) -> None:
    with pytest.raises(UsageError) as caught:
        Change.of(**values)
    assert str(caught.value).startswith(complaint)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("loss", "impairment 'loss': expected one such as loss=5%"),
        ("loss=", "impairment 'loss=': expected one such as loss=5%"),
        ("loss=5%,loss=2%", "impairment loss: is there twice"),
        ("at=3", "no impairment 'at'"),
    ],
)
def test_a_text_that_is_none(text: str, complaint: str) -> None:
    with pytest.raises(UsageError, match=f"^{complaint}"):
        Change.read(text)
