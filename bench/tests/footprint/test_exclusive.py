# SPDX-License-Identifier: MIT
"""Limits on object files and what only they use: calls, tables of functions, constants, variables, literals."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from pic32bench.cli.main import main
from pic32bench.footprint import Report, measure

from .conftest import Link

Write = Callable[[str], Path]

OWN_C = """
int helper(int), shared(int), by_pointer(int), far_away(int);
int (*callback)(int) = by_pointer;
int own(int x) { return x > 3 ? helper(x) : shared(x); }
int never(int x) { return x; }
"""
LIBRARY_C = """
static const int steps[32] = {1, 2, 3};
static int counted[50];
int both[8];
const char *text(int);
int __attribute__((noinline)) deeper(int x) { counted[x]++; return steps[x] + both[x]; }
int __attribute__((noinline)) helper(int x) { return deeper(x) + text(x)[1]; }
const char *__attribute__((noinline)) text(int x) { return x ? "only for the helper" : "and this, too"; }
int by_pointer(int x) { return x * 17; }
int __attribute__((noinline)) shared(int x) { return both[x]; }
int round_and_round(int x);
int forth(int x) { return x ? round_and_round(x - 1) : 0; }
int __attribute__((noinline)) round_and_round(int x) { return forth(x); }
"""
MAIN_C = """
int own(int), shared(int), forth(int);
extern int (*callback)(int);
int main(int x) { return own(x) + shared(x) + callback(x) + forth(x); }
"""
SOURCES = {"own.c": OWN_C, "library.c": LIBRARY_C, "main.c": MAIN_C}
BESIDES = {"helper", "deeper", "text", "by_pointer", "steps", "counted"}
STYLES = {"mips32": (), "micromips": ("-mmicromips", "-mips32r2"), "fast": ("-O2",)}


@pytest.fixture(params=STYLES)
def firmware(link: Link, request: pytest.FixtureRequest) -> Path:
    flags = ("-G0", "-g", "-ffunction-sections", "-fdata-sections", "-fno-ipa-icf", *STYLES[request.param])
    return link(SOURCES, *flags)


def limited(image: Path, budget: Write, what: str, most: int = 99_999) -> Report:
    return measure(image, budget(f'[[limit]]\nobject = "own.*"\nexclusive = true\nwhat = "{what}"\nmax = {most}\n'))


def sizes(report: Report) -> dict[str, int]:
    return {symbol.name: symbol.size for symbol in report.layout.symbols}


def test_what_nobody_else_uses_counts(firmware: Path, budget: Write) -> None:
    found = set()
    for what in ("flash", "ram"):
        (checked,) = limited(firmware, budget, what).limits
        assert checked.name == f"{what} of object own.* and what only it uses"
        assert checked.besides is not None
        found |= {piece.name for piece in checked.besides if piece.name}
    assert found == BESIDES
    literals = [piece.size for piece in limited(firmware, budget, "rodata").limits[0].besides or () if not piece.name]
    assert sum(literals) == 20 + 16, "two literals, each aligned to 4"


def test_one_byte_decides(firmware: Path, budget: Write) -> None:
    size = sizes(limited(firmware, budget, "ram"))
    ram = size["callback"] + size["counted"]
    assert limited(firmware, budget, "ram", ram).fits
    report = limited(firmware, budget, "ram", ram - 1)
    assert f"ram of object own.* and what only it uses {ram} > {ram - 1} (+1)" in report.complaint()


def test_one_more_user_and_it_does_not_count(link: Link, budget: Write) -> None:
    more = MAIN_C.replace("shared(x)", "shared(x) + helper(x)").replace("int own(int)", "int helper(int), own(int)")
    image = link({**SOURCES, "main.c": more}, "-G0", "-ffunction-sections", "-fdata-sections", "-fno-ipa-icf")
    (checked,) = limited(image, budget, "flash").limits
    assert {piece.name for piece in checked.besides or ()} == {"by_pointer"}


def test_a_map_says_that_it_cannot_tell(firmware: Path, budget: Write) -> None:
    report = limited(firmware.with_suffix(".map"), budget, "flash")
    (checked,) = report.limits
    assert checked.besides is None
    assert 0 < checked.size < limited(firmware, budget, "flash").limits[0].size
    assert report.notes == (
        "limit in line 1: a MAP holds no code, so what only own.* uses is not counted: measure the ELF to know",
    )


def test_all_formats_list_what_is_counted(
    firmware: Path, budget: Write, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    table = budget('[[limit]]\nobject = "own.*"\nexclusive = true\nmax = 9999\n')

    def output(*options: str) -> str:
        assert main(["footprint", str(firmware), "--budget", str(table), *options]) == 0
        return capsys.readouterr().out

    assert "only own.* uses it" in output()
    (limit,) = json.loads(output("--json"))["limits"]
    assert {piece["name"] for piece in limit["besides"] if piece["name"]} == BESIDES
    page = tmp_path / "page.html"
    assert "round_and_round" not in output("--format", "html", "--output", str(page))
    assert "only own.* uses it" in page.read_text()


@pytest.mark.parametrize(
    ("limit", "said"),
    [
        ('symbol = "a"\nexclusive = true', "key 'exclusive' goes with object, not with symbol"),
        ('object = "a"\nexclusive = true\neach = true', "key 'exclusive' does not go with each"),
        ('object = "a"\nexclusive = 1', "key 'exclusive': expected true or false, found 1"),
    ],
)
def test_what_does_not_go_together(
    firmware: Path, budget: Write, capsys: pytest.CaptureFixture[str], limit: str, said: str
) -> None:
    table = budget(f"[[limit]]\n{limit}\nmax = 1\n")
    assert main(["footprint", str(firmware), "--budget", str(table)]) == 2
    assert said in capsys.readouterr().err
