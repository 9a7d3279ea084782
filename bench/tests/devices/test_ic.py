# SPDX-License-Identifier: MIT
"""Input capture: FRM section 15 (DS60001122), DS60001320 chapter 17."""

from __future__ import annotations

from pathlib import Path

import pytest
from qtest import Chip, ChipFactory
from snapshot import restore, save, wait_for_migration

TICK = 250  # ns: PBCLK3 after reset is FRC / 2 = 4 MHz
ON = 0x8000
FEDGE, C32, ICTMR, ICOV, ICBNE = 0x200, 0x100, 0x80, 0x10, 0x08
EDGE_DETECT, FALLING, RISING, RISING_4, RISING_16, EVERY, INTERRUPT = range(1, 8)
ICACLK = 1 << 17
PIN = "RD1"  # value 0 of IC1R
CAPTURE, ERROR = "INPUT_CAPTURE_1", "INPUT_CAPTURE_1_ERROR"


def start(c: Chip, con: int) -> None:
    """Timer2 counts from now on, IC1 captures it from RD1."""
    c.write("PR2", 0xFFFF)
    c.write("T2CON", ON)
    c.write("IC1CON", ON | ICTMR | con)


def drive(c: Chip, *changes: tuple[int, int]) -> None:
    """Drives RD1 to the levels at the ticks, then runs to the last of them."""
    for tick, level in changes:
        c.panel.send({"pin": PIN, "level": level, "at": tick * TICK})
    c.clock_set(changes[-1][0] * TICK)


def captures(c: Chip) -> list[int]:
    """Empties the FIFO."""
    found = []
    while c.read("IC1CON") & ICBNE:
        found.append(c.read("IC1BUF"))
    return found


def test_reset_values_and_writable_bits(chip: ChipFactory) -> None:
    with chip() as c:
        for n in range(1, 10):
            assert (c.read(f"IC{n}CON"), c.read(f"IC{n}BUF")) == (0, 0)
            c.write(f"IC{n}CON", 0xFFFFFFFF & ~ON)
            assert c.read(f"IC{n}CON") == 0x23E7
            c.write(f"IC{n}BUF", 5)
            assert c.read(f"IC{n}BUF") == 0


EDGES = ((100, 1), (150, 0), (200, 1), (270, 0), (300, 1), (310, 0))


@pytest.mark.parametrize(
    ("con", "expected"),
    [
        (RISING, [100, 200, 300]),
        (FALLING, [150, 270, 310]),
        (EVERY | FEDGE, [100, 150, 200, 270]),
        (EVERY, [150, 200, 270, 300]),
        (EDGE_DETECT, [100, 150, 200, 270]),
    ],
)
def test_edges_of_the_modes(chip: ChipFactory, con: int, expected: list[int]) -> None:
    with chip() as c:
        start(c, con)
        drive(c, *EDGES)
        assert captures(c) == expected


@pytest.mark.parametrize(("con", "every"), [(RISING_4, 4), (RISING_16, 16)])
def test_prescaler(chip: ChipFactory, con: int, every: int) -> None:
    with chip() as c:
        start(c, con)
        drive(c, *((10 * n + 5 * low, 1 - low) for n in range(1, 2 * every + 1) for low in (0, 1)))
        assert captures(c) == [10 * every, 20 * every]


def test_prescaler_starts_anew_when_the_module_is_off(chip: ChipFactory) -> None:
    with chip() as c:
        start(c, RISING_4)
        drive(c, (10, 1), (15, 0), (20, 1), (25, 0), (30, 1), (35, 0))
        c.write("IC1CON", ON | ICTMR)
        c.write("IC1CON", ON | ICTMR | RISING_4)
        drive(c, (40, 1), (45, 0), (50, 1), (55, 0), (60, 1), (65, 0), (70, 1))
        assert captures(c) == [70]


@pytest.mark.parametrize("ici", range(4))
def test_interrupt_after_so_many_captures(chip: ChipFactory, ici: int) -> None:
    with chip() as c:
        start(c, RISING | ici << 5)
        for n in range(4):
            drive(c, (100 * n + 100, 1), (100 * n + 150, 0))
            assert c.ifs(CAPTURE) == (n >= ici), n
        c.clear_ifs(CAPTURE)
        assert c.ifs(CAPTURE) == 1  # persistent: the captures are still there
        assert captures(c) == [100, 200, 300, 400]
        c.clear_ifs(CAPTURE)
        assert (c.ifs(CAPTURE), c.ifs(ERROR)) == (0, 0)


def test_overflow_keeps_the_oldest_until_the_fifo_is_empty(chip: ChipFactory) -> None:
    with chip() as c:
        start(c, EVERY | FEDGE)
        drive(c, *EDGES)
        assert c.read("IC1CON") & (ICOV | ICBNE) == ICOV | ICBNE
        assert c.ifs(ERROR) == 1
        assert c.read("IC1BUF") == 100
        drive(c, (400, 1))
        assert captures(c) == [150, 200, 270]
        assert c.read("IC1CON") & ICOV == 0
        c.clear_ifs(ERROR)
        assert c.ifs(ERROR) == 0
        drive(c, (500, 0))
        assert captures(c) == [500]


