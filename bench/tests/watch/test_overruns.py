# SPDX-License-Identifier: MIT
"""Stores over the end of an object: each kind is found, told by its writer, and nothing else is."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from pic32bench.watch import ObjectRange, Watched

from .conftest import Program

# Object: kind, bytes from its start to the first wrong one, the function that wrote
WRONG = {
    "padded": ("padding", 10, "into_padding"),
    "walked": ("loop", 16, "into_bytes"),
    "words": ("loop", 32, "into_words"),
    "odd": ("straddle", 6, "half_beyond"),
    "copied": ("writer", 16, "copy"),
    "cleared": ("writer", 16, "clear"),
    "downward": ("loop", -1, "go_down"),
    "received": ("dma", 16, ""),
}


def watch(program: Program, start: str = "work") -> Watched:
    objects = [name for name, (address, size) in program.symbols.items() if size and 0x80000000 <= address < 0x80080000]
    functions = [name for name, (address, size) in program.symbols.items() if size and address >= 0x9D000000]
    return program.watch(
        objects=tuple(ObjectRange(name, *program.range(name)) for name in objects),
        code=tuple(map(program.range, functions)),
        writers=tuple(map(program.range, ("copy", "clear"))),
        fills=(program.range("clear"),),
        main=program.low(start),
    )


@pytest.mark.parametrize("optimize", ["-O0", "-O2", "-Os"])
def test_each_kind_is_found_once(program: Callable[..., Program], isa: str, optimize: str) -> None:
    overruns = program("overruns", isa, optimize, "-DWRONG")
    found = watch(overruns).overruns
    assert {
        each.object: (each.kind, each.address - overruns.low(each.object), overruns.function(each.pc)) for each in found
    } == WRONG
    assert len(found) == len(WRONG)
    by_object = {each.object: each for each in found}
    assert by_object["received"].device == "DMA"
    assert overruns.function(by_object["copied"].ra) == overruns.function(by_object["cleared"].ra) == "work"
    assert [each.time_ns for each in found] == sorted(each.time_ns for each in found)


@pytest.mark.parametrize("optimize", ["-O0", "-O2", "-Os"])
def test_what_is_right_is_not_reported(program: Callable[..., Program], isa: str, optimize: str) -> None:
    assert watch(program("overruns", isa, optimize)).overruns == ()


def test_before_main_nothing_counts(program: Callable[..., Program], isa: str) -> None:
    overruns = program("overruns", isa, "-O2")
    assert [each.kind for each in watch(overruns, "main").overruns][:1] == ["padding"]
