# SPDX-License-Identifier: MIT
"""A run that is watched is the same run: whatever happens in it, and whatever is looked for."""

from __future__ import annotations

import hashlib
import os
import re
from dataclasses import replace
from pathlib import Path

import pytest
from elftools.elf.elffile import ELFFile

import pic32bench
from pic32bench.memory.firmware import Firmware
from pic32bench.memory.indexed import indexed_stores
from pic32bench.recording import Recording
from pic32bench.watch import WRITERS, ObjectRange, Overrun, StackRange, WatchSpec, watch

from . import scenarios
from .conftest import address
from .scenarios import SCENARIOS

ORIGINAL_ELF = os.environ.get("PIC32BENCH_ORIGINAL_ELF", "")
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


def test_nothing_overruns_in_the_demo(images: Path, firmware: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    overruns = _overruns("stream_and_switch", firmware, images, monkeypatch)
    assert overruns == ()


@pytest.mark.skipif(not ORIGINAL_ELF, reason="PIC32BENCH_ORIGINAL_ELF names no ELF of the original demo")
def test_nothing_overruns_in_the_original(images: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scenarios, "ORIGINAL", ORIGINAL_ELF)
    monkeypatch.setitem(SCENARIOS, "original_demo", scenarios.original_demo)
    overruns = _overruns("original_demo", Path(ORIGINAL_ELF), images, monkeypatch)
    assert overruns == ()


def _overruns(name: str, elf_file: Path, images: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Overrun, ...]:
    """The overruns of a story, by the symbols of its firmware."""
    objects, functions, names = [], [], {}
    with elf_file.open("rb") as file:
        for symbol in ELFFile(file).get_section_by_name(".symtab").iter_symbols():
            low, size, kind = symbol["st_value"], symbol["st_size"], symbol["st_info"]["type"]
            if size and kind == "STT_OBJECT" and 0x80000000 <= low < 0x80080000:
                objects.append(ObjectRange(symbol.name, low, low + size))
            elif size and kind == "STT_FUNC":
                functions.append((low & ~1, (low & ~1) + size))
                names[symbol.name] = functions[-1]
    monkeypatch.setattr(scenarios, "trace", lambda board: board.recording())
    spec = WatchSpec(
        objects=tuple(objects),
        code=tuple(functions),
        writers=tuple(names[writer] for writer in WRITERS if writer in names),
        main=names["main"][0],
        bases=indexed_stores(Firmware.read(elf_file), [each.low for each in objects]),
    )
    assert len(spec.objects) > 50
    assert spec.bases
    return watch(SCENARIOS[name](images), spec).overruns  # type: ignore[arg-type]
