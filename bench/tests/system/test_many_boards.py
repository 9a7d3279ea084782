# SPDX-License-Identifier: MIT
"""Many boards: a hundred one after another leave nothing behind, and twenty at a time share nothing."""

from __future__ import annotations

import gc
import os
import threading
import tracemalloc
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from intelhex import IntelHex

import pic32bench
from pic32bench import Board

WARM_UP, MANY, AT_ONCE = 20, 80, 20
NETWORKS = ("none", "user", "wire")


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A firmware that only loops."""
    path = tmp_path_factory.mktemp("image") / "loop.hex"
    contents = IntelHex()
    contents.puts(0x1FC00000, b"\xff\xff\x00\x10\0\0\0\0")  # b .; nop
    contents.write_hex_file(str(path))
    return path


@dataclass(frozen=True)
class Held:
    """What this process holds: open files, threads, children, temporary files; and bytes of Python's memory."""

    files: int
    threads: int
    children: int
    temporary: int
    memory: int


def held(temporary: Path) -> Held:
    gc.collect()
    children = [pid for task in Path("/proc/self/task").iterdir() for pid in (task / "children").read_text().split()]
    return Held(
        files=len(os.listdir("/proc/self/fd")),
        threads=threading.active_count(),
        children=len(children),
        temporary=len(list(temporary.iterdir())),
        memory=tracemalloc.get_traced_memory()[0],
    )


def test_a_hundred_one_after_another_leave_nothing(
    image: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)

    def boards(count: int) -> None:
        for number in range(count):
            with pic32bench.start(image=image, network=NETWORKS[number % len(NETWORKS)]) as board:
                board.run_for(0.001)

    boards(WARM_UP)
    tracemalloc.start()
    try:
        before = held(tmp_path)
        boards(MANY)
        after = held(tmp_path)
    finally:
        tracemalloc.stop()
    assert (after.files, after.threads, after.children) == (before.files, before.threads, before.children)
    assert after.temporary == before.temporary == 0
    assert after.memory - before.memory < MANY * 1000, "a board leaves less than 1 kB of Python's memory"


def test_twenty_at_a_time_share_no_port_and_no_name(image: Path) -> None:
    def start(_: int) -> Board:
        return pic32bench.start(image=image, network="user")

    boards: list[Board] = []
    try:
        with ThreadPoolExecutor(AT_ONCE) as pool:
            boards += pool.map(start, range(AT_ONCE))
        urls = [urlsplit(url) for board in boards for url in (board.url, board.ws_url)]
        assert len({url.port for url in urls}) == 2 * AT_ONCE
        assert len({board.emulator.pid for board in boards}) == AT_ONCE
        for board in boards:
            board.run_for(0.001)
    finally:
        for board in boards:
            board.close()
