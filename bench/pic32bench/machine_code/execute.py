# SPDX-License-Identifier: MIT
"""What instructions do to registers, as far as they move them about: stack pointer, saved registers, constants."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Protocol

from pic32bench.core import SP, word
from pic32bench.machine_code.instructions import TESTS, Instruction

_CALLEE_SAVED = {0, *range(16, 24), 28, 29, 30}  # o32; gp too, as no firmware here is position independent
_CP0_NAMES = {
    (12, 0): "Status",
    (12, 2): "SRSCtl",
    (13, 0): "Cause",
    (14, 0): "EPC",
    (15, 1): "EBase",
    (30, 0): "ErrorEPC",
}
STORES = {"sb", "sh", "sw", "swl", "swr", "sc", "swm", "swp", "sdc1", "swc1", "sdxc1", "swxc1"}
_OTHERS = {"nop", "ssnop", "ehb", "wait", "sync", "pref", "cache", "synci", "mtlo", "mthi", "mult", "multu", "div"} | {
    *(
        "divu",
        "madd",
        "maddu",
        "msub",
        "msubu",
        "teq",
        "tne",
        "tge",
        "tgeu",
        "tlt",
        "tltu",
        "mtc1",
        "mthc1",
        "ctc1",
        "wrdsp",
    )
}

# A value is a constant (base None), or what a register held where the walk began plus an offset. Bases below 0 are for
# users of this module, who put such values into a State themselves.
Value = tuple[int | None, int]


class CodeAndData(Protocol):
    """The chip's memory. None: there is none at this address, or reading it might change something."""

    def code(self, address: int) -> bytes | None:
        """Up to 4 bytes of an instruction."""

    def word(self, address: int) -> int | None:
        """A word, by an address that is a multiple of 4."""


@dataclass
class State:
    """What is known of the core: registers of the current set, of the previous one, CP0, and what was stored."""

    gpr: dict[int, Value]
    previous: dict[int, Value] = field(default_factory=dict)
    cp0: dict[str, Value] = field(default_factory=dict)
    stored: dict[Value, Value | None] = field(default_factory=dict)

    def copy(self) -> State:
        """An independent copy; the sets stay one when they are one."""
        gpr = dict(self.gpr)
        previous = gpr if self.previous is self.gpr else dict(self.previous)
        return State(gpr, previous, dict(self.cp0), dict(self.stored))

    def known(self, register: int) -> int | None:
        """A register's value, if it is a known number."""
        base, value = self.gpr.get(register, (SP, 0))
        return value if base is None else None


def after_call(state: State) -> None:
    """Forgets what a called function may have changed."""
    for register in list(state.gpr):
        if register not in _CALLEE_SAVED:
            del state.gpr[register]


def goes(instruction: Instruction, state: State) -> bool | None:
    """Whether a conditional branch is taken, if its registers are known."""
    if instruction.name not in TESTS:
        return None
    values = [state.known(register) for register in instruction.registers]
    if None in values or not values:
        return None
    left, right = (_signed(value or 0) for value in (*values, 0)[:2])
    return {
        "beq": left == right,
        "beqz": left == 0,
        "bne": left != right,
        "bnez": left != 0,
        "bgez": left >= 0,
        "bltz": left < 0,
        "blez": left <= 0,
        "bgtz": left > 0,
    }[instruction.name]


def _signed(value: int) -> int:
    return value - (1 << 32) if value & 0x80000000 else value


def execute(memory: CodeAndData, instruction: Instruction, state: State) -> None:
    """Changes the state as the instruction does; raises IndexError or ValueError for operands of an unknown shape."""
    name, registers, number = instruction.name, instruction.registers, instruction.number
    if name in STORES:
        _store(instruction, state)
    elif name in ("lw", "lwm", "lwp"):
        _load(memory, instruction, state)
    elif name in ("addiu", "addi", "addiur1sp", "addiur2", "addius5", "addiusp"):
        source = SP if name in ("addiur1sp", "addiusp") else registers[-1]
        add(state, registers[0] if registers else SP, source, number or 0)
    elif name == "mtc0":
        if (cp0 := _CP0_NAMES.get((registers[1], number or 0))) is not None:
            _put(state.cp0, cp0, state.gpr.get(registers[0]))
    elif name == "mfc0":
        cp0 = _CP0_NAMES.get((registers[1], number or 0))
        _put(state.gpr, registers[0], state.cp0.get(cp0) if cp0 else None)
    elif name == "rdpgpr":
        _put(state.gpr, registers[0], state.previous.get(registers[1]))
    elif name == "wrpgpr":
        _put(state.previous, registers[0], state.gpr.get(registers[1]))
    elif name == "movep":
        # The disassembler names the wrong destinations; they are two of a1 to a3 and s5, s6.
        for register in (4, 5, 6, 7, 21, 22):
            state.gpr.pop(register, None)
    elif registers and name not in _OTHERS:
        _put(state.gpr, registers[0], _computed(instruction, state))
    state.gpr[0] = (None, 0)


