# SPDX-License-Identifier: MIT
"""Trying an image: the trials there are, and `try_image`, which runs anywhere the project is set up."""

from __future__ import annotations

import re
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from pic32bench import bench
from pic32bench.conformance.client import FuzzingClient
from pic32bench.conformance.environment import environment, find_python2
from pic32bench.conformance.results import DEFAULT_CASES, chosen
from pic32bench.conformance.run import run
from pic32bench.conformance.server import ServerOnBoard
from pic32bench.errors import BenchError, ImageError, UsageError
from pic32bench.shrink.checks import cheap
from pic32bench.shrink.suites import suites
from pic32bench.shrink.task import Outcome, Settings, Task, unpack

# (image, board, settings, a folder that is removed afterwards, with the task's files in it) -> what came of it
Trial = Callable[[Path, str | Path, Settings, Path], Outcome]


def boots(image: Path, board: str | Path, settings: Settings, folder: Path) -> Outcome:
    """The console says what it must, on network ``none``."""
    with bench.start(board, image, "none", settings.seed) as powered:
        try:
            expected = re.compile(settings.until, re.MULTILINE)
            powered.console.wait_for_line(expected, settings.seconds, include_unfinished=True)
        except BenchError as error:
            return Outcome(False, f"boots: {error.message.splitlines()[0]}", {"seconds": powered.time})
        return Outcome(True, "", {"seconds": powered.time, "boot": powered.time}, ("boots",))


def autobahn(image: Path, board: str | Path, settings: Settings, folder: Path) -> Outcome:
    """Autobahn's testsuite, all cases but those of compression; on network ``user``."""
    python = environment(find_python2())
    with (
        FuzzingClient(python, image.name) as client,
        ServerOnBoard(board=board, image=image, seed=settings.seed) as server,
    ):
        results = run(client, server, chosen(client.cases, DEFAULT_CASES), all_cases=False)
    bad = [result for result in results if not result.grade.good]
    if bad:
        return Outcome(False, f"Autobahn's case {bad[0].case}: {bad[0].grade}: {bad[0].why}")
    return Outcome(True, checks=(f"{len(results)} cases of Autobahn's testsuite",))


# A new trial is another line here, and its name in `pic32bench.shrink.plan`.
TRIALS: dict[str, Trial] = {"boots": boots, "cheap": cheap, "suites": suites, "autobahn": autobahn}


def try_image(task: Task) -> Outcome:
    """Tries a task's image, in a folder of its own that is gone afterwards. Whatever the image does is an outcome.

    Raises UsageError when this computer cannot try anything: no emulator, no such trial, no such board.
    """
    trial = TRIALS.get(task.settings.trial)
    if trial is None:
        raise UsageError(f"no trial {task.settings.trial!r}: expected {', '.join(TRIALS)}")
    begin = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="pic32bench-") as name:
        folder = Path(name)
        images = unpack(task.image, folder / "image")
        if task.files:
            unpack(task.files, folder)
        try:
            outcome = trial(images[0], _board(task.settings.board, folder), task.settings, folder)
        except ImageError as error:
            outcome = Outcome(False, error.message.replace(f"{folder / 'image'}/", ""))
        except UsageError:
            raise
        except BenchError as error:
            outcome = Outcome(False, error.message.splitlines()[0])
    return replace(outcome, wall=time.monotonic() - begin)


def _board(board: str, folder: Path) -> str | Path:
    """A board's name, or a file with its text."""
    if "\n" not in board:
        return board
    path = folder / "board.toml"
    path.write_text(board)
    return path
