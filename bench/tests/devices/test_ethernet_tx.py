# SPDX-License-Identifier: MIT
"""Ethernet, sending: descriptors, padding, status vectors, pacing, PAUSE frames (DS60001155)."""

from __future__ import annotations

import pytest
from conftest import ChipFactory
from ethernet import (
    AUTOPAD,
    BROADCAST,
    BUFCDEC,
    BUSY,
    CRC_ERROR,
    CRCENABLE,
    EOP,
    EOWN,
    EVERYONE,
    FULLDPLX,
    HUGEFRM,
    LENGTH_RANGE,
    LOOPBACK,
    MANFC,
    MULTICAST,
    NPV,
    ON,
    PADENABLE,
    PEER,
    RXENABLE,
    RXPAUSE,
    SOP,
    STATION,
    STATUS_OK,
    TX_RING,
    TXABORT,
    TXBUSE,
    TXBUSY,
    TXDONE,
    TXPAUSE,
    TXRTS,
    VLANPAD,
    Ethernet,
    fcs,
    frame_to,
    padded,
    slot_ns,
    wire_ns,
)

FRAME = frame_to(EVERYONE, bytes(range(200)), source=STATION)
PAUSE_ADDRESS = bytes.fromhex("0180c2000001")


def pause(quanta: int, destination: bytes = PAUSE_ADDRESS) -> bytes:
    """802.3 annex 31B"""
    return frame_to(destination, b"\0\1" + quanta.to_bytes(2, "big"), ethertype=0x8808)


@pytest.fixture
def eth(chip: ChipFactory) -> Ethernet:
    ethernet = Ethernet(chip(wire=True))
    ethernet.start()
    return ethernet


def test_a_frame_leaves_and_its_descriptor_comes_back(eth: Ethernet) -> None:
    first = eth.send(FRAME)
    eth.chip.step_ns(wire_ns(len(FRAME)) - 1)
    assert eth.descriptor(first).owned
    assert eth.read("ETHSTAT") & (TXBUSY | BUSY) == TXBUSY | BUSY
    assert not eth.irq() & TXDONE
    eth.chip.step_ns(1)
    done = eth.descriptor(first)
    assert done.header == SOP | EOP | len(FRAME) << 16
    assert done.status2 == STATUS_OK | BROADCAST | LENGTH_RANGE | len(FRAME) + 4
    assert done.status1 == len(FRAME) + 4
    assert [frame for _, frame in eth.frames()] == [FRAME]
    assert eth.irq() & TXDONE
    eth.chip.step_ns(2000)
    assert not eth.read("ETHCON1") & TXRTS
    assert not eth.read("ETHSTAT") & TXBUSY
    assert eth.read("ETHTXST") == first


@pytest.mark.parametrize(("mbit", "ability"), [(100, 0x101), (10, 0x41)])
def test_frames_back_to_back_take_their_length_and_20_bytes(chip: ChipFactory, mbit: int, ability: int) -> None:
    eth = Ethernet(chip(wire=True))
    eth.phy_write(4, ability)
    eth.phy_write(0, 0x1200)
    eth.start(mbit=mbit)
    frames = [frame_to(EVERYONE, bytes(n)) for n in (46, 1500, 100)]
    for frame in frames:
        eth.queue(frame)
    start = eth.chip.now
    eth.write("ETHTXST", TX_RING)
    eth.write("ETHCON1SET", TXRTS)
    eth.chip.step_ns(10_000_000)
    times = [when for when, _ in eth.frames()]
    begins = [start, start + slot_ns(60, mbit), start + slot_ns(60, mbit) + slot_ns(1514, mbit)]
    assert times == [begin + wire_ns(len(frame), mbit) for begin, frame in zip(begins, frames, strict=True)]
    assert slot_ns(60, mbit) == 84 * 8000 // mbit


def test_the_gap_also_counts_for_a_frame_that_is_queued_late(eth: Ethernet) -> None:
    start = eth.chip.now
    eth.send(FRAME)
    eth.chip.step_ns(wire_ns(len(FRAME)) + 100)
    eth.send(FRAME)
    eth.chip.step_ns(1_000_000)
    assert [when for when, _ in eth.frames()] == [start + wire_ns(214), start + slot_ns(214) + wire_ns(214)]


