# SPDX-License-Identifier: MIT
"""What happened to each byte of RAM, of programs that touch known ones."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np
import pytest

from pic32bench.image import PHYSICAL
from pic32bench.watch.seen import Flags

from .conftest import Program

SWM = range(108, 116)  # microMIPS has an instruction for several registers
STORED = {*range(16, 32), 64, *range(66, 80), 80, *range(85, 89), 94, 95, 96, 97, *range(100, 104)}
LOADED = {16, 40, 66, 67, 70, *range(72, 80), *range(85, 89), *range(128, 131), *range(141, 144), *range(100, 104)}


def places(flags: Flags, base: int) -> set[int]:
    """Which bytes of the area have a flag."""
    return set(map(int, np.flatnonzero(flags[base : base + 512])))


@pytest.mark.parametrize("optimize", ["-O2", "-Os"])
def test_loads_stores_and_fills_of_every_shape(program: Callable[..., Program], isa: str, optimize: str) -> None:
    bytes_c = program("bytes", isa, optimize)
    seen = bytes_c.watch(fills=(bytes_c.range("fill"),))
    base = bytes_c.low("area") & PHYSICAL
    extra: Iterable[int] = SWM if isa.endswith("=micromips") else ()
    assert places(seen.written, base) == {*STORED, *extra}
    assert places(seen.filled, base) == set(range(64))
    # The ll before the sc reads, and so do the two bytes that are looked at in the end.
    assert places(seen.read, base) == {*LOADED, *extra, 20, 44}
    assert places(seen.used, base) == {*(LOADED & STORED), *extra} - {*range(100, 104)}
    assert not places(seen.dma_read | seen.dma_written, base)


def test_without_a_fill_all_stores_are_data(program: Callable[..., Program], isa: str) -> None:
    bytes_c = program("bytes", isa, "-O2")
    seen = bytes_c.watch()
    base = bytes_c.low("area") & PHYSICAL
    assert not seen.filled.any()
    assert places(seen.written, base) >= set(range(64))
    assert {20, 40, 44} <= places(seen.used, base)
