# SPDX-License-Identifier: MIT
"""``pic32bench shrink``: the smallest values of build options at which everything still passes."""

from __future__ import annotations

import argparse
import json
import sys
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console as Terminal
from rich.markup import escape
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from pic32bench import paths
from pic32bench.board import BoardDescription, load
from pic32bench.cli.board_options import regex, seconds
from pic32bench.cli.worker_options import add_worker_options, workers
from pic32bench.errors import UsageError

if TYPE_CHECKING:
    from pic32bench.shrink.build import Builder
    from pic32bench.shrink.options import Option
    from pic32bench.shrink.plan import Plan
    from pic32bench.shrink.report import Report
    from pic32bench.shrink.session import Shrink
    from pic32bench.shrink.state import State

    Subparsers = argparse._SubParsersAction[argparse.ArgumentParser]

STATE_FOLDER = Path("build/shrink")
BASELINE = paths.project_root() / "firmware" / "shrink-baseline.json"
FIRMWARE_SUITES = ("robot", "autobahn")
BOOT_SECONDS = 30.0
_PIPED_WIDTH = 200

_DESCRIPTION = """\
Builds the firmware with other values of an integer build option, tries each image, and finds the smallest value that
passes everything and keeps the floors of speed. It does not trust that what works with less works with more. Several
options together give a front of RAM against speed. All speeds are in the board's time and repeat exactly.

  pic32bench shrink WS_BUFFER_SIZE
  pic32bench shrink WS_BUFFER_SIZE=160..4096/16 --plot sizes.svg
  pic32bench shrink WS_BUFFER_SIZE MEM_SIZE PBUF_POOL_SIZE TCP_WND --points 120 --workers 2
  pic32bench shrink BUF=64..1024 --build-command 'make BUF={value}' --image out/app.elf --until 'ready'"""

_EPILOG = """\
Ctrl-C keeps what was done, and --resume goes on. docs/shrink.md says how it works.
Exit codes: 0 found (or --check: all minima hold), 1 nothing passes (or a minimum has grown), 2 wrong use."""


