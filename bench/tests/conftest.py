# SPDX-License-Identifier: MIT
"""What the unit tests share: a stand-in for the emulator, and a tiny image that passes the checks."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from intelhex import IntelHex

import pic32bench

Fake = Callable[..., Path]


def pytest_configure() -> None:
    # A shell starts what it puts into the background with SIGINT ignored, and our children would inherit that.
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture
def fake_emulator(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Fake:
    """A function that puts the stand-in, in the given mode, where the bench looks for the emulator."""

    def choose(mode: str = "") -> Path:
        script = tmp_path / "fake-qemu"
        fake = Path(__file__).with_name("fake_emulator.py")
        script.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{fake}" "{mode}" "$@"\n')
        script.chmod(0o755)
        monkeypatch.setenv("PIC32BENCH_QEMU", str(script))
        return script

    choose()
    return choose


@pytest.fixture
def tiny_image(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A HEX image of one instruction at the reset vector; it is the reference firmware of the test as well."""
    path = tmp_path / "tiny.hex"
    image = IntelHex()
    image.puts(0x1FC00000, b"\x00\x00\x00\x10")
    image.write_hex_file(str(path))
    monkeypatch.setenv("PIC32BENCH_IMAGE", str(path))
    return path


@pytest.fixture
def fake_board(fake_emulator: Fake, tiny_image: Path) -> Iterator[Callable[..., pic32bench.Board]]:
    """A function that starts a board on the stand-in; every board is switched off at the end."""
    boards = []

    def begin(mode: str = "", network: object = "none", **options: object) -> pic32bench.Board:
        fake_emulator(mode)
        board = pic32bench.start(network=network, **options)  # type: ignore[arg-type]
        boards.append(board)
        return board

    yield begin
    for board in boards:
        board.close()
