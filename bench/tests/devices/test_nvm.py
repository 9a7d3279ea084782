# SPDX-License-Identifier: MIT
"""Flash controller: keys, times, what programming and erasing do (DS60001320 chapter 5, DS60001193)."""

from __future__ import annotations

from pathlib import Path

import pytest
from conftest import ChipFactory
from qtest import Chip

WR, WREN, WRERR = 1 << 15, 1 << 14, 1 << 13
PFSWAP, BFSWAP = 1 << 7, 1 << 6
NOP, WORD, QUAD, ROW, PAGE_ERASE, LOWER_ERASE, UPPER_ERASE, ALL_ERASE = range(8)
FRC_NS = 125
TIME_NS = {
    WORD: 383 * FRC_NS,
    QUAD: 773 * FRC_NS,
    ROW: 66_813 * FRC_NS,
    PAGE_ERASE: 128_453 * FRC_NS,
    LOWER_ERASE: 128_453 * FRC_NS,
    UPPER_ERASE: 128_453 * FRC_NS,
    ALL_ERASE: 256_909 * FRC_NS,
}
FLASH, HALF, PAGE, ROW_SIZE = 0x1D000000, 0x100000, 0x4000, 0x800
BOOT1, BOOT2, LOWER_BOOT = 0x1FC40000, 0x1FC60000, 0x1FC00000
ERASED = 0xFFFFFFFF


def keys(chip: Chip) -> None:
    chip.write("NVMKEY", 0xAA996655)
    chip.write("NVMKEY", 0x556699AA)


def launch(chip: Chip, operation: int, address: int = 0) -> None:
    """Sets an operation going as the manual's examples do."""
    chip.write("NVMCON", operation)
    chip.write("NVMCONSET", WREN)
    chip.write("NVMADDR", address)
    keys(chip)
    chip.write("NVMCONSET", WR)


def run(chip: Chip, operation: int, address: int = 0) -> int:
    """Runs an operation to its end and returns NVMCON."""
    launch(chip, operation, address)
    chip.step_ns(TIME_NS.get(operation, 0))
    con = chip.read("NVMCON")
    chip.write("NVMCONCLR", WREN)
    return con


def program_word(chip: Chip, address: int, value: int) -> int:
    chip.write("NVMDATA0", value)
    return run(chip, WORD, address)


def test_reset_values(chip: ChipFactory) -> None:
    c = chip()
    assert [c.read(r) for r in ("NVMCON", "NVMPWP", "NVMBWP", "NVMKEY")] == [0, 0x80000000, 0x9FDF, 0]


def test_word_is_programmed_when_its_time_is_over(chip: ChipFactory) -> None:
    c = chip()
    c.write("NVMDATA0", 0x12345678)
    launch(c, WORD, FLASH + 0x104)
    c.step_ns(TIME_NS[WORD] - 1)
    assert c.read("NVMCON") & WR
    assert c.read(FLASH + 0x104) == ERASED
    assert c.ifs("FLASH_CONTROL") == 0
    c.step_ns(1)
    assert c.read("NVMCON") == WREN | WORD
    assert c.memread(FLASH + 0x100, 12) == b"\xff" * 4 + b"\x78\x56\x34\x12" + b"\xff" * 4
    assert c.ifs("FLASH_CONTROL") == 1
    c.clear_ifs("FLASH_CONTROL")
    assert c.ifs("FLASH_CONTROL") == 0, "an event, not a level"


def test_quad_word(chip: ChipFactory) -> None:
    c = chip()
    for i in range(4):
        c.write(f"NVMDATA{i}", 0x11111111 * (i + 1))
    assert not run(c, QUAD, FLASH + 0x234) & (WR | WRERR)
    assert [c.read(FLASH + 0x230 + 4 * i) for i in range(4)] == [0x11111111 * (i + 1) for i in range(4)]


