# SPDX-License-Identifier: MIT
"""Heaps and pools from made-up calls: what runs seldom show, or no program that is small."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import cast

import pytest

from pic32bench.code_map import CodeMap, Place
from pic32bench.footprint.budget import Access, HeapLimit, What
from pic32bench.footprint.symbols import Symbol
from pic32bench.image import PHYSICAL
from pic32bench.memory.allocators import RESET, find_heaps, heap_uses, pool_functions, pool_uses
from pic32bench.memory.contents import Contents
from pic32bench.memory.firmware import Firmware
from pic32bench.memory.objects import RamObject
from pic32bench.memory.remarks import remarks
from pic32bench.memory.report import HeapUse, PoolUse
from pic32bench.memory.structures import Structures
from pic32bench.watch import CallEvent

CODE, CALLER, RAM, SIZE = 0x9D000000, 0x9D008000, 0x80001000, 0x100
RAM_SIZE = 0x8000


class Calls:
    """Calls of functions that lie one after the other in the order of their names, at made-up times."""

    def __init__(self, *functions: str, variables: Sequence[tuple[str, int, int]] = ()) -> None:
        self.functions = {name: CODE + SIZE * number for number, name in enumerate(functions)}
        self.events: list[CallEvent] = []
        self.now = 0
        self.firmware = Firmware(
            Path("made-up.elf"),
            (
                *(Symbol(What.FUNCTION, *it, SIZE, Access.GLOBAL, ".text") for it in self.functions.items()),
                *(Symbol(What.VARIABLE, *it, Access.GLOBAL, ".bss") for it in variables),
            ),
            {},
        )

    def find(self, address: int) -> Place:
        start = self.start(address)
        return Place(next((name for name, place in self.functions.items() if place == start), "caller"), "a.c", 7)

    def start(self, address: int) -> int | None:
        place = address & ~(SIZE - 1)
        return place if place in self.functions.values() else CALLER

    def call(
        self,
        function: str,
        *arguments: int,
        gives: int | None = 0,
        ra: int = CALLER + 0x20,
        sp: int = 0x80007000,
        inside: Callable[[], None] = lambda: None,
    ) -> None:
        """A call, and what it calls itself."""
        begin = self.now = self.now + 10
        inside()
        self.now += 10
        padded = (*arguments, 0, 0, 0, 0)[:4]
        end = None if gives is None else self.now
        self.events.append(CallEvent(self.functions.get(function, 0xBFC00000), begin, ra, sp, padded, end, gives))

    def reset(self) -> None:
        self.call("the reset vector", gives=None)

    def heap(self, *limits: HeapLimit) -> HeapUse:
        (use,) = self.heaps(*limits)
        return use

    def heaps(self, *limits: HeapLimit) -> tuple[HeapUse, ...]:
        heaps, _ = find_heaps(self.firmware, limits)
        objects = [
            RamObject(symbol.name, symbol.address, symbol.address & PHYSICAL, (symbol.address & PHYSICAL) + symbol.size)
            for symbol in self.firmware.symbols
            if symbol.what is What.VARIABLE
        ]
        code, contents = cast(CodeMap, self), self.contents()
        return heap_uses(heaps, self.events, self.firmware, Structures(None), code, contents, objects)

    def contents(self, words: dict[int, int] | None = None) -> Contents:
        memory = {address + i: byte for address, word in (words or {}).items() for i, byte in enumerate(_bytes(word))}

        class Memory:
            def read(self, address: int, size: int) -> bytes | None:
                return bytes(memory.get(address + offset, 0) for offset in range(size))

        return Contents(Memory(), RAM_SIZE)


def _bytes(word: int) -> bytes:
    return word.to_bytes(4, "little")


def test_nothing_is_found_where_there_is_nothing() -> None:
    calls = Calls("main", variables=[("buffer", RAM, 64)])
    assert find_heaps(calls.firmware) == ((), ())
    assert pool_functions(calls.firmware) == {}
    assert find_heaps(Firmware(None, (), {})) == ((), ())


def test_what_is_out_at_the_most() -> None:
    calls = Calls("mem_malloc", "mem_free", "mem_trim", variables=[("ram_heap", RAM, 0x1000)])
    calls.call("mem_malloc", 100, gives=RAM + 8)
    calls.call("mem_malloc", 50, gives=RAM + 0x100)
    calls.call("mem_trim", RAM + 0x100, 20, gives=RAM + 0x100)
    calls.call("mem_free", RAM + 8)
    calls.call("mem_malloc", 90, gives=RAM + 8)
    calls.call("mem_free", 0)
    use = calls.heap()
    assert (use.name, use.address, use.size) == ("lwip", RAM, 0x1000)
    assert (use.most, use.most_time_ns, use.left, use.calls, use.largest) == (150, 40, 110, 3, 100)
    assert use.span == 0x100 + 50 - 8
    assert (use.failures, use.first_failure, use.notes) == (0, None, ())


def test_a_trim_that_cannot_be_leaves_the_block_as_it_is() -> None:
    calls = Calls("mem_malloc", "mem_trim")
    calls.call("mem_malloc", 10, gives=RAM)
    calls.call("mem_trim", RAM, 99, gives=0)
    assert (calls.heap().left, calls.heap().failures) == (10, 0)


def test_failures_have_a_time_a_size_and_a_place() -> None:
    calls = Calls("pvPortMalloc")
    calls.call("pvPortMalloc", 0, gives=0)  # nothing was asked for
    calls.call(
        "pvPortMalloc", 500, gives=0, ra=CALLER + 9
    )  # microMIPS: bit 0 of the return address is not a part of it
    calls.call("pvPortMalloc", 600, gives=0)
    use = calls.heap()
    assert use.failures == 2
    assert [(failure.time_ns, failure.size, failure.place) for failure in use.failed] == [
        (30, 500, Place("caller", "a.c", 7)),
        (50, 600, Place("caller", "a.c", 7)),
    ]
    assert use.first_failure == Place("caller", "a.c", 7)
    assert (use.most, use.address, use.size) == (0, None, None)


def test_calls_through_one_another_are_one_request() -> None:
    calls = Calls("malloc", "calloc", "_malloc_r")
    in_calloc = calls.functions["calloc"] + 0x10

    def malloc() -> None:
        calls.call(
            "malloc", 200, gives=RAM, ra=in_calloc, sp=0x80006F00, inside=lambda: malloc_r(in_calloc, 0x80006F00)
        )

    def malloc_r(ra: int, sp: int) -> None:
        calls.call("_malloc_r", 0x80000000, 200, gives=RAM + 800, ra=ra, sp=sp)  # were it counted, it would be one more

    calls.call("calloc", 10, 20, gives=RAM, inside=malloc)
    calls.call("malloc", 200, gives=RAM + 400, inside=lambda: malloc_r(CALLER + 0x20, 0x80007000))
    use = calls.heap()
    assert (use.calls, use.most, use.left) == (2, 400, 400)
    assert [held.place.function for held in use.held] == ["caller"]


def test_a_task_may_ask_while_another_one_waits_in_malloc() -> None:
    calls = Calls("malloc")
    calls.call(
        "malloc",
        100,
        gives=RAM,
        inside=lambda: calls.call("malloc", 50, gives=RAM + 200, ra=CALLER + 64, sp=0x80002000),
    )
    assert (calls.heap().calls, calls.heap().most) == (2, 150)


def test_realloc() -> None:
    calls = Calls("malloc", "realloc", "free")
    calls.call("realloc", 0, 40, gives=RAM)
    calls.call("realloc", RAM, 60, gives=RAM)  # in place
    assert calls.heap().most == 60
    calls.call("realloc", RAM, 100, gives=RAM + 0x100)  # moved: both are there while it is copied
    assert (calls.heap().most, calls.heap().left) == (160, 100)
    calls.call("realloc", RAM + 0x100, 5000, gives=0)  # the old one stays
    assert (calls.heap().left, calls.heap().failures) == (100, 1)
    calls.call("realloc", RAM + 0x100, 0, gives=0)  # as free
    assert (calls.heap().left, calls.heap().failures, calls.heap().notes) == (0, 1, ())


def test_what_came_back_twice_is_said() -> None:
    calls = Calls("malloc", "free")
    calls.call("malloc", 8, gives=RAM)
    calls.call("free", RAM | 0x20000000)  # through the other segment, as after a DMA
    calls.call("free", RAM)
    assert calls.heap().left == 0
    assert calls.heap().notes == ("1 of what came back was not out (given back twice, or never given): caller (a.c:7)",)


def test_a_reset_forgets_what_was_given() -> None:
    calls = Calls("malloc", "free")
    calls.call("malloc", 100, gives=RAM)
    calls.call("malloc", 70, gives=None)  # the reset came in between
    calls.reset()
    calls.call("malloc", 30, gives=RAM + 0x100)
    use = calls.heap()
    assert (use.most, use.left, use.calls) == (100, 30, 2)
    assert {0x1FC00000} == RESET


def test_sbrk_says_how_far_a_heap_went() -> None:
    calls = Calls("malloc", "_sbrk", "sbrk")
    for end, more in ((RAM, 0x100), (RAM + 0x100, 0x80), (RAM + 0x180, -0x20), (0xFFFFFFFF, 0x1000)):
        arguments = more & 0xFFFFFFFF
        calls.call(
            "sbrk",
            arguments,
            gives=end,
            inside=lambda end=end, more=arguments: calls.call(  # type: ignore[misc]
                "_sbrk", more, gives=end, ra=calls.functions["sbrk"] + 8, sp=0x80006FE0
            ),
        )
    assert calls.heap().own_count == ("sbrk", 0x180)


def test_ends_of_the_c_heap_in_the_linker_script() -> None:
    calls = Calls("malloc")
    calls.firmware.labels.update({"_heap": RAM, "_eheap": RAM + 0x800})
    assert (calls.heap().address, calls.heap().size) == (RAM, 0x800)


def test_the_c_heap_in_xc32s_map() -> None:
    calls = Calls("malloc")
    line = "heap                    0x80001000        0x1f400      128000  Reserved for heap \n"
    calls.firmware = replace(calls.firmware, map_text=f"kseg0 Data-Memory Usage\n{line}")
    assert (calls.heap().address, calls.heap().size) == (RAM, 128000)


def test_a_heap_without_a_name() -> None:
    """As a MAP has it where a section holds more than one object."""
    calls = Calls("pvPortMalloc", variables=[("heap_4.o(.bss)", RAM, 4096)])
    calls.call("pvPortMalloc", 8, gives=RAM + 16)
    assert (calls.heap().size, calls.heap().notes) == (4096, ("its size is that of heap_4.o(.bss)",))


def test_a_heap_that_lives_in_another_one() -> None:
    calls = Calls("malloc", "_TCPIP_HEAP_Malloc", "_TCPIP_HEAP_Free")
    calls.call("malloc", 0x1000, gives=RAM)
    calls.call("_TCPIP_HEAP_Malloc", RAM + 16, 64, gives=RAM + 0xF00)
    calls.call("_TCPIP_HEAP_Malloc", RAM + 16, 64, gives=RAM + 0xE00)
    calls.call("_TCPIP_HEAP_Malloc", 0x80004000, 8, gives=0x80004100)  # another one of its kind
    one, other, libc = calls.heaps()
    assert (one.name, one.address, one.size, one.most, one.span) == ("tcpip", RAM, 0x1000, 128, 0x140)
    assert one.notes == ("lives in a block of heap libc",)
    assert (other.name, other.size, other.most) == ("tcpip 0x80004000", None, 8)
    assert libc.left == 0x1000


def test_a_heap_of_ones_own() -> None:
    calls = Calls("frame_new", "frame_done", variables=[("arena", RAM, 512)])
    calls.call("frame_new", 0x1234, 40, gives=RAM + 4)
    calls.call("frame_new", 0x1234, 30, gives=RAM + 0x40)
    calls.call("frame_done", 9, RAM + 4)
    own = HeapLimit("frames", None, None, 1, ("frame_new",), ("frame_done",), 1, 1)
    use = calls.heap(own)
    assert (use.name, use.most, use.left, use.size) == ("frames", 70, 30, 512)
    instead = HeapLimit("lwip", None, None, 1, ("frame_new",), size=1)
    assert [heap.name for heap in calls.heaps(instead)] == ["lwip"]
    misspelt = HeapLimit("frames", None, None, 1, ("frame_nwe",), ("frame_done",))
    assert find_heaps(calls.firmware, [misspelt]) == (
        (),
        ("heap frames: nothing can be told of it, as the image has no function frame_nwe",),
    )


def test_what_cannot_be_told_is_said() -> None:
    _, notes = find_heaps(Calls("main", variables=[("ucHeap", RAM, 4096)]).firmware)
    assert notes == (
        "heap freertos: nothing can be told of it, as the image has no function pvPortMalloc or pvPortCalloc",
    )
    (heap,), _ = find_heaps(Calls("mem_malloc", "mem_malloc.constprop.0").firmware)
    assert heap.notes == ("calls of the compiler's copies mem_malloc.constprop.0 are not seen",)


def test_what_a_report_says_beside_the_figures() -> None:
    calls = Calls("malloc", "free")
    for number in range(7):
        calls.call("malloc", 4000, gives=0, ra=CALLER + 4 * number)
    calls.call("malloc", 5000 + number, gives=0)
    calls.call("malloc", 1200, gives=RAM)
    calls.call("malloc", 8, gives=RAM + 0x1000)
    calls.call("free", RAM + 8)
    assert list(remarks(calls.heap())) == [
        "heap libc: 7 requests of 4,000 bytes got nothing, the first at 0.000000 s, in caller (a.c:7)",
        "heap libc: a request of 5,006 bytes got nothing, at 0.000000 s, in caller (a.c:7)",
        "heap libc: 1,208 bytes in 2 blocks still out, asked for in caller (a.c:7)",
        "heap libc: 1 of what came back was not out (given back twice, or never given): caller (a.c:7)",
    ]


# Two pools of lwIP: A in memp_pools, B with a descriptor of its own.
POOLS = [
    ("memp_pools", 0x9D010000, 4),
    ("memp_A", 0x9D010010, 12),
    ("memp_memory_A_base", RAM, 3 * 16 + 3),
    ("memp_B", 0x9D010020, 12),
    ("memp_memory_B_base", RAM + 0x100, 2 * 8 + 3),
    ("memp_not_a_pool", 0x9D010040, 12),
]
DESCRIPTORS = {
    0x9D010000: 0x9D010010,
    0x9D010010: 3 << 16 | 14,
    0x9D010014: RAM,
    0x9D010018: RAM + 0x200,
    0x9D010020: 2 << 16 | 8,
    0x9D010024: RAM + 0x100,
    0x9D010028: RAM + 0x204,
    RAM + 0x200: RAM + 32,  # the third of A is free
    RAM + 0x204: RAM + 0x100,
    RAM + 0x100: RAM + 0x108,  # all of B are
}


def pool_calls(*functions: str) -> Calls:
    return Calls(*functions, variables=POOLS)


def pools(calls: Calls, words: dict[int, int] = DESCRIPTORS) -> tuple[tuple[PoolUse, ...], tuple[str, ...]]:
    functions = pool_functions(calls.firmware)
    code, contents = cast(CodeMap, calls), calls.contents(words)
    return pool_uses(functions, calls.events, calls.firmware, Structures(None), code, contents)


def test_pools() -> None:
    calls = pool_calls("memp_malloc", "memp_free", "memp_malloc_pool", "memp_free_pool")
    for number in range(3):
        calls.call("memp_malloc", 0, gives=RAM + 16 * number)
    calls.call("memp_malloc", 0, gives=0)
    calls.call("memp_free", 0, RAM + 32)
    calls.call("memp_malloc_pool", 0x9D010020, gives=RAM + 0x100)
    calls.call("memp_free_pool", 0x9D010020, RAM + 0x100)
    (a, b), notes = pools(calls)
    assert notes == ()
    assert (a.name, a.address, a.element, a.count) == ("A", RAM, 16, 3)
    assert (a.most, a.left, a.calls, a.failures, a.notes) == (3, 2, 4, 1, ())
    assert a.first_failure == Place("caller", "a.c", 7)
    assert [(held.blocks, held.size) for held in a.held] == [(2, 2)]
    assert (b.name, b.count, b.most, b.left, b.notes) == ("B", 2, 1, 0, ())
    assert list(remarks(a)) == ["pool A: a request got nothing, at 0.000000 s, in caller (a.c:7)"]


def test_a_pool_whose_list_says_something_else() -> None:
    calls = pool_calls("memp_malloc")
    calls.call("memp_malloc", 0, gives=RAM)
    (a, _), _ = pools(calls)
    assert a.notes == ("its own list says that 2 are out at the end: not all of its calls were seen",)


@pytest.mark.parametrize("words", [1, 2])
def test_descriptors_with_names_and_statistics(words: int) -> None:
    """Without debug information the layout has to be found."""
    size = 12 + 4 * words
    variables = [("memp_A", 0x9D010010, size), ("memp_memory_A_base", RAM, 3 * 16 + 3)]
    calls = Calls("memp_malloc_pool", variables=variables)
    moved = {0x9D010010 + 4 * words + offset: DESCRIPTORS[0x9D010010 + offset] for offset in (0, 4, 8)}
    (a,), _ = pools(calls, {0x9D010010: 0x9D020000, **moved})
    assert (a.name, a.element, a.count) == ("A", 16, 3)


def test_pools_of_which_nothing_can_be_told() -> None:
    assert pools(Calls("main")) == ((), ())
    _, (note,) = pools(pool_calls("memp_free"))
    assert note == "pools: the image has no function memp_malloc (inlined?), nothing can be told of its pools"
    _, (note,) = pools(pool_calls("memp_malloc"), {})
    assert note == "pools: there are no descriptors as lwIP 2 has them, nothing can be told of its pools"
    _, (note,) = pools(Calls("main", variables=[("memp_num", RAM, 20)]))
    assert note == "pools: lwIP 1.x keeps them in other tables, nothing can be told of them"
