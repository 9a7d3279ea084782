# SPDX-License-Identifier: MIT
"""The fixture `chip`: starts emulated chips under qtest and ends them whatever happens."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from qtest import Chip, ChipFactory, emulator_path

__all__ = ["ChipFactory", "chip"]


@pytest.fixture
def chip() -> Iterator[ChipFactory]:
    """A factory: `chip(panel=True, wire=True, uarts=(2,), ...)`, arguments as of `qtest.Chip`.

    Every chip is ended with the test, also when it is not used as a context manager.
    """
    if not emulator_path().exists():
        pytest.fail(f"no emulator at {emulator_path()}: run `make emulator`, or set PIC32BENCH_QEMU", pytrace=False)
    with ExitStack() as stack:

        def start(name: str | None = None, **options: Any) -> Chip:
            return stack.enter_context(Chip(options.pop("chip", name), **options))

        yield start
