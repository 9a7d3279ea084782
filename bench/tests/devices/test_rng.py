# SPDX-License-Identifier: MIT
"""Random numbers: two seeds, two streams; one seed, one stream; the shift register (DS60001320 chapter 27)."""

from __future__ import annotations

import pytest
from conftest import ChipFactory
from qtest import Chip

TRNGEN, PRNGEN, CONT, TRNGMODE, LOAD = 1 << 8, 1 << 9, 1 << 10, 1 << 11, 1 << 12
CLOCK_NS = 250  # PBCLK5 of an erased chip: FRC 8 MHz / 2
BIT_NS = 4 * CLOCK_NS  # with TRNGMODE set
MASK32 = 0xFFFFFFFF
# x^42 + x^41 + x^20 + x^19 + 1, coefficients from x^42 at bit 0 down
PLEN42, POLY42 = 42, 0x00C00003


def true_numbers(chip: Chip, count: int) -> list[int]:
    """Reads `count` fresh 64-bit numbers, each when RNGCNT says that it is whole."""
    chip.write("RNGCON", TRNGEN | TRNGMODE)
    numbers = []
    for _ in range(count):
        chip.step_ns(64 * BIT_NS)
        assert chip.read("RNGCNT") == 64
        numbers.append(chip.read("RNGSEED2") << 32 | chip.read("RNGSEED1"))
    return numbers


def number(chip: Chip) -> int:
    return chip.read("RNGNUMGEN2") << 32 | chip.read("RNGNUMGEN1")


def lfsr(value: int, poly: int, plen: int, steps: int) -> int:
    for _ in range(steps):
        value = value >> 1 | ((value & poly).bit_count() & 1) << plen - 1
    return value


def test_reset_values(chip: ChipFactory) -> None:
    c = chip()
    names = ("RNGCON", "RNGPOLY1", "RNGPOLY2", "RNGNUMGEN1", "RNGNUMGEN2", "RNGCNT")
    assert [c.read(name) for name in names] == [0x64, 0xFFFF0000, 0xFFFF0000, MASK32, MASK32, 0]
    assert c.read("RNGVER") != 0


def test_a_seed_gives_its_own_stream_every_time(chip: ChipFactory) -> None:
    streams = [true_numbers(chip(properties={"rng-seed": seed}), 50) for seed in (1, 2, 1)]
    assert streams[0] == streams[2]
    assert not set(streams[0]) & set(streams[1])


def test_neighbouring_seeds_have_nothing_in_common(chip: ChipFactory) -> None:
    """Not the same stream shifted, and not the same but for a few bits."""
    a, b = (true_numbers(chip(properties={"rng-seed": seed}), 64) for seed in (0, 1))
    for shift in range(-8, 9):
        pairs = [(a[i], b[i + shift]) for i in range(8, 56)]
        differing = sum((x ^ y).bit_count() for x, y in pairs)
        assert abs(differing - 48 * 32) < 6 * (48 * 64 / 4) ** 0.5


@pytest.mark.parametrize("seed", [0, 7, 2**64 - 1])
def test_bits_are_balanced_and_numbers_differ(chip: ChipFactory, seed: int) -> None:
    """Six standard deviations: a sound generator fails once in 10^8 seeds, and these seeds are fixed."""
    numbers = true_numbers(chip(properties={"rng-seed": seed}), 1000)
    assert all(16 < number.bit_count() < 48 for number in numbers[1:])
    assert len(set(numbers)) == len(numbers)
    for bit in range(64):
        ones = sum(n >> bit & 1 for n in numbers)
        assert abs(ones - 500) < 6 * 250**0.5


def test_rngcnt_counts_bits_since_the_last_read(chip: ChipFactory) -> None:
    """Firmware that does not wait for RNGCNT reads numbers that share bits."""
    c = chip()
    c.write("RNGCON", TRNGEN | TRNGMODE)
    c.step_ns(40 * BIT_NS)
    assert c.read("RNGCNT") == 40
    c.step_ns(1000 * BIT_NS)
    assert c.read("RNGCNT") == 64
    first = c.read("RNGSEED1")
    assert c.read("RNGCNT") == 0
    c.step_ns(8 * BIT_NS)
    assert c.read("RNGCNT") == 8
    assert c.read("RNGSEED1") & 0xFFFFFF == first >> 8


