# SPDX-License-Identifier: MIT
"""Prefetch module: registers and the interrupt its error handler can be tested with (DS60001320 chapter 9)."""

from __future__ import annotations

from conftest import ChipFactory

PFMSECEN, PFMSEC, PFMDED = 1 << 26, 1 << 26, 1 << 27


def test_starts_with_seven_wait_states_and_no_prefetch(chip: ChipFactory) -> None:
    c = chip()
    assert (c.read("PRECON"), c.read("PRESTAT")) == (0x7, 0)


def test_only_its_bits_can_be_written(chip: ChipFactory) -> None:
    c = chip()
    c.write("PRECON", 0xFFFFFFFF)
    c.write("PRESTAT", 0xFFFFFFFF)
    assert (c.read("PRECON"), c.read("PRESTAT")) == (0x04000037, 0x0C0000FF)
    c.write("PRECON", 0x12)
    c.write("PRECONCLR", 0x10)
    c.write("PRECONSET", 0x20)
    c.write("PRECONINV", 0x01)
    assert c.read("PRECON") == 0x23


def test_a_reset_brings_the_slow_safe_values_back(chip: ChipFactory) -> None:
    c = chip()
    c.write("PRECON", 0x32)
    c.qmp("system_reset")
    assert c.read("PRECON") == 0x7


def test_no_interrupt_unless_single_errors_are_enabled(chip: ChipFactory) -> None:
    c = chip()
    c.write("PRESTAT", PFMSEC | PFMDED)
    assert c.ifs("PREFETCH") == 0
    c.write("PRECONSET", PFMSECEN)
    assert c.ifs("PREFETCH") == 1
    c.clear_ifs("PREFETCH")
    assert c.ifs("PREFETCH") == 1, "holds while PFMSEC is set"
    c.write("PRESTATCLR", PFMSEC)
    c.clear_ifs("PREFETCH")
    assert c.ifs("PREFETCH") == 0
