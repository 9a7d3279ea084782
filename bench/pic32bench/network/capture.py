# SPDX-License-Identifier: MIT
"""What goes over the cable of a netdev, written by the emulator itself (filter-dump) with its virtual times.

The file has no name: nothing is left behind, however the bench ends.
"""

from __future__ import annotations

import os
import struct
import tempfile
import time
from pathlib import Path

HEADER = 24  # bytes, https://www.tcpdump.org/manpages/pcap-savefile.5.html
_RECORD = struct.Struct("=IIII")  # seconds, microseconds, bytes captured, bytes sent; QEMU writes in its own order

# QEMU adds the virtual time to a calendar's, which it takes from its RTC, as local time (net/dump.c).
_RTC = "base=2000-01-01T00:00:00,clock=vm"
_BEGIN = round(time.mktime((2000, 1, 1, 0, 0, 0, 0, 1, 0)))


class Capture:
    """A pcap file that grows; its times are virtual seconds after the beginning of the year 2000.

    ``earlier`` is what was captured before a snapshot, with the file's header.
    """

    def __init__(self, earlier: bytes = b"") -> None:
        self._earlier = earlier
        self._file = tempfile.TemporaryFile()  # noqa: SIM115  (lives until close)

    def fileno(self) -> int:
        """The emulator inherits it."""
        return self._file.fileno()

    def arguments(self, netdev: str) -> tuple[str, ...]:
        """What the emulator's command line needs."""
        return ("-rtc", _RTC, "-object", f"filter-dump,id=dump0,netdev={netdev},file=/proc/self/fd/{self.fileno()}")

    def contents(self) -> bytes:
        """All of it, as a pcap file."""
        begin = HEADER if self._earlier else 0
        size = os.fstat(self.fileno()).st_size
        return self._earlier + os.pread(self.fileno(), size - begin, begin)

    def read(self, begin: int = 0) -> tuple[list[tuple[int, bytes]], int]:
        """Times (ns) and frames from a place in the pcap file on, 0 at first, and the place for the next call."""
        begin = max(begin, HEADER)
        found: list[tuple[int, bytes]] = []
        if begin < len(self._earlier):
            found, _ = _records(self._earlier[begin:])
            begin = len(self._earlier)
        gone = max(len(self._earlier) - HEADER, 0)  # this file has a header, too, which is left out of the whole
        here = os.fstat(self.fileno()).st_size + gone
        if here > begin:
            records, end = _records(os.pread(self.fileno(), here - begin, begin - gone))
            found += records
            begin += end
        return found, begin

    def save(self, path: Path) -> bool:
        """Writes it to a file; False if there is no frame in it."""
        contents = self.contents()
        path.write_bytes(contents)
        return len(contents) > HEADER

    def close(self) -> None:
        """Gives it up; safe to call twice."""
        self._file.close()


def _records(data: bytes) -> tuple[list[tuple[int, bytes]], int]:
    """Times and frames of a pcap's records, and where the last whole one ends: the next may be being written."""
    found = []
    place = 0
    while place + _RECORD.size <= len(data):
        seconds, microseconds, length, _ = _RECORD.unpack_from(data, place)
        end = place + _RECORD.size + length
        if end > len(data):
            break
        found.append(((seconds - _BEGIN) * 10**9 + microseconds * 1000, data[place + _RECORD.size : end]))
        place = end
    return found, place
