# SPDX-License-Identifier: MIT
"""Plays a recording under the plugin."""

from __future__ import annotations

import os

from pic32bench import paths
from pic32bench.chip import chip
from pic32bench.errors import EmulatorError, UsageError
from pic32bench.panel_link import NS
from pic32bench.recording import Recording
from pic32bench.replay import ReplayedBoard, check
from pic32bench.watch.seen import ChipMemory, Watched, parse
from pic32bench.watch.spec import WatchSpec

_QUANTUM = 1.0  # virtual seconds: nobody looks at the board on the way


def watch(recording: Recording, spec: WatchSpec, until_ns: int | None = None) -> Watched:
    """Plays a recording and returns what was seen, up to virtual time ``until_ns``, None for its end.

    Raises UsageError for a range that is not in RAM, a time past the end, and a recording that cannot be replayed
    here, NotBuiltError without the plugin, and EmulatorError when the run is not the recorded one.
    """
    plugin = paths.watch_plugin()
    check(recording)
    if until_ns is None:
        until_ns = recording.end_ns
    if not 0 <= until_ns <= recording.end_ns:
        raise UsageError(f"until {until_ns / NS:g} s: the recording ends at {recording.end_ns / NS:.6f} s")
    lines = spec.lines(chip(recording.machine["chip"]).ram_size)
    descriptor = os.memfd_create("watch", os.MFD_CLOEXEC)
    try:
        os.write(descriptor, lines.encode())
        arguments = ("-plugin", f"{str(plugin).replace(',', ',,')},fd={descriptor}")
        with ReplayedBoard(recording, _QUANTUM, arguments, (descriptor,)) as board:
            board.clock.run_for(until_ns / NS)
            if difference := board.difference():
                raise EmulatorError(f"this is another run than the recorded one, {difference}")
            end_ns, memory = board.clock.last_ns, _memory(board)
        return parse(os.pread(descriptor, os.fstat(descriptor).st_size, 0), spec, end_ns, memory)
    finally:
        os.close(descriptor)


def _memory(board: ReplayedBoard) -> ChipMemory:
    held = board.description.chip
    file = board.folder / "memory"
    regions = []
    for region in (held.ram, *held.flash):
        board.emulator.execute("pmemsave", val=region.start, size=region.size, filename=str(file))
        regions.append((region, file.read_bytes()))
    return ChipMemory(tuple(regions))
