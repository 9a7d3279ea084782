# SPDX-License-Identifier: MIT
"""The kinds of heaps that are known by the names of their functions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto

from pic32bench.watch import CallEvent


class Does(Enum):
    """What a function of a heap does."""

    ALLOCATE = auto()
    RESIZE = auto()
    TRIM = auto()  # as RESIZE, but where a block cannot get bigger
    FREE = auto()
    EXTEND = auto()  # sbrk: the end of the memory that the heap itself may use


@dataclass(frozen=True)
class Function:
    """A function of a heap by the numbers of its arguments, from 0: bytes are ``size``, or ``size`` times ``times``.

    ``heap`` is the argument that says which one of several heaps is meant.
    """

    does: Does
    size: int | None = None
    times: int | None = None
    pointer: int | None = None
    heap: int | None = None

    def bytes(self, call: CallEvent) -> int:
        """How many bytes a call asks for."""
        size = 0 if self.size is None else call.arguments[self.size]
        return size if self.times is None else size * call.arguments[self.times]


@dataclass(frozen=True)
class Kind:
    """A kind of heap: its functions by name, and the object in RAM it has if it has one of its own."""

    name: str
    functions: Mapping[str, Function]
    arena: str | None = None


_LWIP = Kind(
    "lwip",
    {
        "mem_malloc": Function(Does.ALLOCATE, size=0),
        "mem_calloc": Function(Does.ALLOCATE, size=1, times=0),
        "mem_trim": Function(Does.TRIM, size=1, pointer=0),
        "mem_free": Function(Does.FREE, pointer=0),
    },
    "ram_heap",
)
_FREERTOS = Kind(
    "freertos",
    {
        "pvPortMalloc": Function(Does.ALLOCATE, size=0),
        "pvPortCalloc": Function(Does.ALLOCATE, size=1, times=0),
        "vPortFree": Function(Does.FREE, pointer=0),
    },
    "ucHeap",
)
_HARMONY = Kind(
    "tcpip",
    {
        "_TCPIP_HEAP_Malloc": Function(Does.ALLOCATE, size=1, heap=0),
        "_TCPIP_HEAP_Calloc": Function(Does.ALLOCATE, size=2, times=1, heap=0),
        "_TCPIP_HEAP_Free": Function(Does.FREE, pointer=1, heap=0),
    },
)
# newlib has each function once more with the thread's state as first argument.
C_LIBRARY = Kind(
    "libc",
    {
        "malloc": Function(Does.ALLOCATE, size=0),
        "calloc": Function(Does.ALLOCATE, size=1, times=0),
        "memalign": Function(Does.ALLOCATE, size=1),
        "aligned_alloc": Function(Does.ALLOCATE, size=1),
        "realloc": Function(Does.RESIZE, size=1, pointer=0),
        "free": Function(Does.FREE, pointer=0),
        "sbrk": Function(Does.EXTEND, size=0),
        "_sbrk": Function(Does.EXTEND, size=0),
        "_malloc_r": Function(Does.ALLOCATE, size=1),
        "_calloc_r": Function(Does.ALLOCATE, size=2, times=1),
        "_memalign_r": Function(Does.ALLOCATE, size=2),
        "_realloc_r": Function(Does.RESIZE, size=2, pointer=1),
        "_free_r": Function(Does.FREE, pointer=1),
        "_sbrk_r": Function(Does.EXTEND, size=1),
    },
)
KINDS = (_LWIP, _FREERTOS, _HARMONY, C_LIBRARY)
