# SPDX-License-Identifier: MIT
"""What is told of a program that runs is what is known of it, and what was planted in it is found."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

import pic32bench
from pic32bench import Board
from pic32bench.image import PHYSICAL
from pic32bench.memory import BufferUse, Report, Role, StackUse, measure, measure_board
from pic32bench.recording import Recording
from pic32bench.replay import replay
from tests.memory.conftest import Ran

pytestmark = pytest.mark.usefixtures("emulator")
# name: size, highest byte written, highest byte that was written and then read
BUFFERS = {
    "message": (4096, 100, 60),
    "cleared": (512, 0, 0),
    "written": (512, 200, 0),
    "seen": (300, 10, 10),
    "common_buffer": (64, 8, 8),
    "packet": (16, 16, 0),
}


def buffers(report: Report) -> dict[str, BufferUse]:
    return {buffer.name.partition(".")[0]: buffer for buffer in report.buffers}


def stacks(report: Report) -> Mapping[str, StackUse]:
    return {stack.name: stack for stack in report.stacks}


@pytest.mark.parametrize("flags", [("-O2", "-g"), ("-O0", "-g0"), ("-Os", "-fdata-sections")], ids=" ".join)
def test_buffers(ran: Ran, flags: tuple[str, ...]) -> None:
    report = measure(ran(*flags)[1])
    assert report.overruns == ()
    found = buffers(report)
    assert {name: (found[name].size, found[name].written, found[name].used) for name in BUFFERS} == BUFFERS
    assert [buffer.size for buffer in report.buffers] == sorted((b.size for b in report.buffers), reverse=True)
    assert found["message"].share == pytest.approx(60 / 4096)
    assert not found["message"].dma
    assert found["isr_stack"].role is Role.STACK


def test_stacks_and_the_calls_at_their_deepest(ran: Ran) -> None:
    found = stacks(measure(ran("-O1", "-g")[1]))
    main, interrupts = found["main"], found["isr_stack"]
    assert (main.low, main.high, main.size) == (0x8001F400, 0x80020000, 3072)
    assert main.free == 3072 - main.used
    assert not main.overflow
    assert main.chain is not None
    names = [frame.place.function for frame in main.chain.frames]
    assert names[-7:] == ["deep"] * 5 + ["main", "_reset"]
    assert main.chain.frames[-3].place.line
    assert interrupts.size == 512
    assert 96 < interrupts.used < 512
    assert interrupts.chain is not None
    assert [frame.place.function for frame in interrupts.chain.frames][:2] == ["in_interrupt", "handler"]


def test_a_frame_that_has_grown_by_one_kib(ran: Ran, tmp_path: Path) -> None:
    before, after = (measure(ran("-O1", "-DDEPTH=0", flag)[1]) for flag in ("-DGROWN=0", "-DGROWN=1024"))
    assert stacks(after)["main"].used - stacks(before)["main"].used == 1024
    assert stacks(after)["isr_stack"].used == stacks(before)["isr_stack"].used
    budget = tmp_path / "limits.toml"
    budget.write_text(f"[[stack]]\nname = 'main'\nmax = {stacks(after)['main'].used - 1}\n")
    assert measure(ran("-O1", "-DDEPTH=0", "-DGROWN=0")[1], budget=budget).fits
    over = measure(ran("-O1", "-DDEPTH=0", "-DGROWN=1024")[1], budget=budget)
    assert over.complaint().startswith("stack main: ")
    assert ", 1 over its limit of " in over.complaint()


@pytest.mark.parametrize("depth", [40, 200])
def test_a_stack_that_overflows(ran: Ran, depth: int) -> None:
    # 3072 bytes have room for about 35 frames; 200 reach into the memory below, which nobody has.
    report = measure(ran("-O1", f"-DDEPTH={depth}")[1])
    main = stacks(report)["main"]
    assert main.overflow
    assert main.free is not None
    assert main.free < 0
    assert not report.fits
    assert f"stack main: it went {-main.free:,} bytes past its bottom" in report.complaint()


@pytest.mark.parametrize("level", ["-O0", "-O1", "-Os"])
def test_an_overrun_by_one_byte(ran: Ran, level: str) -> None:
    _, recording = ran(level, "-g", "-DOVERRUN")
    (overrun,) = measure(recording).overruns
    assert overrun.object == "packet"
    assert overrun.beyond == 1
    assert overrun.place.function == "fill"
    assert Path(overrun.place.file).name == "session.c"
    lines = (Path(__file__).parent / "programs" / "session.c").read_text().splitlines()
    assert "a byte too many" in lines[overrun.place.line - 1]
    assert overrun.caller_place.function == "main"
    assert 0 < overrun.time_ns < recording.end_ns
    assert "overrun of packet" in measure(recording).complaint()


@pytest.mark.parametrize("level", ["-O0", "-O1", "-Os"])
def test_a_single_byte_behind_what_is_indexed(ran: Ran, level: str) -> None:
    (overrun,) = measure(ran(level, "-g", "-DENDED")[1]).overruns
    assert (overrun.kind, overrun.object, overrun.beyond) == ("base", "packet", 1)
    assert (overrun.place.function, overrun.caller_place.function) == ("end", "main")


def test_an_image_without_symbols(ran: Ran, tmp_path: Path) -> None:
    image, recording = ran("-O1", "-g")
    stripped = replace(recording, files={**recording.files, "image.elf": without_symbols(image, tmp_path)})
    report = measure(stripped)
    assert report.symbols is None
    (main,) = report.stacks
    named = stacks(measure(recording))["main"]
    assert (main.size, main.high, main.known_by) == (None, 0x80020000, "the first value of sp")
    assert main.used == named.used
    at = buffers(measure(recording))["written"].address
    assert any(buffer.address <= at and at + 200 <= buffer.address + buffer.size for buffer in report.buffers)
    # With the ELF that names it, all is as if it had never been stripped.
    assert measure(stripped, symbols=image).buffers == measure(recording).buffers


def without_symbols(image: Path, folder: Path) -> bytes:
    path = folder / "stripped.elf"
    subprocess.run(["mipsel-linux-gnu-strip", "-s", "-o", path, image], check=True)
    return path.read_bytes()


def test_all_of_the_run_counts_whatever_happened_in_it(ran: Ran) -> None:
    image, _ = ran("-O1", "-g")
    with pic32bench.start(image=image, network="none") as board:
        board.run_for(0.01)
        once = measure_board(board)
        board.reset()
        board.run_for(0.01)
        board.power_cycle()
        again = measure_board(board)
        board.run_for(0.01)
        assert board.time > 0.03
    for first, second in zip(once.buffers, again.buffers, strict=True):
        assert (first.name, first.used, first.written) == (second.name, second.used, second.written)
    assert [stack.used for stack in once.stacks] == [stack.used for stack in again.stacks]


def test_only_the_beginning(ran: Ran) -> None:
    _, recording = ran("-O1", "-g")
    whole = measure(recording)
    moment = stacks(whole)["isr_stack"].time_ns
    assert moment is not None
    report = measure(recording, until=(moment - 200) / 1e9)
    assert stacks(report)["isr_stack"].used == 0
    assert stacks(report)["isr_stack"].chain is None
    assert buffers(report)["message"].used == 60


class TestHonesty:
    """What is seen from outside is what a pattern shows, with which the machine filled RAM before power-on.

    The recording is played with two patterns: a byte that holds each of them was never stored to.
    """

    def test_small_program(self, ran: Ran) -> None:
        _, recording = ran("-O1", "-g")
        report = measure(recording)
        touched = by_patterns(recording)
        for stack in report.stacks:
            assert stack.low is not None
            assert stack.used == stack.high - lowest(touched, stack.low, stack.high), stack.name
        # Nothing clears these two before main.
        for name in ("written", "seen", "common_buffer"):
            buffer = buffers(report)[name]
            assert buffer.written == highest(touched, buffer.address, buffer.size), name

    def test_reference_firmware(self, streamed: Recording) -> None:
        report = measure(streamed)
        touched = by_patterns(streamed)
        main = stacks(report)["main"]
        assert main.low is not None
        assert main.used == main.high - lowest(touched, main.low, main.high)
        assert main.used > 500
        # Start-up clears .bss; these are in a section of their own, and only Ethernet and its driver write there.
        for name in ("rx_buffers", "tx_buffers"):
            buffer = buffers(report)[name]
            assert buffer.written == highest(touched, buffer.address, buffer.size), name
            assert buffer.dma


def by_patterns(recording: Recording) -> list[bool]:
    """Which bytes of RAM do not hold the pattern any more at the recording's end; the run is the same each time."""
    touched: list[bool] = []
    for pattern in (0xA5, 0x5A):
        filled = replace(recording, machine={**recording.machine, "ram-fill": pattern})
        with replay(filled) as board:
            board.run_to_end()
            assert board.difference() is None
            ram = ram_of(board)
        touched = [byte != pattern or before for byte, before in zip(ram, touched or [False] * len(ram), strict=True)]
    return touched


def ram_of(board: Board) -> bytes:
    size = board.description.chip.ram_size
    file = Path(str(board.folder)) / "ram"  # type: ignore[attr-defined]
    board.emulator.execute("pmemsave", val=0, size=size, filename=str(file))
    return file.read_bytes()


def lowest(touched: list[bool], low: int, high: int) -> int:
    return next((at for at in range(low, high) if touched[at & PHYSICAL]), high)


def highest(touched: list[bool], low: int, size: int) -> int:
    return next((count for count in range(size, 0, -1) if touched[(low + count - 1) & PHYSICAL]), 0)
