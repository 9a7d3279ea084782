# SPDX-License-Identifier: MIT
"""Output compare and PWM: FRM section 16 (DS60001111), DS60001320 chapter 18; waveforms on the panel and on PORT."""

from __future__ import annotations

from pathlib import Path

import pytest
from qtest import Chip, ChipFactory
from snapshot import restore, save, wait_for_migration

TICK = 250  # ns: PBCLK3 after reset is FRC / 2 = 4 MHz
ON = 0x8000
OC32 = 0x20
OCTSEL = 0x08
OCFLT = 0x10
HIGH, LOW, TOGGLE, SINGLE, CONTINUOUS, PWM, PWM_FAULT = range(1, 8)
OCACLK = 1 << 16


def connect(c: Chip, module: int = 1) -> None:
    """Puts a module's output on a pin of its group: OC1 on RD0, OC3 on RD2."""
    register, value = {
        1: ("RPD0R", 12), 2: ("RPD0R", 11), 3: ("RPD2R", 11), 4: ("RPD3R", 11), 5: ("RPD9R", 11),
        6: ("RPD2R", 12), 7: ("RPD3R", 12), 8: ("RPD9R", 12), 9: ("RPD0R", 13),
    }[module]  # fmt: skip
    c.write(register, value)


def pin_lines(c: Chip) -> list[tuple[int, ...]]:
    """The panel's news of pins: (t, level), or (t, period, high)."""
    return [
        (line["t"], line["level"]) if "level" in line else (line["t"], line["period"], line["high"])
        for line in c.panel.events()
        if "pin" in line
    ]


def start_pwm(c: Chip, period: int, duty: int, mode: int = PWM) -> None:
    """OC1 on RD0 and Timer2 from now on; PWM is steady one period later."""
    connect(c)
    c.write("PR2", period - 1)
    c.write("OC1R", duty)
    c.write("OC1RS", duty)
    c.write("OC1CON", ON | mode)
    c.write("T2CON", ON)


def rd0(c: Chip) -> int:
    return c.read("PORTD") & 1


def test_reset_values_and_writable_bits(chip: ChipFactory) -> None:
    with chip() as c:
        for n in range(1, 10):
            for register, mask in (("CON", 0x202F), ("R", 0xFFFFFFFF), ("RS", 0xFFFFFFFF)):
                assert c.read(f"OC{n}{register}") == 0
                c.write(f"OC{n}{register}", 0xFFFFFFFF & ~ON if register == "CON" else 0xFFFFFFFF)
                assert c.read(f"OC{n}{register}") == mask


def test_pwm_is_told_once_and_read_at_any_time(chip: ChipFactory) -> None:
    with chip() as c:
        start_pwm(c, 100, 25)
        c.panel.events()
        c.clock_set(1_000_000 * TICK)
        assert pin_lines(c) == [(25 * TICK, 0), (100 * TICK, 100 * TICK, 25 * TICK)]
        for tick, level in ((0, 1), (24, 1), (25, 0), (99, 0)):
            c.clock_set((2_000_000 + tick) * TICK + (TICK - 1 if level else 0))
            assert rd0(c) == level, tick


def test_duty_takes_over_with_the_next_period(chip: ChipFactory) -> None:
    with chip() as c:
        start_pwm(c, 100, 25)
        c.clock_set(210 * TICK)
        c.panel.events()
        c.write("OC1RS", 75)
        assert c.read("OC1R") == 25
        c.write("OC1R", 50)  # read-only in PWM
        c.clock_set(260 * TICK)
        assert (c.read("OC1R"), rd0(c)) == (25, 0)
        c.clock_set(360 * TICK)
        assert (c.read("OC1R"), rd0(c)) == (75, 1)
        assert pin_lines(c) == [(300 * TICK, 100 * TICK, 75 * TICK)]


