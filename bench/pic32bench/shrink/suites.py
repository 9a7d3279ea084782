# SPDX-License-Identifier: MIT
"""The full trial: Robot suites and pytest files against an image, each in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from pic32bench import paths
from pic32bench.shrink.task import Outcome, Settings
from pic32bench.snapshot.store import FOLDER_VARIABLE

_STOP_WALL = 10.0  # seconds that a suite has to switch its boards off


@dataclass(frozen=True)
class Test:
    """A test of a suite; ``message`` is the first line of why it failed, empty when it did not."""

    name: str
    failed: bool
    message: str = ""


def suites(image: Path, board: str | Path, settings: Settings, folder: Path) -> Outcome:
    """Runs the settings' suites; the first failed test is the reason."""
    passed: list[str] = []
    for number, suite in enumerate(settings.suites):
        path = folder / suite if (folder / suite).exists() else paths.project_root() / suite
        if not path.exists():
            return Outcome(False, f"{suite}: there is no such suite", checks=tuple(passed))
        tests, said = _run(path, image, board, settings, folder / f"results-{number}")
        failed = [test for test in tests if test.failed]
        if failed:
            more = f" (and {len(failed) - 1} more)" if len(failed) > 1 else ""
            return Outcome(False, f"{suite}: {failed[0].name}: {failed[0].message}{more}", checks=tuple(passed))
        if not tests:
            return Outcome(False, f"{suite}: no test was run: {said}", checks=tuple(passed))
        passed.append(f"{suite}: {len(tests)} tests")
    return Outcome(True, checks=tuple(passed))


def is_robot(path: Path) -> bool:
    """Whether a suite is Robot's rather than pytest's. A folder is Robot's when there is a .robot file in it."""
    return path.suffix == ".robot" or (path.is_dir() and next(path.rglob("*.robot"), None) is not None)


def _run(path: Path, image: Path, board: str | Path, settings: Settings, results: Path) -> tuple[list[Test], str]:
    """The tests of one suite that were run, and the last line that was printed."""
    results.mkdir()
    report = results / "report.xml"
    if is_robot(path):
        variables = [f"IMAGE:{image}", f"BOARD:{board}"]
        command = ["robot", *(word for each in variables for word in ("--variable", each))]
        command += ["--outputdir", str(results), "--log", "NONE", "--report", "NONE", "--xunit", report.name]
        command += ["--output", "output.xml", "--consolecolors", "off", str(path)]
    else:
        command = ["pytest", "-q", f"--image={image}", f"--board={board}", f"--seed={settings.seed}"]
        command += [f"--junitxml={report}", f"--board-reports={results}", "-p", "no:cacheprovider", str(path)]
    package = str(Path(__file__).parents[2])
    search = os.pathsep.join(filter(None, [package, os.environ.get("PYTHONPATH")]))
    environment = {**os.environ, FOLDER_VARIABLE: "off", "PYTHONPATH": search, "PYTHONDONTWRITEBYTECODE": "1"}
    process = subprocess.Popen(
        [sys.executable, "-m", *command],
        cwd=paths.project_root() if path.is_relative_to(paths.project_root()) else path.parent,
        env={**environment, "PIC32BENCH_IMAGE": str(image)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        said, _ = process.communicate()
    except BaseException:
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(_STOP_WALL)
        process.kill()
        process.communicate()
        raise
    lines = said.strip().splitlines()
    return list(_tests(report)), lines[-1] if lines else "it printed nothing"


def _tests(report: Path) -> Iterator[Test]:
    """The tests of a JUnit file, which Robot and pytest both write; skipped ones are left out."""
    try:
        tree = ElementTree.parse(report)
    except (OSError, ElementTree.ParseError):
        return
    for case in tree.iter("testcase"):
        trouble = case.find("failure") if case.find("failure") is not None else case.find("error")
        if trouble is not None:
            lines = (trouble.get("message") or trouble.text or "").strip().splitlines()
            # Robot's own headings, of a suite's setup for instance, stand on a line of their own.
            message = next((line for line in lines if not line.endswith(":")), "failed")
            yield Test(case.get("name", "?"), True, message.strip())
        elif case.find("skipped") is None:
            yield Test(case.get("name", "?"), False)
