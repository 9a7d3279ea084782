# SPDX-License-Identifier: MIT
"""A board is data: another chip variant, other pins and levels, another console, and no code knows of it."""

from __future__ import annotations

from pathlib import Path

from guest_program import build

import pic32bench

PROGRAM = Path(__file__).parent / "programs" / "mini_board.c"


def test_the_mini_board(tmp_path: Path) -> None:
    with pic32bench.start(board="mini", image=build(PROGRAM, tmp_path), network="none") as board:
        board.console.wait_for_line("mini board: ready", timeout=0.1)
        board.console.write_line("hello")
        board.console.wait_for("hello", timeout=0.1)
        assert not board.panel.is_lit("STATUS")
        board.panel.press("USER")
        board.panel.wait_for_led("STATUS", lit=True, timeout=0.01)
        board.panel.release("USER")
        board.panel.wait_for_led("STATUS", lit=False, timeout=0.01)
        board.panel.set_voltage("POT", 1.7)
        board.panel.wait_for_led("ERROR", lit=True, timeout=0.01)
        board.panel.set_voltage("POT", 1.6)
        board.panel.wait_for_led("ERROR", lit=False, timeout=0.01)
        # 1 MiB of flash, not the starter kit's 2 MiB: nothing answers behind it
        assert "ffffffff" in board.monitor("xp /1xw 0x1d0ffffc")
        assert "Cannot access memory" in board.monitor("xp /1xw 0x1d100000")
