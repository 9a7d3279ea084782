# SPDX-License-Identifier: MIT
"""A recording: all that a run was made of, in one zip file, so that it can be had again.

The emulator is a function of the image, the machine's options and what came from outside, each with its virtual time.
So a recording holds these, and of what the board said and did only checksums, by which a replay is seen to be the same:

    recording.json      the format's version, the emulator, the board, the options, the network, when it ended
    inputs.jsonl        what came from outside and when, as the emulator writes it (platforms/qemu/README.md, *Inputs*)
    board.toml, image.* the board file and the images; parts/*: what its memories held at power-on

A zip may hold more beside them, such as a console: a replay does not look at it.
"""

from __future__ import annotations

import io
import json
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pic32bench.errors import UsageError
from pic32bench.paths import write_whole

FORMAT = 1
_ABOUT, _INPUTS = "recording.json", "inputs.jsonl"
_OWN = ("board.toml", "image.", "application.", "parts/")


class RecordingError(UsageError):
    """A recording cannot be read: it is damaged, cut off, of another version, or no recording at all."""


@dataclass(frozen=True)
class Recording:
    """A run. ``files`` are the board file, images and parts, by their names in the zip; times are virtual ns.

    ``emulator`` is the SHA-256 of the emulator's file, ``machine`` the options of its machine.

    ``end_ns`` and ``instructions`` (None when the emulator had died) say where it ended, ``sums`` what the board had
    sent by then.
    """

    emulator: str
    machine: Mapping[str, Any]
    icount_shift: int
    seed: int
    network: str
    end_ns: int
    instructions: int | None
    sums: Mapping[str, str] | None
    inputs: bytes = field(repr=False)
    files: Mapping[str, bytes] = field(repr=False)

    def members(self) -> dict[str, bytes]:
        """What the zip holds, by name."""
        about = {
            "format": FORMAT,
            "emulator": self.emulator,
            "machine": dict(self.machine),
            "icount_shift": self.icount_shift,
            "seed": self.seed,
            "network": self.network,
            "end_ns": self.end_ns,
            "instructions": self.instructions,
            "sums": None if self.sums is None else dict(self.sums),
        }
        return {_ABOUT: json.dumps(about, indent=1).encode(), _INPUTS: self.inputs, **self.files}

    def save(self, path: str | Path, extra: Mapping[str, bytes] | None = None) -> None:
        """Writes the zip, whole or not at all, with ``extra`` members beside. Raises OSError."""
        members = {**self.members(), **(extra or {})}
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, data in members.items():
                # The same run gives the same file: no date of its own.
                archive.writestr(zipfile.ZipInfo(name), data, zipfile.ZIP_DEFLATED)
        write_whole(Path(path), packed.getvalue())

    @classmethod
    def load(cls, path: str | Path) -> Recording:
        """Reads a zip. Raises RecordingError."""
        try:
            with zipfile.ZipFile(path) as archive:
                if _ABOUT not in archive.namelist():
                    raise RecordingError(f"{path} is no recording: it has no {_ABOUT}")
                about = json.loads(archive.read(_ABOUT))
                if about.get("format") != FORMAT:
                    raise RecordingError(
                        f"{path} is a recording of format {about.get('format')}: this version reads {FORMAT}"
                    )
                inputs = archive.read(_INPUTS)
                files = {name: archive.read(name) for name in archive.namelist() if name.startswith(_OWN)}
        except OSError as error:
            raise RecordingError(f"cannot read {path}: {error.strerror or error}") from error
        except (zipfile.BadZipFile, zlib.error, EOFError) as error:
            raise RecordingError(f"{path} is no recording, or damaged: {str(error).rstrip('.')}") from error
        except (ValueError, KeyError, AttributeError, NotImplementedError) as error:
            raise RecordingError(f"recording {path} is damaged: {error}") from error
        try:
            recording = cls(
                emulator=str(about["emulator"]),
                machine=dict(about["machine"]),
                icount_shift=int(about["icount_shift"]),
                seed=int(about["seed"]),
                network=str(about["network"]),
                end_ns=int(about["end_ns"]),
                instructions=about["instructions"],
                sums=about["sums"],
                inputs=inputs,
                files=files,
            )
            recording.file("board")
            recording.file("image")
            for line in inputs.splitlines():
                json.loads(line)["t"]
        except (ValueError, KeyError, TypeError, StopIteration) as error:
            raise RecordingError(f"recording {path} is damaged: {error}") from error
        return recording

    def file(self, stem: str) -> str:
        """The name of the file with this stem, such as ``image.elf``. Raises KeyError."""
        for name in self.files:
            if Path(name).stem == stem and "/" not in name:
                return name
        raise KeyError(f"it has no {stem}")

    def unpack(self, folder: Path) -> None:
        """Writes the files and the list of inputs into a folder."""
        for name, data in {**self.files, _INPUTS: self.inputs}.items():
            path = (folder / name).resolve()
            if not path.is_relative_to(folder.resolve()):
                raise RecordingError(f"recording is damaged: it has a file {name}")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)

    @property
    def lost(self) -> str | None:
        """What came from outside in a way that cannot be replayed, with its time, or None."""
        for line in self.inputs.splitlines():
            entry = json.loads(line)
            if "lost" in entry:
                return f"{entry['lost']} at {entry['t'] / 1e9:.9f} s"
        return None


@dataclass(frozen=True)
class Difference:
    """Where two lists part: until when they are the same, virtual ns, and the two lines that are not."""

    time_ns: int
    expected: str
    found: str

    def __str__(self) -> str:
        return f"at {self.time_ns / 1e9:.9f} s: recorded {self.expected}, now {self.found}"


def compare(recorded: bytes, now: bytes, so_far: bool = False) -> Difference | None:
    """The first difference of two lists of inputs and checksums, or None when they are the same.

    ``so_far``: one of them may have more lines than the other.
    """
    theirs, ours = recorded.decode().splitlines(), now.decode().splitlines()
    if so_far:
        shorter = min(len(theirs), len(ours))
        theirs, ours = theirs[:shorter], ours[:shorter]
    if theirs == ours:
        return None
    place = next((i for i, (a, b) in enumerate(zip(theirs, ours, strict=False)) if a != b), min(len(theirs), len(ours)))
    lines = [lines[place] if place < len(lines) else "" for lines in (theirs, ours)]
    times = [json.loads(line)["t"] for line in lines if line]
    return Difference(min(times), *(_what(line, lines[1 - i]) for i, line in enumerate(lines)))


def _what(line: str, other: str) -> str:
    """A line of a list for people: what in it is not as in the other."""
    if not line:
        return "nothing more"
    entry = json.loads(line)
    if "sums" in entry:
        others = json.loads(other).get("sums", {}) if other else {}
        parts = [f"{name} {value}" for name, value in entry["sums"].items() if others.get(name) != value]
        return f"what the board sent until {entry['t'] / 1e9:.9f} s ({', '.join(parts) or 'the same, at another time'})"
    return line if len(line) <= 160 else line[:157] + "..."