def test_nothing_comes_while_the_source_is_off(chip: ChipFactory) -> None:
    c = chip()
    c.step_ns(1000 * BIT_NS)
    assert c.read("RNGCNT") == 0
    c.write("RNGCON", TRNGEN | TRNGMODE)
    c.step_ns(64 * BIT_NS)
    c.write("RNGCON", 0)
    value = c.read("RNGSEED1")
    c.step_ns(64 * BIT_NS)
    assert c.read("RNGSEED1") == value


def test_bias_corrector_costs_time(chip: ChipFactory) -> None:
    c = chip()
    c.write("RNGCON", TRNGEN)
    c.step_ns(64 * BIT_NS)
    assert c.read("RNGCNT") == 16


def test_the_stream_goes_on_after_a_reset(chip: ChipFactory) -> None:
    c = chip(properties={"rng-seed": 3})
    before = true_numbers(c, 4)
    c.qmp("system_reset")
    assert c.read("RNGCON") == 0x64
    assert not set(before) & set(true_numbers(c, 4))


def test_load_takes_the_true_number_as_seed(chip: ChipFactory) -> None:
    c = chip(properties={"rng-seed": 5})
    assert number(c) == 0xFFFFFFFFFFFFFFFF
    c.write("RNGCON", TRNGEN | TRNGMODE)
    c.step_ns(64 * BIT_NS)
    c.write("RNGCON", LOAD)
    assert c.read("RNGCON") == 0, "LOAD clears itself"
    assert number(c) == c.read("RNGSEED2") << 32 | c.read("RNGSEED1")


def test_a_read_makes_the_next_number_in_plen_cycles(chip: ChipFactory) -> None:
    c = chip()
    seed = 0x123456789AB
    c.write("RNGPOLY1", POLY42)
    c.write("RNGNUMGEN1", seed & MASK32)
    c.write("RNGNUMGEN2", seed >> 32)
    c.write("RNGCON", PRNGEN | PLEN42)
    c.step_ns(1000 * CLOCK_NS)
    assert number(c) == seed, "nothing happens before the first read"
    for count in range(1, 4):
        c.step_ns(PLEN42 * CLOCK_NS)
        c.step_ns(1000 * CLOCK_NS)
        assert number(c) == lfsr(seed, POLY42, PLEN42, count * PLEN42)


def test_a_hasty_reader_sees_the_number_half_made(chip: ChipFactory) -> None:
    c = chip()
    c.write("RNGNUMGEN1", 0xDEADBEEF)
    c.write("RNGPOLY1", 0x80200003)
    c.write("RNGCON", PRNGEN | 32)
    assert c.read("RNGNUMGEN1") == 0xDEADBEEF
    c.step_ns(10 * CLOCK_NS)
    assert c.read("RNGNUMGEN1") == lfsr(0xDEADBEEF, 0x80200003, 32, 10)


def test_continuous_mode_shifts_every_cycle(chip: ChipFactory) -> None:
    c = chip()
    seed = 0x2AAAAAAAAAA
    c.write("RNGPOLY1", POLY42)
    c.write("RNGNUMGEN1", seed & MASK32)
    c.write("RNGNUMGEN2", seed >> 32)
    c.write("RNGCON", PRNGEN | CONT | PLEN42)
    steps = 0
    for more in (1, 41, 255, 256, 257, 100_003):
        c.step_ns(more * CLOCK_NS)
        steps += more
        assert number(c) == lfsr(seed, POLY42, PLEN42, steps)


def test_a_long_time_is_no_long_work(chip: ChipFactory) -> None:
    """Half a minute at 4 MHz is 1.3e8 shifts, a whole number of periods of this register."""
    c = chip()
    c.write("RNGNUMGEN1", 1)
    c.write("RNGNUMGEN2", 0)
    c.write("RNGPOLY1", 0b11)  # x^7 + x^6 + 1: period 127
    c.write("RNGCON", PRNGEN | CONT | 7)
    c.step_ns(127 * 1_000_003 * CLOCK_NS)
    assert number(c) == 1
    c.step_ns(CLOCK_NS)
    assert number(c) == lfsr(1, 0b11, 7, 1)
