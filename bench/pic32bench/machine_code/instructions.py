# SPDX-License-Identifier: MIT
"""Instructions of both instruction sets, MIPS32 and microMIPS, in one shape."""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass
from enum import Enum

import capstone

from pic32bench.core import NAMES

_NUMBERS = {f"${name}": number for number, name in enumerate(NAMES)} | {"$s8": 30}
_OPERAND = re.compile(r"(?P<register>\$\w+)|(?P<offset>-?(?:0x)?[0-9a-f]*)\((?P<base>\$\w+)\)|(?P<number>-?\w+)")

CALLS = {"jal", "jalx", "jals", "jalr", "jalr.hb", "jalrs", "jalrs.hb", "jalr16", "jalrs16"} | {
    *("bal", "bgezal", "bltzal", "bgezals", "bltzals", "bgezall", "bltzall")
}
JUMPS = {"j", "b", "b16"}
REGISTER_JUMPS = {"jr", "jr.hb", "jr16", "jrc", "jraddiusp"}
TESTS = {"beq", "bne", "beqz", "bnez", "bgez", "bltz", "blez", "bgtz"}
_COMPACT = {"beqzc", "bnezc", "jrc", "jraddiusp"}
_SHORT = {"jals", "jalrs", "jalrs.hb", "jalrs16", "bgezals", "bltzals"}
# Written by hand below: the disassembler does not know them.
_RDPGPR, _WRPGPR = 0x41400000, 0x41C00000
_MICRO_RDPGPR, _MICRO_WRPGPR = 0xE17C, 0xF17C


class Isa(Enum):
    """The instruction sets that the core runs."""

    MIPS32 = 0
    MICROMIPS = 1


@dataclass(frozen=True)
class Instruction:
    """One instruction. ``name`` has no marks of size (`lw`, not `lw16`); ``registers`` are its register operands.

    ``numbers`` are its immediate operands, the offset of a memory operand whose base register is ``base``, and the
    target of a branch or jump. ``likely``: its delay slot is only executed when it is taken.
    """

    address: int
    size: int
    name: str
    registers: tuple[int, ...] = ()
    numbers: tuple[int, ...] = ()
    base: int | None = None
    has_slot: bool = False
    likely: bool = False
    text: str = ""

    @property
    def number(self) -> int | None:
        """The last of its numbers."""
        return self.numbers[-1] if self.numbers else None

    @property
    def end(self) -> int:
        """The address behind it."""
        return self.address + self.size


@functools.cache
def _disassembler(isa: Isa) -> capstone.Cs:
    mode = capstone.CS_MODE_MIPS32 | capstone.CS_MODE_LITTLE_ENDIAN
    return capstone.Cs(capstone.CS_ARCH_MIPS, mode | (capstone.CS_MODE_MICRO if isa is Isa.MICROMIPS else 0))


def decode(code: bytes, address: int, isa: Isa) -> Instruction | None:
    """The instruction in the first 4 bytes (2, if no more are there) of ``code``, or None if it is none."""
    if found := _shadow_move(code, address, isa):
        return found
    name, text, size = next(
        ((name, text, size) for _, size, name, text in _disassembler(isa).disasm_lite(code, address, 1)), ("", "", 0)
    )
    if not size:
        return None
    plain = name if name in _COMPACT or name in JUMPS | REGISTER_JUMPS | CALLS else re.sub(r"(16|32)$", "", name)
    likely = plain.endswith("l") and plain[:-1] in TESTS
    test = plain.rstrip("lc") if plain.rstrip("lc") in TESTS else ""
    branches = bool(test) or plain in JUMPS | REGISTER_JUMPS | CALLS or plain.startswith(("bc1", "bposge"))
    registers, numbers, base = _operands(text)
    if isa is Isa.MICROMIPS and numbers and branches and plain != "jraddiusp":
        numbers = (*numbers[:-1], _micromips_target(plain, address, size, numbers[-1]))
    return Instruction(
        address,
        size,
        test or plain,
        registers,
        numbers,
        base,
        has_slot=branches and plain not in _COMPACT,
        likely=likely,
        text=f"{name} {text}".rstrip(),
    )


def _micromips_target(name: str, address: int, size: int, number: int) -> int:
    """Branches are disassembled as offsets, jumps without the bits that they leave alone, and JALX as JAL is."""
    if name == "jalx":
        return address & ~0xFFFFFFF | number << 1
    return address & ~0x7FFFFFF | number if name.startswith("j") else address + size + number


def _operands(text: str) -> tuple[tuple[int, ...], tuple[int, ...], int | None]:
    registers: list[int] = []
    numbers: list[int] = []
    base = None
    for found in _OPERAND.finditer(text):
        if found["register"]:
            if (register := _NUMBERS.get(found["register"])) is not None:
                registers.append(register)
        elif found["base"]:
            base = _NUMBERS.get(found["base"])
            numbers.append(int(found["offset"] or "0", 0))
        elif found["number"].lstrip("-")[:1].isdigit():
            numbers.append(int(found["number"], 0))
    return tuple(registers), tuple(numbers), base


def _shadow_move(code: bytes, address: int, isa: Isa) -> Instruction | None:
    """RDPGPR and WRPGPR: ``registers`` are destination and source."""
    if len(code) < 4:
        return None
    if isa is Isa.MIPS32:
        word = int.from_bytes(code[:4], "little")
        name = {_RDPGPR: "rdpgpr", _WRPGPR: "wrpgpr"}.get(word & 0xFFE007FF)
        registers = (word >> 11 & 31, word >> 16 & 31)
    else:
        high, low = int.from_bytes(code[:2], "little"), int.from_bytes(code[2:4], "little")
        name = {_MICRO_RDPGPR: "rdpgpr", _MICRO_WRPGPR: "wrpgpr"}.get(low) if high >> 10 == 0 else None
        registers = (high >> 5 & 31, high & 31)
    return Instruction(address, 4, name, registers, text=name) if name else None
