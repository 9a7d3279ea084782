# SPDX-License-Identifier: MIT
"""Stores whose code says which object they index: ``buffer[n] = 0``, where the compiler knows the buffer and not n.

Such a store goes to a constant plus an unknown number, and when the constant is the first byte of an object, that is
the object meant. A function is read block by block, with what its registers hold: constants as far as all ways to a
place agree on them, sums of a constant and an unknown number only until a loop begins, as a loop may move them on.

The constant may be another object's: ``b[i - 4]`` becomes an index into what is 4 bytes before b. Where the code shows
that, the store is left out; where it does not, only a run can tell, by where else this store goes (overruns.c of the
plugin).
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import heapq
from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np

from pic32bench.callgraph.program import MOST_RAM, Function, Program, load
from pic32bench.core import RA, word
from pic32bench.errors import ImageError
from pic32bench.image import PHYSICAL
from pic32bench.machine_code.execute import State, Value, after_call, execute
from pic32bench.machine_code.instructions import CALLS, JUMPS, REGISTER_JUMPS, TESTS, Instruction, Isa
from pic32bench.memory.firmware import Firmware

Indexed = tuple[tuple[int, int], ...]

_STORES = {"sb", "sh", "sw"}
_NOT_STORED_TO = {"swl", "swr", "sc", "swm", "swp", "sdc1", "swc1", "sdxc1", "swxc1"}
_BRANCHES = CALLS | JUMPS | REGISTER_JUMPS | TESTS
_ENDS = {"eret", "deret"}
_RAM_HALVES = range(MOST_RAM + 0x10000 >> 16)  # upper halves of addresses in RAM; the lower one may be negative
_MOST_OFFSET = MOST_RAM  # a constant of more is an address
_NOTHING_KNOWN: dict[int, Value] = {0: (None, 0)}


def indexed_stores(firmware: Firmware, starts: Iterable[int]) -> Indexed:
    """The stores that index an object: address of the instruction, and of the object's first byte; physical addresses.

    ``starts`` are the first bytes of all objects. Only an ELF tells functions' instruction sets, so there are none
    without it.
    """
    if firmware.path is None or not firmware.is_elf:
        return ()
    program: Program | None = None
    with contextlib.suppress(ImageError):  # symbols without code
        program = load(firmware.path)
    if program is None:
        return ()
    image = _Image(hashlib.sha256(firmware.path.read_bytes()).digest(), program)
    return _read(image, frozenset(start & PHYSICAL for start in starts))


@dataclass(frozen=True)
class _Image:
    """A program, the same as another that was read from equal bytes."""

    digest: bytes
    program: Program = field(compare=False)


@functools.lru_cache(maxsize=4)
def _read(image: _Image, starts: frozenset[int]) -> Indexed:
    program = image.program
    words = np.unique(np.fromiter(program.words(), np.uint32))
    found: dict[int, int] = {}
    for function in program.functions.values():
        if function.size and function.isa is not None and _names_ram(program, function):
            found.update(_Reader(program, function, function.isa, words).stores(starts))
    return tuple(sorted(found.items()))


def _names_ram(program: Program, function: Function) -> bool:
    """Whether there is a LUI with half an address in RAM in it (MD00086, MD00594)."""
    code = program.code_of(function)
    halves = np.frombuffer(code[: len(code) // 4 * 4], "<u2")
    if function.isa is Isa.MICROMIPS:
        is_lui, upper = halves[:-1] & 0xFFE0 == 0x41A0, halves[1:]
    else:
        is_lui, upper = halves[1::2] & 0xFFE0 == 0x3C00, halves[::2]
    return bool((is_lui & np.isin(upper & 0xDFFF, [0x8000 | half for half in _RAM_HALVES])).any())


class _Reader:
    """One function."""

    def __init__(self, program: Program, function: Function, isa: Isa, words: np.typing.NDArray[np.uint32]) -> None:
        self._begin, self._end = function.address, function.address + function.size
        self._code: dict[int, Instruction] = {}
        self._entries = {self._begin}
        self._heads: set[int] = set()  # of blocks
        self._loops: set[int] = set()  # of these, what is branched back to
        at = self._begin
        while at < self._end and (instruction := program.instruction(at, isa)) is not None:
            self._code[at] = instruction
            at = instruction.end
        self._find_blocks(words)

    def _find_blocks(self, words: np.typing.NDArray[np.uint32]) -> None:
        tables = False
        for at, instruction in self._code.items():
            if instruction.name not in _BRANCHES:
                continue
            self._heads.add(self._behind(instruction))
            tables |= instruction.name in REGISTER_JUMPS and instruction.registers[-1:] not in ((RA,), ())
            target = instruction.number
            if target is not None and instruction.name not in CALLS and self._begin <= target < self._end:
                self._heads.add(target)
                if target <= at:
                    self._loops.add(target)
        if tables:  # a switch goes to any word of flash that is an address in it
            first, last = np.searchsorted(words, [self._begin, self._end])
            targets = {int(target) & ~1 for target in words[first:last]}
            self._entries |= targets
            self._heads |= targets

    def _behind(self, instruction: Instruction) -> int:
        slot = self._code.get(instruction.end) if instruction.has_slot else None
        return instruction.end if slot is None else slot.end

    def stores(self, starts: frozenset[int]) -> dict[int, int]:
        """Its stores that index an object that begins at one of ``starts``."""
        self._starts = starts
        self._found: dict[int, int | None] = {}
        self._held = {entry: dict(_NOTHING_KNOWN) for entry in self._entries}
        self._waiting = sorted(self._entries)
        while self._waiting:
            at = heapq.heappop(self._waiting)
            self._run(at, dict(self._held[at]))
        return {pc & PHYSICAL: start for pc, start in self._found.items() if start is not None}

    def _reach(self, at: int, gpr: dict[int, Value]) -> None:
        """A way comes to the head of a block: it goes on there with what all ways agree on."""
        if at not in self._code:
            return
        if at in self._loops:
            gpr = {register: value for register, value in gpr.items() if value[0] is None}
        known = self._held.get(at)
        joined = gpr if known is None else {r: value for r, value in known.items() if gpr.get(r) == value}
        if known is None or len(joined) < len(known):
            self._held[at] = dict(joined)
            heapq.heappush(self._waiting, at)

    def _run(self, at: int, gpr: dict[int, Value]) -> None:
        """One block."""
        state = State(gpr)
        while (instruction := self._code.get(at)) is not None:
            if instruction.name in _BRANCHES:
                self._branch(instruction, state)
                return
            if instruction.name in _ENDS:
                return
            self._execute(instruction, state)
            at = instruction.end
            if at in self._heads:
                self._reach(at, state.gpr)
                return

    def _branch(self, instruction: Instruction, state: State) -> None:
        before = dict(state.gpr)
        slot = self._code.get(instruction.end) if instruction.has_slot else None
        if slot is not None and slot.name not in _BRANCHES:
            self._execute(slot, state)
        behind, target = self._behind(instruction), instruction.number
        if instruction.name in CALLS:
            after_call(state)
            self._reach(behind, state.gpr)
        elif instruction.name not in REGISTER_JUMPS:
            if target is not None:
                self._reach(target, dict(state.gpr))
            if instruction.name not in JUMPS:
                self._reach(behind, before if instruction.likely else state.gpr)

    # --- values: a constant; or, with a negative base, the constant -base, an unknown number, and a constant --------

    def _execute(self, instruction: Instruction, state: State) -> None:
        name, registers = instruction.name, instruction.registers
        if name in _STORES:
            self._found[instruction.address] = self._object(instruction, state)
        elif name == "?":
            state.gpr = dict(_NOTHING_KNOWN)
        elif name not in _NOT_STORED_TO:
            indexed = _sum(state, registers) if name in ("addu", "add") and len(registers) == 3 else None
            try:
                execute(_Nothing, instruction, state)
            except (IndexError, ValueError):  # operands of an unknown shape
                state.gpr = dict(_NOTHING_KNOWN)
            if indexed is not None:
                state.gpr[registers[0]] = indexed

    def _object(self, instruction: Instruction, state: State) -> int | None:
        value = state.gpr.get(instruction.base) if instruction.base is not None else None
        if value is None or value[0] is None or value[0] >= 0:
            return None
        constant, behind = -value[0], value[1] + (instruction.number or 0)
        if behind < 0 and constant & 0xFFFF:
            return None  # the object is at the constant, and the index one less or so
        start = word(constant + behind) & PHYSICAL
        # The start of RAM is what is added to a physical address.
        return start if start and start in self._starts else None


class _Nothing:
    """No memory: what is loaded is not known."""

    @staticmethod
    def code(address: int) -> bytes | None:
        return None

    @staticmethod
    def word(address: int) -> int | None:
        return None


def _sum(state: State, registers: tuple[int, ...]) -> Value | None:
    """What ADDU makes of a constant that may be an address in RAM and a number that is not known."""
    left, right = (state.gpr.get(register) for register in registers[1:])
    for one, other in ((left, right), (right, left)):
        if one is None:
            continue
        base, number = one
        if base is None and other is None and _in_ram(number):
            return (-number, 0)
        if base is not None and base < 0:
            if other is None:
                return one
            if other[0] is None and other[1] < _MOST_OFFSET:
                return (base, number + other[1])
    return None


def _in_ram(address: int) -> bool:
    return address >> 29 in (4, 5) and address & PHYSICAL < MOST_RAM