@pytest.mark.parametrize(("duty", "level"), [(0, 0), (100, 1), (60_000, 1)])
def test_duty_of_nothing_and_all(chip: ChipFactory, duty: int, level: int) -> None:
    with chip() as c:
        start_pwm(c, 100, 50)
        c.clock_set(110 * TICK)
        c.panel.events()
        c.write("OC1RS", duty)
        c.clock_set(1_000 * TICK)
        assert pin_lines(c) == [(200 * TICK, level)]
        for tick in (1000, 1049, 1050, 1099):
            c.clock_set(tick * TICK)
            assert rd0(c) == level
        c.write("OC1RS", 99)  # low for one count
        c.clock_set(1199 * TICK)
        assert (rd0(c), pin_lines(c)) == (0, [(1100 * TICK, 100 * TICK, 99 * TICK)])


def test_pwm_never_interrupts(chip: ChipFactory) -> None:
    with chip() as c:
        start_pwm(c, 100, 50)
        c.clock_set(10_000 * TICK)
        assert (c.ifs("OUTPUT_COMPARE_1"), c.ifs("TIMER_2")) == (0, 1)


def test_period_and_prescaler_change_a_running_pwm(chip: ChipFactory) -> None:
    with chip() as c:
        start_pwm(c, 100, 50)
        c.clock_set(410 * TICK)
        c.panel.events()
        c.write("PR2", 199)
        assert pin_lines(c) == [(410 * TICK, 1)]
        c.clock_set(800 * TICK)
        assert pin_lines(c) == [(450 * TICK, 0), (600 * TICK, 200 * TICK, 50 * TICK)]
        c.write("T2CON", ON | 1 << 4)  # 1:2, from count 0 of the period
        c.clock_set(1600 * TICK)
        assert pin_lines(c)[-1] == (1200 * TICK, 400 * TICK, 100 * TICK)


def test_writing_the_same_again_disturbs_nothing(chip: ChipFactory) -> None:
    with chip() as c:
        start_pwm(c, 100, 50)
        c.clock_set(410 * TICK)
        c.panel.events()
        for register in ("PR2", "T2CON", "OC1CON", "OC1RS"):
            c.write(register, c.read(register))
        c.clock_set(1000 * TICK)
        assert pin_lines(c) == []


def test_pwm_stops_with_its_timer_and_goes_on(chip: ChipFactory) -> None:
    with chip() as c:
        start_pwm(c, 100, 50)
        c.clock_set(420 * TICK)
        c.panel.events()
        c.write("T2CONCLR", ON)
        c.clock_set(10_000 * TICK)
        assert (pin_lines(c), rd0(c)) == ([(420 * TICK, 1)], 1)
        c.write("T2CONSET", ON)
        c.clock_set(20_000 * TICK)
        assert pin_lines(c) == [(10_030 * TICK, 0), (10_080 * TICK, 100 * TICK, 50 * TICK)]


def test_module_off_gives_the_pin_back(chip: ChipFactory) -> None:
    with chip() as c:
        start_pwm(c, 100, 50)
        c.clock_set(410 * TICK)
        c.panel.events()
        c.write("OC1CONCLR", ON)
        assert pin_lines(c) == [(410 * TICK, None)] or pin_lines(c) == []
        c.clock_set(1000 * TICK)
        assert rd0(c) == 0


def test_waveform_with_a_period_of_no_whole_nanoseconds(chip: ChipFactory) -> None:
    """Timer2 at 4 MHz / 3 by PB3DIV: a tick of 375 ns; at 8 MHz / 7, 875 ns: PR decides, nothing drifts."""
    with chip() as c:
        c.unlock()
        c.write("PB3DIV", 0x8000 | 6)
        connect(c)
        c.write("PR2", 2)
        c.write("OC1RS", 1)
        c.write("OC1CON", ON | PWM)
        c.write("T2CON", ON)
        c.clock_set(1_000_000_000)
        period = pin_lines(c)[-1][1]
        assert period == 3 * 875


