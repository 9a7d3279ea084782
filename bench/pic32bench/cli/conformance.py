# SPDX-License-Identifier: MIT
"""`pic32bench conformance`: Autobahn's testsuite against the WebSocket server of a firmware."""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from pic32bench import bench, paths
from pic32bench.cli.board_options import regex, seconds
from pic32bench.cli.tables import print_json, terminal
from pic32bench.errors import UsageError

if TYPE_CHECKING:
    from pic32bench.conformance.results import CaseResult
    from pic32bench.conformance.server import Server

OUTPUT = Path("build/conformance")
BASELINE = paths.project_root() / "firmware" / "conformance" / "default.json"
_REPORT = "index.html"

_DESCRIPTION = """\
Runs Autobahn's fuzzing client against the WebSocket server of an image: cases 1 to 7, 9 and 10, 301 in all, which are
everything but compression. The board is on network user, and Autobahn's time-outs count in the board's own time.
Without an image it is the reference firmware.

  pic32bench conformance
  pic32bench conformance path/to/firmware.hex --port 80 --resource /ws --cases '1.*,6.4.*'
  pic32bench conformance --url ws://192.168.1.20:8088/echo"""

_EPILOG = """\
Autobahn's testsuite needs a Python 2.7; docs/conformance.md says more.
Exit codes: 0 all cases are OK, NON-STRICT or INFORMATIONAL, or, with a baseline, no case is worse; 1 some are; 2 wrong
use."""


