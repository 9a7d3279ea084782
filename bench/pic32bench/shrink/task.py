# SPDX-License-Identifier: MIT
"""What is tried and what comes of it, as plain data: an image travels with its task to any machine with the project.

A task is tried by `pic32bench.shrink.trial.try_image`. What it says depends on the task alone, so it does not matter
where, in which order or how many at a time tasks are tried.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from pic32bench import paths
from pic32bench.errors import ImageError

SYMBOLS = (".elf", ".map")
_LONG_AGO = (1980, 1, 1, 0, 0, 0)  # so that the same files make the same bytes


@dataclass(frozen=True)
class Settings:
    """How an image is tried; no path of any machine in it.

    ``trial`` is one of `pic32bench.shrink.trial.TRIALS`, ``board`` the name of a board in platforms/ or a board file's
    text, ``seed`` that of the chip's random numbers.
    """

    trial: str
    board: str = paths.DEFAULT_BOARD
    seed: int = 1
    # Trial `cheap`: what the page's files must be, path -> SHA-256 of the decoded body; the file to measure HTTP with;
    # the length around which echoes are tried, and how long its answers may take.
    assets: tuple[tuple[str, str], ...] = ()
    large_asset: str = ""
    buffer_size: int = 4096
    checks: tuple[str, ...] = ()  # those to make, by name; none: all
    # Trial `boots`: what the console must say, and the virtual seconds in which it must.
    until: str = ""
    seconds: float = 30.0
    # Trial `suites`: what is run; in the project, or in the task's ``files``.
    suites: tuple[str, ...] = ()


@dataclass(frozen=True)
class Task:
    """One image to be tried in one way.

    ``key`` tells it from others, ``image`` is a zip as `pack_image` makes it, the image first, ``files`` one
    of what the trial wants beside it, such as suites that are not the project's.
    """

    key: str
    image: bytes = field(repr=False)
    settings: Settings
    files: bytes = field(default=b"", repr=False)


@dataclass(frozen=True)
class Outcome:
    """What came of a task. ``reason`` is one line that says why it failed, empty when it passed.

    ``figures`` are in virtual time, so they repeat exactly: ``frame_rate`` (frames a second), ``http`` and
    ``websocket`` (Mbit/s), ``seconds`` (virtual, of the whole trial). ``checks`` are those that passed, in order.
    ``wall`` is how many wall seconds it took.
    """

    passed: bool
    reason: str = ""
    figures: Mapping[str, float] = field(default_factory=dict)
    checks: tuple[str, ...] = ()
    wall: float = field(default=0.0, compare=False)


class Workers(Protocol):
    """Who tries tasks."""

    @property
    def count(self) -> int:
        """How many tasks are tried at a time."""

    def run(self, tasks: Iterable[Task]) -> Iterator[tuple[Task, Outcome]]:
        """Tries all tasks and yields them as they are done, in any order.

        Takes a task from ``tasks`` only when somebody is free to try it, as each is built while others are tried.
        """


def pack(files: Iterable[tuple[str, Path]]) -> bytes:
    """Files as a zip, by the names given; a folder with all in it. The same contents make the same bytes.

    Raises ImageError when one cannot be read.
    """
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, top in files:
            for path in sorted(path for path in top.rglob("*") if path.is_file()) if top.is_dir() else [top]:
                if "__pycache__" in path.parts:
                    continue
                info = zipfile.ZipInfo(str(Path(name) / path.relative_to(top)), _LONG_AGO)
                info.compress_type = zipfile.ZIP_DEFLATED
                try:
                    archive.writestr(info, path.read_bytes())
                except OSError as error:
                    raise ImageError(f"{path}: {error.strerror}") from None
    return written.getvalue()


def pack_image(image: Path) -> bytes:
    """An image; with a .hex, which has no symbols, the .elf or .map of its name too. Raises ImageError."""
    symbols = [image.with_suffix(suffix) for suffix in SYMBOLS if image.suffix.lower() != ".elf"]
    files = [paths.image_file(image), *(path for path in symbols if path.is_file())]
    return pack((path.name, path) for path in files)


def unpack(packed: bytes, folder: Path) -> list[Path]:
    """Writes what `pack` packed into a folder; the files, in the zip's order."""
    with zipfile.ZipFile(io.BytesIO(packed)) as archive:
        archive.extractall(folder)
        return [folder / name for name in archive.namelist()]
