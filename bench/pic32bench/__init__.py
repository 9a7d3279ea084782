# SPDX-License-Identifier: MIT
"""pic32bench: runs PIC32MZ EF firmware, unmodified, on an emulated board, and works it like a person at the desk."""

from pic32bench.bench import Board, Register, RegisterUse, start
from pic32bench.errors import (
    BenchError,
    BoardFileError,
    EmulatorDiedError,
    EmulatorError,
    EmulatorStuckError,
    ImageError,
    NotBuiltError,
    PortBusyError,
    UsageError,
    WaitTimeoutError,
)
from pic32bench.resume import restore, save, start_at
from pic32bench.snapshot import Snapshot, SnapshotError

__version__ = "0.1.0"

__all__ = [
    "BenchError",
    "Board",
    "BoardFileError",
    "EmulatorDiedError",
    "EmulatorError",
    "EmulatorStuckError",
    "ImageError",
    "NotBuiltError",
    "PortBusyError",
    "Register",
    "RegisterUse",
    "Snapshot",
    "SnapshotError",
    "UsageError",
    "WaitTimeoutError",
    "restore",
    "save",
    "start",
    "start_at",
]