@pytest.mark.parametrize(("mode", "before", "after"), [(HIGH, 0, 1), (LOW, 1, 0)])
def test_single_compare(chip: ChipFactory, mode: int, before: int, after: int) -> None:
    with chip() as c:
        connect(c)
        c.write("PR2", 999)
        c.write("OC1R", 300)
        c.write("OC1CON", ON | mode)
        c.write("T2CON", ON)
        c.clock_set(300 * TICK - 1)
        assert (rd0(c), c.ifs("OUTPUT_COMPARE_1")) == (before, 0)
        c.clock_set(300 * TICK)
        assert (rd0(c), c.ifs("OUTPUT_COMPARE_1")) == (after, 1)
        c.clear_ifs("OUTPUT_COMPARE_1")
        c.clock_set(5000 * TICK)
        assert (rd0(c), c.ifs("OUTPUT_COMPARE_1")) == (after, 0)
        assert pin_lines(c) == [(0, before), (300 * TICK, after)]


def test_toggle_interrupts_with_every_edge(chip: ChipFactory) -> None:
    with chip() as c:
        connect(c)
        c.write("PR2", 999)
        c.write("OC1R", 300)
        c.write("OC1CON", ON | TOGGLE)
        c.write("T2CON", ON)
        for n in range(6):
            c.clock_set((1000 * n + 300) * TICK - 1)
            assert (rd0(c), c.ifs("OUTPUT_COMPARE_1")) == (n % 2, 0), n
            c.clock_set((1000 * n + 300) * TICK)
            assert (rd0(c), c.ifs("OUTPUT_COMPARE_1")) == (1 - n % 2, 1), n
            c.clear_ifs("OUTPUT_COMPARE_1")
        assert pin_lines(c) == [(0, 0), (300 * TICK, 2000 * TICK, 1000 * TICK)]


@pytest.mark.parametrize("level", [0, 1])
def test_toggle_begins_with_the_level_of_the_mode_before(chip: ChipFactory, level: int) -> None:
    """FRM 16.3.1.3: how software chooses it."""
    with chip() as c:
        connect(c)
        c.write("OC1CON", LOW if level else HIGH)
        c.write("OC1CON", ON | TOGGLE)
        assert rd0(c) == level


def test_single_pulse_is_one_until_the_mode_is_written_again(chip: ChipFactory) -> None:
    with chip() as c:
        connect(c)
        c.write("PR2", 999)
        c.write("OC1R", 300)
        c.write("OC1RS", 500)
        c.write("OC1CON", ON | SINGLE)
        c.write("T2CON", ON)
        c.clock_set(500 * TICK - 1)
        assert (rd0(c), c.ifs("OUTPUT_COMPARE_1")) == (1, 0)
        c.clock_set(500 * TICK)
        assert (rd0(c), c.ifs("OUTPUT_COMPARE_1")) == (0, 1)
        c.clear_ifs("OUTPUT_COMPARE_1")
        c.clock_set(3100 * TICK)
        assert pin_lines(c) == [(0, 0), (300 * TICK, 1), (500 * TICK, 0)]
        c.write("OC1CON", ON | SINGLE)
        c.clock_set(9000 * TICK)
        assert pin_lines(c) == [(3300 * TICK, 1), (3500 * TICK, 0)]
        assert c.ifs("OUTPUT_COMPARE_1") == 1


def test_pulse_that_ends_in_the_next_period(chip: ChipFactory) -> None:
    """FRM table 16-3: OCxR above OCxRS."""
    with chip() as c:
        connect(c)
        c.write("PR2", 999)
        c.write("OC1R", 800)
        c.write("OC1RS", 100)
        c.write("OC1CON", ON | SINGLE)
        c.write("T2CON", ON)
        c.clock_set(5000 * TICK)
        assert pin_lines(c) == [(0, 0), (800 * TICK, 1), (1100 * TICK, 0)]


