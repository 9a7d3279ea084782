# SPDX-License-Identifier: MIT
"""Streams made up for tests: values to messages, and generators with known faults."""

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt


def messages(values: Iterable[int]) -> list[str]:
    """Four values a message; a rest of fewer than four is left out."""
    texts = [str(int(value)) for value in values]
    return [" ".join(texts[index : index + 4]) for index in range(0, len(texts) - 3, 4)]


def ramp(count: int, start: int = 0, step: int = 4000) -> list[int]:
    return [(start + step * index) % 65536 for index in range(count)]


def noise(count: int, seed: int) -> npt.NDArray[np.uint16]:
    return np.random.default_rng(seed).integers(0, 65536, count, dtype=np.uint16)


def lcg16(count: int, multiplier: int, increment: int, state: int = 1) -> list[int]:
    values = []
    for _ in range(count):
        state = (multiplier * state + increment) % 65536
        values.append(state)
    return values


def lfsr(count: int, seed: int, clocks: int, bits: int = 64, taps: int = 0xD800000000000000) -> list[int]:
    """A Galois shift register of ``bits`` bits, clocked ``clocks`` times a value, its low 16 bits
    shown.
    """
    state = seed % (1 << bits) or 1
    values = []
    for _ in range(count):
        for _ in range(clocks):
            out = state & 1
            state >>= 1
            if out:
                state ^= taps
        values.append(state & 0xFFFF)
    return values


def xc32_rand(count: int, seed: int) -> list[int]:
    """Low half of a 31-bit rand() that shows the high word of a 64-bit congruential generator."""
    state = seed
    values = []
    for _ in range(count):
        state = (state * 6364136223846793005 + 1) % (1 << 64)
        values.append((state >> 32) & 0xFFFF)
    return values
