# SPDX-License-Identifier: MIT
"""Where things are: the project, its boards, the emulator and the reference firmware."""

from __future__ import annotations

import functools
import hashlib
import os
from pathlib import Path

from pic32bench.errors import BoardFileError, ImageError, NotBuiltError

DEFAULT_BOARD = "ef-starter-kit"


def project_root() -> Path:
    """The checkout this package runs from (it is installed editable), else the working directory."""
    for parent in Path(__file__).resolve().parents:
        if (parent / "platforms").is_dir() and (parent / "pyproject.toml").is_file():
            return parent
    return Path.cwd()


def board_file(name: str | Path) -> Path:
    """The board file for a name such as ``ef-starter-kit``, or for a path to a .toml file.

    Raises BoardFileError when there is none.
    """
    text = str(name)
    if text.endswith(".toml") or os.sep in text:
        path = Path(text)
        if not path.is_file():
            raise BoardFileError(f"no board file {text}")
        return path
    folder = project_root() / "platforms"
    path = folder / f"{text}.toml"
    if not path.is_file():
        known = ", ".join(sorted(p.stem for p in folder.glob("*.toml"))) or "none"
        raise BoardFileError(f"no board named {text!r}: the boards in platforms/ are {known}")
    return path


def emulator_binary() -> Path:
    """The emulator: ``$PIC32BENCH_QEMU``, else what ``make emulator`` built. Raises NotBuiltError."""
    return _built("PIC32BENCH_QEMU", Path("build/emulator/qemu-system-mipsel"), "the emulator", "make emulator")


def watch_plugin() -> Path:
    """The plugin that watches RAM, beside the emulator. Raises NotBuiltError."""
    path = emulator_binary().with_name("libwatch.so")
    if not path.is_file():
        raise NotBuiltError(f"the emulator's plugin is not built ({path} is missing): run `make emulator`")
    return path


def reference_firmware() -> Path:
    """The demo's firmware: ``$PIC32BENCH_IMAGE``, else what ``make firmware`` built. Raises NotBuiltError."""
    return _built(
        "PIC32BENCH_IMAGE",
        Path("build/firmware/websocket-demo.elf"),
        "the reference firmware",
        "make firmware",
    )


def large_firmware() -> Path:
    """The reference firmware with a file of 1 MiB beside its page, that ``make firmware-large`` built.

    Raises NotBuiltError.
    """
    return _built(
        "PIC32BENCH_LARGE_IMAGE",
        Path("build/firmware-large/websocket-demo.elf"),
        "the firmware with a large file",
        "make firmware-large",
    )


def station_library() -> Path:
    """The TCP/IP stack of network ``wire``: ``$PIC32BENCH_STATION``, else what ``make peer`` built.

    Raises NotBuiltError.
    """
    return _built("PIC32BENCH_STATION", Path("build/peer/libstation.so"), "the station's TCP/IP stack", "make peer")


def image_file(image: str | Path | None) -> Path:
    """The firmware image asked for, or the reference firmware for None. Raises ImageError, NotBuiltError."""
    if image is None:
        return reference_firmware()
    path = Path(image)
    if not path.exists():
        raise ImageError(f"no firmware image {path}: give the path of a .hex or .elf file")
    if not path.is_file():
        raise ImageError(f"{path} is no file: give the path of a .hex or .elf file")
    return path


def everything_built(image: str | Path | None) -> Path:
    """The image file, as `image_file`; makes sure of the emulator too, and names both if both are not built."""
    missing = []
    for find in (emulator_binary, lambda: image_file(image)):
        try:
            path = find()
        except NotBuiltError as error:
            missing.append(error.message)
    if missing:
        raise NotBuiltError("; ".join(missing))
    return path


def version(path: Path) -> tuple[int, ...]:
    """What changes when a file does, without reading it: for what was made of a file and is kept. Raises OSError."""
    about = path.stat()
    return about.st_dev, about.st_ino, about.st_size, about.st_mtime_ns


def write_whole(path: Path, data: bytes) -> None:
    """Writes a file, whole or not at all; what is no file, such as a pipe, is written to as it is. Raises OSError."""
    if path.exists() and not path.is_file():
        path.write_bytes(data)
        return
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        temporary.write_bytes(data)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def _built(variable: str, relative: Path, what: str, target: str) -> Path:
    chosen = os.environ.get(variable)
    path = Path(chosen) if chosen else project_root() / relative
    if path.is_file():
        return path
    if chosen:
        raise NotBuiltError(f"{what} is not at {path}, where ${variable} points: correct or unset it")
    raise NotBuiltError(f"{what} is not built ({relative} is missing): run `{target}`")


def file_digest(path: Path) -> str:
    """SHA-256 of a file's contents; read once as long as the file does not change. Raises OSError."""
    return _file_digest(path, version(path))


@functools.lru_cache(maxsize=256)
def _file_digest(path: Path, version: tuple[int, ...]) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
