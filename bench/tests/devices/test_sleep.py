# SPDX-License-Identifier: MIT
"""Sleep from outside: what wakes the chip, and that time asleep costs no instructions (FRM section 10, DS60001130)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import ChipFactory
from guest_program import PROGRAMS, build
from qtest import Chip
from snapshot import restore, run_until, save, state, wait_for_migration

MS = 1_000_000
PLL_LOCK_NS = 100_000
WAKES_UART, WAKES_PIN, RECEIVED = 0x200, 0x204, 0x208
RCON_SLEEP, RCON_EXTR = 1 << 3, 1 << 7


@pytest.fixture
def sleeper(chip: ChipFactory, tmp_path: Path) -> Iterator[Chip]:
    """The program wake.c, asleep since long at 1 ms."""
    with chip(cpu=True, image=build(PROGRAMS / "driven" / "wake.c", tmp_path), wire=False) as pic:
        run_until(pic, MS)
        yield pic


def test_a_change_of_a_pin_wakes(sleeper: Chip) -> None:
    assert sleeper.read("RCON") & RCON_SLEEP
    sleeper.panel.send({"pin": "RB12", "level": 1, "at": 2 * MS})
    run_until(sleeper, 2 * MS + PLL_LOCK_NS)
    assert sleeper.read(WAKES_PIN) == 0, "the PLL has not locked yet"
    run_until(sleeper, 2 * MS + PLL_LOCK_NS + 20_000)
    assert (sleeper.read(WAKES_PIN), sleeper.read(WAKES_UART)) == (1, 0)
    sleeper.panel.send({"pin": "RB12", "level": 0, "at": 3 * MS})
    run_until(sleeper, 4 * MS)
    assert sleeper.read(WAKES_PIN) == 2


def test_a_start_bit_wakes_and_its_character_is_lost(sleeper: Chip) -> None:
    sleeper.uarts[2].send(b"a")
    run_until(sleeper, 5 * MS)
    assert (sleeper.read(WAKES_UART), sleeper.read(RECEIVED)) == (1, 0)
    sleeper.uarts[2].send(b"b")
    run_until(sleeper, 10 * MS)
    assert (sleeper.read(WAKES_UART), sleeper.read(RECEIVED)) == (2, 0), "it slept again"


def test_reset_pin_wakes(sleeper: Chip) -> None:
    sleeper.panel.send({"mclr": "low", "at": 2 * MS})
    sleeper.panel.send({"mclr": "high", "at": 3 * MS})
    events = run_until(sleeper, 4 * MS)
    assert [(event["t"] // MS, event["reset"]) for event in events if "reset" in event] == [(3, "mclr")]
    assert sleeper.read("RCON") & (RCON_SLEEP | RCON_EXTR) == RCON_SLEEP | RCON_EXTR


def test_a_snapshot_of_a_chip_asleep(chip: ChipFactory, sleeper: Chip, tmp_path: Path) -> None:
    """One of a chip fast asleep, one of a chip whose oscillator is starting."""
    for n, moment in enumerate((2 * MS, 10 * MS + PLL_LOCK_NS // 2)):
        snapshot = tmp_path / f"snapshot{n}"
        sleeper.panel.send({"pin": "RB12", "level": 1 - n, "at": 10 * MS if n else 4 * MS})
        run_until(sleeper, moment)
        save(sleeper, snapshot)
        run_until(sleeper, moment + 5 * MS)
        expected = state(sleeper, tmp_path / "ram"), sleeper.read(WAKES_PIN)
        arguments = restore(snapshot)
        with chip(cpu=True, image=tmp_path / "wake.elf", wire=False, arguments=arguments) as restored:
            wait_for_migration(restored)
            run_until(restored, moment + 5 * MS)
            assert (state(restored, tmp_path / "ram"), restored.read(WAKES_PIN)) == expected
    assert expected[1] == 2
