# SPDX-License-Identifier: MIT
"""Ethernet, receiving: descriptors, status vectors, counts and watermarks, starvation, pacing (DS60001155)."""

from __future__ import annotations

import pytest
from conftest import ChipFactory
from ethernet import (
    AUTOFC,
    BROADCAST,
    BUFCDEC,
    CRC_ERROR,
    CRCERREN,
    CRCOKEN,
    EOWN,
    EVERYONE,
    EWMARK,
    FULLDPLX,
    FWMARK,
    HUGEFRM,
    LENGTH_ERROR,
    LENGTH_RANGE,
    LENGTHCK,
    MULTICAST,
    NPV,
    ON,
    PASSALL,
    PKTPEND,
    RX_BUFFERS,
    RX_RING,
    RXACT,
    RXBUFNA,
    RXBUSE,
    RXBUSY,
    RXDONE,
    RXEN,
    RXENABLE,
    RXOVFLW,
    STATION,
    STATUS_OK,
    UCEN,
    Ethernet,
    fcs,
    frame_to,
    internet_checksum,
    padded,
    slot_ns,
    wire_ns,
)

FRAME = frame_to(STATION, bytes(range(200)))


@pytest.fixture
def eth(chip: ChipFactory) -> Ethernet:
    ethernet = Ethernet(chip(wire=True))
    ethernet.start()
    return ethernet


def test_a_frame_is_stored_when_its_last_bit_has_come(eth: Ethernet) -> None:
    eth.arrive(FRAME)
    eth.chip.step_ns(wire_ns(len(FRAME)) - 1)
    assert eth.rx(0).owned
    assert eth.read("ETHSTAT") & RXBUSY
    eth.chip.step_ns(1)
    found = eth.rx(0)
    assert found.header == 1 << 31 | 1 << 30 | NPV | len(FRAME) + 4 << 16
    assert eth.rx_data(0) == FRAME + fcs(FRAME)
    assert found.status2 == STATUS_OK | LENGTH_RANGE | len(FRAME) + 4
    assert found.status1 & 0xFFFF == internet_checksum(FRAME[14:])
    assert eth.irq() == RXDONE | RXACT | PKTPEND | FWMARK
    assert not eth.read("ETHSTAT") & RXBUSY
    assert eth.bufcnt() == 1
    assert eth.read("ETHRXST") == RX_RING


def test_frames_queue_on_the_cable(eth: Ethernet) -> None:
    now = eth.chip.now
    for size in (100, 1500, 60):
        eth.arrive(frame_to(STATION, bytes(size - 14)), at=now)
    times = []
    for i in range(3):
        while eth.rx(i).owned:
            eth.chip.step_ns(20)
        times.append(eth.chip.now - now)
    assert times == [wire_ns(100), slot_ns(100) + wire_ns(1500), slot_ns(100) + slot_ns(1500) + wire_ns(60)]


@pytest.mark.parametrize("linked", [True, False])
def test_a_frame_may_span_buffers(chip: ChipFactory, linked: bool) -> None:
    eth = Ethernet(chip(wire=True))
    eth.start(size=64, linked=linked)
    eth.deliver(FRAME)
    whole = FRAME + fcs(FRAME)
    found = [eth.rx(i) for i in range(5)]
    assert [each.owned for each in found] == [False, False, False, False, True]
    assert [each.count for each in found[:4]] == [64, 64, 64, len(whole) - 192]
    assert [each.starts for each in found[:4]] == [True, False, False, False]
    assert [each.ends for each in found[:4]] == [False, False, False, True]
    assert b"".join(eth.rx_data(i) for i in range(4)) == whole
    assert found[0].status2 & 0xFFFF == len(whole)
    assert eth.bufcnt() == 4
    assert eth.read("ETHRXST") == found[3].address


def test_a_ring_goes_round(eth: Ethernet) -> None:
    for i in range(20):
        frame = frame_to(STATION, bytes([i] * 50))
        eth.deliver(frame)
        assert eth.rx_data(i % 8)[:-4] == frame
        eth.give_back(i % 8)
        eth.write("ETHCON1SET", BUFCDEC)
    assert eth.bufcnt() == 0
    assert eth.read("ETHFRMRXOK") == 20


