# SPDX-License-Identifier: MIT
"""External bus interface: chip selects, RAM behind the first, and a bus with nothing on it (DS60001320 chapter 24)."""

from __future__ import annotations

import pytest
from conftest import ChipFactory
from qtest import Chip, EmulatorError

WINDOW = 0x20000000
SRAM, NOR = 1 << 5, 2 << 5
MIB = 1 << 20


def select(chip: Chip, number: int, base: int, size: int, kind: int = SRAM) -> None:
    """Chip select `number` covers 2**(size + 15) bytes."""
    chip.write(f"EBICS{number}", base)
    chip.write(f"EBIMSK{number}", kind | size)


def test_registers_after_reset(chip: ChipFactory) -> None:
    c = chip()
    assert [c.read(f"EBICS{i}") for i in range(4)] == [0x20000000, 0x10000000, 0x20400000, 0x10400000]
    assert [c.read(f"EBIMSK{i}") for i in range(4)] == [0x020, 0x020, 0x120, 0x120]
    assert [c.read(f"EBISMT{i}") for i in range(3)] == [0x041C2D4B] * 3
    assert (c.read("EBIFTRPD"), c.read("EBISMCON")) == (0xC8, 0x0201)


def test_only_their_bits_can_be_written(chip: ChipFactory) -> None:
    c = chip()
    names = ("EBICS1", "EBIMSK1", "EBISMT1", "EBIFTRPD", "EBISMCON")
    for name in names:
        c.write(name, 0xFFFFFFFF)
    assert [c.read(name) for name in names] == [0xFFFF0000, 0x7FF, 0x07FFFFFF, 0xFFF, 0xFF81]
    c.qmp("system_reset")
    assert c.read("EBICS1") == 0x10000000


def test_ram_is_where_chip_select_0_is(chip: ChipFactory) -> None:
    c = chip(properties={"ebi-ram": 2048})
    select(c, 0, WINDOW, 6)  # 2 MiB
    c.write(WINDOW, 0x12345678)
    c.write(WINDOW + 2 * MIB - 2, 0xABCD, size=2)
    c.write(WINDOW + 3, 0x55, size=1)
    assert c.read(WINDOW) == 0x55345678
    assert c.memread(WINDOW + 2 * MIB - 4, 4) == b"\0\0\xcd\xab"
    select(c, 0, WINDOW + 16 * MIB, 6)
    assert c.read(WINDOW + 16 * MIB) == 0x55345678
    c.write("EBIMSK0", SRAM | 1)  # 64 KiB
    c.write(WINDOW + 16 * MIB + 0xFFFC, 0x600D)
    assert c.read(WINDOW + 16 * MIB + 0xFFFC) == 0x600D
    c.qmp("system_reset")
    select(c, 0, WINDOW, 6)
    assert c.read(WINDOW) == 0x55345678, "a reset does not clear it"
    assert c.read(WINDOW + 0xFFFC) == 0x600D


def test_nothing_on_the_bus_reads_as_ones(chip: ChipFactory) -> None:
    c = chip()
    select(c, 2, WINDOW + 8 * MIB, 1, NOR)
    c.write(WINDOW + 8 * MIB, 0x1234)
    assert c.read(WINDOW + 8 * MIB) == 0xFFFFFFFF
    assert c.read(WINDOW + 8 * MIB + 0xFFFF, size=1) == 0xFF


@pytest.mark.parametrize("size", [0, 11])
def test_a_chip_select_that_is_not_used_covers_nothing(chip: ChipFactory, size: int) -> None:
    c = chip(properties={"ebi-ram": 64})
    select(c, 0, WINDOW, 1)
    c.write(WINDOW, 0x1234)
    select(c, 0, WINDOW, size)
    c.write(WINDOW, 0x5678)
    select(c, 0, WINDOW, 1)
    assert c.read(WINDOW) == 0x1234


def test_more_ram_than_the_window_is_refused(chip: ChipFactory) -> None:
    with pytest.raises(EmulatorError, match="RAM behind EBI: 67109888 bytes, expected at most 67108864"):
        chip(properties={"ebi-ram": 65537})
