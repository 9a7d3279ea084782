# SPDX-License-Identifier: MIT
"""Which code fills memory without having anything to say: memset by its name, clearing loops by their shape."""

from __future__ import annotations

from pathlib import Path

import pytest
from guest_program import build

from pic32bench import image
from pic32bench.chip import chip
from pic32bench.code_map import CodeMap
from pic32bench.image import PHYSICAL
from pic32bench.memory.fills import clearing_loops, fills
from pic32bench.memory.firmware import Firmware

CHIP = chip("PIC32MZ2048EFH144")
CODE = """
#include <stdint.h>
#define FUNCTION __attribute__((noinline, noclone, used, section(".text.tested"), ISA))
uint32_t words[64]; uint8_t bytes[64];
FUNCTION void clears_words(uint32_t *p, uint32_t *end) { while (p < end) { *p++ = 0; } }
FUNCTION void clears_bytes(uint8_t *p, int n) { while (n--) { *p++ = 0; } }
FUNCTION void clears_four(uint32_t *p, uint32_t *end)
{
    do { p[0] = 0; p[1] = 0; p[2] = 0; p[3] = 0; p += 4; } while (p != end);
}
FUNCTION void repeats(uint8_t *p, int n, uint8_t what) { while (n--) { *p++ = what; } }
FUNCTION void copies(uint8_t *p, const uint8_t *from, int n) { while (n--) { *p++ = *from++; } }
FUNCTION void ends(char *p) { *p = 0; }
FUNCTION void clears_every_other(uint8_t *p, int n) { while (n--) { *p = 0; p += 2; } }
FUNCTION void waits(volatile uint32_t *flag, int n) { while (n--) { *flag = 0; } }
FUNCTION void *memset(void *to, int value, unsigned n) { uint8_t *p = to; while (n--) { *p++ = value; } return to; }
int main(void)
{
    clears_words(words, words + 64);
    clears_bytes(bytes, 64);
    clears_four(words, words + 64);
    repeats(bytes, 64, 7);
    copies(bytes, bytes + 32, 32);
    ends((char *)bytes);
    clears_every_other(bytes, 32);
    waits((volatile uint32_t *)words, 3);
    memset(bytes, 7, 9);
    return 0;
}
"""
FLAGS = ("-fno-tree-loop-distribute-patterns", "-fno-builtin", "-fno-unroll-loops", "-fno-tree-vectorize")


def test_nothing_is_found_in_nothing() -> None:
    assert list(clearing_loops(0, b"")) == []
    assert list(clearing_loops(0x1D000000, b"\xff" * 401)) == []
    assert fills(Firmware.read(None), []) == ()


@pytest.mark.parametrize("isa", ["nomicromips", "micromips"])
@pytest.mark.parametrize("level", ["-O1", "-Os", "-O2"])
def test_clearing_loops_are_known_by_their_shape(tmp_path: Path, isa: str, level: str) -> None:
    elf, names = built(tmp_path, isa, level)
    found = {
        names.find(start).function
        for address, data in image.contents(elf, CHIP)
        for start, _ in clearing_loops(address, data)
    }
    assert found == {"clears_words", "clears_bytes", "clears_four"}


def test_memset_is_known_by_its_name(tmp_path: Path) -> None:
    elf, names = built(tmp_path, "nomicromips", "-O2")
    ranges = fills(Firmware.read(elf), ())
    assert [names.find(start).function for start, _ in ranges] == ["memset"]
    ((start, end),) = ranges
    assert start == names.start(start)
    assert names.find(end - 4).function == "memset"
    assert end <= PHYSICAL


@pytest.mark.parametrize(
    ("name", "is_fill"),
    [
        ("memset", True),
        ("__memset", True),
        ("bzero", True),
        ("memset.part.0", True),
        ("memset_words", True),
        ("wmemset", True),
        ("explicit_bzero", True),
        ("TestMemset", False),
        ("memsetting", False),
        ("memcpy", False),
    ],
)
def test_names_of_fills(tmp_path: Path, name: str, is_fill: bool) -> None:
    source = tmp_path / "named.c"
    source.write_text(
        f'#include <stdint.h>\nuint32_t word;\n__attribute__((noinline)) void named(void) __asm__("{name}");\n'
        "void named(void) { word = 1; }\nint main(void) { named(); return 0; }\n"
    )
    firmware = Firmware.read(build(source, tmp_path))
    assert bool(fills(firmware, ())) is is_fill


def built(folder: Path, isa: str, level: str) -> tuple[Path, CodeMap]:
    source = folder / "loops.c"
    source.write_text(CODE)
    elf = build(source, folder, f"-DISA={isa}", level, *FLAGS)
    return elf, CodeMap(elf)
