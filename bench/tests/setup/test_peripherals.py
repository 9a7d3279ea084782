# SPDX-License-Identifier: MIT
"""The table of peripherals: what it takes from a C file's head, and what it refuses."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

HEAD = """\
/*
 * PIC32MZ toaster
 *
 * Models: DS60001320 (PIC32MZ EF data sheet) chapter 99 and DS60001234
 * (PIC32 Family Reference Manual, section 77): browning; the lever.
 *
 * Bread is not told from paper.
 *
 * Left out: bagels, crumbs | ashes
 * (they fall through).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
int toaster;
"""
REGISTERS = [
    {"register": "TOASTCON", "kind": "modelled", "device": "pic32mz-toaster2"},
    {"register": "SBFLAG", "kind": "storage", "device": "pic32mz-storage"},
]


@pytest.fixture
def peripherals(program: Callable[[str], ModuleType]) -> ModuleType:
    return program("qemu/peripherals.py")


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "pic32mz_toaster.c"
    path.write_text(HEAD)
    return path


def test_a_head_becomes_a_row(peripherals: ModuleType, source: Path) -> None:
    text = peripherals.tables([peripherals.read_head(source)], REGISTERS)
    assert text.splitlines()[2] == (
        "| toaster | `pic32mz_toaster.c` | 1 | browning; the lever | bagels, crumbs \\| ashes (they fall through) "
        "| DS60001320 chapter 99, DS60001234 |"
    )
    assert "| System Bus | 1 | one master" in text
    assert text.endswith("\nOf 2 registers 1 are modelled, 50.0%.\n")


def test_storage_needs_a_reason(peripherals: ModuleType, source: Path) -> None:
    unexplained = {"register": "BREADCON", "kind": "storage", "device": "pic32mz-storage"}
    with pytest.raises(peripherals.TableError, match=r"without a reason in EXCEPTIONS .*: BREADCON$"):
        peripherals.tables([peripherals.read_head(source)], [*REGISTERS, unexplained])


def test_a_device_needs_a_file(peripherals: ModuleType) -> None:
    with pytest.raises(peripherals.TableError, match=r"no file in src/ for the registers of pic32mz_toaster.c"):
        peripherals.tables([], REGISTERS)


def test_only_the_section_is_replaced(peripherals: ModuleType) -> None:
    text = f"before\n{peripherals.BEGIN}old\n{peripherals.END}after\n"
    assert peripherals.replaced(text, "new\n") == text.replace("old", "new")
    with pytest.raises(peripherals.TableError, match="has no section"):
        peripherals.replaced("nothing", "new\n")