@pytest.mark.parametrize("linked", [False, True])
def test_a_packet_may_span_descriptors(eth: Ethernet, linked: bool) -> None:
    pieces = FRAME[:7], FRAME[7:100], FRAME[100:]
    first = eth.send(*pieces, linked=linked)
    eth.chip.step_ns(slot_ns(len(FRAME)))
    assert [frame for _, frame in eth.frames()] == [FRAME]
    step = 20 if linked else 16
    found = [eth.descriptor(first + i * step) for i in range(3)]
    assert not any(each.owned for each in found)
    assert [each.starts for each in found] == [True, False, False]
    assert found[0].status2 & 0xFFFF == len(FRAME) + 4
    assert eth.read("ETHTXST") == first + 2 * step


def test_a_linked_ring_goes_round(eth: Ethernet) -> None:
    for i in range(3):
        eth.put_descriptor(TX_RING + i * 32, 0, 0, TX_RING + (i + 1) % 3 * 32)
    eth.write("ETHTXST", TX_RING)
    sent = []
    for i in range(8):
        frame = frame_to(EVERYONE, bytes([i] * 60))
        address = TX_RING + i % 3 * 32
        eth.chip.memwrite(0x20000, frame)
        eth.put_descriptor(address, SOP | EOP | EOWN | NPV | len(frame) << 16, 0x20000, TX_RING + (i + 1) % 3 * 32)
        eth.write("ETHCON1SET", TXRTS)
        eth.chip.step_ns(slot_ns(len(frame)) + 1)
        sent.append(frame)
    assert [frame for _, frame in eth.frames()] == sent
    assert eth.read("ETHFRMTXOK") == 8


def test_user_bits_of_a_descriptor_stay(eth: Ethernet) -> None:
    first = eth.queue(FRAME)
    header = eth.descriptor(first).header | 0x38007E00
    eth.chip.memwrite(first, header.to_bytes(4, "little") + (0x20000).to_bytes(4, "little"))
    eth.chip.memwrite(first + 11, b"\xa5")
    eth.write("ETHTXST", first)
    eth.write("ETHCON1SET", TXRTS)
    eth.chip.step_ns(slot_ns(len(FRAME)))
    assert eth.descriptor(first).header == header & ~EOWN
    assert eth.descriptor(first).status1 >> 24 == 0xA5


@pytest.mark.parametrize(
    ("cfg2", "tagged", "size"),
    [
        (PADENABLE | CRCENABLE, False, 60),
        (PADENABLE | CRCENABLE, True, 60),
        (PADENABLE | CRCENABLE | VLANPAD, False, 64),
        (PADENABLE | CRCENABLE | AUTOPAD, False, 60),
        (PADENABLE | CRCENABLE | AUTOPAD, True, 64),
        (PADENABLE, False, 60),
        (CRCENABLE, False, 20),
    ],
)
def test_short_frames_are_padded_as_configured(chip: ChipFactory, cfg2: int, tagged: bool, size: int) -> None:
    eth = Ethernet(chip(wire=True))
    eth.start(cfg2=FULLDPLX | cfg2, receive=False)
    frame = frame_to(EVERYONE, b"abcdef", ethertype=0x8100 if tagged else 0x88B5)
    assert eth.sent(frame) == padded(frame, size)
    assert eth.descriptor(TX_RING).status1 == size + 4 | (1 << 19 if tagged else 0)


def test_without_crc_the_frame_brings_its_own(chip: ChipFactory) -> None:
    eth = Ethernet(chip(wire=True))
    eth.start(cfg2=FULLDPLX, receive=False)
    assert eth.sent(FRAME + fcs(FRAME)) == FRAME
    assert not eth.descriptor(TX_RING).status2 & CRC_ERROR
    second = eth.send(FRAME + b"\0\0\0\0")
    eth.chip.step_ns(slot_ns(len(FRAME)))
    assert eth.frames() == []
    assert eth.descriptor(second).status2 & CRC_ERROR


@pytest.mark.parametrize("huge", [False, True])
def test_a_frame_longer_than_maxf_is_aborted(chip: ChipFactory, huge: bool) -> None:
    eth = Ethernet(chip(wire=True))
    eth.start(cfg2=FULLDPLX | CRCENABLE | (HUGEFRM if huge else 0), receive=False)
    frame = frame_to(EVERYONE, bytes(1600))
    first = eth.send(frame)
    eth.chip.step_ns(slot_ns(len(frame)))
    assert bool(eth.irq() & TXDONE) is huge
    assert bool(eth.irq() & TXABORT) is not huge
    assert [each for _, each in eth.frames()] == ([frame] if huge else [])
    assert not eth.descriptor(first).owned
    assert bool(eth.descriptor(first).status2 & STATUS_OK) is huge
    assert eth.read("ETHFRMTXOK") == huge


