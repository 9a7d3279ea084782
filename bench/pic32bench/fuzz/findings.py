# SPDX-License-Identifier: MIT
"""What a fault was: the run that led to it, where the firmware is, and the shortest list of frames that does it again.

A finding is kept as the bundle of a failed test is: a recording, so that `pic32bench replay` and its gdb port take it,
with console, backtrace and frames beside it.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pic32bench import bundle
from pic32bench.bench import Board, Setup
from pic32bench.fuzz.protocol import SERVICES
from pic32bench.fuzz.subject import IMPATIENCE, FirmwareError, Subject
from pic32bench.recording import Recording
from pic32bench.replay import replay

_CONSOLE_LINES = 12
_SHORTEN_WALL = 30.0  # seconds that looking for a shorter list may take
_CHUNK = 500  # lines at a time
_AFTERWARDS = 0.5  # virtual seconds in which a fault shows itself
_STEP = 1.0

Entry = dict[str, Any]


@dataclass(frozen=True)
class Finding:
    """A fault of the firmware. ``frames`` are how many the board is given until it happens, ``path`` the bundle."""

    protocol: str
    kind: str
    what: str
    frames: int
    console: str
    backtrace: str
    path: Path
    identity: str

    @property
    def command(self) -> str:
        """What does it again."""
        return f"pic32bench fuzz --reproduce {self.path}"

    def as_json(self) -> dict[str, Any]:
        """As plain data."""
        return {**self.__dict__, "path": str(self.path), "command": self.command}

    def __str__(self) -> str:
        again = f"again, by {_count(self.frames)}: {self.command}"
        return f"{self.protocol}: {self.kind}: {self.what}\n{self.backtrace}\n{again}"


def _count(frames: int) -> str:
    return "one frame" if frames == 1 else f"{frames} frames"


def find_out(
    subject: Subject, fault: FirmwareError, protocol: str, setup: Setup, folder: Path, may_reset: bool
) -> Finding:
    """Looks at a board that has failed and shortens the way there; the bundle is written into ``folder``.

    Raises OSError.
    """
    recording = subject.board.recording()
    entries = [line for line in map(json.loads, recording.inputs.splitlines()) if _is_ours(line, subject.booted_ns)]
    shorter, again = _shortened(entries, fault, setup, subject.panic, may_reset)
    if again is None:
        return _finding(subject.board, fault, protocol, folder, len(entries))
    with again.subject:
        return _finding(again.subject.board, again.fault, protocol, folder, len(shorter))


def _finding(board: Board, fault: FirmwareError, protocol: str, folder: Path, frames: int) -> Finding:
    failure = bundle.Failure(f"pic32bench fuzz {protocol}", f"{fault.kind}: {fault.what}")
    sections = bundle.look_at(board)
    path = bundle.save(board, sections, folder, failure, fault.identity)
    backtrace = sections.texts.get("backtrace", f"the firmware is not known to be anywhere: {sections.unknown}")
    console = board.console.log(_CONSOLE_LINES)
    return Finding(protocol, fault.kind, fault.what, frames, console, backtrace, path, fault.identity)


@dataclass(frozen=True)
class _Again:
    """A board to which it has happened again, and how: what registers hold may be another thing."""

    subject: Subject
    fault: FirmwareError


def _is_ours(entry: Entry, booted_ns: int) -> bool:
    return entry.get("channel") in ("wire", "panel") and entry["t"] > booted_ns


def _shortened(
    entries: list[Entry], fault: FirmwareError, setup: Setup, panic: re.Pattern[str], may_reset: bool
) -> tuple[list[Entry], _Again | None]:
    """The shortest list found that ends in the same fault, and a board to which it has happened, or None."""
    if fault.kind in ("emulator", "leak"):  # the one is not the firmware's, the other needs all of it
        return entries, None
    limit = time.monotonic() + _SHORTEN_WALL
    best: list[Entry] | None = None

    def fails(some: list[Entry]) -> bool:
        board = _attempt(some, fault, setup, panic, may_reset)
        if board is not None:
            board.subject.close()
        return board is not None

    length = 1
    while best is None and time.monotonic() < limit:
        if fails(entries[-length:]):
            best = entries[-length:]
        elif length >= len(entries):
            break
        length *= 4
    if best is None:
        return entries, None
    best = _without_what_needs_not_be(best, fails, limit)
    return best, _attempt(best, fault, setup, panic, may_reset)


def _without_what_needs_not_be(
    entries: list[Entry], fails: Callable[[list[Entry]], bool], limit_wall: float
) -> list[Entry]:
    """Leaves out halves, quarters and so on as long as the rest still fails (Zeller's ddmin)."""
    size = len(entries) // 2
    while size:
        at = 0
        while at < len(entries):
            if time.monotonic() > limit_wall:
                return entries
            rest = entries[:at] + entries[at + size :]
            if rest and fails(rest):
                entries = rest
            else:
                at += size
        size //= 2
    return entries


def _attempt(
    entries: list[Entry], fault: FirmwareError, setup: Setup, panic: re.Pattern[str], may_reset: bool
) -> _Again | None:
    """A board that was given these inputs at their times and has failed in the same way, or None."""
    subject = Subject(setup, panic, covered=False)
    try:
        subject.may_reset = may_reset
        subject.patience = IMPATIENCE  # a board that is busy for ever takes longer than one that waits
        subject.learn(SERVICES)
        try:
            subject.play(entries)
            subject.run(_AFTERWARDS)
            subject.check(everything=True)
        except FirmwareError as found:
            if found.identity == fault.identity:
                return _Again(subject, found)
    except BaseException:
        subject.close()
        raise
    subject.close()
    return None


@dataclass(frozen=True)
class Reproduction:
    """A finding played again. ``same`` says whether the run was the recorded one."""

    summary: tuple[str, ...]
    console: str
    panic: str
    backtrace: str
    same: bool

    def as_json(self) -> dict[str, Any]:
        """As plain data."""
        return {**self.__dict__, "summary": list(self.summary)}


def reproduce(path: Path, panic: re.Pattern[str], any_emulator: bool = False) -> Reproduction:
    """Plays the recording of a finding to its end. Raises RecordingError, and UsageError for another emulator."""
    recording = Recording.load(path)
    with replay(recording, any_emulator, _STEP) as board:
        board.run_to_end()
        same = board.difference() is None
        found = panic.search(board.console.text.replace("\r", ""))
        sections = bundle.look_at(board)
        return Reproduction(
            tuple(bundle.summary(path)),
            board.console.log(_CONSOLE_LINES),
            found[0].strip() if found else "",
            sections.texts.get("backtrace", sections.unknown),
            same,
        )
