# SPDX-License-Identifier: MIT
"""The kept corpus of a protocol: inputs of which each has shown a way through the firmware that those before did not.

A text file: an input a line in hex, the pieces of a stream apart by spaces, and at its top what has been done with it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

from pic32bench import paths
from pic32bench.errors import UsageError
from pic32bench.fuzz.protocol import Input

SUFFIX = ".corpus"
_TOTALS = re.compile(r"^# since the last finding: (\d+) executions in ([\d.]+) s; findings so far: (\d+)$", re.M)
_EMPTY = "-"  # a piece without bytes


def kept_folder() -> Path:
    """Where the corpus of the reference firmware is."""
    return paths.project_root() / "firmware" / "fuzz"


@dataclass
class Corpus:
    """Inputs, and totals over all sessions: executions and wall seconds since the last finding, and findings."""

    inputs: list[Input] = field(default_factory=list)
    executions: int = 0
    seconds_wall: float = 0.0
    findings: int = 0

    @classmethod
    def load(cls, path: Path) -> Corpus:
        """Reads a file; an empty corpus when there is none. Raises UsageError, one line."""
        try:
            text = path.read_text() if path.exists() else ""
            inputs = [parse(line) for line in text.splitlines() if line.strip() and not line.startswith("#")]
        except (OSError, UnicodeDecodeError) as error:
            raise UsageError(f"cannot read corpus {path}: {error}") from error
        except ValueError as error:
            raise UsageError(f"corpus {path}: {error}: expected lines of hex digits") from error
        totals = _TOTALS.search(text)
        if totals is None:
            return cls(inputs)
        return cls(inputs, int(totals[1]), float(totals[2]), int(totals[3]))

    def after(self, executions: int, seconds_wall: float, findings: int, inputs: list[Input]) -> Corpus:
        """The corpus after a session: with a finding the totals begin anew."""
        if findings:
            return Corpus(inputs, 0, 0.0, self.findings + findings)
        return Corpus(inputs, self.executions + executions, self.seconds_wall + seconds_wall, self.findings)

    def save(self, path: Path, protocol: str, about: str) -> None:
        """Writes the file, whole or not at all. Raises UsageError."""
        lines = [
            f"# Kept corpus of `pic32bench fuzz {protocol}`, one input a line: {about}.",
            f"# since the last finding: {self.executions} executions in {self.seconds_wall:.0f} s; findings so far: "
            f"{self.findings}",
            *(write(each) for each in self.inputs),
            "",
        ]
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            paths.write_whole(path, "\n".join(lines).encode())
        except OSError as error:
            raise UsageError(f"cannot write corpus {path}: {error.strerror}") from error


def parse(line: str) -> Input:
    """An input of a line. Raises ValueError."""
    return tuple(b"" if piece == _EMPTY else bytes.fromhex(piece) for piece in line.split())


def write(given: Input) -> str:
    """An input as a line."""
    return " ".join(piece.hex() or _EMPTY for piece in given)
