# SPDX-License-Identifier: MIT
"""The unwinder by itself: instructions as it reads them, and cores and memories that make no sense."""

from __future__ import annotations

import random

import pytest

from pic32bench.backtrace import backtrace
from pic32bench.core import Core
from pic32bench.machine_code.instructions import Isa, decode

CP0 = (
    *("BadVAddr", "Count", "Compare", "Status", "IntCtl", "SRSCtl", "Cause", "EPC", "EBase", "ErrorEPC"),
    "Config3",
)


@pytest.mark.parametrize(
    ("isa", "code", "name", "registers", "numbers", "base"),
    [
        (Isa.MIPS32, "e0ffbd27", "addiu", (29, 29), (-32,), None),  # addiu sp,sp,-32
        (Isa.MIPS32, "1c00bfaf", "sw", (31,), (28,), 29),  # sw ra,28(sp)
        (Isa.MIPS32, "00e85d41", "rdpgpr", (29, 29), (), None),
        (Isa.MIPS32, "0800e003", "jr", (31,), (), None),
        (Isa.MIPS32, "ffff0010", "b", (), (0x9D000000,), None),  # b .
        (Isa.MICROMIPS, "ed4f", "addiusp", (), (-40,), None),
        (Isa.MICROMIPS, "5245", "swm", (16, 17, 31), (8,), 29),  # swm s0-s1,ra,8(sp)
        (Isa.MICROMIPS, "ffcf", "b", (), (0x9D000000,), None),  # b .
        (Isa.MICROMIPS, "bd037ce1", "rdpgpr", (29, 29), (), None),
        (Isa.MICROMIPS, "85007cf1", "wrpgpr", (4, 5), (), None),
        (Isa.MICROMIPS, "2545", "lwm", (16, 17, 18, 31), (20,), 29),
        (Isa.MICROMIPS, "0a47", "jraddiusp", (), (40,), None),
        (Isa.MICROMIPS, "40f36c43", "jalx", (), (0x9D010DB0,), None),  # to MIPS32
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_instructions(
    isa: Isa, code: str, name: str, registers: tuple[int, ...], numbers: tuple[int, ...], base: int | None
) -> None:
    found = decode(bytes.fromhex(code), 0x9D000000, isa)
    assert found is not None
    assert (found.name.removesuffix("16"), found.registers, found.numbers, found.base) == (
        name,
        registers,
        numbers,
        base,
    )


class Noise:
    """Memory of chance: half of its words are code, a quarter addresses of its own."""

    def __init__(self, chance: random.Random) -> None:
        self.words = [self.of(chance) for _ in range(1 << 12)]

    @staticmethod
    def of(chance: random.Random) -> int:
        kind = chance.random()
        if kind < 0.25:
            return 0x80000000 + chance.randrange(1 << 14)
        opcodes = (0x27BD0000, 0x8FBF0000, 0xAFBF0000, 0x03E00008, 0x10000000, 0x0C000000, 0x42000018, 0x40800000)
        return chance.getrandbits(32) if kind < 0.5 else chance.choice(opcodes) | chance.getrandbits(12)

    def word(self, address: int) -> int | None:
        place = address - 0x80000000
        return self.words[place // 4] if 0 <= place < 4 * len(self.words) and address % 4 == 0 else None

    def code(self, address: int) -> bytes | None:
        held = self.word(address & ~3)
        return None if held is None else held.to_bytes(4, "little")[address & 3 :]


@pytest.mark.parametrize("seed", range(40))
def test_every_trace_ends_with_a_reason(seed: int) -> None:
    chance = random.Random(seed)
    memory = Noise(chance)
    value = lambda: memory.of(chance)  # noqa: E731
    cp0 = {name: value() for name in CP0} | {"SRSCtl": chance.randrange(8) | chance.randrange(8) << 6}
    sets = tuple(tuple(value() for _ in range(32)) for _ in range(8))
    pc = 0x80000000 + chance.randrange(1 << 14) & ~1
    core = Core(0, 0, pc, bool(seed & 1), False, sets, (0,) * 4, (0,) * 4, (0,) * 32, 0, cp0)
    trace = backtrace(core, memory, [])
    assert trace.frames[0].address == pc
    assert trace.end
    assert str(trace).endswith(f"({trace.end})")
    assert "pc   " in str(core)
