# SPDX-License-Identifier: MIT
"""The analog comparators and CVREF: PIC32 FRM sections 19 and 20 (DS60001110, DS60001109), DS60001320 31 and 32."""

from __future__ import annotations

from pathlib import Path

import pytest
from qtest import Chip, ChipFactory, vectors
from snapshot import restore, save, wait_for_migration

ON, COE, CPOL, COUT, CREF = 1 << 15, 1 << 14, 1 << 13, 1 << 8, 1 << 4
RISING, FALLING = 1 << 6, 2 << 6
IVREF = 3  # CCH
RESPONSE = 150  # ns
ADC_ALL = 0x9F


def volts(c: Chip, **pins: int | None) -> None:
    for pin, millivolts in pins.items():
        c.panel.send({"pin": pin, "millivolts": millivolts})


def outputs(c: Chip) -> int:
    """C1OUT and C2OUT of CMSTAT, after the response time."""
    c.step_ns(RESPONSE)
    return c.read("CMSTAT")


def take_flag(c: Chip, source: str) -> int:
    """An interrupt flag, cleared by the way."""
    vector = vectors()[source]
    value = c.read(f"IFS{vector // 32}") >> vector % 32 & 1
    c.write(f"IFS{vector // 32}CLR", 1 << vector % 32)
    return value


@pytest.mark.parametrize(
    ("name", "reset", "mask"),
    [("CM1CON", 0xC3, 0xE0D3), ("CM2CON", 0xC3, 0xE0D3), ("CMSTAT", 0, 0x2000), ("CVRCON", 0, 0x807F)],
)
def test_registers(chip: ChipFactory, name: str, reset: int, mask: int) -> None:
    with chip() as c:
        assert c.read(name) == reset
        c.write(name, 0xFFFFFFFF)
        assert c.read(name) == mask
        c.write(f"{name}CLR", 0xFFFF)
        assert c.read(name) == 0
        c.write(f"{name}SET", 0x2051)
        c.write(f"{name}INV", 0x40)
        assert c.read(name) == 0x2011 & mask


@pytest.mark.parametrize(
    ("comparator", "plus", "minus"),
    [(1, "RB5", ["RB4", "RG7", "RG6"]), (2, "RB3", ["RB2", "RG9", "RG8"])],
)
def test_inputs(chip: ChipFactory, comparator: int, plus: str, minus: list[str]) -> None:
    with chip() as c:
        for cch, pin in enumerate(minus):
            c.write(f"CM{comparator}CON", ON | cch)
            volts(c, **{plus: 1000, pin: 1001})
            assert outputs(c) == 0
            volts(c, **{plus: 1002})
            assert outputs(c) == comparator
            assert c.read(f"CM{comparator}CON") & COUT
            volts(c, **{pin: 1002})
            assert outputs(c) == 0
        c.write(f"CM{comparator}CON", ON | IVREF)
        volts(c, **{plus: 1200})
        assert outputs(c) == 0
        volts(c, **{plus: 1201})
        assert outputs(c) == comparator
        c.write(f"CM{comparator}CON", ON | IVREF | CPOL)
        assert outputs(c) == 0
        c.write(f"CM{comparator}CON", IVREF | CPOL)
        assert c.read("CMSTAT") == 0  # off is 0, whatever CPOL says


def test_pulls_and_levels_are_voltages(chip: ChipFactory) -> None:
    with chip() as c:
        c.write("CM1CON", ON | IVREF)
        c.write("CNPUBSET", 1 << 5)
        assert outputs(c) == 1
        c.panel.send({"pin": "RB5", "level": 0})
        assert outputs(c) == 0
        c.write("LATBSET", 1 << 5)
        c.write("TRISBCLR", 1 << 5)
        assert outputs(c) == 1  # the chip is the stronger one


