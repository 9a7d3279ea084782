# SPDX-License-Identifier: MIT
"""What a firmware did with its RAM: a recorded run is played again, under a plugin of the emulator.

    seen = watch(board.recording(), WatchSpec(fills=((0x9D001000, 0x9D001100),)))
    seen.used[0x400:0x1400].nonzero()

The plugin (platforms/qemu/plugin/) is told of every load and store, every DMA and every call. It changes nothing in the
run: the replay is compared with the recording, and a difference is an error.
"""

from pic32bench.watch.play import watch
from pic32bench.watch.seen import CallEvent, ChipMemory, Overrun, StackLow, Watched
from pic32bench.watch.spec import WRITERS, ObjectRange, StackRange, WatchSpec

__all__ = [
    "WRITERS",
    "CallEvent",
    "ChipMemory",
    "ObjectRange",
    "Overrun",
    "StackLow",
    "StackRange",
    "WatchSpec",
    "Watched",
    "watch",
]
