# SPDX-License-Identifier: MIT
"""`pic32bench sfr`: which registers a firmware touches, and which of them the emulator only stores."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from rich.console import Console as Terminal
from rich.markup import escape
from rich.progress import BarColumn, Progress, TextColumn

from pic32bench import bench
from pic32bench.cli.board_options import add_board_options, network
from pic32bench.cli.tables import print_json, table, terminal
from pic32bench.code_map import CodeMap
from pic32bench.errors import UsageError
from pic32bench.network import NoNetwork
from pic32bench.sfr_use import MODELLED, RESERVED, STORAGE, SfrReport, Touched, sfr_report, shares, short_name

DEFAULT_SECONDS = 10.0
_STEP = 0.1  # virtual seconds between two moves of the progress bar

_DESCRIPTION = """\
Runs an image on an emulated board for some virtual seconds and lists the special function registers that it touched:
modelled (the emulator does what the chip does), storage (it keeps what is written and nothing comes of it), reserved
(the chip has no register there). What is not modelled is listed in full, with the place of the first access."""


def add_parser(subparsers: Any) -> None:
    """Adds the subcommand."""
    parser = subparsers.add_parser(
        "sfr",
        help="which registers the firmware touched, and which of them are only storage",
        description=_DESCRIPTION,
        epilog="Exit codes: 0 passed, 1 failed (--until not seen, --strict, emulator died), 2 wrong use.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("image", nargs="?", metavar="IMAGE", help=".hex or .elf file (the reference firmware)")
    parser.add_argument(
        "application", nargs="?", metavar="APPLICATION", help="a second image: what IMAGE, a bootloader, starts"
    )
    add_board_options(parser)
    parser.add_argument(
        "--symbols", metavar="FILE", help=".elf or .map that names the functions (IMAGE, or one of its name beside it)"
    )
    parser.add_argument("--all", action="store_true", help="list the modelled registers one by one too")
    parser.add_argument(
        "--strict", action="store_true", help="exit 1 when the firmware touched a register that is not modelled"
    )
    parser.add_argument(
        "--chip", action="store_true", help="run nothing; tell how many of the chip's registers are modelled"
    )
    parser.add_argument("--json", action="store_true", help="print JSON instead of tables")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Runs it; returns the exit code."""
    if args.chip:
        return _chip(args)
    seconds = DEFAULT_SECONDS if args.seconds is None else args.seconds
    if args.symbols is not None:
        CodeMap(Path(args.symbols))  # a wrong file is told before the run, not after it
    with bench.start(args.board, args.image, network(args), args.seed, application=args.application) as board:
        seen = _run_for(board, seconds, args)
        report = sfr_report(board, args.symbols)
    if args.json:
        print_json({"image": str(board.image.path), "board": board.description.name, **report.as_json()})
    else:
        _print_report(report, board, args)
    if args.until is not None and not seen:
        print(f"pic32bench: {args.until.pattern!r} was not seen in {report.seconds:g} s", file=sys.stderr)
        return 1
    return 1 if args.strict and report.leaned_on else 0


def _run_for(board: bench.Board, seconds: float, args: argparse.Namespace) -> bool:
    """Runs the board, until --until is seen at the longest; whether it was. Ctrl-C ends it early."""

    def seen() -> bool | None:
        text = board.console.text.replace("\r", "")
        return True if args.until is not None and args.until.search(text) else None

    progress = Progress(
        TextColumn("running"),
        BarColumn(),
        TextColumn("{task.completed:.1f} of {task.total:g} s"),
        console=Terminal(stderr=True),
        transient=True,
        disable=not sys.stderr.isatty(),
    )
    try:
        with progress:
            task = progress.add_task("running", total=seconds)
            while (left := seconds - board.time) > 0:
                if board.clock.wait_until(seen, min(_STEP, left)):
                    return True
                progress.update(task, completed=board.time)
    except KeyboardInterrupt:
        print(f"pic32bench: stopped at {board.clock.last_ns / 1e9:.3f} s", file=sys.stderr)
    return seen() is not None


def _print_report(report: SfrReport, board: bench.Board, args: argparse.Namespace) -> None:
    out = terminal()
    out.print(
        f"{escape(board.image.path.name)} on {escape(board.description.name)}, {report.seconds:.3g} virtual seconds"
    )
    modelled = report.of_kind(MODELLED)
    if args.all:
        _print_registers(out, "modelled", modelled)
    elif modelled:
        _print_devices(out, report)
    _print_registers(out, "storage only", report.of_kind(STORAGE))
    _print_registers(out, "reserved", report.of_kind(RESERVED))
    counts = ", ".join(f"{len(report.of_kind(kind))} {kind}" for kind in (MODELLED, STORAGE, RESERVED))
    out.print(f"{len(report.registers)} registers touched: {counts}", soft_wrap=True)


def _print_devices(out: Terminal, report: SfrReport) -> None:
    rows = table(out)
    for column in ("registers", "reads", "writes"):
        rows.add_column(column, justify="right", no_wrap=True)
    rows.add_column("modelled", no_wrap=True)
    for device, touched in report.per_device().items():
        reads, writes = sum(each.use.reads for each in touched), sum(each.use.writes for each in touched)
        rows.add_row(str(len(touched)), str(reads), str(writes), escape(short_name(device)))
    out.print(rows)


def _print_registers(out: Terminal, title: str, registers: list[Touched]) -> None:
    if not registers:
        return
    rows = table(out)
    rows.add_column("address", no_wrap=True)
    rows.add_column("reads", justify="right", no_wrap=True)
    rows.add_column("writes", justify="right", no_wrap=True)
    rows.add_column(title, no_wrap=True)
    rows.add_column("first access", overflow="fold")
    for touched in registers:
        use = touched.use
        name = use.register or "-"
        rows.add_row(f"{use.address:08X}", str(use.reads), str(use.writes), name, escape(touched.first))
    out.print(rows)


def _chip(args: argparse.Namespace) -> int:
    if args.image is not None or args.strict or args.until is not None:
        raise UsageError("--chip runs nothing: give it without IMAGE, --until and --strict")
    with bench.start(args.board, None, NoNetwork(), args.seed) as board:
        registers = board.sfr_map()
    devices = shares(registers)
    total = {kind: sum(counts.get(kind, 0) for counts in devices.values()) for kind in (MODELLED, STORAGE)}
    if args.json:
        listed = [vars(register) for register in registers]
        print_json({"chip": board.description.chip.name, **total, "devices": devices, "registers": listed})
        return 0
    out = terminal()
    rows = table(out)
    for column in (MODELLED, STORAGE):
        rows.add_column(column, justify="right", no_wrap=True)
    rows.add_column("device", no_wrap=True)
    for device, counts in devices.items():
        rows.add_row(str(counts[MODELLED]), str(counts[STORAGE]), escape(device))
    out.print(rows)
    share = total[MODELLED] / max(len(registers), 1)
    out.print(
        f"{board.description.chip.name}: {len(registers)} registers, {total[MODELLED]} modelled ({share:.1%}), "
        f"{total[STORAGE]} storage only",
        soft_wrap=True,
    )
    return 0
