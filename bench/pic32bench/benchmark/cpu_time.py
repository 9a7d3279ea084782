# SPDX-License-Identifier: MIT
"""The CPU time of an emulator: unlike wall time it does not count what other programs of the computer do."""

from __future__ import annotations

from pathlib import Path

from pic32bench.bench import Board


def cpu_seconds(board: Board) -> float:
    """CPU time that the board's emulator has taken since it was started, all threads, seconds."""
    # proc(5): the first number of schedstat is the time on a core, ns.
    tasks = Path(f"/proc/{board.emulator.pid}/task").iterdir()
    return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks) / 1e9
