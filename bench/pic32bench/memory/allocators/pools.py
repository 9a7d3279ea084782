# SPDX-License-Identifier: MIT
"""The memory pools of lwIP 2.0 to 2.2: how many elements were out, by the calls of memp_malloc and memp_free.

What a pool is like says its descriptor, a constant: struct memp_desc of lwIP's memp_priv.h. With debug information its
layout is known; without, the layouts that lwIP's options make are tried, and one is taken when what it says is so.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from pic32bench.code_map import CodeMap
from pic32bench.footprint.budget import What
from pic32bench.image import PHYSICAL
from pic32bench.memory.allocators.blocks import Blocks
from pic32bench.memory.allocators.calls import entry, lives
from pic32bench.memory.contents import Contents
from pic32bench.memory.firmware import Firmware
from pic32bench.memory.report import PoolUse
from pic32bench.memory.structures import Member, Structure, Structures
from pic32bench.watch import CallEvent

_PREFIX = "memp_"
_ALIGNMENT = 4  # MEM_ALIGNMENT, as far as a size is told to people


@dataclass(frozen=True)
class Pool:
    """A pool: its descriptor's address, bytes of an element, how many there are, and where they and its list are."""

    name: str
    descriptor: int
    element: int
    count: int
    base: int
    list: int


@dataclass(frozen=True)
class PoolFunction:
    """What a function of the pools does: it gives an element, or takes one back, of a pool by descriptor or number."""

    gives: bool
    by_descriptor: bool


PoolFunctions = Mapping[int, PoolFunction]  # by entry
_FUNCTIONS = {
    "memp_malloc": PoolFunction(gives=True, by_descriptor=False),
    "memp_malloc_fn": PoolFunction(gives=True, by_descriptor=False),
    "memp_malloc_pool": PoolFunction(gives=True, by_descriptor=True),
    "memp_malloc_pool_fn": PoolFunction(gives=True, by_descriptor=True),
    "memp_free": PoolFunction(gives=False, by_descriptor=False),
    "memp_free_pool": PoolFunction(gives=False, by_descriptor=True),
}


def pool_functions(firmware: Firmware) -> PoolFunctions:
    """The functions of lwIP's pools that a firmware has."""
    return {
        entry(symbol.address): _FUNCTIONS[symbol.name]
        for symbol in firmware.symbols
        if symbol.what is What.FUNCTION and symbol.name in _FUNCTIONS
    }


def pool_uses(
    functions: PoolFunctions,
    calls: Iterable[CallEvent],
    firmware: Firmware,
    structures: Structures,
    code: CodeMap,
    contents: Contents,
) -> tuple[tuple[PoolUse, ...], tuple[str, ...]]:
    """What a run took out of its pools, and what cannot be told; a pool of which nothing was taken is there too."""
    tables = firmware.variables("memp_pools")
    if not tables and not functions:
        old = "pools: lwIP 1.x keeps them in other tables, nothing can be told of them"
        return (), (old,) if firmware.variables("memp_num") else ()
    pools = list(_pools(firmware, structures, contents, functions))
    if not pools:
        return (), ("pools: there are no descriptors as lwIP 2 has them, nothing can be told of its pools",)
    if not any(function.gives for function in functions.values()):
        return (), ("pools: the image has no function memp_malloc (inlined?), nothing can be told of its pools",)
    calls = tuple(calls)
    numbered = [contents.word(tables[0].address + offset) for offset in range(0, tables[0].size, 4)] if tables else []
    blocks = _played(functions, calls, pools, [number or 0 for number in numbered], code)
    cut_off = any(call.end_ns is None and entry(call.function) in functions for call in calls)
    return tuple(
        _use(pool, blocks[pool.descriptor & PHYSICAL], cut_off, firmware, structures, contents) for pool in pools
    ), ()


def _played(
    functions: PoolFunctions, calls: Iterable[CallEvent], pools: Iterable[Pool], numbered: list[int], code: CodeMap
) -> dict[int, Blocks]:
    """What each pool, by its descriptor's physical address, gave; ``numbered`` are the descriptors in memp_pools."""
    blocks = {pool.descriptor & PHYSICAL: Blocks(code) for pool in pools}
    for life in lives(calls, functions.keys(), code):
        for each in blocks.values():
            each.forget()
        for call in life:
            function, which = functions[entry(call.function)], call.arguments[0]
            if not function.by_descriptor:
                which = numbered[which] if which < len(numbered) else 0
            of = blocks.get(which & PHYSICAL)
            if of is None:
                continue
            if not function.gives:
                of.take_back(call, call.arguments[1])
            elif call.result is not None:
                of.give(call, 1)
    return blocks


