# SPDX-License-Identifier: MIT
"""Interrupts in a second of the emulator's CPU time: one in each virtual microsecond, to a core that waits or loops."""

from __future__ import annotations

from typing import ClassVar

import pic32bench
from pic32bench.benchmark.cpu_time import cpu_seconds
from pic32bench.benchmark.figures import Kind, Subject
from pic32bench.benchmark.guests import INTERRUPT_COUNT, interrupts_hex

WAITING, LOOPING = "interrupts, core waits", "interrupts, core loops"
SECONDS = 0.2  # virtual
_RATE = Kind("thousand/s", 0, True)
_KSEG0 = 0x80000000


class Interrupts(Subject):
    """A core timer that interrupts 1,000,000 times a virtual second."""

    name = "interrupts"
    kinds: ClassVar = {WAITING: _RATE, LOOPING: _RATE}

    def sample(self) -> dict[str, float]:
        return {WAITING: self._rate(True), LOOPING: self._rate(False)}

    def _rate(self, waits: bool) -> float:
        image = interrupts_hex(self.setup.folder / "interrupts.hex", waits)
        with pic32bench.start(self.setup.board, image, "none", quantum=SECONDS) as board:
            board.run_for(0.001)
            begin, begin_cpu = count(board), cpu_seconds(board)
            board.run_for(SECONDS)
            return (count(board) - begin) / (cpu_seconds(board) - begin_cpu) / 1e3


def count(board: pic32bench.Board) -> int:
    """Interrupts so far."""
    word = board.read_memory(_KSEG0 + INTERRUPT_COUNT, 4)
    assert word is not None
    return int.from_bytes(word, "little")
