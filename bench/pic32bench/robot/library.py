# SPDX-License-Identifier: MIT
"""The library class, and what it does when a test fails."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from robot.api import logger
from robot.libraries.BuiltIn import BuiltIn

from pic32bench import __version__
from pic32bench.robot.page import PageKeywords
from pic32bench.robot.snapshots import SnapshotKeywords
from pic32bench.robot.wire import WireKeywords


class Pic32Bench(SnapshotKeywords, PageKeywords, WireKeywords):
    """Works an emulated PIC32MZ EF board like a person at the desk.

    = Time =
    All times and time-outs are *virtual* seconds, read from the emulator. On a slow computer a suite takes longer, but
    sees the same.

    = Names =
    Where a thing is the same in Renode, keyword and argument names are Renode's. Switches and LEDs have the names that
    stand on the board.

    = When a test fails =
    Console, panel events, emulator log and a pcap of the network, with virtual time stamps, are put beside log.html
    and linked from the test's message.
    """

    ROBOT_LIBRARY_SCOPE = "SUITE"
    ROBOT_LIBRARY_VERSION = __version__
    ROBOT_LIBRARY_DOC_FORMAT = "ROBOT"
    ROBOT_LISTENER_API_VERSION = 3
    ROBOT_AUTO_KEYWORDS = True

    def __init__(self) -> None:
        super().__init__()
        self.ROBOT_LIBRARY_LISTENER = self
        self._saved: list[Path] = []

    def _before_stop(self) -> None:
        """A teardown switches the board off before Robot says that the test has ended: save what it showed."""
        if BuiltIn().get_variable_value("${TEST STATUS}") == "FAIL":
            self._save(BuiltIn().get_variable_value("${SUITE NAME}") + "." + self._test_name())

    def _start_test(self, data: Any, result: Any) -> None:
        """Robot calls this before each test."""
        self._run_providers_first(data)

    def _end_test(self, data: Any, result: Any) -> None:
        """Robot calls this after each test."""
        if result.failed:
            self._failed.add(result.name)
        if result.failed and self._board is not None:
            self._save(f"{result.parent.longname}.{result.name}")
        if result.failed and self._saved:
            self._link(result)
        self._saved = []

    def _end_suite(self, data: Any, result: Any) -> None:
        self.reset_emulation()

    def _close(self) -> None:
        self.reset_emulation()

    @staticmethod
    def _test_name() -> str:
        return str(BuiltIn().get_variable_value("${TEST NAME}"))

    def _save(self, name: str) -> None:
        """Writes the report's files beside log.html."""
        assert self._board is not None
        folder, run = _log_folder(Path(BuiltIn().get_variable_value("${OUTPUT DIR}")))
        stem = re.sub(r"[^A-Za-z0-9_.-]+", "-", run + name).strip("-")
        try:
            self._saved = self._board.save_report(folder / "boards", stem)
        except OSError as error:
            logger.warn(f"the failure report could not be written: {error}")

    def _link(self, result: Any) -> None:
        """Puts links to the report's files into the test's documentation, where log.html shows them as links.

        A message can hold links too, but then the terminal shows HTML.
        """
        links = " | ".join(f"[boards/{file.name}|{file.name}]" for file in self._saved)
        result.doc = f"{result.doc}\n\n*What the board showed:* {links}".strip()


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
