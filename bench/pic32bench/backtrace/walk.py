# SPDX-License-Identifier: MIT
"""Walks code as the core would run it, to see where a function returns to, or where a handler keeps registers.

Only what moves registers about is followed: the stack pointer, saved registers, constants. A call is stepped over.
A branch goes the way that its registers say; where they are not known both ways are tried, the shortest first. A way
on which a return address is not known for sure is no way out, so running into the code behind a call that does not
return does no harm.
"""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Protocol

from pic32bench.backtrace.instructions import CALLS, JUMPS, REGISTER_JUMPS, TESTS, Instruction, Isa, decode
from pic32bench.core import RA, SP, word

_LIMIT = 4000  # instructions of a walk
_AGAINST = 10_000  # what it costs to go the way that a branch does not go with the registers as they are
_CALLEE_SAVED = {0, *range(16, 24), 28, 29, 30}  # o32; gp too, as no firmware here is position independent
_CP0_NAMES = {(12, 0): "Status", (12, 2): "SRSCtl", (13, 0): "Cause", (14, 0): "EPC", (30, 0): "ErrorEPC"}
_STORES = {"sb", "sh", "sw", "swl", "swr", "sc", "swm", "swp", "sdc1", "swc1", "sdxc1", "swxc1"}
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

# A value is a constant (base None), or what a register held where the walk began plus an offset.
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


@dataclass(frozen=True)
class Exit:
    """Where a walk ended: ``kind`` is ``return``, ``eret`` or ``reached``; ``address`` is where the core goes next."""

    kind: str
    address: int
    isa: Isa
    state: State


@dataclass(frozen=True)
class Outcome:
    """The end of a walk; ``exit`` None: there is none. ``whole``: every way was walked to its end."""

    exit: Exit | None
    whole: bool


def walk(memory: CodeAndData, pc: int, isa: Isa, state: State, goals: frozenset[int] = frozenset()) -> Outcome:
    """Walks from ``pc`` to the nearest return or ERET, or, with ``goals``, to the first of these addresses."""
    order = itertools.count()
    queue = [(0, next(order), pc, isa, state)]
    seen: set[int] = set()
    whole = True
    while queue:
        cost, _, pc, isa, state = heapq.heappop(queue)
        if pc in goals:
            return Outcome(Exit("reached", pc, isa, state), True)
        if pc in seen:
            continue
        if len(seen) >= _LIMIT:
            return Outcome(None, False)
        seen.add(pc)
        try:
            step = _step(memory, pc, isa, state)
        except (IndexError, ValueError):  # operands of another shape than expected: as good as an unknown instruction
            step = None
        if step is None:
            whole = False
            continue
        for ahead in step:
            if isinstance(ahead, Exit):
                if goals:
                    continue
                return Outcome(ahead, True)
            extra, target, its_isa, its_state = ahead
            heapq.heappush(queue, (cost + 1 + extra, next(order), target, its_isa, its_state))
    return Outcome(None, whole)


_Ahead = tuple[int, int, Isa, State]


def _step(memory: CodeAndData, pc: int, isa: Isa, state: State) -> list[_Ahead | Exit] | None:
    """What may come after the instruction at ``pc``; None when that cannot be told."""
    code = memory.code(pc)
    instruction = decode(code, pc, isa) if code else None
    if instruction is None:
        return None
    name = instruction.name
    if name == "eret":
        return _eret(state, isa)
    if name in ("break", "sdbbp", "deret"):
        return None if name == "deret" else []
    if not (instruction.has_slot or name in REGISTER_JUMPS or name in TESTS or name in JUMPS):
        after = state.copy()
        _execute(memory, instruction, after)
        return [(0, instruction.end, isa, after)]
    return _branch(memory, instruction, isa, state)


