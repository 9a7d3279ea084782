# SPDX-License-Identifier: MIT
"""The keyboard during `pic32bench run`: keys go to the console, Ctrl-T and a key works the board."""

from __future__ import annotations

import contextlib
import os
import select
import sys
import termios
import tty
from collections.abc import Callable
from types import TracebackType
from typing import Any

from pic32bench.bench import Board
from pic32bench.console import Console

HELP = (
    "Keys go to the console. Ctrl-T and then: 1 to 9 press or release that switch, c cable out or in, p power "
    "cycle, r reset, s state of the panel, t a Ctrl-T for the board, q quit, ? this list."
)
_ESCAPE = "\x14"  # Ctrl-T


class Keyboard:
    """A context manager; does nothing when stdin is no terminal. ``note`` shows a line to the person."""

    def __init__(self, board: Board, console: Console, note: Callable[[str], None]) -> None:
        self.attached = sys.stdin is not None and sys.stdin.isatty()
        self._board = board
        self._console = console
        self._note = note
        self._saved: list[Any] | None = None
        self._command = False
        self._cable_in = True

    def __enter__(self) -> Keyboard:
        if self.attached:
            fd = sys.stdin.fileno()
            self._saved = termios.tcgetattr(fd)
            tty.setcbreak(fd)  # Ctrl-C stays an interrupt
            self._note("Ctrl-T ? shows what the keys do, Ctrl-C ends")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._saved is not None:
            with contextlib.suppress(termios.error):
                termios.tcsetattr(sys.stdin.fileno(), termios.TCSADRAIN, self._saved)

    def wait(self, seconds_wall: float) -> None:
        """Waits for a key, at most so long."""
        select.select([sys.stdin], [], [], seconds_wall)

    def serve(self) -> bool:
        """Does what was typed since the last call; False when the person wants to leave."""
        if not self.attached or not select.select([sys.stdin], [], [], 0)[0]:
            return True
        typed = os.read(sys.stdin.fileno(), 1024).decode(errors="replace")
        if not typed:
            self.attached = False
            return True
        keys = ""
        for key in typed:
            if self._command:
                self._command = False
                if key == "q":
                    return False
                self._work(key)
            elif key == _ESCAPE:
                self._command = True
            else:
                keys += "\r" if key == "\n" else key
        if keys:
            self._console.write(keys)
        return True

    def _work(self, key: str) -> None:
        panel = self._board.panel
        switches = list(self._board.description.switches)
        if key.isdigit() and 1 <= int(key) <= len(switches):
            name = switches[int(key) - 1]
            (panel.release if panel.is_pressed(name) else panel.press)(name)
        elif key == "c":
            self._cable_in = not self._cable_in
            (panel.plug_cable if self._cable_in else panel.unplug_cable)()
        elif key == "p":
            panel.power_cycle()
        elif key == "r":
            self._board.reset()
        elif key == "t":
            self._console.write(_ESCAPE)
        elif key != "s":
            self._note(HELP)
            return
        self._note(panel.state())
