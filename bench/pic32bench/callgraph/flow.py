# SPDX-License-Identifier: MIT
"""One function read: every way through it with what its registers hold, so its calls and its stack are known.

Registers and words that the function keeps on its stack are followed as constants, as what they held when the
function began plus an offset, or as what a table in flash holds. Ways that meet keep what they agree on; ways with
different stack pointers are kept apart. What is not known stays unknown: nothing is guessed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum

from pic32bench.callgraph.program import MOST_RAM, Function, Program
from pic32bench.core import GP, RA, SP, word
from pic32bench.image import PHYSICAL
from pic32bench.machine_code.execute import STORES, State, Value, after_call, execute, goes, plus
from pic32bench.machine_code.instructions import CALLS, JUMPS, REGISTER_JUMPS, TESTS, Instruction, Isa

# Bases of values, besides those of State. A number that is not known, plus a constant; a word of the table at an
# address; a constant that may have been changed through a pointer; what is in RAM at an address; Status as it was.
_INDEXED, _TABLE, _LIKELY, _HELD, _STATUS = -1, -2, -3, -4, -5
_FIELD = -9  # what is at an offset from a pointer
_ARGUMENT = -8  # the word at an offset from the stack pointer that the function began with
# Of the stack pointer: moved by an amount that is not known; loaded from where nothing is known of.
DYNAMIC, ELSEWHERE = -6, -7
_NO_SUM = (_TABLE, _HELD, _STATUS, _ARGUMENT, _FIELD)
_FP = 30
_TEMPORARIES = (*range(8, 16), 24, 25)  # t0 to t9, which no argument is passed in (o32)
_PASSED = (2, 3, 4, 5, 6, 7, *_TEMPORARIES)
STACK_ARGUMENTS = (16, 20, 24, 28)  # offsets, the fifth argument and on
_EXL, _IPL = 1 << 1, 0x1F << 10  # of Status; IPL without its highest bit, 18, which no level up to 7 needs
_MOST_STACKS = 16  # different stack pointers at one place; with more the stack grows in a loop
_MOST_ENTRIES = 1024  # of a switch's table
_REACH = 1 << 16  # how far a switch's targets can be from it where no symbol tells a function's size
_INITIALLY: dict[int, Value] = {0: (None, 0), **{register: (register, 0) for register in range(1, 32)}}


def argument(offset: int) -> int:
    """How an argument on the stack is numbered among the registers."""
    return 32 + offset


def passed_as(base: int, number: int) -> int:
    """How a value that a caller passed is numbered among the registers."""
    return argument(number) if base == _ARGUMENT else base


class Kind(StrEnum):
    """How a function goes to another."""

    CALL = "call"
    JUMP = "jump"  # a tail call: it does not come back here
    FALL = "falls into"


@dataclass
class Site:
    """A place that calls or jumps to other functions: ``targets`` are the constants that its register holds.

    - ``open``: it may go elsewhere too. ``origins`` are registers (or STACK_ARGUMENTS) of the function's caller that
      the address comes from, ``candidates`` what tables in flash have there, ``held`` words in RAM and ``fields``
      offsets from a pointer that it was loaded from.
    - ``stacks`` are the stack pointers there, ``passed`` what the registers and the words on the stack hold that the
      called function may look at, None: unknown.
    """

    address: int
    kind: Kind
    isa: Isa
    text: str
    targets: set[int] = field(default_factory=set)
    open: bool = False
    origins: set[int] = field(default_factory=set)
    candidates: set[int] = field(default_factory=set)
    held: set[int] = field(default_factory=set)
    fields: set[int] = field(default_factory=set)
    stacks: set[Value] = field(default_factory=set)
    passed: dict[int, set[Value | None]] = field(default_factory=dict)


@dataclass
class Flow:
    """What is known of a function. Addresses are as the code has them.

    - ``deepest`` bytes of the stack it was called on are its own frame; ``stacks`` are other stack pointers that it
      sets, constants. ``dynamic``, ``elsewhere``: instructions that move the stack pointer by, or load it from, what is
      not known.
    - ``bytes`` and ``instructions`` of code were read, of which ``unknown`` are addresses of those not known.
    - ``returns`` and ``erets``: whether it comes to its end so. ``continued`` are functions that a mere label goes on
      in.
    - ``levels`` are interrupt levels that it raises the core to while it lets other interrupts in, None for one that is
      not known. ``ebase`` is what it sets EBase to.
    - ``pointers`` are constants stored in RAM, by address; ``fields`` are constants, and what callers passed, stored at
      an offset from a pointer. ``constants`` are all that
      registers held and code may be at.
    """

    function: Function
    isa: Isa
    deepest: int = 0
    bytes: int = 0
    instructions: int = 0
    unknown: set[int] = field(default_factory=set)
    stacks: set[int] = field(default_factory=set)
    dynamic: set[int] = field(default_factory=set)
    elsewhere: set[int] = field(default_factory=set)
    returns: bool = False
    erets: bool = False
    levels: set[int | None] = field(default_factory=set)
    continued: set[int] = field(default_factory=set)
    sites: dict[tuple[int, Kind], Site] = field(default_factory=dict)
    pointers: dict[int, set[int]] = field(default_factory=dict)
    fields: dict[int, set[Value]] = field(default_factory=dict)
    constants: set[int] = field(default_factory=set)
    ebase: set[int] = field(default_factory=set)


class Reader:
    """Reads a function, as far as it can: behind a call of a function not known to return it waits for `go_on`."""

    def __init__(self, program: Program, function: Function, isa: Isa, returns: Callable[[int, Isa], bool]) -> None:
        self.program = program
        self.function = function
        self.isa = isa
        self.returns = returns
        self.addressed = False  # whether an address in its stack was computed, so that others may write there
        self._begin()

    def _begin(self) -> None:
        self.flow = Flow(self.function, self.isa)
        self.heads: dict[int, dict[Value | None, State]] = {}
        self.work: list[tuple[int, Isa, Value | None]] = []
        self.waiting: dict[int, list[tuple[int, Isa, State]]] = {}
        self._seen: dict[int, int] = {}  # sizes of instructions by address
        state = State(dict(_INITIALLY), {SP: (SP, 0)})
        if (gp := self.program.labels.get("_gp")) is not None:
            state.gpr[GP] = (None, word(gp))
        self._reach(self.function.address, self.isa, state)

    def go_on(self, callee: int | None = None) -> None:
        """Reads on; behind the calls of ``callee``, which was found to return."""
        if callee is not None:
            for pc, isa, state in self.waiting.pop(callee, []):
                self._onward(pc, isa, state, "call")
        while self.work:
            pc, isa, stack = self.work.pop()
            addressed = self.addressed
            self._run(pc, isa, self.heads[pc][stack].copy())
            if self.addressed and not addressed:  # words on its stack are less sure than they were taken to be
                self._begin()
        self.flow.instructions = len(self._seen)
        self.flow.bytes = sum(self._seen.values())

    # --- ways -----------------------------------------------------------------------------------------------

    def _reach(self, pc: int, isa: Isa, state: State) -> None:
        """A place where ways meet: goes on there if this one brings something new."""
        held = self.heads.setdefault(pc, {})
        if state.gpr.get(SP) not in held and len(held) >= _MOST_STACKS:
            self.flow.dynamic.add(pc)
            state.gpr[SP] = (DYNAMIC, 0)
        stack = state.gpr.get(SP)
        known = held.get(stack)
        if known is None:
            held[stack] = state
        else:
            joined = _join(known, state)
            if len(joined.gpr) == len(known.gpr) and len(joined.stored) == len(known.stored):
                return
            held[stack] = joined
        self.work.append((pc, isa, stack))

    def _run(self, pc: int, isa: Isa, state: State) -> None:
        """From a place on to where the way ends, divides or meets another."""
        first, before = True, ""
        while True:
            if not first:
                if self._leaves(pc, isa, state, before):
                    return
                if state.gpr.get(SP) in self.heads.get(pc, ()):
                    self._reach(pc, isa, state)
                    return
            first = False
            instruction = self.program.instruction(pc, isa)
            if instruction is None:
                return
            self._seen[pc] = instruction.size
            if instruction.name == "?":
                self.flow.unknown.add(pc)
            elif instruction.name in ("eret", "deret"):
                self.flow.erets |= instruction.name == "eret"
                return
            elif _is_branch(instruction):
                self._branch(instruction, isa, state)
                return
            else:
                self._execute(instruction, isa, state)
            before = instruction.name
            pc = instruction.end

    def _leaves(self, pc: int, isa: Isa, state: State, before: str) -> bool:
        """Whether a way that goes straight on ends here, as another function begins or this one is over."""
        function = self.function
        over = bool(function.size) and pc == function.address + function.size
        if over and before in ("call", "break", "sdbbp"):
            return True  # the compiler knows that this call does not come back
        other = self.program.at(pc)
        if other is not None and other.key != function.key:
            self._go(pc, Kind.FALL, isa, state, "", {pc | isa.value})
            return True
        return False

    def _onward(self, pc: int, isa: Isa, state: State, before: str) -> None:
        """Goes straight on behind a branch or call."""
        if not self._leaves(pc, isa, state, before):
            self._reach(pc, isa, state)

    def _branch(self, instruction: Instruction, isa: Isa, state: State) -> None:
        """Follows a branch, jump or call."""
        name, behind = instruction.name, instruction.end
        taken = goes(instruction, state)
        value = self._target(instruction, state)
        after = state.copy()
        if name in CALLS:
            after.gpr.pop(RA, None)
        if instruction.has_slot:
            slot = self.program.instruction(behind, isa)
            if slot is None:
                return
            self._seen[behind] = slot.size
            behind = slot.end
            if slot.name != "?" and not _is_branch(slot):
                self._execute(slot, isa, after)
        target = instruction.number
        if name in CALLS:
            self._call(instruction, isa, value, after, behind)
        elif name in REGISTER_JUMPS:
            self._register_jump(instruction, isa, value, after)
        elif target is not None:
            if name in JUMPS or taken is not False:
                self._jump(instruction, target | isa.value, after.copy())
            if name not in JUMPS and taken is not True:
                self._onward(behind, isa, state.copy() if instruction.likely else after, name)

    def _target(self, instruction: Instruction, state: State) -> Value | None:
        """Where a jump or call goes; a constant with the instruction set in bit 0."""
        name = instruction.name
        if name == "jraddiusp":
            return state.gpr.get(RA)
        if name.startswith("jalr") or name in REGISTER_JUMPS:
            return state.gpr.get(instruction.registers[-1]) if instruction.registers else None
        return None

    def _call(self, instruction: Instruction, isa: Isa, value: Value | None, state: State, behind: int) -> None:
        name, number = instruction.name, instruction.number
        if not name.startswith("jalr"):
            if number is None:
                return
            if number == behind and self.program.at(number) is None:  # only to see where it is
                state.gpr[RA] = (None, behind | isa.value)
                self._reach(behind, isa, state)
                return
            value = (None, number | ((1 - isa.value) if name == "jalx" else isa.value))
        targets = {value[1]} if value is not None and value[0] is None else set()
        self._go(instruction.address, Kind.CALL, isa, state, instruction.text, targets, value)
        conditional = name.startswith(("bgez", "bltz")) and instruction.registers[:1] not in ((), (0,))
        after_call(state)
        for target in targets:
            if not conditional and not self.returns(target & ~1, Isa(target & 1)):
                self.waiting.setdefault(target & PHYSICAL & ~1, []).append((behind, isa, state))
                return
        self._onward(behind, isa, state, "call")

    def _register_jump(self, instruction: Instruction, isa: Isa, value: Value | None, state: State) -> None:
        if instruction.name == "jraddiusp" or (
            (instruction.registers[-1:] == (RA,) or value == (RA, 0)) and not (value and value[0] is None)
        ):
            self.flow.returns = True
        elif value is not None and value[0] is None:
            self._jump(instruction, value[1], state)
        elif value is not None and value[0] == _TABLE and (targets := self._switch(instruction, isa, value[1])):
            for target in targets:
                self._reach(target, isa, state.copy())
        else:
            self._go(instruction.address, Kind.JUMP, isa, state, instruction.text, set(), value)

    def _jump(self, instruction: Instruction, target: int, state: State) -> None:
        """To a place in this function, or to another one."""
        isa = Isa(target & 1)
        other = self.program.at(target)
        if other is not None and other.key != self.function.key and not self._continues(state, target):
            self._go(instruction.address, Kind.JUMP, isa, state, instruction.text, {target})
        elif self.program.code(target & ~1) is not None:
            if other is not None and other.key != self.function.key:
                self.flow.continued.add(other.key)
            self._reach(target & ~1, isa, state)

    def _continues(self, state: State, target: int) -> bool:
        """Whether a mere label goes on there: it leaves an address of code where C passes nothing."""
        held = (state.known(register) for register in _TEMPORARIES)
        return not self.function.size and any(
            value is not None and value & ~1 != target & ~1 and self.program.at(value) is not None for value in held
        )

    def _switch(self, instruction: Instruction, isa: Isa, table: int) -> list[int]:
        """Where a switch goes, by its table in flash."""
        targets: list[int] = []
        for index in range(_MOST_ENTRIES):
            entry = self.program.word(table + 4 * index)
            if entry is None or Isa(entry & 1) is not isa or not self._is_inside(entry & ~1, instruction.address):
                break
            if targets and instruction.address < table + 4 * index and min(targets) == table + 4 * index:
                break  # a table among the code ends where the code goes on
            targets.append(entry & ~1)
        return list(dict.fromkeys(targets))

    def _is_inside(self, target: int, pc: int) -> bool:
        if self.function.size:
            over = self.program.over(target)
            here = self.program.over(pc) or self.function
            return over is not None and (over.key in (self.function.key, here.key) or over.is_piece_of(self.function))
        other = self.program.over(target)
        return abs(target - pc) < _REACH and target % 2 == 0 and other is None and self.program.code(target) is not None

    def _go(
        self,
        address: int,
        kind: Kind,
        isa: Isa,
        state: State,
        text: str,
        targets: set[int],
        value: Value | None = None,
    ) -> None:
        """Notes a call, or a jump to another function."""
        site = self.flow.sites.setdefault((address, kind), Site(address, kind, isa, text))
        for target in targets:
            if self.program.code(target & ~1) is not None:
                site.targets.add(target)
            else:
                site.open = True
        if not targets:
            self._from(site, value)
        site.stacks.add(state.gpr.get(SP) or (ELSEWHERE, 0))
        self._note_stack(state)
        for number, passed in self._passed(state).items():
            site.passed.setdefault(number, set()).add(passed)
            self._note_constant(passed)

    def _from(self, site: Site, value: Value | None) -> None:
        """Notes where the address of a call comes from."""
        base, number = value if value is not None else (0, 0)
        if base is not None and base > 0 and not number:
            site.origins.add(base)
            return
        if base == _ARGUMENT and number in STACK_ARGUMENTS:
            site.origins.add(argument(number))
            return
        site.open = True
        if base == _LIKELY:
            site.candidates.add(number)
        elif base == _TABLE:
            site.candidates.update(self._entries(number))
        elif base == _HELD:
            site.held.add(number)
        elif base == _FIELD:
            site.fields.add(number)

    def _passed(self, state: State) -> dict[int, Value | None]:
        """What a called function may look at, by register or `argument`."""
        found = {register: state.gpr.get(register) for register in _PASSED}
        stack = state.gpr.get(SP)
        for offset in STACK_ARGUMENTS:
            found[argument(offset)] = None if stack is None else state.stored.get(plus(stack, offset))
        for number, value in found.items():
            if value is not None and value[0] == _ARGUMENT:
                found[number] = (argument(value[1]), 0) if value[1] in STACK_ARGUMENTS else None
            elif value is not None and value[0] is not None and (value[0] < 0 or value[1]):
                found[number] = None
        return found

    def _entries(self, table: int) -> set[int]:
        """The functions in the constant object that a table's address is in, or from there on without symbols."""
        found = set()
        for index in range(_MOST_ENTRIES):
            entry = self.program.word(table + 4 * index)
            if entry is None or (index and self.program.label(table + 4 * index)):
                break
            if self.program.at(entry) is not None:
                found.add(entry)
        return found

    # --- instructions ---------------------------------------------------------------------------------------

    def _execute(self, instruction: Instruction, isa: Isa, state: State) -> None:
        """What the instruction does to the state, and what it tells of the function."""
        name, registers = instruction.name, instruction.registers
        base = state.gpr.get(instruction.base) if instruction.base is not None else None
        before = state.gpr.get(SP)
        if name in STORES:
            self._store(instruction, base, state)
            return
        special = self._special(instruction, base, state)
        held = dict(state.gpr) if registers[:1] == (SP,) else {}
        address = any(value is not None and value[0] == SP for value in map(state.gpr.get, registers[1:]))
        try:
            execute(self.program, instruction, state)
        except (IndexError, ValueError):  # operands of another shape than expected: as good as an unknown instruction
            self.flow.unknown.add(instruction.address)
            return
        written = [register for register in registers[:1] if name not in ("mtc0", "wrpgpr")]
        for register in written:
            value = special if special is not None else state.gpr.get(register)
            if value is not None and special is None and value[0] in _NO_SUM and name not in ("move", "addu", "or"):
                value = None
            if name in ("lw", "lwp", "lwm") and base is not None and base[0] == SP and self.addressed:
                if value is not None and value[0] is None:
                    value = (_LIKELY, value[1])
                elif value is not None and value[0] != SP:
                    value = None
            if value is None:
                state.gpr.pop(register, None)
            else:
                state.gpr[register] = value
            if (address or name == "addiur1sp") and register not in (SP, _FP):
                self.addressed = True
            self._note_constant(value)
        state.gpr[0] = (None, 0)
        if name == "mtc0":
            self._system(instruction, state)
        if state.gpr.get(SP) != before:
            self._stack(instruction, before, held, state)

    def _special(self, instruction: Instruction, base: Value | None, state: State) -> Value | None:
        """The values that `execute` does not know of."""
        name, registers = instruction.name, instruction.registers
        if name in ("lwx", "lwxs") and len(registers) == 2:
            sums = [value for value in (state.gpr.get(registers[1]), base) if value is not None]
            fixed = [number for kind, number in sums if kind in (None, _LIKELY)]
            return (_TABLE, fixed[0]) if len(fixed) == 1 else None
        if name == "lw" and base is not None:
            address = word(base[1] + (instruction.number or 0))
            if base[0] == _INDEXED:
                return (_TABLE, address)
            if base[0] == SP and base[1] + (instruction.number or 0) in STACK_ARGUMENTS:
                offset = base[1] + (instruction.number or 0)
                return (_ARGUMENT, offset) if (SP, offset) not in state.stored else None
            if base[0] in (None, _LIKELY):
                constant = self.program.word(address)
                if base[0] is None or constant is None:
                    return None if constant is not None else (_HELD, address)
                return (_LIKELY, constant)
        if name == "lw" and (base is None or base[0] not in (SP, DYNAMIC, ELSEWHERE)):
            return (_FIELD, instruction.number or 0)
        if name in ("addu", "add") and len(registers) == 3:
            left, right = (state.gpr.get(register) for register in registers[1:])
            for one, other in ((left, right), (right, left)):
                known = one is not None and one[0] in (None, _LIKELY, _INDEXED) and one != (None, 0)
                if one is not None and known and (other is None or other[0] not in (None, SP, DYNAMIC, ELSEWHERE)):
                    return (_INDEXED, one[1])
        if name == "mfc0" and registers[1:] == (12,) and not instruction.number:
            return (_STATUS, 0)
        if name in ("ins", "ori", "and", "andi", "xori") and registers:
            return self._status(instruction, state)
        return None

    def _status(self, instruction: Instruction, state: State) -> Value | None:
        """Status with some bits set or cleared: the number is those known in the high half, their values in the low."""
        name, registers, numbers = instruction.name, instruction.registers, instruction.numbers
        value = state.gpr.get(registers[0] if name == "ins" else registers[-1])
        if value is None or value[0] != _STATUS:
            return None
        known, bits = value[1] >> 32, value[1] & 0xFFFFFFFF
        if name == "ins" and len(numbers) == 2:
            position, size = numbers
            mask = ((1 << size) - 1) << position
            source = state.known(registers[1])
            known = known & ~mask if source is None else known | mask
            bits = bits & ~mask if source is None else bits & ~mask | source << position & mask
        elif name == "ori" and numbers:
            known, bits = known | numbers[-1], bits | numbers[-1]
        else:
            return None
        return (_STATUS, known << 32 | bits)

    def _system(self, instruction: Instruction, state: State) -> None:
        registers, number = instruction.registers, instruction.number or 0
        value = state.gpr.get(registers[0])
        if registers[1:] == (15,) and number == 1 and value is not None and value[0] is None:
            self.flow.ebase.add(value[1])
        if registers[1:] == (12,) and number == 0 and value is not None and value[0] == _STATUS:
            known, bits = value[1] >> 32, value[1] & 0xFFFFFFFF
            if known & _EXL and not bits & _EXL:
                self.flow.levels.add((bits & _IPL) >> 10 if known & _IPL == _IPL else None)

    def _store(self, instruction: Instruction, base: Value | None, state: State) -> None:
        for register in instruction.registers:
            value = state.gpr.get(register)
            if base is not None and base[0] is None and value is not None and value[0] is None:
                self.flow.pointers.setdefault(word(base[1] + (instruction.number or 0)), set()).add(value[1])
            elif (base is None or base[0] is not None) and value is not None and self._passes(value):
                self.flow.fields.setdefault(instruction.number or 0, set()).add(value)
            self._note_constant(value)
        if base is None or base[0] != SP:
            if instruction.base == SP:
                self._note_stack(state)
            return
        execute(self.program, instruction, state)

    def _passes(self, value: Value) -> bool:
        """Whether it is a function, or an argument that may be one."""
        base, number = value
        if base is None:
            return self.program.at(number) is not None
        return (base in _PASSED and not number) or base == _ARGUMENT

    def _stack(self, instruction: Instruction, before: Value | None, held: dict[int, Value], state: State) -> None:
        """The stack pointer was moved."""
        now = state.gpr.get(SP)
        if now is None:
            sums = instruction.name in ("subu", "addu", "sub", "add", "and", "ins")
            source = [held.get(register) for register in instruction.registers[1:]] or [before]
            on_stack = any(value is not None and value[0] in (SP, DYNAMIC) for value in source)
            dynamic = sums and (on_stack or instruction.name == "ins")
            state.gpr[SP] = (DYNAMIC if dynamic else ELSEWHERE, 0)
            (self.flow.dynamic if dynamic else self.flow.elsewhere).add(instruction.address)
        elif now[0] == SP:
            self.flow.deepest = max(self.flow.deepest, -now[1])
        elif now[0] is None:
            if instruction.name != "lui" and _in_ram(now[1]):  # half of an address is none
                self.flow.stacks.add(now[1])
        elif now[0] not in (DYNAMIC, ELSEWHERE):
            dynamic = before is not None and before[0] in (SP, DYNAMIC) and now[0] == _INDEXED
            state.gpr[SP] = (DYNAMIC if dynamic else ELSEWHERE, 0)
            (self.flow.dynamic if dynamic else self.flow.elsewhere).add(instruction.address)

    def _note_stack(self, state: State) -> None:
        stack = state.gpr.get(SP)
        if stack is not None and stack[0] is None and _in_ram(stack[1]):
            self.flow.stacks.add(stack[1])

    def _note_constant(self, value: Value | None) -> None:
        if value is not None and value[0] is None and value[1] & 0x9C000000 == 0x9C000000:
            self.flow.constants.add(value[1])


def _in_ram(address: int) -> bool:
    return address >> 29 in (4, 5) and address & PHYSICAL < MOST_RAM


def _is_branch(instruction: Instruction) -> bool:
    name = instruction.name
    return instruction.has_slot or name in REGISTER_JUMPS or name in TESTS or name in JUMPS or name in CALLS


def _join(one: State, other: State) -> State:
    """What two ways agree on."""
    gpr = {register: value for register, value in one.gpr.items() if other.gpr.get(register) == value}
    stored = {place: value for place, value in one.stored.items() if other.stored.get(place) == value}
    return State(gpr, dict(one.previous), {}, stored)