def add_parser(subparsers: Subparsers) -> None:
    """Adds the subcommand."""
    parser = subparsers.add_parser(
        "shrink",
        help="smallest buffers at which every suite still passes",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "options", nargs="*", metavar="OPTION", help="NAME, NAME=LOW..HIGH, NAME=LOW..HIGH/STEP or NAME=VALUE,VALUE,..."
    )
    values = parser.add_argument_group("values of the only option")
    values.add_argument("--from", dest="low", type=int, metavar="N", help="the smallest (1)")
    values.add_argument("--to", dest="high", type=int, metavar="N", help="the largest (as shipped)")
    values.add_argument("--step", type=int, metavar="N", help="from the largest down in such steps (1)")
    values.add_argument("--values", metavar="N,N,...", help="these and no others")
    floors = parser.add_argument_group("floors")
    floors.add_argument("--min-frame-rate", type=float, metavar="N", help="stream frames a second, of three clients")
    floors.add_argument("--min-throughput", type=float, metavar="MBIT", help="Mbit/s, of HTTP and of WebSocket echoes")
    floors.add_argument("--min-http", type=float, metavar="MBIT", help="Mbit/s of HTTP alone")
    floors.add_argument("--min-websocket", type=float, metavar="MBIT", help="Mbit/s of WebSocket echoes alone")
    floors.add_argument(
        "--keep", type=float, default=90.0, metavar="PERCENT", help="other floors: of what is shipped (%(default)g %%)"
    )
    trials = parser.add_argument_group("trials")
    trials.add_argument(
        "--suites",
        action="append",
        metavar="PATH",
        help="full set: Robot suites or pytest files, or autobahn (all of robot/, and autobahn)",
    )
    trials.add_argument("--board", default=paths.DEFAULT_BOARD, metavar="NAME|FILE", help="board (%(default)s)")
    trials.add_argument("--seed", type=int, default=1, metavar="N", help="of the chip's random numbers (%(default)s)")
    other = parser.add_argument_group("firmware that others build")
    other.add_argument(
        "--build-command", metavar="COMMAND", help="builds it; {value}, or {NAME} of each option, is put in"
    )
    other.add_argument("--image", metavar="PATH", help="the image that the command makes; {value} and {NAME} work too")
    other.add_argument("--copy", action="store_true", help="build in a copy of the working directory, not in it")
    other.add_argument(
        "--until",
        type=regex,
        metavar="REGEX",
        help="what its console must say (without it: the cheap checks that apply)",
    )
    other.add_argument(
        "--for",
        dest="seconds",
        type=seconds,
        metavar="SECONDS",
        help=f"in so many virtual seconds ({BOOT_SECONDS:g})",
    )
    run = parser.add_argument_group("the run")
    run.add_argument("--points", type=int, metavar="N", help="limit of points to try (80; 100 for several options)")
    add_worker_options(run)
    run.add_argument("--state", metavar="FILE", help=f"where results are kept ({STATE_FOLDER}/OPTION.json)")
    run.add_argument("--resume", action="store_true", help="go on with what the state holds")
    net = parser.add_argument_group("the regression net")
    net.add_argument(
        "--save-baseline",
        nargs="?",
        const=BASELINE,
        type=Path,
        metavar="FILE",
        help="write what was proven, beside other options (firmware/shrink-baseline.json)",
    )
    net.add_argument(
        "--check",
        nargs="?",
        const=BASELINE,
        type=Path,
        metavar="FILE",
        help="try proven minima again, all or those of given options; with --suites the full set too",
    )
    report = parser.add_argument_group("the report")
    report.add_argument("--all", action="store_true", help="several options: list all points, not the front alone")
    report.add_argument("--json", action="store_true", help="print JSON instead of a table")
    report.add_argument("--markdown", metavar="FILE", help="write it as Markdown too")
    report.add_argument("--plot", action="append", metavar="FILE", help="draw it, .png or .svg; may be given twice")
    parser.set_defaults(run=run_command)


def run_command(args: argparse.Namespace) -> int:
    """Runs it; returns the exit code. Raises BenchError."""
    from pic32bench.shrink.plot import check_plot, plot
    from pic32bench.shrink.state import State, alone

    if args.build_command is not None and BASELINE in (args.check, args.save_baseline):
        raise UsageError("that file is the reference firmware's: give a baseline of your own, --check FILE")
    if args.check is not None:
        return _check(args)
    if not args.options:
        raise UsageError("shrink what? Give a build option, such as WS_BUFFER_SIZE")
    options = _options(args)
    plots = [Path(name) for name in args.plot or ()]
    for path in plots:
        check_plot(path)
    names = tuple(option.name for option in options)
    state_path = Path(args.state) if args.state else STATE_FOLDER / f"{'+'.join(names)}.json"
    state = State(state_path, names)
    folder = state_path.with_suffix("").absolute()
    with ExitStack() as stack:
        stack.enter_context(alone(folder))
        if args.resume:
            state.load()
        shrink = _prepare(args, options, state, folder, stack)
        try:
            report = _run(shrink)
        except KeyboardInterrupt:
            print(f"pic32bench: stopped; {len(state.tried)} points are kept: --resume goes on", file=sys.stderr)
            raise
    _show(args, report)
    for path in plots:
        plot(report, path)
    if args.save_baseline is not None and report.minimum is not None:
        from pic32bench.shrink import baseline

        baseline.save(args.save_baseline, names[0], baseline.proof(report, state))
    return 0 if report.minimum is not None else 1