def test_a_row_without_links_ends_with_the_softwares_descriptor(chip: ChipFactory) -> None:
    eth = Ethernet(chip(wire=True))
    eth.start(buffers=2, linked=False)
    for _ in range(3):
        eth.deliver(FRAME)
    assert eth.irq() & RXBUFNA
    assert eth.bufcnt() == 2


def test_user_bits_of_a_descriptor_stay(eth: Ethernet) -> None:
    eth.chip.memwrite(RX_RING, (NPV | EOWN | 0x38007E00).to_bytes(4, "little"))
    eth.chip.memwrite(RX_RING + 10, b"\x5a")
    eth.deliver(FRAME)
    assert eth.rx(0).header & 0x38007E00 == 0x38007E00
    assert eth.rx(0).status1 >> 16 & 0xFF == 0x5A


@pytest.mark.parametrize(
    ("frame", "bits"),
    [
        (frame_to(EVERYONE, bytes(60)), BROADCAST | LENGTH_RANGE),
        (frame_to(bytes.fromhex("01005e000001"), bytes(60)), MULTICAST | LENGTH_RANGE),
        (frame_to(STATION, bytes(60), ethertype=60), 0),
        (frame_to(STATION, bytes(60), ethertype=59), LENGTH_ERROR),
        (frame_to(STATION, bytes(60), ethertype=61), LENGTH_ERROR),
        (frame_to(STATION, bytes(10), ethertype=10), 0),
        (frame_to(STATION, bytes(60), ethertype=0x8100), LENGTH_RANGE | 1 << 30),
    ],
)
def test_the_status_vector_tells_what_came(eth: Ethernet, frame: bytes, bits: int) -> None:
    eth.deliver(frame)
    assert eth.rx(0).status2 == STATUS_OK | bits | max(60, len(frame)) + 4


def test_without_lengthck_the_length_is_not_checked(chip: ChipFactory) -> None:
    eth = Ethernet(chip(wire=True))
    eth.start(cfg2=FULLDPLX)
    eth.deliver(frame_to(STATION, bytes(60), ethertype=59))
    assert not eth.rx(0).status2 & LENGTH_ERROR


def test_control_frames_are_stored_when_all_pass(chip: ChipFactory) -> None:
    eth = Ethernet(chip(wire=True))
    eth.start(cfg1=RXENABLE | PASSALL)
    eth.deliver(frame_to(bytes.fromhex("0180c2000001"), b"\0\1\0\7", ethertype=0x8808))
    eth.deliver(frame_to(STATION, b"\0\2", ethertype=0x8808))
    assert eth.rx(0).status2 >> 27 & 7 == 0b011
    assert eth.rx(1).status2 >> 27 & 7 == 0b101


@pytest.mark.parametrize("huge", [False, True])
def test_frames_longer_than_maxf_are_cut(chip: ChipFactory, huge: bool) -> None:
    eth = Ethernet(chip(wire=True))
    eth.start(filters=UCEN, cfg2=FULLDPLX | LENGTHCK | (HUGEFRM if huge else 0))
    frame = frame_to(STATION, bytes(1700))
    eth.deliver(frame)
    assert eth.rx(0).count + eth.rx(1).count * huge == (len(frame) + 4 if huge else 0x600)
    assert bool(eth.rx(0).status2 & CRC_ERROR) is not huge


def test_interrupt_and_pktpend_follow_the_count(eth: Ethernet) -> None:
    eth.write("ETHIENSET", PKTPEND)
    eth.chip.clear_ifs("ETHERNET")
    eth.deliver(FRAME)
    assert eth.chip.ifs("ETHERNET") == 1
    eth.write("ETHIRQCLR", PKTPEND)
    assert eth.irq() & PKTPEND, "only BUFCDEC clears it"
    eth.write("ETHCON1SET", BUFCDEC)
    assert not eth.irq() & PKTPEND
    eth.chip.clear_ifs("ETHERNET")
    assert eth.chip.ifs("ETHERNET") == 0


