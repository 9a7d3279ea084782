# SPDX-License-Identifier: MIT
"""Where a firmware's stacks are, by the names that linker scripts of several houses use."""

from __future__ import annotations

from pathlib import Path

import pytest
from guest_program import build

from pic32bench.memory.firmware import Firmware
from pic32bench.memory.stacks import StackPlace, stack_places

RAM = 512 * 1024
PROGRAM = """
#include <stdint.h>
%s
int main(void) { return 0; }
"""


def places(folder: Path, *flags: str, code: str = "") -> tuple[StackPlace, ...]:
    source = folder / "program.c"
    source.write_text(PROGRAM % code)
    return stack_places(Firmware.read(build(source, folder, *flags)), RAM)


def labels(**values: int) -> list[str]:
    return [f"-Wl,--defsym={name}={value:#x}" for name, value in values.items()]


@pytest.mark.parametrize(
    ("names", "low", "high"),
    [
        # XC32; _min_stack_size is no range
        ({"_stack": 0x8007FFF0, "_splim": 0x80052768, "_min_stack_size": 0x800}, 0x52768, 0x7FFF0),
        ({"_stack": 0x80010000, "_SPLIM": 0x8000F000}, 0xF000, 0x10000),
        ({"_stack_bottom": 0x80000000, "_stack_top": 0x80001000, "_stack_size": 0x1000}, 0, 0x1000),
        ({"_estack": 0x80080000, "_Min_Stack_Size": 0x400}, 0x7FC00, 0x80000),
        ({"__StackTop": 0xA0002000, "__StackLimit": 0xA0001000}, 0x1000, 0x2000),
        ({"_stack_start": 0x80003000, "_stack_end": 0x80002000}, 0x2000, 0x3000),
        ({"_stack_start": 0x80002000, "_stack_end": 0x80003000}, 0x2000, 0x3000),
        ({"__stack": 0x80004000}, None, 0x4000),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_the_main_stack(tmp_path: Path, names: dict[str, int], low: int | None, high: int) -> None:
    (main,) = places(tmp_path, *labels(**names))
    assert (main.name, main.low, main.high) == ("main", low, high)
    assert next(iter(names)) in main.known_by


def test_a_section(tmp_path: Path) -> None:
    code = '__attribute__((used, section(".stack,\\"aw\\",@nobits#"))) static uint8_t room[0x600];'
    (main,) = places(tmp_path, "-Wl,--section-start=.stack=0x80008000", code=code)
    assert (main.low, main.high, main.known_by) == (0x8000, 0x8600, "section .stack")


def test_a_label_that_is_no_address_in_ram(tmp_path: Path) -> None:
    assert places(tmp_path, *labels(_stack=0x9D001000, _stack_bottom=0x9D000000)) == ()
    assert places(tmp_path, *labels(_stack=0x80080001)) == ()


def test_interrupt_stacks(tmp_path: Path) -> None:
    code = """
    uint32_t xISRStack[100]; static uint8_t irq_stack_space[256] __attribute__((used)); uint32_t *isr_stack;
    __asm__(".section .bss.e,\\"aw\\",@nobits\\nexception_stack: .space 128\\nexception_stack_top:\\n.text");
    """
    found = {
        place.name: place
        for place in places(tmp_path, *labels(_stack_top=0x80002000, _stack_bottom=0x80001000), code=code)
    }
    assert set(found) == {"main", "xISRStack", "irq_stack_space", "exception_stack"}
    sizes = {name: place.high - (place.low or 0) for name, place in found.items()}
    assert (sizes["xISRStack"], sizes["irq_stack_space"], sizes["exception_stack"]) == (400, 256, 128)


def test_nothing_is_known_without_symbols() -> None:
    assert stack_places(Firmware.read(None), RAM) == ()


def test_xc32s_map_says_it_in_its_memory_report(tmp_path: Path) -> None:
    source = tmp_path / "program.c"
    source.write_text(PROGRAM % "uint32_t xISRStack[100];")
    build(source, tmp_path, "-fdata-sections", f"-Wl,-Map={tmp_path / 'gnu.map'}")
    text = (tmp_path / "gnu.map").read_text()
    report = "stack                   0x80052810        0x2d7e8      186344  Reserved for stack\n"
    (tmp_path / "xc32.map").write_text(f"Microchip PIC32 Memory-Usage Report\n{report}\n{text}")
    main, interrupts = stack_places(Firmware.read(tmp_path / "xc32.map"), RAM)
    assert (main.low, main.high) == (0x52810, 0x52810 + 0x2D7E8)
    assert interrupts.name == "xISRStack"
