# SPDX-License-Identifier: MIT
"""Where snapshots are kept: whole or not at all, never the wrong one, never too many."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from pic32bench.errors import UsageError
from pic32bench.snapshot import Snapshot, SnapshotError, SnapshotStore, store
from pic32bench.snapshot.file import write_end, write_head
from pic32bench.snapshot.store import key

MACHINE = bytes(range(256)) * 100


def writer(text: str = "", machine: bytes = MACHINE) -> Callable[[int], None]:
    """Writes a snapshot with a text in it."""

    def write(descriptor: int) -> None:
        write_head(descriptor, {"text": text}, {"console": 1}, b"frames")
        os.write(descriptor, machine)
        write_end(descriptor)

    return write


def machine(snapshot: Snapshot) -> bytes:
    descriptor = snapshot.open_machine()
    with os.fdopen(descriptor, "rb") as file:
        return file.read()[:-32]  # the checksum


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "snapshots"


def test_what_was_kept_is_found_by_another_process(folder: Path) -> None:
    SnapshotStore(folder).keep("a", writer("hello"))
    found = SnapshotStore(folder).find("a")
    assert found is not None
    assert (found.about, found.faces, found.network_state) == ({"text": "hello"}, {"console": 1}, b"frames")
    assert machine(found) == MACHINE
    assert machine(found) == MACHINE  # each reader begins at the beginning
    assert SnapshotStore(folder).find("b") is None


def test_without_a_folder_it_is_for_this_run(tmp_path: Path) -> None:
    only_here = SnapshotStore(None)
    only_here.keep("a", writer())
    assert only_here.find("a") is not None
    assert SnapshotStore(None).find("a") is None


def test_a_folder_that_cannot_be_written_to_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    elsewhere = SnapshotStore(tmp_path / "file" / "snapshots")
    elsewhere.keep("a", writer())
    elsewhere.note("n", "text")
    assert elsewhere.find("a") is not None
    assert elsewhere.noted("n") is None


@pytest.mark.parametrize("keep", [0, 10, 22, 38, 200, -40, -32, -1])
def test_a_file_that_was_cut_off_is_not_used_and_goes(folder: Path, keep: int) -> None:
    SnapshotStore(folder).keep("a", writer())
    (path,) = folder.iterdir()
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(SnapshotError, match="damaged or cut off|no snapshot of this version"):
        Snapshot.load(path)
    assert SnapshotStore(folder).find("a") is None
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("at", [0, 25, 60, 5000, -1])
def test_a_file_with_one_wrong_bit_is_not_used_and_goes(folder: Path, at: int) -> None:
    SnapshotStore(folder).keep("a", writer())
    (path,) = folder.iterdir()
    data = bytearray(path.read_bytes())
    data[at] ^= 1
    path.write_bytes(data)
    assert SnapshotStore(folder).find("a") is None
    assert list(folder.iterdir()) == []


def test_a_writer_that_fails_leaves_nothing(folder: Path) -> None:
    def fail(descriptor: int) -> None:
        os.write(descriptor, b"half")
        raise OSError("no more")

    kept = SnapshotStore(folder)
    with pytest.raises(OSError, match="no more"):
        kept.keep("a", fail)
    assert kept.find("a") is None
    assert list(folder.iterdir()) == []


def test_a_file_system_without_unnamed_files(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "O_TMPFILE", os.O_DIRECTORY | os.O_CREAT)  # what such a one refuses
    SnapshotStore(folder).keep("a", writer())
    assert SnapshotStore(folder).find("a") is not None
    with pytest.raises(ZeroDivisionError):
        SnapshotStore(folder).keep("b", lambda _: 1 // 0)
    assert [path.name for path in folder.iterdir()] == ["a.snapshot"]


def test_what_was_not_used_for_the_longest_time_goes_first(folder: Path) -> None:
    for age, name in ((300, "old"), (200, "used"), (100, "new")):
        SnapshotStore(folder).keep(name, writer())
        then = (folder / f"{name}.snapshot").stat().st_mtime - age
        os.utime(folder / f"{name}.snapshot", (then, then))
    assert SnapshotStore(folder).find("used") is not None
    size = (folder / "new.snapshot").stat().st_size
    SnapshotStore(folder, limit_bytes=3 * size).keep("newest", writer())
    assert {path.stem for path in folder.iterdir()} == {"used", "new", "newest"}


def test_what_a_killed_writer_left_goes(folder: Path) -> None:
    folder.mkdir()
    for name, time in ((".1-2.tmp", 0), (".3-4.tmp", None)):
        (folder / name).write_text("half")
        if time is not None:
            os.utime(folder / name, (time, time))
    SnapshotStore(folder).keep("a", writer())
    assert {path.name for path in folder.iterdir()} == {".3-4.tmp", "a.snapshot"}  # the other may be being written


def test_an_open_snapshot_stays_what_it_was(folder: Path) -> None:
    kept = SnapshotStore(folder)
    snapshot = kept.keep("a", writer("first"))
    SnapshotStore(folder).keep("a", writer("second", b""))
    assert machine(snapshot) == MACHINE
    (folder / "a.snapshot").unlink()
    assert kept.find("a") is snapshot


def _write_and_read(folder: Path, number: int) -> None:
    for turn in range(30):
        SnapshotStore(folder).keep("a", writer(f"{number} {turn}" * 100, os.urandom(50_000)))
        assert SnapshotStore(folder).find("a") is not None


def test_many_processes_share_a_folder(folder: Path) -> None:
    processes = [multiprocessing.Process(target=_write_and_read, args=(folder, number)) for number in range(3)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0, 0, 0]
    assert [path.name for path in folder.iterdir()] == ["a.snapshot"]


def test_the_key_is_of_everything() -> None:
    keys = {
        key({"image": "1", "seed": 1}, "name", "way"),
        key({"image": "2", "seed": 1}, "name", "way"),
        key({"image": "1", "seed": 2}, "name", "way"),
        key({"image": "1", "seed": 1}, "other", "way"),
        key({"image": "1", "seed": 1}, "name", "detour"),
    }
    assert len(keys) == 5
    assert key({"seed": 1, "image": "1"}, "name", "way") in keys


def test_the_environment_says_where_and_how_much(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for value, folder in ((str(tmp_path), tmp_path), ("off", None), ("", Path("/xdg/pic32bench/snapshots"))):
        monkeypatch.setenv("PIC32BENCH_SNAPSHOTS", value)
        monkeypatch.setenv("XDG_CACHE_HOME", "/xdg")
        assert store.__wrapped__().folder == folder
    monkeypatch.setenv("PIC32BENCH_SNAPSHOTS_MB", "3")
    assert store.__wrapped__().limit_bytes == 3 << 20
    monkeypatch.setenv("PIC32BENCH_SNAPSHOTS_MB", "much")
    with pytest.raises(UsageError, match=r"\$PIC32BENCH_SNAPSHOTS_MB is 'much'"):
        store.__wrapped__()