def test_compare_values_beyond_the_period_never_match(chip: ChipFactory) -> None:
    with chip() as c:
        connect(c)
        c.write("PR2", 999)
        c.write("OC1R", 300)
        c.write("OC1RS", 1000)
        c.write("OC1CON", ON | SINGLE)
        c.write("T2CON", ON)
        c.clock_set(5000 * TICK)
        assert pin_lines(c) == [(0, 0), (300 * TICK, 1)]
        assert c.ifs("OUTPUT_COMPARE_1") == 0


def test_continuous_pulses_interrupt_with_each_falling_edge(chip: ChipFactory) -> None:
    with chip() as c:
        connect(c)
        c.write("PR2", 999)
        c.write("OC1R", 300)
        c.write("OC1RS", 500)
        c.write("OC1CON", ON | CONTINUOUS)
        c.write("T2CON", ON)
        for n in range(4):
            c.clock_set((1000 * n + 500) * TICK - 1)
            assert (rd0(c), c.ifs("OUTPUT_COMPARE_1")) == (1, 0), n
            c.clock_set((1000 * n + 500) * TICK)
            assert (rd0(c), c.ifs("OUTPUT_COMPARE_1")) == (0, 1), n
            c.clear_ifs("OUTPUT_COMPARE_1")
        assert pin_lines(c) == [(0, 0), (300 * TICK, 1000 * TICK, 200 * TICK)]
        c.write("OC1RS", 400)
        c.clock_set(9000 * TICK)
        assert pin_lines(c)[-1][1:] == (1000 * TICK, 100 * TICK)


def test_compare_registers_equal_to_one_another_halve_the_rate(chip: ChipFactory) -> None:
    with chip() as c:
        connect(c)
        c.write("PR2", 999)
        c.write("OC1R", 300)
        c.write("OC1RS", 300)
        c.write("OC1CON", ON | CONTINUOUS)
        c.write("T2CON", ON)
        c.clock_set(2500 * TICK)
        assert pin_lines(c) == [(0, 0), (300 * TICK, 2000 * TICK, 1000 * TICK)]
        assert (rd0(c), c.ifs("OUTPUT_COMPARE_1")) == (1, 1)


@pytest.mark.parametrize(
    ("alternate", "bases"),
    [
        (False, dict.fromkeys(range(1, 10), (2, 3))),
        (True, {1: (4, 5), 2: (4, 5), 3: (4, 5), 4: (2, 3), 5: (2, 3), 6: (2, 3), 7: (6, 7), 8: (6, 7), 9: (6, 7)}),
    ],
)
def test_time_bases(chip: ChipFactory, alternate: bool, bases: dict[int, tuple[int, int]]) -> None:
    """DS60001320 table 18-1."""
    with chip() as c:
        if alternate:
            c.unlock()
            c.write("CFGCON", c.read("CFGCON") | OCACLK)
        for timer in range(2, 8):
            c.write(f"PR{timer}", 100 * timer - 1)
            c.write(f"T{timer}CON", ON)
        for module, timers in bases.items():
            connect(c, module)
            c.write(f"OC{module}RS", 10)
            for octsel, timer in enumerate(timers):
                c.panel.events()
                c.write(f"OC{module}CON", ON | PWM | octsel * OCTSEL)
                c.step_ns(1500 * TICK)
                assert pin_lines(c)[-1][1:] == (100 * timer * TICK, 10 * TICK), (module, timer)
                c.write(f"OC{module}CON", 0)


def test_new_time_base_while_running(chip: ChipFactory) -> None:
    with chip() as c:
        start_pwm(c, 100, 50)
        c.write("PR4", 399)
        c.write("T4CON", ON)
        c.unlock()
        c.write("CFGCON", c.read("CFGCON") | OCACLK)
        c.clock_set(2000 * TICK)
        assert pin_lines(c)[-1] == (400 * TICK, 400 * TICK, 50 * TICK)


