# SPDX-License-Identifier: MIT
"""Pcap files that became too long to keep."""

from __future__ import annotations

import struct
from pathlib import Path

_HEADER, _RECORD = 24, 16  # bytes, https://www.tcpdump.org/manpages/pcap-savefile.5.html
_LITTLE = (b"\xd4\xc3\xb2\xa1", b"\x4d\x3c\xb2\xa1")  # times in µs, in ns


def shorten(path: Path, limit: int) -> int:
    """Takes frames out of the middle of a pcap file until it has at most ``limit`` bytes; returns how many.

    A quarter of what is kept is its beginning, the rest its end.
    """
    size = path.stat().st_size
    if size <= limit:
        return 0
    with path.open("rb") as file:
        header = file.read(_HEADER)
        order = "<" if header[:4] in _LITTLE else ">"
        places = [_HEADER]
        while places[-1] + _RECORD <= size:
            file.seek(places[-1] + 8)
            (captured,) = struct.unpack(f"{order}I", file.read(4))
            places.append(places[-1] + _RECORD + captured)
        if places[-1] > size:  # the emulator died in the middle of a frame
            places.pop()
        first = next(i for i, place in enumerate(places) if place > limit // 4) - 1
        last = next(i for i, place in enumerate(places) if places[-1] - place <= limit - places[first])
        file.seek(0)
        begin = file.read(places[first])
        file.seek(places[last])
        end = file.read(places[-1] - places[last])
    path.write_bytes(begin + end)
    return last - first
