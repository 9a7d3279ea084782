# SPDX-License-Identifier: MIT
"""The command line of `make bench`."""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from pathlib import Path

from pic32bench import paths
from pic32bench.benchmark.boards import Boards
from pic32bench.benchmark.boot import Boot
from pic32bench.benchmark.figures import Session, Setup, Subject
from pic32bench.benchmark.instructions import Loop, Original, Reference, stock_missing
from pic32bench.benchmark.interrupts import Interrupts
from pic32bench.benchmark.on_the_wire import OnTheWire
from pic32bench.benchmark.report import as_json, comparison, conditions, load, table
from pic32bench.benchmark.snapshots import Snapshots
from pic32bench.benchmark.suites import Suites
from pic32bench.errors import BenchError, UsageError

SUBJECTS: tuple[type[Subject], ...] = (
    Loop,
    Original,
    Reference,
    Interrupts,
    Boot,
    Snapshots,
    OnTheWire,
    Boards,
    Suites,
)
_ORIGINAL_ENV = "PIC32BENCH_ORIGINAL_HEX"


def main(arguments: list[str] | None = None) -> int:
    """Measures and reports; returns the exit code: 0 measured, 1 the board failed, 2 wrong use."""
    names = [subject.name for subject in SUBJECTS]
    parser = argparse.ArgumentParser(prog="python -m pic32bench.benchmark", description="Measure speed.")
    parser.add_argument("--board", default=paths.DEFAULT_BOARD, metavar="NAME|FILE", help="board (%(default)s)")
    parser.add_argument("--image", type=Path, help="firmware of the demo's kind (the reference firmware)")
    parser.add_argument("--original", type=Path, help=f"the original demo's .hex (${_ORIGINAL_ENV})")
    parser.add_argument("--runs", type=int, default=5, metavar="N", help="how often all is measured (%(default)s)")
    parser.add_argument("--only", action="append", choices=names, help="measure this alone; may be given again")
    parser.add_argument("--without", action="append", choices=names, default=[], help="leave this out")
    parser.add_argument("--output", type=Path, metavar="FILE", help="write the result as JSON")
    parser.add_argument("--compare", type=Path, metavar="FILE", help="show what has changed since this JSON")
    options = parser.parse_args(arguments)
    if options.runs < 1:
        parser.error(f"--runs {options.runs}: at least 1 is needed")
    chosen = [one for one in SUBJECTS if one.name in (options.only or names) and one.name not in options.without]
    try:
        _measure(options, chosen)
    except BenchError as error:
        print(f"bench: {error.message}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        return 130
    return 0


def _measure(options: argparse.Namespace, chosen: list[type[Subject]]) -> None:
    old = load(options.compare) if options.compare else None
    paths.everything_built(options.image)
    session = Session()
    about = conditions()
    original = options.original or os.environ.get(_ORIGINAL_ENV)
    if original and not Path(original).is_file():
        raise UsageError(f"no original demo's image {original}: give the path of its .hex")
    with tempfile.TemporaryDirectory(prefix="pic32bench-") as folder:
        setup = Setup(options.board, options.image, Path(original) if original else None, Path(folder))
        session.measure([subject(setup) for subject in chosen], options.runs, _progress)
    if Loop in chosen and (reason := stock_missing()):
        session.missing["stock malta"] = reason
    print(table(session))
    if options.output:
        options.output.parent.mkdir(parents=True, exist_ok=True)
        options.output.write_text(json.dumps(as_json(session, about), indent=2) + "\n")
        print(f"written to {options.output}")
    if old:
        print(comparison(session, about, old))


def _progress(text: str) -> None:
    print(f"bench: {text}", file=sys.stderr, flush=True)
