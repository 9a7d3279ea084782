# SPDX-License-Identifier: MIT
"""The pytest plugin: a powered board as a fixture, and everything it said in the report of a test that failed.

    def test_boots(board):
        board.console.wait_for_line("Initialization Ended - success")

    @pytest.mark.board(network="wire", seed=7)
    def test_probes(board): ...

    def has_address(board):
        board.console.wait_for_line("IP Address: 10.0.2", timeout=20)

    @pytest.mark.board(at=has_address)
    def test_shows_its_page(board): ...

    def test_stays_within_its_limits(board, memory):
        board.console.wait_for_line("Initialization Ended - success")
        memory.should_fit(budget="limits.toml")

    def test_is_small_enough(footprint):
        footprint.should_fit()

Options --board, --image, --network and --seed say what `board` is; the marker overrides them for a test, a class or
a module. It takes what `pic32bench.start` takes, and with ``at`` a function that leads the board to where the test
begins. The first time it does; every other time, in this run or another, the board comes from a snapshot.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pic32bench import bench, bundle, paths, resume
from pic32bench.code_map import symbols_beside
from pic32bench.errors import BenchError
from pic32bench.network import NETWORKS
from pic32bench.sfr_use import leaning_notes

if TYPE_CHECKING:
    from pic32bench.footprint import Report as FootprintReport
    from pic32bench.memory import Report

_BOARDS = pytest.StashKey[list[bench.Board]]()
# Travels with a test's report, also from the processes of pytest-xdist, and into a JUnit file.
_LEANING = "unmodelled registers"
_BUNDLE = "failure bundle"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Adds the options."""
    group = parser.getgroup("pic32bench", "the emulated board")
    group.addoption(
        "--board",
        default=paths.DEFAULT_BOARD,
        metavar="NAME|FILE",
        help="board in platforms/, or a board file (%(default)s)",
    )
    group.addoption("--image", metavar="FILE", help="firmware image, .hex or .elf (the reference firmware)")
    group.addoption(
        "--network",
        default="user",
        choices=sorted(NETWORKS),
        help="what is at the other end of the Ethernet cable (%(default)s)",
    )
    group.addoption(
        "--seed", type=int, default=1, metavar="N", help="seed of the chip's random number source (%(default)s)"
    )
    group.addoption(
        "--board-reports",
        default="build/pytest",
        metavar="DIR",
        help="where the bundles of failed tests go: recording, console, panel, pcap, backtrace (%(default)s)",
    )
    group.addoption("--record", metavar="DIR", help="write the recordings of all boards here, for pic32bench replay")


def pytest_configure(config: pytest.Config) -> None:
    """Declares the marker."""
    config.addinivalue_line(
        "markers", "board(board, image, network, seed, at, ...): overrides what the fixture `board` starts"
    )


@pytest.fixture
def board_options(request: pytest.FixtureRequest) -> dict[str, Any]:
    """What `board` hands to `pic32bench.start`: the command line's options, overridden by markers, nearest last."""
    options: dict[str, Any] = {name: request.config.getoption(name) for name in ("board", "image", "network", "seed")}
    for marker in reversed(list(request.node.iter_markers("board"))):
        options.update(marker.kwargs)
    return options


@pytest.fixture
def start_board(request: pytest.FixtureRequest, board_options: dict[str, Any]) -> Iterator[Callable[..., bench.Board]]:
    """A function that starts a board, for tests that need several or want to say when.

    It takes what `pic32bench.start` takes, and ``at``, a function that leads a board to where it is to begin; what
    is left out comes from the options and markers. All boards are switched off after the test.
    """
    boards: list[bench.Board] = []
    request.node.stash[_BOARDS] = boards

    def start(**options: Any) -> bench.Board:
        chosen = {**board_options, **options}
        leads_there = chosen.pop("at", None)
        before = len(boards)
        try:
            if leads_there is not None:
                return resume.start_at(leads_there, boards.append, **chosen)
            boards.append(bench.start(**chosen))
        except BenchError as error:
            if len(boards) > before:  # on its way there
                raise
            # A missing image or a busy port is not a bug of the test: its traceback says nothing.
            pytest.fail(str(error), pytrace=False)
        return boards[-1]

    yield start
    with contextlib.ExitStack() as switched_off:
        for board in boards:
            switched_off.callback(board.close)
        for number, board in enumerate(boards):
            with contextlib.suppress(BenchError):  # the emulator is gone, and the test has failed of it
                request.node.user_properties.extend((_LEANING, note) for note in leaning_notes(board))
            _record(request, board, number)


def _record(request: pytest.FixtureRequest, board: bench.Board, number: int) -> None:
    """Writes the recording of a test's board if --record asks for it."""
    if folder := request.config.getoption("--record"):
        path = request.config.invocation_params.dir / folder
        path.mkdir(parents=True, exist_ok=True)
        name = bundle.stem(request.node.nodeid) + (f"-{number + 1}" if number else "")
        board.recording().save(path / f"{name}.zip")


@pytest.fixture
def board(start_board: Callable[..., bench.Board]) -> bench.Board:
    """A board of its own for each test, powered and at virtual time 0."""
    return start_board()