def _pools(firmware: Firmware, structures: Structures, contents: Contents, functions: Iterable[int]) -> Iterable[Pool]:
    told = [structure for function in functions if (structure := structures.find("memp_desc", function))]
    layouts = told[:1] or _LAYOUTS
    for symbol in firmware.symbols:
        if symbol.what is What.VARIABLE and symbol.name.startswith(_PREFIX):
            name = symbol.name.removeprefix(_PREFIX)
            for layout in layouts:
                if symbol.size == layout.size and (pool := _pool(name, symbol.address, layout, firmware, contents)):
                    yield pool
                    break


def _layout(words: int) -> Structure:
    """struct memp_desc with this many pointers (name, statistics) in front of the sizes."""
    start = 4 * words
    members = {
        "size": Member(start, 2),
        "num": Member(start + 2, 2),
        "base": Member(start + 4, 4),
        "tab": Member(start + 8, 4),
    }
    return Structure(start + 12, members)


_LAYOUTS = [_layout(words) for words in range(3)]


def _pool(name: str, address: int, layout: Structure, firmware: Firmware, contents: Contents) -> Pool | None:
    """The pool of a descriptor, if there is one: its elements fit into its memory, and its list is of them."""
    if not {"size", "num", "base", "tab"} <= layout.members.keys():
        return None  # MEMP_MEM_MALLOC: what it gives comes from the heap
    size, count, base, list_ = (
        contents.number(address + layout.members[member].offset, layout.members[member].size)
        for member in ("size", "num", "base", "tab")
    )
    if not size or not count or base is None or list_ is None:
        return None
    element = -(-size // _ALIGNMENT) * _ALIGNMENT
    memory = firmware.variables(f"memp_memory_{name}_base")
    if not contents.in_ram(base) or not contents.in_ram(list_):
        return None
    if memory and (memory[0].address != base or size * count > memory[0].size):
        return None
    return Pool(name, address, element, count, base, list_)


def _use(
    pool: Pool, blocks: Blocks, cut_off: bool, firmware: Firmware, structures: Structures, contents: Contents
) -> PoolUse:
    notes = list(blocks.notes())
    free = _free(pool, contents)
    if free is not None and not cut_off and pool.count - free != blocks.now:
        notes.append(f"its own list says that {pool.count - free} are out at the end: not all of its calls were seen")
    return PoolUse(
        name=pool.name,
        address=pool.base,
        element=pool.element,
        count=pool.count,
        most=blocks.most,
        most_time_ns=blocks.most_time_ns,
        calls=blocks.calls,
        failures=len(blocks.failed),
        first_failure=blocks.failed[0].place if blocks.failed else None,
        notes=tuple(notes),
        left=blocks.now,
        own_count=_own_count(pool, firmware, structures, contents),
        failed=tuple(blocks.failed),
        held=blocks.held(),
    )


def _free(pool: Pool, contents: Contents) -> int | None:
    """How many elements are in the list of free ones at the end; None: that is no list."""
    element = contents.word(pool.list)
    for free in range(pool.count + 1):
        if element == 0:
            return free
        if element is None or not contents.in_ram(element):
            return None
        element = contents.word(element)
    return None


def _own_count(pool: Pool, firmware: Firmware, structures: Structures, contents: Contents) -> tuple[str, int] | None:
    """The most that lwIP itself counted, if it was built with MEMP_STATS."""
    for function in firmware.functions("memp_malloc", "memp_malloc_pool"):
        descriptor = structures.find("memp_desc", function.address)
        statistics = structures.find("stats_mem", function.address)
        if descriptor and statistics and "stats" in descriptor.members:
            counts = contents.word(pool.descriptor + descriptor.members["stats"].offset)
            most = statistics.members["max"]
            value = None if counts is None else contents.number(counts + most.offset, most.size)
            return None if value is None else (f"memp_stats_{pool.name}.max", value)
    return None
