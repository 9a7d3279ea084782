# SPDX-License-Identifier: MIT
"""Recorded runs again, bit for bit: no socket, no hand, and as fast as the computer can.

recording = Recording.load("failed.zip")
with replay(recording) as board:
    board.run_to_end()
    assert board.difference() is None
"""

from __future__ import annotations

import json
import tempfile
from dataclasses import replace as changed
from pathlib import Path

from pic32bench import image as images
from pic32bench import paths
from pic32bench.bench import Board, Setup
from pic32bench.board import load
from pic32bench.clock import DEFAULT_QUANTUM
from pic32bench.errors import UsageError
from pic32bench.network import ReplayNetwork
from pic32bench.network.frame import Frame
from pic32bench.panel_link import NS
from pic32bench.recording import Difference, Recording, compare

_BACKSTOP_WALL = 60.0


class ReplayedBoard(Board):
    """A board that plays a recording. It can be watched like any other, but nobody can do anything to it.

    ``arguments`` are more for the emulator, ``pass_fds`` open files that these name by number.
    """

    def __init__(
        self,
        recording: Recording,
        quantum: float = DEFAULT_QUANTUM,
        arguments: tuple[str, ...] = (),
        pass_fds: tuple[int, ...] = (),
    ) -> None:
        self.recorded = recording
        self._folder = tempfile.TemporaryDirectory(prefix="pic32bench-replay-")
        self.folder = Path(self._folder.name)  # where its files are, until it is closed
        try:
            setup = unpacked(recording, self.folder, quantum)
            super().__init__(changed(setup, arguments=arguments, pass_fds=pass_fds))
        except BaseException:
            self._folder.cleanup()
            raise

    @property
    def seconds_left(self) -> float:
        """Virtual seconds to the end of the recording."""
        return max(0, self.recorded.end_ns - self.clock.last_ns) / NS

    def run_to_end(self) -> None:
        """Runs to where the recording ends."""
        self.clock.run_for(self.seconds_left)

    def difference(self) -> Difference | None:
        """How this run is another one up to now, or None when it is the same."""
        now = self.emulator.inputs()
        if self.seconds_left:
            return compare(self.recorded.inputs, now, so_far=True)
        if found := compare(self.recorded.inputs, now):
            return found
        sums = json.loads(self.emulator.get("sums"))
        if self.recorded.sums not in (None, sums):
            return Difference(self.recorded.end_ns, f"the board sent {self.recorded.sums}", f"{sums}")
        return None

    def close(self) -> None:
        """Switches everything off; safe to call twice."""
        super().close()
        self._folder.cleanup()


def replay(recording: Recording, any_emulator: bool = False, quantum: float = DEFAULT_QUANTUM) -> ReplayedBoard:
    """A board that plays a recording from power-on, stopped at virtual time 0.

    Raises UsageError when the emulator is not the one that recorded, unless ``any_emulator``, or when something in
    the recording cannot be replayed.
    """
    check(recording, any_emulator)
    return ReplayedBoard(recording, quantum)


def check(recording: Recording, any_emulator: bool = False) -> None:
    """Raises UsageError when a recording cannot be replayed here."""
    binary = paths.emulator_binary()
    if not any_emulator and paths.file_digest(binary) != recording.emulator:
        raise UsageError(
            "the recording was made by another emulator than this one: build that one, or try with --any-emulator "
            "what comes of it"
        )
    if lost := recording.lost:
        raise UsageError(f"the recording cannot be replayed: it has a {lost} from past the panel")


def unpacked(recording: Recording, folder: Path, quantum: float = DEFAULT_QUANTUM) -> Setup:
    """What a board that plays a recording is started with; its files are put into a folder."""
    recording.unpack(folder)
    board = load(folder / recording.file("board"))
    parts = [
        changed(part, image=folder / f"parts/{number}" if f"parts/{number}" in recording.files else part.image)
        for number, part in enumerate(board.devices)
    ]
    board = changed(board, devices=tuple(parts))
    application = None
    if any(name.startswith("application.") for name in recording.files):
        application = folder / recording.file("application")
    image = images.check(folder / recording.file("image"), board.chip, application)
    return Setup(
        board,
        image,
        ReplayNetwork(_received(recording)),
        recording.seed,
        quantum,
        _BACKSTOP_WALL,
        application,
        None,
        folder / "inputs.jsonl",
        int(recording.machine.get("ram-fill", 0)),
    )


def _received(recording: Recording) -> list[Frame]:
    """The frames that came to the board."""
    frames = []
    for line in recording.inputs.splitlines():
        entry = json.loads(line)
        if entry.get("channel") in ("net", "wire"):
            data = entry["data"]
            frames.append(Frame(entry["t"], bytes.fromhex(data if isinstance(data, str) else data["frame"]), False))
    return frames
