# SPDX-License-Identifier: MIT
"""The whole house at work: the real emulator, the real firmware, and the three front ends in processes of their own.

Every command that a test runs is watched: when it has ended, none of its processes and no temporary file may be left.
Sockets need no look of their own: the bench uses none with a name, and those without end with their process.
"""

from __future__ import annotations

import os
import select
import subprocess
import sys
import uuid
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from elftools.elf.elffile import ELFFile
from guest_program import PROGRAMS, build

from pic32bench import paths
from pic32bench.errors import NotBuiltError

MINI_BOARD = Path(__file__).parent / "programs" / "mini_board.c"
SUITES = paths.project_root() / "robot"
_STO_MICROMIPS = 0x80  # binutils, include/elf/mips.h
_STO_ISA = 0xC0
# What to put at the start of a function, by what it then does: MIPS32 words and microMIPS halfwords, from the
# MIPS architecture manuals (MD00086, MD00594).
_CODE = {
    "returns 0": ([0x03E00008, 0x00001025], [0xED00, 0x45BF]),  # jr ra; move v0,zero      li16 v0,0; jrc ra
    "loads from address 2": ([0x8C020002], [0xFC40, 0x0002]),  # lw v0,2(zero)
    "loops": ([0x1000FFFF, 0x00000000], [0xCFFF, 0x0C00]),  # b .; nop
    "sleeps": (  # di; wait; b .-8; nop
        [0x41606000, 0x42000020, 0x1000FFFD, 0x00000000],
        [0x0000, 0x477C, 0x0000, 0x937C, 0xCFFD, 0x0C00],
    ),
}


@pytest.fixture(autouse=True)
def firmware() -> Path:
    """The reference firmware; skips, saying so, what needs more than has been built."""
    try:
        paths.everything_built(None)
        paths.station_library()
    except NotBuiltError as error:
        pytest.skip(str(error))
    return paths.reference_firmware()


@pytest.fixture(scope="session")
def images(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the guest programs that the stories are about."""
    folder = tmp_path_factory.mktemp("images")
    for source in (PROGRAMS / "panel_swap.c", PROGRAMS / "watchdog_sleep.c", MINI_BOARD):
        build(source, folder)
    return folder


@pytest.fixture
def sabotaged(firmware: Path, tmp_path: Path) -> Callable[[str, str], Path]:
    """A function that copies the firmware and breaks one of its functions: ``("main", "loops")``."""

    def make(function: str, does: str) -> Path:
        image = bytearray(firmware.read_bytes())
        offset, micromips = _place(firmware, function)
        words, halfwords = _CODE[does]
        if micromips:
            code = b"".join(half.to_bytes(2, "little") for half in halfwords)
        else:
            code = b"".join(word.to_bytes(4, "little") for word in words)
        image[offset : offset + len(code)] = code
        path = tmp_path / f"{function}-{does.replace(' ', '-')}.elf"
        path.write_bytes(image)
        return path

    return make


def address(elf_file: Path, function: str) -> int:
    """Where a function is, bit 0 saying that it is microMIPS code."""
    with elf_file.open("rb") as file:
        (symbol,) = ELFFile(file).get_section_by_name(".symtab").get_symbol_by_name(function)
        return int(symbol["st_value"])


def _place(elf_file: Path, function: str) -> tuple[int, bool]:
    """Where a function's code is in the file, and whether it is microMIPS code."""
    with elf_file.open("rb") as file:
        elf: Any = ELFFile(file)
        table = elf.get_section_by_name(".symtab")
        raw = table.data()
        for index, symbol in enumerate(table.iter_symbols()):
            if symbol.name == function and symbol["st_info"]["type"] == "STT_FUNC":
                micromips = raw[16 * index + 13] & _STO_ISA == _STO_MICROMIPS  # Elf32_Sym: st_other is byte 13
                address = symbol["st_value"] & ~1
                return next(elf.address_offsets(address, 4)), micromips
    raise LookupError(f"{elf_file} has no function {function}")


@dataclass(frozen=True)
class Ended:
    """How a command ended: exit status and what it printed."""

    status: int
    out: str
    err: str

    @property
    def text(self) -> str:
        return self.out + self.err


class Runner:
    """Runs commands of the project in a folder of their own, and looks after each for what it left behind."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.temporary = folder / "tmp"
        self.temporary.mkdir()
        self.mark = f"PIC32BENCH_TEST={uuid.uuid4()}"
        name, _, value = self.mark.partition("=")
        self.environment = {**os.environ, "TMPDIR": str(self.temporary), name: value}

    def start(self, *arguments: str | Path) -> subprocess.Popen[str]:
        """Starts ``python -m ARGUMENTS``."""
        return subprocess.Popen(
            [sys.executable, "-m", *map(str, arguments)],
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def end(self, process: subprocess.Popen[str], backstop_wall: float = 150.0) -> Ended:
        """Waits for the end of a command, and makes sure that nothing is left of it."""
        try:
            out, err = process.communicate(timeout=backstop_wall)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            pytest.fail(f"{' '.join(map(str, process.args))} did not end within {backstop_wall:g} s")  # type: ignore
        self.nothing_is_left()
        return Ended(process.returncode, out, err)

    def run(self, *arguments: str | Path) -> Ended:
        """Runs ``python -m ARGUMENTS`` to its end."""
        return self.end(self.start(*arguments))

    def pic32bench(self, *arguments: str | Path) -> Ended:
        """Runs the command line."""
        return self.run("pic32bench.cli", *arguments)

    def pytest(self, code: str, *arguments: str | Path) -> Ended:
        """Runs a pytest of its own on a file of tests."""
        (self.folder / "test_inner.py").write_text(code)
        return self.run("pytest", "-p", "no:cacheprovider", "--rootdir", self.folder, *arguments, "test_inner.py")

    def robot(self, *arguments: str | Path) -> dict[str, str]:
        """Runs Robot; each test's message by its name, empty if it passed."""
        ended = self.run("robot", "--outputdir", self.folder / "out", *arguments)
        assert "Traceback" not in ended.text, ended.text
        output = self.folder / "out" / "output.xml"
        assert output.is_file(), ended.text
        messages = {}
        for test in ET.parse(output).iter("test"):
            status = test.find("status")
            assert status is not None
            messages[test.attrib["name"]] = (status.text or "?") if status.attrib["status"] != "PASS" else ""
        return messages

    def processes(self) -> dict[int, str]:
        """Processes that descend from commands of this test, by their environment: pid and program."""
        found = {}
        for folder in Path("/proc").iterdir():
            with suppress(OSError, ValueError):
                if self.mark.encode() in (folder / "environ").read_bytes().split(b"\0"):
                    found[int(folder.name)] = os.readlink(folder / "exe")
        return found

    def emulator(self) -> int:
        """The process id of the emulator that a command of this test started."""
        (pid,) = [pid for pid, program in self.processes().items() if "qemu-system" in program]
        return pid

    def nothing_is_left(self) -> None:
        """Fails if a process or a temporary file is left."""
        for pid in self.processes():
            with suppress(ProcessLookupError):
                descriptor = os.pidfd_open(pid)
                select.select([descriptor], [], [], 10)  # what was killed may take a moment to go
                os.close(descriptor)
        assert self.processes() == {}
        assert list(self.temporary.iterdir()) == []


@pytest.fixture
def runner(tmp_path: Path) -> Iterator[Runner]:
    """Runs commands and watches what they leave behind."""
    runner = Runner(tmp_path)
    yield runner
    runner.nothing_is_left()
