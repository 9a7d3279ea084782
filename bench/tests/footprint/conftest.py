# SPDX-License-Identifier: MIT
"""Tiny images, compiled on the spot."""

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

ONE_C = """
char buffer[100];
static char again[3] = {1, 2, 3};
short counter = 7;
static int __attribute__((noinline)) helper(int x) { return again[x] + counter; }
int worker(int x) { static char seen[24]; seen[x] = (char) x; return helper(x) + seen[0]; }
extern int other(int);
int idle(int x) { return x; }
extern int also_idle(int) __attribute__((alias("idle")));
int main(void) { return worker(other(buffer[0])) + also_idle(1); }
"""
TWO_C = """
static char again[5] = {9};
static int __attribute__((noinline)) helper(int x) { return again[x] * 3; }
int other(int x) { return helper(x + 1); }
"""

LINKER_SCRIPT = """
MEMORY { flash (rx) : ORIGIN = 0x9d000000, LENGTH = 64K  ram (wx) : ORIGIN = 0x80000000, LENGTH = 64K }
SECTIONS {
    .text : { *(.text .text.*) } > flash
    .rodata : { *(.rodata .rodata.*) } > flash
    .data : { _gp = . + 0x7ff0; *(.sdata .sdata.* .data .data.*) } > ram AT > flash
    .bss (NOLOAD) : { *(.sbss .sbss.* .bss .bss.* .scommon COMMON) } > ram
    /DISCARD/ : { *(.reginfo .MIPS.abiflags .pdr .comment .note.* .gnu.attributes .mdebug.* .eh_frame) }
}
"""

Build = Callable[..., Path]
Link = Callable[..., Path]


def compiler() -> str:
    found = shutil.which("mipsel-linux-gnu-gcc") or shutil.which("gcc")
    if found is None:
        pytest.skip("no mipsel-linux-gnu-gcc and no gcc: `make test` installs one")
    return found


@pytest.fixture(scope="session")
def build(tmp_path_factory: pytest.TempPathFactory) -> Build:
    """Compile and link the two files above with more compiler arguments; returns the ELF, its MAP beside it."""

    def link(*arguments: str) -> Path:
        folder = tmp_path_factory.mktemp("image")
        (folder / "one.c").write_text(ONE_C)
        (folder / "two.c").write_text(TWO_C)
        command = [compiler(), "-Os", "-fno-pic", "-fno-pie", "-no-pie", "-nostdlib", "-static", "-ffreestanding"]
        command += ["-ffunction-sections", "-fno-toplevel-reorder", "-fno-inline", "-fno-ipa-icf", "-Wl,-e,main"]
        command += [f"-Wl,-Map={folder / 'image.map'}", *arguments, "one.c", "two.c", "-o", "image.elf"]
        subprocess.run(command, cwd=folder, check=True)
        return folder / "image.elf"

    return link


@pytest.fixture(scope="session")
def link(tmp_path_factory: pytest.TempPathFactory) -> Link:
    """Compile sources, one object file each, and link them to where a PIC32MZ has flash and RAM; a MAP is beside."""
    compiler = shutil.which("mipsel-linux-gnu-gcc")
    if compiler is None:
        pytest.skip("no mipsel-linux-gnu-gcc: `make test` installs it")

    built: dict[tuple[object, ...], Path] = {}

    def link(sources: dict[str, str], *arguments: str) -> Path:
        asked = (*sources.items(), *arguments)
        if asked in built:
            return built[asked]
        folder = tmp_path_factory.mktemp("firmware")
        (folder / "memory.ld").write_text(LINKER_SCRIPT)
        flags = ["-Os", "-fno-pic", "-mno-abicalls", "-ffreestanding", "-fno-toplevel-reorder", *arguments]
        for name, text in sources.items():
            (folder / name).write_text(text)
            subprocess.run([compiler, *flags, "-c", name], cwd=folder, check=True)
        objects = [f"{Path(name).stem}.o" for name in sources]
        command = [compiler, *flags, "-nostdlib", "-static", "-Wl,-T,memory.ld", "-Wl,-e,main", "-Wl,--build-id=none"]
        subprocess.run([*command, "-Wl,-Map=image.map", *objects, "-o", "image.elf"], cwd=folder, check=True)
        built[asked] = folder / "image.elf"
        return built[asked]

    return link


@pytest.fixture(scope="session")
def image(build: Build) -> Path:
    return build()


@pytest.fixture
def budget(tmp_path: Path) -> Callable[[str], Path]:
    """Write a footprint table."""

    def write(text: str) -> Path:
        path = tmp_path / "table.toml"
        path.write_text(text)
        return path

    return write


def row(what: str, name: str, size: int, symbols: str | None = None, access: str = "GLOBAL") -> str:
    text = f'[[{what}]]\nname = "{name}"\naddress = 0x80000000\nsize = {size}\naccess = "{access}"\n'
    return text + (f"symbols = {symbols}\n" if symbols is not None else "")
