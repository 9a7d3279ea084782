# SPDX-License-Identifier: MIT
"""Guest instructions in a second of the emulator's CPU time, beside Debian's stock QEMU on the same loop."""

from __future__ import annotations

import os
import shutil
import subprocess
from typing import ClassVar

import pic32bench
from pic32bench import bench
from pic32bench.benchmark.cpu_time import cpu_seconds
from pic32bench.benchmark.figures import RATIO, REAL_TIME, SPEED, Setup, Subject
from pic32bench.benchmark.guests import LOOP_INSTRUCTIONS, loop_bios, loop_hex
from pic32bench.errors import BenchError

STOCK = "qemu-system-mipsel"
STOCK_PACKAGE = "qemu-system-mips"
LOOP, STOCK_LOOP = "tight loop", "tight loop, stock malta"
ORIGINAL, REFERENCE = "original HEX", "reference firmware"
LOOP_SECONDS = 8.0  # virtual; long beside what stock QEMU needs to start, which is taken off
ORIGINAL_SECONDS = 2.0
REFERENCE_SECONDS = 20.0


def _speeds(board: bench.Board, name: str, seconds: float) -> dict[str, float]:
    """Million instructions, and virtual seconds, a second of CPU time, while the board runs for ``seconds``."""
    begin, begin_cpu = board.core().instructions, cpu_seconds(board)
    board.run_for(seconds)
    cpu = cpu_seconds(board) - begin_cpu
    return {name: (board.core().instructions - begin) / cpu / 1e6, f"{name}, virtual time": seconds / cpu}


def stock_missing() -> str | None:
    """Why Debian's stock QEMU cannot be asked, None if it can."""
    if shutil.which(STOCK) is None:
        return f"no {STOCK} on this computer: install Debian's package {STOCK_PACKAGE} for the ratio to stock QEMU"
    return None


def stock_seconds(setup: Setup, rounds: int) -> float:
    """CPU time of stock QEMU for so many rounds of the loop on its Malta board, from start to end."""
    bios = loop_bios(setup.folder / "loop.bios", rounds)
    command = [STOCK, "-M", "malta", "-m", "16", "-bios", str(bios), "-nodefaults", "-display", "none", "-no-reboot"]
    process = subprocess.Popen(
        [*command, "-serial", "none", "-monitor", "none", "-icount", "shift=3,sleep=off"],
        stdin=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    assert process.stderr is not None
    with process.stderr:
        said = process.stderr.read().decode(errors="replace")
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise BenchError(f"stock {STOCK} ended with {process.returncode}: {(said.splitlines() or ['no word'])[-1]}")
    return usage.ru_utime + usage.ru_stime


class Loop(Subject):
    """A tight loop, here and on stock QEMU, one after the other."""

    name = "tight loop"
    kinds: ClassVar = {LOOP: SPEED, STOCK_LOOP: SPEED, f"{LOOP} / stock": RATIO}

    def sample(self) -> dict[str, float]:
        image = loop_hex(self.setup.folder / "loop.hex")
        with pic32bench.start(self.setup.board, image, "none", quantum=LOOP_SECONDS) as board:
            board.run_for(0.01)  # translates the loop
            found = {LOOP: _speeds(board, LOOP, LOOP_SECONDS)[LOOP]}
        if stock_missing() is None:
            rounds = round(LOOP_SECONDS * 1e9 / 8 / LOOP_INSTRUCTIONS)
            cpu = stock_seconds(self.setup, rounds) - stock_seconds(self.setup, 1)
            found[STOCK_LOOP] = rounds * LOOP_INSTRUCTIONS / cpu / 1e6
            found[f"{LOOP} / stock"] = found[LOOP] / found[STOCK_LOOP]
        return found


class Original(Subject):
    """The original demo, which polls: from its address on, with nobody who asks for anything."""

    name = "original HEX"
    kinds: ClassVar = {ORIGINAL: SPEED, f"{ORIGINAL}, virtual time": REAL_TIME}

    def missing(self) -> str | None:
        if self.setup.original is None:
            return "no image of the original demo: give ORIGINAL=path/to.hex (docs/original.md)"
        return None

    def sample(self) -> dict[str, float]:
        with pic32bench.start(self.setup.board, self.setup.original, "none", quantum=0.1) as board:
            board.run_for(1.0)
            return _speeds(board, ORIGINAL, ORIGINAL_SECONDS)


class Reference(Subject):
    """The reference firmware, which waits for its interrupts: while it boots and looks for an address."""

    name = "reference firmware"
    kinds: ClassVar = {REFERENCE: SPEED, f"{REFERENCE}, virtual time": REAL_TIME}

    def sample(self) -> dict[str, float]:
        with pic32bench.start(self.setup.board, self.setup.image, "none", quantum=0.1) as board:
            return _speeds(board, REFERENCE, REFERENCE_SECONDS)
