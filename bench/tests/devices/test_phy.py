# SPDX-License-Identifier: MIT
"""MII management and the LAN8740A: transaction time, auto-negotiation, link latches (IEEE 802.3 clause 22, 28)."""

from __future__ import annotations

import pytest
from conftest import ChipFactory
from ethernet import LINK_NS, STATION, Ethernet, frame_to

BMCR, BMSR, PHYID1, PHYID2, ANAR, ANLPAR, ANER, MCSR, SMR, ISR, PSCSR = 0, 1, 2, 3, 4, 5, 6, 17, 18, 29, 31
RESET, LOOPBACK, SPEED100, ANENABLE, POWERDOWN, ISOLATE, ANRESTART, FULLDUPLEX = (1 << n for n in range(15, 7, -1))
ANCOMPLETE, LINK = 1 << 5, 1 << 2
MIIMBUSY, SCANNING, NOTVALID, LINKFAIL = 1, 2, 4, 8


@pytest.fixture
def eth(chip: ChipFactory) -> Ethernet:
    """With the management clock at 1/40 of the bus clock, as after reset."""
    return Ethernet(chip(wire=True, panel=True))


def link(eth: Ethernet) -> bool:
    """The link now: the first read only ends the latch."""
    eth.phy_read(BMSR)
    return bool(eth.phy_read(BMSR) & LINK)


def transaction_ns(eth: Ethernet) -> int:
    """How long MIIMBUSY is set by a read."""
    eth.miim(0, PHYID1)
    start = eth.chip.now
    eth.write("EMAC1MCMD", 1)
    eth.finish()
    eth.write("EMAC1MCMD", 0)
    return eth.chip.now - start


def test_identifies_itself_at_its_address_only(eth: Ethernet) -> None:
    assert (eth.phy_read(PHYID1), eth.phy_read(PHYID2)) == (0x0007, 0xC111)
    assert eth.phy_read(PHYID1, phy=1) == 0xFFFF
    eth.phy_write(BMCR, 0, phy=1)
    assert eth.phy_read(BMCR) == SPEED100 | ANENABLE


def test_the_address_is_the_machines(chip: ChipFactory) -> None:
    eth = Ethernet(chip(wire=True, properties={"phy-address": 5}))
    assert eth.phy_read(PHYID1, phy=5) == 0x0007
    assert eth.phy_read(PHYID1) == 0xFFFF
    assert eth.phy_read(SMR, phy=5) == 0x40E5


@pytest.mark.parametrize(
    ("mcfg", "divider", "clocks"),
    [(8 << 2, 40, 64), (4 << 2, 10, 64), (0, 4, 64), (10 << 2, 50, 64), (8 << 2 | 2, 40, 32)],
)
def test_a_transaction_takes_its_clocks(eth: Ethernet, mcfg: int, divider: int, clocks: int) -> None:
    eth.write("EMAC1MCFG", mcfg)
    pbclk5 = 8_000_000 // ((eth.read("PB5DIV") & 0x7F) + 1)  # from FRC
    assert transaction_ns(eth) == pytest.approx(clocks * divider * 1e9 / pbclk5, abs=1)


def test_writing_data_starts_a_write(eth: Ethernet) -> None:
    eth.miim(0, ANAR)
    eth.write("EMAC1MWTD", 0x0061)
    assert eth.read("EMAC1MIND") & MIIMBUSY
    eth.finish()
    assert eth.phy_read(ANAR) == 0x0061


def test_a_read_is_not_valid_before_its_end(eth: Ethernet) -> None:
    eth.miim(0, PHYID1)
    eth.write("EMAC1MCMD", 1)
    assert eth.read("EMAC1MIND") & (MIIMBUSY | NOTVALID) == MIIMBUSY | NOTVALID
    eth.finish()
    assert eth.read("EMAC1MIND") & ~LINKFAIL == 0


def test_scan_reads_on_and_on(eth: Ethernet) -> None:
    eth.miim(0, BMSR)
    eth.write("EMAC1MCMD", 2)
    assert eth.read("EMAC1MIND") & (SCANNING | NOTVALID) == SCANNING | NOTVALID
    eth.chip.step_ns(1_000_000)
    assert eth.read("EMAC1MIND") & (SCANNING | NOTVALID | LINKFAIL) == SCANNING | LINKFAIL
    assert not eth.read("EMAC1MRDD") & LINK
    eth.chip.step_ns(LINK_NS)
    assert eth.read("EMAC1MRDD") & LINK
    assert not eth.read("EMAC1MIND") & LINKFAIL
    eth.write("EMAC1MCMD", 0)
    eth.finish()
    assert not eth.read("EMAC1MIND") & SCANNING


def test_reset_of_the_management_ends_a_transaction(eth: Ethernet) -> None:
    eth.miim(0, PHYID1)
    eth.write("EMAC1MCMD", 1)
    eth.write("EMAC1MCFGSET", 1 << 15)
    assert not eth.read("EMAC1MIND") & MIIMBUSY
    eth.write("EMAC1MWTD", 0)
    assert not eth.read("EMAC1MIND") & MIIMBUSY


