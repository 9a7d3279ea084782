# SPDX-License-Identifier: MIT
"""Builds small programs for the chip, with the firmware's compiler and the start-up in guest/programs.

A program says in its head comment what hands do to the board before and while it runs, a line for the panel each:
` * Panel: {"pin":"RB4","millivolts":1650,"at":1000000}` (see platforms/qemu/README.md).
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

PROGRAMS = Path(__file__).parent / "guest" / "programs"
COMPILER = "mipsel-linux-gnu-gcc"
FLAGS = [
    *("-march=mips32r2", "-mfp64", "-mhard-float", "-mdspr2", "-EL", "-mno-abicalls", "-fno-pic", "-mno-gpopt", "-G0"),
    *("-ffreestanding", "-nostdlib", "-static", "-O2", "-Wall", "-Wextra", "-Werror", "-Wl,--build-id=none"),
]


def panel_lines(source: Path) -> list[dict[str, Any]]:
    """What the program's head comment wants on the panel."""
    head = source.read_text().partition("*/")[0]
    return [json.loads(line) for line in re.findall(r"^ \* Panel: (.*)$", head, re.MULTILINE)]


def build(source: Path, directory: Path, *flags: str) -> Path:
    """The ELF file of one program, made in `directory`; `flags` are more for the compiler.

    Fails the test with the compiler's words.
    """
    if shutil.which(COMPILER) is None:
        pytest.fail(f"{COMPILER} is missing: run `make setup`", pytrace=False)
    output = directory / f"{source.stem}.elf"
    layout = ["-I", PROGRAMS, "-T", PROGRAMS / "guest.ld"]
    command = [COMPILER, *FLAGS, *flags, *layout, PROGRAMS / "start.S", source, "-o", output]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        pytest.fail(done.stderr, pytrace=False)
    return output
