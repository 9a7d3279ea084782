# SPDX-License-Identifier: MIT
"""`pic32bench calls`: who calls whom in a firmware, as a tree, a picture or data."""

from __future__ import annotations

import argparse
import contextlib
import sys
from pathlib import Path
from typing import Any

from rich.console import Console as Terminal

from pic32bench import bench, paths
from pic32bench.callgraph import picture as pictures
from pic32bench.callgraph.bound import Bounds
from pic32bench.callgraph.graph import CallGraph, Root, build
from pic32bench.callgraph.program import load
from pic32bench.callgraph.seen import by_function
from pic32bench.cli.stack import add_code_options, assumptions
from pic32bench.cli.tables import print_json
from pic32bench.errors import UsageError
from pic32bench.footprint.budget import load_budget
from pic32bench.network import choose
from pic32bench.recording import Recording

_DEFAULT_DEPTH = 4

_DESCRIPTION = """\
Draws what a function calls, read from the code of the image: for each function the size of its code, its own stack
frame, and the stack it needs with all that it calls. Without FUNCTION it begins at reset."""


def add_parser(subparsers: Any) -> None:
    """Adds the subcommand."""
    parser = subparsers.add_parser(
        "calls",
        help="the call graph of a function: tree, DOT, SVG",
        description=_DESCRIPTION,
        epilog="Exit codes: 0 drawn, 2 wrong use.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("image", metavar="IMAGE", help=".elf or .hex file")
    parser.add_argument("function", nargs="?", metavar="FUNCTION", help="by name, FILE:NAME, or address 0x...")
    parser.add_argument("--callers", action="store_true", help="who calls it, instead of what it calls")
    parser.add_argument(
        "--levels",
        type=_levels,
        default=_DEFAULT_DEPTH,
        metavar="N|all",
        help="how many calls away from it (%(default)s)",
    )
    add_code_options(parser)
    parser.add_argument("--seen", metavar="FILE", help="count the calls of a recording, or of a failed test's bundle")
    parser.add_argument(
        "--run", dest="session", action="store_true", help="run IMAGE through a normal session and count its calls"
    )
    parser.add_argument(
        "--board",
        default=paths.DEFAULT_BOARD,
        metavar="NAME|FILE",
        help="with --run, board in platforms/, or a board file (%(default)s)",
    )
    parser.add_argument(
        "--format", choices=("tree", "dot", "svg"), help="tree, dot or svg (what --output's name says, else tree)"
    )
    parser.add_argument("--output", "-o", metavar="FILE", help="write it to a file")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.set_defaults(run=run)


def _levels(text: str) -> int | None:
    if text == "all":
        return None
    if not text.isdigit():
        raise argparse.ArgumentTypeError(f"expected a number from 0 on, or all, found {text!r}")
    return int(text)


def _format(args: argparse.Namespace) -> str:
    """What to print: what --format says, or the ending of --output."""
    if args.format is not None:
        if args.json:
            raise UsageError(f"--json does not go with --format {args.format}")
        return str(args.format)
    ending = "" if args.output is None else Path(args.output).suffix.lower()
    return {".svg": "svg", ".dot": "dot", ".gv": "dot"}.get(ending, "tree")


def run(args: argparse.Namespace) -> int:
    """Runs it; returns the exit code."""
    form = _format(args)
    if args.seen is not None and args.session:
        raise UsageError("--seen is a run that was, --run a new one: give one of them")
    known = assumptions(args, load_budget(args.budget) if args.budget is not None else None)
    program = load(args.image, args.symbols)
    graph = build(program, known, [] if args.function is None else [args.function])
    bounds = Bounds(graph, known)
    kind = Root.RESET if args.function is None else Root.CHOSEN
    root = next((entry.function for entry in graph.entries if entry.kind is kind), None)
    if root is None:
        raise UsageError(f"{program.path}: there is no code at the reset vector: name a FUNCTION, or its address")
    counts = _counted(args, graph) if args.seen is not None or args.session else None
    drawn = pictures.picture(graph, bounds, root, args.levels, args.callers, counts)
    if args.json:
        print_json({"image": str(program.path), **pictures.as_json(drawn)})
        return 0
    text = "\n".join(pictures.tree(drawn)) + "\n" if form == "tree" else pictures.dot(drawn)
    if form == "svg":
        text = pictures.svg(text)
    if args.output is None:
        sys.stdout.write(text)
    else:
        try:
            paths.write_whole(Path(args.output), text.encode())
        except OSError as error:
            raise UsageError(f"cannot write {args.output}: {error.strerror}") from error
    return 0


def _counted(args: argparse.Namespace, graph: CallGraph) -> dict[tuple[int, int], int]:
    """The calls of a run, by functions."""
    from pic32bench.watch import WatchSpec, watch  # with what it needs it would slow down every command's start

    with Terminal(stderr=True).status("running") if sys.stderr.isatty() else contextlib.nullcontext():
        recording = _run(args) if args.session else Recording.load(args.seen)
        seen = watch(recording, WatchSpec(calls=True))
    counts = by_function(graph, seen.edges, seen.jumps)
    if not counts:
        run = args.seen or "the run"
        raise UsageError(f"{run} has no call that is one of {graph.program.path}: is it of another image?")
    return counts


def _run(args: argparse.Namespace) -> Recording:
    """A normal session with the image, as `pic32bench memory` has it."""
    from pic32bench.memory.session import normal_session

    with bench.start(args.board, args.image, choose("wire")) as board:
        for _ in normal_session(board):
            pass
        return board.recording()
