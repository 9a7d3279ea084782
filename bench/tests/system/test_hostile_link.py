# SPDX-License-Identifier: MIT
"""The reference firmware over a link that loses, delays, doubles, shuffles and spoils frames, on every network."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import pic32bench
from pic32bench import Board, UsageError, paths
from pic32bench.errors import NotBuiltError
from pic32bench.link import FROM_BOARD, TO_BOARD
from pic32bench.network.station import LEASED, Station
from pic32bench.page import fetch
from pic32bench.replay import replay
from pic32bench.stream import judge
from pic32bench.stream.client import StreamClient

ON_THE_WIRE = pytest.mark.board(network="wire", quantum=0.02)
ALL_AT_ONCE: dict[str, Any] = {
    "loss": "5%",
    "duplication": "5%",
    "corruption": "2%",
    "bit_errors": 1e-6,
    "reordering": "5%",
    "delay": "20ms",
    "jitter": "5ms",
}


def has_address(board: Board) -> None:
    """Leads a board to where the tests begin."""
    if board.network.name == "wire":
        Station(board.network, dhcp=True)
    board.console.wait_for_line(f"IP Address: {LEASED}", timeout=20)


def ramp(board: Board) -> StreamClient:
    """A client whose stream is a ramp from its first message on."""
    client = StreamClient.of(board).connect()
    board.panel.press("SW1")
    client.start()
    client.collect(frames=5)
    return client


def stream(board: Board, seconds: float, **impairments: Any) -> int:
    """Streams over a link with these impairments; how many frames have come, of a ramp without a gap."""
    with ramp(board) as client:
        board.link.impair(**impairments)
        messages = client.listen(seconds)
        board.link.clear()
        verdict = judge(messages)
        assert verdict.is_ramp, verdict.sentence
        return len(messages)


@pytest.mark.board(at=has_address)
@pytest.mark.parametrize("network", [pytest.param("wire", marks=ON_THE_WIRE), "user"])
def test_a_ramp_stays_unbroken_over_a_link_with_everything_wrong(
    start_board: Callable[..., Board], network: str
) -> None:
    board = start_board(network=network)
    assert stream(board, 5, **ALL_AT_ONCE) > 20
    for direction in (TO_BOARD, FROM_BOARD):
        found = board.link.counts(direction)
        assert found.frames > 50
        assert min(found.lost, found.duplicated, found.reordered) > 0, found
        assert found.damaged + found.corrupted > 0, found


@pytest.mark.board(network="none")
def test_nobody_minds_where_nobody_is(board: Board) -> None:
    board.link.impair(**ALL_AT_ONCE)
    board.run_for(5)
    assert board.link.counts(FROM_BOARD).frames > 0
    assert board.link.counts(TO_BOARD).frames == 0


@ON_THE_WIRE
@pytest.mark.board(at=has_address)
def test_a_replay_is_the_same_run(board: Board) -> None:
    """The recording has the frames to the board as they were sent; what became of them happens again."""
    stream(board, 3, **ALL_AT_ONCE)
    with replay(board.recording()) as again:
        again.run_to_end()
        assert again.difference() is None
        for direction in (TO_BOARD, FROM_BOARD):
            assert again.link.counts(direction) == board.link.counts(direction)


@ON_THE_WIRE
@pytest.mark.board(at=has_address)
def test_a_snapshot_goes_on_with_what_is_on_its_way(board: Board, tmp_path: Path) -> None:
    client = ramp(board)
    board.link.impair(**ALL_AT_ONCE)
    assert board.clock.wait_until(lambda: board.link.counts(FROM_BOARD).on_the_way > 1 or None, 5)
    pic32bench.save(board, tmp_path / "moment")
    board.run_for(3)
    expected = [(frame.time_ns, frame.data) for frame in board.network.frames]  # type: ignore[attr-defined]
    client.close()
    with pic32bench.restore(tmp_path / "moment") as again:
        assert again.link.state() == board.link.state()
        again.run_for(3)
        found = [(frame.time_ns, frame.data) for frame in again.network.frames]  # type: ignore[attr-defined]
    assert found == expected


@pytest.mark.board(network="none")
def test_what_makes_no_sense_is_refused_in_one_line(board: Board) -> None:
    with pytest.raises(UsageError, match=r"^loss: expected a share such as 5% or 0\.05, 0 to 100%, found '120%'$"):
        board.link.impair(loss="120%")
    board.run_for(0.5)
    with pytest.raises(UsageError, match="cannot impair the link: loss 5% at 0.1 s: it is 0.5"):
        board.link.impair(loss="5%", at=0.1)
    assert board.link.state() == ""
    board.link.impair(loss="5%", direction=TO_BOARD)
    assert board.link.state() == "link: to board: loss 5%; from board: clean"
    assert "link: to board: loss 5%" in board.failure_report()


@ON_THE_WIRE
@pytest.mark.parametrize(
    "impairments",
    [
        {"loss": "5%"},
        {"duplication": "20%"},
        {"reordering": "20%"},
        {"corruption": "5%"},
        {"bit_errors": 1e-5},
        {"delay": "20ms", "jitter": "10ms"},
        {"loss": "2%", "duplication": "5%", "reordering": "5%", "corruption": "2%", "delay": "5ms", "jitter": "2ms"},
    ],
    ids=lambda impairments: "+".join(impairments),
)
def test_files_and_messages_arrive_whole(start_board: Callable[..., Board], impairments: dict[str, Any]) -> None:
    """A file of 1 MiB by HTTP, and a message of 256 KiB there and back by WebSocket."""
    try:
        image = paths.large_firmware()
    except NotBuiltError as error:
        pytest.skip(str(error))
    board = start_board(image=image, at=has_address)
    board.link.impair(**impairments)
    file = fetch(f"http://{LEASED}/megabyte.bin", station=board.station)
    assert file.body == hashlib.shake_128(b"megabyte").digest(1 << 20)
    with StreamClient.of(board).connect(20) as client:
        client.echo(hashlib.shake_128(b"echo").digest(1 << 18), timeout=200)


@ON_THE_WIRE
@pytest.mark.board(at=has_address)
def test_a_window_that_closes_and_opens_again(board: Board) -> None:
    """Messages go through while the window is tiny, and wait while there is none."""
    with StreamClient.of(board).connect() as client:
        for number, window in enumerate((100, 0, 1, 0, 3, None)):
            board.link.impair(window=window)
            client.send(f"{number} {'w' * 20}")
            board.run_for(2)
        come = [client.receive(timeout=60).message for _ in range(6)]
        assert come == [f"{number} {'w' * 20}" for number in range(6)]
        assert board.link.counts(FROM_BOARD).clamped > 5
        assert board.link.counts(TO_BOARD).clamped > 5


@ON_THE_WIRE
@pytest.mark.board(at=has_address)
def test_connections_outlive_a_cable_that_is_out_for_half_a_minute(board: Board) -> None:
    """One that streams and one that is quiet; nobody is taken for vanished, and nobody connects anew."""
    with StreamClient.of(board).connect() as quiet, ramp(board) as client:
        quiet.echo("before")
        before = client.drain()
        board.panel.unplug_cable()
        board.run_for(30)
        board.panel.plug_cable()
        begin = board.time
        assert client.receive(timeout=10)
        assert board.time - begin < 4  # most of it is auto-negotiation
        verdict = judge([*before, *client.listen(5)][-400:])
        assert verdict.is_ramp, verdict.sentence
        quiet.echo("after")
    assert board.console.text.count("connection was closed") == 0
