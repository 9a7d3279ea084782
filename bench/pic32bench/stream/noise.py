# SPDX-License-Identifier: MIT
"""Statistical tests of noise: are these values independent and uniform on 0..65535?

Every test takes many runs at once (one run a row), so that the false-alarm rate can be confirmed on
100,000 runs with the very code that judges one. A test returns one p-value a run; tests that look
at several things (16 bits, some lags) have multiplied their smallest p-value by how many they look
at (Bonferroni), so each p is honest by itself.

=======================  ==========================================  ====================
name                     what it looks at                            p-value
=======================  ==========================================  ====================
bit balance              ones in each of the 16 bits                 exact (binomial)
bit agreement            each bit against each bit of the same       exact (binomial)
                         value and of those 1, 2, 3, 4, 8 later
nibble distribution      each of the four nibbles, 16 classes        chi-square, E >= 16
byte distribution        high and low byte, 256 classes              chi-square, E >= 10
                         (made from 2,560 values on)
serial correlation       values against those 1..16 later            normal
turning points           local maxima and minima                     normal
collisions               values seen before                          exact (occupancy)
collisions of steps      first differences seen before               exact (occupancy)
collisions of curvature  second differences seen before              exact (occupancy)
step distribution        first differences' high nibble, 16 classes  chi-square, E >= 15
=======================  ==========================================  ====================

The runs test about the median is bit agreement of bit 15 with itself one later; short periods of
low bits, as congruential generators have them, show in bit agreement too. E is the expected count
of a class.

For independent uniform values the XOR of two bits at a fixed distance is again a series of
independent fair bits, and first and second differences modulo 65536 are again independent uniform
values: hence the exact p-values. There is deliberately no test of linear complexity over GF(2): the
chip's own generator is a shift register, and that is noise.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import numpy.typing as npt
from scipy import special  # type: ignore[import-untyped,unused-ignore]

MODULUS = 65536
MIN_VALUES = 256
"""Fewest values that can be called noise: 64 frames."""

BYTE_TEST_VALUES = 2560
AGREEMENT_LAGS = (1, 2, 3, 4, 8)
CORRELATION_LAGS = tuple(range(1, 17))
_EXACT_OCCUPANCY = 4096

Runs = npt.NDArray[np.uint16]
Floats = npt.NDArray[np.float64]


@lru_cache(maxsize=32)
def _binomial_two_sided(trials: int) -> Floats:
    """Two-sided exact p-value of each number of heads in ``trials`` throws of a fair coin."""
    heads = np.arange(trials + 1)
    lower: Floats = special.bdtr(np.minimum(heads, trials - heads), trials, 0.5)
    return np.minimum(1.0, 2.0 * lower)


@lru_cache(maxsize=32)
def _occupancy_two_sided(draws: int) -> Floats:
    """Two-sided exact p-value of each number of repeats among ``draws`` uniform draws of 65536
    values.
    """
    chance = np.zeros(draws + 1)
    chance[0] = 1.0
    repeats = np.arange(draws + 1)
    for drawn in range(1, draws):
        seen = np.clip(drawn - repeats, 0, None) / MODULUS
        again = chance * seen
        chance = chance - again
        chance[1:] += again[:-1]
    lower = np.cumsum(chance)
    upper = np.cumsum(chance[::-1])[::-1]
    return np.minimum(1.0, 2.0 * np.minimum(lower, upper))


def _collisions(values: Runs) -> Floats:
    ordered = np.sort(values, axis=1)
    repeats = np.count_nonzero(ordered[:, 1:] == ordered[:, :-1], axis=1)
    draws = values.shape[1]
    if draws <= _EXACT_OCCUPANCY:
        exact: Floats = _occupancy_two_sided(draws)[repeats]
        return exact
    # Exact mean and variance of the number of empty classes; normal for many draws.
    one, two = (1 - 1 / MODULUS) ** draws, (1 - 2 / MODULUS) ** draws
    mean = draws - MODULUS * (1 - one)
    variance = MODULUS * ((MODULUS - 1) * two + one - MODULUS * one * one)
    return _normal_two_sided((repeats - mean) / np.sqrt(variance))


def _normal_two_sided(score: Floats) -> Floats:
    result: Floats = special.erfc(np.abs(score) / np.sqrt(2.0))
    return result


def _chi_square(classes: npt.NDArray[np.intp], count: int) -> Floats:
    """p-value of Pearson's chi-square of each row of class numbers 0..count-1 against uniform."""
    runs, draws = classes.shape
    flat = classes + np.arange(runs)[:, None] * count
    counts = np.bincount(flat.ravel(), minlength=runs * count).reshape(runs, count)
    expected = draws / count
    statistic = ((counts - expected) ** 2).sum(axis=1) / expected
    result: Floats = special.chdtrc(count - 1, statistic)
    return result