def test_row_comes_from_ram_as_it_was_at_the_start(chip: ChipFactory) -> None:
    c = chip()
    row = bytes(i * 5 & 0xFF for i in range(ROW_SIZE))
    c.memwrite(0x1000, row)
    c.write("NVMSRCADDR", 0x1000)
    launch(c, ROW, FLASH + HALF + 5 * ROW_SIZE)
    c.memwrite(0x1000, bytes(ROW_SIZE))
    c.step_ns(TIME_NS[ROW] - 1)
    assert c.read("NVMCON") & WR
    c.step_ns(1)
    assert c.memread(FLASH + HALF + 5 * ROW_SIZE, ROW_SIZE) == row


def test_page_erase_takes_its_page_only(chip: ChipFactory) -> None:
    c = chip()
    for page in (1, 2, 3):
        program_word(c, FLASH + page * PAGE, page)
        program_word(c, FLASH + (page + 1) * PAGE - 4, page)
    launch(c, PAGE_ERASE, FLASH + 2 * PAGE + 0x123)
    c.step_ns(TIME_NS[PAGE_ERASE] - 1)
    assert c.read(FLASH + 2 * PAGE) == 2
    c.step_ns(1)
    words = [c.read(FLASH + page * PAGE + at) for page in (1, 2, 3) for at in (0, PAGE - 4)]
    assert words == [1, 1, ERASED, ERASED, 3, 3]


@pytest.mark.parametrize(
    ("operation", "left"), [(LOWER_ERASE, [False, True]), (UPPER_ERASE, [True, False]), (ALL_ERASE, [False, False])]
)
def test_panel_erase(chip: ChipFactory, operation: int, left: list[bool]) -> None:
    c = chip()
    keys(c)
    c.write("NVMBWPCLR", 1 << 8 + 1)
    for address in (FLASH, FLASH + HALF, BOOT1 + PAGE):
        program_word(c, address, 0)
    launch(c, operation)
    c.step_ns(TIME_NS[operation] - 1)
    assert c.read("NVMCON") & WR
    c.step_ns(1)
    assert c.read("NVMCON") & (WR | WRERR) == 0
    assert [c.read(FLASH) == 0, c.read(FLASH + HALF) == 0] == left
    assert c.read(BOOT1 + PAGE) == 0, "boot flash stays"


def test_programming_twice_only_clears_bits(chip: ChipFactory) -> None:
    c = chip()
    program_word(c, FLASH, 0xF0F0F0F0)
    assert "not erased" not in c.log()
    program_word(c, FLASH, 0xFF00FF00)
    assert c.read(FLASH) == 0xF000F000
    assert "not erased" in c.log()


def test_plain_stores_do_not_change_flash(chip: ChipFactory) -> None:
    c = chip()
    c.write(FLASH + 8, 0)
    assert c.read(FLASH + 8) == ERASED


@pytest.mark.parametrize(
    "sequence",
    [
        [],
        [0xAA996655],
        [0x556699AA],
        [0x556699AA, 0xAA996655],
        [0xAA996655, 0x12345678, 0x556699AA],
        [0xAA996655, 0x556699AA, 0],
    ],
)
def test_wr_needs_the_whole_key_sequence(chip: ChipFactory, sequence: list[int]) -> None:
    c = chip()
    c.write("NVMCON", WREN | WORD)
    c.write("NVMADDR", FLASH)
    c.write("NVMDATA0", 0)
    for key in sequence:
        c.write("NVMKEY", key)
    c.write("NVMCONSET", WR)
    assert not c.read("NVMCON") & WR
    c.step_ns(TIME_NS[WORD])
    assert c.read(FLASH) == ERASED


def test_key_is_good_for_one_write(chip: ChipFactory) -> None:
    c = chip()
    c.write("NVMCON", WREN | WORD)
    c.write("NVMADDR", FLASH)
    c.write("NVMDATA0", 0)
    keys(c)
    c.write("NVMADDR", FLASH + 4)
    c.write("NVMCONSET", WR)
    assert not c.read("NVMCON") & WR


def test_wr_needs_wren(chip: ChipFactory) -> None:
    c = chip()
    c.write("NVMCON", WORD)
    keys(c)
    c.write("NVMCONSET", WR)
    assert c.read("NVMCON") == WORD


