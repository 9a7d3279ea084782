# SPDX-License-Identifier: MIT
"""Small programs, compiled on the spot and never run."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from pic32bench.callgraph import CallGraph, build, load
from pic32bench.paths import reference_firmware

PROGRAMS = Path(__file__).parent / "programs"
ISAS = ("-mno-micromips", "-mmicromips")
COMPILER = "mipsel-linux-gnu-gcc"
FLAGS = (
    *("-EL", "-march=mips32r5", "-msoft-float", "-mno-abicalls", "-fno-pic", "-no-pie", "-G0", "-ffreestanding"),
    *("-fno-stack-protector", "-minterlink-compressed", "-nostdlib", "-static", "-g"),
    *("-Wl,-Ttext=0x9d000000", "-Wl,-Tdata=0x80000000", "-Wl,-e,main", "-Wl,--build-id=none"),
)

Compile = Callable[..., Path]


@pytest.fixture(scope="session")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> Compile:
    """Compiles files of programs/, or C code as text, with more arguments for the compiler; returns the ELF."""
    if shutil.which(COMPILER) is None:
        pytest.skip(f"no {COMPILER}: `make test` installs it")
    built: dict[tuple[str, ...], Path] = {}

    def build(sources: str, *arguments: str) -> Path:
        key = (sources, *arguments)
        if key not in built:
            folder = tmp_path_factory.mktemp("program")
            files = [str(PROGRAMS / name) for name in sources.split()]
            if "\n" in sources:
                (folder / "program.c").write_text(sources)
                files = ["program.c"]
            command = [COMPILER, *FLAGS, f"-Wl,-Map={folder / 'program.map'}", *arguments, *files, "-o", "program.elf"]
            subprocess.run(command, cwd=folder, check=True)
            built[key] = folder / "program.elf"
        return built[key]

    return build


@pytest.fixture(scope="session")
def firmware() -> CallGraph:
    """The reference firmware's."""
    return build(load(reference_firmware()))


@pytest.fixture(scope="session")
def handlers(compiled: Compile) -> Path:
    """A program with a reset, handlers and tasks."""
    places = ("-Wl,--section-start=.boot=0xbfc00000", "-Wl,--section-start=.vectors=0x9d010000", "-Wl,-Tbss=0x80000100")
    return compiled("handlers.S handlers.c", "-Os", *places)


def to_hex(elf: Path, folder: Path) -> Path:
    """The same program as Intel HEX, with nothing beside it."""
    image = folder / "image.hex"
    subprocess.run(["mipsel-linux-gnu-objcopy", "-O", "ihex", str(elf), str(image)], check=True)
    return image


def stripped(elf: Path, folder: Path) -> Path:
    """The same program without symbols."""
    image = folder / "stripped.elf"
    subprocess.run(["mipsel-linux-gnu-strip", "-o", str(image), str(elf)], check=True)
    return image
