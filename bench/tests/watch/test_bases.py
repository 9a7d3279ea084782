# SPDX-License-Identifier: MIT
"""A single store right behind the object that the code indexes: found although another object begins there."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from pic32bench.image import PHYSICAL
from pic32bench.memory.firmware import Firmware
from pic32bench.memory.indexed import indexed_stores
from pic32bench.watch import ObjectRange, Watched

from .conftest import Program

# Object: bytes from its start to the wrong one, the function that wrote
WRONG = {
    "text": (16, "end_text"),
    "words": (24, "put_word"),
    "pairs": (20, "put_pair"),
    "grid": (32, "put_cell"),
    "chosen": (12, "put_if"),
    "hoisted": (16, "put_ordered"),
    "tiny": (8, "put_tiny"),
    "records": (64, "put_record"),
}
LEVELS = pytest.mark.parametrize("optimize", ["-O0", "-O2", "-Os"])


def objects(program: Program) -> tuple[ObjectRange, ...]:
    return tuple(
        ObjectRange(name, *program.range(name))
        for name, (address, size) in program.symbols.items()
        if size and 0x80000000 <= address < 0x80080000
    )


def stores(program: Program) -> tuple[tuple[int, int], ...]:
    return indexed_stores(Firmware.read(program.image), [each.low for each in objects(program)])


def watch(program: Program) -> Watched:
    return program.watch(
        objects=objects(program),
        code=tuple(program.range(name) for name, (at, size) in program.symbols.items() if size and at >= 0x9D000000),
        main=program.low("work"),
        bases=stores(program),
    )


@LEVELS
def test_the_index_one_too_big(program: Callable[..., Program], isa: str, optimize: str) -> None:
    bases = program("bases", isa, optimize, "-DWRONG")
    found = watch(bases).overruns
    assert {each.object: (each.address - bases.low(each.object), bases.function(each.pc)) for each in found} == WRONG
    assert {each.kind for each in found} == {"base"}
    assert len(found) == len(WRONG)
    assert [each.time_ns for each in found] == sorted(each.time_ns for each in found)


@LEVELS
def test_what_is_right_is_not_reported(program: Callable[..., Program], isa: str, optimize: str) -> None:
    assert watch(program("bases", isa, optimize)).overruns == ()


@LEVELS
def test_which_stores_index_what(program: Callable[..., Program], isa: str, optimize: str) -> None:
    bases = program("bases", isa, optimize)
    names = {bases.low(each.name) & PHYSICAL: each.name for each in objects(bases)}
    found = {(bases.function(pc | 0x80000000), names[low]) for pc, low in stores(bases)}
    print(sorted(found))
    assert found >= {(function, name) for name, (_, function) in WRONG.items()}
