# SPDX-License-Identifier: MIT
"""Ethernet controller: reset values, factory address, soft reset, snapshots, and what a Harmony driver relies on."""

from __future__ import annotations

from pathlib import Path

import pytest
from conftest import ChipFactory
from ethernet import (
    BUFCDEC,
    BUSY,
    EOWN,
    EVERYONE,
    NPV,
    ON,
    RX_BUFFERS,
    RX_RING,
    RXBUFNA,
    RXEN,
    SOFTRESET,
    STATION,
    TXRTS,
    Ethernet,
    frame_to,
    slot_ns,
    wire_ns,
)

RESET_VALUES = {
    "ETHCON1": 0,
    "ETHCON2": 0,
    "ETHRXFC": 0,
    "ETHIEN": 0,
    "ETHIRQ": 0,
    "ETHSTAT": 0,
    "EMAC1CFG1": 0x800D,
    "EMAC1CFG2": 0x4082,
    "EMAC1IPGT": 0x0012,
    "EMAC1IPGR": 0x0C12,
    "EMAC1CLRT": 0x370F,
    "EMAC1MAXF": 0x05EE,
    "EMAC1SUPP": 0x1000,
    "EMAC1TEST": 0,
    "EMAC1MCFG": 0x0020,
    "EMAC1MCMD": 0,
    "EMAC1MADR": 0x0100,
    "EMAC1MIND": 0,
}


@pytest.fixture
def eth(chip: ChipFactory) -> Ethernet:
    return Ethernet(chip(wire=True))


def test_reset_values(eth: Ethernet) -> None:
    assert {name: eth.read(name) for name in RESET_VALUES} == RESET_VALUES


def test_the_factory_address_is_the_machines(chip: ChipFactory) -> None:
    eth = Ethernet(chip(wire=True, properties={"mac": "00:1e:c0:12:34:56"}))
    address = b"".join(eth.read(f"EMAC1SA{n}").to_bytes(2, "little") for n in (2, 1, 0))
    assert address.hex() == "001ec0123456"
    eth.write("EMAC1SA0", 0)
    eth.chip.qmp("system_reset")
    assert eth.read("EMAC1SA0") == 0x5634


def test_soft_reset_gives_the_mac_its_reset_values(eth: Ethernet) -> None:
    eth.start()
    eth.write("EMAC1SA0", 0x1234)
    eth.write("EMAC1MCFG", 0x10)
    eth.write("EMAC1CFG1SET", SOFTRESET)
    mac = [name for name in RESET_VALUES if name.startswith("EMAC1") and not name.startswith("EMAC1M")]
    assert {name: eth.read(name) for name in mac} == {name: RESET_VALUES[name] for name in mac}
    assert (eth.read("EMAC1SA0"), eth.read("EMAC1MCFG"), eth.read("EMAC1MAXF")) == (0x1234, 0x10, 0x05EE)
    eth.write("EMAC1CFG1CLR", SOFTRESET)
    assert eth.read("EMAC1CFG1") == 0x000D


def test_nothing_leaves_in_soft_reset(eth: Ethernet) -> None:
    eth.start()
    eth.write("EMAC1CFG1SET", SOFTRESET)
    eth.send(frame_to(EVERYONE))
    eth.chip.step_ns(1_000_000)
    assert eth.frames() == []
    eth.write("EMAC1SUPP", 1 << 8)
    eth.write("EMAC1CFG2", 0xB1)
    eth.write("EMAC1CFG1", 0xD)
    eth.chip.step_ns(1_000_000)
    assert len(eth.frames()) == 1


def test_busy_until_it_is_off(eth: Ethernet) -> None:
    eth.write("ETHCON1SET", ON)
    assert eth.read("ETHSTAT") & BUSY
    eth.write("ETHCON1CLR", ON)
    assert not eth.read("ETHSTAT") & BUSY


def test_a_chip_reset_ends_everything(eth: Ethernet) -> None:
    eth.start()
    eth.write("ETHIENSET", 0x67EF)
    eth.deliver(frame_to(STATION))
    eth.send(frame_to(EVERYONE))
    eth.arrive(frame_to(STATION))
    eth.chip.step_ns(500)
    eth.chip.qmp("system_reset")
    eth.chip.step_ns(1_000_000)
    assert eth.frames() == []
    assert {name: eth.read(name) for name in RESET_VALUES} == RESET_VALUES
    assert eth.chip.ifs("ETHERNET") == 0


