# SPDX-License-Identifier: MIT
"""The judge on ramps and on what is nearly one."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pic32bench.stream import Kind, Position, judge

from .streams import messages, noise, ramp


@given(start=st.integers(0, 65535), frames=st.integers(2, 600))
def test_every_clean_ramp_is_a_ramp(start: int, frames: int) -> None:
    verdict = judge(messages(ramp(4 * frames, start)))
    assert verdict.is_ramp
    assert verdict.position == Position(0, 0)
    assert verdict.step == 4000


@given(late=st.integers(1, 38), seed=st.integers(0, 10**6))
def test_a_ramp_that_starts_in_mid_frame_is_accepted_after_settling(late: int, seed: int) -> None:
    before = noise(late, seed)
    start = (int(before[-1]) + 4001) % 65536  # the step into the ramp is certainly no +4000
    stream = messages([*before, *ramp(400 - late, start)])
    verdict = judge(stream, settle=40)
    assert verdict.is_ramp
    assert verdict.position == Position(late // 4, late % 4)
    assert str(Position(late // 4, late % 4)) in verdict.sentence


def test_a_ramp_later_than_settling_is_late() -> None:
    stream = messages([*noise(42, 3), *ramp(358)])
    verdict = judge(stream, settle=40)
    assert verdict.kind is Kind.LATE_RAMP or verdict.kind is Kind.WRONG_STEP
    long_late = judge(messages([*noise(142, 3), *ramp(258)]), settle=40)
    assert long_late.kind is Kind.LATE_RAMP
    assert long_late.position == Position(35, 2)


def test_a_ramp_that_ends_says_where() -> None:
    verdict = judge(messages([*ramp(242), *noise(158, 4)]))
    assert verdict.kind is Kind.ENDED_RAMP
    assert verdict.position == Position(60, 2)
    assert verdict.expected == 242 * 4000 % 65536


@given(place=st.integers(0, 9999), off=st.integers(1, 65535))
def test_one_wrong_value_in_10000(place: int, off: int) -> None:
    values = ramp(10_000, 17)
    right = values[place]
    values[place] = (right + off) % 65536
    verdict = judge(messages(values))
    assert verdict.kind is Kind.WRONG_VALUE
    assert verdict.position == Position(place // 4, place % 4)
    assert (verdict.expected, verdict.found) == (right, values[place])


@given(place=st.integers(1, 99), off=st.integers(1, 65535))
def test_one_wrong_step_among_100(place: int, off: int) -> None:
    values = [*ramp(100)[:place], *ramp(100 - place, ramp(100)[place] + off)]
    verdict = judge(messages(values))
    assert not verdict.is_ramp
    if 1 < place < 98:
        assert verdict.kind in (Kind.WRONG_STEP, Kind.REPEATED_FRAME)
        assert verdict.wrong == 1
        assert verdict.position == Position(place // 4, place % 4)


def test_wrong_steps_are_counted_and_the_first_is_shown() -> None:
    values = ramp(30) + ramp(30, 7) + ramp(40, 11)
    verdict = judge(messages(values))
    assert verdict.kind is Kind.WRONG_STEP
    assert verdict.wrong == 2
    assert (verdict.position, verdict.expected, verdict.found) == (Position(7, 2), 54464, 7)
    assert "2 wrong steps of 99" in verdict.sentence
    assert "frame 7 value 2: expected 54464, found 7" in verdict.sentence


def test_a_step_wrong_only_across_frames_is_seen() -> None:
    values = [value for frame in range(50) for value in ramp(4, frame * 100)]
    verdict = judge(messages(values))
    assert verdict.kind is Kind.WRONG_STEP
    assert verdict.wrong == 49
    assert verdict.position == Position(1, 0)


@pytest.mark.parametrize("lost", [1, 3])
def test_lost_frames_are_told(lost: int) -> None:
    values = ramp(400)
    verdict = judge(messages(values[:100] + values[100 + 4 * lost :]))
    assert verdict.kind is Kind.WRONG_STEP
    assert f"{lost} frame" in verdict.sentence
    assert "lost" in verdict.sentence
    assert verdict.position == Position(25, 0)


def test_a_repeated_frame_in_a_ramp() -> None:
    stream = messages(ramp(400))
    verdict = judge(stream[:31] + stream[30:])
    assert verdict.kind is Kind.REPEATED_FRAME
    assert verdict.position == Position(31, 0)
    assert verdict.wrong == 1


@pytest.mark.parametrize("value", [0, 1, 4000, 65535])
def test_constant(value: int) -> None:
    verdict = judge(messages([value] * 400))
    assert (verdict.kind, verdict.step) == (Kind.CONSTANT, 0)
    assert f"stays {value}" in verdict.sentence


def test_counter() -> None:
    verdict = judge(messages(ramp(400, 65500, 1)))
    assert (verdict.kind, verdict.step) == (Kind.COUNTER, 1)


@given(step=st.integers(2, 65535).filter(lambda step: step != 4000), start=st.integers(0, 65535))
def test_slow_ramp_says_its_step(step: int, start: int) -> None:
    verdict = judge(messages(ramp(80, start, step)))
    assert verdict.kind is Kind.SLOW_RAMP
    assert verdict.step is not None
    assert verdict.step % 65536 == step
    assert f"{verdict.step:+d}" in verdict.sentence


def test_a_constant_that_wakes_once_is_still_a_constant() -> None:
    verdict = judge(messages([5] * 200 + [6] * 200))
    assert (verdict.kind, verdict.wrong, verdict.position) == (Kind.CONSTANT, 1, Position(50, 0))


def test_noise_with_a_stuck_stretch_is_a_mixture() -> None:
    values = noise(2000, 9)
    values[700:720] = 1234
    verdict = judge(messages(values))
    assert verdict.kind is Kind.MIXED
    assert verdict.position == Position(175, 0)


def test_noise_that_turns_into_a_ramp_within_settling_is_a_ramp_only_with_settling() -> None:
    values = np.concatenate([noise(402, 12), np.array(ramp(998), dtype=np.uint16)])
    assert judge(messages(values)).kind is Kind.LATE_RAMP
    assert judge(messages(values), settle=404).is_ramp


@pytest.mark.parametrize("count", [1, 4, 7])
def test_too_short(count: int) -> None:
    verdict = judge(messages(ramp(8)), settle=8 - count)
    assert verdict.kind is Kind.TOO_SHORT
    assert f"{count} value" in verdict.sentence


def test_all_of_it_in_settling_is_too_short() -> None:
    assert judge(messages(ramp(8)), settle=100).kind is Kind.TOO_SHORT


def test_no_frames_is_empty() -> None:
    assert judge([]).kind is Kind.EMPTY


def test_malformed_frames_are_named_and_placed() -> None:
    stream = messages(ramp(400))
    stream[30] = "1 2 70000 4"
    stream[40] = ""
    verdict = judge(stream, settle=300)
    assert (verdict.kind, verdict.position, verdict.wrong) == (Kind.MALFORMED, Position(30, 2), 2)
    assert "out of range" in verdict.sentence
    assert "2 of 100" in verdict.sentence


def test_an_empty_frame_is_malformed_not_empty() -> None:
    verdict = judge(["1 2 3 4", ""])
    assert (verdict.kind, verdict.position) == (Kind.MALFORMED, Position(1, 0))


@pytest.mark.parametrize(("settle", "rate"), [(-1, 0.1), (0, 0.0), (0, 1.0)])
def test_arguments_that_make_no_sense(settle: int, rate: float) -> None:
    with pytest.raises(ValueError, match="settle"):
        judge([], settle=settle, false_alarm_rate=rate)
