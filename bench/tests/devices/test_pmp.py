# SPDX-License-Identifier: MIT
"""Parallel master port: cycles in their time, BUSY, addresses, interrupts (FRM section 13, DS60001128)."""

from __future__ import annotations

from pathlib import Path

import pytest
from conftest import ChipFactory
from qtest import Chip
from snapshot import restore, save, wait_for_migration

ON, PTRDEN, PTWREN, DUALBUF, RDSTART = 1 << 15, 1 << 8, 1 << 9, 1 << 17, 1 << 23
BUSY, MASTER2, MASTER1, MODE16, IRQ_CYCLE = 1 << 15, 2 << 8, 3 << 8, 1 << 10, 1 << 13
UP, DOWN = 1 << 11, 2 << 11
CLOCK_NS = 250  # PBCLK2 of an erased chip: FRC 8 MHz / 2
LONGEST = 16 * CLOCK_NS * 2


def waits(begin: int, middle: int, end: int) -> int:
    """WAITB, WAITM and WAITE of PMMODE."""
    return begin << 6 | middle << 2 | end


def master(c: Chip, mode: int = MASTER2, con: int = 0) -> None:
    c.write("PMMODE", mode)
    c.write("PMCON", ON | PTRDEN | PTWREN | con)


def busy_clocks(c: Chip) -> int:
    """Clocks for which BUSY stays set."""
    clocks = 0
    while c.read("PMMODE") & BUSY:
        c.step_ns(CLOCK_NS)
        clocks += 1
    return clocks


def test_reset_values(chip: ChipFactory) -> None:
    c = chip()
    names = ("PMCON", "PMMODE", "PMADDR", "PMDOUT", "PMDIN", "PMAEN", "PMWADDR", "PMRADDR", "PMRDIN")
    assert [c.read(name) for name in names] == [0] * len(names)
    assert c.read("PMSTAT") == 0x8F


@pytest.mark.parametrize(
    ("mode", "con", "write", "read"),
    [
        (waits(0, 0, 0), 0, 3, 2),
        (waits(3, 0, 3), 0, 3, 2),  # without WAITM the others are ignored
        (waits(0, 1, 0), 0, 4, 3),
        (waits(1, 2, 1), 0, 7, 6),
        (waits(3, 15, 3), 0, 24, 23),
        (waits(1, 2, 1), 1 << 11, 9, 8),  # the lower address byte first
        (waits(1, 2, 1), 2 << 11, 11, 10),
        (waits(1, 2, 1) | MODE16, 3 << 11, 9, 8),
    ],
)
def test_a_cycle_takes_its_wait_states(chip: ChipFactory, mode: int, con: int, write: int, read: int) -> None:
    c = chip()
    master(c, MASTER1 | mode, con)
    c.write("PMDIN", 0x55)
    assert busy_clocks(c) == write
    c.read("PMDIN")
    assert busy_clocks(c) == read


def test_nothing_on_the_bus_reads_as_ones(chip: ChipFactory) -> None:
    c = chip()
    master(c)
    c.write("PMDIN", 0x12)
    c.step_ns(LONGEST)
    assert c.read("PMDIN") == 0x12  # the last cycle's; this read starts one
    c.step_ns(LONGEST)
    assert c.read("PMDIN") == 0xFF
    c.step_ns(LONGEST)
    c.write("PMMODESET", MODE16)
    c.read("PMDIN")
    c.step_ns(LONGEST)
    assert c.read("PMDIN") == 0xFFFF


def test_dual_buffers(chip: ChipFactory) -> None:
    c = chip()
    master(c, MASTER2 | UP, DUALBUF)
    c.write("PMRADDR", 0x100)
    c.write("PMWADDR", 0x200)
    c.read("PMDIN")
    assert not c.read("PMMODE") & BUSY
    c.write("PMCONSET", RDSTART)
    assert (c.read("PMMODE") & BUSY, c.read("PMCON") & RDSTART) == (BUSY, RDSTART)
    assert busy_clocks(c) == 2
    assert (c.read("PMCON") & RDSTART, c.read("PMRDIN"), c.read("PMRADDR")) == (0, 0xFF, 0x101)
    c.write("PMDOUT", 0x77)
    assert busy_clocks(c) == 3
    assert (c.read("PMWADDR"), c.read("PMRADDR")) == (0x201, 0x101)