def add_parser(subparsers: Any) -> None:
    """Adds the subcommand."""
    parser = subparsers.add_parser(
        "conformance",
        help="Autobahn's testsuite against the firmware's WebSocket server",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("image", nargs="?", metavar="IMAGE", help=".hex or .elf file (the reference firmware)")
    parser.add_argument(
        "application", nargs="?", metavar="APPLICATION", help="a second image: what IMAGE, a bootloader, starts"
    )
    parser.add_argument(
        "--cases", action="append", metavar="CASE,...", help="cases such as 1.*, 6.4.* or 7.1.1 (1.* to 7.*, 9.*, 10.*)"
    )
    parser.add_argument("--board", default=paths.DEFAULT_BOARD, metavar="NAME|FILE", help="board (%(default)s)")
    parser.add_argument("--port", type=int, metavar="PORT", help="the board's port of the WebSocket server (8088)")
    parser.add_argument("--resource", metavar="PATH", help="path of its URL (/echo)")
    parser.add_argument(
        "--until",
        type=regex,
        metavar="REGEX",
        help="what the console says once it listens (without: it is connected to)",
    )
    parser.add_argument("--url", metavar="URL", help="a server elsewhere, as on a real board; time is the wall clock's")
    parser.add_argument(
        "--pause", type=seconds, default=0.0, metavar="SECONDS", help="let so much time pass between two cases (none)"
    )
    parser.add_argument("--seed", type=int, default=1, metavar="N", help="of the chip's random numbers (%(default)s)")
    parser.add_argument(
        "--baseline",
        type=Path,
        metavar="FILE",
        help="fail when a case is worse than there (without an image: firmware/conformance/default.json)",
    )
    parser.add_argument("--save-baseline", type=Path, metavar="FILE", help="write the results, to be a baseline")
    parser.add_argument(
        "--output", type=Path, metavar="DIR", help=f"Autobahn's own report ({OUTPUT}/ and the image's name)"
    )
    parser.add_argument("--python2", metavar="FILE", help="a Python 2.7 ($PYTHON2, or one in PATH or of pyenv)")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Runs it; returns the exit code. Raises BenchError."""
    from pic32bench.conformance import baseline, environment
    from pic32bench.conformance.client import FuzzingClient
    from pic32bench.conformance.results import DEFAULT_CASES, chosen
    from pic32bench.conformance.run import run as run_cases
    from pic32bench.conformance.table import as_json, write

    _check(args)
    held = None if args.baseline is None else baseline.load(args.baseline)
    python2 = environment.find_python2(args.python2)
    begin = time.monotonic()
    with ExitStack() as stack:
        say = stack.enter_context(_progress())
        python = environment.environment(python2, say)
        say("starting")
        client = stack.enter_context(FuzzingClient(python, _name(args)))
        cases = chosen(client.cases, _patterns(args.cases) or DEFAULT_CASES)
        server = stack.enter_context(_server(args))

        def watch(case: str, done: list[CaseResult]) -> None:
            say(_state(case, done), len(done), len(cases))

        results = run_cases(client, server, cases, watch, args.pause)
        say("writing Autobahn's report")
        with _written_whole(args.output) as folder:
            client.report(folder)
    wall = time.monotonic() - begin
    if args.save_baseline is not None:
        baseline.save(args.save_baseline, _digest(args), client.version, results)
    changed = [] if held is None else baseline.changes(results, held)
    worse = [change for change in changed if change.worse]
    passed = not worse and all(one.grade.good for one in results if held is None or one.case not in held.cases)
    report = args.output / _REPORT
    if args.json:
        data = {"passed": passed, "testsuite": client.version, "image": _name(args), "report": str(report)}
        told = {name: [str(one) for one in changed if one.worse is (name == "worse")] for name in ("worse", "better")}
        print_json({**data, "wall": wall, **told, **as_json(results, client.sections)})
        return 0 if passed else 1
    write(results, client.sections, terminal())
    for change in changed:
        print(f"{'worse' if change.worse else 'better'}: {change}")
    good = sum(one.grade.good for one in results)
    print(f"{good} of {len(results)} cases are OK, NON-STRICT or INFORMATIONAL, in {wall:.0f} s")
    print(f"Autobahn's report: {report}")
    return 0 if passed else 1


def _check(args: argparse.Namespace) -> None:
    """Finds what is wrong before anything is run, and sets what was not given. Raises UsageError."""
    if args.baseline is None and args.image is None and args.url is None and BASELINE.is_file():
        args.baseline = BASELINE
    if args.output is None:
        args.output = OUTPUT / ("elsewhere" if args.url is not None else Path(_name(args)).stem)
    if _patterns(args.cases) == [] and args.cases:
        raise UsageError("--cases names no case: expected some such as 1.* or 7.1.1")
    if args.port is not None and not 1 <= args.port <= 65535:
        raise UsageError(f"--port {args.port}: expected 1 to 65535")
    if args.resource is not None and not args.resource.startswith("/"):
        raise UsageError(f"--resource {args.resource}: expected a path that begins with /")
    if args.save_baseline is not None and not args.save_baseline.absolute().parent.is_dir():
        raise UsageError(f"--save-baseline {args.save_baseline}: there is no such directory")
    if args.output.exists() and not _is_report(args.output):
        raise UsageError(f"--output {args.output} holds something else than a report: name a new directory")
    if args.url is None:
        bench.check(args.board, args.image, "user", args.seed, application=args.application)
        return
    for name in ("image", "port", "resource", "until"):
        if getattr(args, name) is not None:
            named = "IMAGE" if name == "image" else f"--{name}"
            raise UsageError(f"{named} is for a server on the bench's board: {args.url} is one that runs elsewhere")
    try:
        url = urlsplit(args.url)
        whole = url.scheme == "ws" and url.hostname is not None and url.port != 0
    except ValueError:
        whole = False
    if not whole:
        raise UsageError(f"--url {args.url}: expected ws://HOST:PORT/PATH")


def _patterns(given: list[str] | None) -> list[str]:
    return [word.strip() for text in given or () for word in text.split(",") if word.strip()]


def _name(args: argparse.Namespace) -> str:
    """What the report calls who is tested."""
    return str(args.url) if args.url is not None else paths.image_file(args.application or args.image).name


def _digest(args: argparse.Namespace) -> str:
    return "" if args.url is not None else paths.file_digest(paths.image_file(args.application or args.image))


def _server(args: argparse.Namespace) -> AbstractContextManager[Server]:
    from pic32bench.conformance.server import ServerElsewhere, ServerOnBoard

    if args.url is not None:
        return nullcontext(ServerElsewhere(args.url))
    options = {"board": args.board, "image": args.image, "seed": args.seed, "application": args.application}
    place = {"port": args.port, "resource": args.resource, "until": args.until and args.until.pattern}
    return ServerOnBoard(**{name: value for name, value in place.items() if value is not None}, **options)


def _state(case: str, done: Sequence[CaseResult]) -> str:
    bad = sum(not result.grade.good for result in done)
    return f"case {case}; {bad} not OK" if bad else f"case {case}"


@contextmanager
def _progress() -> Iterator[Callable[..., None]]:
    """A bar on stderr, if that is a terminal, and a function that says what is being done."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (BarColumn(), TextColumn("{task.completed} of {task.total}"), TimeElapsedColumn())
    text = TextColumn("{task.description}")
    with Progress(
        *columns, text, console=Console(stderr=True), transient=True, disable=not sys.stderr.isatty()
    ) as progress:
        task = progress.add_task("", total=None)

        def say(what: str, done: int | None = None, total: int | None = None) -> None:
            progress.update(task, description=what, completed=done, total=total)

        yield say


@contextmanager
def _written_whole(folder: Path) -> Iterator[Path]:
    """A folder that takes the place of another once all is in it. Raises UsageError."""
    try:
        folder.absolute().parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f".{folder.name}-", dir=folder.absolute().parent) as name:
            new = Path(name) / folder.name
            yield new
            if folder.exists():
                folder.rename(Path(name) / "old")
            new.rename(folder)
    except OSError as error:
        raise UsageError(f"--output {folder}: {error.strerror}") from None


def _is_report(folder: Path) -> bool:
    """Whether a folder is what an earlier run has left, or empty."""
    return folder.is_dir() and ((folder / _REPORT).is_file() or not any(folder.iterdir()))
