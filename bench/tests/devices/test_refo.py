# SPDX-License-Identifier: MIT
"""Reference clock generators: sources, divider, trim, when a new divider counts (DS60001320 registers 8-4 and 8-5)."""

from __future__ import annotations

from pathlib import Path

import pytest
from conftest import ChipFactory
from qtest import Chip
from test_cru import PLL_FROM_FRC, SPLL_HS, image

ON, SIDL, OE, RSLP, DIVSWEN, ACTIVE = 1 << 15, 1 << 13, 1 << 12, 1 << 11, 1 << 9, 1 << 8
FSOSCEN = 1 << 6
SYSCLK, PBCLK1, POSC, FRC, LPRC, SOSC, SPLL, REFCLKI, BFRC = 0, 1, 2, 3, 4, 5, 7, 8, 9


def refclk(c: Chip, n: int) -> float:
    """Frequency of REFCLKn, Hz; 0 while it stands."""
    devices = c.qmp("qom-list", path="/machine/unattached")
    cru = next(entry["name"] for entry in devices if entry["type"] == "child<pic32mz-cru>")
    period = c.qmp("qom-get", path=f"/machine/unattached/{cru}", property=f"refclk{n}-period")
    return 1e9 * 2**32 / period if period else 0.0


@pytest.fixture
def fast(chip: ChipFactory, tmp_path: Path) -> Chip:
    """200 MHz from the PLL, FRC as its source; POSC 24 MHz and SOSC run."""
    return chip(image=image(tmp_path, PLL_FROM_FRC, SPLL_HS | FSOSCEN))


def test_reset_values(chip: ChipFactory) -> None:
    c = chip()
    for n in range(1, 5):
        assert c.read(f"REFO{n}CON") == c.read(f"REFO{n}TRIM") == 0
        assert refclk(c, n) == 0


@pytest.mark.parametrize(
    ("rosel", "hz"),
    [
        (SYSCLK, 200e6),
        (PBCLK1, 100e6),
        (POSC, 24e6),
        (FRC, 8e6),
        (LPRC, 32768),
        (SOSC, 32768),
        (SPLL, 200e6),
        (BFRC, 8e6),
        (REFCLKI, 0),
        (6, 0),
        (15, 0),
    ],
)
def test_sources(fast: Chip, rosel: int, hz: float) -> None:
    for n in range(1, 5):
        fast.write(f"REFO{n}CON", ON | rosel)
        assert refclk(fast, n) == pytest.approx(hz, rel=1e-6)
        assert fast.read(f"REFO{n}CON") == ON | ACTIVE | rosel
        assert [refclk(fast, other) for other in range(1, 5) if other != n] == [0, 0, 0]
        fast.write(f"REFO{n}CON", rosel)
        assert refclk(fast, n) == 0
        assert not fast.read(f"REFO{n}CON") & ACTIVE


@pytest.mark.parametrize(("rodiv", "rotrim"), [(0, 0), (0, 511), (1, 0), (8, 35), (3, 464), (0x7FFF, 511)])
def test_divider_and_trim(fast: Chip, rodiv: int, rotrim: int) -> None:
    fast.write("REFO1TRIM", rotrim << 23)
    fast.write("REFO1CON", rodiv << 16 | OE)
    fast.write("REFO1CONSET", ON)
    expected = 200e6 / (2 * (rodiv + rotrim / 512)) if rodiv else 200e6
    assert refclk(fast, 1) == pytest.approx(expected, rel=1e-6)


def test_a_new_divider_counts_once_divswen_is_written(fast: Chip) -> None:
    fast.write("REFO2CON", 2 << 16 | ON)
    assert refclk(fast, 2) == pytest.approx(50e6)
    fast.write("REFO2CON", 10 << 16 | ON)
    fast.write("REFO2TRIM", 256 << 23)
    assert refclk(fast, 2) == pytest.approx(50e6)
    fast.write("REFO2CONSET", DIVSWEN)
    assert refclk(fast, 2) == pytest.approx(200e6 / 21)
    assert not fast.read("REFO2CON") & DIVSWEN, "the switch is over"


def test_it_follows_its_source(fast: Chip) -> None:
    fast.write("REFO3CON", PBCLK1 | 1 << 16 | ON)
    fast.unlock()
    fast.write("PB1DIV", 9)
    assert refclk(fast, 3) == pytest.approx(10e6)
    fast.write("REFO4CON", SOSC | ON)
    fast.write("OSCCONCLR", 2)
    assert refclk(fast, 4) == 0


def test_pmd_stops_it(fast: Chip) -> None:
    fast.write("REFO2CON", ON)
    fast.write("REFO3CON", ON)
    fast.write("PMD6", 1 << 10)
    assert (refclk(fast, 2) > 0, refclk(fast, 3)) == (True, 0)
    assert fast.read("REFO3CON") == 0
    fast.write("PMD6", 0)
    assert refclk(fast, 3) == pytest.approx(200e6)
