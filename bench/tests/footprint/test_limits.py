# SPDX-License-Identifier: MIT
"""Limits on symbols, object files, sections, the whole image, and what no row names: one byte decides."""

from collections.abc import Callable
from pathlib import Path

import pytest

from pic32bench.footprint import Report, measure
from pic32bench.footprint.budget import Memory

from .conftest import Link, row
from .sources import SERVER_C, SOURCES

Write = Callable[[str], Path]


@pytest.fixture(scope="module")
def firmware(link: Link) -> Path:
    return link(SOURCES, "-g", "-ffunction-sections", "-fdata-sections")


def limited(image: Path, budget: Write, limit: str, rows: str = "") -> Report:
    return measure(image, budget(rows + "[[limit]]\n" + limit))


@pytest.mark.parametrize(
    ("limit", "size"),
    [
        ('symbol = "server_buffer"', 4000),
        ('symbol = "server_*"\nwhat = "variable"', 4000 + 4 + 2),
        ('symbol = "forgotten"', 5000),
        ('symbol = "log_*"\nwhat = "ram"', 300),
        ('symbol = "*"\nwhat = "ram"\nexcept = "[fs]*"', 300),
        ('object = "server.o"\nwhat = "ram"', 4000 + 5000 + 24 + 4 + 2),
        ('object = "server.c"\nwhat = "ram"\nexcept = "forgotten"', 4000 + 24 + 4 + 2),
        ('object = "serve?.o"\nwhat = "ram"\nexcept = "forgotten"', 4000 + 24 + 4 + 2),
        ('section = ".bss.forgotten*"', 5000),
        ('section = ".data"', 16),
    ],
)
def test_one_byte_decides(firmware: Path, budget: Write, limit: str, size: int) -> None:
    assert limited(firmware, budget, f"{limit}\nmax = {size}").fits
    report = limited(firmware, budget, f"{limit}\nmax = {size - 1}")
    assert not report.fits
    assert [(checked.size, checked.difference) for checked in report.over_limit] == [(size, 1)]
    assert f"{report.over_limit[0].name} {size:,} > {size - 1:,} (+1)" in report.complaint()


@pytest.mark.parametrize("memory", list(Memory))
def test_totals(firmware: Path, budget: Write, memory: Memory) -> None:
    size = measure(firmware, budget("[[limit]]\ntotal = 'ram'\nmax = 99999\n")).image_totals[memory]
    assert size > 40
    assert limited(firmware, budget, f"total = '{memory}'\nmax = {size}").fits
    assert (
        f"total {memory} {size:,} > {size - 1:,} (+1)"
        in limited(firmware, budget, f"total = '{memory}'\nmax = {size - 1}").complaint()
    )


def test_a_table_of_limits_needs_no_rows(firmware: Path, budget: Write) -> None:
    report = limited(firmware, budget, 'object = "other.o"\nmax = 99999')
    assert (report.rows, report.unlisted, report.fits) == ((), (), True)


def test_each_match_has_the_limit(firmware: Path, budget: Write) -> None:
    report = limited(firmware, budget, 'symbol = "*"\nwhat = "variable"\neach = true\nmax = 999')
    assert {(checked.name, checked.size) for checked in report.over_limit} == {
        ("variable of symbol server_buffer", 4000),
        ("variable of symbol forgotten", 5000),
    }
    objects = limited(firmware, budget, 'object = "*"\nwhat = "ram"\neach = true\nmax = 4000')
    assert [checked.name for checked in objects.over_limit] == ["ram of object server.o"]


def test_a_static_buffer_added_to_a_function_is_caught(link: Link, budget: Write) -> None:
    rows = row("function", "server_task", 500) + row("variable", "server_buffer", 4000)
    limit = 'unlisted = "*"\nwhat = "ram"\nmax = 5030'
    before = limited(link(SOURCES), budget, limit, rows)
    assert before.fits
    added = SERVER_C.replace("static char seen[24];", "static char seen[24], extra[64]; extra[x] = seen[x];").replace(
        "seen[x] = 1", "seen[x] = extra[1]"
    )
    image = link({**SOURCES, "server.c": added})
    for path in (image, image.with_suffix(".map")):
        report = limited(path, budget, limit, rows)
        assert [checked.name for checked in report.over_limit] == ["ram of unlisted *"]
        assert 32 < report.over_limit[0].difference <= 128
        whole = limited(path, budget, 'object = "server.*"\nwhat = "ram"\nmax = 9031')
        assert [checked.name for checked in whole.over_limit] == ["ram of object server.*"]


def test_a_pattern_that_names_nothing_gets_a_note(firmware: Path, budget: Write) -> None:
    report = limited(firmware, budget, 'object = "gone.o"\nmax = 0\n[[limit]]\nsymbol = "idle"\nmax = 99')
    assert report.fits
    assert report.notes == ("limit in line 1: no object 'gone.o' in this image",)


def test_a_limit_of_other_images_is_left_out(firmware: Path, budget: Write) -> None:
    report = limited(
        firmware,
        budget,
        'total = "ram"\nmax = 0\nwith_symbol = "ws_server"\n[[limit]]\ntotal = "ram"\nmax = 1\nwith_symbol = "idle"',
    )
    assert [checked.limit.max for checked in report.limits] == [1]
    assert not report.fits


def test_limits_hold_for_a_map(firmware: Path, budget: Write) -> None:
    linkmap = firmware.with_suffix(".map")
    assert limited(linkmap, budget, 'symbol = "server_buffer"\nmax = 4000').fits
    assert not limited(linkmap, budget, 'object = "server.o"\nwhat = "ram"\nmax = 9029').fits
