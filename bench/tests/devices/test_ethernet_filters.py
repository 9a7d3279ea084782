# SPDX-License-Identifier: MIT
"""Ethernet receive filters, each alone and against the others (DS60001155, ETHRXFC)."""

from __future__ import annotations

import pytest
from conftest import ChipFactory
from ethernet import (
    BCEN,
    CRCERREN,
    CRCOKEN,
    EVERYONE,
    HTEN,
    MCEN,
    MPEN,
    NOTMEEN,
    NOTPM,
    RUNTEN,
    RUNTERREN,
    STATION,
    UCEN,
    Ethernet,
    fcs,
    frame_to,
    internet_checksum,
    padded,
)

GROUP = bytes.fromhex("01005e7ffffa")
OTHER = bytes.fromhex("020000000077")
ALL = {"station": STATION, "other": OTHER, "group": GROUP, "everyone": EVERYONE}
BAD = b"\xde\xad\xbe\xef"
RUNT, NOT_ME, HASH, MAGIC, PATTERN, UNICAST, BROADCAST, MULTICAST = (1 << n for n in range(8))


def runt_to(destination: bytes) -> tuple[bytes, bytes]:
    frame = frame_to(destination, bytes(20))
    return frame, fcs(frame)


def hash_bit(address: bytes) -> int:
    """Bits 28 to 23 of the CRC-32 of an address, most significant bit first, not inverted at the end."""
    crc = 0xFFFFFFFF
    for byte in address:
        for bit in range(8):
            top = crc >> 31 ^ byte >> bit & 1
            crc = (crc << 1 & 0xFFFFFFFF) ^ (0x04C11DB7 if top else 0)
    return crc >> 23 & 63


@pytest.fixture
def eth(chip: ChipFactory) -> Ethernet:
    ethernet = Ethernet(chip(wire=True))
    ethernet.start()
    return ethernet


def taken(eth: Ethernet, filters: int) -> set[str]:
    """Which of the four kinds of destination pass."""
    eth.write("ETHRXFC", filters)
    return {name for name, address in ALL.items() if eth.accepts(frame_to(address, bytes(100)))}


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        (0, set()),
        (CRCOKEN | RUNTEN, set()),
        (UCEN, {"station"}),
        (NOTMEEN, {"other"}),
        (MCEN, {"group"}),
        (BCEN, {"everyone"}),
        (UCEN | BCEN, {"station", "everyone"}),
        (UCEN | NOTMEEN | MCEN | BCEN, set(ALL)),
    ],
)
def test_destinations(eth: Ethernet, filters: int, expected: set[str]) -> None:
    assert taken(eth, filters) == expected


def test_the_station_address_is_what_the_registers_say(eth: Ethernet) -> None:
    eth.write("ETHRXFC", UCEN)
    eth.write("EMAC1SA0", 0x7700)
    eth.write("EMAC1SA1", 0x0000)
    eth.write("EMAC1SA2", 0x0002)
    assert eth.accepts(frame_to(OTHER))
    assert not eth.accepts(frame_to(STATION))


def test_matches_are_told_whether_enabled_or_not(eth: Ethernet) -> None:
    eth.write("ETHRXFC", UCEN | NOTMEEN | MCEN | BCEN)
    matches = {}
    for name, address in ALL.items():
        assert eth.accepts(frame_to(address))
        matches[name] = eth.rx(0).match
    assert matches == {"station": UNICAST, "other": NOT_ME, "group": MULTICAST, "everyone": BROADCAST}


@pytest.mark.parametrize("address", [GROUP, OTHER, bytes.fromhex("33330000abcd"), STATION, EVERYONE])
def test_hash_table(eth: Ethernet, address: bytes) -> None:
    eth.write("ETHRXFC", HTEN)
    bit = 1 << hash_bit(address)
    for table, expected in ((bit, True), (~bit, False)):
        eth.write("ETHHT0", table & 0xFFFFFFFF)
        eth.write("ETHHT1", table >> 32 & 0xFFFFFFFF)
        assert eth.accepts(frame_to(address)) is expected
    eth.write("ETHRXFC", 0)
    eth.write("ETHHT0", 0xFFFFFFFF)
    eth.write("ETHHT1", 0xFFFFFFFF)
    assert not eth.accepts(frame_to(address))


def test_crc_ok(eth: Ethernet) -> None:
    frame = frame_to(STATION, bytes(100))
    eth.write("ETHRXFC", UCEN)
    assert eth.accepts(frame, BAD)
    eth.write("ETHRXFC", UCEN | CRCOKEN)
    assert not eth.accepts(frame, BAD)
    assert eth.accepts(frame, fcs(frame))


def test_crc_error_takes_damaged_frames_before_all_else(eth: Ethernet) -> None:
    frame = frame_to(OTHER, bytes(100))
    eth.write("ETHRXFC", CRCERREN | CRCOKEN | RUNTEN)
    assert eth.accepts(frame, BAD)
    assert eth.accepts(runt_to(OTHER)[0], BAD)
    assert not eth.accepts(frame, fcs(frame))


