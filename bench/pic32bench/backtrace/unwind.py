# SPDX-License-Identifier: MIT
"""From the core's registers and the chip's memory to a list of frames."""

from __future__ import annotations

import functools
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from pic32bench.backtrace.frame_info import FrameInfo, Row
from pic32bench.backtrace.memory import BoardMemory
from pic32bench.backtrace.walk import Outcome, walk
from pic32bench.bench import Board
from pic32bench.code_map import CodeMap, Place, code_maps, find
from pic32bench.core import RA, SP, Core, word
from pic32bench.machine_code.execute import CodeAndData, State, Value
from pic32bench.machine_code.instructions import Isa

_DEEPEST = 64  # frames; more are a loop in a damaged stack
_SAVED = (*range(16, 24), 28, SP, 30, RA)  # what a function gives back as it was (o32)
_IV, _BEV, _ISA_ON_EXC = 1 << 23, 1 << 22, 1 << 16  # of Cause, Status and Config3


@dataclass(frozen=True)
class Frame:
    """A function on the stack: the address that it is at, or will return to, its place, and its stack pointer.

    ``kind`` is ``call`` for a function that called the one before, ``interrupted`` for one that an interrupt or
    exception, ``cause``, broke into; the first frame is ``top``.
    """

    address: int
    place: Place
    sp: int | None
    kind: str
    cause: str = ""


@dataclass(frozen=True)
class Backtrace:
    """Frames, the innermost first, and ``end``: why there are no more."""

    frames: tuple[Frame, ...]
    end: str

    def __str__(self) -> str:
        return self.text()

    def text(self, frames: int | None = None) -> str:
        """For people: a line a frame, ``frames`` at most."""
        lines = []
        for number, frame in enumerate(self.frames[:frames]):
            if frame.kind == "interrupted":
                lines.append(f"    <{frame.cause}>")
            lines.append(f"#{number:<2} {frame.address:08X} {frame.place}".rstrip())
        hidden = len(self.frames) - len(self.frames[:frames])
        lines.append(f"    ({hidden} more frames)" if hidden else f"    ({self.end})")
        return "\n".join(lines)


@dataclass
class _Level:
    """Where the unwinder is: registers of one frame, as far as they are known."""

    pc: int
    isa: Isa
    gpr: dict[int, int]
    kind: str
    cause: str = ""
    # What only a handler needs: CP0, and the register sets that are not this one.
    cp0: dict[str, int] = field(default_factory=dict)
    sets: dict[int, dict[int, int]] = field(default_factory=dict)

    @property
    def place(self) -> int:
        """An address inside the instruction that this frame is at: a call's, before the return address."""
        return self.pc - 1 if self.kind == "call" else self.pc

    def handles(self) -> bool:
        """Whether an exception or interrupt is being handled and its place is still in EPC or ErrorEPC."""
        return bool(self.cp0.get("Status", 0) & 6)


class _End(Exception):  # noqa: N818  (it is no error)
    """There are no more frames; the message says why."""


def backtrace(core: Core, memory: CodeAndData, maps: Iterable[CodeMap]) -> Backtrace:
    """The frames of the firmware, from its registers, its memory, and the symbols that there are."""
    return _Unwinder(core, memory, list(maps)).run()