def test_32_bits(chip: ChipFactory) -> None:
    with chip() as c:
        connect(c)
        c.write("T2CON", 0x08)
        c.write("PR2", 999_999)
        c.write("OC1RS", 250_000)
        c.write("OC1CON", ON | PWM | OC32)
        c.write("T2CON", ON | 0x08)
        c.clock_set(3_000_000 * TICK)
        assert pin_lines(c)[-1] == (1_000_000 * TICK, 1_000_000 * TICK, 250_000 * TICK)


def test_period_too_long_for_a_waveform_has_single_edges(chip: ChipFactory) -> None:
    with chip() as c:
        connect(c)
        c.write("T2CON", 0x08)
        c.write("PR2", 39_999_999)  # 10 s
        c.write("OC1RS", 10_000_000)
        c.write("OC1CON", ON | PWM | OC32)
        c.write("T2CON", ON | 0x08)
        c.clock_set(23_000_000_000)
        assert pin_lines(c) == [
            (0, 0), (10_000_000_000, 1), (12_500_000_000, 0), (20_000_000_000, 1), (22_500_000_000, 0),
        ]  # fmt: skip


def test_timer_that_counts_a_pin(chip: ChipFactory) -> None:
    """Nobody can know when the next edge of T2CK comes: the output follows it step by step."""
    with chip() as c:
        c.write("ANSELG", 0)
        connect(c)
        c.write("T2CKR", 1)  # RG8
        c.write("PR2", 9)
        c.write("OC1RS", 3)
        c.write("OC1CON", ON | PWM)
        c.write("T2CON", ON | 0x02)
        levels = []
        for _ in range(40):
            c.panel.send({"pin": "RG8", "level": 1})
            c.panel.send({"pin": "RG8", "level": 0})
            levels.append(rd0(c))
        assert levels == [0] * 9 + ([1] * 3 + [0] * 7) * 3 + [1]


def test_fault_pin_takes_the_output_away(chip: ChipFactory) -> None:
    with chip() as c:
        c.write("OCFAR", 3)  # RD0 is OC1's own: OCFA on another pin of its group
        c.write("OCFAR", 0)  # RD1
        c.panel.send({"pin": "RD1", "level": 1})
        start_pwm(c, 100, 50, PWM_FAULT)
        c.clock_set(410 * TICK)
        assert (c.read("OC1CON") & OCFLT, c.ifs("OUTPUT_COMPARE_1")) == (0, 0)
        c.panel.events()
        c.panel.send({"pin": "RD1", "level": 0})
        assert (c.read("OC1CON") & OCFLT, c.ifs("OUTPUT_COMPARE_1")) == (OCFLT, 1)
        assert pin_lines(c)[-1] == (410 * TICK, None)
        c.panel.send({"pin": "RD1", "level": 1})
        c.clock_set(1000 * TICK)
        assert (c.read("OC1CON") & OCFLT, pin_lines(c)) == (OCFLT, [])
        c.write("OC1CON", ON | PWM_FAULT)
        c.clock_set(2000 * TICK)
        assert c.read("OC1CON") & OCFLT == 0
        assert pin_lines(c)[-1][1:] == (100 * TICK, 50 * TICK)


@pytest.mark.parametrize("module", range(1, 10))
def test_fault_pins_of_the_modules(chip: ChipFactory, module: int) -> None:
    ocfb = module in (4, 5, 6)
    with chip() as c:
        c.write("ANSELB", 0)
        c.write("OCFAR", 2)  # RB14
        for pin in ("RB14", "RB15"):
            c.panel.send({"pin": pin, "level": 1})
        c.write(f"OC{module}CON", ON | PWM_FAULT)
        for pin, fault in (("RB14", not ocfb), ("RB15", True)) if ocfb else (("RB15", False), ("RB14", True)):
            c.panel.send({"pin": pin, "level": 0})
            assert bool(c.read(f"OC{module}CON") & OCFLT) == fault, pin


