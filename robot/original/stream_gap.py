# SPDX-License-Identifier: MIT
"""Robot keyword for hiccups of a stream: the longest time between two frames, as they left the board."""

from __future__ import annotations

import itertools
import tempfile
from pathlib import Path
from typing import Any

from robot.libraries.BuiltIn import BuiltIn

from pic32bench.stream import rate

__all__ = ["longest_gap_of_the_stream"]


def longest_gap_of_the_stream() -> float:
    """Virtual seconds, over everything that was streamed since power-on."""
    library: Any = BuiltIn().get_library_instance("pic32bench.robot.Pic32Bench")
    with tempfile.TemporaryDirectory(prefix="pic32bench-") as folder:
        pcap = Path(folder) / "stream.pcap"
        library.board.network.save_pcap(pcap)
        times = rate.stream_times(pcap)
    if len(times) < 2:
        raise AssertionError(f"{len(times)} frames were streamed: expected two at least")
    return max(later - earlier for earlier, later in itertools.pairwise(times))
