# SPDX-License-Identifier: MIT
"""Structure in a series of uint16 values: constant steps, linear congruential generators,
repetition.

Everything here is arithmetic, not statistics: for independent uniform values each finding has a
chance below 1e-11 per 4,000 values (three equal steps in a row after a first one: 2^-48 at each
place).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

MODULUS = 65536
MIN_RUN_STEPS = 4
"""Equal steps in a row that are no accident."""

Values = npt.NDArray[np.int64]


def signed(step: int) -> int:
    """A step modulo 65536 as people say it: 65535 is -1."""
    return step - MODULUS if step >= MODULUS // 2 else step


def steps_of(values: Values) -> Values:
    """Differences of neighbours modulo 65536."""
    result: Values = np.diff(values) % MODULUS
    return result


def commonest(steps: Values) -> tuple[int, int]:
    """The commonest step and how often it occurs. Needs at least one step."""
    found, counts = np.unique(steps, return_counts=True)
    index = int(counts.argmax())
    return int(found[index]), int(counts[index])


def longest_run(steps: Values) -> tuple[int, int]:
    """(first index, length) of the longest run of equal steps; the first one of several."""
    borders = np.flatnonzero(np.diff(steps)) + 1
    starts = np.concatenate([[0], borders])
    lengths = np.diff(np.concatenate([starts, [len(steps)]]))
    index = int(lengths.argmax())
    return int(starts[index]), int(lengths[index])


@dataclass(frozen=True)
class Lcg:
    """next = (multiplier * state + increment) mod modulus; a value is the state divided by
    ``divisor``.

    ``multiplier_modulus`` is smaller than ``modulus`` when the values never told the multiplier's
    top bits. ``wrong`` are the indices of values that the generator does not give from their
    predecessor.
    """

    multiplier: int
    increment: int
    modulus: int
    divisor: int = 1
    multiplier_modulus: int = 0
    wrong: tuple[int, ...] = ()

    def __str__(self) -> str:
        shown = "" if self.divisor == 1 else f", shown without its low {self.divisor.bit_length() - 1} bits"
        return f"next = ({self.multiplier} * value + {self.increment}) mod {self.modulus}{shown}"


def _two_adic(number: int) -> int:
    """How often 2 divides a number of 1..65535; 16 for 0."""
    return 16 if number == 0 else (number & -number).bit_length() - 1


def find_lcg(values: Values) -> Lcg | None:
    """The linear congruential generator modulo 65536 that gives the values, or None.

    From successive differences: d[i+1] = a d[i], so a = d[i+1] / d[i] modulo 65536 wherever d[i] is
    odd (or modulo less, when all differences are even: the missing bits of a then never matter). Up
    to a tenth of the values may be wrong. Needs 6 values.
    """
    if len(values) < 6:
        return None
    steps = [int(step) for step in steps_of(values)]
    twos = [_two_adic(step) for step in steps[:-1]]
    order = sorted(range(len(twos)), key=lambda index: twos[index])
    best: Lcg | None = None
    for index in order[:: max(1, len(order) // 64)][:16] + order[:16]:
        two = twos[index]
        if two == 16 or _two_adic(steps[index + 1]) < two:
            continue
        modulus = MODULUS >> two
        multiplier = (steps[index + 1] >> two) * pow(steps[index] >> two, -1, modulus) % modulus
        increment = int(values[index + 1] - multiplier * values[index]) % MODULUS
        wrong = np.flatnonzero((multiplier * values[:-1] + increment - values[1:]) % MODULUS) + 1
        if len(wrong) * 10 <= len(steps) and len(steps) - len(wrong) >= 5:
            found = Lcg(multiplier, increment, MODULUS, 1, modulus, tuple(int(place) for place in wrong))
            if best is None or len(found.wrong) < len(best.wrong):
                best = found
            if not best.wrong:
                break
    return best


KNOWN_GENERATORS = (
    Lcg(1103515245, 12345, 1 << 32, 1 << 16),  # ISO C's example of rand()
    Lcg(1103515245, 12345, 1 << 31, 1 << 15),  # the same in 31 bits
    Lcg(214013, 2531011, 1 << 32, 1 << 16),  # Microsoft C
    Lcg(1664525, 1013904223, 1 << 32, 1 << 16),  # Numerical Recipes
    Lcg(22695477, 1, 1 << 32, 1 << 16),  # Borland C
    Lcg(69069, 1, 1 << 32, 1 << 16),  # VAX, Marsaglia
    Lcg(134775813, 1, 1 << 32, 1 << 16),  # Turbo Pascal
)
"""Widely used generators whose high 16 bits would pass for noise in every statistical test."""


def find_known_generator(values: Values) -> Lcg | None:
    """The known generator whose high 16 bits the values are, or None.

    Tries every low half of the first state: an accident has a chance of 2^(16 - 16 * 7) a
    generator. Needs 8 values.
    """
    if len(values) < 8:
        return None
    for known in KNOWN_GENERATORS:
        states = (int(values[0]) * known.divisor + np.arange(known.divisor, dtype=np.uint64)).astype(np.uint64)
        for value in values[1:]:
            states = (states * np.uint64(known.multiplier) + np.uint64(known.increment)) % np.uint64(known.modulus)
            states = states[states // np.uint64(known.divisor) == np.uint64(value)]
            if len(states) == 0:
                break
        else:
            return known
    return None


def repeats(frames: Sequence[tuple[int, ...]]) -> list[tuple[int, int]]:
    """(frame, the latest earlier frame with the same values) of each frame that was seen before."""
    latest: dict[tuple[int, ...], int] = {}
    found = []
    for index, frame in enumerate(frames):
        if frame in latest:
            found.append((index, latest[frame]))
        latest[frame] = index
    return found
