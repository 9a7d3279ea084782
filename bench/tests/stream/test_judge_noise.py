# SPDX-License-Identifier: MIT
"""The judge on noise, on what only looks like noise, and on its own false-alarm rate."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats  # type: ignore[import-untyped,unused-ignore]

from pic32bench.stream import FALSE_ALARM_RATE, Kind, Position, judge
from pic32bench.stream.noise import MIN_VALUES, combined, noise_tests

from .streams import lcg16, lfsr, messages, noise, ramp, xc32_rand

RUNS = 100_000
CHUNK = 500
TESTS_AT_256 = 9


@pytest.fixture(scope="module")
def p_values_of_100000_runs() -> dict[str, npt.NDArray[np.float64]]:
    """Every test's p-values in 100,000 seeded runs of the fewest values that are judged, where
    approximations are worst.
    """
    generator = np.random.Generator(np.random.PCG64(20240229))
    parts: dict[str, list[npt.NDArray[np.float64]]] = {}
    for _ in range(RUNS // CHUNK):
        runs = generator.integers(0, 65536, (CHUNK, MIN_VALUES), dtype=np.uint16)
        for name, p_values in noise_tests(runs).items():
            parts.setdefault(name, []).append(p_values)
    return {name: np.concatenate(part) for name, part in parts.items()}


@pytest.mark.parametrize("rate", [1e-2, 1e-3, 1e-4, FALSE_ALARM_RATE])
def test_the_false_alarm_rate_holds(p_values_of_100000_runs: dict[str, npt.NDArray[np.float64]], rate: float) -> None:
    """No more alarms than ``rate`` gives in all but one of 1,000 such experiments."""
    alarms = int(np.count_nonzero(combined(p_values_of_100000_runs) < rate))
    assert alarms <= stats.binom.ppf(0.999, RUNS, rate)


@pytest.mark.parametrize("rate", [1e-2, 1e-3, 1e-4])
def test_each_test_keeps_its_own_rate(p_values_of_100000_runs: dict[str, npt.NDArray[np.float64]], rate: float) -> None:
    assert len(p_values_of_100000_runs) == TESTS_AT_256
    for name, p_values in p_values_of_100000_runs.items():
        alarms = int(np.count_nonzero(p_values < rate))
        assert alarms <= stats.binom.ppf(0.9999, RUNS, rate), name


def test_the_tests_are_not_asleep(
    p_values_of_100000_runs: dict[str, npt.NDArray[np.float64]],
) -> None:
    """At 5 % every test alarms in a fair share of runs (collisions are few, so coarse): a test that
    never alarms would keep any rate.
    """
    for name, p_values in p_values_of_100000_runs.items():
        assert np.count_nonzero(p_values < 0.05) > 0.2 * 0.05 * RUNS, name


def test_the_rate_holds_for_long_runs() -> None:
    """With the byte test on (2,560 values) and with the normal approximation of collisions (from
    4,097).
    """
    generator = np.random.Generator(np.random.PCG64(7))
    for count, total in ((2560, 1500), (5000, 600)):
        runs = generator.integers(0, 65536, (total, count), dtype=np.uint16)
        p_values = [combined(noise_tests(chunk)) for chunk in np.array_split(runs, total // 100)]
        assert np.count_nonzero(np.concatenate(p_values) < 0.01) <= stats.binom.ppf(0.999, total, 0.01)


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 2**63), frames=st.integers(64, 700))
def test_noise_is_noise(seed: int, frames: int) -> None:
    # Hypothesis chooses the seeds anew each time: a low rate, so that no build meets an alarm.
    verdict = judge(messages(noise(4 * frames, seed)), false_alarm_rate=1e-9)
    assert verdict.is_noise
    assert verdict.values == 4 * frames
    assert verdict.p_value is not None


@pytest.mark.parametrize("seed", [0x123456789ABCDEF, 0xFEDCBA9876543210])
@pytest.mark.parametrize("clocks", [16, 24, 32, 64])
def test_shift_registers_of_the_chips_kind_are_noise(seed: int, clocks: int) -> None:
    assert judge(messages(lfsr(4000, seed, clocks))).is_noise


@pytest.mark.parametrize("seed", [1, 2])
def test_the_high_word_of_a_64_bit_generator_is_noise(seed: int) -> None:
    assert judge(messages(xc32_rand(8000, seed))).is_noise


def test_settling_leaves_a_ramp_before_the_noise_out() -> None:
    stream = messages([*ramp(102), *noise(2000, 5)])
    assert not judge(stream).is_noise
    assert judge(stream, settle=104).is_noise


@pytest.mark.parametrize("frames", [2, 30, 63])
def test_little_noise_is_too_short_to_tell(frames: int) -> None:
    verdict = judge(messages(noise(4 * frames, 1)))
    assert verdict.kind is Kind.TOO_SHORT
    assert "256" in verdict.sentence


@given(
    multiplier=st.integers(0, 16383).map(lambda number: 4 * number + 1),
    increment=st.integers(0, 32767).map(lambda number: 2 * number + 1),
    state=st.integers(0, 65535),
    stride=st.sampled_from([1, 3, 5]),
)
def test_linear_congruential_generators_are_recovered(multiplier: int, increment: int, state: int, stride: int) -> None:
    values = lcg16(400 * stride, multiplier, increment, state)[::stride]
    verdict = judge(messages(values))
    if pow(multiplier, stride, 65536) == 1:
        assert verdict.kind in (Kind.SLOW_RAMP, Kind.COUNTER, Kind.RAMP)
    else:
        assert verdict.kind in (Kind.LINEAR_CONGRUENTIAL, Kind.WRONG_STEP, Kind.MIXED)
    if verdict.kind is Kind.LINEAR_CONGRUENTIAL and stride == 1:
        assert f"({multiplier} * value + {increment}) mod 65536" in verdict.sentence


def test_eight_values_of_a_generator_are_enough_to_find_it() -> None:
    verdict = judge(messages([*lcg16(12, 25173, 13849)]))
    assert verdict.kind is Kind.LINEAR_CONGRUENTIAL
    assert "next = (25173 * value + 13849) mod 65536" in verdict.sentence


def test_a_generator_with_a_few_wrong_values() -> None:
    values = lcg16(400, 25173, 13849)
    values[101] ^= 0x40
    verdict = judge(messages(values))
    assert (verdict.kind, verdict.wrong, verdict.position) == (
        Kind.LINEAR_CONGRUENTIAL,
        2,
        Position(25, 1),
    )


@pytest.mark.parametrize(
    ("multiplier", "increment", "bits"),
    [
        (1103515245, 12345, 32),
        (1103515245, 12345, 31),
        (214013, 2531011, 32),
        (1664525, 1013904223, 32),
        (69069, 1, 32),
    ],
)
def test_high_bits_of_well_known_generators_are_recognised(multiplier: int, increment: int, bits: int) -> None:
    state, values = 99, []
    for _ in range(400):
        state = (state * multiplier + increment) % (1 << bits)
        values.append(state >> (bits - 16))
    verdict = judge(messages(values))
    assert verdict.kind is Kind.LINEAR_CONGRUENTIAL
    assert str(multiplier) in verdict.sentence


def test_one_frame_of_noise_twice() -> None:
    stream = messages(noise(4000, 11))
    verdict = judge([*stream[:500], stream[123], *stream[500:]])
    assert (verdict.kind, verdict.wrong, verdict.position) == (
        Kind.REPEATED_FRAME,
        1,
        Position(500, 0),
    )
    assert "frame 123" in verdict.sentence


def test_one_frame_over_and_over() -> None:
    verdict = judge(["1 20 300 4000"] * 100)
    assert (verdict.kind, verdict.wrong) == (Kind.REPEATED_FRAME, 99)


def _random_walk(values: npt.NDArray[np.uint16]) -> npt.NDArray[np.uint16]:
    return np.cumsum(values >> 8, dtype=np.uint16)


def _biased_bit(values: npt.NDArray[np.uint16]) -> npt.NDArray[np.uint16]:
    rare = np.random.default_rng(1).random(len(values)) < 0.3
    return np.where(rare, values | 0x0020, values).astype(np.uint16)


def _sorted_frames(values: npt.NDArray[np.uint16]) -> npt.NDArray[np.uint16]:
    return np.sort(values.reshape(-1, 4), axis=1).ravel()


def _copied_byte(values: npt.NDArray[np.uint16]) -> npt.NDArray[np.uint16]:
    return ((values & 255) * 257).astype(np.uint16)


def _held(values: npt.NDArray[np.uint16]) -> npt.NDArray[np.uint16]:
    return np.repeat(values[: len(values) // 2], 2)


def _wave(values: npt.NDArray[np.uint16]) -> npt.NDArray[np.uint16]:
    wave = 16384 * np.sin(np.arange(len(values)) / 11) + 16384
    return (wave + values // 2).astype(np.uint16)


def _shuffled_counter(values: npt.NDArray[np.uint16]) -> npt.NDArray[np.uint16]:
    return np.random.default_rng(int(values[0])).permutation(len(values)).astype(np.uint16) * np.uint16(
        65536 // len(values)
    )


def _squares(values: npt.NDArray[np.uint16]) -> npt.NDArray[np.uint16]:
    index = np.arange(len(values), dtype=np.int64) + int(values[0])
    return (index * (index + 1) // 2 * 3001 % 65536).astype(np.uint16)


def _sixteen_bit_register(values: npt.NDArray[np.uint16]) -> npt.NDArray[np.uint16]:
    return np.array(lfsr(len(values), int(values[0]) | 1, 1, 16, 0xB400), dtype=np.uint16)


DEFECTS: list[tuple[str, int, Callable[[npt.NDArray[np.uint16]], npt.NDArray[np.uint16]]]] = [
    ("15 bits", 256, lambda values: values // np.uint16(2)),
    ("12 bits, high", 256, lambda values: values & np.uint16(0xFFF0)),
    ("bit 5 one in 65 %", 1024, _biased_bit),
    (
        "decimal 0..60000",
        2560,
        lambda values: (values.astype(np.uint32) * 60001 >> 16).astype(np.uint16),
    ),
    (
        "mean of two",
        1024,
        lambda values: ((values.astype(np.uint32) + np.roll(values, 97)) >> 1).astype(np.uint16),
    ),
    (
        "moving average of two",
        256,
        lambda values: ((values.astype(np.uint32) + np.roll(values, 1)) >> 1).astype(np.uint16),
    ),
    ("random walk", 256, _random_walk),
    ("low byte copied", 256, _copied_byte),
    ("each value twice", 256, _held),
    ("sorted frames", 512, _sorted_frames),
    ("half a wave", 512, _wave),
    ("shuffled counter", 2048, _shuffled_counter),
    ("triangular numbers", 256, _squares),
    ("16-bit shift register, a bit a value", 256, _sixteen_bit_register),
]


@pytest.mark.parametrize(("name", "count", "defect"), DEFECTS, ids=[name for name, _, _ in DEFECTS])
def test_defects_are_caught(
    name: str, count: int, defect: Callable[[npt.NDArray[np.uint16]], npt.NDArray[np.uint16]]
) -> None:
    """In each of 50 seeded streams of the stated number of values."""
    missed = [seed for seed in range(50) if judge(messages(defect(noise(count, seed)))).is_noise]
    assert missed == [], name


@pytest.mark.parametrize("lag", [0, 1, 2, 3, 4, 8])
def test_a_bit_copied_from_an_earlier_value_is_caught(lag: int) -> None:
    """Nothing but this one copy is wrong: bit 0 of each value is bit 7 of the value ``lag`` before it."""
    values = noise(300, 21)
    copied = (np.roll(values, lag) >> np.uint16(7)) & np.uint16(1)
    verdict = judge(messages((values & np.uint16(0xFFFE)) | copied))
    assert verdict.kind is Kind.BIASED
    assert "bit agreement" in verdict.sentence


def test_the_failing_test_is_named() -> None:
    verdict = judge(messages(noise(400, 3) & 0x7FFF))
    assert verdict.kind is Kind.BIASED
    assert "bit balance" in verdict.sentence
    assert verdict.p_values["bit balance"] < 1e-9


def test_noise_tests_refuse_too_little() -> None:
    with pytest.raises(ValueError, match="256"):
        noise_tests(np.zeros((1, 255), dtype=np.uint16))
