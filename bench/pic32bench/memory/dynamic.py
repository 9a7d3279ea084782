# SPDX-License-Identifier: MIT
"""Memory that a firmware hands out while it runs: heaps, lwIP's pools, and the stacks of FreeRTOS tasks."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from pic32bench.code_map import CodeMap
from pic32bench.footprint.budget import HeapLimit
from pic32bench.memory.allocators import RESET, find_heaps, given, heap_uses, pool_functions, pool_uses
from pic32bench.memory.contents import Contents
from pic32bench.memory.firmware import Firmware
from pic32bench.memory.objects import RamObject, ram_objects
from pic32bench.memory.report import HeapUse, PoolUse
from pic32bench.memory.rtos import Task, find_kernel, find_tasks
from pic32bench.memory.structures import Structures
from pic32bench.watch import Watched


@dataclass(frozen=True)
class HandedOut:
    """What a run handed out; ``notes`` say what is not known, and why."""

    heaps: tuple[HeapUse, ...]
    pools: tuple[PoolUse, ...]
    tasks: tuple[Task, ...]
    notes: tuple[str, ...]


class Dynamic:
    """The functions of a firmware that hand out memory: `functions` are to be watched, then `handed_out` tells.

    ``limits`` may name functions of heaps that the bench does not know by itself; ``code`` is the firmware's code map
    and ``objects`` what is in RAM, None: to be read.
    """

    def __init__(
        self,
        firmware: Firmware,
        limits: Iterable[HeapLimit] = (),
        code: CodeMap | None = None,
        objects: Iterable[RamObject] | None = None,
    ) -> None:
        self._firmware = firmware
        self._code = code
        self._objects = objects
        self._heaps, self._notes = find_heaps(firmware, limits)
        self._pools = pool_functions(firmware)
        self._kernel = find_kernel(firmware)

    @property
    def functions(self) -> tuple[int, ...]:
        """Entries, physical addresses, none when there is nothing to be seen."""
        found = {place for heap in self._heaps for place in heap.functions} | self._pools.keys()
        if self._kernel is not None:
            found |= self._kernel.functions
        return tuple(sorted(found | RESET)) if found else ()

    def handed_out(self, watched: Watched) -> HandedOut:
        """What a run handed out, in which `functions` were watched."""
        firmware, events = self._firmware, watched.events
        code, structures = self._code or CodeMap(firmware.path), Structures(firmware.path)
        ram_size = len(watched.written)
        contents = Contents(watched.memory, ram_size)
        objects = ram_objects(firmware.path, ram_size) if self._objects is None else self._objects
        heaps = heap_uses(self._heaps, events, firmware, structures, code, contents, objects)
        pools, notes = pool_uses(self._pools, events, firmware, structures, code, contents)
        tasks: tuple[Task, ...] = ()
        task_notes: tuple[str, ...] = ()
        if self._kernel is not None:
            blocks = given(self._heaps, events)
            tasks, task_notes = find_tasks(self._kernel, events, blocks, firmware, structures, code, contents)
        return HandedOut(heaps, pools, tasks, (*self._notes, *notes, *task_notes))