@pytest.mark.parametrize(("evpol", "events"), [(0, (0, 0)), (RISING, (1, 0)), (FALLING, (0, 1)), (3 << 6, (1, 1))])
@pytest.mark.parametrize("comparator", [1, 2])
def test_interrupts(chip: ChipFactory, comparator: int, evpol: int, events: tuple[int, int]) -> None:
    with chip() as c:
        pin = {1: "RB5", 2: "RB3"}[comparator]
        c.write(f"CM{comparator}CON", ON | evpol | IVREF)
        outputs(c)
        seen = []
        for millivolts in (2000, 500):
            volts(c, **{pin: millivolts})
            c.step_ns(RESPONSE - 1)
            assert take_flag(c, f"COMPARATOR_{comparator}") == 0
            c.step_ns(1)
            seen.append(take_flag(c, f"COMPARATOR_{comparator}"))
        assert tuple(seen) == events
        c.step_ns(1_000_000)
        assert take_flag(c, f"COMPARATOR_{comparator}") == 0


def test_edges_of_a_waveform_count(chip: ChipFactory) -> None:
    """OC3's PWM on RB5, which is C1INA: periods of 100 us, a quarter of them high."""
    with chip() as c:
        c.write("RPB5R", 11)
        c.write("PR2", 399)
        c.write("OC3R", 100)
        c.write("OC3RS", 100)
        c.write("OC3CON", 0x8006)
        c.write("T2CON", 0x8000)
        c.write("CM1CON", ON | FALLING | IVREF)
        seen = []
        for _ in range(40):
            c.step_ns(25_000)
            seen.append(take_flag(c, "COMPARATOR_1"))
        assert 9 <= sum(seen) <= 10


def test_a_spike_shorter_than_the_response_is_not_seen(chip: ChipFactory) -> None:
    with chip() as c:
        c.write("CM1CON", ON | RISING | FALLING | IVREF)
        volts(c, RB5=2000)
        c.step_ns(RESPONSE - 1)
        volts(c, RB5=0)
        c.step_ns(1000)
        assert take_flag(c, "COMPARATOR_1") == 0


def test_outputs_on_pins(chip: ChipFactory) -> None:
    with chip() as c:
        c.panel.events()
        c.write("RPD9R", 14)  # C1OUT
        c.write("RPD2R", 14)  # C2OUT
        c.write("CM1CON", ON | IVREF)
        c.write("CM2CON", ON | COE | CPOL | IVREF)
        c.step_ns(RESPONSE)
        volts(c, RB5=2000)
        c.step_ns(RESPONSE)
        c.write("CM1CONSET", COE)
        c.write("CM1CON", 0)
        assert c.panel.events() == [
            {"t": 0, "pin": "RD2", "level": 0},
            {"t": RESPONSE, "pin": "RD2", "level": 1},
            {"t": 2 * RESPONSE, "pin": "RD9", "level": 1},
            {"t": 2 * RESPONSE, "pin": "RD9", "level": None},
        ]


def test_a_comparator_that_hears_itself_oscillates(chip: ChipFactory) -> None:
    """C1OUT on RG6, which is C1IND: no guest may end the emulator that way."""
    with chip() as c:
        volts(c, RB5=1650)
        c.panel.events()
        c.write("RPG6R", 14)
        c.write("CM1CON", ON | COE | 2)
        c.step_ns(4 * RESPONSE)
        assert [e["level"] for e in c.panel.events() if e.get("pin") == "RG6"] == [0, 1, 0, 1, 0]


@pytest.mark.parametrize("cvr", range(16))
@pytest.mark.parametrize("cvrr", [0, 1])
def test_steps_of_the_reference(chip: ChipFactory, cvrr: int, cvr: int) -> None:
    """Seen on CVREFOUT by the ADC: AN5 is on the same pin, RB10."""
    expected = 3300 * (cvr / 24 if cvrr else 1 / 4 + cvr / 32)
    with chip() as c:
        c.write("CVRCON", ON | 1 << 6 | cvrr << 5 | cvr)
        c.write("ADCCON2", 1)
        c.write("ADCCON1", 0x600000 | ON)
        c.write("ADCANCON", ADC_ALL)
        c.write("ADCCON3", ADC_ALL << 16 | 5 | 1 << 8)
        c.step_ns(1_000_000)
        assert c.read("ADCDSTAT1") == 1 << 5
        assert c.read("ADCDATA5") * 3300 / 4096 == pytest.approx(expected, abs=1)


