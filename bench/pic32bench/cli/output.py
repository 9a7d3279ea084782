# SPDX-License-Identifier: MIT
"""Consoles on the terminal: what the board says as it comes, and lines of the bench itself between."""

from __future__ import annotations

import argparse
import contextlib
from collections.abc import Callable
from typing import TextIO

from pic32bench.emulator import UART_COUNT
from pic32bench.errors import UsageError


class Output:
    """The terminal: console text as it comes, and lines of the bench itself, each on a line of its own."""

    def __init__(self, stream: TextIO, tagged: bool) -> None:
        self.stream = stream
        self.tagged = tagged
        self.fresh = True
        self.last = 0

    def writer(self, uart: int) -> Callable[[str], None]:
        """What `Console.follow` is given for this UART."""
        return lambda text: self.write(uart, text)

    def write(self, uart: int, text: str) -> None:
        """Shows text of a UART."""
        text = text.replace("\r\n", "\n").replace("\r", "")
        if self.tagged:
            if uart != self.last and not self.fresh:
                text = "\n" + text
                self.fresh = False
            self.last = uart
            pieces = []
            for piece in text.splitlines(keepends=True):
                pieces.append(f"[{uart}] {piece}" if self.fresh and piece != "\n" else piece)
                self.fresh = piece.endswith("\n")
            text = "".join(pieces)
        elif text:
            self.fresh = text.endswith("\n")
        with contextlib.suppress(ValueError):  # the stream was closed under us
            self.stream.write(text)
            self.stream.flush()

    def note(self, text: str) -> None:
        """Shows a line of the bench."""
        self.flush()
        print(f"pic32bench: {text}", file=self.stream, flush=True)

    def flush(self) -> None:
        """Ends the line that the board has begun."""
        if not self.fresh:
            self.stream.write("\n")
            self.fresh = True
        self.stream.flush()


def add_uart_option(parser: argparse.ArgumentParser) -> None:
    """Adds --uart, whose value `uarts` reads."""
    parser.add_argument("--uart", default=None, metavar="N|all", help="UART to show (the board's console)")


def uarts(text: str | None) -> list[int] | None:
    """The UARTs that an option asks for; None: the board's console. Raises UsageError."""
    if text is None:
        return None
    if text == "all":
        return list(range(1, UART_COUNT + 1))
    if text.isdigit() and 1 <= int(text) <= UART_COUNT:
        return [int(text)]
    raise UsageError(f"--uart {text}: expected 1 to {UART_COUNT}, or all")