@pytest.mark.parametrize(
    ("mode", "con", "before", "after"),
    [
        (0, 0, 5, 5),
        (UP, 0, 5, 6),
        (DOWN, 0, 5, 4),
        (UP, 0, 0xFFFF, 0),
        (UP, 1 << 6, 0xFFFF, 0x8000),  # bit 15 is a chip select
        (DOWN, 2 << 6, 0xC000, 0xFFFF),  # bits 14 and 15 are
    ],
)
def test_the_address_counts(chip: ChipFactory, mode: int, con: int, before: int, after: int) -> None:
    c = chip()
    master(c, MASTER2 | mode, con)
    c.write("PMADDR", before)
    c.write("PMDIN", 0)
    assert c.read("PMADDR") == before
    c.step_ns(LONGEST)
    assert c.read("PMADDR") == after


def test_interrupt_at_the_end_of_a_cycle(chip: ChipFactory) -> None:
    c = chip()
    master(c)
    c.write("PMDIN", 0)
    c.step_ns(LONGEST)
    assert c.ifs("PMP") == 0
    c.write("PMMODESET", IRQ_CYCLE)
    c.write("PMDIN", 0)
    c.step_ns(3 * CLOCK_NS - 1)
    assert c.ifs("PMP") == 0
    c.step_ns(1)
    assert (c.ifs("PMP"), c.ifs("PMP_ERROR")) == (1, 0)
    c.clear_ifs("PMP")
    assert c.ifs("PMP") == 0


def test_no_cycle_while_off_or_slave_or_busy(chip: ChipFactory) -> None:
    c = chip()
    c.write("PMMODE", MASTER2)
    c.write("PMDIN", 0)
    assert not c.read("PMMODE") & BUSY
    master(c, 1 << 8)  # enhanced slave
    c.write("PMDIN", 0)
    assert not c.read("PMMODE") & BUSY
    master(c, MASTER2 | UP | waits(3, 15, 3))
    c.write("PMDIN", 0)
    c.step_ns(10 * CLOCK_NS)
    c.write("PMDIN", 0)
    assert "BUSY" in c.log()
    assert busy_clocks(c) == 14
    assert c.read("PMADDR") == 1
    c.write("PMDIN", 0)
    c.write("PMCONCLR", ON)
    assert not c.read("PMMODE") & BUSY
    c.step_ns(LONGEST)
    assert c.read("PMADDR") == 1


def test_status_flags_are_cleared_only(chip: ChipFactory) -> None:
    c = chip()
    c.write("PMSTAT", 0xFFFFFFFF)
    assert c.read("PMSTAT") == 0x8F


def test_reset_and_snapshot_in_the_middle_of_a_cycle(chip: ChipFactory, tmp_path: Path) -> None:
    c = chip()
    master(c, MASTER2 | UP | waits(3, 15, 3))
    c.write("PMDIN", 0)
    c.step_ns(10 * CLOCK_NS)
    c.qmp("stop")
    moment = c.now
    save(c, tmp_path / "snapshot")
    restored = chip(arguments=restore(tmp_path / "snapshot"))
    wait_for_migration(restored)
    restored.clock_set(moment)  # qtest's own clock is in no snapshot
    for pic in (c, restored):
        pic.qmp("cont")
        assert busy_clocks(pic) == 14
        assert pic.read("PMADDR") == 1
    c.write("PMDIN", 0)
    c.panel.send({"power": "cycle"})
    c.step_ns(LONGEST)
    assert (c.read("PMADDR"), c.read("PMMODE")) == (0, 0)
