# SPDX-License-Identifier: MIT
"""The failure bundle, against the stand-in: what is in it, of boards that live, died and hang, and how long it gets."""

from __future__ import annotations

import struct
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from scapy.utils import PcapWriter, rdpcap

from pic32bench import BenchError, Board, bundle
from pic32bench.bundle import Failure, look_at, save, summary
from pic32bench.network.pcap import shorten
from pic32bench.recording import Recording

Start = Callable[..., Board]


def contents(path: Path) -> dict[str, str]:
    with zipfile.ZipFile(path) as opened:
        return {name: opened.read(name).decode(errors="replace") for name in opened.namelist()}


def test_all_that_a_board_showed(fake_board: Start, tmp_path: Path) -> None:
    board = fake_board(network="wire")
    board.console.wait_for_line("Ended")
    board.panel.press("SW1")
    board.run_for(0.3)
    path = save(board, look_at(board), tmp_path / "out", Failure("suite::test[a/b]", "it is 4\nnot 5"))
    assert list((tmp_path / "out").iterdir()) == [path]
    found = contents(path)
    readme = found.pop("README.txt").splitlines()
    assert readme[:3] == [
        "Test:      suite::test[a/b]",
        "Failed:    it is 4",
        f"Replay:    pic32bench replay {path.name} [--gdb]",
    ]
    assert summary(path) == readme[:2]
    assert summary(tmp_path / "nothing.zip") == []
    for name in found:
        if name.endswith((".txt", ".pcap")):
            assert f"  {name}" in readme
    assert "   0.020000  TCP/IP Stack: Initialization Ended" in found["console-uart2.txt"]
    assert "hand press SW1" in found["panel.txt"]
    assert "unimplemented register read" in found["emulator-log.txt"]
    assert found["backtrace.txt"].startswith("#0  BFC00000")
    assert found["registers.txt"].startswith("pc   BFC00000  MIPS32")
    assert found["network.pcap"]


@pytest.mark.parametrize("mode", ["die=0.1", "hang=0.1"])
def test_of_a_board_that_is_gone(fake_board: Start, tmp_path: Path, mode: str) -> None:
    board = fake_board(mode, backstop_wall=0.5)
    with pytest.raises(BenchError) as caught:
        board.console.wait_for("never")
    path = save(board, look_at(board), tmp_path, Failure("t", str(caught.value)))
    found = contents(path)
    assert Recording.load(path).instructions is None
    assert "registers.txt" not in found
    assert "backtrace.txt" not in found
    assert f"The firmware is not known to be anywhere: {caught.value.message}" in found["README.txt"]  # type: ignore
    assert "Initialization Ended" in found["console-uart2.txt"]


def test_names_never_collide(fake_board: Start, tmp_path: Path) -> None:
    board = fake_board()
    sections = look_at(board)
    tests = [("t/a", ""), ("t-a", ""), ("t/a", "other.robot:3"), ("t/a", ""), ("x" * 400, ""), ("ß/..", "")]
    paths = [save(board, sections, tmp_path, Failure(test, ""), identity) for test, identity in tests]
    assert len({path.name for path in paths}) == len(tests)
    assert paths[3].name == f"{paths[0].stem}-2.zip"


def test_nothing_half_written_is_left(fake_board: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    board = fake_board()

    def full(*arguments: object) -> None:
        raise OSError("No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(OSError, match="No space"):
        save(board, look_at(board), tmp_path / "out", Failure("t", ""))
    assert list((tmp_path / "out").iterdir()) == []


def test_what_is_too_long_loses_its_middle(fake_board: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bundle, "TEXT_LIMIT", 200)
    monkeypatch.setattr(bundle, "PCAP_LIMIT", 100)
    board = fake_board(network="wire")
    board.run_for(2.0)
    found = contents(save(board, look_at(board), tmp_path, Failure("t", "")))
    assert len(found["panel.txt"]) < 220
    assert "\n[...]\n" in found["panel.txt"]
    assert "  panel.txt (too long: its middle is left out)" in found["README.txt"]
    assert "  network.pcap (too long: 1 frames of its middle are left out)" in found["README.txt"]


@pytest.mark.parametrize("nano", [False, True])
@pytest.mark.parametrize("cut", [0, 7])
def test_a_long_pcap_keeps_whole_frames_of_both_ends(tmp_path: Path, nano: bool, cut: int) -> None:
    path = tmp_path / "long.pcap"
    with PcapWriter(str(path), linktype=1, nano=nano, sync=True) as writer:
        writer.write_header(None)
        for number in range(1000):
            writer.write_packet(struct.pack("<I", number) * 15, sec=number, usec=0)
    data = path.read_bytes()
    path.write_bytes(data[: len(data) - cut])
    left_out = shorten(path, 7600)
    numbers = [struct.unpack("<I", bytes(frame)[:4])[0] for frame in rdpcap(str(path))]
    assert path.stat().st_size <= 7600
    assert len(numbers) == 1000 - left_out - (cut > 0) == 99
    assert numbers[:24] == list(range(24))
    assert numbers[-1] == 999 - (cut > 0)
    assert shorten(path, 7600) == 0
