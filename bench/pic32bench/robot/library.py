# SPDX-License-Identifier: MIT
"""The library class, and what it does when a test fails."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from robot.api import logger
from robot.libraries.BuiltIn import BuiltIn

from pic32bench import __version__, bundle
from pic32bench.robot.footprint import FootprintKeywords
from pic32bench.robot.link import LinkKeywords
from pic32bench.robot.memory import MemoryKeywords
from pic32bench.robot.page import PageKeywords
from pic32bench.robot.pc import PcKeywords
from pic32bench.robot.snapshots import SnapshotKeywords
from pic32bench.robot.wire import WireKeywords

_CONSOLE_LINES = 30  # of a failed test, in the log


class Pic32Bench(
    SnapshotKeywords, PageKeywords, WireKeywords, PcKeywords, LinkKeywords, FootprintKeywords, MemoryKeywords
):
    """Works an emulated PIC32MZ EF board like a person at the desk.

    = Time =
    All times and time-outs are *virtual* seconds, read from the emulator. On a slow computer a suite takes longer, but
    sees the same.

    = Names =
    Where a thing is the same in Renode, keyword and argument names are Renode's. Switches and LEDs have the names that
    stand on the board.

    = When a test fails =
    All that the board showed is put into one file beside log.html and linked from the test: a recording that
    `pic32bench replay` plays back, console, panel events, a pcap of the network, and where the firmware was. The
    backtrace and the end of the console stand in the log itself.
    """

    ROBOT_LIBRARY_SCOPE = "SUITE"
    ROBOT_LIBRARY_VERSION = __version__
    ROBOT_LIBRARY_DOC_FORMAT = "ROBOT"
    ROBOT_LISTENER_API_VERSION = 3
    ROBOT_AUTO_KEYWORDS = True

    def __init__(self) -> None:
        super().__init__()
        self.ROBOT_LIBRARY_LISTENER = self
        self._reports: list[str] = []
        self._test = self._place = ""

    def _before_stop(self) -> None:
        """A teardown switches the board off before Robot says that the test has ended: save what it showed."""
        if BuiltIn().get_variable_value("${TEST STATUS}") == "FAIL":
            self._save(str(BuiltIn().get_variable_value("${TEST MESSAGE}")))

    def _start_test(self, data: Any, result: Any) -> None:
        """Robot calls this before each test."""
        self._test = f"{result.parent.longname}.{result.name}"
        self._place = f"{data.source}:{data.lineno}"  # tells it from another one of its name
        self._run_providers_first(data)

    def _end_test(self, data: Any, result: Any) -> None:
        """Robot calls this after each test."""
        if result.failed:
            self._failed.add(result.name)
        if result.failed and self._board is not None:
            self._save(result.message)
        if result.failed and self._reports:
            # A message can hold links too, but then the terminal shows HTML.
            result.doc = "\n\n".join([result.doc, *self._reports]).strip()
        self._reports = []

    def _end_suite(self, data: Any, result: Any) -> None:
        self.reset_emulation()

    def _close(self) -> None:
        self.reset_emulation()

    def _save(self, message: str) -> None:
        """Writes the failure bundle beside log.html, and keeps what the log is to say of it."""
        assert self._board is not None
        folder, run = _log_folder(Path(BuiltIn().get_variable_value("${OUTPUT DIR}")))
        failure = bundle.Failure(run + self._test, message)
        try:
            sections = bundle.look_at(self._board)
            path = bundle.save(self._board, sections, folder / "boards", failure, self._place)
        except OSError as error:
            logger.warn(f"the failure bundle could not be written: {error}")
            return
        trace = sections.texts.get("backtrace", sections.unknown)
        lines = [
            f"*What the board showed:* [boards/{path.name}|{path.name}]",
            f"| pic32bench replay {path}",
            f"*Where the firmware was:*\n{_verbatim(trace)}",
            f"*The end of its console:*\n{_verbatim(self._board.console.log(_CONSOLE_LINES))}",
        ]
        self._reports.append("\n\n".join(lines))


def _log_folder(output_dir: Path) -> tuple[Path, str]:
    """Where log.html will be, and what to put before the names of files to tell them from those of other runs.

    pabot runs suites in folders pabot_results/NUMBER of its own, below that of the log which it then makes of them;
    with several argument files every suite has several runs, in pabot_results/RUN/NUMBER.
    """
    for parent in output_dir.parents:
        if parent.name == "pabot_results":
            run, *more = output_dir.relative_to(parent).parts
            return parent.parent, f"{run}." if more else ""
    return output_dir, ""


def _verbatim(text: str) -> str:
    """Preformatted lines of Robot's documentation."""
    return "\n".join(f"| {line}" for line in text.splitlines() or ["(nothing)"])
