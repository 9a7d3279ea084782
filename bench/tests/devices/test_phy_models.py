# SPDX-License-Identifier: MIT
"""The PHYs that a board may have: who they say they are, and where each tells of its link.

Registers as in DS00001987 (LAN8740A), DS00001989 (LAN8742A), DS00002165 (LAN8720A), DS00002245 (KSZ8041NL),
DS00002197 (KSZ8061), DS00002199 (KSZ8081) and SNLS266 (DP83848).
"""

from __future__ import annotations

import pytest
from conftest import ChipFactory
from ethernet import LINK_NS, STATION, Ethernet, frame_to
from qtest import EmulatorError

BMCR, BMSR, PHYID1, PHYID2, ANAR, ANLPAR, ANER, ANNPTR = range(8)
RESET, ANENABLE, POWERDOWN, ISOLATE, ANRESTART = 1 << 15, 1 << 12, 1 << 11, 1 << 10, 1 << 9
SPEED100, FULLDUPLEX = 1 << 13, 1 << 8
ANCOMPLETE, LINK = 1 << 5, 1 << 2

SMSC = ("lan8740a", "lan8742a", "lan8720a")
MICREL = ("ksz8041", "ksz8061", "ksz8081")
ALL = (*SMSC, *MICREL, "dp83848")

# Ability in ANAR, then the mode: bit 0 is 10 Mbit/s, bit 1 is 100 Mbit/s, bit 2 full duplex.
ABILITIES = [(0x101, 6), (0x81, 2), (0x41, 5), (0x21, 1)]


@pytest.fixture
def eth(request: pytest.FixtureRequest, chip: ChipFactory) -> Ethernet:
    """A chip with the PHY that the test asks for."""
    return Ethernet(chip(wire=True, panel=True, properties={"phy": request.param}))


