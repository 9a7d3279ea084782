# SPDX-License-Identifier: MIT
"""DMA controller's special function module: CRC, IP header checksum, byte order (DS60001117 section 31.3.5)."""

from __future__ import annotations

import pytest
from conftest import ChipFactory
from dma import (
    BITO,
    BYTO,
    CHBCIF,
    CRCAPP,
    CRCEN,
    CRCTYP,
    DESTINATION,
    SOURCE,
    TRANSACTION,
    WBO,
    bytes_of,
    flags,
    force,
    setup,
)


def crc(data: bytes, bits: int, xor: int, seed: int, *, lsb_first: bool = False) -> int:
    """The shift register of FRM figure 31-4, bit by bit."""
    value = seed
    for byte in data:
        for bit in range(8) if lsb_first else range(7, -1, -1):
            out = value >> (bits - 1) & 1
            value = (value << 1 | byte >> bit & 1) & ((1 << bits) - 1)
            value ^= xor * out & ((1 << bits) - 1)
    return value


def crc_con(bits: int, channel: int = 0, other: int = 0) -> int:
    return CRCEN | bits - 1 << 8 | channel | other


@pytest.mark.parametrize("bito", [0, BITO])
def test_crc_in_background(chip: ChipFactory, bito: int) -> None:
    registers = ((16, 0x1021, 0x84CF), (32, 0x04C11DB7, 0x46AF6449), (8, 0x07, 0), (5, 0x15, 9), (1, 1, 0))
    with chip() as c:
        for bits, xor, seed in registers:
            data = bytes_of(61, bits)
            c.memwrite(SOURCE, data)
            c.write("DCRCCON", crc_con(bits, 2, bito))
            c.write("DCRCXOR", xor)
            c.write("DCRCDATA", seed)
            setup(c, 2, sizes=(61, 61, 61))
            force(c, 2)
            c.step_ns(100 * TRANSACTION)
            assert c.read("DCRCDATA") == crc(data, bits, xor, seed, lsb_first=bool(bito))
            assert c.memread(DESTINATION, 61) == data


def test_known_crcs(chip: ChipFactory) -> None:
    """The check values of the catalogues: message 123456789, zero bits after it, the seed that fits."""
    with chip() as c:
        for bits, xor, seed, other, check in (
            (16, 0x1021, 0x84CF, 0, 0x29B1),  # CRC-16/CCITT-FALSE
            (16, 0x1021, 0, 0, 0x31C3),  # CRC-16/XMODEM
            (16, 0x8005, 0, BITO, 0xBB3D),  # CRC-16/ARC, which mirrors the result
            (32, 0x04C11DB7, 0x46AF6449, BITO, 0xCBF43926),  # CRC-32: mirrored and inverted
        ):
            c.memwrite(SOURCE, b"123456789" + bytes(bits // 8))
            c.write("DCRCCON", crc_con(bits, 0, other | CRCAPP))
            c.write("DCRCXOR", xor)
            c.write("DCRCDATA", seed)
            size = 9 + bits // 8
            setup(c, sizes=(size, 4, size))
            force(c)
            c.step_ns(100 * TRANSACTION)
            result = int.from_bytes(c.memread(DESTINATION, 4), "little")
            if other & BITO:
                result = int(f"{result:0{bits}b}"[::-1], 2)
            assert result ^ (0xFFFFFFFF if bits == 32 else 0) == check


def test_append_mode_writes_only_the_crc(chip: ChipFactory) -> None:
    with chip() as c:
        c.memwrite(SOURCE, bytes_of(40))
        c.memwrite(DESTINATION, b"." * 40)
        c.write("DCRCCON", crc_con(16, 0, CRCAPP))
        c.write("DCRCXOR", 0x1021)
        c.write("DCRCDATA", 0xFFFF)
        setup(c, sizes=(40, 40, 40))
        force(c)
        c.step_ns(9 * TRANSACTION)
        assert c.memread(DESTINATION, 40) == b"." * 40
        c.step_ns(TRANSACTION)
        expected = crc(bytes_of(40), 16, 0x1021, 0xFFFF).to_bytes(4, "little")
        assert c.memread(DESTINATION, 40) == expected + b"." * 36
        assert flags(c) & CHBCIF


def test_crc_sees_one_channel_only(chip: ChipFactory) -> None:
    with chip() as c:
        c.memwrite(SOURCE, bytes_of(8))
        for con in (crc_con(16, 1), crc_con(16, 0) & ~CRCEN):
            c.write("DCRCCON", con)
            c.write("DCRCXOR", 0x1021)
            c.write("DCRCDATA", 0x1234)
            setup(c, 0, sizes=(8, 8, 8))
            force(c)
            c.step_ns(5 * TRANSACTION)
            assert c.read("DCRCDATA") == 0x1234


def test_crc_bits_beyond_its_length_read_as_zero(chip: ChipFactory) -> None:
    with chip() as c:
        c.write("DCRCCON", crc_con(12))
        c.write("DCRCDATA", 0xFFFFFFFF)
        assert c.read("DCRCDATA") == 0xFFF


def test_ip_header_checksum(chip: ChipFactory) -> None:
    """A header whose checksum field is 0; the checksum is b861, also when it is read byte by byte."""
    header = bytes.fromhex("450000730000400040110000c0a80001c0a800c7")
    with chip() as c:
        for offset in (0, 1):
            c.memwrite(SOURCE + offset, header)
            c.write("DCRCCON", CRCEN | CRCTYP)
            c.write("DCRCDATA", 0)
            setup(c, source=SOURCE + offset, sizes=(20, 20, 20))
            force(c)
            c.step_ns(20 * TRANSACTION)
            assert c.read("DCRCDATA").to_bytes(2, "little") == bytes.fromhex("b861")


def test_byte_order(chip: ChipFactory) -> None:
    with chip() as c:
        c.memwrite(SOURCE, b"abcdabcd")
        for byto, expected in enumerate((b"abcd", b"dcba", b"cdab", b"badc")):
            for wbo in (0, WBO):
                c.write("DCRCCON", crc_con(16, 0, wbo | byto << BYTO))
                c.write("DCRCXOR", 0x1021)
                c.write("DCRCDATA", 0)
                setup(c, sizes=(8, 8, 8))
                force(c)
                c.step_ns(2 * TRANSACTION)
                assert c.memread(DESTINATION, 8) == (expected * 2 if wbo else b"abcdabcd")
                assert c.read("DCRCDATA") == crc(expected * 2, 16, 0x1021, 0)