def test_operation_cannot_change_while_wren_is_set(chip: ChipFactory) -> None:
    c = chip()
    c.write("NVMCON", WREN | QUAD)
    c.write("NVMCON", WREN | PAGE_ERASE)
    assert c.read("NVMCON") == WREN | QUAD


def test_registers_are_closed_during_an_operation(chip: ChipFactory) -> None:
    c = chip()
    c.write("NVMDATA0", 0x5A5A5A5A)
    launch(c, WORD, FLASH)
    c.write("NVMADDR", FLASH + 0x40)
    c.write("NVMDATA0", 0)
    c.write("NVMCON", 0)
    assert c.read("NVMCON") & WR
    c.step_ns(TIME_NS[WORD])
    assert [c.read(FLASH), c.read(FLASH + 0x40)] == [0x5A5A5A5A, ERASED]


def test_protected_pages_give_wrerr_until_a_no_operation(chip: ChipFactory) -> None:
    c = chip()
    keys(c)
    c.write("NVMPWP", 0x80000000 | 2 * PAGE + 1)
    c.write("NVMDATA0", 0)
    for address, error in ((FLASH, True), (FLASH + 3 * PAGE - 4, True)):
        launch(c, WORD, address)
        assert bool(c.read("NVMCON") & WRERR) == error
        assert not c.read("NVMCON") & WR
        c.write("NVMCONCLR", WREN)
    assert c.read(FLASH) == ERASED
    assert program_word(c, FLASH + 3 * PAGE, 0) & WRERR, "sticks"
    assert c.read(FLASH + 3 * PAGE) == 0
    launch(c, LOWER_ERASE)
    assert not c.read("NVMCON") & WR, "a protected page keeps its half"
    c.write("NVMCONCLR", WREN)
    assert run(c, NOP) == WREN
    assert not run(c, UPPER_ERASE) & WRERR


def test_protection_needs_the_key_and_can_be_locked(chip: ChipFactory) -> None:
    c = chip()
    c.write("NVMPWP", 0x80001000)
    assert c.read("NVMPWP") == 0x80000000, "no key"
    keys(c)
    c.write("NVMPWP", 0x00004000)
    assert c.read("NVMPWP") == 0x00004000
    keys(c)
    c.write("NVMPWP", 0x80000000)
    assert c.read("NVMPWP") == 0x00004000, "locked until a reset"
    c.qmp("system_reset")
    assert c.read("NVMPWP") == 0x80000000


def test_boot_flash_is_protected_by_default(chip: ChipFactory) -> None:
    c = chip()
    c.write("NVMDATA0", 0x600D600D)
    launch(c, WORD, LOWER_BOOT + 2 * PAGE)
    assert c.read("NVMCON") & WRERR
    c.write("NVMCONCLR", WREN)
    run(c, NOP)
    keys(c)
    c.write("NVMBWPCLR", 1 << 8 + 2)
    assert c.read("NVMBWP") == 0x9BDF
    assert not program_word(c, LOWER_BOOT + 2 * PAGE, 0x600D600D) & WRERR
    assert c.read(LOWER_BOOT + 2 * PAGE) == c.read(BOOT1 + 2 * PAGE) == 0x600D600D
    launch(c, WORD, BOOT2 + 2 * PAGE)
    assert c.read("NVMCON") & WRERR, "the upper panel has its own bits"


def test_locks_of_both_boot_panels_are_apart(chip: ChipFactory) -> None:
    c = chip()
    keys(c)
    c.write("NVMBWPCLR", 1 << 15)
    keys(c)
    c.write("NVMBWP", 0x8080)
    assert c.read("NVMBWP") == 0x1FC0


@pytest.mark.parametrize("address", [0, 0x1D200000, 0x1FC14000, 0x1F800600])
def test_address_outside_flash_gives_wrerr(chip: ChipFactory, address: int) -> None:
    c = chip()
    launch(c, WORD, address)
    assert c.read("NVMCON") & (WR | WRERR) == WRERR
    assert "no flash address" in c.log()