def test_multicast_and_length_are_reported(eth: Ethernet) -> None:
    eth.sent(frame_to(bytes.fromhex("01005e000001"), bytes(100), ethertype=100))
    assert eth.descriptor(TX_RING).status2 & (MULTICAST | BROADCAST | LENGTH_RANGE | 1 << 21) == MULTICAST
    wrong = eth.send(frame_to(PEER, bytes(100), ethertype=99))
    eth.chip.step_ns(slot_ns(200))
    assert eth.descriptor(wrong).status2 & 1 << 21


def test_frames_may_come_from_flash(eth: Ethernet) -> None:
    eth.put_descriptor(TX_RING, SOP | EOP | EOWN | 64 << 16, 0x1D000000)
    eth.put_descriptor(TX_RING + 16, 0, 0)
    eth.write("ETHTXST", TX_RING)
    eth.write("ETHCON1SET", TXRTS)
    eth.chip.step_ns(slot_ns(64))
    assert [frame for _, frame in eth.frames()] == [b"\xff" * 64]


@pytest.mark.parametrize("where", ["descriptor", "buffer", "next"])
def test_a_bus_error_stops_transmission(eth: Ethernet, where: str) -> None:
    nowhere = 0x1C000000
    eth.put_descriptor(
        TX_RING,
        SOP | EOWN | NPV | 64 << 16 | (0 if where == "next" else EOP),
        nowhere if where == "buffer" else 0x20000,
        nowhere,
    )
    eth.write("ETHTXST", nowhere if where == "descriptor" else TX_RING)
    eth.write("ETHCON1SET", TXRTS)
    eth.chip.step_ns(slot_ns(64))
    assert eth.irq() & (TXBUSE | TXDONE) == TXBUSE
    assert not eth.read("ETHCON1") & TXRTS
    assert "bus error" in eth.chip.log()


def test_a_list_without_an_end_of_packet_ends(eth: Ethernet) -> None:
    """A descriptor that is its own successor, empty and with data."""
    for count in (0, 4):
        eth.put_descriptor(TX_RING, SOP | EOWN | NPV | count << 16, 0x20000, TX_RING)
        eth.write("ETHIRQCLR", TXABORT)
        eth.write("ETHTXST", TX_RING)
        eth.write("ETHCON1SET", TXRTS)
        eth.chip.step_ns(slot_ns(2000))
        assert eth.irq() & TXABORT
        assert not eth.read("ETHCON1") & TXRTS


def test_a_packet_that_is_not_wholly_given_is_refused(eth: Ethernet) -> None:
    first = eth.queue(FRAME[:50], FRAME[50:])
    eth.chip.memwrite(first + 16, b"\0")
    eth.write("ETHTXST", first)
    eth.write("ETHCON1SET", TXRTS)
    eth.chip.step_ns(slot_ns(300))
    assert eth.irq() & TXABORT
    assert eth.frames() == []


def test_clearing_txrts_ends_after_the_frame(eth: Ethernet) -> None:
    eth.queue(FRAME)
    eth.queue(FRAME)
    eth.write("ETHTXST", TX_RING)
    eth.write("ETHCON1SET", TXRTS)
    eth.chip.step_ns(1000)
    eth.write("ETHCON1CLR", TXRTS)
    eth.chip.step_ns(1_000_000)
    assert len(eth.frames()) == 1
    eth.write("ETHCON1SET", TXRTS)
    eth.chip.step_ns(1_000_000)
    assert len(eth.frames()) == 1


def test_turning_off_waits_for_the_frame(eth: Ethernet) -> None:
    eth.send(FRAME)
    eth.chip.step_ns(1000)
    eth.write("ETHCON1CLR", ON)
    assert eth.read("ETHSTAT") & BUSY
    eth.chip.step_ns(slot_ns(len(FRAME)))
    assert not eth.read("ETHSTAT") & BUSY


def test_nothing_leaves_without_the_cable_but_the_driver_goes_on(eth: Ethernet) -> None:
    eth.chip.panel.send({"link": "down"})
    first = eth.send(FRAME)
    eth.chip.step_ns(1_000_000)
    assert eth.frames() == []
    assert not eth.descriptor(first).owned
    assert eth.irq() & TXDONE


def test_nothing_passes_at_two_speeds(eth: Ethernet) -> None:
    eth.write("EMAC1SUPP", 0)
    eth.send(FRAME)
    eth.deliver(frame_to(STATION))
    eth.chip.step_ns(1_000_000)
    assert eth.frames() == []
    assert eth.rx(0).owned


