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

Build = Callable[..., Path]


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
