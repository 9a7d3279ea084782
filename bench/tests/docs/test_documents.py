# SPDX-License-Identifier: MIT
"""What the documents show is true: their examples run, their outputs are what the commands print, their links lead.

`pytest bench/tests/docs --update-docs` writes the outputs anew.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import pic32bench
from pic32bench.board import load

from . import documents

NAMES = sorted(
    str(path.relative_to(documents.ROOT))
    for path in [documents.ROOT / "README.md", *(documents.ROOT / "docs").glob("*.md")]
)


@pytest.mark.parametrize("name", NAMES)
def test_commands_print_what_is_shown(name: str, update: bool) -> None:
    outputs = [(one, documents.run(one.command)) for one in documents.shown(name)]
    if update:
        documents.replace(name, outputs)
        return
    for one, output in outputs:
        assert documents.comparable(output) == documents.comparable(one.output), (
            f"`{one.command}` prints something else than {name} shows: "
            "look whether that is right, then run `pytest bench/tests/docs --update-docs`"
        )


@pytest.mark.parametrize("name", NAMES)
def test_python_examples_pass(name: str, tmp_path: Path) -> None:
    examples = documents.code(name, "python")
    for number, example in enumerate(examples):
        # A file of its own, as a reader would make it; what is no test is run as a program.
        path = tmp_path / f"test_example_{number}.py"
        path.write_text(example)
        test = ["-m", "pytest", "-q", "-p", "no:cacheprovider"] if "def test_" in example else []
        _run([sys.executable, *test, str(path)], tmp_path)


@pytest.mark.parametrize("name", NAMES)
def test_robot_examples_pass(name: str, tmp_path: Path) -> None:
    for number, example in enumerate(documents.code(name, "robotframework")):
        path = tmp_path / f"example_{number}.robot"
        path.write_text(example)
        _run([sys.executable, "-m", "robot", "--outputdir", str(tmp_path / "log"), str(path)], tmp_path)


@pytest.mark.parametrize("name", NAMES)
def test_board_files_load_and_boot(name: str, tmp_path: Path) -> None:
    for number, example in enumerate(documents.code(name, "toml")):
        path = tmp_path / f"board-{number}.toml"
        path.write_text(example)
        description = load(path)
        with pic32bench.start(board=path, network="none") as board:
            board.console.wait_for_line("Initialization Ended - success")
            for switch in description.switches:
                board.panel.press(switch)
            for led in description.leds:
                board.panel.is_lit(led)


def test_tests_shown_in_the_readme_exist() -> None:
    suites = "\n".join(path.read_text() for path in (documents.ROOT / "robot").glob("*.robot"))
    names = [
        found[1].strip()
        for block in documents.code("README.md", "console")
        for found in re.finditer(r"^(.+?)\s*\| PASS \|$", block, re.MULTILINE)
        if not found[1].startswith("Robot")
    ]
    assert names, "the README shows no Robot test"
    missing = [name for name in names if name not in suites]
    assert missing == []


@pytest.mark.parametrize("name", [*NAMES, "platforms/qemu/README.md"])
def test_links_lead_somewhere(name: str) -> None:
    folder = (documents.ROOT / name).parent
    targets = re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", documents.read(name))
    lost = [target for target in targets if "://" not in target and not (folder / target).exists()]
    assert lost == []


def test_emulator_page_names_every_patch() -> None:
    text = documents.read("platforms/qemu/README.md")
    patches = documents.ROOT / "platforms/qemu/patches"
    assert [path.name for path in patches.glob("*.patch") if path.name not in text] == []


def test_the_table_of_peripherals_is_that_of_the_sources() -> None:
    done = subprocess.run(
        [sys.executable, documents.ROOT / "platforms/qemu/peripherals.py"], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr


def test_keywords_in_the_readme_exist() -> None:
    from pic32bench.robot import Pic32Bench

    text = documents.read("README.md").partition("## Coming from Renode")[2].partition("\n## ")[0]
    here = [row.split("|")[2] for row in text.splitlines() if row.startswith("|")]
    names = [name for cell in here for name in re.findall(r"`([A-Z][A-Za-z]*(?: [A-Z][A-Za-z]*)+)", cell)]
    assert len(names) > 10
    missing = [name for name in names if not hasattr(Pic32Bench, name.lower().replace(" ", "_"))]
    assert missing == []


def _run(command: list[str], folder: Path) -> None:
    done = subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=180,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-4000:]
