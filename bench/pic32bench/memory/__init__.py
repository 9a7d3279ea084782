# SPDX-License-Identifier: MIT
"""What a run really used of the chip's RAM: buffers, stacks, heaps and pools."""

from pic32bench.memory.measure import measure, measure_board
from pic32bench.memory.report import (
    Breach,
    BufferUse,
    HeapUse,
    OverrunFound,
    PoolUse,
    Report,
    Role,
    StackUse,
)

__all__ = [
    "Breach",
    "BufferUse",
    "HeapUse",
    "OverrunFound",
    "PoolUse",
    "Report",
    "Role",
    "StackUse",
    "measure",
    "measure_board",
]
