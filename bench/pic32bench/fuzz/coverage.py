# SPDX-License-Identifier: MIT
"""Which ways through the firmware have been taken, and when each was first, from a plugin of the emulator.

A way is a branch and where it led. The plugin (platforms/qemu/plugin/coverage.c) writes each into memory that it shares
with this process, once, with its virtual time. So nothing has to be asked after each input, and the run is the same
with and without it.
"""

from __future__ import annotations

import mmap
import os
from dataclasses import dataclass

import numpy as np

from pic32bench import paths
from pic32bench.errors import EmulatorError

_VERSION = 3  # VERSION in platforms/qemu/plugin/watch.h
_HEADER = np.dtype([("version", "<u4"), ("room", "<u4"), ("count", "<u4"), ("lost", "<u4")])
_WAY = np.dtype([("time", "<i8"), ("from", "<u4"), ("to", "<u4")])
_ROOM = 1 << 16


@dataclass(frozen=True)
class Way:
    """A branch (address) that led to an address, and when it first did, virtual ns."""

    branch: int
    to: int
    time_ns: int


class CoverageLog:
    """The shared memory of one emulator. Raises NotBuiltError without the plugin."""

    def __init__(self) -> None:
        plugin = paths.watch_plugin()
        size = _HEADER.itemsize + _ROOM * _WAY.itemsize
        self._descriptor = os.memfd_create("coverage", os.MFD_CLOEXEC)
        os.truncate(self._descriptor, size)
        self._memory = mmap.mmap(self._descriptor, size)
        self._header = np.frombuffer(self._memory, _HEADER, 1)
        self._ways = np.frombuffer(self._memory, _WAY, _ROOM, _HEADER.itemsize)
        self._header["version"] = _VERSION
        self._read = 0
        self.arguments = ("-plugin", f"{str(plugin).replace(',', ',,')},coverage={self._descriptor}")
        self.pass_fds = (self._descriptor,)

    def new(self) -> list[Way]:
        """The ways that were taken for the first time since the last call, while the machine stands still."""
        count = int(self._header["count"][0])
        if self._header["lost"][0]:
            raise EmulatorError(f"the firmware has taken more than {_ROOM} ways: there is no room for more")
        fresh = self._ways[self._read : count]
        self._read = count
        return [Way(int(branch), int(to), int(time)) for time, branch, to in fresh.tolist()]

    def close(self) -> None:
        """Frees it; the emulator is gone."""
        del self._header, self._ways
        self._memory.close()
        os.close(self._descriptor)
