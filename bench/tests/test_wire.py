# SPDX-License-Identifier: MIT
"""Raw frames in lock-step, against the stand-in."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from scapy.layers.l2 import Ether
from scapy.utils import rdpcap

from pic32bench import Board, UsageError, WaitTimeoutError
from pic32bench.network import WireNetwork
from pic32bench.network.frame import Frame
from pic32bench.network.neighbour import Neighbour
from pic32bench.network.wire import WirePeer

Start = Callable[..., Board]
BOARD = "00:04:a3:00:00:01"
BENCH = "02:00:00:00:00:01"
ECHOED = 0x88B5  # the stand-in sends such a frame back after 1 ms


def start(fake_board: Start) -> tuple[Board, WireNetwork]:
    board = fake_board(network="wire")
    assert isinstance(board.network, WireNetwork)
    return board, board.network


def probe(text: bytes) -> Ether:
    return Ether(dst=BOARD, src=BENCH, type=ECHOED) / text


def test_frames_come_with_the_time_they_left(fake_board: Start) -> None:
    board, wire = start(fake_board)
    frame = wire.receive()
    assert frame.time == pytest.approx(0.25)
    assert frame.packet.src == BOARD
    assert board.time == pytest.approx(0.25)  # the machine stopped at that frame


def test_a_frame_sent_at_a_time_arrives_at_that_time(fake_board: Start) -> None:
    _, wire = start(fake_board)
    wire.send(probe(b"hello"), at=0.7)
    answer = wire.receive(lambda packet: packet.type == ECHOED)
    assert answer.time == pytest.approx(0.701)
    assert answer.packet.dst == BENCH
    assert len(answer.data) == 60  # padded as a MAC does


def test_a_responder_answers_at_the_time_of_the_frame(fake_board: Start) -> None:
    board, wire = start(fake_board)
    seen: list[Frame] = []

    def answer(frame: Frame) -> Ether | None:
        seen.append(frame)
        return probe(b"you spoke") if frame.packet.type == 0x0806 else None

    remove = wire.respond(answer)
    assert wire.receive(lambda packet: packet.type == ECHOED).time == pytest.approx(0.251)
    remove()
    board.run_for(1.5)
    assert [round(frame.time, 3) for frame in seen] == [0.25, 0.251]


def test_sniff_and_its_filter(fake_board: Start) -> None:
    _, wire = start(fake_board)
    assert len(wire.sniff(2.5)) == 3
    assert wire.sniff(1, lambda packet: packet.type == ECHOED) == []


def test_a_frame_that_does_not_come(fake_board: Start) -> None:
    _, wire = start(fake_board)
    with pytest.raises(WaitTimeoutError, match=r"the expected frame within 0\.4 s .* its last frame was Ether"):
        wire.receive(lambda packet: packet.type == 0x9999, timeout=0.4)


def test_the_capture_has_virtual_times(fake_board: Start, tmp_path: Path) -> None:
    board, wire = start(fake_board)
    assert not wire.save_pcap(tmp_path / "none.pcap")
    wire.send(probe(b"x"), at=0.5)
    board.run_for(0.6)
    assert wire.save_pcap(tmp_path / "a.pcap")
    packets = rdpcap(str(tmp_path / "a.pcap"))
    assert [float(packet.time) for packet in packets] == pytest.approx([0.25, 0.5, 0.501])
    assert [packet.src for packet in packets] == [BOARD, BENCH, BOARD]


def test_what_cannot_be_sent(fake_board: Start) -> None:
    board, wire = start(fake_board)
    with pytest.raises(UsageError, match="a frame of 2000 bytes"):
        wire.send(bytes(2000))
    board.run_for(0.5)
    with pytest.raises(UsageError, match="cannot send a frame at 0.1 s"):
        wire.send(probe(b"late"), at=0.1)
    with pytest.raises(UsageError, match="not connected"):
        WireNetwork().receive()


def thawed(fake_board: Start, wire: WireNetwork) -> WireNetwork:
    """Another wire that goes on from where one is now."""
    other = WireNetwork()
    other.thaw(wire.freeze())
    fake_board(network=other)
    return other


def test_a_thawed_wire_goes_on_reading_where_the_frozen_one_was(fake_board: Start) -> None:
    board, wire = start(fake_board)
    wire.send(probe(b"x"), at=0.5)
    board.run_for(0.6)
    first = wire.receive()
    other = thawed(fake_board, wire)
    assert other.frames == wire.frames
    assert len(other.frames) == 3
    second = other.receive()
    assert (first.time, second.time) == pytest.approx((0.25, 0.501))
    assert second == wire.receive()


def test_a_station_is_on_the_thawed_wire_as_it_was(fake_board: Start) -> None:
    _, wire = start(fake_board)
    neighbour = Neighbour(wire, mac="02:00:00:00:00:07")
    neighbour.addresses.add("10.0.0.1")
    other = thawed(fake_board, wire).peer(Neighbour)
    assert other is not None
    assert (other.mac, other.addresses) == (neighbour.mac, neighbour.addresses)
    other.wire.leave(other)
    assert other.wire.peer(Neighbour) is None


def test_a_plain_responder_cannot_be_frozen(fake_board: Start) -> None:
    _, wire = start(fake_board)
    remove = wire.respond(lambda frame: None)
    with pytest.raises(UsageError, match=r"responder .*<lambda> on the wire is a function and cannot be in a snapshot"):
        wire.freeze()
    remove()
    wire.freeze()


def test_a_station_that_could_not_be_found_again_cannot_join(fake_board: Start) -> None:
    class Local(Neighbour):
        pass

    _, wire = start(fake_board)
    with pytest.raises(UsageError, match="local to a function"):
        Local(wire)
    assert issubclass(Local, WirePeer)