def test_edge_detect_interrupts_with_every_edge_and_never_overflows(chip: ChipFactory) -> None:
    with chip() as c:
        start(c, EDGE_DETECT | 3 << 5)
        for n in range(8):
            drive(c, (100 * n + 100, 1 - n % 2))
            assert c.ifs(CAPTURE) == 1, n
            c.clear_ifs(CAPTURE)
            assert c.ifs(CAPTURE) == 0, n
        assert (c.read("IC1CON") & ICOV, c.ifs(ERROR)) == (0, 0)


def test_interrupt_only(chip: ChipFactory) -> None:
    with chip() as c:
        start(c, INTERRUPT)
        drive(c, (100, 1))
        assert (c.ifs(CAPTURE), captures(c)) == (1, [])
        c.clear_ifs(CAPTURE)
        drive(c, (200, 0))
        assert c.ifs(CAPTURE) == 0


@pytest.mark.parametrize("off", [0, ON | ICTMR])
def test_off_empties_the_fifo(chip: ChipFactory, off: int) -> None:
    with chip() as c:
        start(c, EVERY | FEDGE)
        drive(c, *EDGES)
        c.write("IC1CON", off)
        assert c.read("IC1CON") == off
        c.clear_ifs(CAPTURE)
        c.clear_ifs(ERROR)
        assert (c.ifs(CAPTURE), c.ifs(ERROR)) == (0, 0)
        drive(c, (400, 1))
        assert captures(c) == []


@pytest.mark.parametrize("alternate", [False, True])
def test_time_bases(chip: ChipFactory, alternate: bool) -> None:
    """DS60001320 table 17-1; ICTMR = 1 is the even timer."""
    pins = {1: "RD1", 2: "RD9", 3: "RD2", 4: "RD3", 5: "RD9", 6: "RD1", 7: "RD2", 8: "RD3", 9: "RD9"}
    even = {1: 4, 2: 4, 3: 4, 4: 2, 5: 2, 6: 2, 7: 6, 8: 6, 9: 6} if alternate else dict.fromkeys(pins, 2)
    with chip() as c:
        if alternate:
            c.unlock()
            c.write("CFGCON", c.read("CFGCON") | ICACLK)
        for timer in range(2, 8):
            c.write(f"TMR{timer}", 1000 * timer)
        for module, pin in pins.items():
            for ictmr, timer in ((ICTMR, even[module]), (0, even[module] + 1)):
                c.write(f"IC{module}CON", ON | ictmr | RISING)
                c.panel.send({"pin": pin, "level": 1})
                c.panel.send({"pin": pin, "level": 0})
                assert c.read(f"IC{module}BUF") == 1000 * timer, (module, timer)
                c.write(f"IC{module}CON", 0)


def test_32_bits(chip: ChipFactory) -> None:
    with chip() as c:
        c.write("T2CON", 0x08)
        c.write("PR2", 0xFFFFFFFF)
        c.write("T2CON", ON | 0x08)
        c.write("IC1CON", ON | C32 | RISING)
        drive(c, (1_000_000, 1))
        assert captures(c) == [1_000_000]


def test_capture_is_exact_at_a_pin_that_changes_between_two_ticks(chip: ChipFactory) -> None:
    with chip() as c:
        start(c, EVERY | FEDGE)
        c.panel.send({"pin": PIN, "level": 1, "at": 100 * TICK - 1})
        c.panel.send({"pin": PIN, "level": 0, "at": 200 * TICK})
        c.clock_set(300 * TICK)
        assert captures(c) == [99, 200]


def test_captures_the_chips_own_pwm(chip: ChipFactory) -> None:
    """OC2 and IC1 on one pin, RD1, without a wire."""
    with chip() as c:
        c.write("RPD1R", 11)
        c.write("PR3", 999)
        c.write("OC2RS", 250)
        c.write("OC2CON", ON | 0x08 | 6)
        c.write("T3CON", ON)
        c.clock_set(5500 * TICK)
        start(c, EVERY | FEDGE)
        c.clock_set(7500 * TICK)
        assert captures(c) == [500, 750, 1500, 1750]
        c.write("OC2RS", 600)
        c.clock_set(9800 * TICK)
        assert captures(c) == [2500, 3100, 3500, 4100]


def test_snapshot_keeps_fifo_and_prescaler(chip: ChipFactory, tmp_path: Path) -> None:
    def finish(c: Chip) -> list[int]:
        drive(c, (500, 1), (510, 0), (520, 1), (530, 0), (540, 1))
        return captures(c)

    with chip() as c:
        start(c, RISING_4)
        drive(c, *((10 * n + 5 * low, 1 - low) for n in range(1, 7) for low in (0, 1)))
        c.qmp("stop")
        save(c, tmp_path / "snapshot")
        c.qmp("cont")
        expected = finish(c)
    assert expected == [40, 520]
    with chip(arguments=restore(tmp_path / "snapshot")) as c:
        wait_for_migration(c)
        c.qmp("cont")
        assert finish(c) == expected
