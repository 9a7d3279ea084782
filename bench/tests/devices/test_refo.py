# SPDX-License-Identifier: MIT
"""Reference clock generators: sources, divider, trim, when a new divider counts (DS60001320 registers 8-4 and 8-5)."""

from __future__ import annotations

from pathlib import Path

import pytest
from conftest import ChipFactory
from qtest import Chip
from snapshot import restore, save, wait_for_migration
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


# Generator -> pin select register, its value for the generator's output, pin
PINS = {1: ("RPD3R", 15, "RD3"), 3: ("RPD9R", 15, "RD9"), 4: ("RPD2R", 13, "RD2")}


def pin_news(c: Chip) -> list[tuple[str, object]]:
    """The panel's news of pins: level, or (period, high) in ns."""
    return [
        (e["pin"], (e["period"], e["high"]) if "period" in e else e["level"]) for e in c.panel.events() if "pin" in e
    ]


@pytest.mark.parametrize("n", PINS)
def test_on_a_pin(fast: Chip, n: int) -> None:
    """200 MHz / (2 * 25): 250 ns. OE without ON, and ON without OE, drive nothing."""
    register, value, pin = PINS[n]
    fast.write(register, value)
    fast.panel.events()
    fast.write(f"REFO{n}CON", 25 << 16 | OE)
    fast.write(f"REFO{n}CON", 25 << 16 | ON)
    assert pin_news(fast) == []
    fast.write(f"REFO{n}CON", 25 << 16 | OE | ON)
    assert pin_news(fast) == [(pin, (250, 125))]
    port = f"PORT{pin[1]}"
    levels = []
    for _ in range(8):
        levels.append(fast.read(port) >> int(pin[2:]) & 1)
        fast.step_ns(125)
    assert levels == [1, 0] * 4
    fast.write(f"REFO{n}CON", 50 << 16 | OE | ON)
    assert pin_news(fast) == [], "not before DIVSWEN"
    fast.write(f"REFO{n}CONSET", DIVSWEN)
    fast.unlock()
    fast.write("PB5DIV", 0x8003)  # nothing that it comes from
    assert pin_news(fast) == [(pin, (500, 250))]
    fast.write(f"REFO{n}CONCLR", OE)
    assert pin_news(fast) == [(pin, None)]


def test_a_pin_selected_later_carries_it(fast: Chip) -> None:
    fast.write("REFO4CON", 25 << 16 | OE | ON)
    fast.panel.events()
    fast.write("RPD2R", 13)
    assert pin_news(fast) == [("RD2", (250, 125))]
    fast.write("RPD2R", 0)
    assert pin_news(fast) == [("RD2", None)]


def test_its_pin_is_low_while_it_stands_and_free_after_a_reset(fast: Chip) -> None:
    fast.write("RPD2R", 13)
    fast.write("REFO4CON", SOSC | 25 << 16 | OE | ON)
    fast.panel.events()
    fast.unlock()
    fast.write("OSCCONCLR", 2)  # SOSCEN
    assert pin_news(fast) == [("RD2", 0)]
    fast.write("REFO4CON", LPRC | 25 << 16 | OE | ON)
    fast.panel.events()
    fast.qmp("system_reset")
    fast.settle()
    assert [news for news in pin_news(fast) if news[0] == "RD2"] == [("RD2", None)]
    fast.write("REFO4CON", 25 << 16 | OE | ON)
    assert pin_news(fast) == []


def test_a_timer_counts_it_by_pin_select(fast: Chip) -> None:
    """REFCLKO4 on RD2, and T2CK from there: 100 kHz; Timer3 counts T3CK (RD9), where REFCLKO3's 50 kHz are."""
    fast.write("RPD2R", 13)
    fast.write("T2CKR", 0)
    fast.write("RPD9R", 15)
    fast.write("T3CKR", 0)
    for n, rodiv in ((4, 1000), (3, 2000)):
        fast.write(f"REFO{n}CON", rodiv << 16 | OE | ON)
    for n in (2, 3):
        fast.write(f"PR{n}", 0xFFFF)
        fast.write(f"T{n}CON", 0x8002)
    fast.step_ns(1_000_000)
    assert (fast.read("TMR2"), fast.read("TMR3")) == (100, 50)


def test_a_snapshot_keeps_its_phase(chip: ChipFactory, fast: Chip, tmp_path: Path) -> None:
    def finish(c: Chip) -> list[object]:
        c.clock_set(2_000_000)
        c.panel.events()
        c.unlock()
        c.write("PB5DIV", 0x8003)  # works all clocks out anew
        levels: list[object] = []
        for _ in range(30):
            c.step_ns(37)
            levels.append(c.read("PORTD") >> 2 & 1)
        return [*levels, pin_news(c), refclk(c, 4)]

    fast.write("RPD2R", 13)
    fast.step_ns(1234)
    fast.write("REFO4CON", 25 << 16 | OE | ON)
    fast.step_ns(1_000_111)
    save(fast, tmp_path / "snapshot")
    fast.qmp("cont")
    expected = finish(fast)
    assert expected.count(1) > 10
    with chip(image=tmp_path / "config.hex", arguments=restore(tmp_path / "snapshot")) as restored:
        wait_for_migration(restored)
        assert finish(restored) == expected