class Memory:
    """What boards of a test used of their RAM. The run up to now is played again and watched, nothing is asked before.

    ``board`` is the last one that the test started, unless given. ``symbols`` is an ELF or MAP for an image without
    names, beside what lies beside it; ``budget`` a footprint table with limits, by default firmware/footprint.toml of
    the project if it is about this firmware.
    """

    def __init__(self, boards: Callable[[], list[bench.Board]]) -> None:
        self._boards = boards

    def report(
        self,
        board: bench.Board | None = None,
        symbols: str | Path | None = None,
        budget: str | Path | None = None,
    ) -> Report:
        """Buffers, stacks, heaps, pools and overruns, from power-on to now."""
        from pic32bench.memory import measure_board  # with what it needs it would slow down every pytest

        boards = self._boards()
        if board is None and not boards:
            pytest.fail("memory: no board was started: use the fixture `board` or `start_board`", pytrace=False)
        try:
            return measure_board(board or boards[-1], symbols, budget)
        except BenchError as error:
            pytest.fail(str(error), pytrace=False)

    def should_fit(
        self,
        budget: str | Path | None = None,
        board: bench.Board | None = None,
        symbols: str | Path | None = None,
    ) -> Report:
        """Fails if something is over its limit, or was written past its end; returns the report."""
        report = self.report(board, symbols, budget)
        if not report.fits:
            pytest.fail(report.complaint(), pytrace=False)
        return report


@pytest.fixture
def memory(request: pytest.FixtureRequest) -> Memory:
    """What the boards of this test used of their RAM: ``memory.should_fit()`` and ``memory.report()``."""
    stash = request.node.stash
    return Memory(lambda: stash[_BOARDS] if _BOARDS in stash else [])  # noqa: SIM401  (get() loses the type)


class Footprint:
    """What the image of a test takes of RAM and flash, by its ELF or MAP. Needs no board.

    ``image`` is the one that `board` runs, unless given; for a .hex, the .elf or .map of the same name beside it is
    measured. ``budget`` is a footprint table, by default firmware/footprint.toml of the project.
    """

    def __init__(self, image: str | Path | None) -> None:
        self._image = image

    def report(self, budget: str | Path | None = None, image: str | Path | None = None) -> FootprintReport:
        """Rows, limits, and what no row names."""
        from pic32bench.footprint import measure

        try:
            path = paths.image_file(image or self._image)
            return measure(symbols_beside(path) or path, budget)
        except BenchError as error:
            pytest.fail(str(error), pytrace=False)

    def should_fit(self, budget: str | Path | None = None, image: str | Path | None = None) -> FootprintReport:
        """Fails if a row or a limit is exceeded; returns the report."""
        report = self.report(budget, image)
        if not report.fits:
            pytest.fail(report.complaint(), pytrace=False)
        return report


@pytest.fixture
def footprint(board_options: dict[str, Any]) -> Footprint:
    """What the image takes of RAM and flash: ``footprint.should_fit()`` and ``footprint.report()``."""
    return Footprint(board_options["image"])


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Says which registers without a model the firmware of any test used, and where the bundles of failed tests are."""
    notes: dict[str, list[str]] = {}
    bundles = []
    for reports in terminalreporter.stats.values():
        for report in reports:
            if getattr(report, "when", None) == "teardown":
                for name, text in report.user_properties:
                    if name == _LEANING:
                        notes.setdefault(text, []).append(report.nodeid)
                    elif name == _BUNDLE:
                        bundles.append(text)
    if notes:
        terminalreporter.section("registers that the emulator does not model")
        for note, tests in notes.items():
            more = f" and {len(tests) - 1} more" if len(tests) > 1 else ""
            terminalreporter.write_line(f"{tests[0]}{more}: {note}")
    if bundles:
        terminalreporter.section("to run failed tests again")
        for path in bundles:
            terminalreporter.write_line(f"pic32bench replay {path}")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Attaches console, panel, emulator log and backtrace to the report of a failed test, and saves its bundle."""
    report = yield
    if report.failed and report.when in ("setup", "call"):
        boards = item.stash[_BOARDS] if _BOARDS in item.stash else []  # noqa: SIM401  (get() loses the type)
        for number, board in enumerate(boards, 1):
            _attach(report, item, board, number, str(call.excinfo.value) if call.excinfo else "")
    return report


def _attach(report: pytest.TestReport, item: pytest.Item, board: bench.Board, number: int, message: str) -> None:
    label = f"board {number}: " if number > 1 else ""
    folder = item.config.invocation_params.dir / item.config.getoption("--board-reports")
    try:
        sections = bundle.look_at(board)
        for title, text in sections.texts.items():
            if title != "registers":
                report.sections.append((f"{label}{title}", text))
        path = bundle.save(board, sections, folder, bundle.Failure(item.nodeid, message))
    except OSError as error:
        report.sections.append((f"{label}failure bundle", f"could not be written: {error}"))
        return
    report.sections.append((f"{label}failure bundle", f"{path}\nto run it again: pic32bench replay {path}"))
    item.user_properties.append((_BUNDLE, str(path)))
