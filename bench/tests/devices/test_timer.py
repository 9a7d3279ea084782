# SPDX-License-Identifier: MIT
"""Timer1 to Timer9: PIC32 Family Reference Manual section 14 (DS60001105), DS60001320 chapters 13 and 14."""

from __future__ import annotations

import pytest
from qtest import Chip, ChipFactory

TICK = 250  # ns: PBCLK3 after reset is FRC / 2 = 4 MHz
ON = 0x8000
T32 = 0x0008
TCS = 0x0002
TGATE = 0x0080


@pytest.mark.parametrize(
    ("timer", "prescalers"), [(1, [1, 8, 64, 256]), *((n, [1, 2, 4, 8, 16, 32, 64, 256]) for n in range(2, 10))]
)
def test_prescaler(chip: ChipFactory, timer: int, prescalers: list[int]) -> None:
    with chip() as c:
        for tckps, prescaler in enumerate(prescalers):
            c.write(f"T{timer}CON", 0)
            c.write(f"TMR{timer}", 0)
            c.write(f"T{timer}CON", ON | tckps << 4)
            c.step_ns(100 * prescaler * TICK - 1)
            assert c.read(f"TMR{timer}") == 99
            c.step_ns(1)
            assert c.read(f"TMR{timer}") == 100


@pytest.mark.parametrize("timer", range(1, 10))
def test_period_is_one_more_than_pr(chip: ChipFactory, timer: int) -> None:
    with chip() as c:
        c.write(f"PR{timer}", 99)
        c.write(f"T{timer}CON", ON)
        c.step_ns(100 * TICK - 1)
        assert (c.read(f"TMR{timer}"), c.ifs(f"TIMER_{timer}")) == (99, 0)
        c.step_ns(1)
        assert (c.read(f"TMR{timer}"), c.ifs(f"TIMER_{timer}")) == (0, 1)
        c.clear_ifs(f"TIMER_{timer}")
        c.step_ns(100 * TICK - 1)
        assert c.ifs(f"TIMER_{timer}") == 0  # an edge, not a level
        c.step_ns(1)
        assert [n for n in range(1, 10) if c.ifs(f"TIMER_{n}")] == [timer]


def test_reset_values(chip: ChipFactory) -> None:
    with chip() as c:
        for n in range(1, 10):
            assert [c.read(f"{name}{n}") for name in ("TMR", "PR")] == [0, 0xFFFF]
            assert c.read(f"T{n}CON") == 0


