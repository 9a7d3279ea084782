# SPDX-License-Identifier: MIT
"""A snapshot: a whole board at one moment, in one file.

The file holds the machine, as the emulator writes and reads it, and what the bench has seen and done so far: consoles,
panel, network. It begins with a line that names the format and ends with a checksum over all before it, so a file that
was cut off or damaged is noticed before an emulator sees it.

    pic32bench snapshot 2\\n
    length of the header, of the network's state: 2 x 8 bytes, little endian
    header: JSON
    the network's state
    the machine: a QEMU migration stream
    SHA-256 of all that: 32 bytes
"""

from __future__ import annotations

import hashlib
import json
import os
import struct
from pathlib import Path
from typing import Any

from pic32bench.errors import BenchError

_MAGIC = b"pic32bench snapshot 2\n"
_LENGTHS = struct.Struct("<QQ")
_CHECKSUM = hashlib.sha256().digest_size
_CHUNK = 1 << 20


class SnapshotError(BenchError):
    """A snapshot cannot be read: it is damaged, cut off, or no snapshot at all."""


class Snapshot:
    """A board at a moment. ``about`` says of what board, ``faces`` what the bench knew; both are JSON.

    The file stays open, and stays what it was when somebody deletes or replaces it. Any number of boards can be
    restored from it.
    """

    def __init__(self, descriptor: int, name: str) -> None:
        """Takes over an open file. Raises SnapshotError, and closes it, when it is not a whole snapshot."""
        self.name = name
        self._descriptor = descriptor
        try:
            self._read_head()
        except BaseException:
            self.close()
            raise

    @classmethod
    def load(cls, path: str | Path) -> Snapshot:
        """Opens a snapshot file. Raises SnapshotError."""
        try:
            descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        except OSError as error:
            raise SnapshotError(f"cannot read snapshot {path}: {error.strerror}") from error
        return cls(descriptor, str(path))

    def _read_head(self) -> None:
        size = os.fstat(self._descriptor).st_size
        begin = len(_MAGIC) + _LENGTHS.size
        head = os.pread(self._descriptor, begin, 0)
        if not head.startswith(_MAGIC):
            raise SnapshotError(f"{self.name} is no snapshot of this version of the bench")
        if len(head) < begin or size < begin + _CHECKSUM or not self._is_whole(size):
            raise SnapshotError(f"snapshot {self.name} is damaged or cut off: its checksum is wrong")
        header, network = _LENGTHS.unpack(head[len(_MAGIC) :])
        content = json.loads(os.pread(self._descriptor, header, begin))
        self.about: dict[str, Any] = content["about"]
        self.faces: dict[str, Any] = content["faces"]
        self.network_state = os.pread(self._descriptor, network, begin + header)
        self._machine_at = begin + header + network

    def _is_whole(self, size: int) -> bool:
        digest = _digest(self._descriptor, size - _CHECKSUM)
        return digest == os.pread(self._descriptor, _CHECKSUM, size - _CHECKSUM)

    def open_machine(self) -> int:
        """A new file descriptor that stands at the machine's state, for an emulator to read. The caller closes it."""
        # Opened anew rather than duplicated: a duplicate would share the position with other readers.
        descriptor = os.open(f"/proc/self/fd/{self._descriptor}", os.O_RDONLY | os.O_CLOEXEC)
        os.lseek(descriptor, self._machine_at, os.SEEK_SET)
        return descriptor

    @property
    def size(self) -> int:
        """Bytes."""
        return os.fstat(self._descriptor).st_size

    def save(self, path: str | Path) -> None:
        """Copies it to a file of this name. Raises OSError."""
        Path(path).write_bytes(os.pread(self._descriptor, self.size, 0))

    def close(self) -> None:
        """Closes the file; safe to call twice."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def __del__(self) -> None:
        self.close()


def write_head(descriptor: int, about: dict[str, Any], faces: dict[str, Any], network_state: bytes) -> None:
    """Writes what comes before the machine's state into an empty file, which then stands where that goes."""
    header = json.dumps({"about": about, "faces": faces}).encode()
    for part in (_MAGIC, _LENGTHS.pack(len(header), len(network_state)), header, network_state):
        _write_all(descriptor, part)


def write_end(descriptor: int) -> None:
    """Closes the file's contents with the checksum, after the machine's state."""
    size = os.fstat(descriptor).st_size
    os.lseek(descriptor, size, os.SEEK_SET)
    _write_all(descriptor, _digest(descriptor, size))


def _digest(descriptor: int, size: int) -> bytes:
    digest = hashlib.sha256()
    position = 0
    while position < size and (piece := os.pread(descriptor, min(_CHUNK, size - position), position)):
        digest.update(piece)
        position += len(piece)
    return digest.digest()


def _write_all(descriptor: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]
