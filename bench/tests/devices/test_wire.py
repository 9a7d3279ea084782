# SPDX-License-Identifier: MIT
"""The wire: frames in and out with exact times, and what it says about lines that make no sense."""

from __future__ import annotations

import json

import pytest
from conftest import ChipFactory
from ethernet import EVERYONE, LINK_NS, RX_RING, STATION, Ethernet, frame_to, padded, slot_ns, wire_ns


@pytest.fixture
def eth(chip: ChipFactory) -> Ethernet:
    ethernet = Ethernet(chip(wire=True))
    ethernet.start()
    return ethernet


def test_a_frame_is_stamped_when_its_last_bit_has_left(eth: Ethernet) -> None:
    frame = frame_to(EVERYONE, bytes(range(100)))
    start = eth.chip.now
    eth.send(frame)
    eth.chip.step_ns(wire_ns(114) - 1)
    assert eth.frames() == []
    eth.chip.step_ns(1)
    assert eth.frames() == [(start + wire_ns(114), frame)]


def test_a_frame_may_be_ordered_for_a_time(eth: Ethernet) -> None:
    when = eth.chip.now + 1_000_000
    eth.arrive(frame_to(STATION), at=when)
    eth.chip.clock_set(when + wire_ns(60) - 1)
    assert eth.rx(0).owned
    eth.chip.step_ns(1)
    assert not eth.rx(0).owned


def test_frames_come_in_the_order_of_their_times(eth: Ethernet) -> None:
    now = eth.chip.now
    for name, delay in (("c", 3), ("a", 1), ("b", 2), ("B", 2)):
        eth.arrive(frame_to(STATION, name.encode()), at=now + delay * 100_000)
    eth.chip.step_ns(1_000_000)
    assert [eth.rx_data(i)[14:15] for i in range(4)] == [b"a", b"b", b"B", b"c"]


def test_short_frames_are_padded_unless_they_bring_their_fcs(eth: Ethernet) -> None:
    eth.deliver(frame_to(STATION, b"short"))
    assert eth.rx_data(0)[:-4] == padded(frame_to(STATION, b"short"))


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        (b"{", "not JSON"),
        (b"[1]", "must be a JSON object"),
        (b"7", "must be a JSON object"),
        (b"{}", "neither"),
        (b'{"frame":7}', '"frame" must be'),
        (b'{"frame":""}', '"frame" must be'),
        (b'{"frame":"abc"}', '"frame" must be'),
        (b'{"frame":"xy"}', '"frame" must be'),
        (b'{"frame":"' + b"00" * 16385 + b'"}', '"frame" must be'),
        (b'{"frame":"00","fcs":"00"}', '"fcs" must be'),
        (b'{"frame":"00","fcs":1}', '"fcs" must be'),
        (b'{"frame":"00","at":"soon"}', '"at" must be'),
        (b'{"frame":"00","at":1}', '"at" must be'),
        (b'{"frame":"00","when":1}', 'unknown key "when"'),
        (b'{"stop-on-frame":1}', "stop-on-frame"),
        (b'{"frame":"\0"}', "zero byte"),
        (b"\xff\xfe", "not JSON"),
        (b" " * 100_000, "longer than"),
    ],
)
def test_a_line_that_makes_no_sense_gets_one_error(eth: Ethernet, line: bytes, complaint: str) -> None:
    eth.chip.wire.send(line + b"\n")
    for _ in range(len(line) // 4096):
        eth.chip.settle()
    errors = eth.chip.wire.events()
    assert len(errors) == 1
    assert complaint in errors[0]["error"]
    assert errors[0]["t"] == eth.chip.now
    eth.deliver(frame_to(STATION))
    assert not eth.rx(0).owned


def test_lines_may_come_in_pieces_and_together(eth: Ethernet) -> None:
    line = json.dumps({"frame": frame_to(STATION).hex()}).encode()
    for piece in (line[:10], line[10:20], line[20:] + b"\n" + line + b"\n\n"):
        eth.chip.wire.send(piece)
    eth.chip.step_ns(2 * slot_ns(60))
    assert [eth.rx(i).owned for i in range(3)] == [False, False, True]


def test_stop_on_frame_stops_the_machine(chip: ChipFactory) -> None:
    ethernet = Ethernet(chip(wire=True, panel=True))
    ethernet.start()
    ethernet.chip.wire.send({"stop-on-frame": True})
    ethernet.send(frame_to(EVERYONE))
    ethernet.chip.step_ns(wire_ns(60))
    ((when, _),) = ethernet.frames()
    stops: list[dict[str, object]] = []
    for _ in range(1000):  # the machine stops in a thread of its own
        stops += [event for event in ethernet.chip.panel.events() if "stopped" in event]
        if stops:
            break
    assert stops == [{"t": when, "stopped": True, "frame": True}]
    ethernet.chip.wire.send({"stop-on-frame": False})


def test_frames_that_nobody_reads_do_not_hold_the_machine(eth: Ethernet) -> None:
    """More than a socket takes; they come whole and in order when they are read."""
    number = 400
    eth.tx_buffer = 0x20000
    frame = frame_to(EVERYONE, bytes(1400))
    eth.queue(frame, last=True)
    eth.write("ETHTXST", eth.tx_address - 16)
    for _ in range(number):
        eth.put_descriptor(eth.tx_address - 16, 0xC0000080 | len(frame) << 16, 0x20000)
        eth.write("ETHTXST", eth.tx_address - 16)
        eth.write("ETHCON1SET", 1 << 9)
        eth.chip.step_ns(slot_ns(len(frame)))
    frames = eth.frames()
    while len(frames) < number and (more := eth.frames()):
        frames += more
    assert [each for _, each in frames] == [frame] * number


def test_frames_wait_in_the_wire_when_the_cable_is_full(eth: Ethernet) -> None:
    """1,000 frames at once: none is lost on the cable, each takes its time."""
    now = eth.chip.now
    lines = b"".join(
        json.dumps({"frame": frame_to(EVERYONE, i.to_bytes(2, "big")).hex()}).encode() + b"\n" for i in range(1000)
    )
    eth.chip.wire.send(lines)
    while eth.chip.wire.events():
        pass
    for _ in range(60):
        eth.chip.settle()
    eth.write("ETHRXST", RX_RING)
    received = []
    for i in range(1000):
        while eth.rx(i % 8).owned and eth.chip.now < now + 20_000_000:
            eth.chip.step_ns(1000)
        received.append(int.from_bytes(eth.rx_data(i % 8)[14:16], "big"))
        eth.give_back(i % 8)
        eth.write("ETHCON1SET", 1)
    assert received == list(range(1000))
    assert eth.chip.now - now >= 999 * slot_ns(60)


def test_the_wire_is_the_cable(chip: ChipFactory) -> None:
    """With the wire given the link comes up; without any network it stays down."""
    for wire in (True, False):
        ethernet = Ethernet(chip(wire=wire))
        ethernet.chip.step_ns(LINK_NS)
        ethernet.phy_read(1)
        assert bool(ethernet.phy_read(1) & 4) is wire
