# SPDX-License-Identifier: MIT
"""How long it takes to save a board, and from a file to a board that runs."""

from __future__ import annotations

import time
from typing import ClassVar

import pic32bench
from pic32bench import resume
from pic32bench.benchmark.boot import ADDRESS_LINE, TIMEOUT
from pic32bench.benchmark.figures import Kind, Subject

SAVE, RESTORE, SIZE = "snapshot, save", "snapshot, restore", "snapshot, size"
_MILLISECONDS = Kind("ms wall", 1, False)


class Snapshots(Subject):
    """A board with an address: saved to a file, and from there to a board that has run for a virtual millisecond."""

    name = "snapshots"
    kinds: ClassVar = {SAVE: _MILLISECONDS, RESTORE: _MILLISECONDS, SIZE: Kind("MB", 2, False)}

    def sample(self) -> dict[str, float]:
        path = self.setup.folder / "board.snapshot"
        with pic32bench.start(self.setup.board, self.setup.image, "wire", quantum=0.05) as board:
            board.console.wait_for_line(ADDRESS_LINE, TIMEOUT)
            begin = time.perf_counter()
            resume.save(board, path)
            saved = time.perf_counter()
        begin_restore = time.perf_counter()
        with resume.restore(path) as board:
            board.run_for(0.001)
            restored = time.perf_counter()
        return {
            SAVE: (saved - begin) * 1e3,
            RESTORE: (restored - begin_restore) * 1e3,
            SIZE: path.stat().st_size / 1e6,
        }
