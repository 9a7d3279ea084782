# SPDX-License-Identifier: MIT
"""What the firmware's functions and variables cost, against a table of what they may cost."""

from pic32bench.footprint.budget import (
    Budget,
    BudgetError,
    BufferLimit,
    HeapLimit,
    Limit,
    PoolLimit,
    Row,
    StackLimit,
    load_budget,
)
from pic32bench.footprint.difference import Difference, compare
from pic32bench.footprint.measure import Measured, Report, measure
from pic32bench.footprint.symbols import Symbol, read_symbols

__all__ = [
    "Budget",
    "BudgetError",
    "BufferLimit",
    "Difference",
    "HeapLimit",
    "Limit",
    "Measured",
    "PoolLimit",
    "Report",
    "Row",
    "StackLimit",
    "Symbol",
    "compare",
    "load_budget",
    "measure",
    "read_symbols",
]
