# SPDX-License-Identifier: MIT
"""Suites side by side with pabot, as it comes: one log of them all, and every failure has files of its own."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections.abc import Callable
from pathlib import Path

import pytest

SUITE = """\
*** Settings ***
Library           pic32bench.robot.Pic32Bench
Suite Setup       Start Emulation    network=user
Suite Teardown    Stop Emulation

*** Test Cases ***
Board Starts
    Wait For Line On Uart    Initialization Ended

Coffee Is Ready
    ${where}=    Board URL
    Fail    no coffee at ${where}
"""
NAMES = ("one", "two", "three")

Pabot = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def pabot(tmp_path: Path, fake_emulator: object, tiny_image: Path) -> Pabot:
    """Runs three suites at a time, or those named, against the stand-in."""
    suites = tmp_path / "suites"
    suites.mkdir()
    for name in NAMES:
        (suites / f"{name}.robot").write_text(SUITE)

    def run(*options: str, suites: str = "suites") -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "pabot.pabot", "--processes", "3", "--outputdir", "out", *options, suites],
            cwd=tmp_path,
            env={**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"},
            capture_output=True,
            text=True,
            timeout=120,
        )

    return run


def results(folder: Path) -> ET.Element:
    assert (folder / "log.html").is_file()
    return ET.parse(folder / "output.xml").getroot()


def linked(output: ET.Element) -> list[str]:
    """The files that tests of the common log lead to."""
    return [name for doc in output.iter("doc") for name in re.findall(r"\[(boards/[^|]+)\|", doc.text or "")]


def test_one_log_and_files_for_every_failure(pabot: Pabot, tmp_path: Path) -> None:
    done = pabot()
    assert "6 tests, 3 passed, 3 failed" in done.stdout, done.stdout + done.stderr
    assert done.returncode == 3
    output = results(tmp_path / "out")
    messages = {status.text for test in output.iter("test") for status in test.iter("status") if status.text}
    ports = {re.search(r"no coffee at http://127\.0\.0\.1:(\d+)/\?ws=(\d+)", str(text))[0] for text in messages if text}  # type: ignore[index]
    assert len(ports) == 3, "three boards at a time, each with ports of its own"
    files = linked(output)
    assert len(files) == len(set(files))
    for name in NAMES:
        assert any(f"Suites.{name.capitalize()}.Coffee-Is-Ready" in file for file in files)
    for file in files:
        assert (tmp_path / "out" / file).is_file(), f"{file} is not beside the log"


def test_the_same_suites_with_several_argument_files(pabot: Pabot, tmp_path: Path) -> None:
    for number in (1, 2):
        (tmp_path / f"arguments{number}").write_text(f"--variable RUN:{number}")
    done = pabot("--argumentfile1", "arguments1", "--argumentfile2", "arguments2", suites="suites/one.robot")
    assert done.returncode == 2, done.stdout + done.stderr
    files = linked(results(tmp_path / "out"))
    assert len(files) == len(set(files))
    assert all((tmp_path / "out" / file).is_file() for file in files)
    assert {file.removeprefix("boards/")[:2] for file in files} == {"1.", "2."}