def _smallest(p_values: Floats, axis: int = 1) -> Floats:
    """Bonferroni over the looks of one test."""
    smallest: Floats = p_values.min(axis=axis)
    result: Floats = np.minimum(1.0, smallest * p_values.shape[axis])
    return result


def _signs(values: Runs) -> npt.NDArray[np.float32]:
    """Bits as +1 and -1: (runs, values, 16)."""
    pairs = np.ascontiguousarray(values).astype("<u2").view(np.uint8).reshape(*values.shape, 2)
    bits = np.unpackbits(pairs, axis=2, bitorder="little")
    return 1 - 2 * bits.astype(np.float32)


def _bit_tests(values: Runs) -> tuple[Floats, Floats]:
    """Bit balance and bit agreement."""
    signs = _signs(values)
    draws = values.shape[1]
    zeros = np.rint((signs.sum(axis=1) + draws) / 2).astype(np.intp)
    balance = _smallest(_binomial_two_sided(draws)[zeros])
    trials = draws - max(AGREEMENT_LAGS)
    early = np.ascontiguousarray(signs[:, :trials].transpose(0, 2, 1))
    late = np.concatenate([signs[:, lag : lag + trials] for lag in (0, *AGREEMENT_LAGS)], axis=2)
    equal = np.rint((np.matmul(early, late) + trials) / 2).astype(np.intp)
    upper = np.triu_indices(16, 1)
    same_value = equal[:, :, :16][:, upper[0], upper[1]]
    later = equal[:, :, 16:].reshape(len(values), -1)
    counts = np.concatenate([same_value, later], axis=1)
    farthest = np.take_along_axis(counts, np.abs(2 * counts - trials).argmax(axis=1)[:, None], axis=1)[:, 0]
    agreement = np.minimum(1.0, _binomial_two_sided(trials)[farthest] * counts.shape[1])
    return balance, agreement


def _serial_correlation(values: Runs) -> Floats:
    """The uniform distribution's mean and variance are known, so products of two values have
    variance 1.
    """
    draws = values.shape[1]
    centred = (values.astype(np.float64) - (MODULUS - 1) / 2) / np.sqrt((MODULUS**2 - 1) / 12)
    scores = [
        np.einsum("ij,ij->i", centred[:, :-lag], centred[:, lag:]) / np.sqrt(draws - lag) for lag in CORRELATION_LAGS
    ]
    return _smallest(_normal_two_sided(np.stack(scores, axis=1)))


def _turning_points(values: Runs) -> Floats:
    """Mean 2(n-2)/3, variance (16n-29)/90 for any continuous distribution (Bienayme); ties are 1 in
    65536.
    """
    draws = values.shape[1]
    rising = values[:, 1:] > values[:, :-1]
    turns = np.count_nonzero(rising[:, 1:] != rising[:, :-1], axis=1)
    mean, variance = 2 * (draws - 2) / 3, (16 * draws - 29) / 90
    return _normal_two_sided((np.abs(turns - mean) - 0.5).clip(0) / np.sqrt(variance))


def noise_tests(values: Runs) -> dict[str, Floats]:
    """p-value of each test for each run.

    Args:
        values: one run a row, at least :data:`MIN_VALUES` uint16 values each.

    Returns:
        test name to one p-value a run. Which tests there are depends only on the number of values.

    Raises:
        ValueError: fewer values, or not a table of uint16.
    """
    if values.ndim != 2 or values.dtype != np.uint16 or values.shape[1] < MIN_VALUES:
        raise ValueError(
            f"noise_tests: expected rows of at least {MIN_VALUES} uint16, got {values.dtype} {values.shape}"
        )
    steps = values[:, 1:] - values[:, :-1]
    balance, agreement = _bit_tests(values)
    whole = values.astype(np.intp)
    nibbles = np.stack([_chi_square((whole >> shift) & 15, 16) for shift in (0, 4, 8, 12)], axis=1)
    p_values = {
        "bit balance": balance,
        "bit agreement": agreement,
        "nibble distribution": _smallest(nibbles),
        "serial correlation": _serial_correlation(values),
        "turning points": _turning_points(values),
        "collisions": _collisions(values),
        "collisions of steps": _collisions(steps),
        "collisions of curvature": _collisions(steps[:, 1:] - steps[:, :-1]),
        "step distribution": _chi_square(steps.astype(np.intp) >> 12, 16),
    }
    if values.shape[1] >= BYTE_TEST_VALUES:
        halves = np.stack([_chi_square(whole & 255, 256), _chi_square(whole >> 8, 256)], axis=1)
        p_values["byte distribution"] = _smallest(halves)
    return p_values


def combined(p_values: dict[str, Floats]) -> Floats:
    """One p-value a run: the smallest of all tests times their number (Bonferroni)."""
    return _smallest(np.stack(list(p_values.values()), axis=1))