def test_waveform_follows_its_function_to_another_pin(chip: ChipFactory) -> None:
    with chip() as c:
        start_pwm(c, 100, 50)
        c.clock_set(410 * TICK)
        c.panel.events()
        c.write("RPD0R", 0)
        c.write("RPD1R", 12)
        lines = [line for line in c.panel.events() if "pin" in line]
        assert lines == [
            {"t": 410 * TICK, "pin": "RD0", "level": None},
            {"t": 410 * TICK, "pin": "RD1", "period": 100 * TICK, "high": 50 * TICK},
        ]
        assert c.read("PORTD") & 3 == 2


def test_change_notification_heeds_a_waveform(chip: ChipFactory) -> None:
    with chip() as c:
        start_pwm(c, 100, 50)
        c.clock_set(410 * TICK)
        c.write("CNCOND", 0x8800)
        c.write("CNNED", 1)
        c.clock_set(450 * TICK - 1)
        assert (c.read("CNFD"), c.ifs("CHANGE_NOTICE_D")) == (0, 0)
        c.clock_set(450 * TICK)
        assert (c.read("CNFD"), c.ifs("CHANGE_NOTICE_D")) == (1, 1)
        c.write("CNFD", 0)
        c.clock_set(549 * TICK)
        assert c.read("CNFD") == 0
        c.clock_set(550 * TICK)
        assert c.read("CNFD") == 1


def test_timer_counts_a_waveform(chip: ChipFactory) -> None:
    with chip() as c:
        start_pwm(c, 100, 50)
        c.write("T4CKR", 3)  # RD0
        c.write("T4CON", ON | 0x02)
        c.clock_set(100_050 * TICK)
        assert c.read("TMR4") == 1000


def test_jumper_takes_a_waveform_to_another_pin(chip: ChipFactory) -> None:
    with chip(properties={"jumpers": "RD0-RD9"}) as c:
        start_pwm(c, 100, 50)
        for tick, level in ((1049, 1), (1050, 0), (1099, 0), (1100, 1)):
            c.clock_set(tick * TICK)
            assert c.read("PORTD") >> 9 & 1 == level, tick


def test_reset_ends_a_waveform(chip: ChipFactory) -> None:
    with chip() as c:
        start_pwm(c, 100, 50)
        c.clock_set(420 * TICK)
        c.panel.events()
        c.panel.send({"power": "cycle"})
        assert pin_lines(c) == [(420 * TICK, None)]
        c.step_ns(1000 * TICK)
        assert (pin_lines(c), c.read("OC1CON"), c.read("OC1R")) == ([], 0, 0)


def test_snapshot_of_a_waveform_and_a_pulse(chip: ChipFactory, tmp_path: Path) -> None:
    def finish(c: Chip) -> list[tuple[int, int, int]]:
        trace = []
        for ns in range(450 * TICK, 1200 * TICK, 30 * TICK):
            c.clock_set(ns)
            trace.append((ns, c.read("PORTD"), c.read("IFS0")))
        return trace

    with chip() as c:
        start_pwm(c, 100, 37)
        connect(c, 3)
        c.write("OC3R", 600)
        c.write("OC3RS", 900)
        c.write("PR3", 999)
        c.write("OC3CON", ON | SINGLE | OCTSEL)
        c.write("CNCOND", 0x8800)
        c.write("CNEND", 1)
        c.write("T3CON", ON)
        c.clock_set(440 * TICK)
        c.qmp("stop")
        save(c, tmp_path / "snapshot")
        c.qmp("cont")
        expected = finish(c)
    with chip(arguments=restore(tmp_path / "snapshot")) as c:
        wait_for_migration(c)
        c.qmp("cont")
        assert finish(c) == expected
        assert {"pin": "RD0", "period": 100 * TICK, "high": 37 * TICK} in [
            {key: line[key] for key in line if key != "t"} for line in c.panel.events()
        ]
