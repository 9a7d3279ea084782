# SPDX-License-Identifier: MIT
"""Real-time clock and calendar: BCD time, leap years, alarms, calibration (DS60001320 chapter 25, FRM section 29)."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
from conftest import ChipFactory
from guest_program import PROGRAMS, build
from qtest import Chip
from snapshot import restore, run_until, save, state, wait_for_migration

RTCOE, HALFSEC, RTCSYNC, RTCWREN, RTCCLKON, ON = 1 << 0, 1 << 1, 1 << 2, 1 << 3, 1 << 6, 1 << 15
LPRC, SOSC = 0 << 9, 1 << 9
OUT_SECONDS, OUT_CLOCK = 1 << 7, 2 << 7
ALRMSYNC, PIV, CHIME, ALRMEN = 1 << 12, 1 << 13, 1 << 14, 1 << 15
TICK_NS = 1e9 / 32_768
SECOND_NS = 1_000_000_000
HALF_SECOND, SECOND, TEN_SECONDS, MINUTE, TEN_MINUTES, HOUR, DAY, WEEK, MONTH, YEAR = range(10)


def open_clock(c: Chip) -> None:
    c.unlock()
    c.write("RTCCONSET", RTCWREN)
    c.write("SYSKEY", 0)


def start(c: Chip, time: int = 0, date: int = 0x00010106, control: int = SOSC) -> None:
    """Sets the clock, HHMMSS and YYMMDD0W in BCD, and starts it."""
    open_clock(c)
    c.write("RTCDATE", date)
    c.write("RTCTIME", time << 8)
    c.write("RTCCON", control | RTCWREN)
    c.write("RTCCON", control | RTCWREN | ON)


def now(c: Chip) -> tuple[int, int]:
    return c.read("RTCDATE"), c.read("RTCTIME") >> 8


def alarms(c: Chip, steps: int, step_ns: int) -> list[int]:
    """After which of `steps` steps the alarm's flag was found set."""
    found = []
    for n in range(1, steps + 1):
        c.step_ns(step_ns)
        if c.ifs("RTCC"):
            found.append(n)
            c.clear_ifs("RTCC")
    return found


def test_reset_values(chip: ChipFactory) -> None:
    c = chip()
    names = ("RTCCON", "RTCALRM", "RTCTIME", "RTCDATE", "ALRMTIME", "ALRMDATE")
    assert [c.read(name) for name in names] == [0, 0, 0, 0x00010106, 0, 0]
    c.step(5)
    assert now(c) == (0x00010106, 0), "it is off"


def test_rtcwren_needs_the_key_and_guards_the_clock(chip: ChipFactory) -> None:
    c = chip()
    c.write("RTCCONSET", RTCWREN | ON)
    assert c.read("RTCCON") == 0
    c.write("RTCTIME", 0x12345600)
    c.write("RTCDATE", 0x99123104)
    assert now(c) == (0x00010106, 0)
    open_clock(c)
    c.write("RTCTIME", 0x12345600)
    c.write("RTCDATE", 0x99123104)
    assert now(c) == (0x99123104, 0x123456)
    c.write("RTCCONSET", ON)
    c.write("RTCCONCLR", RTCWREN)
    assert c.read("RTCCON") & (ON | RTCWREN) == ON, "the gate closes without a key"
    c.write("RTCCONCLR", ON)
    assert c.read("RTCCON") & ON
    c.write("RTCTIME", 0)
    assert now(c)[1] == 0x123456


