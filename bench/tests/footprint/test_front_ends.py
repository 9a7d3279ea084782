# SPDX-License-Identifier: MIT
"""The footprint at the end of a suite: a Robot keyword and a pytest fixture, neither of which starts a board."""

import subprocess
import sys
import xml.etree.ElementTree as ET
from collections.abc import Callable
from pathlib import Path

import pytest

from .conftest import Link, row
from .sources import SOURCES

Write = Callable[[str], Path]
ROWS = row("variable", "server_buffer", 4000)
PROBLEM = "server_buffer 4,000 > 3,999 (+1)"


@pytest.fixture(scope="module")
def firmware(link: Link) -> Path:
    """An ELF with a HEX beside it, as MPLAB X leaves them."""
    image = link(SOURCES, "-g")
    subprocess.run(["mipsel-linux-gnu-objcopy", "-O", "ihex", image, image.with_suffix(".hex")], check=True)
    return image


def test_robot_keyword(firmware: Path, budget: Write, tmp_path: Path) -> None:
    table = budget(ROWS)
    tight = tmp_path / "tight.toml"
    tight.write_text(ROWS.replace("4000", "3999"))
    suite = tmp_path / "small.robot"
    suite.write_text(
        "*** Settings ***\nLibrary    pic32bench.robot.Pic32Bench\n*** Test Cases ***\n"
        f"ELF\n    Footprint Should Fit    {firmware}    {table}\n"
        f"MAP\n    Footprint Should Fit    {firmware.with_suffix('.map')}    {table}\n"
        f"HEX\n    Footprint Should Fit    {firmware.with_suffix('.hex')}    {table}\n"
        f"Does Not Fit\n    Footprint Should Fit    image={firmware}    budget={tight}\n"
    )
    command = [sys.executable, "-m", "robot", "--outputdir", str(tmp_path / "log"), str(suite)]
    assert subprocess.run(command, stdout=subprocess.DEVNULL, check=False).returncode == 1
    status = {test.attrib["name"]: test.find("status") for test in ET.parse(tmp_path / "log/output.xml").iter("test")}
    passed = [name for name, found in status.items() if found is not None and found.attrib["status"] == "PASS"]
    assert passed == ["ELF", "MAP", "HEX"]
    assert PROBLEM in str(status["Does Not Fit"].text)  # type: ignore[union-attr]


def test_pytest_fixture(firmware: Path, budget: Write, pytester: pytest.Pytester) -> None:
    table = budget(ROWS.replace("4000", "3999"))
    pytester.makepyfile(
        f"""
        def test_report(footprint):
            assert footprint.report({str(table)!r}).image_totals["ram"] > 9000

        def test_is_small_enough(footprint):
            footprint.should_fit(budget={str(table)!r})

        def test_other_image(footprint):
            footprint.should_fit(budget={str(table)!r}, image={str(firmware.with_suffix(".map"))!r})

        def test_wrong_table(footprint):
            footprint.should_fit(budget="gone.toml")
        """
    )
    result = pytester.runpytest("--image", str(firmware.with_suffix(".hex")))
    result.assert_outcomes(passed=1, failed=3)
    result.stdout.fnmatch_lines(
        [
            f"*image.elf: over the budget of {table}: {PROBLEM}",
            f"*image.map: over the budget of {table}: {PROBLEM}",
            "gone.toml: No such file or directory: expected a footprint table in TOML",
        ]
    )
