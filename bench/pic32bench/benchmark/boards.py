# SPDX-License-Identifier: MIT
"""Boards a minute, with one worker and with two: how far a second core helps."""

from __future__ import annotations

import multiprocessing
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import ClassVar

import pic32bench
from pic32bench.benchmark.figures import Kind, Subject

BOARDS = 10
WORKERS = (1, 2)


def boot_once(board: str, image: Path | None) -> None:
    """A board from power-on to its prompt, and off."""
    with pic32bench.start(board, image, "none") as started:
        started.console.wait_for_prompt()


class Boards(Subject):
    """Boards that boot to their prompt, one after the other in each worker."""

    name = "boards a minute"
    kinds: ClassVar = {f"boards, workers: {workers}": Kind("/minute", 0, True) for workers in WORKERS}

    def sample(self) -> dict[str, float]:
        return {name: self._rate(workers) for name, workers in zip(self.kinds, WORKERS, strict=True)}

    def _rate(self, workers: int) -> float:
        context = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(workers, context) as pool:

            def boot(count: int) -> None:
                for one in [pool.submit(boot_once, self.setup.board, self.setup.image) for _ in range(count)]:
                    one.result()

            boot(2 * workers)  # the workers are up, with all that they import
            begin = time.perf_counter()
            boot(BOARDS)
            return BOARDS * 60 / (time.perf_counter() - begin)
