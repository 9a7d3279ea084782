# SPDX-License-Identifier: MIT
"""The failure bundle: one file with all that a board showed when a test failed, small enough to keep.

A zip file with a README.txt that says which test failed, of what, and which command runs it again; the recording that
this command plays back; console, panel events, emulator log, network.pcap, and where the firmware was: backtrace and
registers. Of a board that died or is stuck there are no registers.
"""

from __future__ import annotations

import hashlib
import re
import tempfile
import zipfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from pic32bench import __version__
from pic32bench.backtrace import board_backtrace
from pic32bench.bench import Board
from pic32bench.errors import BenchError
from pic32bench.network.pcap import shorten
from pic32bench.paths import file_digest
from pic32bench.recording import Recording

README = "README.txt"
PCAP = "network.pcap"
PCAP_LIMIT = 16 << 20  # bytes before compression, as the next
TEXT_LIMIT = 4 << 20
_NAME_LIMIT = 120
# What this process has written: a test that is run twice, or has two boards, keeps a file of each.
_written: set[Path] = set()


@dataclass(frozen=True)
class Failure:
    """Which test failed, by the name that its tool gives it, and of what."""

    test: str
    message: str


@dataclass(frozen=True)
class Sections:
    """What a board shows, as texts by title, and the recording of its run; ``unknown`` says why it has no registers."""

    texts: dict[str, str]
    recording: Recording
    unknown: str = ""


def look_at(board: Board) -> Sections:
    """Consoles, panel, emulator log, backtrace and registers of a board, and the recording of its run up to now."""
    texts = board.report_sections()
    try:
        with board.clock.standing_still():
            trace, core, recording = board_backtrace(board), board.core(), board.recording()
    except BenchError as error:
        return Sections(texts, board.recording(), error.message)
    return Sections({**texts, "backtrace": str(trace), "registers": str(core)}, recording)


def save(board: Board, sections: Sections, folder: Path, failure: Failure, identity: str = "") -> Path:
    """Writes the bundle of a board into ``folder``, whole or not at all, and returns its path.

    It is named after the test; ``identity`` is what tells apart tests of one name. Raises OSError.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = _free(folder / stem(failure.test, identity))
    texts = {_member(title): _shortened(text) for title, text in sections.texts.items()}
    members: dict[str, bytes] = {}
    notes = dict.fromkeys(texts, "")
    with tempfile.TemporaryDirectory(prefix="pic32bench-bundle-") as scratch:
        pcap = Path(scratch) / PCAP
        if board.network.save_pcap(pcap):
            left_out = shorten(pcap, PCAP_LIMIT)
            members[PCAP] = pcap.read_bytes()
            notes[PCAP] = f" (too long: {left_out} frames of its middle are left out)" if left_out else ""
    for name, text in texts.items():
        members[name] = text.encode()
        notes[name] = " (too long: its middle is left out)" if len(text) > TEXT_LIMIT else ""
    members[README] = _readme(board, sections, failure, path.name, notes).encode()
    sections.recording.save(path, members)
    return path


def summary(path: Path) -> list[str]:
    """What a bundle says of the failure, in a line each: the test, and of what it failed. Nothing of another file."""
    with suppress(OSError, KeyError, zipfile.BadZipFile), zipfile.ZipFile(path) as bundle:
        return bundle.read(README).decode(errors="replace").splitlines()[:2]
    return []


def _readme(board: Board, sections: Sections, failure: Failure, name: str, members: dict[str, str]) -> str:
    message = (failure.message.strip() or "no message").splitlines()[0]
    lost = sections.recording.lost
    images = [board.image.path, *([board.application] if board.application else [])]
    lines = [
        f"Test:      {failure.test}",
        f"Failed:    {message}",
        f"Replay:    not possible: {lost}" if lost else f"Replay:    pic32bench replay {name} [--gdb]",
        "",
        f"Board:     {board.description.name}, network {board.network.name}, seed {board.seed}",
        *(f"Image:     {image.name}, SHA-256 {_hash(image)}" for image in images),
        f"Time:      {board.clock.last_ns / 1e9:.9f} s",
        f"Versions:  pic32bench {__version__}, emulator {_emulator(board)}",
        "",
        f"The firmware is not known to be anywhere: {sections.unknown}"
        if sections.unknown
        else f"The firmware was at\n{sections.texts['backtrace']}",
        "",
        "In this file, beside the recording",
        *(f"  {member}{note}" for member, note in members.items()),
        "",
    ]
    return "\n".join(lines)


def _emulator(board: Board) -> str:
    """Its version, and the key that its build has in the cache."""
    folder = board.emulator.spec.binary.resolve().parent.name
    with suppress(BenchError):
        version = board.emulator.execute("query-version")["qemu"]
        return f"QEMU {version['major']}.{version['minor']}.{version['micro']}, build {folder}"
    return f"build {folder}"


def _hash(path: Path) -> str:
    try:
        return file_digest(path)
    except OSError:
        return "unknown: the file is gone"


def _member(title: str) -> str:
    return title.replace(" (", "-").replace(")", "").replace(" ", "-").lower() + ".txt"


def _shortened(text: str) -> str:
    if len(text) <= TEXT_LIMIT:
        return text + "\n"
    first = text[: TEXT_LIMIT // 4]
    return f"{first}\n[...]\n{text[len(first) - TEXT_LIMIT :]}\n"


def stem(test: str, identity: str = "") -> str:
    """A file name for a test: what can be read of its name, and six digits that tell it from others that look alike."""
    readable = re.sub(r"[^A-Za-z0-9_.-]+", "-", test).strip("-.")[-_NAME_LIMIT:]
    digits = hashlib.sha256(f"{test} {identity}".encode()).hexdigest()
    return f"{readable}-{digits[:6]}"


def _free(stem: Path) -> Path:
    path, number = stem.with_name(f"{stem.name}.zip"), 1
    while path in _written:
        number += 1
        path = stem.with_name(f"{stem.name}-{number}.zip")
    _written.add(path)
    return path
