# SPDX-License-Identifier: MIT
"""Clock and reset unit: configuration words, clock tree, locks, reset causes, device ID."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest
from intelhex import IntelHex
from qtest import EmulatorError

DEVCFG3 = 0x1FC0FFC0
ERASED = 0xFFFFFFFF
# FRC / 1 * 50 / 2 = 200 MHz; FNOSC SPLL, clock switching enabled, POSC in HS mode
PLL_FROM_FRC = 0x000131A8 | 0xFFF80000
PLL_FROM_POSC = 0xFFF9310A & ~0x80  # 24 MHz / 3 * 50 / 2
SPLL_HS = 0x7F7F7EB9 & ~0x8000


def image(tmp_path: Path, devcfg2: int = ERASED, devcfg1: int = ERASED, devcfg3: int = ERASED) -> Path:
    """A HEX file with nothing but configuration words."""
    words = IntelHex()
    words.puts(DEVCFG3, struct.pack("<4I", devcfg3, devcfg2, devcfg1, ERASED))
    path = tmp_path / "config.hex"
    words.write_hex_file(str(path))
    return path


def timer_rate(pic) -> float:
    """PBCLK3 in Hz, as Timer2 counts it over 100 us."""
    pic.write("PR2", 0xFFFF)
    pic.write("TMR2", 0)
    pic.write("T2CON", 0x8000)
    start, at = pic.read("TMR2"), pic.now
    end = pic.step(100e-6)
    return (pic.read("TMR2") - start) / ((end - at) * 1e-9)


@pytest.mark.parametrize(
    ("devcfg2", "sysclk"), [(PLL_FROM_FRC, 200e6), (PLL_FROM_POSC, 200e6), (PLL_FROM_FRC & ~0x7F00 | 0x1800, 100e6)]
)
def test_configuration_words_set_the_pll(chip, tmp_path: Path, devcfg2: int, sysclk: float) -> None:
    with chip(image=image(tmp_path, devcfg2, SPLL_HS)) as pic:
        assert pic.read("OSCCON") >> 12 & 7 == 1
        assert timer_rate(pic) == pytest.approx(sysclk / 2, rel=0.01)


def test_the_pll_register_starts_with_the_configuration_word(chip, tmp_path: Path) -> None:
    """DS60001320 register 8-3: PLLODIV, PLLMULT, PLLIDIV, PLLICLK and PLLRANGE are those of DEVCFG2."""
    with chip(image=image(tmp_path, PLL_FROM_FRC, SPLL_HS)) as pic:
        fpllodiv, fpllmult = PLL_FROM_FRC >> 16 & 7, PLL_FROM_FRC >> 8 & 0x7F
        fpllidiv, fpllrng, fpllick = PLL_FROM_FRC & 7, PLL_FROM_FRC >> 4 & 7, PLL_FROM_FRC >> 7 & 1
        assert pic.read("SPLLCON") == fpllodiv << 24 | fpllmult << 16 | fpllidiv << 8 | fpllick << 7 | fpllrng


def test_the_oscillators_in_use_are_ready(chip, tmp_path: Path) -> None:
    with chip(image=image(tmp_path, PLL_FROM_FRC, SPLL_HS)) as pic:
        pic.step(1e-3)
        assert pic.read("CLKSTAT") & 0b11 == 0b11  # FRCRDY, DIVSPLLRDY


def test_peripheral_clock_dividers_need_the_key(chip, tmp_path: Path) -> None:
    with chip(image=image(tmp_path, PLL_FROM_FRC, SPLL_HS)) as pic:
        pic.write("PB3DIV", 0x8803)
        assert pic.read("PB3DIV") == 0x8801
        assert "SYSKEY is locked" in pic.log()
        pic.unlock()
        pic.write("PB3DIV", 0x8803)
        assert pic.read("PB3DIV") == 0x8803
        assert timer_rate(pic) == pytest.approx(50e6, rel=0.01)
        pic.write("PB3DIV", 0x8802)
        assert timer_rate(pic) == pytest.approx(200e6 / 3, rel=0.001)


def test_software_switches_the_clock(chip, tmp_path: Path) -> None:
    with chip(image=image(tmp_path, PLL_FROM_FRC, SPLL_HS & ~7 | 0x4000)) as pic:
        assert timer_rate(pic) == pytest.approx(4e6, rel=0.01)  # FNOSC 0: FRC, PBCLK3 at half of it
        pic.unlock()
        pic.write("OSCCON", 0x00000101)
        assert pic.read("OSCCON") & 1, "OSWEN stays set while the PLL locks"
        pic.step(1e-3)
        assert pic.read("OSCCON") & 0x7001 == 0x1000
        assert timer_rate(pic) == pytest.approx(100e6, rel=0.01)


def test_iolock_needs_the_key_but_jtag_does_not(chip) -> None:
    with chip() as pic:
        pic.write("CFGCON", pic.read("CFGCON") & ~0x8 | 0x2000)
        assert pic.read("CFGCON") & 0x2008 == 0
        pic.unlock()
        pic.write("CFGCON", pic.read("CFGCON") | 0x2000)
        assert pic.read("CFGCON") & 0x2000
        pic.write("SYSKEY", 0x33333333)
        pic.write("CFGCON", pic.read("CFGCON") & ~0x2000)
        assert pic.read("CFGCON") & 0x2000


@pytest.mark.parametrize(("one_way", "after"), [(True, 0x2000), (False, 0)])
def test_iolock_is_cleared_again_only_where_devcfg3_allows_it(chip, tmp_path: Path, one_way: bool, after: int) -> None:
    with chip(image=image(tmp_path, devcfg3=ERASED if one_way else ERASED & ~(1 << 29))) as pic:
        pic.unlock()
        pic.write("CFGCON", pic.read("CFGCON") | 0x2000)
        pic.write("CFGCON", pic.read("CFGCON") & ~0x2000)
        assert pic.read("CFGCON") & 0x2000 == after
        pic.qmp("system_reset")
        pic.settle()
        assert pic.read("CFGCON") & 0x2000 == 0


def test_a_wrong_key_sequence_does_not_unlock(chip) -> None:
    with chip() as pic:
        for keys in ((0x556699AA,), (0xAA996655, 0, 0x556699AA), (0xAA996655, 0xAA996654)):
            for key in keys:
                pic.write("SYSKEY", key)
            pic.write("PB3DIV", 0x8803)
            assert pic.read("PB3DIV") == 0x8801, keys


def test_reset_causes(chip) -> None:
    with chip() as pic:
        assert pic.read("RCON") & 0x3FF == 0x003
        pic.write("RCON", 0)
        pic.write("RSWRST", 1)
        pic.read("RSWRST")
        assert pic.read("RCON") == 0, "a locked software reset resets nothing"
        pic.unlock()
        pic.write("RSWRST", 1)
        pic.read("RSWRST")
        assert pic.read("RCON") == 0x040
        pic.qmp("system_reset")
        pic.settle()
        assert pic.read("RCON") == 0x0C0
        pic.panel.send({"power": "cycle"})
        assert pic.read("RCON") == 0x003


@pytest.mark.parametrize(
    ("name", "devid"),
    [("PIC32MZ2048EFH144", 0x07227053), ("PIC32MZ0512EFE064", 0x07201053), ("PIC32MZ1024EFK100", 0x07239053)],
)
def test_chip_variants_have_their_device_id(chip, name: str, devid: int) -> None:
    with chip(chip=name) as pic:
        assert pic.read("DEVID") & 0x0FFFFFFF == devid


def test_chip_variants_have_their_memories(chip) -> None:
    with chip(chip="PIC32MZ0512EFE064") as pic:
        pic.memwrite(0x1FFFC, b"last")
        assert pic.memread(0x1FFFC, 4) == b"last"
        pic.memwrite(0x20000, b"none")
        assert pic.memread(0x20000, 4) != b"none"
        assert pic.memread(0x1D07FFFC, 4) == b"\xff" * 4
        assert pic.memread(0x1D080000, 4) != b"\xff" * 4


def test_a_clock_switch_waits_for_its_oscillator_and_is_asked_for_again(chip):
    with chip(panel=False, wire=False, uarts=()) as c:
        c.unlock()
        c.write("OSCCON", 0x401)  # NOSC = SOSC, OSWEN; SOSCEN is clear
        c.step_ns(1_000_000)
        assert c.read("OSCCON") & 1
        c.write("OSCCONSET", 2)  # SOSCEN
        c.step_ns(1_000_000)
        assert c.read("OSCCON") & 0x7003 == 0x4002


def test_an_oscillator_that_no_chip_takes_is_refused(chip) -> None:
    with pytest.raises(EmulatorError, match="posc and sosc: expected at most 64000000 Hz"):
        chip(properties={"posc": 4_000_000_000})