def _computed(instruction: Instruction, state: State) -> Value | None:
    name, registers, number = instruction.name, instruction.registers, instruction.number
    if name == "move":
        return state.gpr.get(registers[1])
    if name == "lui":
        return (None, word((number or 0) << 16))
    if name == "li":
        return (None, word(number or 0))
    if name in ("addu", "add", "or", "subu", "sub") and len(registers) == 3:
        left, right = state.gpr.get(registers[1]), state.gpr.get(registers[2])
        if right == (None, 0):
            return left
        if left == (None, 0) and not name.startswith("sub"):
            return right
    values = [state.known(register) for register in (registers[1:] or registers)]
    if None in values:
        return None
    known = [value or 0 for value in values]
    if name == "ext" and instruction.numbers:
        position, size = instruction.numbers
        return (None, known[0] >> position & ((1 << size) - 1))
    if name == "ins" and (before := state.known(registers[0])) is not None:
        position, size = instruction.numbers
        mask = ((1 << size) - 1) << position
        return (None, before & ~mask | known[0] << position & mask)
    if (name in _TWO and len(known) < 2) or (name in _ONE and number is None):
        return None
    if name in _TWO:
        return (None, word(_TWO[name](known[0], known[1])))
    return (None, word(_ONE[name](known[0], number or 0))) if name in _ONE else None


_TWO: dict[str, Callable[[int, int], int]] = {
    "add": lambda a, b: a + b,
    "addu": lambda a, b: a + b,
    "sub": lambda a, b: a - b,
    "subu": lambda a, b: a - b,
    "and": lambda a, b: a & b,
    "or": lambda a, b: a | b,
    "xor": lambda a, b: a ^ b,
    "sltu": lambda a, b: int(a < b),
    "slt": lambda a, b: int(_signed(a) < _signed(b)),
}
_ONE: dict[str, Callable[[int, int], int]] = {
    "ori": lambda a, n: a | n,
    "andi": lambda a, n: a & n,
    "xori": lambda a, n: a ^ n,
    "sll": lambda a, n: a << (n & 31),
    "srl": lambda a, n: a >> (n & 31),
    "sltiu": lambda a, n: int(a < word(n)),
    "slti": lambda a, n: int(_signed(a) < n),
}


def _put(where: dict[int, Value] | dict[str, Value], key: int | str, value: Value | None) -> None:
    if value is None:
        where.pop(key, None)  # type: ignore[arg-type]
    else:
        where[key] = value  # type: ignore[index]


def add(state: State, destination: int, source: int, number: int) -> None:
    """Puts a register plus a number into a register."""
    value = state.gpr.get(source)
    _put(state.gpr, destination, None if value is None else plus(value, number))


def plus(value: Value, number: int) -> Value:
    """A value and a number."""
    base, offset = value
    return (base, word(offset + number)) if base is None else (base, offset + number)


def _addresses(instruction: Instruction, state: State) -> Iterator[tuple[int, Value | None]]:
    """Each register that a load or store of words moves, and the address."""
    registers = instruction.registers
    if instruction.name in ("lwp", "swp"):
        registers = (registers[0], registers[0] + 1)
    base = state.gpr.get(instruction.base) if instruction.base is not None else None
    for index, register in enumerate(registers):
        yield register, None if base is None else plus(base, (instruction.number or 0) + 4 * index)


def _store(instruction: Instruction, state: State) -> None:
    for register, address in _addresses(instruction, state):
        if address is None:
            continue
        if instruction.name in ("sw", "swm", "swp"):
            state.stored[address] = state.gpr.get(register)
        else:
            state.stored[(address[0], address[1] & ~3)] = None


def _load(memory: CodeAndData, instruction: Instruction, state: State) -> None:
    loaded = []
    for register, address in _addresses(instruction, state):
        value: Value | None = None
        if address in state.stored:
            value = state.stored[address]
        elif address is not None and address[0] is None and address[1] % 4 == 0:
            held = memory.word(address[1])
            value = None if held is None else (None, held)
        loaded.append((register, value))
    for register, value in loaded:
        _put(state.gpr, register, value)