def test_byte_accesses(eth: Ethernet) -> None:
    eth.chip.write("ETHRXWM", 7, size=1, offset=2)
    eth.chip.write("ETHRXWM", 3, size=1)
    assert eth.read("ETHRXWM") == 0x00070003


class HarmonyRing:
    """Receive buffers as the Harmony driver gives them: an appended descriptor takes the place of an empty tail."""

    def __init__(self, eth: Ethernet) -> None:
        self.eth = eth
        self.tail = RX_RING
        self.free = RX_RING + 0x20
        self.eth.put_descriptor(self.tail, 0, 0, 0)

    def append(self, buffer: int) -> int:
        """Returns the address of the descriptor that got the buffer; BUFCDEC is written last."""
        used, self.tail, self.free = self.tail, self.free, self.free + 0x20
        self.eth.put_descriptor(self.tail, 0, 0, 0)
        self.eth.put_descriptor(used, NPV, buffer, self.tail)
        self.eth.chip.memwrite(used, (NPV | EOWN).to_bytes(4, "little"))
        self.eth.write("ETHCON1SET", BUFCDEC)
        return used


def test_a_list_that_grows_at_its_tail(eth: Ethernet) -> None:
    """The receiver stands at a tail that the software owns, and goes on when it becomes a buffer."""
    eth.start(receive=False)
    ring = HarmonyRing(eth)
    eth.write("ETHCON2", 1536)
    first = ring.append(RX_BUFFERS)
    eth.write("ETHRXST", first)
    eth.write("ETHCON1SET", RXEN)
    for i in range(10):
        eth.deliver(frame_to(STATION, bytes([i] * 60)))
        eth.deliver(frame_to(STATION, bytes([0x80 + i] * 60)))
        assert eth.irq() & RXBUFNA
        eth.write("ETHIRQCLR", RXBUFNA)
        second = ring.append(RX_BUFFERS + 0x800)
        for address, value in ((first, i), (second, 0x80 + i)):
            found = eth.descriptor(address)
            assert not found.owned
            assert eth.chip.memread(found.buffer + 14, 1)[0] == value
        assert eth.bufcnt() == 1
        first = ring.append(RX_BUFFERS)
        assert eth.bufcnt() == 0


def test_a_transmit_list_that_grows_at_its_tail(eth: Ethernet) -> None:
    """ETHTXST is written once; each packet begins where the last one's list ended."""
    eth.start(receive=False)
    for i in range(5):
        eth.send(frame_to(EVERYONE, bytes([i] * 60)), linked=True)
        eth.chip.step_ns(slot_ns(74) + 1)
        assert not eth.read("ETHCON1") & TXRTS
    assert [frame[14] for _, frame in eth.frames()] == list(range(5))


def test_a_snapshot_holds_the_frames_on_their_way(chip: ChipFactory, tmp_path: Path) -> None:
    state = tmp_path / "state"
    eth = Ethernet(chip(wire=True))
    eth.start()
    eth.deliver(frame_to(STATION, b"stored" * 10))
    out, in_ = frame_to(EVERYONE, b"out" * 30), frame_to(STATION, b"in" * 30)
    eth.send(out)
    eth.arrive(in_)
    eth.arrive(frame_to(STATION, b"later" * 20), at=eth.chip.now + 1_000_000)
    eth.miim(0, 2)
    eth.write("EMAC1MCMD", 1)
    eth.chip.step_ns(1000)
    saved = eth.chip.now
    eth.chip.qmp("stop")
    eth.chip.qmp("migrate", uri=f"exec:cat > {state}")
    while eth.chip.qmp("query-migrate")["status"] not in ("completed", "failed"):
        eth.chip.settle()
    assert eth.chip.qmp("query-migrate")["status"] == "completed"

    again = Ethernet(chip(wire=True, arguments=["-incoming", f"exec:cat {state}"]))
    while again.chip.qmp("query-status")["status"] == "inmigrate":
        again.chip.settle()
    again.chip.clock_set(saved)
    again.chip.qmp("cont")
    assert again.bufcnt() == 1
    again.chip.step_ns(wire_ns(len(out)))
    assert [frame for _, frame in again.frames()] == [out]
    assert again.rx_data(1)[:-4] == in_
    again.chip.step_ns(2_000_000)
    assert again.rx_data(2)[14:19] == b"later"
    assert again.read("EMAC1MRDD") == 0x0007