def test_no_drift(chip: ChipFactory) -> None:
    """A tick of 30517.578125 ns, a thousand matches on: right to the nanosecond."""
    with chip() as c:
        c.write("PR1", 99)
        c.write("T1CON", ON | TCS)
        match = -(-1000 * 100 * 1_000_000_000 // 32_768)
        c.clock_set(match - 1)
        assert c.read("TMR1") == 99
        c.clear_ifs("TIMER_1")
        c.step_ns(1)
        assert (c.read("TMR1"), c.ifs("TIMER_1")) == (0, 1)


def test_tmr_beyond_pr_counts_on_to_the_end(chip: ChipFactory) -> None:
    with chip() as c:
        c.write("PR2", 9)
        c.write("TMR2", 0xFFF0)
        c.write("T2CON", ON)
        c.step_ns(15 * TICK)
        assert c.read("TMR2") == 0xFFFF
        c.step_ns(10 * TICK)
        assert (c.read("TMR2"), c.ifs("TIMER_2")) == (9, 0)  # the roll-over is no match
        c.step_ns(TICK)
        assert (c.read("TMR2"), c.ifs("TIMER_2")) == (0, 1)


def test_pr_lowered_below_a_running_tmr(chip: ChipFactory) -> None:
    with chip() as c:
        c.write("PR2", 99)
        c.write("T2CON", ON)
        c.step_ns(50 * TICK)
        c.write("PR2", 9)
        c.step_ns(100 * TICK)
        assert (c.read("TMR2"), c.ifs("TIMER_2")) == (150, 0)


def test_pr_raised_keeps_the_count_and_its_fraction(chip: ChipFactory) -> None:
    with chip() as c:
        c.write("PR2", 99)
        c.write("T2CON", ON | 3 << 4)  # 1:8
        c.step_ns(50 * 8 * TICK + 3 * TICK)
        c.write("PR2", 199)
        assert c.read("TMR2") == 50
        c.step_ns(5 * TICK - 1)
        assert c.read("TMR2") == 50
        c.step_ns(1)
        assert c.read("TMR2") == 51
        c.step_ns(148 * 8 * TICK)
        assert (c.read("TMR2"), c.ifs("TIMER_2")) == (199, 0)
        c.step_ns(8 * TICK)
        assert (c.read("TMR2"), c.ifs("TIMER_2")) == (0, 1)


def test_pr_zero_never_interrupts(chip: ChipFactory) -> None:
    with chip() as c:
        c.write("PR2", 0)
        c.write("T2CON", ON)
        c.step(0.1)
        assert (c.read("TMR2"), c.ifs("TIMER_2")) == (0, 0)
        c.write("PR2", 9)
        c.step_ns(10 * TICK)
        assert c.ifs("TIMER_2") == 1


def test_writing_tmr_clears_the_prescaler(chip: ChipFactory) -> None:
    with chip() as c:
        c.write("T2CON", ON | 7 << 4)  # 1:256
        c.step_ns(255 * TICK)
        c.write("TMR2", 10)
        c.step_ns(255 * TICK)
        assert c.read("TMR2") == 10
        c.step_ns(TICK)
        assert c.read("TMR2") == 11


def test_off_keeps_the_count(chip: ChipFactory) -> None:
    with chip() as c:
        c.write("T2CON", ON)
        c.step_ns(123 * TICK)
        c.write("T2CONCLR", ON)
        c.step(1.0)
        assert (c.read("TMR2"), c.ifs("TIMER_2")) == (123, 0)
        c.write("T2CONSET", ON)
        c.step_ns(TICK)
        assert c.read("TMR2") == 124


def test_partial_writes_of_a_running_tmr_keep_the_live_bits(chip: ChipFactory) -> None:
    with chip() as c:
        c.write("T2CON", ON)
        c.step_ns(0x1234 * TICK)
        c.write("TMR2", 0xFF, size=1)
        assert c.read("TMR2") == 0x12FF
        c.step_ns(TICK)
        assert c.read("TMR2") == 0x1300
        c.write("TMR2", 0x55, size=1, offset=1)
        assert c.read("TMR2") == 0x5500
        c.step_ns(TICK)
        c.write("TMR2SET", 0x0F00)
        assert c.read("TMR2") == 0x5F01
        c.step_ns(TICK)
        c.write("TMR2INV", 0xFFFF)
        assert c.read("TMR2") == 0xA0FD


def test_unimplemented_bits_of_con_read_zero(chip: ChipFactory) -> None:
    with chip() as c:
        for n in range(1, 10):
            c.write(f"T{n}CON", 0x7FFFFFFF & ~ON)
        assert c.read("T1CON") == 0x30B6
        assert c.read("T2CON") == 0x20FA
        assert c.read("T3CON") == 0x20F2


@pytest.mark.parametrize("even", [2, 4, 6, 8])
def test_pair_counts_32_bits_and_the_odd_timer_interrupts(chip: ChipFactory, even: int) -> None:
    odd = even + 1
    with chip() as c:
        c.write(f"T{even}CON", T32)
        c.write(f"TMR{even}", 0)
        c.write(f"PR{even}", 99_999)
        assert (c.read(f"PR{odd}"), c.read(f"PR{even}")) == (1, 99_999)
        c.write(f"T{even}CONSET", ON)
        c.step_ns(70_000 * TICK)
        assert (c.read(f"TMR{even}"), c.read(f"TMR{odd}")) == (70_000, 1)
        c.step_ns(30_000 * TICK - 1)
        assert c.ifs(f"TIMER_{odd}") == 0
        c.step_ns(1)
        assert (c.ifs(f"TIMER_{even}"), c.ifs(f"TIMER_{odd}")) == (0, 1)
        assert c.read(f"TMR{even}") == 0


def test_halves_of_a_pair_are_the_timers_own_registers(chip: ChipFactory) -> None:
    with chip() as c:
        c.write("TMR2", 0x1111)
        c.write("TMR3", 0x2222)
        c.write("PR3", 0x8000)
        c.write("T2CON", T32)
        assert (c.read("TMR2"), c.read("PR2")) == (0x22221111, 0x8000FFFF)
        c.write("TMR3", 0x3333)
        c.write("PR3", 0x44, size=1)
        assert (c.read("TMR2"), c.read("PR2")) == (0x33331111, 0x8044FFFF)
        c.write("T2CON", 0)
        assert (c.read("TMR2"), c.read("TMR3"), c.read("PR2"), c.read("PR3")) == (0x1111, 0x3333, 0xFFFF, 0x8044)


def test_odd_control_register_is_ignored_in_a_pair(chip: ChipFactory) -> None:
    with chip() as c:
        c.write("T2CON", T32)
        c.write("T3CON", ON)
        c.step_ns(1000 * TICK)
        assert (c.read("TMR2"), c.read("TMR3"), c.ifs("TIMER_3")) == (0, 0, 0)


def test_upper_half_of_registers_is_not_there_in_16_bit_mode(chip: ChipFactory) -> None:
    with chip() as c:
        c.write("PR2", 0x12345678)
        c.write("TMR2", 0xABCD0001)
        assert (c.read("PR2"), c.read("TMR2")) == (0x5678, 1)


def test_clock_change_keeps_the_count(chip: ChipFactory) -> None:
    with chip() as c:
        c.write("T2CON", ON)
        c.step_ns(1000 * TICK)
        c.unlock()
        c.write("PB3DIV", ON | 7)  # 8 MHz / 8
        assert c.read("TMR2") == 1000
        c.step_ns(100 * 1000)
        assert c.read("TMR2") == 1100


def test_external_clock_counts_rising_edges(chip: ChipFactory) -> None:
    with chip() as c:
        c.write("PR2", 2)
        c.write("T2CON", ON | TCS)  # T2CKR = 0: RD2
        c.step(1.0)
        assert c.read("TMR2") == 0
        seen = []
        for _ in range(3):
            c.panel.send({"pin": "RD2", "level": 1})
            seen.append((c.read("TMR2"), c.ifs("TIMER_2")))
            c.panel.send({"pin": "RD2", "level": 0})
        assert seen == [(1, 0), (2, 0), (0, 1)]


def test_gate_counts_while_high_and_interrupts_when_it_falls(chip: ChipFactory) -> None:
    with chip() as c:
        c.write("T2CON", ON | TGATE)
        c.panel.send({"pin": "RD2", "level": 1, "at": 10_000})
        c.panel.send({"pin": "RD2", "level": 0, "at": 10_000 + 40 * TICK})
        c.clock_set(10_000 + 40 * TICK - 1)
        assert (c.read("TMR2"), c.ifs("TIMER_2")) == (39, 0)
        c.step(1.0)
        assert (c.read("TMR2"), c.ifs("TIMER_2")) == (40, 1)


def test_gated_match_does_not_interrupt(chip: ChipFactory) -> None:
    with chip() as c:
        c.write("PR2", 9)
        c.write("T2CON", ON | TGATE)
        c.panel.send({"pin": "RD2", "level": 1})
        c.step_ns(25 * TICK)
        assert (c.read("TMR2"), c.ifs("TIMER_2")) == (5, 0)
        c.write("PR2", 19)  # nor does it when the period is changed
        assert (c.read("TMR2"), c.ifs("TIMER_2")) == (5, 0)


def test_timer1_runs_from_the_secondary_oscillator(chip: ChipFactory) -> None:
    with chip() as c:  # DEVCFG1.FSOSCEN is set in erased flash
        c.write("T1CON", ON | TCS)
        c.step(1.5)
        assert c.read("TMR1") == 49_152


def test_timer1_counts_pin_t1ck_without_the_oscillator(chip: ChipFactory) -> None:
    with chip(properties={"sosc": 0}) as c:
        c.write("T1CON", ON | TCS)
        for _ in range(3):
            c.panel.send({"pin": "RC14", "level": 1})
            c.panel.send({"pin": "RC14", "level": 0})
        assert c.read("TMR1") == 3


def test_reset_stops_a_running_timer(chip: ChipFactory) -> None:
    with chip() as c:
        c.write("PR2", 99)
        c.write("T2CON", ON)
        c.step_ns(50 * TICK)
        c.panel.send({"power": "cycle"})
        c.step_ns(100 * TICK)
        assert (c.read("TMR2"), c.read("PR2"), c.ifs("TIMER_2")) == (0, 0xFFFF, 0)


def two_timers(c: Chip) -> tuple[int, int]:
    return c.read("TMR2"), c.read("TMR4")


def test_timers_started_together_stay_together(chip: ChipFactory) -> None:
    with chip() as c:
        c.write("PR2", 999)
        c.write("PR4", 999)
        c.write("T2CON", ON)
        c.write("T4CON", ON)
        for _ in range(50):
            c.step_ns(777_777)
            low, high = two_timers(c)
            assert low == high


def test_a_period_of_two_clocks_leaves_the_host_time_for_other_things(chip: ChipFactory) -> None:
    with chip() as c:
        c.write("PR2", 1)
        c.write("T2CON", 0x8000)
        times = [c.clock_step() for _ in range(100)]
        assert c.ifs("TIMER_2")
        assert times[-1] - times[0] >= 99_000
        assert c.read("TMR2") in (0, 1)
