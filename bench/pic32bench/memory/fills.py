# SPDX-License-Identifier: MIT
"""Code that fills memory without having anything to say: what it stores is no use of a buffer.

That is memset and its kin, known by their names, and loops that clear memory, known by their shape: all that such a
loop does is to store the register $zero, to move on by what it has stored, and to look whether it is at the end. The
start-up code of XC32 and of most firmware clears with such loops, and they need no symbol. A loop that stores anything
else might have something to say (a decoder that repeats a byte, for one), so it is no fill unless its name says so.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from pic32bench.footprint.budget import What
from pic32bench.footprint.names import without_clone
from pic32bench.image import PHYSICAL
from pic32bench.machine_code.instructions import TESTS, Instruction, Isa, decode
from pic32bench.memory.firmware import Firmware

# memset of newlib, XC32, glibc and lwIP's and other people's own, such as memset_words or __memset_zero.
_NAMES = re.compile(r"_*(w?memset|bzero|explicit_bzero|memzero|mips_memset|mips_bzero)(_[a-z0-9_]+)?", re.I)
_LONGEST = 64  # bytes of a clearing loop
_STORES = {"sb": 1, "sh": 2, "sw": 4}
# What else may stand in such a loop: it moves a pointer or a counter, or compares.
_MOVES = {"addiu", "addiur1sp", "addius5", "addu", "subu", "addi", "addiur2", "move"}
_COMPARES = {"sltu", "slt", "sltiu", "slti", "nop", "ssnop", "ehb"}
_ALWAYS = {"b", "b16"}
_BRANCHES = TESTS | _ALWAYS

Ranges = tuple[tuple[int, int], ...]


def fills(firmware: Firmware, code: Iterable[tuple[int, bytes]]) -> Ranges:
    """Where filling code begins and ends, physical addresses: by symbols, and by shape in ``code`` (address, bytes)."""
    named = [symbol for symbol in firmware.symbols if symbol.what is What.FUNCTION and _is_fill(symbol.name)]
    loops = [loop for address, data in code for loop in clearing_loops(address, data)]
    return tuple(sorted({*firmware.code(named), *loops}))


def _is_fill(name: str) -> bool:
    return _NAMES.fullmatch(without_clone(name)) is not None


def clearing_loops(address: int, data: bytes) -> Iterator[tuple[int, int]]:
    """Where in some code the stores of loops that clear memory are, whatever instruction set it is in."""
    for isa, suspects in ((Isa.MIPS32, _mips32_zero_stores(data)), (Isa.MICROMIPS, _micromips_zero_stores(data))):
        code = _Code(address, data, isa)
        found: set[int] = set()
        for place in (address + offset for offset in suspects):
            if place in found:
                continue
            for begin in range(place, place - _LONGEST, -code.step):
                stores = code.clears(begin)
                if any(store.address == place for store in stores):
                    found.update(store.address for store in stores)
                    yield from ((store.address & PHYSICAL, store.end & PHYSICAL) for store in stores)
                    break


def _mips32_zero_stores(data: bytes) -> Sequence[int]:
    """Where `sb`, `sh` and `sw` with rt = $zero are (MD00086)."""
    words = np.frombuffer(data[: len(data) // 4 * 4], "<u4")
    is_store = np.isin(words >> 26, (0x28, 0x29, 0x2B))
    return [int(place) * 4 for place in np.flatnonzero(is_store & (words >> 16 & 31 == 0) & (words >> 21 & 31 != 0))]


def _micromips_zero_stores(data: bytes) -> Sequence[int]:
    """The same in microMIPS (MD00594): SB32, SH32, SW32 and SB16, SH16, SW16, whose register 0 is $zero."""
    halves = np.frombuffer(data[: len(data) // 2 * 2], "<u2")
    major = halves >> 10
    long = np.isin(major, (0x06, 0x0E, 0x3E)) & (halves >> 5 & 31 == 0) & (halves & 31 != 0)
    short = np.isin(major, (0x22, 0x2A, 0x3A)) & (halves >> 7 & 7 == 0)
    return [int(place) * 2 for place in np.flatnonzero(long | short)]


class _Code:
    """Some code of one instruction set, and the loops in it."""

    def __init__(self, address: int, data: bytes, isa: Isa) -> None:
        self._address = address
        self._data = data
        self._isa = isa
        self.step = 4 if isa is Isa.MIPS32 else 2
        self._decoded: dict[int, Instruction | None] = {}

    def clears(self, begin: int) -> list[Instruction]:
        """The stores of the clearing loop that has its head here; none when there is no such loop."""
        loop = self._loop(begin)
        return [step for step in loop if step.name in _STORES] if _moves_on(loop) else []

    def _at(self, place: int) -> Instruction | None:
        if place not in self._decoded:
            offset = place - self._address
            inside = 0 <= offset < len(self._data)
            self._decoded[place] = decode(self._data[offset : offset + 4], place, self._isa) if inside else None
        return self._decoded[place]

    def _loop(self, begin: int) -> list[Instruction]:
        """The instructions on ways from a place back to it that pass nothing but what may be in a clearing loop."""
        leads_to: dict[int, set[int]] = {}
        waiting = [begin]
        while waiting:
            place = waiting.pop()
            if place in leads_to or abs(place - begin) > _LONGEST:
                continue
            leads_to[place] = set()
            for one, other in self._ways(place):
                leads_to.setdefault(one, set()).add(other)
                waiting.append(other)
        on_a_way: set[int] = set()
        back = {place for place, others in leads_to.items() if begin in others}
        while back:
            on_a_way |= back
            back = {place for place, others in leads_to.items() if others & on_a_way} - on_a_way
        return [step for place in sorted(on_a_way) if (step := self._at(place)) is not None]

    def _ways(self, place: int) -> Iterator[tuple[int, int]]:
        """Steps to what comes after an instruction: its delay slot if it has one, and then what comes after that."""
        step = self._at(place)
        if step is None or not _may_be_in(step):
            return
        if step.name not in _BRANCHES:
            yield place, step.end
            return
        last = step
        if step.has_slot:
            slot = self._at(step.end)
            if slot is None or slot.name in _BRANCHES or not _may_be_in(slot):
                return
            yield place, slot.address
            last = slot
        yield last.address, step.number or 0
        if step.name not in _ALWAYS:
            yield last.address, last.end


def _may_be_in(step: Instruction) -> bool:
    if step.name in _STORES:
        return step.registers[0] == 0 and step.base not in (None, 0)
    return step.name in _BRANCHES or step.name in _COMPARES or step.name in _MOVES


def _moves_on(steps: list[Instruction]) -> bool:
    """Whether each pass clears the bytes after those of the pass before."""
    stores = [step for step in steps if step.name in _STORES]
    bases = {step.base for step in stores}
    if not stores or len(bases) != 1:
        return False
    (base,) = bases
    strides = [step.number for step in steps if step.name.startswith("addiu") and step.registers[:1] == (base,)]
    others = [
        step
        for step in steps
        if step.name in _MOVES and not step.name.startswith("addiu") and step.registers[:1] == (base,)
    ]
    if others or len(strides) != 1 or strides[0] is None:
        return False
    return abs(strides[0]) == sum(_STORES[step.name] for step in stores)