def test_done_and_activity_are_cleared_by_software(eth: Ethernet) -> None:
    eth.deliver(FRAME)
    eth.write("ETHIRQCLR", RXDONE | RXACT)
    assert not eth.irq() & (RXDONE | RXACT)


def test_watermarks(eth: Ethernet) -> None:
    eth.write("ETHRXWM", 3 << 16 | 1)
    levels = []
    for _ in range(3):
        eth.deliver(FRAME)
        levels.append(eth.irq() & (FWMARK | EWMARK))
    for _ in range(3):
        eth.write("ETHCON1SET", BUFCDEC)
        levels.append(eth.irq() & (FWMARK | EWMARK))
    assert levels == [0, 0, FWMARK, 0, EWMARK, EWMARK]


def test_the_count_neither_wraps_below_nor_above(eth: Ethernet) -> None:
    eth.write("ETHCON1SET", BUFCDEC)
    assert eth.bufcnt() == 0
    for i in range(260):
        eth.deliver(frame_to(STATION))
        eth.give_back(i % 8)
    assert eth.bufcnt() == 255
    assert eth.read("ETHFRMRXOK") == 260
    assert not eth.read("ETHCON1") & BUFCDEC


def test_with_automatic_flow_control_a_full_count_halts(eth: Ethernet) -> None:
    eth.write("ETHCON1SET", AUTOFC)
    for i in range(256):
        eth.deliver(frame_to(STATION))
        if i < 255:
            eth.give_back(i % 8)
    assert eth.read("ETHFRMRXOK") == 256
    eth.give_back(254 % 8)
    assert eth.rx(255 % 8).owned
    eth.write("ETHCON1SET", BUFCDEC)
    assert not eth.rx(255 % 8).owned


def test_writing_the_start_clears_the_count(eth: Ethernet) -> None:
    eth.deliver(FRAME)
    eth.write("ETHRXST", RX_RING)
    assert eth.bufcnt() == 0
    assert not eth.irq() & PKTPEND


def starve(eth: Ethernet) -> None:
    for _ in range(3):
        eth.deliver(FRAME)


@pytest.fixture
def starved(chip: ChipFactory) -> Ethernet:
    """Two buffers are full, a third frame waits."""
    eth = Ethernet(chip(wire=True))
    eth.start(buffers=2)
    starve(eth)
    return eth


def test_a_starved_receiver_says_so_and_goes_on_with_bufcdec(starved: Ethernet) -> None:
    eth = starved
    assert eth.irq() & (RXBUFNA | RXOVFLW) == RXBUFNA
    eth.give_back(0)
    eth.write("ETHCON1SET", BUFCDEC)
    assert not eth.rx(0).owned
    assert eth.rx_data(0)[:-4] == FRAME


def test_a_starved_receiver_finds_a_new_descriptor_by_itself(starved: Ethernet) -> None:
    """Drivers append descriptors without touching a register."""
    eth = starved
    eth.write("ETHIRQCLR", RXBUFNA)
    eth.chip.step_ns(50_000_000)
    assert not eth.irq() & RXBUFNA, "looking again does not say so again"
    eth.give_back(0)
    eth.chip.step_ns(1_000_000)
    assert not eth.rx(0).owned


def test_a_starved_receiver_loses_what_its_fifo_cannot_hold(starved: Ethernet) -> None:
    eth = starved
    for _ in range(30):
        eth.deliver(FRAME)
    assert eth.irq() & RXOVFLW
    lost = eth.read("ETHRXOVFLOW")
    assert lost > 0
    for i in range(100):
        if not eth.rx(i % 2).owned:
            eth.give_back(i % 2)
            eth.write("ETHCON1SET", BUFCDEC)
    assert eth.read("ETHFRMRXOK") == 33 - lost


def test_an_idle_starved_receiver_costs_no_timer(eth: Ethernet) -> None:
    """Without a frame that waits nothing is looked for."""
    before = eth.chip.now
    assert eth.chip.clock_step() - before > 1_000_000_000 or eth.chip.now == before


