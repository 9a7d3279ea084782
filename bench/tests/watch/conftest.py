# SPDX-License-Identifier: MIT
"""Small programs of which it is known what they do with RAM, run once each and then watched."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from elftools.elf.elffile import ELFFile
from guest_program import build

import pic32bench
from pic32bench import paths
from pic32bench.code_map import CodeMap
from pic32bench.errors import NotBuiltError
from pic32bench.recording import Recording
from pic32bench.watch import Watched, WatchSpec, watch

PROGRAMS = Path(__file__).parent / "programs"
SECONDS = 0.02  # virtual: a program is done long before


@dataclass(frozen=True)
class Program:
    """A program that has run: ``recording``, and where its symbols are."""

    image: Path
    recording: Recording
    symbols: dict[str, tuple[int, int]]

    def low(self, name: str) -> int:
        """Where a variable or function begins."""
        return self.symbols[name][0] & ~1

    def range(self, name: str) -> tuple[int, int]:
        """Where it begins, and where it ends."""
        return self.low(name), self.low(name) + self.symbols[name][1]

    def watch(self, **spec: object) -> Watched:
        """What is seen of its run."""
        return watch(self.recording, WatchSpec(**spec))  # type: ignore[arg-type]

    @property
    def maps(self) -> list[CodeMap]:
        """What knows its functions."""
        return [CodeMap(self.image)]

    def function(self, address: int) -> str:
        """The function of an instruction."""
        return self.maps[0].find(address).function


@pytest.fixture(scope="session")
def program(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Program]:
    """A function that builds and runs a program, once with the same flags."""
    try:
        paths.watch_plugin()
    except NotBuiltError as error:
        pytest.skip(str(error))

    @functools.cache
    def run(name: str, *flags: str, ram_fill: int = 0) -> Program:
        image = build(PROGRAMS / f"{name}.c", tmp_path_factory.mktemp(name), "-g", *flags)
        with pic32bench.start(image=image, network="none", ram_fill=ram_fill) as board:
            board.run_for(SECONDS)
            recording = board.recording()
        with image.open("rb") as file:
            table = ELFFile(file).get_section_by_name(".symtab")
            symbols = {s.name: (s["st_value"], s["st_size"]) for s in table.iter_symbols() if s.name}
        return Program(image, recording, symbols)

    return run


@pytest.fixture(params=["nomicromips", "micromips"])
def isa(request: pytest.FixtureRequest) -> str:
    """The compiler's flag for each instruction set."""
    return f"-DISA={request.param}"
