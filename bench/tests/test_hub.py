# SPDX-License-Identifier: MIT
"""Boards on one cable of network `wire`, against the stand-in: what one sends the others hear, a latency later."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from scapy.layers.l2 import Ether

from pic32bench import Board, UsageError
from pic32bench.network import Network, WireNetwork
from pic32bench.network.frame import Frame
from pic32bench.network.hub import LATENCY_NS
from pic32bench.panel_link import NS
from pic32bench.resume import save

Start = Callable[..., Board]
OTHER = 0x88B6  # an EtherType to which the stand-in says nothing (IEEE 802, local experimental)
FIRST_FRAME = 0.25  # of the stand-in
LATENCY = LATENCY_NS / NS


def cable(board: Board) -> WireNetwork:
    assert isinstance(board.network, WireNetwork)
    return board.network


@pytest.fixture
def boards(fake_board: Start) -> tuple[Board, Board]:
    """The second is switched on when the first has been for 0.1 s."""
    first = fake_board(network="wire")
    first.run_for(0.1)
    return first, fake_board(network=first.network.beside())


def heard(board: Board) -> list[Frame]:
    return [frame for frame in cable(board).frames if not frame.from_board]


def test_each_hears_the_other_by_a_clock_of_its_own(boards: tuple[Board, Board]) -> None:
    first, second = boards
    first.run_for(0.5)
    assert second.time == pytest.approx(first.time - 0.1, abs=1.01 * LATENCY)
    second.run_for(0.5)
    assert second.time == pytest.approx(first.time - 0.1, abs=1.01 * LATENCY)
    assert heard(second)[0].time == pytest.approx(FIRST_FRAME - 0.1 + LATENCY)
    assert heard(first)[0].time == pytest.approx(FIRST_FRAME + 0.1 + LATENCY)
    assert heard(second)[0].data == cable(first).receive().data


def test_stations_of_either_cable_are_heard_by_both(boards: tuple[Board, Board]) -> None:
    first, second = boards
    seen: list[bytes] = []
    cable(second).respond(lambda frame: seen.append(frame.data))
    cable(first).send(Ether(dst="00:04:a3:00:00:01", src="02:00:00:00:00:01", type=OTHER) / b"hello")
    second.run_for(0.1)
    assert b"hello" in heard(second)[0].data
    assert sum(b"hello" in data for data in seen) == 1


def test_the_same_frames_at_the_same_times_each_time(fake_board: Start) -> None:
    def run(waits: list[float]) -> list[list[Frame]]:
        first = fake_board(network="wire")
        second = fake_board(network=first.network.beside())
        for seconds in waits:
            first.run_for(seconds)
            second.run_for(seconds)
        return [[frame for frame in cable(board).frames if frame.time < 0.5] for board in (first, second)]

    assert run([0.6]) == run([0.3, 0.013, 0.3])


def test_a_board_that_is_switched_off_leaves_the_other_alone(boards: tuple[Board, Board]) -> None:
    first, second = boards
    second.run_for(0.3)
    second.close()
    before = len(heard(first))
    first.run_for(1)
    assert len(heard(first)) <= before + 1  # what was under way


def test_boards_on_one_cable_can_be_in_no_snapshot(boards: tuple[Board, Board], tmp_path: Path) -> None:
    for board in boards:
        with pytest.raises(UsageError, match="cannot be in a snapshot"):
            save(board, tmp_path / "board")


@pytest.mark.parametrize("network", ["none", "user"])
def test_a_cable_for_one_is_for_one(fake_board: Start, network: str) -> None:
    alone: Network = fake_board(network=network).network
    with pytest.raises(UsageError, match=f"network {network} has a cable for one board: boards share one on wire and"):
        alone.beside()
