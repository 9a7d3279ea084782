# SPDX-License-Identifier: MIT
"""Resets, NMIs and clocks that fail: RCON, RNMICON, the fail-safe clock monitor (DS60001320 chapters 6 and 8)."""

from __future__ import annotations

from pathlib import Path

import pytest
from conftest import ChipFactory
from qtest import Chip
from test_cru import PLL_FROM_FRC, PLL_FROM_POSC, SPLL_HS, image, timer_rate
from test_refo import ON, SYSCLK, refclk

MONITOR = 1 << 15  # FCKSM of DEVCFG1
POR, BOR, WDTO, DMTO, EXTR = 1 << 0, 1 << 1, 1 << 4, 1 << 5, 1 << 7
NMI_CF, NMI_GNMI, NMI_SWNMI, NMI_WDTO, NMI_DMTO = 1 << 17, 1 << 19, 1 << 23, 1 << 24, 1 << 25
OSWEN, CF = 1 << 0, 1 << 3
SPLL, BFRC = 1, 6
ON_POSC = SPLL_HS & ~7 | 2  # FNOSC: the crystal itself, 24 MHz


def cosc(c: Chip) -> int:
    return c.read("OSCCON") >> 12 & 7


def sysclk(c: Chip) -> float:
    """Hz, by REFCLK1."""
    c.write("REFO1CON", ON | SYSCLK)
    return refclk(c, 1)


def resets(c: Chip) -> list[str]:
    return [event["reset"] for event in c.panel.events() if "reset" in event]


@pytest.mark.parametrize(("devcfg1", "nosc"), [(SPLL_HS, SPLL), (ON_POSC, 2)])
def test_the_clock_monitor_takes_the_backup_oscillator(
    chip: ChipFactory, tmp_path: Path, devcfg1: int, nosc: int
) -> None:
    with chip(image=image(tmp_path, PLL_FROM_POSC, devcfg1 | MONITOR)) as c:
        before = sysclk(c)
        c.panel.send({"crystal": "posc", "state": "stopped"})
        assert cosc(c) == BFRC
        assert c.read("OSCCON") & CF
        assert c.read("RNMICON") & NMI_CF
        assert timer_rate(c) == pytest.approx(4e6, rel=0.01)
        assert not c.read("CLKSTAT") & 1 << 2, "POSCRDY"
        c.unlock()
        c.write("OSCCONSET", OSWEN)  # NOSC is what it was: a switch back has to wait
        c.step(1e-3)
        assert c.read("OSCCON") & OSWEN
        assert cosc(c) == BFRC
        c.write("OSCCONCLR", OSWEN | CF)
        c.panel.send({"crystal": "posc", "state": "running"})
        c.step(1e-3)
        assert cosc(c) == BFRC, "software switches back, nobody else"
        c.write("OSCCONSET", OSWEN)
        c.step(1e-3)
        assert (cosc(c), c.read("OSCCON") & (OSWEN | CF)) == (nosc, 0)
        assert sysclk(c) == pytest.approx(before)
        assert resets(c) == ["power-on"]


def test_without_the_monitor_the_chip_stands_still(chip: ChipFactory, tmp_path: Path) -> None:
    with chip(image=image(tmp_path, PLL_FROM_POSC, SPLL_HS)) as c:
        assert timer_rate(c) == pytest.approx(100e6, rel=0.01)
        c.panel.send({"crystal": "posc", "state": "stopped"})
        assert timer_rate(c) == sysclk(c) == 0
        assert (c.read("RNMICON"), c.read("OSCCON") & CF) == (0, 0)
        c.panel.send({"crystal": "posc", "state": "running"})
        assert timer_rate(c) == pytest.approx(100e6, rel=0.01)


def test_a_crystal_that_nobody_uses_may_stop(chip: ChipFactory, tmp_path: Path) -> None:
    with chip(image=image(tmp_path, PLL_FROM_FRC, SPLL_HS | MONITOR)) as c:
        for crystal in ("posc", "sosc"):
            c.panel.send({"crystal": crystal, "state": "stopped"})
        assert (cosc(c), c.read("OSCCON") & CF, c.read("RNMICON")) == (SPLL, 0, 0)
        assert sysclk(c) == pytest.approx(200e6)


def test_brown_out(chip: ChipFactory) -> None:
    with chip() as c:
        c.write("RCON", 0)
        c.write("PR2", 1234)
        c.panel.events()
        c.panel.send({"power": "brown-out"})
        assert c.read("RCON") == BOR
        assert c.read("PR2") != 1234
        assert resets(c) == ["brown-out"]
        c.panel.send({"power": "cycle"})
        assert c.read("RCON") == BOR | POR