def _check(args: argparse.Namespace) -> int:
    """Holds proven minima against what there is now; returns the exit code."""
    from pic32bench.shrink import baseline
    from pic32bench.shrink.options import firmware_options, read_option
    from pic32bench.shrink.search import CHEAP, FULL
    from pic32bench.shrink.state import alone

    proofs = baseline.load(args.check)
    known = None if args.build_command is not None else firmware_options()
    shipped = dict(known or {})
    wanted = []
    for text in args.options:
        name, given, _ = text.partition("=")
        wanted.append(name)
        if given:  # of firmware that others build, only they know
            shipped[name] = read_option(text, known).shipped
    lost = [name for name in wanted if name not in proofs]
    if lost:
        raise UsageError(f"{args.check} has no {lost[0]}: it has {', '.join(proofs)}")
    proofs = {name: proven for name, proven in proofs.items() if name in wanted or not wanted}
    gone = [name for name in proofs if known is not None and name not in known]
    if gone:
        raise UsageError(f"{args.check} has {gone[0]}, which is no build option of the firmware any more")
    if known is None and len(proofs) > 1:
        raise UsageError(f"{args.check} has {', '.join(proofs)}: say which one the build command takes")
    folder = (STATE_FOLDER / "check").absolute()
    with ExitStack() as stack:
        stack.enter_context(alone(folder))
        builder, plan = _trials(args, tuple(proofs), folder)
        stack.callback(builder.close)
        who = stack.enter_context(workers(args))
        progress = stack.enter_context(_progress("trying minima", "of {task.total} options; {task.fields[what]}"))
        bar = progress.add_task("", total=len(proofs), what="building")

        def watch(done: int, option: str) -> None:
            progress.update(bar, completed=done, what=escape(option))

        findings = baseline.check(proofs, shipped, builder, plan, who, FULL if args.suites else CHEAP, watch)
    if args.json:
        json.dump(baseline.as_json(findings), sys.stdout, indent=2)
        print()
    else:
        baseline.write_table(findings, _terminal())
    return 0 if all(found.passed for found in findings) else 1


def _options(args: argparse.Namespace) -> tuple[Option, ...]:
    from pic32bench.shrink.options import firmware_options, read_option

    known = None if args.build_command is not None else firmware_options()
    alone = (args.low, args.high, args.step, args.values)
    if len(args.options) > 1 and any(each is not None for each in alone):
        raise UsageError("--from, --to, --step and --values are for one option: write NAME=LOW..HIGH of several")
    options = tuple(read_option(text, known, *alone) for text in args.options)
    names = [option.name for option in options]
    if len(set(names)) < len(names):
        raise UsageError(f"{max(names, key=names.count)} is given twice")
    return options


def _prepare(
    args: argparse.Namespace, options: tuple[Option, ...], state: State, folder: Path, stack: ExitStack
) -> Shrink:
    """Everything checked and ready, and nothing tried yet. Raises UsageError."""
    from pic32bench.shrink import front, search
    from pic32bench.shrink.session import Shrink
    from pic32bench.snapshot.store import bench_digest

    limit = args.points
    if limit is None:
        limit = search.DEFAULT_POINTS if len(options) == 1 else front.DEFAULT_POINTS
    if limit < 2:
        raise UsageError(f"--points {limit}: expected 2 or more")
    if not 0 <= args.keep <= 100:
        raise UsageError(f"--keep {args.keep:g}: expected a percentage, 0 to 100")
    builder, plan = _trials(args, tuple(option.name for option in options), folder)
    stack.callback(builder.close)
    state.depends_on("emulator", paths.file_digest(paths.emulator_binary()))
    state.depends_on("bench", bench_digest())
    state.depends_on("board", plan.trials[0].settings.board)
    throughput = {"http": args.min_throughput, "websocket": args.min_throughput}
    given_floors = {"frame_rate": args.min_frame_rate, "http": args.min_http, "websocket": args.min_websocket}
    floors = {name: throughput.get(name) if value is None else value for name, value in given_floors.items()}
    return Shrink(
        options=options,
        builder=builder,
        plan=plan,
        workers=stack.enter_context(workers(args)),
        state=state,
        limit=limit,
        floors={name: value for name, value in floors.items() if value is not None},
        share=args.keep / 100,
    )