@pytest.mark.parametrize(("name", "high", "low"), [(None, "RA10", "RA9"), ("PIC32MZ2048EFH064", "RB0", "RB1")])
def test_reference_between_pins(chip: ChipFactory, name: str | None, high: str, low: str) -> None:
    with chip(name) as c:
        volts(c, **{high: 2500, low: 100, "RB4": 1200})
        c.write("CVRCON", ON | 1 << 5 | 1 << 4 | 12)  # 100 mV + 2400 mV / 2
        c.write("CM1CON", ON | CREF)
        assert outputs(c) == 1
        volts(c, RB4=1300)
        assert outputs(c) == 0
        volts(c, **{high: 2502})
        assert outputs(c) == 1
        volts(c, **{high: 0})
        assert outputs(c) == 0
        c.write("CVRCON", 0)
        volts(c, RB4=0)
        assert outputs(c) == 0  # CVREF is 0 V, too


def test_cvrefout_is_weaker_than_anything_else(chip: ChipFactory) -> None:
    """Comparator 2 sees RB2; here RB10 counts: it is read by the ADC."""
    with chip() as c:
        c.write("CVRCON", ON | 1 << 6 | 8)  # 1650 mV
        c.write("ADCCON2", 1)
        c.write("ADCCON1", 0x600000 | ON)
        c.write("ADCANCON", ADC_ALL)
        c.step_ns(1_000_000)

        def seen() -> int:
            c.write("ADCCON3", ADC_ALL << 16 | 5 | 1 << 8)
            c.step_ns(100_000)
            return c.read("ADCDATA5")

        c.write("CNPUBSET", 1 << 10)
        assert seen() == 2048
        volts(c, RB10=3300)
        assert seen() == 4095
        volts(c, RB10=None)
        assert seen() == 2048
        c.write("TRISBCLR", 1 << 10)
        assert seen() == 0
        c.write("TRISBSET", 1 << 10)
        c.write("CVRCONCLR", 1 << 6)
        assert seen() == 4095  # the pull-up


@pytest.mark.parametrize("comparator", [1, 2])
def test_outputs_trigger_the_adc(chip: ChipFactory, comparator: int) -> None:
    with chip() as c:
        c.write("ADC0TIME", 3 << 24 | 1 << 16)
        c.write("ADCTRG1", 10 + comparator)
        c.write("ADCCON1", 0x600000 | ON)
        c.write("ADCANCON", 1)
        c.write("ADCCON3", 1 << 16)
        c.write(f"CM{comparator}CON", ON | IVREF)
        c.step_ns(1_000_000)
        assert c.read("ADCDSTAT1") == 0
        volts(c, **{"RB0": 700, "RB5" if comparator == 1 else "RB3": 2000})
        c.step_ns(RESPONSE + 13 * 500)
        assert c.read("ADCDSTAT1") == 1
        assert c.read("ADCDATA0") == (700 * 8192 + 3300) // 6600


def test_a_reset_ends_everything(chip: ChipFactory) -> None:
    with chip() as c:
        c.write("CVRCON", ON | 1 << 6 | 8)
        c.write("CM1CON", ON | IVREF)
        volts(c, RB5=2000)
        assert outputs(c) == 1
        volts(c, RB5=0)  # about to change
        c.panel.send({"power": "cycle"})
        c.step_ns(1_000)
        assert (c.read("CM1CON"), c.read("CMSTAT"), c.read("CVRCON")) == (0xC3, 0, 0)
        assert take_flag(c, "COMPARATOR_1") == 0


def test_a_snapshot_goes_on(chip: ChipFactory, tmp_path: Path) -> None:
    with chip() as c:
        c.write("CM1CON", ON | IVREF | 3 << 6)
        c.write("CM2CON", ON | CREF | 3 << 6)
        c.write("CVRCON", ON | 8)
        outputs(c)
        take_flag(c, "COMPARATOR_2")
        volts(c, RB5=2000)
        end = c.step_ns(RESPONSE - 50) + 50
        save(c, tmp_path / "snapshot")
    with chip(arguments=restore(tmp_path / "snapshot")) as c:
        wait_for_migration(c)
        c.clock_set(end - 1)
        assert c.read("CMSTAT") == 2
        c.clock_set(end)
        assert c.read("CMSTAT") == 3
        assert (take_flag(c, "COMPARATOR_1"), take_flag(c, "COMPARATOR_2")) == (1, 0)
