# SPDX-License-Identifier: MIT
"""What stacks can need by their code, in the report of a run."""

from __future__ import annotations

from pathlib import Path

from pic32bench.memory.bounds import with_bounds
from pic32bench.memory.report import Report, StackUse
from pic32bench.memory.table import as_json, as_text
from pic32bench.paths import reference_firmware


def report(*stacks: StackUse) -> Report:
    return Report("image", None, "none", 1.0, (), stacks, (), (), ())


MAIN = StackUse("main", 0x80000000, 0x80001000, 700, None, None, "its symbols")
OTHER = StackUse("other", None, 0x80002000, 100, None, None, "a guess")


def test_the_reference_firmware() -> None:
    found = with_bounds(report(MAIN, OTHER), reference_firmware(), None, None)
    main, other = found.stacks
    assert main.bounded
    assert main.bound is not None
    assert 700 < main.bound <= 2048
    assert other == OTHER
    assert f" {main.bound} |" in as_text(found)
    assert as_json(found)["stacks"][0]["bound"] == main.bound


def test_what_the_table_does_not_tell_is_open(tmp_path: Path) -> None:
    table = tmp_path / "table.toml"
    table.write_text('[[stack]]\nname = "main"\nmax = 4096\n')
    main = with_bounds(report(MAIN), reference_firmware(), None, table).stacks[0]
    assert not main.bounded
    assert f" {main.bound}+ |" in as_text(with_bounds(report(MAIN), reference_firmware(), None, table))


def test_code_that_cannot_be_read_changes_nothing(tmp_path: Path) -> None:
    (tmp_path / "image.elf").write_bytes(b"")
    assert with_bounds(report(MAIN), tmp_path / "image.elf", None, None) == report(MAIN)
