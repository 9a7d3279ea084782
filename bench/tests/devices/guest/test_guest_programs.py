# SPDX-License-Identifier: MIT
"""Small programs for the chip check what the CPU does: interrupts, register sets, exceptions, FPU, DSP, resets.

Each .c file in programs/ is built with the firmware's compiler, runs on the emulator with no bench around it, checks
itself with CHECK() and leaves its counts in RAM (see programs/guest.h). A line " * Run with: ..." in its head has more
arguments for the emulator.
"""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from guest_program import PROGRAMS, build, panel_lines
from snapshot import restore, run_until, save, state, wait_for_migration

RESULT = 0x100  # physical; struct result of guest.h
DONE = 0x600DD0E5
RUN_NS = 10_000_000


def result(pic) -> tuple[int, ...]:
    """done, checks, failures, first failed line, exceptions, Cause, EPC of the program's result block."""
    text = pic.qmp("human-monitor-command", command_line=f"xp /7xw {RESULT:#x}")
    return tuple(int(word, 16) for word in re.findall(r"0x([0-9a-f]{8})\b", text))


def run_with(source: Path) -> list[str]:
    """The emulator's arguments that a program asks for."""
    found = re.search(r"^ \* Run with: (.+)$", source.read_text(), re.MULTILINE)
    return shlex.split(found[1]) if found else []


def run_ns(source: Path) -> int:
    """Virtual time that a program is given, ns; its head may ask for more than RUN_NS, as in `Time: 200 ms`."""
    found = re.search(r"^ \* Time: (\d+) ms$", source.read_text(), re.MULTILINE)
    return int(found[1]) * 1_000_000 if found else RUN_NS


@pytest.mark.parametrize("source", sorted(PROGRAMS.glob("*.c")), ids=lambda path: path.stem)
def test_guest_program(chip, tmp_path: Path, source: Path) -> None:
    image = build(source, tmp_path)
    with chip(cpu=True, image=image, wire=False, uarts=(), arguments=run_with(source)) as pic:
        for line in panel_lines(source):
            pic.panel.send(line)
        pic.panel.send({"run": run_ns(source)})
        assert not [line for line in pic.panel.until("stopped") if "error" in line]
        done, checks, failures, line, exceptions, cause, epc = result(pic)
    assert done == DONE, f"it did not end: {exceptions} exceptions, the last with Cause {cause:#x} at {epc:#x}"
    assert failures == 0, f"{failures} of {checks} checks failed, the first at {source.name}:{line}"
    assert checks >= 1


def test_an_untouched_compare_register_hangs_nothing(chip, tmp_path: Path) -> None:
    """Count meets Compare again after 2^32 ticks: 43 s, and a naive timer is re-armed there without end."""
    with chip(cpu=True, image=build(PROGRAMS / "core_timer.c", tmp_path), wire=False, uarts=()) as pic:
        pic.panel.send({"run": 200_000_000_000})
        assert pic.panel.until("stopped")[-1]["t"] == 200_000_000_000


# In the middle one of many_devices the core is in a branch delay slot; crypto encrypts, then is within a message;
# tlb has refills before and after.
@pytest.mark.parametrize(
    ("program", "moment"),
    [
        ("many_devices", 1_000_003),
        ("many_devices", 2_345_678),
        ("many_devices", 4_000_000),
        ("crypto", 2_000),
        ("crypto", 9_000),
        ("tlb", 25_000),
    ],
)
def test_busy_peripherals_go_on_from_a_snapshot(chip, tmp_path: Path, program: str, moment: int) -> None:
    source = PROGRAMS / f"{program}.c"
    image, board = build(source, tmp_path), run_with(source)
    snapshot, scratch = tmp_path / "snapshot", tmp_path / "ram"

    def finish(pic) -> tuple[str, str, bytes]:
        run_until(pic, RUN_NS)
        return *state(pic, scratch), pic.memread(0x1D080000, 0x4000)

    with chip(cpu=True, image=image, wire=False, uarts=(), arguments=board) as pic:
        run_until(pic, moment)
        save(pic, snapshot)
        expected = finish(pic)
    with chip(cpu=True, image=image, wire=False, uarts=(), arguments=(*board, *restore(snapshot))) as pic:
        wait_for_migration(pic)
        restored = finish(pic)
    for what, one, other in zip(("RAM", "registers", "flash"), expected, restored, strict=True):
        assert one == other, f"{what} differs after a snapshot"