def test_flash_size_is_the_chips(chip: ChipFactory) -> None:
    c = chip("PIC32MZ1024EFH064")
    launch(c, WORD, 0x1D100000)
    assert c.read("NVMCON") & WRERR


def test_swap_bits_need_the_key_with_wren_clear(chip: ChipFactory) -> None:
    c = chip()
    c.write("NVMCONSET", PFSWAP)
    assert c.read("NVMCON") == 0
    c.write("NVMCON", WREN)
    keys(c)
    c.write("NVMCONSET", PFSWAP)
    assert c.read("NVMCON") == WREN
    c.write("NVMCON", 0)
    keys(c)
    c.write("NVMCONSET", PFSWAP)
    assert c.read("NVMCON") == PFSWAP


def test_pfswap_changes_the_halves_places(chip: ChipFactory) -> None:
    c = chip()
    program_word(c, FLASH, 0x11111111)
    program_word(c, FLASH + HALF, 0x22222222)
    keys(c)
    c.write("NVMCONSET", PFSWAP)
    assert [c.read(FLASH), c.read(FLASH + HALF)] == [0x22222222, 0x11111111]
    program_word(c, FLASH + 4, 0x33333333)
    c.qmp("system_reset")
    assert [c.read(FLASH), c.read(FLASH + HALF), c.read(FLASH + HALF + 4)] == [0x11111111, 0x22222222, 0x33333333]


def test_the_boot_panel_with_the_higher_sequence_number_starts(chip: ChipFactory) -> None:
    """BFxSEQ3 holds TSEQ and its complement; BFSWAP tells after a reset which panel won."""
    c = chip()
    keys(c)
    c.write("NVMBWP", 0x8080)
    for panel, tseq in ((BOOT1, 1), (BOOT2, 2)):
        program_word(c, panel + 0xFFF0, (~tseq & 0xFFFF) << 16 | tseq)
    assert c.read("NVMCON") & BFSWAP == 0
    c.qmp("system_reset")
    assert c.read("NVMCON") & BFSWAP
    assert c.read(LOWER_BOOT + 0xFFF0) == 0xFFFD0002
    keys(c)
    c.write("NVMCONCLR", BFSWAP)
    assert c.read(LOWER_BOOT + 0xFFF0) == 0xFFFE0001


def test_swaplock_shuts_the_swap_bits_until_a_reset(chip: ChipFactory) -> None:
    c = chip()
    c.write("NVMCON2", 3 << 6)
    c.write("NVMCON2", 0)
    assert c.read("NVMCON2") == 3 << 6
    keys(c)
    c.write("NVMCONSET", BFSWAP)
    assert c.read("NVMCON") == 0
    c.qmp("system_reset")
    assert c.read("NVMCON2") & 3 << 6 == 0


def test_flash_outlives_a_reset(chip: ChipFactory) -> None:
    c = chip()
    program_word(c, FLASH + 0x20, 0xCAFEF00D)
    c.qmp("system_reset")
    assert c.read(FLASH + 0x20) == 0xCAFEF00D


def test_reset_abandons_an_operation(chip: ChipFactory) -> None:
    c = chip()
    c.write("NVMDATA0", 0)
    launch(c, WORD, FLASH)
    c.qmp("system_reset")
    assert c.read("NVMCON") == 0
    c.step_ns(TIME_NS[WORD])
    assert c.read(FLASH) == ERASED


def test_word_programming_does_nothing_while_ecc_is_always_on(chip: ChipFactory, tmp_path: Path) -> None:
    """DEVCFG0.FECCCON = 00: quad words and rows only (NVMOP's note in register 5-1)."""
    image = tmp_path / "ecc.hex"
    image.write_text(":020000041FC01B\n:04FFCC00FFFCFFFF38\n:00000001FF\n")
    c = chip(image=image)
    assert not program_word(c, FLASH, 0) & (WR | WRERR)
    assert c.read(FLASH) == ERASED
    for i in range(4):
        c.write(f"NVMDATA{i}", 0)
    run(c, QUAD, FLASH)
    assert c.read(FLASH) == 0
