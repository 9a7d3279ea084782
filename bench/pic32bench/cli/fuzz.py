# SPDX-License-Identifier: MIT
"""`pic32bench fuzz`: hostile input for a firmware's network protocols, and what is left of it."""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pic32bench import bench, paths
from pic32bench.cli.board_options import regex
from pic32bench.cli.tables import print_json
from pic32bench.cli.worker_options import count
from pic32bench.errors import UsageError

if TYPE_CHECKING:
    from pic32bench.fuzz.campaign import Result
    from pic32bench.fuzz.session import Progress

NAMES = ("ethernet", "arp", "ip", "tcp", "udp", "dhcp", "nbns", "http", "websocket")

_DESCRIPTION = f"""\
Gives the board wrong, odd and hostile input in one protocol and looks whether it goes on: no exception, every service
still there, no pool of the stack emptier than before. Inputs that lead the firmware where no other has led it are kept
in a corpus, and become others. A finding is printed with its backtrace and with the command that does it again.

PROTOCOL is one of {", ".join(NAMES)}."""


def add_parser(subparsers: Any) -> None:
    """Adds the subcommand."""
    parser = subparsers.add_parser(
        "fuzz",
        help="hostile input for the network protocols of an image",
        description=_DESCRIPTION,
        epilog="Exit codes: 0 nothing was found; 1 there is a finding, or it was reproduced; 2 wrong use.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("protocol", nargs="?", metavar="PROTOCOL", help="what the input is, see above")
    parser.add_argument("image", nargs="?", metavar="IMAGE", help=".hex or .elf file (the reference firmware)")
    parser.add_argument(
        "--board",
        default=paths.DEFAULT_BOARD,
        metavar="NAME|FILE",
        help="board in platforms/, or a board file (%(default)s)",
    )
    length = parser.add_mutually_exclusive_group()
    length.add_argument("--executions", type=executions, metavar="N", help="end after so many inputs (at Ctrl-C)")
    length.add_argument("--minutes", type=minutes, metavar="M", help="end after so many minutes of wall time")
    length.add_argument("--corpus-only", action="store_true", help="play the kept corpus once, and make no other input")
    parser.add_argument(
        "--corpus",
        metavar="DIR",
        help="where corpora are read and, when something was made, written (firmware/fuzz for the reference firmware, "
        "else build/fuzz)",
    )
    parser.add_argument("--findings", metavar="DIR", help="where findings are written (build/fuzz/findings)")
    parser.add_argument("--seed", type=int, default=1, metavar="N", help="seed of all chance (%(default)s)")
    parser.add_argument("--workers", type=count, default=1, metavar="N", help="boards at a time (%(default)s)")
    parser.add_argument(
        "--fail-on", type=regex, metavar="REGEX", help="what the console says when the firmware has failed (^\\*\\*\\*)"
    )
    parser.add_argument("--reproduce", metavar="FILE", help="play a finding again, and show where the firmware was")
    parser.add_argument("--any-emulator", action="store_true", help="reproduce with another emulator than recorded")
    parser.add_argument("--json", action="store_true", help="print the result as JSON")
    parser.set_defaults(run=run)


def executions(text: str) -> int:
    """A number of inputs as an option's value."""
    if not text.isdecimal() or not 0 < int(text) < 10**12:
        raise argparse.ArgumentTypeError(f"expected a number of inputs above 0, found {text!r}")
    return int(text)


def minutes(text: str) -> float:
    """Minutes as an option's value."""
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 < value < 1e6:
        raise argparse.ArgumentTypeError(f"expected minutes above 0, found {text!r}")
    return value


def run(args: argparse.Namespace) -> int:
    """Runs it; returns the exit code."""
    from pic32bench.fuzz.subject import PANIC

    panic: re.Pattern[str] = args.fail_on or PANIC
    if args.reproduce is not None:
        return _reproduce(args, panic)
    if args.protocol not in NAMES:
        found = "none" if args.protocol is None else repr(args.protocol)
        raise UsageError(f"fuzz: expected a protocol, one of {', '.join(NAMES)}, found {found}")
    if args.any_emulator:
        raise UsageError("--any-emulator is for --reproduce")
    from pic32bench.fuzz.campaign import Campaign, Length

    setup = bench.check(args.board, args.image, "wire", args.seed)
    campaign = Campaign(
        args.protocol,
        setup,
        folder=Path(args.corpus) if args.corpus else _corpora(args.image),
        findings=Path(args.findings) if args.findings else paths.project_root() / "build" / "fuzz" / "findings",
        length=Length(args.executions, args.minutes and args.minutes * 60, args.corpus_only),
        panic=panic,
    )
    with _progress(args) as tell:
        result = campaign.run(args.workers, tell)
    if args.json:
        print_json(result.as_json())
    else:
        _print(result)
    return 1 if result.findings else 0


def _corpora(image: str | None) -> Path:
    from pic32bench.fuzz.corpus import kept_folder

    return kept_folder() if image is None else paths.project_root() / "build" / "fuzz"


def _print(result: Result) -> None:
    for finding in result.findings:
        print(finding, end="\n\n")
    print(
        f"{result.protocol}: {result.executions} executions in {result.seconds_wall:.0f} s, {result.rate:.0f}/s; "
        f"corpus {result.corpus}; {result.ways} ways through the firmware; "
        f"findings {len(result.findings)}{f', and again {result.repeated} times' if result.repeated else ''}"
    )
    print(
        f"since the last finding: {result.total_executions} executions in {result.total_seconds_wall:.0f} s, "
        f"over all sessions of this corpus"
    )


def _reproduce(args: argparse.Namespace, panic: re.Pattern[str]) -> int:
    """Plays a finding; 1: it is still there."""
    for option in ("protocol", "executions", "minutes", "corpus"):
        if getattr(args, option) is not None:
            raise UsageError(f"--reproduce FILE plays what is in the file: it takes no {option}")
    from pic32bench.fuzz.findings import reproduce

    found = reproduce(Path(args.reproduce), panic, args.any_emulator)
    if args.json:
        print(json.dumps(found.as_json(), indent=2))
    else:
        print("\n".join([*found.summary, "", "The end of the console:", found.console, "", found.backtrace, ""]))
        print(f"console says: {found.panic}" if found.panic else "the console says nothing of a failure")
        print("the same run, to the nanosecond" if found.same else "this is another run than the recorded one")
    return 1


@contextmanager
def _progress(args: argparse.Namespace) -> Iterator[Callable[[Progress], None]]:
    """A bar on stderr, if that is a terminal, and a function that moves it."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn(args.protocol), BarColumn(), TimeElapsedColumn(), TextColumn("{task.description}"))
    total = args.executions or (args.minutes and args.minutes * 60)
    with Progress(*columns, console=Console(stderr=True), transient=True, disable=not sys.stderr.isatty()) as bar:
        task = bar.add_task("", total=total)

        def tell(progress: Any) -> None:
            done = progress.executions if args.executions else progress.seconds_wall
            text = (
                f"{progress.executions} executions, {progress.rate:.0f}/s, corpus {progress.corpus}, "
                f"{progress.ways} ways, {len(progress.findings)} findings"
            )
            bar.update(task, completed=done if total else None, description=text)

        yield tell