def with_phy(*names: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("eth", names, indirect=True)


def link(eth: Ethernet) -> bool:
    """The link now: the first read only ends the latch."""
    eth.phy_read(BMSR)
    return bool(eth.phy_read(BMSR) & LINK)


def mode(eth: Ethernet, name: str) -> int:
    """The mode of the link as the PHY's own register tells it, in the encoding of ABILITIES; 0: none."""
    if name in SMSC:
        return eth.phy_read(31) >> 2 & 7
    if name == "ksz8041":
        return eth.phy_read(0x1F) >> 2 & 7
    if name in MICREL:
        return eth.phy_read(0x1E) & 7
    status = eth.phy_read(0x10)
    return (1 if status & 2 else 2) | (4 if status & 4 else 0) if status & 1 else 0


@pytest.mark.parametrize(
    ("eth", "identifier"),
    [
        ("lan8740a", (0x0007, 0xC111)),
        ("lan8742a", (0x0007, 0xC131)),
        ("lan8720a", (0x0007, 0xC0F1)),
        ("ksz8041", (0x0022, 0x1513)),
        ("ksz8061", (0x0022, 0x1570)),
        ("ksz8081", (0x0022, 0x1561)),
        ("dp83848", (0x2000, 0x5C90)),
    ],
    indirect=["eth"],
)
def test_identifier(eth: Ethernet, identifier: tuple[int, int]) -> None:
    assert (eth.phy_read(PHYID1), eth.phy_read(PHYID2)) == identifier


@pytest.mark.parametrize(
    ("eth", "registers"),
    [
        ("lan8740a", {BMCR: 0x3000, BMSR: 0x7809, ANLPAR: 1, ANER: 0x64, 17: 2, 18: 0x40E0, 27: 0, 30: 0, 31: 0x40}),
        ("lan8742a", {BMCR: 0x3000, BMSR: 0x7809, ANLPAR: 1, ANER: 0x64, 17: 2, 18: 0x40E0, 27: 0, 30: 0, 31: 0x40}),
        ("lan8720a", {BMCR: 0x3000, BMSR: 0x7809, ANLPAR: 1, ANER: 0, 17: 2, 18: 0x40E0, 27: 0, 30: 0, 31: 0x40}),
        ("ksz8041", {BMCR: 0x3100, BMSR: 0x7849, ANLPAR: 1, ANER: 4, ANNPTR: 0x2001, 0x1B: 0, 0x1E: 0, 0x1F: 0x9100}),
        ("ksz8061", {BMCR: 0x3100, BMSR: 0x7849, ANLPAR: 1, ANER: 4, 0x17: 2, 0x1B: 0, 0x1E: 0x10, 0x1F: 0x8100}),
        ("ksz8081", {BMCR: 0x3100, BMSR: 0x7849, ANLPAR: 1, ANER: 4, 0x17: 2, 0x1B: 0, 0x1E: 0x10, 0x1F: 0x8100}),
        ("dp83848", {BMCR: 0x3100, BMSR: 0x7849, ANLPAR: 0, ANER: 4, 0x10: 0, 0x16: 0x100, 0x17: 0x21, 0x19: 0x8020}),
    ],
    indirect=["eth"],
)
def test_registers_after_reset(eth: Ethernet, registers: dict[int, int]) -> None:
    assert eth.phy_read(ANAR) == 0x01E1
    assert {number: eth.phy_read(number) for number in registers} == registers


@with_phy(*ALL)
def test_negotiates_and_passes_frames(eth: Ethernet) -> None:
    eth.start()
    assert eth.phy_read(BMSR) & (LINK | ANCOMPLETE) == LINK | ANCOMPLETE
    assert eth.phy_read(ANLPAR) == 0x45E1
    eth.deliver(frame_to(STATION))
    assert not eth.rx(0).owned
    assert eth.sent(frame_to(STATION)).startswith(STATION)


@pytest.mark.parametrize(("eth", "name"), [(name, name) for name in ALL], indirect=["eth"])
def test_the_mode_of_the_link_is_told(eth: Ethernet, name: str) -> None:
    assert mode(eth, name) == 0
    for ability, expected in ABILITIES:
        eth.phy_write(ANAR, ability)
        eth.phy_write(BMCR, ANENABLE | ANRESTART)
        assert mode(eth, name) == 0
        eth.chip.step_ns(LINK_NS)
        assert mode(eth, name) == expected
    eth.phy_write(BMCR, SPEED100 | FULLDUPLEX)
    eth.chip.step_ns(LINK_NS)
    assert mode(eth, name) == 6
    eth.chip.panel.send({"link": "down"})
    eth.chip.step_ns(1_000_000)
    assert mode(eth, name) == 0


@with_phy(*ALL)
def test_software_reset(eth: Ethernet) -> None:
    eth.chip.step_ns(LINK_NS)
    eth.phy_write(ANAR, 0x61)
    eth.phy_write(BMCR, RESET)
    eth.chip.step_ns(1_000_000)
    assert not eth.phy_read(BMCR) & RESET
    assert eth.phy_read(ANAR) == 0x01E1
    assert not link(eth)
    eth.chip.step_ns(LINK_NS)
    assert link(eth)


@pytest.mark.parametrize("name", MICREL)
def test_micrel_answers_the_broadcast_address(chip: ChipFactory, name: str) -> None:
    eth = Ethernet(chip(wire=True, properties={"phy": name, "phy-address": 3}))
    assert eth.phy_read(PHYID1, phy=3) == eth.phy_read(PHYID1, phy=0) == 0x0022
    assert eth.phy_read(PHYID1, phy=1) == 0xFFFF
    eth.phy_write(ANAR, 0x61, phy=0)
    assert eth.phy_read(ANAR, phy=3) == 0x61


def test_ksz8081_leaves_the_broadcast_address(chip: ChipFactory) -> None:
    eth = Ethernet(chip(wire=True, properties={"phy": "ksz8081", "phy-address": 3}))
    assert eth.phy_read(0x17, phy=3) == 0x6002
    eth.phy_write(0x16, 1 << 9 | 2)
    assert eth.phy_read(PHYID1) == 0xFFFF
    assert eth.phy_read(0x16, phy=3) == 0x202


@with_phy(*MICREL)
def test_micrel_interrupt_flags(eth: Ethernet) -> None:
    """Enables in the high byte stay, flags in the low byte go when they are read."""
    eth.phy_write(0x1B, 0x05FF)
    assert eth.phy_read(0x1B) == 0x0500
    eth.chip.step_ns(LINK_NS)
    assert eth.phy_read(0x1B) == 0x0529
    assert eth.phy_read(0x1B) == 0x0500
    eth.chip.panel.send({"link": "down"})
    eth.chip.step_ns(1_000_000)
    assert eth.phy_read(0x1B) == 0x0504


@with_phy("ksz8041")
def test_ksz8041_status(eth: Ethernet) -> None:
    eth.phy_write(ANAR, 0x05E1)
    eth.phy_write(BMCR, ANENABLE | ANRESTART)
    eth.chip.step_ns(LINK_NS)
    assert eth.phy_read(0x1F) == 0x8100 | 1 << 12 | 1 << 7 | 1 << 6 | 6 << 2
    eth.phy_write(BMCR, ANENABLE | ISOLATE)
    assert eth.phy_read(0x1F) & 0x20
    assert not eth.phy_read(0x1E) & 1 << 11
    eth.phy_write(0x1F, 0xE100)  # no auto-MDIX, crossed
    assert eth.phy_read(0x1E) & 1 << 11
    eth.chip.panel.send({"link": "down"})
    eth.chip.step_ns(1_000_000)
    assert not eth.phy_read(0x1F) & 0x10C0


@with_phy("ksz8061", "ksz8081")
def test_ksz80x1_status(eth: Ethernet) -> None:
    eth.phy_write(ANAR, 0x05E1)
    eth.phy_write(BMCR, ANENABLE | ANRESTART)
    eth.chip.step_ns(LINK_NS)
    assert eth.phy_read(0x1E) == 0x316
    eth.phy_write(BMCR, ANENABLE | ISOLATE)
    assert eth.phy_read(0x1E) == 0x31E
    eth.phy_write(0x1F, 0xE100)  # no auto-MDIX, crossed
    assert eth.phy_read(0x1F) == 0xE100
    assert eth.phy_read(0x1E) & 0x20
    eth.chip.panel.send({"link": "down"})
    eth.chip.step_ns(1_000_000)
    assert not eth.phy_read(0x1E) & 0x317


@with_phy("dp83848")
def test_dp83848_status_and_interrupts(eth: Ethernet) -> None:
    eth.phy_write(0x11, 3)  # MICR: the interrupt pin
    eth.phy_write(0x12, 0x0020)  # MISR: link changes
    eth.phy_write(ANAR, 0x05E1)
    eth.phy_write(BMCR, ANENABLE | ANRESTART)
    eth.chip.step_ns(LINK_NS)
    assert eth.phy_read(0x10) == 0x0795
    assert eth.phy_read(0x19) == 0xB020
    assert eth.phy_read(0x12) == 0x3C20
    assert eth.phy_read(0x12) == 0x0020
    assert not eth.phy_read(0x10) & 0x80
    eth.phy_read(ANER)
    assert not eth.phy_read(0x10) & 0x100
    eth.phy_write(0x19, 0x4020)  # no auto-MDIX, crossed
    assert eth.phy_read(0x10) & 1 << 14
    eth.chip.panel.send({"link": "down"})
    eth.chip.step_ns(1_000_000)
    assert eth.phy_read(0x10) == 0x4080
    assert eth.phy_read(0x12) & 0x2000
    eth.phy_write(BMCR, 1 << 14)
    assert eth.phy_read(0x10) & 8


def test_dp83848_address(chip: ChipFactory) -> None:
    eth = Ethernet(chip(wire=True, properties={"phy": "dp83848", "phy-address": 1}))
    assert eth.phy_read(0x19, phy=1) == 0x8021
    assert eth.phy_read(PHYID1) == 0xFFFF


@pytest.mark.parametrize(
    ("eth", "found"), [("lan8740a", 0x00E0), ("lan8742a", 0x40E0), ("lan8720a", 0x40E0)], indirect=["eth"]
)
def test_only_lan8740a_has_an_mii(eth: Ethernet, found: int) -> None:
    eth.phy_write(18, 0x00E0)
    assert eth.phy_read(18) == found


def test_an_unknown_phy_is_one_line_with_those_there_are(chip: ChipFactory) -> None:
    with pytest.raises(EmulatorError) as failure:
        chip(wire=True, properties={"phy": "ksz9031"})
    assert "no PHY model 'ksz9031'; known: lan8740a lan8742a lan8720a ksz8041 ksz8061 ksz8081 dp83848" in str(
        failure.value
    )
