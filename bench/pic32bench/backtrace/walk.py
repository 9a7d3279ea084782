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
from dataclasses import dataclass

from pic32bench.core import RA, SP, word
from pic32bench.machine_code.execute import CodeAndData, State, Value, add, after_call, execute, goes
from pic32bench.machine_code.instructions import CALLS, JUMPS, REGISTER_JUMPS, TESTS, Instruction, Isa, decode

_LIMIT = 4000  # instructions of a walk
_AGAINST = 10_000  # what it costs to go the way that a branch does not go with the registers as they are


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
        execute(memory, instruction, after)
        return [(0, instruction.end, isa, after)]
    return _branch(memory, instruction, isa, state)


def _branch(memory: CodeAndData, instruction: Instruction, isa: Isa, state: State) -> list[_Ahead | Exit] | None:
    name, behind, slot = instruction.name, instruction.end, None
    taken = goes(instruction, state)
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
        execute(memory, slot, after)
    if name in CALLS:
        after_call(after)
        return [(0, behind, isa, after)]
    if name in REGISTER_JUMPS:
        if name == "jraddiusp":
            add(after, SP, SP, instruction.number or 0)
        return _register_jump(name, instruction, target, after)
    assert instruction.number is not None or name not in JUMPS
    if name in JUMPS:
        return [(0, instruction.number or 0, isa, after)]
    if instruction.number is None:
        return None
    skipped = state.copy() if instruction.likely else after.copy()
    return [
        (_AGAINST if taken is False else 0, instruction.number, isa, after),
        (_AGAINST if taken is True else 0, behind, isa, skipped),
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