class _Unwinder:
    def __init__(self, core: Core, memory: CodeAndData, maps: list[CodeMap]) -> None:
        self.core = core
        self.memory = memory
        self.maps = maps
        self.infos = [frame_info(code.path) for code in maps]

    def run(self) -> Backtrace:
        core = self.core
        sets = {number: dict(enumerate(registers)) for number, registers in enumerate(core.sets)}
        level = _Level(core.pc, Isa(core.micromips), sets[core.current_set], "top", cp0=dict(core.cp0), sets=sets)
        frames: list[Frame] = []
        while True:
            place = find(self.maps, level.place)
            frames.append(Frame(level.pc, place, level.gpr.get(SP), level.kind, level.cause))
            try:
                if len(frames) == _DEEPEST:
                    raise _End(f"there are more than {_DEEPEST} frames")
                level = self.outer(level, self.name(level, place))
            except _End as end:
                return Backtrace(tuple(frames), str(end))

    def name(self, level: _Level, place: Place) -> str:
        """What a frame is called in a sentence."""
        return place.function or f"the code at {level.pc:08X}"

    def outer(self, level: _Level, name: str) -> _Level:
        """The frame that this one was called from or broke into. Raises _End."""
        out = self.way_out(level)
        if out.exit is not None and out.exit.kind == "eret":
            return self.interrupted(level, out)
        if out.exit is None and level.handles() and (found := self.exception(level)) is not None:
            return found
        caller = self.by_frame_info(level) or self.by_walk(out) or self.by_start(level)
        if caller is None:
            if out.whole:
                raise _End(f"{name} does not return")
            raise _End(f"no way was found from {name} to its caller")
        self.check(level, caller)
        caller.cp0, caller.sets = level.cp0, level.sets
        return caller

    def check(self, level: _Level, caller: _Level) -> None:
        """Whether a caller can be one. Raises _End."""
        if not caller.pc:
            raise _End("the return address is 0")
        if self.memory.code(caller.pc) is None:
            raise _End(f"the return address {caller.pc:08X} is no code: the stack may be damaged")
        before, after = level.gpr.get(SP), caller.gpr.get(SP)
        if before is not None and after is not None and (after < before or (after, caller.pc) == (before, level.pc)):
            raise _End(f"the caller's stack pointer {after:08X} is below {before:08X}: the stack may be damaged")

    # --- the ways -------------------------------------------------------------------------------------------

    def way_out(self, level: _Level) -> Outcome:
        css, pss = level.cp0["SRSCtl"] & 0xF, level.cp0["SRSCtl"] >> 6 & 0xF
        gpr = _constants(level.gpr)
        previous = gpr if css == pss else _constants(level.sets.get(pss, {}))
        cp0: dict[str, Value] = {name: (None, value) for name, value in level.cp0.items()}
        return walk(self.memory, level.pc, level.isa, State(gpr, previous, cp0))

    def interrupted(self, level: _Level, out: Outcome) -> _Level:
        """What the handler of an interrupt or exception goes back to by its ERET."""
        assert out.exit is not None
        cause = "interrupt"
        address, isa = out.exit.address, out.exit.isa
        if level.handles():
            # A handler may go back to elsewhere, as behind a SYSCALL: what it broke into is in EPC.
            epc = level.cp0["ErrorEPC" if level.cp0["Status"] & 4 else "EPC"]
            address, isa = epc & ~1, Isa(epc & 1)
            cause = self.core.exception
        cp0 = {**level.cp0, **{name: value for name, (base, value) in out.exit.state.cp0.items() if base is None}}
        gpr = {register: value for register, (base, value) in out.exit.state.gpr.items() if base is None}
        cp0["SRSCtl"] = cp0["SRSCtl"] & ~0xF | cp0["SRSCtl"] >> 6 & 0xF
        return _Level(address, isa, gpr, "interrupted", cause, cp0, level.sets)

    def exception(self, level: _Level) -> _Level | None:
        """What the handler that never returns broke into; None when it was called by another function."""
        start = self.start(level)
        row = self.row(level)
        if start is None or row is None or row.register not in level.gpr:
            return None
        ways = [walk(self.memory, vector, isa, State(_symbols()), frozenset([start])) for vector, isa in self.vectors()]
        end = next((way.exit for way in ways if way.exit is not None), None)
        if end is None:
            return None
        epc = level.cp0["ErrorEPC" if level.cp0["Status"] & 4 else "EPC"]
        cfa = word(level.gpr[row.register] + row.offset)
        css, pss = level.cp0["SRSCtl"] & 0xF, level.cp0["SRSCtl"] >> 6 & 0xF
        before = level.sets.get(pss, {}) if css != pss else self.restored(end.state, cfa, level.gpr)
        cp0 = {**level.cp0, "Status": level.cp0["Status"] & ~6, "SRSCtl": level.cp0["SRSCtl"] & ~0xF | pss}
        return _Level(epc & ~1, Isa(epc & 1), before, "interrupted", self.core.exception, cp0, level.sets)

    def restored(self, state: State, sp: int, now: dict[int, int]) -> dict[int, int]:
        """Registers at the start of a walk, from where they are at its end, when the stack pointer is ``sp``."""
        base, offset = state.gpr.get(SP, (None, 0))
        origin = word(sp - offset) if base == SP else None
        found = {} if origin is None else {SP: origin}
        for (held_by, address), value in state.stored.items():
            at = address if held_by is None else None if origin is None or held_by != SP else word(origin + address)
            if value is not None and value[0] is not None and value[1] == 0 and at is not None:
                held = self.memory.word(at)
                if held is not None:
                    found[value[0]] = held
        for register in _SAVED:
            if state.gpr.get(register) == (register, 0) and register in now:
                found.setdefault(register, now[register])
        return found

    def by_frame_info(self, level: _Level) -> _Level | None:
        row = self.row(level)
        # A return address that is still in its register is only believed if the code says so.
        if row is None or RA not in row.saved or row.register not in level.gpr:
            return None
        cfa = word(level.gpr[row.register] + row.offset)
        gpr = {register: level.gpr[register] for register in _SAVED if register in level.gpr}
        for register, offset in row.saved.items():
            held = self.memory.word(word(cfa + offset))
            if held is not None:
                gpr[register] = held
        gpr[SP] = cfa
        return _caller(gpr)

    def by_walk(self, out: Outcome) -> _Level | None:
        if out.exit is None:
            return None
        known = {register: value for register, (base, value) in out.exit.state.gpr.items() if base is None}
        gpr = {register: known[register] for register in _SAVED if register in known}
        gpr[RA] = out.exit.address | out.exit.isa.value
        return _caller(gpr)

    def by_start(self, level: _Level) -> _Level | None:
        """From what the function did since it began; for one that does not return."""
        start = self.start(level)
        if start is None:
            return None
        way = walk(self.memory, start, level.isa, State(_symbols()), frozenset([level.pc]))
        if way.exit is None or SP not in level.gpr:
            return None
        found = self.restored(way.exit.state, level.gpr[SP], level.gpr)
        return _caller(found) if RA in found and SP in found else None

    # --- what is known of the code --------------------------------------------------------------------------

    def row(self, level: _Level) -> Row | None:
        return next((row for info in self.infos if (row := info.find(level.place)) is not None), None)

    def start(self, level: _Level) -> int | None:
        """The first instruction of the frame's function."""
        starts = [start for info in self.infos if (start := info.start(level.place)) is not None]
        starts += [start for code in self.maps if (start := code.start(level.place)) is not None]
        return starts[0] if starts else None

    def vectors(self) -> list[tuple[int, Isa]]:
        """Where the last exception may have entered (MIPS32 PRA volume III, table 6.7)."""
        cp0 = self.core.cp0
        code = cp0["Cause"] >> 2 & 0x1F
        offsets = [0x200] if code == 0 and cp0["Cause"] & _IV else [0, 0x180] if code in (2, 3) else [0x180]
        base = 0xBFC00200 if cp0["Status"] & _BEV else cp0["EBase"] & ~0xFFF
        isa = Isa.MICROMIPS if cp0["Config3"] & _ISA_ON_EXC else Isa.MIPS32
        return [(base + offset, isa) for offset in offsets]