def _branch(memory: CodeAndData, instruction: Instruction, isa: Isa, state: State) -> list[_Ahead | Exit] | None:
    name, behind, slot = instruction.name, instruction.end, None
    goes = _goes(instruction, state)
    target = state.gpr.get(instruction.registers[-1]) if name in REGISTER_JUMPS and instruction.registers else None
    if name == "jraddiusp":
        target = state.gpr.get(RA)
    after = state.copy()
    if instruction.has_slot:
        code = memory.code(instruction.end)
        slot = decode(code, instruction.end, isa) if code else None
        if slot is None:
            return None
        behind = slot.end
        _execute(memory, slot, after)
    if name in CALLS:
        _after_call(after)
        return [(0, behind, isa, after)]
    if name in REGISTER_JUMPS:
        if name == "jraddiusp":
            _add(after, SP, SP, instruction.number or 0)
        return _register_jump(name, instruction, target, after)
    assert instruction.number is not None or name not in JUMPS
    if name in JUMPS:
        return [(0, instruction.number or 0, isa, after)]
    if instruction.number is None:
        return None
    skipped = state.copy() if instruction.likely else after.copy()
    return [
        (_AGAINST if goes is False else 0, instruction.number, isa, after),
        (_AGAINST if goes is True else 0, behind, isa, skipped),
    ]


def _register_jump(
    name: str, instruction: Instruction, target: Value | None, state: State
) -> list[_Ahead | Exit] | None:
    if target is None or target[0] is not None:
        # Of a return an unknown address means a way that the core does not go.
        return [] if instruction.registers[-1:] in ((RA,), ()) else None
    address = word(target[1])
    isa = Isa(address & 1)
    if instruction.registers[-1:] == (RA,) or name == "jraddiusp":
        return [Exit("return", address & ~1, isa, state)]
    return [(0, address & ~1, isa, state)]


def _eret(state: State, isa: Isa) -> list[_Ahead | Exit] | None:
    status = state.cp0.get("Status", (None, 0))[1]
    error = status & 4
    address = state.cp0.get("ErrorEPC" if error else "EPC")
    if address is None or address[0] is not None:
        return None
    after = state.copy()
    if not error:
        after.gpr = dict(state.previous)
    after.cp0["Status"] = (None, status & ~(4 if error else 2))
    return [Exit("eret", address[1] & ~1, Isa(address[1] & 1), after)]


def _after_call(state: State) -> None:
    for register in list(state.gpr):
        if register not in _CALLEE_SAVED:
            del state.gpr[register]


def _goes(instruction: Instruction, state: State) -> bool | None:
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


# --- what an instruction does to registers ----------------------------------------------------------------------


def _execute(memory: CodeAndData, instruction: Instruction, state: State) -> None:
    name, registers, number = instruction.name, instruction.registers, instruction.number
    if name in _STORES:
        _store(instruction, state)
    elif name in ("lw", "lwm", "lwp"):
        _load(memory, instruction, state)
    elif name in ("addiu", "addi", "addiur1sp", "addiur2", "addius5", "addiusp"):
        source = SP if name in ("addiur1sp", "addiusp") else registers[-1]
        _add(state, registers[0] if registers else SP, source, number or 0)
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


def _add(state: State, destination: int, source: int, number: int) -> None:
    value = state.gpr.get(source)
    _put(state.gpr, destination, None if value is None else _plus(value, number))


def _plus(value: Value, number: int) -> Value:
    base, offset = value
    return (base, word(offset + number)) if base is None else (base, offset + number)


def _addresses(instruction: Instruction, state: State) -> Iterator[tuple[int, Value | None]]:
    """Each register that a load or store of words moves, and the address."""
    registers = instruction.registers
    if instruction.name in ("lwp", "swp"):
        registers = (registers[0], registers[0] + 1)
    base = state.gpr.get(instruction.base) if instruction.base is not None else None
    for index, register in enumerate(registers):
        yield register, None if base is None else _plus(base, (instruction.number or 0) + 4 * index)


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
