# SPDX-License-Identifier: MIT
"""The ADC: PIC32 Family Reference Manual section 22 (DS60001344) and DS60001320 chapter 28.

After reset PBCLK3 is 4 MHz; with CONCLKDIV = 0 and ADCDIV = 1 a TAD is 500 ns. 12 bits take 13 TAD, sampling SAMC + 2.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from qtest import Chip, ChipFactory, address_of, vectors
from snapshot import restore, save, wait_for_migration

TAD = 500
REFERENCE = 10_000
ON, FRACT = 1 << 15, 1 << 23
EOSRDY, BGVRRDY = 1 << 29, 1 << 31
GSWTRG, GLSWTRG, RQCNVRT, SAMP, UPDRDY, UPDIEN, TRGSUSP = (1 << n for n in (6, 7, 8, 9, 10, 11, 12))
ALL = 0x9F  # ADC0 to ADC4 and ADC7, as bits of ADCANCON and, 16 up, ADCCON3
SOFTWARE, LEVEL, SCAN = 1, 2, 3
PINS = [
    *("RB0", "RB1", "RB2", "RB3", "RB4", "RB10", "RB11", "RB12", "RB13", "RB14", "RB15"),
    *("RG9", "RG8", "RG7", "RG6", "RE7", "RE6", "RE5", "RE4", "RC4", "RC3", "RC2"),
    *("RC1", "RG15", "RA0", "RE8", "RE9", "RA9", "RA10", "RA1", "RF13", "RF12", "RD14"),
    *("RD15", "RA5", "RJ8", "RJ9", "RJ11", "RH0", "RH1", "RH4", "RH5", "RH6"),
]  # of AN0 to AN42


def unsigned(millivolts: int, bits: int = 12, span: int = 3300) -> int:
    """The ideal code, left aligned in 12 bits: the first transition is at half a step."""
    code = min((millivolts * 2**bits * 2 + span) // (2 * span), 2**bits - 1)
    return code << (12 - bits)


def volts(c: Chip, **pins: int | None) -> None:
    for pin, millivolts in pins.items():
        c.panel.send({"pin": pin, "millivolts": millivolts})


def switch_on(c: Chip, con1: int = 0x600000, con2: int = 1, con3: int = 0) -> None:
    """ON, band gap, warm-up (16 TAD) and DIGEN of all converters; SAMC = 0 everywhere but where con2 says."""
    for unit in range(5):
        c.write(f"ADC{unit}TIME", 3 << 24 | 1 << 16)
    c.write("ADCCON1", con1 | ON)
    c.write("ADCCON2", con2)
    c.write("ADCANCON", ALL)
    c.write("ADCCON3", con3 | ALL << 16)
    c.step_ns(max(REFERENCE, (16 + 2) * TAD))
    assert c.read("ADCCON2") & BGVRRDY
    assert c.read("ADCANCON") == ALL | ALL << 8


def request(c: Chip, an: int) -> None:
    """RQCNVRT, as drivers write it."""
    c.write("ADCCON3", (c.read("ADCCON3") & ~0x3F) | an | RQCNVRT)


def ready(c: Chip) -> int:
    """ADCDSTAT1 and 2: a bit an input."""
    return c.read("ADCDSTAT1") | c.read("ADCDSTAT2") << 32


def data(c: Chip, an: int) -> int:
    return c.read(address_of("ADCDATA0") + 4 * an)


def convert(c: Chip, an: int) -> int:
    request(c, an)
    c.step_ns(20 * TAD)
    assert ready(c) == 1 << an
    return data(c, an)


def flag(c: Chip, source: str) -> int:
    vector = vectors()[source]
    return c.read(f"IFS{vector // 32}") >> vector % 32 & 1


def clear(c: Chip, source: str) -> None:
    vector = vectors()[source]
    c.write(f"IFS{vector // 32}CLR", 1 << vector % 32)


@pytest.mark.parametrize(
    ("name", "package", "values"),
    [
        ("PIC32MZ2048EFH144", 144, (0xFFFFFFFF, 0x1FFF)),
        ("PIC32MZ2048EFH124", 124, (0xFFFFFFFF, 0x1FFF)),
        ("PIC32MZ2048EFH100", 100, (0xFFFFFFFF, 0x1807)),
        ("PIC32MZ2048EFH064", 64, (0x0007FFFF, 0x1800)),
    ],
)
def test_inputs_of_the_packages(chip: ChipFactory, name: str, package: int, values: tuple[int, int]) -> None:
    with chip(name) as c:
        assert (c.read("ADCSYSCFG0"), c.read("ADCSYSCFG1")) == values, package


def test_reset_values(chip: ChipFactory) -> None:
    with chip() as c:
        assert c.read("ADCCON1") == 0x00600000
        for unit in range(5):
            assert c.read(f"ADC{unit}TIME") == 0x03000000
        for name in ("ADCCON2", "ADCCON3", "ADCTRGMODE", "ADCANCON", "ADCFSTAT", "ADCDSTAT1", "ADCTRG1", "ADC7CFG"):
            assert c.read(name) == 0, name


def test_calibration_words_are_there_and_copied(chip: ChipFactory) -> None:
    with chip() as c:
        for unit, word in enumerate((0, 1, 2, 3, 4, 7)):
            value = c.read(0x1FC54000 + 4 * word)
            assert value not in (0, 0xFFFFFFFF), unit
            c.write(f"ADC{word}CFG", value)
            assert c.read(f"ADC{word}CFG") == value


@pytest.mark.parametrize(
    ("name", "mask"),
    [
        ("ADCCON1", 0xBFFFBE78 & ~ON),
        ("ADCTRGMODE", 0x03FF1F1F),
        ("ADCIMCON1", 0xFFFFFFFF),
        ("ADCIMCON2", 0xFFFFFFFF),
        ("ADCIMCON3", 0x03FFFFFF),
        ("ADCGIRQEN1", 0xFFFFFFFF),
        ("ADCGIRQEN2", 0x1FFF),
        ("ADCCSS1", 0xFFFFFFFF),
        ("ADCCSS2", 0x1FFF),
        ("ADCDSTAT1", 0),
        ("ADCCMPEN6", 0xFFFFFFFF),
        ("ADCCMP6", 0xFFFFFFFF),
        ("ADCFLTR6", 0xFE1F0000),
        ("ADCTRG3", 0x1F1F1F1F),
        ("ADCCMPCON6", 0xDF),
        ("ADCFSTAT", 0x9F800000),
        ("ADCBASE", 0xFFFF),
        ("ADCTRGSNS", 0xFFF),
        ("ADC4TIME", 0x1F7F03FF),
        ("ADCEIEN2", 0x1FFF),
        ("ADCEISTAT1", 0),
        ("ADCANCON", 0x0F9F009F),
        ("ADCDATA44", 0),
    ],
)
def test_writable_bits(chip: ChipFactory, name: str, mask: int) -> None:
    with chip() as c:
        c.write(name, 0xFFFFFFFF & ~(ON if name == "ADCCON1" else 0))
        assert c.read(name) == mask


def test_power_comes_in_its_time(chip: ChipFactory) -> None:
    with chip() as c:
        c.write("ADCANCON", 1 | 0x80 | 6 << 24)
        c.step_ns(1_000_000)
        assert c.read("ADCANCON") >> 8 & 0xFF == 0  # not without ON
        c.write("ADC0TIME", 3 << 24 | 2 << 16)  # TAD0 = 2 TAD
        c.write("ADCCON2", 1)
        c.write("ADCCON1", ON)
        c.step_ns(REFERENCE - 1)
        assert not c.read("ADCCON2") & BGVRRDY
        c.step_ns(1)
        assert c.read("ADCCON2") & BGVRRDY
        c.step_ns(64 * TAD - REFERENCE - 1)
        assert c.read("ADCANCON") >> 8 & 0xFF == 0
        c.step_ns(1)
        assert c.read("ADCANCON") >> 8 & 0xFF == 0x80  # ADC7: 2^6 TAD
        c.step_ns(64 * TAD)
        assert c.read("ADCANCON") >> 8 & 0xFF == 0x81
        c.write("ADCANCON", 0x80)
        assert c.read("ADCANCON") == 0x8080
        c.write("ADCCON1", 0)
        assert c.read("ADCANCON") == 0x80
        assert not c.read("ADCCON2") & BGVRRDY


@pytest.mark.parametrize("an", range(len(PINS)))
def test_every_input_is_on_its_pin(chip: ChipFactory, an: int) -> None:
    with chip(wire=False, uarts=()) as c:
        switch_on(c)
        volts(c, **{PINS[an]: 1000 + 10 * an})
        assert convert(c, an) == unsigned(1000 + 10 * an)
        assert ready(c) == 0  # reading took it


def test_internal_inputs(chip: ChipFactory) -> None:
    with chip() as c:
        switch_on(c)
        assert convert(c, 43) == unsigned(1200)
        assert convert(c, 44) == unsigned(825)


def test_alternate_inputs(chip: ChipFactory) -> None:
    with chip() as c:
        switch_on(c)
        for unit in range(5):
            volts(c, **{f"RB{unit}": 100, f"RB{5 + unit}": 2000 + unit * 100})
            c.write("ADCTRGMODE", 1 << (16 + 2 * unit))
            assert convert(c, unit) == unsigned(2000 + unit * 100)
            c.write("ADCTRGMODE", 0)
            assert convert(c, unit) == unsigned(100)


@pytest.mark.parametrize("millivolts", [0, 1, 403, 1650, 3299, 3300, 5000])
@pytest.mark.parametrize(("selres", "bits"), [(0, 6), (1, 8), (2, 10), (3, 12)])
def test_resolution(chip: ChipFactory, millivolts: int, selres: int, bits: int) -> None:
    with chip(wire=False, uarts=()) as c:
        switch_on(c, con1=selres << 21)
        c.write("ADC2TIME", selres << 24 | 1 << 16)
        volts(c, RB2=millivolts, RB10=millivolts)
        for an in (2, 5):
            request(c, an)
            c.step_ns((2 + bits + 1) * TAD - 1 if an == 5 else (bits + 1) * TAD - 1)
            assert ready(c) == 0  # a bit a TAD, one more, and SAMC + 2 before
            c.step_ns(1)
            assert data(c, an) == unsigned(millivolts, bits)


def test_fraction_and_sign(chip: ChipFactory) -> None:
    with chip() as c:
        switch_on(c, con1=3 << 21 | FRACT)
        volts(c, RB0=1000)
        code = unsigned(1000)
        assert convert(c, 0) == code << 20
        c.write("ADCIMCON1", 1)  # SIGN0
        assert convert(c, 0) == (code - 2048 & 0xFFF) << 20
        c.write("ADCCON1", 3 << 21 | ON)
        assert convert(c, 0) == (code - 2048) & 0xFFFFFFFF


@pytest.mark.parametrize(("an", "plus", "minus"), [(0, "RB0", "RB10"), (4, "RB4", "RB14"), (12, "RG8", "RB15")])
def test_differential_inputs(chip: ChipFactory, an: int, plus: str, minus: str) -> None:
    with chip() as c:
        switch_on(c)
        c.write("ADCIMCON1", 3 << 2 * an)
        for difference, code in ((0, 0), (1650, 1024), (-1650, -1024), (3300, 2047), (-3300, -2048)):
            volts(c, **{plus: max(difference, 0), minus: max(-difference, 0)})
            assert convert(c, an) == code & 0xFFFFFFFF
        c.write("ADCIMCON1", 2 << 2 * an)
        volts(c, **{plus: 1650, minus: 0})
        assert convert(c, an) == 3072


@pytest.mark.parametrize(("name", "high", "low"), [(None, "RA10", "RA9"), ("PIC32MZ2048EFH064", "RB0", "RB1")])
def test_references(chip: ChipFactory, name: str | None, high: str, low: str) -> None:
    with chip(name) as c:
        volts(c, **{high: 2000, low: 500, "RB3": 1250})
        for vrefsel, code in ((0, unsigned(1250)), (1, unsigned(1250, span=2000)), (2, 1097), (3, 2048)):
            switch_on(c, con3=vrefsel << 13)
            assert convert(c, 3) == code, vrefsel
            c.write("ADCCON1", 0)
        volts(c, **{low: 2500})  # senseless references end nothing
        switch_on(c, con3=3 << 13)
        assert convert(c, 3) == 0


@pytest.mark.parametrize(
    ("adcsel", "tclk"),
    [(0, 250), (1, 125), (3, 125)],  # PBCLK3, SYSCLK, FRC
)
def test_clock_sources_and_dividers(chip: ChipFactory, adcsel: int, tclk: int) -> None:
    with chip() as c:
        switch_on(c)
        tad = 2 * 3 * 5 * tclk
        c.write("ADCCON3", adcsel << 30 | 4 << 24 | ALL << 16)  # TQ = 5 TCLK
        c.write("ADCCON2", 3 | 7 << 16)  # TAD7 = 6 TQ, SAMC = 7
        request(c, 8)
        c.step_ns((9 + 13) * tad - 1)
        assert ready(c) == 0
        c.step_ns(1)
        assert ready(c) == 1 << 8


def test_reference_clock_3_as_its_source(chip: ChipFactory) -> None:
    """ADCSEL 2 is REFCLK3: 4 MHz, from SYSCLK by RODIV 1; the other generators are nothing to the converters."""
    with chip() as c:
        c.write("REFO1CON", 1 << 15)
        c.write("REFO3CON", 1 << 16 | 1 << 15)
        switch_on(c, con3=2 << 30)
        request(c, 8)
        c.step_ns(15 * TAD - 1)
        assert ready(c) == 0
        c.step_ns(1)
        assert ready(c) == 1 << 8
        assert data(c, 8) == 0
        c.write("REFO3CON", 0)
        request(c, 8)
        c.step_ns(100 * TAD)
        assert ready(c) == 0, "it stands"
        c.write("REFO3CON", 1 << 16 | 1 << 15)
        c.step_ns(15 * TAD)
        assert ready(c) == 1 << 8


def test_without_its_clock_nothing_converts(chip: ChipFactory) -> None:
    with chip() as c:
        switch_on(c)
        c.write("ADCCON3", 2 << 30 | ALL << 16)  # REFCLK3 is off
        request(c, 8)
        c.step_ns(10_000_000)
        assert ready(c) == 0
        c.write("ADCCON3", ALL << 16)
        c.step_ns(15 * TAD)
        assert ready(c) == 1 << 8


def test_a_dedicated_input_is_held_at_the_trigger(chip: ChipFactory) -> None:
    with chip() as c:
        switch_on(c)
        volts(c, RB1=1000)
        request(c, 1)
        volts(c, RB1=2000)
        c.step_ns(13 * TAD)
        assert data(c, 1) == unsigned(1000)
        request(c, 1)  # SAMC + 2 TAD after the last conversion at the earliest
        volts(c, RB1=3000)
        c.step_ns((2 + 13) * TAD - 1)
        assert ready(c) == 0
        c.step_ns(1)
        assert data(c, 1) == unsigned(3000)


def test_synchronous_sampling_begins_with_the_trigger(chip: ChipFactory) -> None:
    with chip() as c:
        switch_on(c)
        c.write("ADC1TIME", 3 << 24 | 1 << 16 | 8)
        c.write("ADCTRGMODE", 1 << 1)  # SSAMPEN1
        c.step_ns(100 * TAD)
        volts(c, RB1=1000)
        request(c, 1)
        c.step_ns(9 * TAD)
        volts(c, RB1=2000)
        c.step_ns(14 * TAD - 1)
        assert ready(c) == 0
        c.step_ns(1)
        assert data(c, 1) == unsigned(2000)


def test_the_shared_input_is_held_after_its_sampling_time(chip: ChipFactory) -> None:
    with chip() as c:
        switch_on(c, con2=1 | 8 << 16)
        request(c, 30)
        c.step_ns(10 * TAD - 1)
        volts(c, RF13=700)
        c.step_ns(1)
        volts(c, RF13=3000)
        c.step_ns(13 * TAD)
        assert data(c, 30) == unsigned(700)


def test_software_controls_the_sampling_time(chip: ChipFactory) -> None:
    with chip() as c:
        switch_on(c, con2=1 | 100 << 16)
        con3 = ALL << 16 | 20
        volts(c, RC3=500)
        c.write("ADCCON3", con3 | SAMP)
        c.step_ns(1000)
        c.write("ADCCON3", con3)
        volts(c, RC3=2500)
        c.write("ADCCON3", con3 | RQCNVRT)
        c.step_ns(13 * TAD)
        assert data(c, 20) == unsigned(500)
        c.write("ADCCON3", con3 | SAMP | RQCNVRT)
        c.step_ns(1_000_000)
        assert ready(c) == 0  # as long as it samples
        c.write("ADCCON3", con3)
        c.step_ns(13 * TAD)
        assert data(c, 20) == unsigned(2500)


def test_global_software_trigger(chip: ChipFactory) -> None:
    with chip() as c:
        switch_on(c)
        c.write("ADCTRG1", SOFTWARE << 0 | SOFTWARE << 24)  # AN0, AN3
        c.write("ADCTRG2", SOFTWARE << 8 | SOFTWARE << 24)  # AN5, AN7
        c.write("ADCCON3", ALL << 16 | GSWTRG)
        assert c.read("ADCCON3") == ALL << 16  # it clears itself
        c.step_ns(13 * TAD)
        assert ready(c) == 0b1001  # dedicated ones at the same time
        c.step_ns(2 * TAD)
        assert ready(c) == 0b101001
        c.step_ns(15 * TAD)
        assert ready(c) == 0b10101001  # shared ones in turn
        c.step_ns(100 * TAD)
        for an in (0, 3, 5, 7):
            data(c, an)
        c.step_ns(100 * TAD)
        assert ready(c) == 0


def test_level_trigger_repeats(chip: ChipFactory) -> None:
    with chip() as c:
        switch_on(c)
        c.write("ADCTRG1", LEVEL | LEVEL << 8)
        c.write("ADCTRGSNS", 1)  # AN0 by level, AN1 by edge
        c.write("ADCCON3", ALL << 16 | GLSWTRG)
        c.step_ns(13 * TAD)
        assert ready(c) == 0b11
        volts(c, RB0=1111, RB1=1111)
        c.step_ns(40 * TAD)
        assert (data(c, 0), data(c, 1)) == (unsigned(1111), 0)
        c.write("ADCCON3", ALL << 16)
        c.step_ns(40 * TAD)
        data(c, 0)
        c.step_ns(40 * TAD)
        assert ready(c) == 0


@pytest.mark.parametrize(("source", "timer"), [(5, 1), (6, 3), (7, 5)])
def test_timer_triggers(chip: ChipFactory, source: int, timer: int) -> None:
    with chip() as c:
        switch_on(c)
        c.write("ADCTRG1", source << 16)  # AN2
        c.write(f"PR{timer}", 399)
        volts(c, RB2=900)
        c.write(f"T{timer}CON", 0x8000)
        c.step_ns(100_000 + 13 * TAD - 1)  # 400 ticks of 250 ns
        assert ready(c) == 0
        c.step_ns(1)
        assert data(c, 2) == unsigned(900)
        c.step_ns(100_000)
        assert ready(c) == 0b100


def test_a_pin_triggers(chip: ChipFactory) -> None:
    with chip() as c:
        switch_on(c)
        c.write("ADCTRG1", 4 << 8)  # AN1 by INT0
        c.panel.send({"pin": "RD0", "level": 1})
        c.step_ns(20 * TAD)
        assert ready(c) == 0
        c.panel.send({"pin": "RD0", "level": 0})  # INT0EP is 0: the falling edge
        c.step_ns(20 * TAD)
        assert ready(c) == 0b10


@pytest.mark.parametrize(("source", "module"), [(8, 1), (9, 3), (10, 5)])
def test_output_compare_triggers(chip: ChipFactory, source: int, module: int) -> None:
    with chip() as c:
        switch_on(c)
        c.write("ADCTRG1", source << 8)
        c.write(f"OC{module}R", 200)
        c.write(f"OC{module}CON", 0x8001)  # low, then high from the match on; Timer2
        c.write("PR2", 399)
        c.write("T2CON", 0x8000)
        c.step_ns(199 * 250)
        assert ready(c) == 0
        c.step_ns(3 * 250 + 13 * TAD)
        assert ready(c) == 0b10


def test_suspended_triggers(chip: ChipFactory) -> None:
    with chip() as c:
        switch_on(c)
        request(c, 20)
        c.write("ADCCON3", ALL << 16 | TRGSUSP | UPDIEN)
        assert not c.read("ADCCON3") & UPDRDY  # one is under way
        c.step_ns(15 * TAD)
        assert c.read("ADCCON3") & UPDRDY
        assert flag(c, "ADC_URDY") == 1
        data(c, 20)
        c.write("ADCCON3", ALL << 16 | TRGSUSP | RQCNVRT | 20)
        c.step_ns(100 * TAD)
        assert ready(c) == 0
        c.write("ADCCON3", ALL << 16)
        assert not c.read("ADCCON3") & UPDRDY


def test_scan(chip: ChipFactory) -> None:
    with chip() as c:
        switch_on(c, con1=3 << 21 | SOFTWARE << 16, con2=1 | 1 << 13)  # EOSIEN
        c.write("ADCTRG1", SCAN << 8)  # AN1 is scanned, AN0 is not
        c.write("ADCCSS1", 1 << 31 | 1 << 12 | 0b11)
        c.write("ADCCSS2", 1 << 11)  # AN43
        volts(c, RB1=100, RG8=200, RF12=300)
        c.write("ADCCON3", ALL << 16 | GSWTRG)
        c.step_ns(15 * TAD)
        assert ready(c) == 1 << 12 | 1 << 1
        c.step_ns(15 * TAD)
        assert ready(c) == 1 << 31 | 1 << 12 | 1 << 1
        assert flag(c, "ADC_EOS") == 0
        c.step_ns(15 * TAD)
        assert [data(c, an) for an in (1, 12, 31, 43)] == [unsigned(v) for v in (100, 200, 300, 1200)]
        assert flag(c, "ADC_EOS") == 1
        assert flag(c, "ADC") == 1
        clear(c, "ADC_EOS")
        assert flag(c, "ADC_EOS") == 1  # persistent: until ADCCON2 is read
        assert c.read("ADCCON2") & EOSRDY
        assert not c.read("ADCCON2") & EOSRDY
        clear(c, "ADC_EOS")
        assert flag(c, "ADC_EOS") == 0


def test_a_single_request_comes_between_a_scan(chip: ChipFactory) -> None:
    with chip() as c:
        switch_on(c, con1=3 << 21 | SOFTWARE << 16)
        c.write("ADCCSS1", 7 << 20)
        c.write("ADCCON3", ALL << 16 | GSWTRG)
        c.step_ns(TAD)
        c.write("ADCCON3", ALL << 16 | 30 | RQCNVRT)
        c.step_ns(29 * TAD)
        assert ready(c) == 1 << 30 | 1 << 20
        c.step_ns(30 * TAD)
        assert ready(c) == 1 << 30 | 7 << 20


def test_level_repeats_scans(chip: ChipFactory) -> None:
    with chip() as c:
        switch_on(c, con1=3 << 21 | LEVEL << 16 | 1 << 3)
        c.write("ADCCON3", ALL << 16 | GLSWTRG)  # nothing to scan: nothing happens
        c.write("ADCCSS1", 3 << 20)
        c.step_ns(31 * TAD)
        assert c.read("ADCCON2") & EOSRDY
        c.step_ns(30 * TAD)
        assert c.read("ADCCON2") & EOSRDY
        c.write("ADCCON3", ALL << 16)
        c.step_ns(60 * TAD)
        c.read("ADCCON2")
        c.step_ns(60 * TAD)
        assert not c.read("ADCCON2") & EOSRDY


def test_data_interrupts_and_the_global_one(chip: ChipFactory) -> None:
    with chip() as c:
        switch_on(c, con1=3 << 21 | 4 << 4)  # IRQVS: entries of 16 bytes
        c.write("ADCBASE", 0x1000)
        c.write("ADCGIRQEN1", 1 << 9)
        c.write("ADCGIRQEN2", 1 << 3)
        for an in (9, 35, 10):
            request(c, an)
        c.step_ns(60 * TAD)
        assert [flag(c, f"ADC_DATA{an}") for an in (9, 35, 10)] == [1, 1, 0]
        assert flag(c, "ADC") == 1
        assert c.read("ADCBASE") == 0x1000 + 9 * 16
        data(c, 9)
        clear(c, "ADC_DATA9")
        clear(c, "ADC_DATA35")
        assert [flag(c, f"ADC_DATA{an}") for an in (9, 35)] == [0, 1]
        assert c.read("ADCBASE") == 0x1000 + 35 * 16
        data(c, 35)
        clear(c, "ADC_DATA35")
        clear(c, "ADC")
        assert (flag(c, "ADC_DATA35"), flag(c, "ADC")) == (0, 0)
        assert c.read("ADCBASE") == 0x1000


def test_early_interrupt(chip: ChipFactory) -> None:
    with chip() as c:
        switch_on(c, con2=1 | 2 << 8 | 1 << 12)  # ADCEIS: 3 TAD before; ADCEIOVR
        c.write("ADC3TIME", 3 << 24 | 1 << 16 | 7 << 26)  # 8 TAD before
        c.write("ADCEIEN1", 1 << 20 | 1 << 3)
        request(c, 20)
        request(c, 3)
        c.step_ns(5 * TAD)
        assert [flag(c, f"ADC{unit}_EARLY") for unit in (3, 7)] == [1, 0]
        assert c.read("ADCEISTAT1") == 1 << 3
        c.step_ns(7 * TAD - 1)
        assert flag(c, "ADC7_EARLY") == 0
        c.step_ns(1)
        assert flag(c, "ADC7_EARLY") == 1
        assert flag(c, "ADC_EARLY") == 1
        assert ready(c) == 0
        c.step_ns(3 * TAD)
        assert ready(c) == 1 << 20 | 1 << 3
        data(c, 20)
        data(c, 3)
        assert c.read("ADCEISTAT1") == 0


def test_power_interrupts(chip: ChipFactory) -> None:
    with chip() as c:
        c.write("ADCCON2", 1 | 1 << 15)  # BGVRIEN
        c.write("ADCANCON", 0x84 | 0x80 << 16)
        c.write("ADC2TIME", 3 << 24 | 1 << 16)
        c.write("ADCCON1", ON)
        c.step_ns(REFERENCE)
        assert [flag(c, name) for name in ("ADC_ARDY", "ADC7_WARM", "ADC2_WARM", "ADC_FAULT")] == [1, 1, 0, 0]


@pytest.mark.parametrize(
    ("condition", "events"),
    [(0, []), (1, [900]), (2, [1000, 1500, 2000]), (4, [900, 1000, 1500]), (8, [2000]), (16, [1000, 1500])],
)
def test_digital_comparator(chip: ChipFactory, condition: int, events: list[int]) -> None:
    """IELOLO, IELOHI, IEHILO, IEHIHI, IEBTWN: the limits are 1000 and 2000 mV."""
    with chip() as c:
        switch_on(c)
        c.write("ADCCMP4", unsigned(2000) << 16 | unsigned(1000))
        c.write("ADCCMPEN4", 1 << 21)
        c.write("ADCCMPCON4", 0x80 | 0x40 | condition)
        seen = []
        for millivolts in (900, 1000, 1500, 2000):
            volts(c, RC2=millivolts, RC3=millivolts)
            convert(c, 21)
            convert(c, 20)  # not watched
            event = flag(c, "ADC_DC4")
            con = c.read("ADCCMPCON4")
            assert con == (0xC0 | condition | (1 << 5 | 21 << 8 if event else con & 0x3F00))
            assert not c.read("ADCCMPCON4") & 1 << 5  # reading it clears the event
            clear(c, "ADC_DC4")
            if event:
                seen.append(millivolts)
        assert seen == events


def test_digital_comparator_takes_signed_and_fractional_limits(chip: ChipFactory) -> None:
    with chip() as c:
        switch_on(c)
        c.write("ADCCMPEN1", 1)
        c.write("ADCIMCON1", 1)
        c.write("ADCCMP1", 100 << 16 | 0xFF9C)  # -100 to 100
        c.write("ADCCMPCON1", 0x80 | 0x10)
        for millivolts, event in ((1650, 1), (1500, 0), (1700, 1), (1800, 0)):
            volts(c, RB0=millivolts)
            convert(c, 0)
            assert c.read("ADCCMPCON1") >> 5 & 1 == event, millivolts
        c.write("ADCIMCON1", 0)
        c.write("ADCCON1", 3 << 21 | FRACT | ON)
        c.write("ADCCMP1", 0xC000 << 16 | 0x8000)
        for millivolts, event in ((1600, 0), (1700, 1), (2400, 1), (2600, 0)):
            volts(c, RB0=millivolts)
            convert(c, 0)
            assert c.read("ADCCMPCON1") >> 5 & 1 == event, millivolts


@pytest.mark.parametrize("ovrsam", range(8))
@pytest.mark.parametrize("averaging", [False, True])
def test_digital_filter(chip: ChipFactory, ovrsam: int, averaging: bool) -> None:
    """One trigger starts all the samples; their number and the result: ADCFLTRx.OVRSAM."""
    samples, shift = (
        (2 ** (ovrsam + 1), ovrsam + 1)
        if averaging
        else [(4, 1), (16, 2), (64, 3), (256, 4), (2, 0), (8, 1), (32, 2), (128, 3)][ovrsam]
    )
    with chip() as c:
        switch_on(c)
        c.write("ADCFLTR2", 1 << 31 | averaging << 29 | ovrsam << 26 | 1 << 25 | 6 << 16)
        volts(c, RB11=1000)
        request(c, 6)
        first = samples // 2
        c.step_ns((15 * first - 1) * TAD)  # half of the samples are held
        volts(c, RB11=3000)
        c.step_ns(15 * (samples - first) * TAD)
        assert flag(c, "ADC_DF2") == 0
        c.step_ns(TAD)
        assert flag(c, "ADC_DF2") == 1
        total = unsigned(1000) * first + unsigned(3000) * (samples - first)
        assert c.read("ADCFLTR2") & 0x0100FFFF == 1 << 24 | total >> shift
        assert not c.read("ADCFLTR2") & 1 << 24
        c.step_ns(100 * TAD)
        assert not c.read("ADCFLTR2") & 1 << 24


@pytest.mark.parametrize(("data16", "mask"), [(0, 0xFFF0), (1, 0xFFFF)])
def test_fractional_average(chip: ChipFactory, data16: int, mask: int) -> None:
    with chip() as c:
        switch_on(c, con1=3 << 21 | FRACT)
        c.write("ADCFLTR1", 1 << 31 | data16 << 30 | 1 << 29)  # 2 samples of AN0
        volts(c, RB0=1000)
        request(c, 0)
        c.step_ns(TAD)
        volts(c, RB0=1001)
        c.step_ns(40 * TAD)
        total = unsigned(1000) + unsigned(1001)
        assert total % 2 == 1
        assert c.read("ADCFLTR1") & 0xFFFF == (total << 4) // 2 & mask


def test_a_burst_lets_lower_inputs_pass(chip: ChipFactory) -> None:
    with chip() as c:
        switch_on(c)
        c.write("ADCFLTR1", 1 << 31 | 1 << 29 | 1 << 26 | 9 << 16)  # 4 samples of AN9
        request(c, 9)
        request(c, 5)
        request(c, 11)
        c.step_ns(30 * TAD)
        assert ready(c) == 1 << 9 | 1 << 5
        c.step_ns(45 * TAD)
        assert c.read("ADCFLTR1") & 1 << 24
        assert ready(c) == 1 << 9 | 1 << 5
        c.step_ns(15 * TAD)
        assert ready(c) == 1 << 11 | 1 << 9 | 1 << 5


def test_fifo(chip: ChipFactory) -> None:
    with chip() as c:
        switch_on(c)
        c.write("ADCIMCON1", 1 << 4)  # SIGN2
        c.write("ADCFSTAT", 1 << 31 | 0b110 << 24 | 1 << 23)  # ADC1, ADC2; FIEN
        volts(c, RB0=500, RB1=1000, RB2=1000)
        for an in (1, 0, 2):
            convert(c, an)
        assert c.read("ADCFSTAT") & 0x0040FFFF == 1 << 22 | 2 << 8 | 1
        assert flag(c, "ADC_FIFO") == 1
        assert c.read("ADCFIFO") == unsigned(1000)
        assert c.read("ADCFSTAT") & 0x0040FFFF == 1 << 22 | 1 << 8 | 1 << 7 | 2
        assert c.read("ADCFIFO") == (unsigned(1000) - 2048) & 0xFFFFFFFF
        assert c.read("ADCFSTAT") & 0x0040FFFF == 0
        clear(c, "ADC_FIFO")
        assert flag(c, "ADC_FIFO") == 0
        assert c.read("ADCFIFO") == 0


def test_fifo_overrun(chip: ChipFactory) -> None:
    with chip() as c:
        switch_on(c)
        c.write("ADCFSTAT", 1 << 31 | 1 << 24)
        c.write("ADCTRG1", LEVEL)
        c.write("ADCTRGSNS", 1)
        c.write("ADCCON3", ALL << 16 | GLSWTRG)
        c.step_ns(129 * 15 * TAD)
        assert c.read("ADCFSTAT") & 0x0060FF00 == 3 << 21 | 128 << 8
        assert not c.read("ADCFSTAT") & 1 << 21
        c.write("ADCFSTAT", 0)
        assert c.read("ADCFSTAT") == 0


def test_switching_off_ends_everything(chip: ChipFactory) -> None:
    with chip() as c:
        switch_on(c)
        convert(c, 20)
        request(c, 20)
        request(c, 0)
        c.write("ADCCON1", 0)
        c.step_ns(1_000_000)
        assert ready(c) == 0
        c.write("ADCCON3", ALL << 16 | GSWTRG | RQCNVRT)
        c.step_ns(1_000_000)
        assert ready(c) == 0


def test_a_reset_ends_everything(chip: ChipFactory) -> None:
    with chip() as c:
        switch_on(c)
        c.write("ADCGIRQEN1", 1 << 20)
        request(c, 20)
        c.step_ns(15 * TAD)
        request(c, 20)
        c.panel.send({"power": "cycle"})
        c.step_ns(1_000_000)
        assert ready(c) == 0
        assert flag(c, "ADC_DATA20") == 0
        switch_on(c)
        c.write("ADCGIRQEN1", 1 << 20)
        request(c, 20)
        c.step_ns(15 * TAD)
        assert flag(c, "ADC_DATA20") == 1


def test_a_snapshot_in_flight_goes_on(chip: ChipFactory, tmp_path: Path) -> None:
    """A filter's burst, a scan and a FIFO that are under way."""

    def finish(c: Chip) -> list[int]:
        c.clock_set(2_000_000)
        return [ready(c), *(data(c, an) for an in (0, 6, 20, 21)), c.read("ADCFLTR1"), c.read("ADCFIFO")]

    with chip() as c:
        switch_on(c, con1=3 << 21 | SOFTWARE << 16)
        c.write("ADCFLTR1", 1 << 31 | 1 << 29 | 3 << 26 | 6 << 16)
        c.write("ADCFSTAT", 1 << 31 | 1 << 24)
        c.write("ADCCSS1", 3 << 20)
        volts(c, RB0=100, RB11=1000, RC3=2000, RC2=3000)
        convert(c, 0)
        request(c, 6)
        c.write("ADCCON3", ALL << 16 | GSWTRG)
        c.panel.send({"pin": "RB11", "millivolts": 1500, "at": 80_000})
        c.step_ns(50 * TAD + 77)
        save(c, tmp_path / "snapshot")
        c.qmp("cont")
        expected = finish(c)
    assert expected[0] == 1 << 6 | 3 << 20
    with chip(arguments=restore(tmp_path / "snapshot")) as c:
        wait_for_migration(c)
        assert finish(c) == expected