def _caller(gpr: dict[int, int]) -> _Level | None:
    address = gpr.pop(RA, None)
    return None if address is None else _Level(address & ~1, Isa(address & 1), gpr, "call")


def _constants(gpr: dict[int, int]) -> dict[int, Value]:
    return {0: (None, 0), **{register: (None, value) for register, value in gpr.items()}}


def _symbols() -> dict[int, Value]:
    """Registers of which nothing is known but that each holds what it held."""
    return {0: (None, 0), **{register: (register, 0) for register in range(1, 32)}}


def frame_info(path: Path | None) -> FrameInfo:
    """The call frame information of a file, read once for each build."""
    return _frame_info(path, path.stat().st_mtime_ns if path is not None and path.exists() else 0)


@functools.lru_cache(maxsize=4)
def _frame_info(path: Path | None, version: int) -> FrameInfo:
    return FrameInfo(path)


def board_backtrace(board: Board, symbols: str | Path | None = None) -> Backtrace:
    """The frames of a board's firmware as it is now; a machine that runs is held for that and goes on.

    ``symbols`` is an ELF or MAP that names its functions, besides what lies beside the images. Raises EmulatorError,
    and ImageError when ``symbols`` has none.
    """
    maps = code_maps([board.image.path, *([board.application] if board.application else [])], symbols)
    with board.clock.standing_still():
        return backtrace(board.core(), BoardMemory(board), maps)
