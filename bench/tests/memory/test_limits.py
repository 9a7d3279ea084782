# SPDX-License-Identifier: MIT
"""A run's use of RAM against limits: over by one byte is over, each is named, what matches nothing is said."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from pic32bench.code_map import Place
from pic32bench.footprint.budget import load_budget
from pic32bench.memory import BufferUse, HeapUse, OverrunFound, PoolUse, Report, StackUse
from pic32bench.memory.limits import against, is_meant_for
from pic32bench.memory.table import as_json, as_text

USED = Report(
    image="demo.elf",
    symbols="demo.elf",
    network="wire",
    seconds=1.5,
    buffers=(
        BufferUse("ws_buffer", 0x80001000, 4096, 1500, 1024, 900, True),
        BufferUse("seen.1234", 0x80002000, 24, 24, 8, 8, False),
    ),
    stacks=(StackUse("main", 0x80000000, 0x80001000, 2048, 7, None, "labels"),),
    heaps=(HeapUse("lwip", 0x80003000, 8192, 700, 9, 0, 30, 1, 300),),
    pools=(PoolUse("PBUF_POOL", 0x80005000, 272, 12, 6, 9, 40, 0),),
    overruns=(),
)


def held(tmp_path: Path, text: str, report: Report = USED) -> Report:
    path = tmp_path / "limits.toml"
    path.write_text(text)
    return against(report, load_budget(path))


@pytest.mark.parametrize(
    ("table", "most", "message"),
    [
        ("[[stack]]\nname = 'main'\nmax = {}", 2048, "stack main: 2,048 bytes, 1 over its limit of 2,047"),
        ("[[stack]]\nname = 'ma*'\nmax = {}", 2048, "stack main: 2,048 bytes, 1 over its limit of 2,047"),
        ("[[buffer]]\nname = 'ws_*'\nmax = {}", 1024, "buffer ws_buffer: 1,024 bytes, 1 over its limit of 1,023"),
        ("[[buffer]]\nname = 'seen'\nmax = {}", 8, "buffer seen.1234: 8 bytes, 1 over its limit of 7"),
        ("[[heap]]\nname = 'lwip'\nmax = {}", 700, "heap lwip: 700 bytes, 1 over its limit of 699"),
        ("[[heap]]\nname = 'lwip'\nfailures = {}", 1, "heap lwip: 1 failed requests, 1 over its limit of 0"),
        ("[[pool]]\nname = 'PBUF_*'\nmax = {}", 6, "pool PBUF_POOL: 6 elements, 1 over its limit of 5"),
    ],
)
def test_one_over_is_over(tmp_path: Path, table: str, most: int, message: str) -> None:
    fits, over = held(tmp_path, table.format(most)), held(tmp_path, table.format(most - 1))
    assert fits.fits
    assert fits.complaint() == ""
    assert not over.fits
    assert over.complaint() == message
    assert message in as_text(over)
    assert as_json(over)["over"] == [{"what": message.partition(":")[0], "message": message}]


def test_every_one_that_is_over_is_named(tmp_path: Path) -> None:
    report = held(tmp_path, "[[buffer]]\nname = '*'\nmax = 1\n[[stack]]\nname = 'main'\nmax = 1\n")
    assert [breach.what for breach in report.breaches] == ["stack main", "buffer ws_buffer", "buffer seen.1234"]


def test_a_limit_that_nothing_answers_to_is_said(tmp_path: Path) -> None:
    report = held(tmp_path, "[[buffer]]\nname = 'ws_bufer'\nmax = 1\n")
    assert report.fits
    assert "ws_bufer" in report.unmatched[0]
    assert "line 1" in report.unmatched[0]
    assert report.unmatched[0] in as_text(report)


def test_a_table_for_another_firmware_is_told_by_its_buffers(tmp_path: Path) -> None:
    path = tmp_path / "limits.toml"
    for name, meant in (("ws_buffer", True), ("WS_gBuffer", False)):
        path.write_text(f"[[stack]]\nname = 'main'\nmax = 1\n[[buffer]]\nname = '{name}'\nmax = 9999\n")
        assert is_meant_for(USED, load_budget(path)) is meant


def test_a_stack_past_its_bottom_and_an_overrun_fail_without_any_limit() -> None:
    deep = replace(USED, stacks=(replace(USED.stacks[0], used=4104),))
    assert deep.stacks[0].overflow
    assert deep.complaint() == "stack main: it went 8 bytes past its bottom"
    where = Place("copy", "copy.c", 12)
    overrun = OverrunFound("ws_buffer", 0x80002000, 1, 0x9D000010, where, 0x9D000100, Place("main"), 1_000)
    over = replace(USED, overruns=(overrun,))
    assert not over.fits
    assert over.complaint() == (
        "overrun of ws_buffer: a store to 80002000, 1 byte past its end, by 9D000010 copy (copy.c:12), called from "
        "9D000100 main, at 0.000001000 s"
    )
