# SPDX-License-Identifier: MIT
"""A small program whose use of RAM is known, run once for each way that it is built."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path

import pytest
from guest_program import build

import pic32bench
from pic32bench import paths
from pic32bench.errors import NotBuiltError
from pic32bench.memory.session import normal_session
from pic32bench.recording import Recording

PROGRAMS = Path(__file__).parent / "programs"
# As XC32's linker script has it: start.S sets sp to 0x80020000, and the guests' RAM ends at 0x8001F400.
LABELS = "-Wl,--defsym=_stack=0x80020000,--defsym=_splim=0x8001F400"

Ran = Callable[..., tuple[Path, Recording]]


@pytest.fixture
def emulator() -> None:
    """Skips, saying so, what needs more than has been built."""
    try:
        paths.emulator_binary()
        paths.watch_plugin()
    except NotBuiltError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="session")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Ran:
    """A function that builds session.c with more compiler arguments and runs it: the ELF and the recording."""

    @functools.cache
    def run(*flags: str) -> tuple[Path, Recording]:
        image = build(PROGRAMS / "session.c", tmp_path_factory.mktemp("session"), LABELS, "-fcommon", *flags)
        with pic32bench.start(image=image, network="none") as board:
            board.run_for(0.01)
            return image, board.recording()

    return run


@pytest.fixture(scope="session")
def streamed() -> Recording:
    """The recording of a normal session with the reference firmware; skips, saying so, what is not built."""
    try:
        paths.everything_built(None)
        paths.station_library()
    except NotBuiltError as error:
        pytest.skip(str(error))
    with pic32bench.start(network="wire") as board:
        assert [step.left_out for step in normal_session(board) if step.left_out] == []
        return board.recording()
