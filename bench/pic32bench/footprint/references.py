# SPDX-License-Identifier: MIT
"""Which pieces of an image name which others, and so what is there for some of them only.

Code names what it calls and what it makes the address of: a LUI and what is added to it, or the offset of a load or
store. Registers are followed along a function's ways as far as constants go. Constants and variables name what is at
the addresses in their words. A number that looks like an address counts as one, so a thing may seem to be in use by
others that is not; the other way round only what is reached through a computed address can be missed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from pic32bench.errors import ImageError
from pic32bench.footprint.elf import Elf
from pic32bench.footprint.layout import Layout, Piece
from pic32bench.footprint.sections import Nature
from pic32bench.footprint.symbols import read_elf_or_map
from pic32bench.machine_code.execute import State, after_call, execute
from pic32bench.machine_code.instructions import CALLS, JUMPS, REGISTER_JUMPS, TESTS, Instruction, Isa, decode

_BRANCHES = CALLS | JUMPS | TESTS
_GP, _RA = 28, 31
_NO_MORE = JUMPS | REGISTER_JUMPS  # what is behind one of these and its delay slot is reached by another way


class References:
    """Who names whom in an ELF, and who is named by whom, by the addresses of pieces. Raises ImageError for a MAP."""

    def __init__(self, layout: Layout) -> None:
        source = read_elf_or_map(layout.path)
        if not isinstance(source, Elf):
            raise ImageError(f"{layout.path}: a MAP holds no code")
        self._layout = layout
        self._contents = sorted(source.contents.items())
        self._isa = {symbol.address: Isa.MICROMIPS for symbol in source.symbols if symbol.is_micromips}
        self._gp = next((symbol.address for symbol in source.symbols if symbol.name == "_gp"), None)
        self.named: dict[int, set[int]] = {}
        self.naming: dict[int, set[int]] = {}
        for piece in layout.pieces:
            self.named[piece.address] = found = {place for place in self._names(piece) if place != piece.address}
            for place in found:
                self.naming.setdefault(place, set()).add(piece.address)

    def only_for(self, owners: Sequence[Piece]) -> tuple[Piece, ...]:
        """What is named by these pieces, or by what they name, and by nobody else; without themselves."""
        own = {piece.address for piece in owners}
        reached: set[int] = set()
        waiting = list(own)
        while waiting:
            new = self.named[waiting.pop()] - own - reached
            reached |= new
            waiting += new
        while shared := {place for place in reached if self.naming[place] - own - reached}:
            reached -= shared
        return tuple(piece for piece in self._layout.pieces if piece.address in reached)

    def _names(self, piece: Piece) -> Iterator[int]:
        """The addresses of the pieces that one names."""
        data = self._bytes(piece)
        if not data or piece.padding:
            return
        numbers: Iterable[int]
        if piece.nature is Nature.CODE:
            numbers = _Reader(piece, data, self._isa.get(piece.address, Isa.MIPS32), self._gp).addresses()
        else:
            skip = -piece.address % 4
            numbers = (int.from_bytes(data[at : at + 4], "little") for at in range(skip, len(data) - 3, 4))
        for number in numbers:
            named = self._layout.piece_at(number)
            if named is not None and not named.padding:
                yield named.address

    def _bytes(self, piece: Piece) -> bytes:
        for start, data in self._contents:
            if start <= piece.address < start + len(data):
                return data[piece.address - start : piece.end - start]
        return b""


class _Reader:
    """Reads a function once, from its first to its last instruction. Satisfies CodeAndData: a chip without memory."""

    def __init__(self, piece: Piece, data: bytes, isa: Isa, gp: int | None) -> None:
        self._piece = piece
        self._data = data
        self._isa = isa
        self._start = State({0: (None, 0)} if gp is None else {0: (None, 0), _GP: (None, gp)})
        self._waiting: dict[int, State] = {}  # what registers hold where branches go to, further on
        self._jump: State | None = None  # at the last jump by a table

    def code(self, address: int) -> bytes | None:
        return None

    def word(self, address: int) -> int | None:
        return None

    def addresses(self) -> Iterator[int]:
        """All numbers that may be addresses."""
        state: State | None = self._start.copy()
        slot: Instruction | None = None
        for instruction in self._instructions():
            state = self._arrive(instruction, state)
            yield from self._made(instruction, state)
            if slot is not None:
                state = self._leave(slot, state)
                slot = None
            elif instruction.has_slot:
                slot = instruction
            else:
                state = self._leave(instruction, state)

    def _instructions(self) -> Iterator[Instruction]:
        place = 0
        while place < len(self._data):
            instruction = decode(self._data[place : place + 4], self._piece.address + place, self._isa)
            if instruction is None:
                place += 2 if self._isa is Isa.MICROMIPS else 4
            else:
                yield instruction
                place += instruction.size

    def _arrive(self, instruction: Instruction, state: State | None) -> State:
        """What all ways to an instruction agree on; behind a jump by a table, what was known there."""
        other = self._waiting.pop(instruction.address, None)
        if state is None:
            return other or (self._jump or self._start).copy()
        if other is not None:
            state.gpr = {number: value for number, value in state.gpr.items() if other.gpr.get(number) == value}
        return state

    def _made(self, instruction: Instruction, state: State) -> Iterator[int]:
        """What an instruction names, and what it does to the registers."""
        if instruction.name in _BRANCHES and instruction.numbers:
            yield instruction.numbers[-1]
        if instruction.base is not None and (base := state.known(instruction.base)) is not None:
            yield base + (instruction.number or 0) & 0xFFFFFFFF
        before = dict(state.gpr)
        try:
            execute(self, instruction, state)
        except (IndexError, ValueError):
            state.gpr = {number: value for number, value in state.gpr.items() if number not in instruction.registers}
        if instruction.name != "lui":  # half an address
            for number, (base, value) in state.gpr.items():
                if base is None and before.get(number) != (base, value):
                    yield value

    def _leave(self, instruction: Instruction, state: State) -> State | None:
        """Behind a branch and its delay slot."""
        name = instruction.name
        if name in CALLS:
            after_call(state)
        elif name in _BRANCHES and instruction.numbers:
            target = instruction.numbers[-1]
            if target > instruction.address:
                known = self._waiting.get(target)
                gpr = {n: value for n, value in state.gpr.items() if known is None or known.gpr.get(n) == value}
                self._waiting[target] = State(gpr)
        elif name in REGISTER_JUMPS and _RA not in instruction.registers:
            self._jump = state.copy()
        return None if name in _NO_MORE else state