@pytest.mark.parametrize("where", ["descriptor", "buffer", "registers"])
def test_a_bus_error_is_told(eth: Ethernet, where: str) -> None:
    nowhere = 0x1F882000 if where == "registers" else 0x1C000000
    if where == "descriptor":
        eth.write("ETHRXST", nowhere)
    else:
        eth.chip.memwrite(RX_RING + 4, nowhere.to_bytes(4, "little"))
    eth.deliver(FRAME)
    assert eth.irq() & (RXBUSE | RXDONE) == RXBUSE
    assert eth.read("ETHCON1") & (ON | RXEN) == ON | RXEN
    eth.receive_ring(8, 1536)
    eth.deliver(FRAME)
    assert eth.irq() & RXDONE


def test_a_frame_longer_than_the_ring_is_dropped(chip: ChipFactory) -> None:
    eth = Ethernet(chip(wire=True))
    eth.start(buffers=2, size=64)
    eth.deliver(FRAME)
    assert eth.irq() & RXOVFLW
    assert "longer than the whole receive ring" in eth.chip.log()
    eth.deliver(frame_to(STATION))
    assert not eth.rx(0).owned


def test_a_buffer_size_of_0_is_refused(eth: Ethernet) -> None:
    eth.write("ETHCON2", 0)
    eth.deliver(FRAME)
    assert eth.rx(0).owned
    assert "RXBUF_SZ" in eth.chip.log()


@pytest.mark.parametrize(
    ("register", "bits"),
    [
        ("ETHCON1CLR", ON),
        ("ETHCON1CLR", RXEN),
        ("EMAC1CFG1CLR", RXENABLE),
        ("EMAC1CFG1SET", 1 << 15),
        ("EMAC1CFG1SET", 1 << 10),
        ("EMAC1SUPPSET", 1 << 11),
    ],
)
def test_nothing_is_received_while_a_part_is_off(eth: Ethernet, register: str, bits: int) -> None:
    eth.write(register, bits)
    eth.deliver(FRAME)
    assert eth.rx(0).owned
    assert eth.read("ETHFRMRXOK") == 0


def test_unplugging_the_cable_loses_the_frame_on_it(chip: ChipFactory) -> None:
    eth = Ethernet(chip(wire=True, panel=True))
    eth.start()
    eth.arrive(FRAME)
    eth.chip.step_ns(1000)
    eth.chip.panel.send({"link": "down"})
    eth.chip.step_ns(1_000_000)
    assert eth.rx(0).owned


def test_statistics_count_and_clear_when_read(chip: ChipFactory) -> None:
    eth = Ethernet(chip(wire=True))
    eth.start(filters=UCEN | CRCOKEN)
    eth.deliver(FRAME)
    eth.deliver(FRAME)
    eth.deliver(FRAME, b"\0\0\0\0")
    eth.deliver(frame_to(b"\2\0\0\0\0\7"))
    assert [eth.read("ETHFRMRXOK") for _ in range(2)] == [2, 0]
    assert [eth.read("ETHFCSERR") for _ in range(2)] == [1, 0]
    eth.sent(FRAME)
    assert [eth.read("ETHFRMTXOK") for _ in range(2)] == [1, 0]
    for register in ("ETHRXOVFLOW", "ETHSCOLFRM", "ETHMCOLFRM", "ETHALGNERR"):
        assert eth.read(register) == 0


def test_a_damaged_frame_is_reported_when_it_is_wanted(chip: ChipFactory) -> None:
    eth = Ethernet(chip(wire=True))
    eth.start(filters=CRCERREN)
    eth.deliver(padded(FRAME), b"\1\2\3\4")
    assert eth.rx_data(0) == FRAME + b"\1\2\3\4"
    assert eth.rx(0).status2 & (CRC_ERROR | STATUS_OK) == CRC_ERROR
    assert eth.read("ETHFRMRXOK") == 0


def test_a_cleared_receiver_forgets_what_waited(starved: Ethernet) -> None:
    eth = starved
    eth.write("ETHCON1CLR", RXEN)
    eth.receive_ring(2, 1536)
    eth.write("ETHCON1SET", RXEN)
    eth.chip.step_ns(10_000_000)
    assert eth.rx(0).owned
    eth.deliver(frame_to(STATION, b"new" * 20))
    assert eth.chip.memread(RX_BUFFERS + 14, 3) == b"new"
