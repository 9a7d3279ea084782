# SPDX-License-Identifier: MIT
"""Watchdog and deadman timer: when they bite, and what keeps them quiet (DS60001320 chapters 15 and 16)."""

from __future__ import annotations

from pathlib import Path

import pytest
from conftest import ChipFactory
from qtest import Chip

ON, WDTWINEN = 1 << 15, 1 << 0
KEY = 0x5743
LPRC_NS = 1e9 / 32_768
SYSCLK_NS = 125  # FRC, 8 MHz: the configuration words say so below
WDTO, DMTO = 1 << 4, 1 << 5
WINOPN, DMTEVENT, BAD2, BAD1 = 1 << 0, 1 << 5, 1 << 6, 1 << 7
NMI_WDTO, NMI_DMTO = 1 << 24, 1 << 25
# DEVCFG1: both timers off, no window, FNOSC = FRCDIV
QUIET = 0x7FFFFFFF & ~(1 << 23)
WDT, DMT, NO_WINDOW = 1 << 23, 1 << 31, 1 << 22


def wdtps(n: int) -> int:
    return ~(0x1F << 16) | n << 16


def hex_record(kind: int, offset: int, data: bytes) -> str:
    record = bytes([len(data)]) + offset.to_bytes(2, "big") + bytes([kind]) + data
    return f":{record.hex().upper()}{-sum(record) & 0xFF:02X}\n"


@pytest.fixture
def configured(chip: ChipFactory, tmp_path: Path) -> ChipFactory:
    """A chip whose flash holds nothing but DEVCFG1."""

    def start(devcfg1: int) -> Chip:
        image = tmp_path / "config.hex"
        image.write_text(
            hex_record(4, 0, b"\x1f\xc0")
            + hex_record(0, 0xFFC8, (devcfg1 & 0xFFFFFFFF).to_bytes(4, "little"))
            + hex_record(1, 0, b"")
        )
        return chip(image=image)

    return start


def period_ns(rundiv: int) -> float:
    return (32 << rundiv) * LPRC_NS


def clear(chip: Chip, key: int = KEY) -> None:
    """The one write that clears the watchdog: a half-word to the upper half of WDTCON."""
    chip.write("WDTCON", key, size=2, offset=2)


def was_reset(chip: Chip, flag: int) -> bool:
    """Whether RCON blames this cause; forgets it."""
    seen = bool(chip.read("RCON") & flag)
    chip.write("RCON", 0)
    return seen


# --- watchdog


def test_configuration_starts_it_and_gives_its_period(configured: ChipFactory) -> None:
    c = configured((QUIET | WDT) & wdtps(10))
    assert c.read("WDTCON") == ON | 10 << 8
    c.step_ns(int(period_ns(10)) - 1000)
    assert not was_reset(c, WDTO)
    c.step_ns(2000)
    assert was_reset(c, WDTO)


def test_it_keeps_biting_without_anybody_to_clear_it(configured: ChipFactory) -> None:
    c = configured((QUIET | WDT) & wdtps(5))
    for _ in range(3):
        c.step_ns(int(period_ns(5)) + 10)
        assert was_reset(c, WDTO)


def test_clearing_in_time_keeps_it_quiet(configured: ChipFactory) -> None:
    c = configured((QUIET | WDT) & wdtps(10))
    for _ in range(5):
        c.step_ns(int(period_ns(10) * 0.9))
        clear(c)
    assert not was_reset(c, WDTO)
    c.step_ns(int(period_ns(10)) + 10)
    assert was_reset(c, WDTO)


@pytest.mark.parametrize(
    ("value", "size", "offset"),
    [(KEY << 16 | ON, 4, 0), (KEY, 2, 0), (0x43, 1, 2), (0x57, 1, 3), (0x4357, 2, 2), (0, 2, 2)],
)
def test_any_other_write_does_not_clear_it(configured: ChipFactory, value: int, size: int, offset: int) -> None:
    """The classic: WDTCON |= key << 16 compiles to a word write, and the chip resets."""
    c = configured((QUIET | WDT) & wdtps(10))
    c.step_ns(int(period_ns(10) * 0.9))
    c.write("WDTCON", value, size=size, offset=offset)
    c.step_ns(int(period_ns(10) * 0.2))
    assert was_reset(c, WDTO)


def test_software_cannot_stop_what_the_configuration_started(configured: ChipFactory) -> None:
    c = configured((QUIET | WDT) & wdtps(10))
    c.write("WDTCONCLR", ON)
    assert c.read("WDTCON") & ON
    c.step_ns(int(period_ns(10)) + 10)
    assert was_reset(c, WDTO)


def test_software_may_start_and_stop_it_otherwise(configured: ChipFactory) -> None:
    c = configured(QUIET & wdtps(3))
    assert c.read("WDTCON") == 3 << 8
    c.step_ns(int(period_ns(3) * 4))
    c.write("WDTCONSET", ON)
    c.step_ns(int(period_ns(3) * 0.9))
    c.write("WDTCONCLR", ON)
    c.step_ns(int(period_ns(3) * 4))
    assert not was_reset(c, WDTO)
    c.write("WDTCONSET", ON)
    c.step_ns(int(period_ns(3) * 0.9))
    assert not was_reset(c, WDTO), "turning it on starts a new period"
    c.step_ns(int(period_ns(3) * 0.2))
    assert was_reset(c, WDTO)
    assert not c.read("WDTCON") & ON, "off again after the reset"


