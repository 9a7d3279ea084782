# SPDX-License-Identifier: MIT
"""`pic32bench memory`: what a run really used of the chip's RAM."""

from __future__ import annotations

import argparse
import json
import re
import sys
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pic32bench import bench, paths
from pic32bench.cli.board_options import add_board_options, network
from pic32bench.cli.tables import print_json, terminal
from pic32bench.errors import UsageError
from pic32bench.recording import Recording

if TYPE_CHECKING:
    from pic32bench.memory.session import Step

_UNTIL = 10.0  # virtual seconds after the session, in which --until is waited for unless --for says how long

_DESCRIPTION = """\
Runs an image through a normal session (address, page, stream, SW1, echoes, terminal), or through a scenario of your
own, and tells what it used of the chip's RAM: of each buffer the highest byte whose content mattered, how deep each
stack went and by which calls, heaps, pools, and who wrote past the end of something. A recording, or the bundle of a
failed test, is measured as it is. Neither the firmware nor its run is changed: the run is played again and watched."""


def add_parser(subparsers: Any) -> None:
    """Adds the subcommand."""
    parser = subparsers.add_parser(
        "memory",
        help="RAM really used in a run: buffers, stacks, heap",
        description=_DESCRIPTION,
        epilog="Exit codes: 0 fits; 1 something is over its limit or overran, or --until was not seen; 2 wrong use.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "image", nargs="?", metavar="IMAGE", help=".hex or .elf file (the reference firmware), recording or bundle"
    )
    parser.add_argument(
        "application", nargs="?", metavar="APPLICATION", help="a second image: what IMAGE, a bootloader, starts"
    )
    add_board_options(parser)
    parser.set_defaults(network="wire")
    parser.add_argument(
        "--scenario", metavar="FILE.py[:FUNCTION]", help="a function that takes the board, instead of a normal session"
    )
    parser.add_argument(
        "--symbols", metavar="FILE", help=".elf or .map that names what is in RAM (IMAGE, or one of its name beside it)"
    )
    parser.add_argument(
        "--budget", metavar="FILE", help="limits in TOML (firmware/footprint.toml if it is about this firmware)"
    )
    parser.add_argument("--all", action="store_true", help="list small buffers, too")
    parser.add_argument("--record", metavar="FILE", help="write the run to a file, to be measured or replayed again")
    parser.add_argument("--json", action="store_true", help="print JSON instead of tables")
    parser.add_argument("--output", metavar="FILE", help="write to a file, Markdown or (.json) JSON, too")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Runs it; returns the exit code."""
    from pic32bench.memory import measure  # with what it needs it would slow down every command's start
    from pic32bench.memory.bounds import with_bounds
    from pic32bench.memory.table import as_json, as_text, write

    recorded = args.image is not None and zipfile.is_zipfile(args.image)
    _check(args, recorded)
    problem: str | None = None
    steps: list[Step] = []
    if recorded:
        recording = Recording.load(args.image)
    else:
        recording, problem = _run(args, steps)
    if args.record is not None:
        _write(args.record, recording.save)
    with _progress() as say:
        say("measuring")
        name = Path(args.image).name if recorded else _image(args).name
        report = measure(recording, _symbols(args, recorded), args.budget, name, args.seconds)
    if not recorded:
        report = with_bounds(report, _image(args), args.symbols, args.budget)
    report = replace(
        report,
        session=tuple(step.what for step in steps if not step.left_out),
        left_out=tuple(str(step) for step in steps if step.left_out),
    )
    if args.output is not None:
        is_json = args.output.endswith(".json")
        text = json.dumps(as_json(report), indent=2) + "\n" if is_json else as_text(report, args.all)
        _write(args.output, lambda path: paths.write_whole(path, text.encode()))
    if args.json:
        print_json(as_json(report))
    else:
        write(report, terminal(), args.all)
    if problem:
        print(f"pic32bench: {problem}", file=sys.stderr)
    return 1 if problem or not report.fits else 0


def _check(args: argparse.Namespace, recorded: bool) -> None:
    """Finds what is wrong before anything is run. Raises UsageError."""
    from pic32bench.footprint.budget import load_budget
    from pic32bench.memory.firmware import Firmware

    if recorded:
        for option in ("application", "scenario", "until", "http_port", "ws_port", "record"):
            if getattr(args, option) is not None:
                named = option.upper() if option == "application" else f"--{option.replace('_', '-')}"
                raise UsageError(f"{named} is for an image that is to be run: {args.image} is the recording of a run")
    if args.symbols is not None:
        Firmware.read(Path(args.symbols))
    load_budget(args.budget)
    for option in ("record", "output"):
        path = getattr(args, option)
        if path is not None and not Path(path).absolute().parent.is_dir():
            raise UsageError(f"--{option} {path}: there is no such directory")


def _run(args: argparse.Namespace, steps: list[Step]) -> tuple[Recording, str | None]:
    """Puts the image through the session; returns the recording, and what went wrong."""
    from pic32bench.memory.session import ScenarioError, normal_session, own_session

    session = normal_session if args.scenario is None else own_session(args.scenario)
    with bench.start(args.board, args.image, network(args), args.seed, application=args.application) as board:
        problem = None
        with _progress() as say:
            say("running")
            try:
                for step in session(board):
                    steps.append(step)
                    say(f"running: {step.what}")
            except ScenarioError as error:
                problem = error.message
            left = _UNTIL if args.seconds is None else max(0.0, args.seconds - board.time)
            if args.until is not None and not problem:
                problem = _wait_for(board, args.until, left)
            elif args.seconds is not None:
                board.run_for(left)
        return board.recording(), problem


@contextmanager
def _progress() -> Iterator[Callable[[str], None]]:
    """A bar on stderr, if that is a terminal, and a function that says what is being done."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (BarColumn(), TimeElapsedColumn(), TextColumn("{task.description}"))
    with Progress(*columns, console=Console(stderr=True), transient=True, disable=not sys.stderr.isatty()) as progress:
        task = progress.add_task("", total=None)
        yield lambda text: progress.update(task, description=text)


def _wait_for(board: bench.Board, pattern: re.Pattern[str], left: float) -> str | None:
    """Runs until a text is seen, ``left`` virtual seconds at the longest; what to say if it was not."""

    def seen() -> bool | None:
        return pattern.search(board.console.text.replace("\r", "")) is not None or None

    if board.clock.wait_until(seen, left):
        return None
    return f"{pattern.pattern!r} was not seen in {board.time:g} s"


def _image(args: argparse.Namespace) -> Path:
    """The image whose use of RAM is measured."""
    return paths.image_file(args.application or args.image)


def _symbols(args: argparse.Namespace, recorded: bool) -> Path | None:
    """Where the names are; None: in the recording, if anywhere."""
    from pic32bench.memory.firmware import symbols_of

    if args.symbols is not None:
        return Path(args.symbols)
    return None if recorded else symbols_of(_image(args))


def _write(name: str, write_to: Callable[[Path], object]) -> None:
    """Writes a file. Raises UsageError."""
    try:
        write_to(Path(name))
    except OSError as error:
        raise UsageError(f"cannot write {name}: {error.strerror}") from error
