# SPDX-License-Identifier: MIT
"""Those who hand out memory while a firmware runs: heaps, and the pools of lwIP."""

from pic32bench.memory.allocators.calls import RESET
from pic32bench.memory.allocators.heaps import Given, Heap, find_heaps, given, heap_uses
from pic32bench.memory.allocators.pools import pool_functions, pool_uses

__all__ = ["RESET", "Given", "Heap", "find_heaps", "given", "heap_uses", "pool_functions", "pool_uses"]
