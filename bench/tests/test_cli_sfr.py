# SPDX-License-Identifier: MIT
"""`pic32bench sfr`, as typed, on the stand-in for the emulator."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from pic32bench.cli.main import main

Run = Callable[..., int]


@pytest.fixture
def run(fake_emulator: Callable[[str], Path], tiny_image: Path) -> Run:
    """Runs the command for a tenth of a virtual second, in a mode of the stand-in; returns the exit code."""

    def command(*arguments: str, mode: str = "leaning") -> int:
        fake_emulator(mode)
        return main(["sfr", "--network", "none", "--for", "0.1", *arguments])

    return command


def rows(text: str) -> list[list[str]]:
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if line[:1] == "|"]


def test_tables(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert run() == 0
    out = capsys.readouterr().out
    assert out.startswith("tiny.hex on PIC32MZ EF Starter Kit (DM320007), 0.1 virtual seconds\n")
    table = rows(out)
    assert table[0] == ["registers", "reads", "writes", "modelled"]
    assert table[2] == ["1", "9", "1", "uart"]
    assert table[3] == ["address", "reads", "writes", "storage only", "first access"]
    assert table[5] == ["1F8E2008", "2", "1", "SQI1CFG", "0x9FC00000"]
    assert table[8] == ["1F8B0000", "0", "1", "-", "0x9FC00000"]
    assert out.splitlines()[-1] == "3 registers touched: 1 modelled, 1 storage, 1 reserved"


def test_all_lists_the_modelled_too(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--all", mode="") == 0
    table = rows(capsys.readouterr().out)
    assert table[0] == ["address", "reads", "writes", "modelled", "first access"]
    assert table[2] == ["1F822200", "9", "1", "U2MODE", "0x9FC00000"]


def test_strict_fails_when_something_has_no_model(run: Run) -> None:
    assert run("--strict") == 1
    assert run("--strict", mode="") == 0


def test_json(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--json") == 0
    report = json.loads(capsys.readouterr().out)
    assert report["touched"] == {"modelled": 1, "storage": 1, "reserved": 1}
    storage = next(row for row in report["registers"] if row["kind"] == "storage")
    assert storage == {
        "register": "SQI1CFG",
        "address": 0x1F8E2008,
        "kind": "storage",
        "device": "pic32mz-storage",
        "reads": 2,
        "writes": 1,
        "first_pc": 0x9FC00000,
        "function": None,
        "file": None,
        "line": None,
    }


def test_until(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--until", "Ended - success") == 0
    assert run("--until", "Nope") == 1
    assert capsys.readouterr().err == "pic32bench: 'Nope' was not seen in 0.1 s\n"


def test_chip(fake_emulator: object, tiny_image: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["sfr", "--chip"]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == (
        "PIC32MZ2048EFH144: 2 registers, 1 modelled (50.0%), 1 storage only"
    )
    assert main(["sfr", "--chip", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["devices"]["uart"] == {"modelled": 1, "storage": 0}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--symbols", "nowhere.elf"], "nowhere.elf: No such file or directory"),
        (["nowhere.hex"], "nowhere.hex"),
        (["--chip", "tiny.hex"], "--chip runs nothing"),
    ],
)
def test_wrong_use_is_one_line(
    run: Run, capsys: pytest.CaptureFixture[str], arguments: list[str], message: str
) -> None:
    assert run(*arguments) == 2
    err = capsys.readouterr().err
    assert message in err
    assert err.count("\n") == 1
