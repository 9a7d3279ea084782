# SPDX-License-Identifier: MIT
"""How long `robot robot/` takes, and how much of it boards take to get where a suite begins."""

from __future__ import annotations

import os
import subprocess
import sys
import time
import xml.etree.ElementTree as ET
from datetime import datetime
from pathlib import Path
from typing import ClassVar

from pic32bench import paths
from pic32bench.benchmark.figures import WALL, Kind, Subject
from pic32bench.errors import BenchError

SUITES, BOOTING, SHARE = "robot robot/", "robot robot/, booting", "robot robot/, share of booting"
# Keywords that lead a board to where a test begins: those of the library, and those of the suites' own board.resource.
_BOOTS = ("Start Emulation", "Requires", "Provides")
_BOOTS_BEGIN = "Power Up"
_ORIGINAL = "PIC32BENCH_ORIGINAL_"


class Suites(Subject):
    """The Robot suites of the project, one after the other."""

    name = "suites"
    kinds: ClassVar = {SUITES: WALL, BOOTING: WALL, SHARE: Kind("%", 1, False)}

    def sample(self) -> dict[str, float]:
        folder = self.setup.folder / "robot"
        suites = paths.project_root() / "robot"
        quiet = ["--log", "NONE", "--report", "NONE", "--console", "none", "--outputdir", str(folder)]
        # The suites about the original demo take minutes, and skip themselves where nothing says where its image is.
        environment = {name: value for name, value in os.environ.items() if not name.startswith(_ORIGINAL)}
        command = [sys.executable, "-m", "robot", *quiet, str(suites)]
        begin = time.perf_counter()
        done = subprocess.run(command, env=environment, capture_output=True, text=True)
        wall = time.perf_counter() - begin
        if done.returncode:
            raise BenchError(f"robot robot/ fails (exit code {done.returncode}): what fails is not measured")
        booting = booting_seconds(folder / "output.xml")
        return {SUITES: wall, BOOTING: booting, SHARE: 100 * booting / wall}


def booting_seconds(output: Path) -> float:
    """Wall time of all keywords that start a board, those within them not counted again."""
    return _booting(ET.parse(output).getroot())


def _booting(element: ET.Element) -> float:
    name = element.get("name", "")
    if element.tag == "kw" and (name in _BOOTS or name.startswith(_BOOTS_BEGIN)):
        return _elapsed(element)
    return sum(_booting(child) for child in element)


def _elapsed(keyword: ET.Element) -> float:
    status = keyword.find("status")
    if status is None:
        return 0.0
    if "elapsed" in status.attrib:  # Robot Framework 7
        return float(status.attrib["elapsed"])
    times = (datetime.strptime(status.attrib[at], "%Y%m%d %H:%M:%S.%f") for at in ("starttime", "endtime"))
    start, end = times
    return (end - start).total_seconds()