def test_runts_are_refused(eth: Ethernet) -> None:
    eth.write("ETHRXFC", UCEN)
    assert eth.accepts(*runt_to(STATION))
    assert eth.rx(0).match == RUNT | UNICAST
    eth.write("ETHRXFC", UCEN | RUNTEN)
    assert not eth.accepts(*runt_to(STATION))
    shortest = padded(frame_to(STATION))
    assert eth.accepts(shortest, fcs(shortest))
    assert not eth.accepts(shortest[:-1], fcs(shortest[:-1]))


def test_runt_errors_are_taken_before_they_are_refused(eth: Ethernet) -> None:
    eth.write("ETHRXFC", RUNTERREN | RUNTEN | CRCOKEN)
    assert eth.accepts(*runt_to(OTHER))
    assert not eth.accepts(runt_to(OTHER)[0], BAD)
    assert not eth.accepts(frame_to(OTHER, bytes(100)))
    eth.write("ETHRXFC", RUNTERREN)
    assert eth.accepts(runt_to(OTHER)[0], BAD)


def test_frames_too_short_for_an_address_do_no_harm(eth: Ethernet) -> None:
    eth.write("ETHRXFC", RUNTERREN | CRCERREN | MPEN | HTEN | 9 << 8)
    for size in (1, 2, 5, 6, 11, 13, 14, 15):
        assert eth.accepts(b"\xff" * size, BAD)
        assert eth.rx(0).count == size + 4


def set_pattern(eth: Ethernet, offset: int, mask: int, checksum: int) -> None:
    eth.write("ETHPMO", offset)
    eth.write("ETHPMM0", mask & 0xFFFFFFFF)
    eth.write("ETHPMM1", mask >> 32)
    eth.write("ETHPMCS", checksum)


def test_pattern_of_the_data_sheets_example(eth: Ethernet) -> None:
    """ENC28J60 (the same filter) figure 8-2: seven bytes, one behind the other, sum up to 0x563F."""
    frame = STATION + bytes(6) + bytes.fromhex("5566778899aabbccdd88aa") + bytes(range(100))
    picked = bytes.fromhex("88aa00010203 04")
    offset = 12
    mask = sum(1 << frame.index(picked[:2]) - offset + i for i in range(7))
    assert internet_checksum(bytes.fromhex("88aa090a0b0c0d")) == 0x563F
    eth.write("ETHRXFC", 1 << 8)
    set_pattern(eth, offset, mask, internet_checksum(picked))
    assert eth.accepts(frame)
    assert eth.rx(0).match & PATTERN
    set_pattern(eth, offset, mask, internet_checksum(picked) ^ 1)
    assert not eth.accepts(frame)
    set_pattern(eth, offset + 1, mask, internet_checksum(picked))
    assert not eth.accepts(frame)


def test_pattern_uses_both_mask_registers(eth: Ethernet) -> None:
    frame = frame_to(OTHER, bytes(range(60)))
    eth.write("ETHRXFC", 1 << 8)
    set_pattern(eth, 0, 1 << 31 | 1 << 32 | 1 << 63, internet_checksum(bytes((frame[31], frame[32], frame[63]))))
    assert eth.accepts(frame)


def test_pattern_inverted(eth: Ethernet) -> None:
    eth.write("ETHRXFC", 1 << 8 | NOTPM)
    set_pattern(eth, 0, 0b11, internet_checksum(OTHER[:2]))
    assert not eth.accepts(frame_to(OTHER))
    assert eth.accepts(frame_to(STATION))


@pytest.mark.parametrize("inverted", [0, NOTPM])
def test_pattern_needs_its_whole_window(eth: Ethernet, inverted: int) -> None:
    eth.write("ETHRXFC", 1 << 8 | inverted)
    set_pattern(eth, 2, 0, 0xFFFF if not inverted else 0)
    short, long = padded(frame_to(OTHER)), padded(frame_to(OTHER), 62)
    assert not eth.accepts(short)
    assert eth.accepts(long)


@pytest.mark.parametrize(
    ("mode", "expected"),
    [
        (0, set()),
        (1, set(ALL)),
        (2, {"station"}),
        (3, set(ALL) - {"station"}),
        (4, {"group", "everyone"}),
        (5, {"station", "other"}),
        (6, {"everyone"}),
        (7, set(ALL) - {"everyone"}),
        (8, {"group"}),
        (9, set()),
        (10, set()),
    ],
)
def test_pattern_modes(eth: Ethernet, mode: int, expected: set[str]) -> None:
    """The hash and the magic packet count without HTEN and MPEN."""
    set_pattern(eth, 0, 0, 0xFFFF)
    bit = hash_bit(GROUP)
    eth.write("ETHHT1" if bit > 31 else "ETHHT0", 1 << bit % 32)
    assert taken(eth, mode << 8) == expected


def test_magic_packet(eth: Ethernet) -> None:
    magic = b"\xff" * 6 + STATION * 16
    eth.write("ETHRXFC", MPEN)
    assert eth.accepts(frame_to(OTHER, b"abc" + magic + b"xyz"))
    assert eth.rx(0).match & MAGIC
    assert not eth.accepts(frame_to(OTHER, b"\xff" * 6 + STATION * 15 + OTHER))
    assert not eth.accepts(frame_to(OTHER, b"\xfe" + magic[1:]))
    eth.write("ETHRXFC", 9 << 8)
    set_pattern(eth, 0, 0, 0xFFFF)
    assert eth.accepts(frame_to(OTHER, magic))
