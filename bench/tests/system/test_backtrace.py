# SPDX-License-Identifier: MIT
"""Backtraces at every instruction, of handlers that hang, of a firmware that crashed, and beside what gdb says."""

from __future__ import annotations

import itertools
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from guest_program import build

import pic32bench
from pic32bench import Board
from pic32bench.backtrace import Backtrace, board_backtrace

PROGRAMS = Path(__file__).parent / "programs"
INSTRUCTION_NS = 8  # -icount shift=3
SIZE = 250  # instructions; a turn of the program's loop is shorter
DEBUG = ("-g", "-fno-asynchronous-unwind-tables")  # call frame information in .debug_frame
NO_DEBUG = ("-g0", "-fno-asynchronous-unwind-tables")
# Who calls whom in calls.c; what an interrupt broke into may be any of them.
CALLERS = {
    "leaf": {"with_locals", "in_interrupt"},
    "with_locals": {"with_frame_pointer"},
    "with_frame_pointer": {"recursive"},
    "recursive": {"recursive", "main"},
    "in_interrupt": {"handler"},
    "main": {"_reset"},
}


def chain(trace: Backtrace) -> list[str]:
    """The names of a trace's functions, with a mark where an interrupt is."""
    names = []
    for frame in trace.frames:
        names += ["<interrupt>"] if frame.kind == "interrupted" else []
        names.append(frame.place.function)
    return names


@pytest.mark.parametrize(
    ("isa", "flags"),
    [
        ("nomicromips", ("-O2", *DEBUG)),
        ("nomicromips", ("-O0", *NO_DEBUG)),
        ("micromips", ("-Os", *DEBUG)),
        ("micromips", ("-Os", *NO_DEBUG)),
    ],
    ids=lambda value: value if isinstance(value, str) else "".join(value[:2]),
)
def test_at_every_instruction(tmp_path: Path, isa: str, flags: tuple[str, ...]) -> None:
    image = build(PROGRAMS / "calls.c", tmp_path, f"-DISA={isa}", *flags)
    seen = set()
    with pic32bench.start(image=image, network="none") as board:
        board.clock.run_to(board.clock.now_ns + 20_000)
        for _ in range(SIZE):
            board.clock.run_to(board.clock.now_ns + INSTRUCTION_NS)
            trace = board_backtrace(board)
            names = chain(trace)
            assert names[-2:] == ["main", "_reset"], f"\n{trace}"
            for callee, caller in itertools.pairwise(names):
                if caller == "<interrupt>":
                    assert callee == "handler", f"\n{trace}"
                elif callee != "<interrupt>":
                    assert caller in CALLERS[callee], f"\n{trace}"
            seen.add(" ".join(names))
    bottom = "with_locals with_frame_pointer recursive recursive main _reset"
    assert f"leaf {bottom}" in seen
    assert f"leaf in_interrupt handler <interrupt> {bottom}" in seen
    assert "recursive main _reset" in seen


def test_a_firmware_that_crashed(sabotaged: Callable[[str, str], Path]) -> None:
    """The exception handler never returns and has a stack of its own; the trace goes on where it broke in."""
    with pic32bench.start(image=sabotaged("switches_task", "loads from address 2"), network="none") as board:
        board.console.wait_for_line("Firmware halted")
        board.run_for(0.01)
        trace, core = board_backtrace(board), board.core()
    assert chain(trace) == ["halt", "exception_report", "<interrupt>", "switches_task", "main", "start_up"]
    assert trace.frames[2].cause == core.exception == "address error on load or fetch at 0x00000002"
    assert trace.frames[2].address == core.cp0["EPC"]
    assert trace.frames[3].place.line
    assert trace.end == "start_up does not return"
    assert "handling: address error" in str(core)


@pytest.mark.parametrize("function", ["fill_transmitter", "websocket_server_task", "switches_task"])
def test_a_function_that_hangs(sabotaged: Callable[[str, str], Path], function: str) -> None:
    """It never comes to its return; one is called from an interrupt handler, one is microMIPS."""
    with pic32bench.start(image=sabotaged(function, "loops"), network="none") as board:
        board.run_for(0.5)
        names = chain(board_backtrace(board))
    assert names[0] == function
    assert names[-2:] == ["main", "start_up"]
    assert ("<interrupt>" in names) == (function == "fill_transmitter")


def test_without_symbols_there_are_addresses(firmware: Path, tmp_path: Path) -> None:
    bare = tmp_path / "bare.hex"
    shutil.copy(firmware.with_suffix(".hex"), bare)
    with pic32bench.start(image=bare, network="none") as board:
        board.console.wait_for_line("Ended - success")
        without, named = board_backtrace(board), board_backtrace(board, firmware)
    assert [frame.address for frame in without.frames] == [frame.address for frame in named.frames][
        : len(without.frames)
    ]
    assert set(chain(without)) == {""}
    assert re.fullmatch(r"the code at [0-9A-F]{8} does not return", without.end)
    assert named.frames[0].place.file


def test_a_running_machine_is_held_and_goes_on(firmware: Path) -> None:
    with pic32bench.start(network="user") as board:
        board.console.wait_for_line("Ended - success")
        assert chain(board_backtrace(board))[-1] == "start_up"
        board.run_for(0.01)


def gdb(board: Board, firmware: Path, folder: Path) -> list[tuple[str, int]]:
    """What gdb's `bt` says: function and line of each frame."""
    socket = folder / "gdb"
    board.monitor(f"gdbserver unix:{socket},server=on,wait=off")
    done = subprocess.run(
        ["gdb-multiarch", "-nx", "-batch", "-ex", f"target remote {socket}", "-ex", "bt", str(firmware)],
        capture_output=True,
        text=True,
    )
    board.monitor("gdbserver none")
    found = re.findall(
        r"^#\d+ +(?:0x[0-9a-f]+ in )?(\w+) \(.*?\)(?: at \S+?:(\d+))?$", done.stdout, re.MULTILINE | re.DOTALL
    )
    return [(name, int(line or 0)) for name, line in found]


@pytest.mark.skipif(shutil.which("gdb-multiarch") is None, reason="needs gdb-multiarch")
@pytest.mark.parametrize("function", ["fill_transmitter", "websocket_server_task"])
def test_as_gdb_says(sabotaged: Callable[[str, str], Path], tmp_path: Path, function: str) -> None:
    """As far as gdb can tell, which is up to an interrupt, and without the lines of assembly code."""
    image = sabotaged(function, "loops")
    with pic32bench.start(image=image, network="none") as board:
        board.run_for(0.5)
        trace = board_backtrace(board)
        said = gdb(board, image, tmp_path)
    ours = [(frame.place.function, frame.place.line) for frame in trace.frames]
    names = [*chain(trace), "<interrupt>"]
    assert len(said) >= 2
    for (their_name, their_line), (name, line) in zip(said, ours[: names.index("<interrupt>")], strict=False):
        assert (their_name, their_line or line) == (name, line)
