# SPDX-License-Identifier: MIT
"""Where snapshots are kept: for this run in open files, and for the next in the cache folder.

A snapshot is found again by a key made of all that it depends on: the emulator, the bench itself, the board file, the
images, the options and the way there. Whatever of these changes, the key does, so an old entry is never used for
something new. Entries appear whole or not at all, and any number of processes may use one folder.

``$PIC32BENCH_SNAPSHOTS`` is another folder than ``${XDG_CACHE_HOME:-~/.cache}/pic32bench/snapshots``; ``off`` keeps
snapshots for the run only. ``$PIC32BENCH_SNAPSHOTS_MB`` bounds the folder's size, 512 unless given.
"""

from __future__ import annotations

import functools
import hashlib
import json
import os
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

from pic32bench.debian_source import cache_root
from pic32bench.errors import UsageError
from pic32bench.snapshot.file import Snapshot, SnapshotError

FOLDER_VARIABLE = "PIC32BENCH_SNAPSHOTS"
LIMIT_VARIABLE = "PIC32BENCH_SNAPSHOTS_MB"
_DEFAULT_LIMIT_MB = 512
_OPEN_AT_ONCE = 16
_ABANDONED_WALL = 3600.0  # seconds; a temporary file older than that is nobody's


def digest(data: bytes) -> str:
    """What stands for some bytes in a key."""
    return hashlib.sha256(data).hexdigest()


@functools.cache
def bench_digest() -> str:
    """What stands for the bench itself: its own sources."""
    package = Path(__file__).parents[1]
    total = hashlib.sha256()
    for path in sorted(package.rglob("*.py")):
        total.update(f"{path.relative_to(package)}\0".encode())
        total.update(path.read_bytes())
    return total.hexdigest()


def key(ingredients: Mapping[str, object], name: str, way: str) -> str:
    """The key of a state: what the board is made of, what the state is called, and what leads there."""
    everything = {"ingredients": dict(ingredients), "name": name, "way": way}
    return digest(json.dumps(everything, sort_keys=True).encode())[:40]


class SnapshotStore:
    """Snapshots by key. ``folder`` None: for this run only."""

    def __init__(self, folder: Path | None, limit_bytes: int = _DEFAULT_LIMIT_MB << 20) -> None:
        self.folder = folder
        self.limit_bytes = limit_bytes
        self._open: dict[str, Snapshot] = {}

    def find(self, key: str) -> Snapshot | None:
        """The snapshot of this key, or None. One that is damaged is removed, and None as well."""
        if key in self._open:
            return self._remember(key, self._open.pop(key))
        if self.folder is None:
            return None
        path = self._path(key)
        try:
            if not path.exists():
                return None
            found = Snapshot.load(path)
        except (SnapshotError, OSError):
            self.remove(key)
            return None
        with suppress(OSError):
            os.utime(path)  # the oldest are removed first, by their last use
        return self._remember(key, found)

    def keep(self, key: str, write: Callable[[int], None]) -> Snapshot:
        """Keeps a snapshot that ``write`` writes into an open file, and returns it.

        A folder that cannot be written to is no error: the snapshot is then for this run only. Whatever ``write``
        raises leaves nothing behind.
        """
        descriptor, temporary = self._create()
        try:
            write(descriptor)
            snapshot = Snapshot(os.dup(descriptor), f"{key[:12]}")
            if self.folder is not None:
                with suppress(OSError):
                    self._publish(descriptor, temporary, self._path(key))
                    temporary = None
                    self._prune()
        finally:
            os.close(descriptor)
            if temporary is not None:
                temporary.unlink(missing_ok=True)
        return self._remember(key, snapshot)

    def remove(self, key: str) -> None:
        """Forgets a snapshot."""
        self._open.pop(key, None)
        if self.folder is not None:
            with suppress(OSError):
                self._path(key).unlink()

    def note(self, key: str, text: str) -> None:
        """Keeps a short text by key, for the next run."""
        if self.folder is None:
            return
        with suppress(OSError):
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            temporary = self.folder / f".{key}.{os.getpid()}.tmp"
            temporary.write_text(text)
            temporary.replace(self.folder / f"{key}.json")

    def noted(self, key: str) -> str | None:
        """The text kept by this key, or None."""
        if self.folder is None:
            return None
        try:
            return (self.folder / f"{key}.json").read_text()
        except (OSError, UnicodeDecodeError):
            return None

    def _remember(self, key: str, snapshot: Snapshot) -> Snapshot:
        self._open[key] = snapshot
        if self.folder is not None:
            while len(self._open) > _OPEN_AT_ONCE:
                del self._open[next(iter(self._open))]
        return snapshot

    def _path(self, key: str) -> Path:
        assert self.folder is not None
        return self.folder / f"{key}.snapshot"

    def _create(self) -> tuple[int, Path | None]:
        """An empty file without a name, or, where the file system has none, a temporary one."""
        if self.folder is not None:
            with suppress(OSError):
                self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
                try:
                    return os.open(self.folder, os.O_TMPFILE | os.O_RDWR | os.O_CLOEXEC, 0o600), None
                except OSError:
                    temporary = self.folder / f".{os.getpid()}-{time.monotonic_ns()}.tmp"
                    flags = os.O_CREAT | os.O_EXCL | os.O_RDWR | os.O_CLOEXEC
                    return os.open(temporary, flags, 0o600), temporary
        return os.memfd_create("pic32bench-snapshot", os.MFD_CLOEXEC), None

    def _publish(self, descriptor: int, temporary: Path | None, path: Path) -> None:
        if temporary is None:
            temporary = path.with_name(f".{os.getpid()}-{time.monotonic_ns()}.tmp")
            # Python follows the link only when it calls linkat(2), for which it wants a directory's descriptor.
            os.link(f"/proc/self/fd/{descriptor}", temporary, src_dir_fd=descriptor, follow_symlinks=True)
        temporary.replace(path)

    def _prune(self) -> None:
        """Removes what was not used for the longest time, until the folder is no bigger than it may be."""
        assert self.folder is not None
        entries = []
        for path in self.folder.iterdir():
            with suppress(OSError):  # another process may have removed it
                about = path.stat()
                if path.suffix == ".tmp" and time.time() - about.st_mtime > _ABANDONED_WALL:
                    path.unlink()
                elif path.suffix in (".snapshot", ".json"):
                    entries.append((about.st_mtime_ns, about.st_size, path))
        total = sum(size for _, size, _ in entries)
        for _, size, path in sorted(entries):
            if total <= self.limit_bytes:
                break
            with suppress(OSError):
                path.unlink()
            total -= size


@functools.cache
def store() -> SnapshotStore:
    """The store of this process, as the environment says. Raises UsageError."""
    chosen = os.environ.get(FOLDER_VARIABLE, "")
    limit = os.environ.get(LIMIT_VARIABLE, str(_DEFAULT_LIMIT_MB))
    if not limit.isdigit():
        raise UsageError(f"${LIMIT_VARIABLE} is {limit!r}: expected a whole number of megabytes")
    folder = None if chosen == "off" else Path(chosen) if chosen else cache_root() / "snapshots"
    return SnapshotStore(folder, int(limit) << 20)
