# SPDX-License-Identifier: MIT
"""Renode's keywords for states that one test provides and others require."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from typing import Any

from robot.api import TestSuite, logger

from pic32bench import bench, resume
from pic32bench.errors import UsageError
from pic32bench.robot.hands import LedTester, PanelKeywords
from pic32bench.robot.sources import plain_name, source_of_suite, suite_file
from pic32bench.robot.stream import StreamKeywords
from pic32bench.robot.terminal import TerminalKeywords, Tester
from pic32bench.snapshot import Snapshot, store
from pic32bench.snapshot.store import digest, key
from pic32bench.stream.client import StreamClient


class SnapshotKeywords(TerminalKeywords, PanelKeywords, StreamKeywords):
    """A test that needs a board in a certain state begins where another test has brought one."""

    def __init__(self) -> None:
        super().__init__()
        self._provided: dict[str, Snapshot] = {}
        self._failed: set[str] = set()  # tests of this suite that ran and failed

    def provides(self, state: str, type: str = "Serialization") -> None:
        """Takes a snapshot of the whole board, for tests that say `Requires` with this name; the test goes on.

        In it are the chip with all its memory, the terminals and what has been read of them, the testers, the panel,
        the network, and the virtual time. On network ``wire`` the stations on the cable are in it as well, and with
        them an open stream. Connections of this computer are not: an open stream is closed before and opened again
        after, here and by `Requires`.

        The snapshot is kept for later runs too, as long as image, emulator, board file, options and the suite's files
        are the same. ``type`` is taken for Renode's sake: the state is always restored, never executed anew.

        | Boots
        |     Start Emulation
        |     Wait For Prompt On Uart
        |     Provides    prompt
        | Answers
        |     Requires    prompt
        |     Write Line To Uart    help
        """
        path = self._stream.path if self._stream is not None and self._stream.of_this_computer else None
        if path is not None:
            logger.warn(f"Provides {state}: the stream is closed for the snapshot and opened again: start it again")
            self.close_stream()
        extra = {
            "terminal testers": [asdict(tester) for tester in self._testers],
            "led testers": [asdict(tester) for tester in self._led_testers],
            "stream": path,
            "stream on the wire": None if self._stream is None else self._stream.freeze(),
        }
        source = source_of_suite()
        found, self._provided[state] = resume.keep(self.board, state, source, extra)
        # What the board is started with stands in the suite, so who only requires the state does not know the key.
        store().note(_note(state, source), json.dumps({"key": found, "start": self._provided[state].about["start"]}))
        if path is not None:
            self.open_stream(path=path)

    def requires(self, state: str) -> None:
        """Goes on from where a test of this suite said `Provides` with this name, in this run or an earlier one.

        A board that is running is switched off first, and testers are those that there were. When the test that
        provides the state was not chosen to run, and no snapshot of it fits, its steps are run first.
        """
        snapshot = self._find(state)
        if snapshot is None:
            raise UsageError(f"state {state!r} is required, but {self._why_not(state)}")
        self.reset_emulation()
        self._board = resume.restore(snapshot)
        extra = snapshot.about["extra"]
        self._testers = [Tester(**tester) for tester in extra["terminal testers"]]
        self._led_testers = [LedTester(**tester) for tester in extra["led testers"]]
        if extra["stream on the wire"] is not None:
            self._stream = StreamClient.thaw(self.board, extra["stream on the wire"])
        if extra["stream"] is not None:
            self.open_stream(path=extra["stream"])

    def reset_emulation(self) -> None:
        """Switches the board off and forgets all testers, so that `Start Emulation` begins anew.

        For a board that keeps its testers and starts again, see `Power Cycle` and `Press Reset`.
        """
        self.stop_emulation()
        self._testers.clear()
        self._led_testers.clear()

    def _find(self, state: str) -> Snapshot | None:
        """The snapshot of a state, of this run or an earlier one that was with the same image and all else."""
        if state in self._provided:
            return self._provided[state]
        source = source_of_suite()
        noted = store().noted(_note(state, source))
        if noted is None:
            return None
        try:
            note = json.loads(noted)
            now = key(resume.ingredients(bench.check(**note["start"])), state, source)
        except (ValueError, KeyError, TypeError, UsageError):
            return None
        return store().find(now) if now == note["key"] else None

    def _why_not(self, state: str) -> str:
        providers = [test.name for test in _tests_of_suite() if state in _named(test.body, "provides")]
        if not providers:
            return f"no test of this suite says `Provides    {state}`"
        verb = "failed" if self._failed.intersection(providers) else "has not run"
        return f"test {providers[0]!r}, which provides it, {verb}"

    def _run_providers_first(self, test: Any) -> None:
        """Puts the steps of the tests that provide what a test requires in front of it, unless their states are there.

        So it is when only some tests are chosen to run.
        """
        steps: list[Any] = []
        for state in dict.fromkeys(_named([test.setup, *test.body], "requires")):
            steps += self._steps_to(state, list(_tests_of_suite()), ())
        if steps and any(_named([test.setup], "requires")):  # the setup has to come after them
            steps.append(test.body.create_keyword(test.setup.name, test.setup.args))
            test.body.pop()
            test.setup = None
        for number, step in enumerate(steps):
            test.body.insert(number, step)

    def _steps_to(self, state: str, tests: list[Any], waiting: tuple[str, ...]) -> list[Any]:
        """The steps of the test that provides a state, those of what it requires itself before them."""
        if state in waiting or self._find(state) is not None:
            return []
        for test in tests:
            if test.name in self._failed or state not in _named(test.body, "provides"):
                continue
            steps = []
            for needed in _named([test.setup, *test.body], "requires"):
                steps += self._steps_to(needed, tests, (*waiting, state))
            if test.setup:
                steps.append(test.body.create_keyword(test.setup.name, test.setup.args))
                test.body.pop()
            for step in test.body:
                steps.append(step)
                if state in _named([step], "provides"):
                    return steps
        return []


def _note(state: str, source: str) -> str:
    return digest(f"provides\0{state}\0{source}".encode())[:40]


def _tests_of_suite() -> Iterator[Any]:
    """The tests that stand in the running suite's file, chosen or not."""
    yield from TestSuite.from_file_system(suite_file()).tests


def _named(steps: Iterable[Any], keyword: str) -> Iterator[str]:
    """The first arguments of the steps that call a keyword by its plain name."""
    for step in steps:
        name = plain_name(getattr(step, "name", None) or "").rpartition(".")[2]
        if name == keyword and step.args:
            yield str(step.args[0])
