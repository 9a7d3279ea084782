# SPDX-License-Identifier: MIT
"""Building an image for given values of options: the reference firmware, or what a command of the user's builds."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from elftools.common.exceptions import ELFError
from elftools.elf.constants import SH_FLAGS
from elftools.elf.elffile import ELFFile

from pic32bench import image as images
from pic32bench import paths
from pic32bench.chip import Chip
from pic32bench.errors import ImageError, NotBuiltError, UsageError
from pic32bench.shrink.task import pack_image

LARGE_ASSET = "noise.bin"
_LARGE_BYTES = 256 * 1024
_ASSERTED = re.compile(r'static assertion failed: "(.*)"')
_TROUBLE = re.compile(r"\bld(?:\.bfd)?: (.*)|error: (.*)")
_NOT_FOUND = 127  # what a POSIX shell ends with
_SKIPPED = (".git", ".venv", "__pycache__")


@dataclass(frozen=True)
class Built:
    """What came of a build: an image as `pack_image` packs it, or the reason why there is none.

    ``ram`` is the RAM that it takes before it runs, bytes, None when that cannot be told; ``digest`` stands for the
    image; ``seconds`` are wall seconds.
    """

    image: bytes | None = field(repr=False)
    reason: str = ""
    ram: int | None = None
    digest: str = ""
    seconds: float = field(default=0.0, compare=False)


class Builder(Protocol):
    """Who builds. One build at a time."""

    def build(self, values: Mapping[str, int]) -> Built:
        """An image with these values; one that cannot be built is told in the result.

        Raises UsageError when nothing can be built at all.
        """

    def close(self) -> None:
        """Removes what was only for building."""


class FirmwareBuild:
    """The reference firmware, with a large file beside its page, in a folder that is kept for the next time."""

    def __init__(self, folder: Path, chip: Chip) -> None:
        self._folder = folder
        self._chip = chip
        self._sources = paths.project_root() / "firmware"
        assets = folder / "assets"
        assets.mkdir(parents=True, exist_ok=True)
        (assets / LARGE_ASSET).write_bytes(hashlib.shake_128(b"shrink").digest(_LARGE_BYTES))
        self.command = ["make", f"-j{os.cpu_count() or 1}", "-C", str(self._sources), f"BUILD={folder / 'firmware'}"]
        self.command.append(f"EXTRA_ASSETS={assets}")

    def build(self, values: Mapping[str, int]) -> Built:
        begin = time.monotonic()
        output = _run([*self.command, *(f"{name}={value}" for name, value in values.items())], self._sources)
        if output.code:
            return Built(None, _first_trouble(output.lines), seconds=time.monotonic() - begin)
        return _built(self._folder / "firmware" / "websocket-demo.elf", self._chip, begin)

    def assets(self) -> tuple[tuple[str, str], ...]:
        """The files that a good image serves: path and SHA-256, the page first. Raises UsageError."""
        build = self._folder / "firmware" / "web"
        output = _run([*self.command, str(build / "installed")], self._sources)
        if output.code:
            raise UsageError(f"the firmware's page cannot be built: {_first_trouble(output.lines)}")
        web, library = self._sources / "web", build / "node_modules" / "uplot" / "dist"
        pages = [path for path in sorted(web.glob("*.*")) if path.suffix in (".css", ".js", ".svg")]
        served = [*pages, library / "uPlot.iife.min.js", library / "uPlot.min.css"]
        named = [("/", web / "index.html"), *((f"/{path.name}", path) for path in served)]
        return tuple((where, paths.file_digest(path)) for where, path in named)

    def close(self) -> None:
        pass


class CommandBuild:
    """What a shell command builds. ``{value}`` (of the only option) and ``{NAME}`` in it are the values.

    ``image`` is where the command puts the image, with the same placeholders. With ``copy`` it runs in a copy of the
    working directory, which is gone afterwards. Raises UsageError when the command takes no value.
    """

    def __init__(self, command: str, image: str, names: tuple[str, ...], chip: Chip, copy: bool) -> None:
        self._command, self._image, self._chip = command, image, chip
        self._names = names
        unused = [name for name in names if not any(mark in command for mark in self._marks(name))]
        if unused:
            mark = self._marks(unused[0])[-1]
            raise UsageError(f"--build-command {command!r} takes no {unused[0]}: write {mark} where its value goes")
        self._copy = tempfile.TemporaryDirectory(prefix="pic32bench-") if copy else None
        self._folder = Path.cwd()
        if self._copy is not None:
            self._folder = Path(self._copy.name) / "copy"
            try:
                shutil.copytree(Path.cwd(), self._folder, symlinks=True, ignore=self._skipped)
            except (OSError, shutil.Error) as error:
                self.close()
                raise UsageError(f"--copy: the working directory cannot be copied: {str(error)[:200]}") from None

    def _skipped(self, folder: str, names: list[str]) -> set[str]:
        """What is not copied; the copy itself above all, if it is made within the folder."""
        here = Path(folder).resolve()
        own = {name for name in names if self._copy is not None and here / name == Path(self._copy.name).resolve()}
        return own | {name for name in names if name in _SKIPPED}

    def _marks(self, name: str) -> list[str]:
        return [f"{{{name}}}", *(["{value}"] if len(self._names) == 1 else [])]

    def _fill(self, template: str, values: Mapping[str, int]) -> str:
        for name, value in values.items():
            for mark in self._marks(name):
                template = template.replace(mark, str(value))
        return template

    def build(self, values: Mapping[str, int]) -> Built:
        begin = time.monotonic()
        output = _run(["sh", "-c", self._fill(self._command, values)], self._folder)
        if output.code == _NOT_FOUND:
            raise UsageError(f"--build-command: {_last(output.lines)}")
        if output.code:
            return Built(None, _first_trouble(output.lines), seconds=time.monotonic() - begin)
        image = self._folder / self._fill(self._image, values)
        if not image.is_file():
            raise UsageError(f"no image {self._fill(self._image, values)} after the build: is that where it puts it?")
        return _built(image, self._chip, begin)

    def close(self) -> None:
        if self._copy is not None:
            self._copy.cleanup()


def static_ram(image: Path, chip: Chip) -> int | None:
    """The bytes of RAM that an ELF's sections take, stack and heap included as far as they are sections.

    None for what is no ELF.
    """
    try:
        with image.open("rb") as stream:
            return sum(
                int(section["sh_size"])
                for section in ELFFile(stream).iter_sections()
                if section["sh_flags"] & SH_FLAGS.SHF_ALLOC
                and chip.ram.holds(section["sh_addr"] & images.PHYSICAL, max(1, section["sh_size"]))
            )
    except (OSError, ELFError):
        return None


def _built(image: Path, chip: Chip, begin: float) -> Built:
    try:
        images.check(image, chip)
        packed = pack_image(image)
        digest = _digest(image)
    except ImageError as error:
        return Built(None, error.message, seconds=time.monotonic() - begin)
    elf = image if image.suffix.lower() == ".elf" else image.with_suffix(".elf")
    return Built(packed, "", static_ram(elf, chip), digest, time.monotonic() - begin)


def _digest(image: Path) -> str:
    """Stands for what is loaded, and not for what else an ELF says: names of temporary files, for instance."""
    total = hashlib.sha256()
    with image.open("rb") as stream:
        if image.suffix.lower() != ".elf":
            total.update(stream.read())
        else:
            for segment in ELFFile(stream).iter_segments("PT_LOAD"):
                total.update(f"{segment['p_vaddr']} {segment['p_paddr']} {segment['p_memsz']}\n".encode())
                total.update(segment.data())
    return total.hexdigest()


@dataclass(frozen=True)
class _Output:
    code: int
    lines: list[str]


def _run(command: list[str], folder: Path) -> _Output:
    """Runs a command in a group of its own, which is ended with this process's wait. Raises UsageError."""
    outside = ("MAKEFLAGS", "MFLAGS", "MAKELEVEL", "MAKEOVERRIDES")  # of a make that runs the bench
    environment = {name: value for name, value in os.environ.items() if name not in outside}
    try:
        process = subprocess.Popen(
            command,
            cwd=folder,
            env={**environment, "LC_ALL": "C.UTF-8"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            process_group=0,
        )
    except FileNotFoundError:
        raise NotBuiltError(f"{command[0]} is not installed: `make setup` installs what building needs") from None
    try:
        said, _ = process.communicate()
    except BaseException:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        process.communicate()
        raise
    return _Output(process.returncode, [line.strip() for line in said.splitlines() if line.strip()])


def _last(lines: list[str]) -> str:
    """The last line of a build that is not make's own."""
    own = [line for line in lines if not re.match(r"g?make(\[\d+\])?: ", line)]
    return (own or lines or ["the build failed and printed nothing"])[-1]


def _first_trouble(lines: list[str]) -> str:
    """Why it cannot be built: a failed assertion's words, or the compiler's or linker's, or the last line."""
    for pattern in (_ASSERTED, _TROUBLE):
        for line in lines:
            if found := pattern.search(line):
                return next(group for group in found.groups() if group)
    return _last(lines)
