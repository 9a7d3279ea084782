# SPDX-License-Identifier: MIT
"""What was tried so far, in a file: written whole after every result, and gone on with by ``--resume``."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pic32bench.errors import UsageError
from pic32bench.paths import write_whole
from pic32bench.shrink.build import Built
from pic32bench.shrink.task import Outcome

FORMAT = 1


@dataclass
class Tried:
    """A point: the values of all options, what came of building it, and of every trial that was made."""

    values: tuple[int, ...]
    built: Built
    outcomes: dict[str, Outcome] = field(default_factory=dict)


class State:
    """All points that were tried, and what their results depend on beside the values. ``path`` None: not in a file."""

    def __init__(self, path: Path | None, options: tuple[str, ...]) -> None:
        self.path = path
        self.options = options
        self.tried: dict[tuple[int, ...], Tried] = {}
        self._about: dict[str, Any] = {}
        self._loaded: dict[str, Any] | None = None

    def depends_on(self, name: str, about: Any) -> None:
        """Says what results depend on, as plain data. Raises UsageError when the file that was loaded differs."""
        now = json.loads(json.dumps(about))  # what was a tuple is a list in the file
        self._about[name] = now
        if self._loaded is not None and self._loaded.get(name) != now:
            raise UsageError(f"--resume: {self.path} is of another {name}: start again without --resume")

    def load(self) -> None:
        """Takes in what the file holds. Raises UsageError: there is none, it is damaged, or it is of something else."""
        assert self.path is not None
        try:
            data = json.loads(self.path.read_bytes())
            if data["format"] != FORMAT:
                raise UsageError(f"--resume: {self.path} is of another version of pic32bench: start again without it")
            about, options = dict(data["about"]), tuple(data["options"])
            tried = [_read(row) for row in data["tried"]]
        except FileNotFoundError:
            raise UsageError(f"--resume: there is no {self.path}: start without it") from None
        except OSError as error:
            raise UsageError(f"--resume: {self.path}: {error.strerror}") from None
        except (ValueError, KeyError, TypeError, AttributeError):
            raise UsageError(
                f"--resume: {self.path} is damaged or no state of shrink: start again without it"
            ) from None
        if options != self.options:
            raise UsageError(f"--resume: {self.path} is of {', '.join(options)}, not of {', '.join(self.options)}")
        self._loaded = about
        self.tried = {each.values: each for each in tried}

    def save(self) -> None:
        """Writes the file, whole or not at all. Raises UsageError."""
        if self.path is None:
            return
        data = {
            "format": FORMAT,
            "about": self._about,
            "options": self.options,
            "tried": [_written(self.tried[values]) for values in sorted(self.tried)],
        }
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            write_whole(self.path, (json.dumps(data, indent=1) + "\n").encode())
        except OSError as error:
            raise UsageError(f"{self.path} cannot be written: {error.strerror}: give another --state FILE") from None


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Makes sure that nobody else is at work in a folder, which is made. Raises UsageError."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = os.open(folder / "lock", os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o644)
    except OSError as error:
        raise UsageError(f"{folder}: {error.strerror}: give another --state FILE") from None
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise UsageError(f"{folder} is busy: another shrink is at work there: give another --state FILE") from None
        yield
    finally:
        os.close(lock)


def _written(tried: Tried) -> dict[str, Any]:
    built = tried.built
    return {
        "values": tried.values,
        "build": {
            "reason": built.reason,
            "ram": built.ram,
            "digest": built.digest,
            "seconds": round(built.seconds, 3),
        },
        "trials": {
            name: {
                "passed": outcome.passed,
                "reason": outcome.reason,
                "figures": dict(outcome.figures),
                "checks": outcome.checks,
                "wall": round(outcome.wall, 3),
            }
            for name, outcome in tried.outcomes.items()
        },
    }


def _read(row: Mapping[str, Any]) -> Tried:
    build = row["build"]
    outcomes = {
        name: Outcome(
            bool(one["passed"]),
            str(one["reason"]),
            {figure: float(value) for figure, value in one["figures"].items()},
            tuple(one["checks"]),
            float(one["wall"]),
        )
        for name, one in row["trials"].items()
    }
    built = Built(None, str(build["reason"]), build["ram"], str(build["digest"]), float(build["seconds"]))
    return Tried(tuple(int(value) for value in row["values"]), built, outcomes)