def test_negotiates_after_reset_in_its_time(eth: Ethernet) -> None:
    eth.chip.step_ns(1_000_000_000)
    assert not eth.phy_read(BMSR) & (LINK | ANCOMPLETE)
    assert eth.phy_read(ANLPAR) == 1
    eth.chip.step_ns(1_000_000_000)
    assert eth.phy_read(BMSR) & (LINK | ANCOMPLETE) == LINK | ANCOMPLETE
    assert eth.phy_read(ANLPAR) == 0x45E1
    assert eth.phy_read(ANER) & 3 == 3
    assert eth.phy_read(ANER) & 3 == 1
    assert eth.phy_read(PSCSR) & 0x101C == 0x1018
    assert eth.phy_read(ISR) & 0x4A == 0x4A
    assert eth.phy_read(ISR) == 0


@pytest.mark.parametrize(
    ("ability", "indication", "mbit"), [(0x101, 6, 100), (0x81, 2, 100), (0x41, 5, 10), (0x21, 1, 10)]
)
def test_the_best_common_ability_wins(eth: Ethernet, ability: int, indication: int, mbit: int) -> None:
    eth.phy_write(ANAR, ability)
    eth.phy_write(BMCR, ANENABLE | ANRESTART)
    assert not eth.phy_read(BMCR) & ANRESTART
    eth.chip.step_ns(LINK_NS)
    assert eth.phy_read(PSCSR) >> 2 & 7 == indication
    eth.start(mbit=mbit, link=False)
    eth.deliver(frame_to(STATION))
    eth.chip.step_ns(100_000)
    assert not eth.rx(0).owned


def test_no_common_ability_no_link(eth: Ethernet) -> None:
    eth.phy_write(ANAR, 1)
    eth.phy_write(BMCR, ANENABLE | ANRESTART)
    eth.chip.step_ns(LINK_NS)
    assert eth.phy_read(BMSR) & (LINK | ANCOMPLETE) == ANCOMPLETE


def test_link_down_latches_until_it_is_read(eth: Ethernet) -> None:
    eth.chip.step_ns(LINK_NS)
    assert link(eth)
    eth.phy_read(ISR)
    eth.chip.panel.send({"link": "down"})
    eth.chip.step_ns(1_000_000)
    eth.chip.panel.send({"link": "up"})
    eth.chip.step_ns(LINK_NS)
    assert not eth.phy_read(BMSR) & LINK
    assert eth.phy_read(BMSR) & LINK
    assert eth.phy_read(ISR) & 0xD0 == 0xD0


def test_the_cable_decides_about_the_link(eth: Ethernet) -> None:
    eth.chip.step_ns(LINK_NS)
    eth.chip.panel.send({"link": "down"})
    eth.chip.step_ns(LINK_NS)
    assert not link(eth)
    assert not eth.phy_read(MCSR) & 2
    assert eth.phy_read(PSCSR) & 0x101C == 0
    eth.chip.panel.send({"link": "up"})
    eth.chip.step_ns(1_000_000_000)
    assert not link(eth)
    eth.chip.step_ns(1_000_000_000)
    assert link(eth)
    assert eth.phy_read(MCSR) & 2


def test_software_reset_clears_itself_and_negotiates_anew(eth: Ethernet) -> None:
    eth.chip.step_ns(LINK_NS)
    eth.phy_write(ANAR, 0x61)
    eth.write("EMAC1MCFG", 0)  # a read takes 64 us, the PHY's reset 500 us
    eth.phy_write(BMCR, RESET)
    assert eth.phy_read(BMCR) & RESET
    assert not link(eth)
    eth.chip.step_ns(1_000_000)
    assert eth.phy_read(BMCR) == SPEED100 | ANENABLE
    assert eth.phy_read(ANAR) == 0x01E1
    eth.chip.step_ns(LINK_NS)
    assert link(eth)


def test_fixed_speed_needs_no_negotiation(eth: Ethernet) -> None:
    eth.phy_write(BMCR, SPEED100 | FULLDUPLEX)
    eth.chip.step_ns(200_000_000)
    assert eth.phy_read(BMSR) & (LINK | ANCOMPLETE) == LINK
    assert eth.phy_read(PSCSR) >> 2 & 7 == 6


@pytest.mark.parametrize("bits", [POWERDOWN, ISOLATE])
def test_powered_down_or_isolated_nothing_passes(eth: Ethernet, bits: int) -> None:
    eth.start()
    eth.phy_write(BMCR, SPEED100 | ANENABLE | bits)
    eth.chip.step_ns(LINK_NS)
    assert link(eth) is (bits == ISOLATE)
    eth.deliver(frame_to(STATION))
    eth.send(frame_to(STATION))
    eth.chip.step_ns(100_000)
    assert eth.rx(0).owned
    assert eth.frames() == []
    eth.phy_write(BMCR, SPEED100 | ANENABLE)
    eth.chip.step_ns(LINK_NS)
    eth.deliver(frame_to(STATION))
    assert not eth.rx(0).owned


def test_loopback_returns_what_is_sent(eth: Ethernet) -> None:
    eth.start()
    eth.phy_write(BMCR, SPEED100 | LOOPBACK | FULLDUPLEX)
    frame = frame_to(STATION, bytes(46))
    eth.send(frame)
    eth.chip.step_ns(100_000)
    assert eth.rx_data(0)[:-4] == frame
    assert eth.frames() == []
