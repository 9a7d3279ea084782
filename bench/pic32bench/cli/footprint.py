# SPDX-License-Identifier: MIT
"""``pic32bench footprint``: what the firmware costs, against a table of what it may cost."""

from __future__ import annotations

import argparse
import json
import sys
from typing import TYPE_CHECKING

from pic32bench.errors import BenchError
from pic32bench.footprint import measure
from pic32bench.footprint.budget import DEFAULT_BUDGET
from pic32bench.footprint.table import as_json, write_table

if TYPE_CHECKING:
    Subparsers = argparse._SubParsersAction[argparse.ArgumentParser]

_DESCRIPTION = """\
Compare the functions and variables of an ELF (or a linker MAP) with a table of what each may cost.
Exit code 0: everything fits; 1: a row is over its size; 2: an image or table that cannot be read."""


def add_parser(subparsers: Subparsers) -> None:
    """Add the subcommand."""
    parser = subparsers.add_parser(
        "footprint",
        help="the footprint table of an ELF or MAP against a budget",
        description=_DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("image", metavar="IMAGE", help="firmware image: .elf, or GNU ld's .map")
    parser.add_argument("--budget", metavar="FILE", help=f"table in TOML (default: {DEFAULT_BUDGET} of the project)")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Run the subcommand; returns the exit code."""
    try:
        report = measure(args.image, args.budget)
    except BenchError as error:
        print(f"pic32bench footprint: {error.message}", file=sys.stderr)
        return 2
    if args.json:
        json.dump(as_json(report), sys.stdout, indent=2)
        print()
    else:
        write_table(report, sys.stdout)
    return 0 if report.fits else 1