def test_mac_loopback_returns_the_frame(chip: ChipFactory) -> None:
    eth = Ethernet(chip(wire=True))
    eth.start(cfg1=RXENABLE | LOOPBACK, link=False)
    eth.send(FRAME)
    eth.chip.step_ns(slot_ns(len(FRAME)))
    assert eth.rx_data(0) == FRAME + fcs(FRAME)
    assert eth.frames() == []


def test_transmit_interrupt_reaches_the_controller(eth: Ethernet) -> None:
    eth.write("ETHIENSET", TXDONE)
    eth.chip.clear_ifs("ETHERNET")
    eth.send(FRAME)
    assert eth.chip.ifs("ETHERNET") == 0
    eth.chip.step_ns(slot_ns(len(FRAME)))
    assert eth.chip.ifs("ETHERNET") == 1
    eth.chip.clear_ifs("ETHERNET")
    assert eth.chip.ifs("ETHERNET") == 1, "a level source asserts again"
    eth.write("ETHIRQCLR", TXDONE)
    eth.chip.clear_ifs("ETHERNET")
    assert eth.chip.ifs("ETHERNET") == 0


def test_a_received_pause_holds_transmission(chip: ChipFactory) -> None:
    eth = Ethernet(chip(wire=True))
    eth.start(cfg1=RXENABLE | RXPAUSE)
    eth.arrive(pause(100))
    eth.chip.step_ns(wire_ns(60))
    resumed = eth.chip.now + 100 * 5120
    eth.send(FRAME)
    eth.chip.step_ns(1_000_000)
    assert [when for when, _ in eth.frames()] == [resumed + wire_ns(len(FRAME))]
    assert eth.rx(0).owned, "control frames are not for the software"


def test_a_pause_of_zero_ends_it(chip: ChipFactory) -> None:
    eth = Ethernet(chip(wire=True))
    eth.start(cfg1=RXENABLE | RXPAUSE)
    eth.deliver(pause(0xFFFF))
    eth.send(FRAME)
    eth.chip.step_ns(1_000_000)
    assert eth.frames() == []
    eth.deliver(pause(0))
    eth.chip.step_ns(slot_ns(len(FRAME)))
    assert len(eth.frames()) == 1


@pytest.mark.parametrize("frame", [pause(100), pause(100, PEER)])
def test_a_pause_is_ignored_unless_enabled_and_ours(chip: ChipFactory, frame: bytes) -> None:
    eth = Ethernet(chip(wire=True))
    eth.start(cfg1=RXENABLE | (RXPAUSE if frame[0] != 1 else 0))
    eth.deliver(frame)
    eth.send(FRAME)
    eth.chip.step_ns(slot_ns(len(FRAME)))
    assert len(eth.frames()) == 1


def test_manual_flow_control_sends_pauses_until_it_ends(chip: ChipFactory) -> None:
    eth = Ethernet(chip(wire=True))
    eth.start(cfg1=RXENABLE | TXPAUSE)
    start = eth.chip.now
    eth.write("ETHCON1SET", 100 << 16 | MANFC)
    eth.chip.step_ns(3 * 100 * 2560 + 20_000)
    expected = padded(PAUSE_ADDRESS + STATION + bytes.fromhex("880800010064"))
    assert eth.frames() == [(start + i * 100 * 2560 + wire_ns(60), expected) for i in range(4)]
    eth.write("ETHCON1CLR", MANFC)
    eth.chip.step_ns(1_000_000)
    assert [frame[14:18] for _, frame in eth.frames()] == [b"\0\1\0\0"]
    assert eth.read("ETHFRMTXOK") == 0


def test_automatic_flow_control_follows_the_watermarks(chip: ChipFactory) -> None:
    eth = Ethernet(chip(wire=True))
    eth.start(cfg1=RXENABLE | TXPAUSE)
    eth.write("ETHRXWM", 3 << 16 | 1)
    eth.write("ETHCON1SET", 0xFFFF << 16 | 1 << 7)
    for _ in range(2):
        eth.deliver(frame_to(STATION))
    eth.chip.step_ns(100_000)
    assert eth.frames() == []
    eth.deliver(frame_to(STATION))
    eth.chip.step_ns(100_000)
    assert [frame[14:18] for _, frame in eth.frames()] == [b"\0\1\xff\xff"]
    eth.write("ETHCON1SET", BUFCDEC)
    eth.chip.step_ns(100_000)
    assert eth.frames() == []
    eth.write("ETHCON1SET", BUFCDEC)
    eth.chip.step_ns(100_000)
    assert [frame[14:18] for _, frame in eth.frames()] == [b"\0\1\0\0"]
