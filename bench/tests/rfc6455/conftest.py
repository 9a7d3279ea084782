# SPDX-License-Identifier: MIT
"""A board for each module, and clients of it: network wire, no root, and no time passes but the board's own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pic32bench import Board, paths, throughput
from pic32bench.errors import NotBuiltError
from pic32bench.network.station import LEASED
from pic32bench.stream.client import PORT

from .raw import Client


def image(variant: str) -> Path:
    """The firmware as it ships, or a variant of it; skips when it is not built."""
    path = paths.project_root() / f"build/firmware-{variant}/websocket-demo.elf"
    if variant and not path.is_file():
        pytest.skip(f"there is no {path.relative_to(paths.project_root())}: run `make firmware-variants`")
    try:
        paths.everything_built(None)
        paths.station_library()
        return path if variant else paths.reference_firmware()
    except NotBuiltError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="module")
def variant() -> str:
    """Which firmware: "" as it ships. A module takes another by a fixture of its own."""
    return ""


@pytest.fixture(scope="module")
def board(variant: str) -> Iterator[Board]:
    """A board with an address, the same for all tests of a module."""
    with throughput.start_board(image=image(variant)) as board:
        yield board


@pytest.fixture
def connect(board: Board) -> Iterator[Callable[[], Client]]:
    """Makes TCP connections to the WebSocket server; they are reset at the end."""
    clients: list[Client] = []

    def make() -> Client:
        clients.append(Client(board.station.connect(LEASED, PORT)))
        return clients[-1]

    yield make
    for client in clients:
        client.connection.abort()
    board.run_for(0.01)  # the board has seen it


@pytest.fixture
def client(connect: Callable[[], Client]) -> Client:
    """An open WebSocket."""
    return connect().open()
