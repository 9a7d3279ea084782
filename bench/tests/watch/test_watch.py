# SPDX-License-Identifier: MIT
"""What cannot be watched is told in one line; DMA, mapped memory, resets and what RAM holds at power-on."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import pic32bench
from pic32bench import paths
from pic32bench.errors import BenchError, EmulatorDiedError, EmulatorError, NotBuiltError, UsageError
from pic32bench.image import PHYSICAL
from pic32bench.watch import ObjectRange, StackRange, WatchSpec, play, spec, watch
from pic32bench.watch.seen import Flags

from .conftest import Program


def range_of(program: Program, name: str) -> slice:
    low, high = program.range(name)
    return slice(low & PHYSICAL, high & PHYSICAL)


def test_dma_both_ways(program: Callable[..., Program], isa: str) -> None:
    memory = program("memory", isa, "-O1")
    seen = memory.watch()
    source, copy, middle = (range_of(memory, name) for name in ("source", "copy", "middle"))
    assert seen.dma_read[source].all()
    assert seen.used[source].all()  # what a device reads matters as well
    assert not seen.dma_written[source].any()
    assert seen.dma_written[copy].all()
    assert not seen.written[copy].any()
    assert list(np.flatnonzero(seen.used[copy])) == [3, 60]  # what the core read of it
    assert not seen.dma_read[copy].any()
    # From device to device through RAM
    assert seen.dma_written[middle].all()
    assert seen.dma_read[middle].all()
    assert seen.used[middle].all()
    assert not (seen.written | seen.read)[middle].any()


def test_memory_that_a_tlb_maps(program: Callable[..., Program], isa: str) -> None:
    memory = program("memory", isa, "-O1")
    seen = memory.watch()
    mapped = range_of(memory, "mapped")
    assert list(np.flatnonzero(seen.written[mapped])) == [8, 9, 10, 11]
    assert list(np.flatnonzero(seen.used[mapped])) == [8, 9, 10, 11]


@pytest.mark.parametrize("reset", ["reset", "power"])
def test_content_is_lost_with_the_power(program: Callable[..., Program], reset: str) -> None:
    memory = program("memory", "-DISA=nomicromips", "-O1")
    with pic32bench.start(image=memory.image, network="none") as board:
        board.run_for(0.01)
        if reset == "reset":
            board.reset()
        else:
            board.power_cycle()
        board.run_for(0.01)
        seen = watch(board.recording(), WatchSpec())
    # The program reads first what it writes last.
    assert bool(seen.used[range_of(memory, "kept")].all()) == (reset == "reset")


@pytest.mark.parametrize("fill", [0, 0xA5])
def test_what_ram_holds_at_power_on(program: Callable[..., Program], fill: int) -> None:
    memory = program("memory", "-DISA=nomicromips", "-O1", ram_fill=fill)
    seen = memory.watch(stacks=(StackRange("main", 0x80010000, 0x80020000),))
    untouched = ~(seen.written | seen.dma_written)
    contents = {region.name: data for region, data in seen.memory.regions}["RAM"]
    ram = np.frombuffer(contents, np.uint8)
    assert (ram[untouched] == fill).all()
    if fill:
        # The other way to measure a stack: where the pattern ends.
        (low,) = seen.stacks
        stack = ram[0x10000:0x20000]
        assert low.used - 3 <= len(stack) - int(np.flatnonzero(stack != fill)[0]) <= low.used


def test_a_recording_keeps_what_ram_held(program: Callable[..., Program], tmp_path: Path) -> None:
    image = program("memory", "-DISA=nomicromips", "-O1").image
    with pic32bench.start(image=image, network="none", ram_fill=0x5A) as board:
        board.run_for(0.001)
        assert board.read_memory(0x80070000, 2) == b"\x5a\x5a"
        board.power_cycle()
        board.run_for(0.001)
        pic32bench.save(board, tmp_path / "board")
        recording = board.recording()
    assert recording.machine["ram-fill"] == 0x5A
    with pic32bench.restore(tmp_path / "board") as board:
        assert board.read_memory(0x80070000, 2) == b"\x5a\x5a"
        assert board.recording().machine["ram-fill"] == 0x5A
    assert watch(recording, WatchSpec()).memory.read(0x80070000, 2) == b"\x5a\x5a"
    with pytest.raises(UsageError, match="ram_fill 256: expected a byte"):
        pic32bench.start(image=image, network="none", ram_fill=256)


def test_up_to_a_time(program: Callable[..., Program]) -> None:
    memory = program("memory", "-DISA=nomicromips", "-O1")
    early = watch(memory.recording, WatchSpec(), until_ns=1000)
    assert 1000 <= early.end_ns < 2000
    assert not early.written[range_of(memory, "kept")].any()
    with pytest.raises(UsageError, match="the recording ends at 0.02"):
        watch(memory.recording, WatchSpec(), until_ns=memory.recording.end_ns + 1)


@pytest.mark.parametrize(
    ("wrong", "complaint"),
    [
        ({"stacks": (StackRange("s", 0x80001000, 0x80001000),)}, "stack s: its end 0x80001000 is not behind"),
        ({"stacks": (StackRange("s", 0x8007FF00, 0x80080004),)}, "stack s: .* is not in the chip's RAM of 512 KiB"),
        ({"stacks": (StackRange("s", 0x80000000, 0x80000100),) * 2}, "stack s is given twice"),
        ({"objects": (ObjectRange("o", 0x9D000000, 0x9D000010),)}, "object o: .* is not in the chip's RAM"),
        ({"fills": ((0x9D000010, 0x9D000000),)}, "code range: its end 0x9D000000 is not behind"),
    ],
)
def test_ranges_that_are_none(program: Callable[..., Program], wrong: dict[str, object], complaint: str) -> None:
    with pytest.raises(UsageError, match=complaint):
        program("memory", "-DISA=nomicromips", "-O1").watch(**wrong)


def test_another_emulator(program: Callable[..., Program]) -> None:
    recording = replace(program("memory", "-DISA=nomicromips", "-O1").recording, emulator="0" * 64)
    with pytest.raises(UsageError, match="made by another emulator"):
        watch(recording, WatchSpec())


def test_another_run(program: Callable[..., Program]) -> None:
    recording = program("memory", "-DISA=nomicromips", "-O1").recording
    with pytest.raises(EmulatorError, match="another run than the recorded one"):
        watch(replace(recording, sums={"uart1": "0"}), WatchSpec())


def test_no_plugin(program: Callable[..., Program], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recording = program("memory", "-DISA=nomicromips", "-O1").recording
    shutil.copy(paths.emulator_binary().resolve(), tmp_path / "qemu-system-mipsel")
    monkeypatch.setenv("PIC32BENCH_QEMU", str(tmp_path / "qemu-system-mipsel"))
    with pytest.raises(NotBuiltError, match=r"libwatch.so is missing\): run `make emulator`"):
        watch(recording, WatchSpec())


@pytest.mark.parametrize(
    ("line", "complaint"),
    [("watch 0\n", "run `make emulator`"), (f"watch {spec._VERSION}\nwhat\n", "what is this: what")],
)
def test_a_plugin_of_another_age(
    program: Callable[..., Program], monkeypatch: pytest.MonkeyPatch, line: str, complaint: str
) -> None:
    recording = program("memory", "-DISA=nomicromips", "-O1").recording
    monkeypatch.setattr(WatchSpec, "lines", lambda self, ram_size: line)
    with pytest.raises(BenchError, match=complaint):
        watch(recording, WatchSpec())


def test_an_emulator_that_is_killed(program: Callable[..., Program], monkeypatch: pytest.MonkeyPatch) -> None:
    recording = program("memory", "-DISA=nomicromips", "-O1").recording
    memory = play._memory

    def kill(board: play.ReplayedBoard) -> object:
        held = memory(board)
        os.kill(board.emulator.pid, 9)
        return held

    monkeypatch.setattr(play, "_memory", kill)
    with pytest.raises((EmulatorError, EmulatorDiedError), match="was it killed"):
        watch(recording, WatchSpec())


def test_flags_are_of_all_ram(program: Callable[..., Program]) -> None:
    seen = program("memory", "-DISA=nomicromips", "-O1").watch()
    flags: tuple[Flags, ...] = (seen.written, seen.filled, seen.read, seen.used, seen.dma_written, seen.dma_read)
    assert {(len(each), each.dtype) for each in flags} == {(512 * 1024, np.dtype(np.bool_))}
