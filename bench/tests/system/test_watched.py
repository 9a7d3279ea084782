# SPDX-License-Identifier: MIT
"""A run that is watched is the same run: whatever happens in it, and whatever is looked for."""

from __future__ import annotations

import hashlib
import re
from dataclasses import replace
from pathlib import Path

import pytest

import pic32bench
from pic32bench.recording import Recording
from pic32bench.watch import ObjectRange, StackRange, WatchSpec, watch

from . import scenarios
from .conftest import address
from .scenarios import SCENARIOS

# All that can be looked for, of memory of which nothing is known: the cost is that of the real thing.
_PIECE = 64
EVERYTHING = WatchSpec(
    fills=((0x9D001000, 0x9D002000),),
    stacks=(StackRange("stack", 0x80000000, 0x80001000),),
    objects=tuple(ObjectRange(f"{low:x}", low, low + _PIECE - 3) for low in range(0x80000000, 0x80040000, _PIECE)),
    calls=True,
    code=tuple((low, low + _PIECE) for low in range(0x9D000000, 0x9D020000, _PIECE)),
    writers=((0x9D001000, 0x9D001000 + _PIECE),),
)


@pytest.mark.parametrize("name", SCENARIOS)
def test_a_watched_run_is_the_same(name: str, images: Path, firmware: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recordings: list[Recording] = []
    trace = scenarios.trace

    def keep(board: pic32bench.Board) -> str:
        recordings.append(board.recording())
        return trace(board)

    monkeypatch.setattr(scenarios, "trace", keep)
    told = SCENARIOS[name](images)
    (recording,) = recordings
    functions = tuple(address(firmware, function) for function in ("tick_ms", "pbuf_alloc", "mem_malloc"))
    seen = watch(recording, replace(EVERYTHING, functions=functions))  # compares the runs
    assert seen.end_ns == recording.end_ns
    for region, data in seen.memory.regions:
        (held,) = re.findall(rf"^{region.name} (\w+)$", told, re.M)
        assert hashlib.sha256(data).hexdigest() == held, region.name
    assert seen.written.any()
    assert seen.edges
