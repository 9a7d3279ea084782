# SPDX-License-Identifier: MIT
"""Boards that go on from a snapshot of another.

    def has_address(board):
        board.console.wait_for_line("IP Address: 10.0.2", timeout=20)

    with pic32bench.start_at(has_address) as board: ...

The first time `start_at` powers a board up and lets the function work it; then it keeps a snapshot. Every other time,
in this run or another, the board goes on from there. What a restored board says and does is what the first one would
have said and done. Only TCP connections of this computer are not in a snapshot: close them before, connect after.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pic32bench import bench, paths
from pic32bench.bench import Board, Setup
from pic32bench.errors import EmulatorDiedError, PortBusyError, UsageError
from pic32bench.snapshot import Snapshot, Way, store, way
from pic32bench.snapshot.store import bench_digest, digest, key

_ATTEMPTS = 3


def start_at(
    leads_there: Way | Callable[[Board], object],
    on_start: Callable[[Board], object] | None = None,
    **options: Any,
) -> Board:
    """A board at the place where a function has led one: from a snapshot if there is one, else powered up and led.

    ``options`` are those of `start`. ``on_start`` is called with the board as soon as it is powered; who gives one
    closes the board, also when it does not get there. Raises what `start` and the function raise, and UsageError for
    a function or a network that cannot be in a snapshot.
    """
    there = way(leads_there)
    setup = bench.check(**options)
    found = key(ingredients(setup), there.name, there.source)
    board = _resume(found, setup)
    if board is not None:
        if on_start is not None:
            on_start(board)
        return board
    board = Board(setup)
    try:
        if on_start is not None:
            on_start(board)
        there.go(board)
        store().keep(found, lambda descriptor: _write(board, descriptor, there.name, {}))
    except BaseException:
        if on_start is None:
            board.close()
        raise
    return board


def _resume(found: str, setup: Setup) -> Board | None:
    """A board that goes on from the snapshot kept by this key, or None when there is none."""
    snapshot = store().find(found)
    if snapshot is None:
        return None
    try:
        return _go_on(snapshot, setup)
    except EmulatorDiedError:  # what wrote it is the very same emulator, so the file must be to blame
        store().remove(found)
        return None


def keep(board: Board, name: str, source: str, extra: dict[str, Any]) -> tuple[str, Snapshot]:
    """Keeps a snapshot of a board, wherever it is, as what ``name`` means in ``source``; returns its key as well.

    ``extra`` is plain data of the caller's own, in the snapshot's ``about["extra"]``.
    """
    found = key(ingredients(board.setup), name, source)
    return found, store().keep(found, lambda descriptor: _write(board, descriptor, name, extra))


def save(board: Board, path: str | Path) -> None:
    """Saves a board to a file, for `restore`. Raises UsageError for what cannot be in a snapshot, and OSError."""
    target = Path(path)
    temporary = target.with_name(f".{target.name}.{os.getpid()}.tmp")
    descriptor = os.open(temporary, os.O_CREAT | os.O_TRUNC | os.O_RDWR | os.O_CLOEXEC, 0o666)
    try:
        _write(board, descriptor, target.stem, {})
        temporary.replace(target)
    finally:
        os.close(descriptor)
        temporary.unlink(missing_ok=True)


def restore(snapshot: Snapshot | str | Path) -> Board:
    """A board that goes on from a snapshot.

    Raises SnapshotError for a file that is damaged, and UsageError when the emulator, the image, the board or the
    bench is not what it was.
    """
    if not isinstance(snapshot, Snapshot):
        snapshot = Snapshot.load(snapshot)
    setup = bench.check(**snapshot.about["start"])
    now, then = ingredients(setup), snapshot.about["ingredients"]
    changed = [name for name in then if now.get(name) != then[name] and name != "network"]
    if changed:
        raise UsageError(f"snapshot {snapshot.name} is of another {', '.join(changed)}: take it again")
    return _go_on(snapshot, setup)


def ingredients(setup: Setup) -> dict[str, object]:
    """What a board is made of, by name: digests of files, and options. Raises UsageError when it cannot be told."""
    board = setup.description
    if setup.network_settings is None:
        raise UsageError(f"a board on network {setup.network.name} as it was made cannot be in a snapshot")
    return {
        "emulator": paths.file_digest(paths.emulator_binary()),
        "bench": bench_digest(),
        "board": paths.file_digest(board.path) if board.path.is_file() else digest(repr(board).encode()),
        "image": paths.file_digest(setup.image.path),
        "application": setup.application and paths.file_digest(setup.application),
        "parts": [paths.file_digest(part.image) for part in board.devices if part.image and part.image.is_file()],
        "network": [setup.network.name, digest(setup.network_settings)],
        "seed": setup.seed,
        "quantum": setup.quantum,
        "ram_fill": setup.ram_fill,
    }


def _write(board: Board, descriptor: int, name: str, extra: dict[str, Any]) -> None:
    setup = board.setup
    about = {
        "name": name,
        "ingredients": ingredients(setup),
        "start": {
            "board": str(setup.description.path.absolute()),
            "image": str(setup.image.path.absolute()),
            "application": setup.application and str(setup.application.absolute()),
            "network": setup.network.name,
            "seed": setup.seed,
            "quantum": setup.quantum,
            "backstop_wall": setup.backstop_wall,
            "ram_fill": setup.ram_fill,
        },
        "extra": extra,
    }
    board.write_snapshot(descriptor, about)


def _go_on(snapshot: Snapshot, setup: Setup) -> Board:
    setup.network.thaw(snapshot.network_state)
    for attempt in range(_ATTEMPTS):
        try:
            return Board(setup, snapshot)
        except PortBusyError:  # somebody was faster to take a port that was free when it was looked at
            if attempt == _ATTEMPTS - 1:
                raise
    raise AssertionError("not reached")
