# SPDX-License-Identifier: MIT
"""``pic32bench footprint`` as typed: exit codes, the table, JSON."""

import argparse
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from pic32bench.cli import footprint

from .conftest import row

Write = Callable[[str], Path]


def run(*arguments: str | Path) -> int:
    parser = argparse.ArgumentParser(prog="pic32bench")
    footprint.add_parser(parser.add_subparsers(required=True))
    args = parser.parse_args(["footprint", *map(str, arguments)])
    code: int = args.run(args)
    return code


def test_the_table_shows_every_row_and_the_totals(
    image: Path, budget: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = row("variable", "buffer", 128) + row("variable", "ws_r", 20, "[]") + row("variable", "all", 9, '["again"]')
    assert run(image, "--budget", budget("title = 'Mine [b]'\n" + rows)) == 0
    lines = capsys.readouterr().out.splitlines()
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("|")]
    assert cells[0] == ["address", "size", "table", "difference", "access", "section", "object file", "variable"]
    assert cells[2][1:] == ["100", "128", "-28", "GLOBAL", ".bss", "one.c", "buffer"]
    assert len(cells[2][0]) == 8
    assert cells[3] == ["absent", "0", "20", "-20", "GLOBAL", "", "", "ws_r"]
    assert cells[4][1:] == ["8", "9", "-1", "LOCAL", ".data", "one.c, two.c", "all (again)"]
    assert cells[6] == ["", "108", "157", "-49", "", "", "", "total"]
    assert lines[0] == "Mine [b]"
    assert lines[-1].startswith("fits")


def test_over_budget_is_exit_1_and_names_each_row(
    image: Path, budget: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    table = budget(row("variable", "buffer", 99) + row("variable", "counter", 1) + row("variable", "again", 8))
    assert run(image, "--budget", table) == 1
    last = capsys.readouterr().out.splitlines()[-1]
    assert "buffer 100 > 99 (+1)" in last
    assert "counter 2 > 1 (+1)" in last
    assert "again" not in last


def test_json(image: Path, budget: Write, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(image, "--json", "--budget", budget(row("variable", "buffer", 99))) == 1
    report = json.loads(capsys.readouterr().out)
    assert (report["fits"], report["over"]) == (False, ["buffer"])
    assert report["totals"]["variable"] == {"size": 100, "table": 99, "difference": 1}
    assert report["rows"][0]["symbols"][0]["size"] == 100


@pytest.mark.parametrize("table", ["gone.toml", None])
def test_what_cannot_be_read_is_exit_2_and_one_line(
    image: Path, budget: Write, table: str | None, capsys: pytest.CaptureFixture[str]
) -> None:
    path = table or budget("[[function]]\nname = 1\n")
    assert run(image, "--budget", path) == 2
    output = capsys.readouterr()
    assert output.out == ""
    assert output.err.startswith("pic32bench footprint: ")
    assert output.err.count("\n") == 1
