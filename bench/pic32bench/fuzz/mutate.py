# SPDX-License-Identifier: MIT
"""Bytes changed at random: the changes that have found faults in parsers since there are fuzzers."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

_INTERESTING = (0, 1, 2, 3, 4, 7, 8, 15, 16, 31, 32, 63, 64, 100, 125, 126, 127, 128, 129, 192, 240, 254, 255)
_WORDS = (
    0,
    1,
    2,
    19,
    20,
    63,
    64,
    127,
    128,
    255,
    256,
    511,
    512,
    1023,
    1024,
    1460,
    1500,
    1514,
    4096,
    0x7FFF,
    0x8000,
    0xFFFF,
)
_MOST_AT_ONCE = 5


class Mutator:
    """Changes bytes. ``tokens`` are what means something in a protocol, ``longest`` how many bytes there may be."""

    def __init__(self, rng: random.Random, tokens: Sequence[bytes] = (), longest: int = 1500) -> None:
        self._rng = rng
        self._tokens = tuple(tokens)
        self._longest = longest
        self._ways: list[Callable[[bytearray, int, int], None]] = [
            self._flip, self._flip, self._set, self._set, self._set, self._add, self._word, self._word,
            self._remove, self._repeat, self._insert, self._cut,
            *([self._token_over, self._token_in] * 2 if tokens else []),
        ]  # fmt: skip

    def change(self, data: bytes, keep: int = 0, other: bytes = b"") -> bytes:
        """The bytes with one to a few changes behind the first ``keep``; now and then joined with part of another."""
        rng, changed = self._rng, bytearray(data)
        if other and rng.random() < 0.1:
            place = self._place(changed, keep, True)
            changed[place:] = other[min(place, rng.randrange(len(other) + 1)) :]
        for _ in range(1 + int(rng.random() ** 3 * _MOST_AT_ONCE)):
            if len(changed) <= keep:
                self._insert(changed, keep, keep)
            else:
                rng.choice(self._ways)(changed, self._place(changed, keep, False), keep)
        return bytes(changed[: self._longest])

    def _place(self, data: bytearray, keep: int, end: bool) -> int:
        return min(keep, len(data)) + int(self._rng.random() * max(1, len(data) - keep + end))

    def _flip(self, data: bytearray, at: int, keep: int) -> None:
        data[at] ^= 1 << self._rng.getrandbits(3)

    def _set(self, data: bytearray, at: int, keep: int) -> None:
        rng = self._rng
        data[at] = rng.choice(_INTERESTING) if rng.random() < 0.5 else rng.getrandbits(8)

    def _add(self, data: bytearray, at: int, keep: int) -> None:
        data[at] = (data[at] + self._rng.randrange(-16, 17)) & 0xFF

    def _word(self, data: bytearray, at: int, keep: int) -> None:
        order = "big" if self._rng.random() < 0.9 else "little"
        data[at : at + 2] = self._rng.choice(_WORDS).to_bytes(2, order)  # type: ignore[arg-type]

    def _remove(self, data: bytearray, at: int, keep: int) -> None:
        del data[at : at + self._length()]

    def _repeat(self, data: bytearray, at: int, keep: int) -> None:
        piece = data[at : at + self._length()]
        data[at:at] = piece * (1 if self._rng.random() < 0.8 else self._rng.randrange(2, 40))

    def _insert(self, data: bytearray, at: int, keep: int) -> None:
        length = self._length()
        data[at:at] = (
            self._rng.randbytes(length) if self._rng.random() < 0.5 else bytes([self._rng.getrandbits(8)]) * length
        )

    def _cut(self, data: bytearray, at: int, keep: int) -> None:
        del data[at:]

    def _token_over(self, data: bytearray, at: int, keep: int) -> None:
        token = self._rng.choice(self._tokens)
        data[at : at + len(token)] = token

    def _token_in(self, data: bytearray, at: int, keep: int) -> None:
        data[at:at] = self._rng.choice(self._tokens)

    def _length(self) -> int:
        """Mostly a few bytes, rarely very many."""
        return 1 + int(self._rng.random() ** 4 * 200)