@pytest.mark.parametrize(("size_bits", "opens"), [(0, 0.25), (1, 0.5), (2, 0.625), (3, 0.75)])
def test_clearing_before_the_window_opens_bites(configured: ChipFactory, size_bits: int, opens: float) -> None:
    devcfg1 = (QUIET | WDT) & ~NO_WINDOW & ~(3 << 24) & wdtps(10) | size_bits << 24
    c = configured(devcfg1)
    c.step_ns(int(period_ns(10) * (opens + 0.01)))
    clear(c)
    assert not was_reset(c, WDTO)
    c.step_ns(int(period_ns(10) * (opens - 0.01)))
    clear(c)
    assert was_reset(c, WDTO)


def test_window_can_be_turned_on_by_software(configured: ChipFactory) -> None:
    c = configured((QUIET | WDT) & wdtps(10))
    clear(c)
    assert not was_reset(c, WDTO)
    c.write("WDTCONSET", WDTWINEN)
    clear(c)
    assert was_reset(c, WDTO)


def test_nmi_gives_time_to_be_forgiven(configured: ChipFactory) -> None:
    """RNMICON.NMICNT counts SYSCLK between NMI and reset; clearing WDTO in time calls it off."""
    c = configured((QUIET | WDT) & wdtps(8))
    c.unlock()
    c.write("RNMICON", 1000)
    c.step_ns(int(period_ns(8)) + 10)
    assert c.read("RNMICON") & NMI_WDTO
    c.write("RNMICON", 1000)
    c.step_ns(2000 * SYSCLK_NS)
    assert not was_reset(c, WDTO)
    c.step_ns(int(period_ns(8)) - 2000 * SYSCLK_NS + 10)
    assert c.read("RNMICON") & NMI_WDTO, "and the next period has begun"
    assert not was_reset(c, WDTO)
    c.step_ns(2000 * SYSCLK_NS)
    assert was_reset(c, WDTO)


# --- deadman timer


def dmt_config(count: int, window: int) -> int:
    return (QUIET | DMT) & ~(7 << 3 | 0x1F << 26) | count << 26 | window << 3


def dmt_clear(chip: Chip, step1: int = 0x40, step2: int = 0x08) -> None:
    chip.write("DMTPRECLR", step1 << 8)
    chip.write("DMTCLR", step2)


def test_limit_and_window_come_from_the_configuration(configured: ChipFactory) -> None:
    c = configured(dmt_config(12, 2))
    assert c.read("DMTCON") == ON
    assert (c.read("DMTPSCNT"), c.read("DMTPSINTV")) == (1 << 20, 3 << 18)


def test_it_bites_at_its_limit(configured: ChipFactory) -> None:
    c = configured(dmt_config(8, 0))
    c.step_ns(65_530 * SYSCLK_NS)
    assert not was_reset(c, DMTO)
    assert c.read("DMTCNT") == 65_530
    c.step_ns(7 * SYSCLK_NS)
    assert was_reset(c, DMTO)
    assert c.read("DMTSTAT") & DMTEVENT == 0, "a reset forgets the event"


def test_both_steps_in_the_window_clear_it(configured: ChipFactory) -> None:
    c = configured(dmt_config(8, 1))
    for _ in range(4):
        assert not c.read("DMTSTAT") & WINOPN
        c.step_ns(40_000 * SYSCLK_NS)
        assert c.read("DMTSTAT") == WINOPN
        dmt_clear(c)
        assert (c.read("DMTCNT"), c.read("DMTPRECLR"), c.read("DMTCLR")) == (0, 0, 0)
    assert not was_reset(c, DMTO)


def test_clearing_before_the_window_opens_is_an_event(configured: ChipFactory) -> None:
    c = configured(dmt_config(8, 1))
    c.step_ns(1000 * SYSCLK_NS)
    dmt_clear(c)
    assert was_reset(c, DMTO)


@pytest.mark.parametrize(
    ("writes", "bad"),
    [
        ([("DMTPRECLR", 0x4100)], BAD1),
        ([("DMTCLR", 0x08)], BAD2),
        ([("DMTPRECLR", 0x4000), ("DMTCLR", 0x09)], BAD2),
    ],
)
def test_a_wrong_step_is_an_event(configured: ChipFactory, writes: list[tuple[str, int]], bad: int) -> None:
    c = configured(dmt_config(8, 0))
    c.unlock()
    c.write("RNMICON", 60_000)
    for register, value in writes:
        c.write(register, value)
    assert c.read("DMTSTAT") == DMTEVENT | bad
    assert c.read("RNMICON") & NMI_DMTO
    c.step_ns(60_001 * SYSCLK_NS)
    assert was_reset(c, DMTO)


def test_software_starts_it_where_the_configuration_does_not(configured: ChipFactory) -> None:
    c = configured(QUIET & ~(0x1F << 26))
    c.step_ns(10_000 * SYSCLK_NS)
    assert c.read("DMTCNT") == 0
    c.write("DMTCON", ON)
    c.step_ns(200 * SYSCLK_NS)
    assert c.read("DMTCNT") == 200
    c.step_ns(57 * SYSCLK_NS)
    assert was_reset(c, DMTO)
    assert c.read("DMTCON") == 0


def test_software_cannot_stop_it_where_the_configuration_starts_it(configured: ChipFactory) -> None:
    c = configured(dmt_config(8, 0))
    c.write("DMTCON", 0)
    assert c.read("DMTCON") == ON