def test_the_reset_pin(chip: ChipFactory) -> None:
    with chip() as c:
        c.write("RCON", 0)
        c.panel.events()
        c.panel.send({"mclr": "low"})
        c.step(1e-3)
        assert resets(c) == []
        c.panel.send({"mclr": "low"})
        c.panel.send({"mclr": "high"})
        assert resets(c) == ["mclr"]
        assert c.read("RCON") == EXTR
        c.panel.send({"mclr": "high"})
        assert resets(c) == []


@pytest.mark.parametrize(("flag", "cause"), [(NMI_WDTO, WDTO), (NMI_DMTO, DMTO)])
def test_software_sets_an_nmi_that_resets(chip: ChipFactory, flag: int, cause: int) -> None:
    """At once with NMICNT 0, else after so many cycles of SYSCLK (8 MHz), unless the flag is cleared before."""
    with chip() as c:
        c.write("RCON", 0)
        c.write("RNMICON", flag)
        assert (c.read("RNMICON"), c.read("RCON")) == (0, 0), "locked"
        c.unlock()
        c.write("RNMICON", flag | 1000)
        c.step_ns(124_999)
        assert (c.read("RNMICON"), c.read("RCON")) == (flag | 1000, 0)
        c.write("RNMICON", 1000)
        c.step(1e-3)
        assert c.read("RCON") == 0, "called off"
        c.write("RNMICON", flag | 1000)
        c.step_ns(124_999)
        assert c.read("RCON") == 0
        c.step_ns(1)
        assert (c.read("RCON"), c.read("RNMICON")) == (cause, 0)
        c.write("RCON", 0)
        c.unlock()
        c.write("RNMICON", flag)
        assert c.read("RCON") == cause


def test_an_nmi_that_only_interrupts_resets_nothing(chip: ChipFactory) -> None:
    with chip() as c:
        c.write("RCON", 0)
        c.unlock()
        c.write("RNMICON", NMI_SWNMI)
        c.step(10e-3)
        assert (c.read("RNMICON"), c.read("RCON")) == (NMI_SWNMI, 0)


def test_nmikey_sets_the_general_nmi(chip: ChipFactory) -> None:
    """DS60001320 register 6-3: GNMI is also set by writing 0x4E to INTCON.NMIKEY."""
    with chip() as c:
        c.write("INTCON", 0x4D << 24)
        assert c.read("RNMICON") == 0
        c.write("INTCON", 0x4E << 24)
        assert c.read("RNMICON") == NMI_GNMI
        assert c.read("INTCON") >> 24 == 0


@pytest.mark.parametrize(("tun", "hz"), [(0, 8e6), (31, 8.155e6), (32, 7.84e6), (63, 7.995e6)])
def test_frc_tuning(chip: ChipFactory, tun: int, hz: float) -> None:
    """TUN is signed; -32 is 2 % less."""
    with chip() as c:
        c.write("OSCTUN", tun)
        assert c.read("OSCTUN") == 0, "locked"
        c.unlock()
        c.write("OSCTUN", tun)
        assert sysclk(c) == pytest.approx(hz)


@pytest.mark.parametrize("sysdiv", [0, 1, 2, 15])
def test_system_clock_divider(chip: ChipFactory, tmp_path: Path, sysdiv: int) -> None:
    with chip(image=image(tmp_path, PLL_FROM_FRC, SPLL_HS)) as c:
        c.unlock()
        c.write("SLEWCON", sysdiv << 16)
        assert sysclk(c) == pytest.approx(200e6 / (sysdiv + 1))
        assert timer_rate(c) == pytest.approx(100e6 / (sysdiv + 1), rel=0.01)


def test_the_pll_is_set_while_it_is_not_in_use(chip: ChipFactory, tmp_path: Path) -> None:
    with chip(image=image(tmp_path, PLL_FROM_FRC, SPLL_HS)) as c:
        c.unlock()
        spllcon = c.read("SPLLCON")
        c.write("SPLLCON", spllcon + (1 << 24))
        assert c.read("SPLLCON") == spllcon
        assert "SYSCLK is the PLL" in c.log()
        c.write("OSCCON", OSWEN)  # FRC
        c.step(1e-3)
        assert sysclk(c) == pytest.approx(8e6)
        c.write("SPLLCON", spllcon + (1 << 24))
        c.write("OSCCON", SPLL << 8 | OSWEN)
        c.step(1e-3)
        assert sysclk(c) == pytest.approx(100e6)


def test_no_switch_where_the_configuration_or_clklock_forbids_it(chip: ChipFactory, tmp_path: Path) -> None:
    for devcfg1, lock in ((SPLL_HS & ~(1 << 14), 0), (SPLL_HS, 1 << 7)):
        with chip(image=image(tmp_path, PLL_FROM_FRC, devcfg1)) as c:
            c.unlock()
            c.write("OSCCON", SPLL << 8 | lock)
            c.write("OSCCON", lock | OSWEN)
            c.step(1e-3)
            assert (cosc(c), c.read("OSCCON") & OSWEN) == (SPLL, 0)
