# SPDX-License-Identifier: MIT
"""`pic32bench replay`: a recorded run again, bit for bit, or under a debugger, forwards and backwards."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from pic32bench import bundle
from pic32bench.cli.board_options import add_end_options, seconds
from pic32bench.cli.output import Output, add_uart_option, uarts
from pic32bench.console import Console
from pic32bench.debugger import Debugger
from pic32bench.errors import UsageError
from pic32bench.panel_link import NS
from pic32bench.recording import Recording
from pic32bench.replay import ReplayedBoard, check, replay

_STEP = 0.1  # virtual seconds between two looks


def add_parser(subparsers: Any) -> None:
    """Adds the subcommand."""
    parser = subparsers.add_parser(
        "replay",
        help="a recorded run again, bit for bit, with a gdb port",
        description="Plays what `pic32bench run --record` or a failed test has written: the same instructions, the "
        "same console, panel and frames, at the same virtual times, without sockets and as fast as the computer can.",
        epilog="Exit codes: 0 the run is the recorded one (or --until was seen), 1 it is another (or --until was not "
        "seen), 2 wrong use, such as a damaged file or another emulator.",
    )
    parser.add_argument("file", metavar="FILE", help="a recording, or the bundle of a failed test")
    add_end_options(parser)
    add_uart_option(parser)
    parser.add_argument("--any-emulator", action="store_true", help="try with another emulator than recorded")
    parser.add_argument("--json", action="store_true", help="print the result as JSON, and no console")
    parser.add_argument(
        "--gdb",
        type=int,
        nargs="?",
        const=0,
        metavar="PORT",
        help="let gdb walk through the run, also backwards, at this port of this computer (any free one)",
    )
    parser.add_argument("--at", type=seconds, metavar="SECONDS", help="where gdb begins (the end of the recording)")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Runs it; returns the exit code."""
    numbers = uarts(args.uart)
    recording = Recording.load(args.file)
    check(recording, args.any_emulator)
    if not args.json:
        for line in bundle.summary(Path(args.file)):
            print(f"pic32bench: {line}", flush=True)
    if args.gdb is not None:
        return _debug(args, recording)
    if args.at is not None:
        raise UsageError("--at says where gdb begins: it needs --gdb")
    with replay(recording, args.any_emulator, _STEP) as board:
        consoles = [board.console] if numbers is None else [board.uart(number) for number in numbers]
        return _play(args, board, consoles)


def _play(args: argparse.Namespace, board: ReplayedBoard, consoles: list[Console]) -> int:
    out = Output(sys.stdout, len(consoles) > 1)
    if not args.json:
        out.note(f"{board.description.name}, network {board.recorded.network}, {board.seconds_left:.9f} s recorded")
        for console in consoles:
            console.follow(out.writer(console.uart))
    length = board.seconds_left if args.seconds is None else min(args.seconds, board.seconds_left)

    def seen() -> bool | None:
        return any(args.until.search(console.text.replace("\r", "")) for console in consoles) or None

    found = board.clock.wait_until(seen if args.until else lambda: None, length)
    difference = board.difference()
    for console in consoles:
        console.follow(None)
    out.flush()
    if args.json:
        result = {
            "identical": difference is None,
            "until_seen": bool(found) if args.until else None,
            "recorded_seconds": board.recorded.end_ns / NS,
            "seconds": board.time,
            "instructions": board.core().instructions,
            "difference": difference and {"seconds": difference.time_ns / NS, "what": str(difference)},
            "console": {str(console.uart): console.text for console in consoles},
        }
        print(json.dumps(result, indent=2))
    if difference is not None:
        print(f"pic32bench: this is another run than the recorded one, {difference}", file=sys.stderr)
        return 1
    if not args.json:
        out.note(f"the same run, to the nanosecond, up to {board.time:.9f} s")
    if args.until and not found:
        print(f"pic32bench: {args.until.pattern!r} was not seen in {board.time:g} s", file=sys.stderr)
        return 1
    return 0


def _debug(args: argparse.Namespace, recording: Recording) -> int:
    for option in ("seconds", "until", "json"):
        if getattr(args, option):
            raise UsageError(f"--{'for' if option == 'seconds' else option} does not go with --gdb")
    out = Output(sys.stdout, False)
    with Debugger(recording, args.gdb, args.at) as debugger:
        debugger.prepare(out.note)
        out.note(f"stopped at {debugger.time_ns / NS:.9f} s, after {debugger.instructions} instructions")
        out.note(f"now type: {debugger.command}")
        out.note("reverse-stepi, reverse-step, reverse-continue go back; Ctrl-C here ends")
        try:
            debugger.wait()
        except KeyboardInterrupt:
            out.flush()
    return 0
