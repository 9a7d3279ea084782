# SPDX-License-Identifier: MIT
"""What heaps say of themselves: the counters that some of them keep, as the run left them."""

from __future__ import annotations

from pic32bench.footprint.symbols import Symbol
from pic32bench.memory.contents import Contents
from pic32bench.memory.firmware import Firmware
from pic32bench.memory.structures import Structures


def own_count(
    kind: str, handle: int | None, firmware: Firmware, structures: Structures, contents: Contents
) -> tuple[str, int] | None:
    """The most that a heap was ever asked for by its own counter, its overhead included, and that counter's name."""

    def variable(name: str) -> Symbol | None:
        found = firmware.variables(name)
        return found[0] if len(found) == 1 else None

    if kind == "lwip":
        return _lwip_statistics(firmware, structures, contents)
    if kind == "freertos":
        arena, least, next_ = variable("ucHeap"), variable("xMinimumEverFreeBytesRemaining"), variable("xNextFreeByte")
        if arena and least and (free := contents.word(least.address)) is not None:
            return least.name, arena.size - free
        if next_ and (most := contents.word(next_.address)) is not None:
            return next_.name, most
    if kind == "tcpip" and handle is not None:
        (function, *_) = [symbol.address for symbol in firmware.symbols if symbol.name == "_TCPIP_HEAP_Malloc"]
        instance = structures.find("TCPIP_HEAP_OBJ_INSTANCE", function)
        descriptor = structures.find("TCPIP_HEAP_DCPT", function)
        unit = structures.find("_headNode", function)
        if instance and descriptor and unit:
            offset = instance.members["heapDcpt"].offset + descriptor.members["_heapWatermark"].offset
            units = contents.word(handle + offset)
            return None if units is None else ("_heapWatermark", units * unit.size)
    return None


def _lwip_statistics(firmware: Firmware, structures: Structures, contents: Contents) -> tuple[str, int] | None:
    """What lwIP counted, if it was built with MEM_STATS."""
    for function in firmware.functions("mem_malloc"):
        for statistics in firmware.variables("lwip_stats"):
            all_, one = structures.find("stats_", function.address), structures.find("stats_mem", function.address)
            if all_ and one and "mem" in all_.members and "max" in one.members:
                most = one.members["max"]
                value = contents.number(statistics.address + all_.members["mem"].offset + most.offset, most.size)
                return None if value is None else ("lwip_stats.mem.max", value)
    return None
