# SPDX-License-Identifier: MIT
"""The reference firmware fills the cable: virtual time, so the figures are the same on every computer."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from pic32bench import Board, throughput
from pic32bench.errors import BenchError, NotBuiltError


@pytest.fixture
def board() -> Iterator[Board]:
    """A board that serves a large file."""
    try:
        board = throughput.start_board()
    except NotBuiltError as error:
        pytest.skip(str(error))
    with board:
        yield board


def test_a_large_file_comes_at_almost_the_speed_of_the_cable(board: Board) -> None:
    result = throughput.http_throughput(board)
    assert result.payload == 1 << 20
    assert 85 <= result.megabits_per_second <= throughput.CABLE_LIMIT
    # 719 full segments and what opens the connection; one acknowledgement for two segments.
    assert result.frames_from_board < 730
    assert result.frames_to_board < 380
    with pytest.raises(BenchError, match="GET /no.bin was answered with HTTP 404: expected 200"):
        throughput.http_throughput(board, "/no.bin")


def test_a_large_message_is_echoed_at_half_the_speed_of_the_cable(board: Board) -> None:
    result = throughput.websocket_throughput(board)
    assert result.payload == throughput.ECHO_BYTES
    assert 50 <= result.megabits_per_second <= throughput.CABLE_LIMIT
