# SPDX-License-Identifier: MIT
"""Peripheral pin select: DS60001320 section 12.4, tables 12-1 and 12-2."""

from __future__ import annotations

import pytest
from qtest import Chip, ChipFactory, registers

IOLOCK = 1 << 13  # of CFGCON

# The pins of each group in the order of their selection value; - is reserved.
GROUPS: dict[str, str] = {
    "T2CK": "RD2 RG8 RF4 RD10 RF1 RB9 RB10 RC14 RB5 - RC1 RD14 RG1 RA14 RD6 -",
    "T5CK": "RD3 RG7 RF5 RD11 RF0 RB1 RE5 RC13 RB3 - RC4 RD15 RG0 RA15 RD7 -",
    "T3CK": "RD9 RG6 RB8 RB15 RD4 RB0 RE3 RB7 - RF12 RD12 RF8 RC3 RE9 - -",
    "T4CK": "RD1 RG9 RB14 RD0 - RB6 RD5 RB2 RF3 RF13 - RF2 RC2 RE8 - -",
}


def make_digital(c: Chip) -> None:
    for port in "ABCDEFG":
        if f"ANSEL{port}" in registers():
            c.write(f"ANSEL{port}", 0)


def lock(c: Chip) -> None:
    c.unlock()
    c.write("CFGCON", c.read("CFGCON") | IOLOCK)
    c.write("SYSKEY", 0)


def edges(c: Chip, timer: int, pin: str) -> int:
    """How many of two rising edges on `pin` the timer's external clock sees."""
    before = c.read(f"TMR{timer}")
    for level in (0, 1, 0, 1, 0, None):
        c.panel.send({"pin": pin, "level": level})
    return c.read(f"TMR{timer}") - before


@pytest.mark.parametrize("function", GROUPS)
def test_input_selection_takes_the_pin_of_table_12_1(chip: ChipFactory, function: str) -> None:
    timer = int(function[1])
    with chip() as c:
        make_digital(c)
        c.write(f"PR{timer}", 0xFFFF)
        c.write(f"T{timer}CON", 0x8002)  # ON, TCS
        pins = GROUPS[function].split()
        for value, pin in enumerate(pins):
            c.write(f"{function}R", value)
            for other in sorted(set(pins) - {"-"}):
                assert edges(c, timer, other) == (2 if other == pin else 0), (value, other)


def test_every_group_belongs_to_its_functions(chip: ChipFactory) -> None:
    """One function of each timer, by a pin that only its group has."""
    first = {2: "RD2", 6: "RD2", 5: "RD3", 7: "RD3", 3: "RD9", 8: "RD9", 4: "RD1", 9: "RD1"}
    with chip() as c:
        make_digital(c)
        for timer, pin in first.items():
            c.write(f"T{timer}CON", 0x8002)
            assert edges(c, timer, pin) == 2, timer


def test_new_selection_that_changes_the_level_is_an_edge(chip: ChipFactory) -> None:
    with chip() as c:
        make_digital(c)
        c.panel.send({"pin": "RG8", "level": 1})
        c.write("T2CON", 0x8002)
        c.write("T2CKR", 1)
        assert c.read("TMR2") == 1


def test_analog_pin_feeds_nothing(chip: ChipFactory) -> None:
    with chip() as c:
        c.write("T2CON", 0x8002)
        c.write("T2CKR", 5)  # RB9 is AN7 too
        assert edges(c, 2, "RB9") == 0
        c.write("ANSELBCLR", 1 << 9)
        assert edges(c, 2, "RB9") == 2


def test_registers_are_four_bits_wide_without_aliases(chip: ChipFactory) -> None:
    names = [name for name, (address, _) in registers().items() if 0x1F801400 <= address < 0x1F801800]
    assert len(names) == 104
    with chip() as c:
        for name in names:
            assert c.read(name) == 0, name
            c.write(name, 0xFFFFFFFF)
            assert c.read(name) == 0xF, name
        c.write("RPB14R", 2)
        assert c.read("RPB15R") == 0xF  # a write at +4 is the next register


def test_byte_write_reaches_the_selection(chip: ChipFactory) -> None:
    with chip() as c:
        c.write("U2RXR", 5, size=1)
        c.write("U2RXR", 0xFF, size=1, offset=1)
        assert c.read("U2RXR") == 5


def test_iolock_keeps_the_selection(chip: ChipFactory) -> None:
    with chip() as c:
        c.write("U2RXR", 5)
        lock(c)
        c.write("U2RXR", 3)
        c.write("RPB14R", 2)
        assert (c.read("U2RXR"), c.read("RPB14R")) == (5, 0)
        assert "IOLOCK" in c.log()


def test_iolock_needs_the_unlock_sequence(chip: ChipFactory) -> None:
    with chip() as c:
        c.write("CFGCON", c.read("CFGCON") | IOLOCK)
        c.write("U2RXR", 3)
        assert c.read("U2RXR") == 3


def test_reset_clears_lock_and_selection(chip: ChipFactory) -> None:
    with chip() as c:
        c.write("U2RXR", 5)
        lock(c)
        c.panel.send({"power": "cycle"})
        assert c.read("U2RXR") == 0
        c.write("U2RXR", 3)
        assert c.read("U2RXR") == 3