@pytest.mark.parametrize("source", [SOSC, LPRC])
def test_a_second_is_32768_cycles(chip: ChipFactory, source: int) -> None:
    c = chip()
    start(c, 0, control=source)
    assert c.read("RTCCON") & RTCCLKON
    c.step_ns(SECOND_NS // 2 - 1)
    assert not c.read("RTCCON") & HALFSEC
    c.step_ns(1)
    assert c.read("RTCCON") & HALFSEC
    c.step_ns(SECOND_NS // 2 - 1)
    assert now(c)[1] == 0
    c.step_ns(1)
    assert now(c)[1] == 1
    assert not c.read("RTCCON") & HALFSEC
    c.step_ns(1_000_000 * SECOND_NS - 1)
    assert now(c)[1] == 0x134640, "no rounding adds up in eleven days"
    c.step_ns(1)
    assert now(c)[1] == 0x134641


def test_no_oscillator_no_time(chip: ChipFactory) -> None:
    c = chip(properties={"sosc": 0})
    start(c)
    assert not c.read("RTCCON") & RTCCLKON
    c.step(3)
    assert now(c)[1] == 0
    c.write("RTCCON", LPRC | RTCWREN | ON)
    assert c.read("RTCCON") & RTCCLKON
    c.step(3)
    assert now(c)[1] == 3


def test_the_oscillator_can_be_switched_off(chip: ChipFactory) -> None:
    c = chip()
    start(c)
    c.step(1.75)
    c.unlock()
    c.write("OSCCONCLR", 2)
    c.step(100)
    c.write("OSCCONSET", 2)
    c.step_ns(SECOND_NS // 4 - 2 * round(TICK_NS))
    assert now(c)[1] == 1
    c.step_ns(4 * round(TICK_NS))
    assert now(c)[1] == 2


def test_writing_the_seconds_begins_a_second_anew(chip: ChipFactory) -> None:
    c = chip()
    start(c)
    c.step(0.75)
    c.write("RTCTIME", 0x12, size=1, offset=3)
    assert c.read("RTCCON") & HALFSEC, "the hour does not"
    c.write("RTCTIME", 0x30, size=1, offset=1)
    assert not c.read("RTCCON") & HALFSEC
    c.step_ns(SECOND_NS - 1)
    assert now(c)[1] == 0x120030
    c.step_ns(1)
    assert now(c)[1] == 0x120031


@pytest.mark.parametrize(
    ("date", "time", "after"),
    [
        (0x23061502, 0x095959, (0x23061502, 0x100000)),
        (0x23061502, 0x195959, (0x23061502, 0x200000)),
        (0x23061506, 0x235959, (0x23061600, 0)),
        (0x23022802, 0x235959, (0x23030103, 0)),
        (0x24022802, 0x235959, (0x24022903, 0)),
        (0x24022902, 0x235959, (0x24030103, 0)),
        (0x00022802, 0x235959, (0x00022903, 0)),
        (0x23043000, 0x235959, (0x23050101, 0)),
        (0x23073100, 0x235959, (0x23080101, 0)),
        (0x23093000, 0x235959, (0x23100101, 0)),
        (0x09123100, 0x235959, (0x10010101, 0)),
        (0x99123104, 0x235959, (0x00010105, 0)),
    ],
    ids=lambda value: f"{value:x}" if isinstance(value, int) else "",
)
def test_calendar(chip: ChipFactory, date: int, time: int, after: tuple[int, int]) -> None:
    c = chip()
    start(c, time, date)
    c.step_ns(SECOND_NS - 1)
    assert now(c) == (date, time)
    c.step_ns(1)
    assert now(c) == after


def test_digits_that_are_none_roll_over_and_harm_nothing(chip: ChipFactory) -> None:
    c = chip()
    start(c, 0xFFFFFF, 0xFFFFFF0F)
    c.step_ns(SECOND_NS)
    assert now(c) == (0x00010100, 0)


def test_sync_announces_a_rollover(chip: ChipFactory) -> None:
    c = chip()
    start(c)
    c.step_ns(round(SECOND_NS / 2 - 33 * TICK_NS))
    assert not c.read("RTCALRM") & ALRMSYNC
    c.step_ns(round(TICK_NS) + 1)
    assert c.read("RTCALRM") & ALRMSYNC
    assert not c.read("RTCCON") & RTCSYNC
    c.step_ns(SECOND_NS // 2)
    assert c.read("RTCCON") & RTCSYNC
    c.step_ns(round(32 * TICK_NS))
    assert not c.read("RTCCON") & RTCSYNC
    assert not c.read("RTCALRM") & ALRMSYNC


@pytest.mark.parametrize("cal", [511, 100, -1, -512])
def test_calibration_adds_pulses_every_minute(chip: ChipFactory, cal: int) -> None:
    c = chip()
    start(c, 0x59, control=SOSC | (cal & 0x3FF) << 16)
    c.step_ns(SECOND_NS)
    assert now(c)[1] == 0x000100
    begin = c.now
    for n in range(1, 4):
        end = begin + math.ceil(n * (60 * 32768 - cal) * TICK_NS)
        c.clock_set(end - 1)
        assert now(c)[1] == n << 8 | 0x59
        c.clock_set(end)
        assert now(c)[1] == n + 1 << 8


@pytest.mark.parametrize(
    ("mask", "alarm_time", "alarm_date", "at", "date", "next_at"),
    [
        (SECOND, 0, 0, 0x123455, 0x23061502, None),
        (TEN_SECONDS, 0x5, 0, 0x123454, 0x23061502, 0x123504),
        (MINUTE, 0x15, 0, 0x123414, 0x23061502, 0x123514),
        (TEN_MINUTES, 0x0715, 0, 0x123714, 0x23061502, 0x124714),
        (HOUR, 0x0715, 0, 0x120714, 0x23061502, 0x130714),
        (DAY, 0x080715, 0, 0x080714, 0x23061502, None),
        (WEEK, 0x080715, 0x00000002, 0x080714, 0x23061502, None),
        (MONTH, 0x080715, 0x00001500, 0x080714, 0x23061502, None),
        (YEAR, 0x080715, 0x00061500, 0x080714, 0x23061502, None),
    ],
)
def test_alarm_masks(
    chip: ChipFactory, mask: int, alarm_time: int, alarm_date: int, at: int, date: int, next_at: int | None
) -> None:
    """The alarm comes one second after `at`, and again one after `next_at` where that is on another time."""
    c = chip()
    start(c, at, date)
    c.write("ALRMTIME", alarm_time << 8)
    c.write("ALRMDATE", alarm_date)
    c.write("RTCALRM", ALRMEN | CHIME | mask << 8)
    c.step_ns(SECOND_NS - 1)
    assert not c.ifs("RTCC")
    c.step_ns(1)
    assert c.ifs("RTCC")
    c.clear_ifs("RTCC")
    if next_at is not None:
        assert alarms(c, 1, 2 * SECOND_NS) == []
        c.write("RTCTIME", next_at << 8)
        assert alarms(c, 2, SECOND_NS // 2) == [2]
    # what the mask compares must match
    for wrong in (0x23061502 ^ 0x00000001, 0x23061602, 0x23071502):
        c.write("RTCDATE", wrong)
        c.write("RTCTIME", at << 8)
        compared = {WEEK: 0xF, MONTH: 0xFF00, YEAR: 0xFFFF00}.get(mask, 0)
        assert bool(alarms(c, 1, SECOND_NS)) == (not (wrong ^ 0x23061502) & compared)


def test_alarm_every_half_second_and_reserved_masks(chip: ChipFactory) -> None:
    c = chip()
    start(c)
    c.write("RTCALRM", ALRMEN | CHIME | HALF_SECOND << 8)
    assert alarms(c, 8, SECOND_NS // 4) == [2, 4, 6, 8]
    c.write("RTCALRM", ALRMEN | CHIME | 0xA << 8)
    assert alarms(c, 4, SECOND_NS) == []


def test_repeats_chime_and_the_pulse(chip: ChipFactory) -> None:
    c = chip()
    start(c)
    c.write("RTCALRM", PIV)
    c.write("RTCALRM", PIV | ALRMEN | SECOND << 8 | 2)
    seen = []
    for _ in range(4):
        c.step_ns(SECOND_NS)
        seen.append(c.read("RTCALRM"))
    on = ALRMEN | SECOND << 8
    assert seen == [on | 1, on | PIV, SECOND << 8, SECOND << 8], "three alarms, then ALRMEN is clear"
    c.write("RTCALRM", on | CHIME)
    c.write("RTCALRM", on | CHIME | PIV)
    c.step_ns(SECOND_NS)
    assert c.read("RTCALRM") == on | CHIME | PIV | 0xFF, "it rolls over; PIV was not writable"


def test_the_pin_shows_seconds_or_the_alarm(chip: ChipFactory) -> None:
    c = chip()
    start(c, control=SOSC | RTCOE | OUT_SECONDS)
    c.panel.events()
    c.step_ns(2 * SECOND_NS)
    zero = c.now - 2 * SECOND_NS
    assert [(e["t"] - zero, e["pin"], e["level"]) for e in c.panel.events()] == [
        (n * SECOND_NS // 2, "RD0", 1 - n % 2) for n in range(1, 5)
    ]
    c.write("RTCCON", SOSC | RTCOE | RTCWREN | ON)
    c.write("RTCALRM", ALRMEN | CHIME | SECOND << 8)
    c.step_ns(2 * SECOND_NS)
    assert [e["level"] for e in c.panel.events()] == [0, 1, 0]
    c.write("RTCCONCLR", RTCOE)
    assert [(e["pin"], e["level"]) for e in c.panel.events()] == [("RD0", None)]


def test_the_pin_shows_the_clock(chip: ChipFactory) -> None:
    c = chip()
    start(c, control=SOSC | RTCOE | OUT_CLOCK)
    events = [(e["pin"], e["period"], e["high"]) for e in c.panel.events() if "period" in e]
    assert events == [("RD0", pytest.approx(TICK_NS), pytest.approx(TICK_NS / 2))]
    c.step_ns(2 * SECOND_NS)
    assert c.panel.events() == [], "it is told once"
    c.unlock()
    c.write("OSCCONCLR", 2)  # SOSCEN
    assert [e["level"] for e in c.panel.events()] == [0]


def test_the_pin_is_driven_on_after_a_reset_that_the_clock_outlives(chip: ChipFactory) -> None:
    c = chip()
    start(c, control=LPRC | RTCOE | OUT_SECONDS)
    c.step_ns(SECOND_NS // 4)
    assert c.read("PORTD") & 1 == 1
    c.qmp("system_reset")
    c.settle()
    assert c.read("PORTD") & 1 == 1
    c.write("RTCCONCLR", RTCOE)


def test_it_outlives_every_reset_but_power_on(chip: ChipFactory) -> None:
    c = chip()
    start(c, 0x235958, 0x23123100)
    c.write("RTCALRM", ALRMEN | YEAR << 8)
    c.step(0.5)
    c.qmp("system_reset")
    c.settle()
    assert c.read("RTCCON") & (ON | RTCWREN | HALFSEC) == ON | RTCWREN | HALFSEC
    assert c.read("RTCALRM") == ALRMEN | YEAR << 8
    c.step(1.5)
    assert now(c) == (0x24010101, 0)
    c.panel.send({"power": "cycle"})
    assert now(c) == (0x00010106, 0)
    assert c.read("RTCCON") == 0


def test_a_snapshot_keeps_the_second_under_way(chip: ChipFactory, tmp_path: Path) -> None:
    image, snapshot = build(PROGRAMS / "rtcc.c", tmp_path), tmp_path / "snapshot"

    def finish(pic: Chip) -> tuple[object, ...]:
        run_until(pic, 1_300_000_000)
        return *state(pic, tmp_path / "ram"), now(pic), pic.read("RTCCON"), pic.read("RTCALRM")

    with chip(cpu=True, image=image, wire=False, uarts=()) as first:
        run_until(first, 700_000_000)
        save(first, snapshot)
        expected = finish(first)
    with chip(cpu=True, image=image, wire=False, uarts=(), arguments=restore(snapshot)) as second:
        wait_for_migration(second)
        assert finish(second) == expected
    assert expected[2] == (0x24022905, 0)
