# SPDX-License-Identifier: MIT
"""`pic32bench run`: boots an image, prints the board's URLs, and puts its console on the terminal."""

from __future__ import annotations

import argparse
import contextlib
import sys
import time
from pathlib import Path
from typing import Any

from pic32bench import bench
from pic32bench.backtrace import board_backtrace
from pic32bench.cli.board_options import add_board_options, network, regex
from pic32bench.cli.keyboard import HELP as KEYS_HELP
from pic32bench.cli.keyboard import Keyboard
from pic32bench.cli.output import Output, add_uart_option, uarts
from pic32bench.console import Console
from pic32bench.errors import BenchError, UsageError
from pic32bench.link import Change
from pic32bench.network import TapNetwork
from pic32bench.network.netbios_names import resolve_netbios_names
from pic32bench.sfr_use import leaning_notes

# Virtual seconds between two looks at keyboard and clock; while a person is there, wall seconds too.
_STEP = 0.05
# The same with nobody at the keyboard: what the board says is looked at when it does.
_STEP_ALONE = 10.0
# A match of --until or --fail-on is found if it is no longer than this, characters.
_STRADDLE = 4096
# Frames that are shown of a firmware's stack when a run has failed.
_FRAMES = 10


def add_parser(subparsers: Any) -> None:
    """Adds the subcommand."""
    parser = subparsers.add_parser(
        "run",
        help="boot an image and stream its console",
        description="Boots the reference firmware, or any .hex or .elf image, on an emulated board, prints the URLs "
        "that lead to it and streams its console until Ctrl-C.",
        epilog=f"{KEYS_HELP} Exit codes: 0 ended as asked, 1 failed (--until not seen, --fail-on seen, emulator "
        "died), 2 wrong use.",
    )
    parser.add_argument("image", nargs="?", metavar="IMAGE", help=".hex or .elf file (the reference firmware)")
    parser.add_argument(
        "application", nargs="?", metavar="APPLICATION", help="a second image: what IMAGE, a bootloader, starts"
    )
    add_board_options(parser)
    add_uart_option(parser)
    parser.add_argument(
        "--impair",
        action="append",
        default=[],
        metavar="WHAT",
        help="impair the link: loss=5%%,delay=20ms and so on (docs/impairment.md); again for the other direction",
    )
    parser.add_argument("--fail-on", type=regex, metavar="REGEX", help="end with 1 as soon as it is seen")
    parser.add_argument("--record", metavar="FILE", help="write the run to a file, for pic32bench replay")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Runs it; returns the exit code."""
    numbers = uarts(args.uart)
    if args.record is not None and not Path(args.record).absolute().parent.is_dir():
        raise UsageError(f"--record {args.record}: there is no such directory")
    changes = [Change.read(text) for text in args.impair]
    with bench.start(args.board, args.image, network(args), args.seed, application=args.application) as board:
        for change in changes:
            board.link.apply(change)
        if numbers is None:
            numbers = [board.console.uart]
        return _Session(board, [board.uart(number) for number in numbers], args).run()


class _Session:
    """One run: what is shown, what is watched for, and when it ends."""

    def __init__(self, board: bench.Board, consoles: list[Console], args: argparse.Namespace) -> None:
        self.board = board
        self.consoles = consoles
        self.args = args
        self.code: int | None = None
        self.seen: dict[int, int] = {}
        self.urls: dict[str, str] = {}
        # Only a run that ends by itself may hurry: others are for somebody who looks on.
        self.ends = args.until is not None or args.seconds is not None
        self.out = Output(sys.stdout, len(consoles) > 1)

    def run(self) -> int:
        self.announce()
        for console in self.consoles:
            console.follow(self.out.writer(console.uart))
        try:
            code = self.console()
        finally:
            for console in self.consoles:
                console.follow(None)
            self.out.flush()
            self.record()
        with contextlib.suppress(BenchError):  # the run has its verdict already
            if code:
                self.out.note(f"the firmware is at\n{board_backtrace(self.board).text(_FRAMES)}")
            for note in leaning_notes(self.board):
                self.out.note(note)
        return code

    def console(self) -> int:
        try:
            with Keyboard(self.board, self.consoles[0], self.out.note) as keyboard:
                return self.loop(keyboard)
        except KeyboardInterrupt:
            self.out.note(f"stopped at {self.board.clock.last_ns / 1e9:.3f} s")
            # Ctrl-C is how a run without an end is meant to end.
            return 0 if self.args.until is None else self.failed(f"--until {self.args.until.pattern!r} was not seen")

    def record(self) -> None:
        """Writes the recording that was asked for, however the run has ended."""
        if self.args.record is None:
            return
        try:
            self.board.recording().save(self.args.record)
        except OSError as error:
            raise UsageError(f"cannot write {self.args.record}: {error.strerror}") from error
        self.out.note(f"pic32bench replay {self.args.record} plays this run again")

    def announce(self) -> None:
        board = self.board
        names = " and ".join(path.name for path in (board.image.path, board.application) if path)
        self.out.note(f"{board.description.name}, {names}, network {board.network.name}")
        if isinstance(board.network, TapNetwork) and not self.ends:
            with contextlib.suppress(UsageError):  # a comfort for who looks on: not everybody has Samba
                resolve_netbios_names(board.network.pc)
        for note in board.network.notes():
            self.out.note(note)
        self.announce_urls(" (once the board has an address)")

    def announce_urls(self, remark: str = "") -> None:
        """Says where the board is to be found, if that is new."""
        urls = self.board.network.urls()
        if urls != self.urls:
            for service, url in urls.items():
                self.out.note(f"{'page' if service == 'http' else 'stream'} {url}{remark}")
            self.urls = urls

    def loop(self, keyboard: Keyboard) -> int:
        wall, virtual = time.monotonic(), self.board.time
        step = _STEP if keyboard.attached else _STEP_ALONE
        self.board.keep_pace(keyboard.attached or not self.ends)
        while True:
            left = None if self.args.seconds is None else self.args.seconds - self.board.time
            if (code := self.verdict()) is not None:
                return code
            if left is not None and left <= 0:
                return self.ended()
            self.board.clock.wait_until(self.verdict, step if left is None else min(step, left))
            if not keyboard.serve():
                return 0 if self.args.until is None else self.ended()
            if keyboard.attached and self.board.network.lock_step:
                # Nobody types as fast as skipped idle time passes: with a person there, keep to the wall clock.
                ahead = (self.board.time - virtual) - (time.monotonic() - wall)
                if ahead > 0:
                    keyboard.wait(ahead)

    def verdict(self) -> int | None:
        """The exit code, once what a console has said decides it."""
        self.announce_urls()
        if self.code is None:
            for console in self.consoles:
                self.code = self.judge(console)
                if self.code is not None:
                    break
        return self.code

    def judge(self, console: Console) -> int | None:
        text = console.text
        seen = self.seen.get(console.uart, 0)
        if len(text) == seen:
            return None
        self.seen[console.uart] = len(text)
        # What may straddle what was looked at before and what is new is looked at again.
        text = text[max(0, text.rfind("\n", 0, max(0, seen - _STRADDLE)) + 1) :].replace("\r", "")
        bad = self.args.fail_on.search(text) if self.args.fail_on else None
        good = self.args.until.search(text) if self.args.until else None
        if bad and not (good and good.end() < bad.start()):
            return self.failed(f"UART{console.uart} said {bad[0]!r} (--fail-on)")
        return 0 if good else None

    def ended(self) -> int:
        if self.args.until is None:
            return 0
        lines = self.board.console.lines()
        said = f"the last line was {lines[-1].text!r}" if lines else "the board said nothing"
        return self.failed(f"{self.args.until.pattern!r} was not seen in {self.board.time:g} s: {said}")

    def failed(self, message: str) -> int:
        self.out.flush()
        print(f"pic32bench: {message}", file=sys.stderr)
        return 1