def _trials(args: argparse.Namespace, names: tuple[str, ...], folder: Path) -> tuple[Builder, Plan]:
    """Who builds with values of these options, and what an image must pass. Raises UsageError."""
    from pic32bench.shrink.build import LARGE_ASSET, CommandBuild, FirmwareBuild
    from pic32bench.shrink.plan import command_plan, firmware_plan
    from pic32bench.shrink.task import Settings

    description = load(args.board)
    settings = Settings("", board=_travelling(args.board, description), seed=args.seed)
    paths.emulator_binary()
    paths.station_library()
    if args.build_command is not None:
        if args.image is None:
            raise UsageError("--build-command goes with --image PATH: where does it put the image?")
        until = "" if args.until is None else args.until.pattern
        settings = replace(settings, until=until, seconds=args.seconds or BOOT_SECONDS)
        builder = CommandBuild(args.build_command, args.image, names, description.chip, args.copy)
        return builder, command_plan(settings, _suites(args) if args.suites else ())
    given = [name for name in ("image", "until", "seconds") if getattr(args, name) is not None]
    given = [{"seconds": "for"}.get(name, name) for name in given] + ["copy"] * args.copy
    if given:
        raise UsageError(f"--{given[0]} goes with --build-command: the reference firmware is built as it is")
    firmware = FirmwareBuild(folder, description.chip)
    settings = replace(settings, assets=firmware.assets(), large_asset=f"/{LARGE_ASSET}")
    return firmware, firmware_plan(settings, _suites(args))


def _suites(args: argparse.Namespace) -> tuple[str, ...]:
    """The full set. Autobahn's testsuite is left out where it cannot run and was not asked for. Raises UsageError."""
    from pic32bench.conformance.environment import find_python2
    from pic32bench.shrink.plan import AUTOBAHN

    suites = tuple(args.suites or FIRMWARE_SUITES)
    try:
        if AUTOBAHN in suites:
            find_python2()
    except UsageError as error:
        if args.suites:
            raise
        if args.check is None:
            print(f"pic32bench: the full set goes without Autobahn's testsuite: {error.message}", file=sys.stderr)
        return tuple(suite for suite in suites if suite != AUTOBAHN)
    return suites


def _run(shrink: Shrink) -> Report:
    """Runs it behind a progress bar."""
    with _progress(
        "shrinking", "of at most {task.total} points, {task.fields[passing]} pass; {task.fields[what]}"
    ) as progress:
        bar = progress.add_task("", total=shrink.limit, passing=0, what="building")

        def watch(points: int, passing: int, what: str) -> None:
            progress.update(bar, completed=points, passing=passing, what=escape(what))

        shrink.watch = watch
        return shrink.run()


def _progress(doing: str, done: str) -> Progress:
    """A bar on stderr, if that is a terminal."""
    return Progress(
        TextColumn(doing),
        BarColumn(),
        TextColumn(f"{{task.completed}} {done}"),
        TimeElapsedColumn(),
        console=Terminal(stderr=True),
        transient=True,
        disable=not sys.stderr.isatty(),
    )


def _show(args: argparse.Namespace, report: Report) -> None:
    if args.markdown is not None:
        try:
            paths.write_whole(Path(args.markdown), report.markdown(args.all).encode())
        except OSError as error:
            raise UsageError(f"--markdown {args.markdown}: {error.strerror}") from None
    if args.json:
        json.dump(report.as_json(), sys.stdout, indent=2)
        print()
        return
    report.write_table(_terminal(), args.all)


def _terminal() -> Terminal:
    wide = {} if sys.stdout.isatty() else {"width": _PIPED_WIDTH}
    return Terminal(file=sys.stdout, highlight=False, emoji=False, **wide)  # type: ignore[arg-type]


def _travelling(name: str, description: BoardDescription) -> str:
    """A board as a task can take it along: the name of one that is in the project, else the board file's text."""
    if not name.endswith(".toml") and "/" not in name:
        return name
    return description.path.read_text()
