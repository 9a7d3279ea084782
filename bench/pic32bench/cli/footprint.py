# SPDX-License-Identifier: MIT
"""``pic32bench footprint``: what the firmware costs, against a table of what it may cost, or against another build."""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from pic32bench.errors import BenchError, UsageError
from pic32bench.footprint.budget import DEFAULT_BUDGET
from pic32bench.paths import write_whole

if TYPE_CHECKING:
    from pic32bench.footprint.difference import Difference
    from pic32bench.footprint.measure import Report
    from pic32bench.footprint.view import View

    Subparsers = argparse._SubParsersAction[argparse.ArgumentParser]

_FORMATS = ("table", "markdown", "json", "html")
_DESCRIPTION = """\
Compare the functions and variables of an ELF (or a linker MAP) with a table of what each may cost, list what no row of
the table names, and check limits. With --diff show what changed between two images."""
_EPILOG = """\
Exit codes: 0 everything fits; 1 a row, a limit or --max-growth is exceeded; 2 an image or table that cannot be read."""


def add_parser(subparsers: Subparsers) -> None:
    """Add the subcommand."""
    parser = subparsers.add_parser(
        "footprint",
        help="the footprint table of an ELF or MAP against a budget",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("image", nargs="?", metavar="IMAGE", help="firmware image: .elf, or GNU ld's .map")
    parser.add_argument(
        "--budget",
        metavar="FILE",
        help=f"table in TOML (default: {DEFAULT_BUDGET} of the project; with --diff none)",
    )
    parser.add_argument("--diff", nargs=2, metavar=("OLD", "NEW"), help="compare two images, each .elf or .map")
    parser.add_argument(
        "--max-growth", type=_bytes, metavar="BYTES", help="with --diff: how much more RAM or flash NEW may take"
    )
    parser.add_argument("--format", choices=_FORMATS, help="how to print it (default: table)")
    parser.add_argument("--json", action="store_true", help="the same as --format json")
    parser.add_argument("--output", metavar="FILE", help="write it there instead of to the terminal")
    parser.set_defaults(run=run)


def _bytes(text: str) -> int:
    try:
        value = int(text, 0)
    except ValueError:
        value = -1
    if value < 0:
        raise argparse.ArgumentTypeError(f"{text!r}: expected a number of bytes, 0 or more")
    return value


def run(args: argparse.Namespace) -> int:
    """Run the subcommand; returns the exit code."""
    try:
        _check(args)
        return _compare(args) if args.diff else _measure(args)
    except BenchError as error:
        print(f"pic32bench footprint: {error.message}", file=sys.stderr)
        return error.exit_code


def _check(args: argparse.Namespace) -> None:
    """Raises UsageError for options that do not go together."""
    if (args.image is None) == (args.diff is None):
        raise UsageError("give an IMAGE, or --diff OLD NEW" if args.image is None else "--diff takes no other IMAGE")
    if args.max_growth is not None and args.diff is None:
        raise UsageError("--max-growth goes with --diff OLD NEW")
    if args.json and args.format not in (None, "json"):
        raise UsageError(f"--json does not go with --format {args.format}")


def _measure(args: argparse.Namespace) -> int:
    from pic32bench.footprint.measure import measure
    from pic32bench.footprint.view import report_view

    report = measure(args.image, args.budget)
    _write(args, [report_view(report, everything=_format(args) != "table")], report, None)
    return 0 if report.fits else 1


def _compare(args: argparse.Namespace) -> int:
    from pic32bench.footprint.budget import load_budget
    from pic32bench.footprint.difference import compare
    from pic32bench.footprint.measure import measure_layout
    from pic32bench.footprint.view import difference_view, report_view

    table = load_budget(args.budget) if args.budget else None
    difference = compare(*args.diff)
    report = measure_layout(difference.new, table) if table else None
    everything = _format(args) == "html"
    views = [difference_view(difference, args.max_growth, everything)]
    if report is not None:
        views.append(report_view(report, everything))
    _write(args, views, report, difference)
    return 0 if all(view.fine for view in views) else 1


def _format(args: argparse.Namespace) -> str:
    return "json" if args.json else args.format or "table"


def _write(args: argparse.Namespace, views: list[View], report: Report | None, difference: Difference | None) -> None:
    """Print or write views in the format that was asked for; a report, a difference, or a difference and its report."""
    from pic32bench.footprint.data import difference_data, report_data
    from pic32bench.footprint.markdown import as_markdown
    from pic32bench.footprint.page import difference_page, report_page
    from pic32bench.footprint.table import write_table

    with _output(args.output) as stream:
        match _format(args):
            case "table":
                for view in views:
                    write_table(view, stream)
            case "markdown":
                stream.write("\n".join(map(as_markdown, views)))
            case "json":
                data = difference_data(difference, args.max_growth) if difference else {}
                if report is not None:
                    data = {**data, "budget": report_data(report)} if difference else report_data(report)
                json.dump(data, stream, indent=2)
                stream.write("\n")
            case _:
                page = difference_page(difference, views) if difference else None
                if page is None and report is not None:
                    page = report_page(report, views)
                stream.write(page or "")


@contextlib.contextmanager
def _output(path: str | None) -> Iterator[TextIO]:
    """The terminal, or a file that appears under its name only when it is whole."""
    if path is None:
        yield sys.stdout
        return
    target = Path(path)
    if target.is_dir():
        raise UsageError(f"{path}: a folder: expected a file that can be written")
    text = io.StringIO()
    yield text
    try:
        write_whole(target, text.getvalue().encode())
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}: expected a file that can be written") from None
