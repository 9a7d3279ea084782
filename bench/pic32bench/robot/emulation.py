# SPDX-License-Identifier: MIT
"""Keywords that start and stop the board and let time pass."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from robot.api import logger
from robot.libraries.BuiltIn import BuiltIn

from pic32bench import bench, paths
from pic32bench.errors import BenchError, UsageError
from pic32bench.resume import start_at
from pic32bench.robot.sources import source_of_keyword
from pic32bench.sfr_use import leaning_notes
from pic32bench.snapshot import Way

if TYPE_CHECKING:
    from pic32bench.stream.client import StreamClient


class EmulationKeywords:
    """The board itself. The other keyword classes build on it."""

    def __init__(self) -> None:
        self._board: bench.Board | None = None
        self._stream: StreamClient | None = None
        self._record: str | None = None
        self._noted: set[str] = set()

    @property
    def board(self) -> bench.Board:
        """The running board, for keywords and for Python code of a suite's own. Raises UsageError."""
        if self._board is None:
            raise UsageError("no board is running: use `Start Emulation` first")
        return self._board

    def start_emulation(
        self,
        board: str = paths.DEFAULT_BOARD,
        image: str | None = None,
        network: str = "user",
        seed: int = 1,
        quantum: float = 0.005,
        at: str | None = None,
        record: str | None = None,
        beside: str | None = None,
    ) -> None:
        """Powers the board up.

        ``board`` is a name in platforms/ or a board file. ``image`` is a .hex or .elf file, by default the reference
        firmware. ``network`` is ``user`` (page and stream can be reached from this computer), ``wire`` (page, stream
        and raw frames in the board's own time), ``tap`` (a PC in a network namespace, with real programs) or
        ``none``. ``seed`` feeds the chip's random number source. On ``none`` and ``wire`` the machine stands still
        between keywords, and every run is the same; on ``user`` and ``tap`` it goes on by the wall clock, and skips
        the time of a wait while nobody is connected. What is waited for is seen at the next multiple of ``quantum``
        seconds.

        ``at`` is a keyword, without arguments, that leads the board to where tests are to begin. The first time it is
        run and a snapshot is taken. After that, in this run and in others, the board goes on from the snapshot, as
        long as image, board file, emulator, the other arguments and the files that the keyword stands in are the same.

        ``record`` is a file for the recording of the run, written when the board is switched off; ``pic32bench replay``
        plays it again.

        ``beside`` puts the board on the cable of another one, that of the library imported with this name. They hear
        each other, and time passes for both. Each needs a MAC address of its own, and so a board file of its own.

        A board that is still running is switched off first.

        | Start Emulation
        | Start Emulation    image=build/mine.hex    network=none    seed=7
        | Start Emulation    at=Wait For Prompt On Uart

        | Library    pic32bench.robot.Pic32Bench
        | Library    pic32bench.robot.Pic32Bench    AS    Second
        | Start Emulation    network=wire
        | Second.Start Emulation    board=second.toml    beside=pic32bench.robot.Pic32Bench
        """
        self.stop_emulation()
        self._record = record
        cable = None if beside is None else _board_of(beside).network.beside()
        if at is None:
            self._board = bench.start(board, image, cable or network, seed, quantum)
            return
        if cable is not None:
            raise UsageError("a board that shares its cable cannot come from a snapshot: say either at or beside")
        there = Way(at, source_of_keyword(at), lambda _: BuiltIn().run_keyword(at))
        start_at(there, self._take, board=board, image=image, network=network, seed=seed, quantum=quantum)

    def _take(self, board: bench.Board) -> None:
        self._board = board

    def stop_emulation(self) -> None:
        """Switches the board off, if it is on. Good as a teardown."""
        if self._stream is not None:
            self._stream.close()
            self._stream = None
        if self._board is not None:
            board = self._board
            self._before_stop()
            self._board = None
            with board:
                if self._record is not None:
                    board.recording().save(self._record)
                self._note_leaning(board)

    def _note_leaning(self, board: bench.Board) -> None:
        """Says, once a suite, which registers without a model the firmware used."""
        with contextlib.suppress(BenchError):  # the emulator is gone, and that has been said
            for note in leaning_notes(board):
                if note not in self._noted:
                    self._noted.add(note)
                    logger.warn(note)

    def _before_stop(self) -> None:
        """The board is about to go; for the failure report."""

    def power_cycle(self) -> None:
        """Takes power away and gives it back, as pulling the plug does. Flash keeps its contents."""
        self.board.power_cycle()

    def press_reset(self) -> None:
        """Pushes the board's reset button (MCLR). To keep it pressed, see `Hold Reset`."""
        self.board.reset()

    def run_for(self, seconds: float) -> None:
        """Lets so much virtual time pass, seconds."""
        self.board.run_for(seconds)

    def keep_pace(self, keep: bool = True) -> None:
        """Keeps to the wall clock on network ``user`` also in waits with nobody connected.

        For what connects by itself and in its own time, such as a browser that looks for a board that was reset. With
        ``keep`` off it does so no longer.
        """
        self.board.keep_pace(keep)

    def virtual_time(self) -> float:
        """The virtual time now, seconds since the emulator was started."""
        return self.board.time

    def execute_command(self, command: str) -> str:
        """Hands a line to QEMU's monitor and returns what it prints.

        | ${text}=    Execute Command    info registers
        """
        return self.board.monitor(command)

    def board_url(self) -> str:
        """The address of the board's page, reachable from this computer. Needs network ``user``."""
        return self.board.url

    def stream_url(self) -> str:
        """The address of the board's WebSocket, reachable from this computer. Needs network ``user``."""
        return self.board.ws_url


def _board_of(library: str) -> bench.Board:
    """The board of the library that was imported with this name. Raises UsageError."""
    try:
        found = BuiltIn().get_library_instance(library)
    except RuntimeError:
        found = None
    if not isinstance(found, EmulationKeywords):
        raise UsageError(f"beside={library}: no library of the bench was imported with this name")
    return found.board
