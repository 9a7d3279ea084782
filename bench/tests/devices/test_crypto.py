# SPDX-License-Identifier: MIT
"""Crypto engine of the EFK and EFM chips: NIST's vectors, descriptors, errors (DS60001320 chapter 26, DS60001246)."""

from __future__ import annotations

import csv
import hashlib
import hmac
import json
import random
import struct

import pytest
from conftest import ChipFactory
from qtest import FACTS, Chip

CHIP = "PIC32MZ2048EFM144"
BD, SA, SOURCE, DESTINATION, RESULT = 0x1000, 0x1100, 0x2000, 0x8000, 0x1200
NOWHERE = 0x0800_0000
VECTOR = 107
PBCLK5 = 4_000_000  # Hz after reset

DMAEN, BDPPLEN, BDPCHST, SWAPEN, SWRST, SWAPOEN = 1 << 0, 1 << 1, 1 << 2, 1 << 5, 1 << 6, 1 << 7
RUN = DMAEN | BDPCHST | SWAPEN | SWAPOEN
ACTIVE, ERRPHASE, ERROP = 1 << 16, 24, 26
PENDIF, CBDIF, PKTIF, AREIF = 1, 2, 4, 8
CBD_INT_EN, PKT_INT_EN, LIFM, LAST_BD, SA_FETCH_EN, DESC_EN = (1 << n for n in (16, 17, 18, 19, 22, 31))
ONE = PKT_INT_EN | LIFM | LAST_BD | SA_FETCH_EN | DESC_EN  # a message in one buffer
DES, TDES, AES, MD5, SHA1, SHA256, HMAC = (1 << n for n in range(7))
ECB, CBC, CFB, OFB, CBC_MAC, CTR, GCM = range(8, 15)

# NIST SP 800-38A, appendix F: the four blocks that all modes share
PLAIN = bytes.fromhex(
    "6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51"
    "30c81c46a35ce411e5fbc1191a0a52eff69f2445df4f9b17ad2b417be66c3710"
)
KEYS = {
    16: bytes.fromhex("2b7e151628aed2a6abf7158809cf4f3c"),
    24: bytes.fromhex("8e73b0f7da0e6452c810f32b809079e562f8ead2522c6b7b"),
    32: bytes.fromhex("603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4"),
}
IV = bytes(range(16))
COUNTER = bytes(range(0xF0, 0x100))
AES_VECTORS = [
    (ECB, 16, "3ad77bb40d7a3660a89ecaf32466ef97f5d3d58503b9699de785895a96fdbaaf", b""),
    (ECB, 24, "bd334f1d6e45f25ff712a214571fa5cc974104846d0ad3ad7734ecb3ecee4eef", b""),
    (ECB, 32, "f3eed1bdb5d2a03c064b5a7e3db181f8591ccb10d410ed26dc5ba74a31362870", b""),
    (CBC, 16, "7649abac8119b246cee98e9b12e9197d5086cb9b507219ee95db113a917678b2", IV),
    (CBC, 32, "f58c4c04d6e5f1ba779eabfb5f7bfbd69cfc4e967edb808d679f777bc6702c7d", IV),
    (CFB, 16, "3b3fd92eb72dad20333449f8e83cfb4ac8a64537a0b3a93fcde3cdad9f1ce58b", IV),
    (OFB, 16, "3b3fd92eb72dad20333449f8e83cfb4a7789508d16918f03f53c52dac54ed825", IV),
    (CTR, 16, "874d6191b620e3261bef6864990db6ce9806f66b7970fdff8617187bb9fffdff", COUNTER),
    (CTR, 24, "1abc932417521ca24f2b0459fe7e6e0b090339ec0aa6faefd5ccc2c6f4ce8e94", COUNTER),
]


def address_of(name: str) -> int:
    with (FACTS / "pic32mz_crypto_sfr.csv").open(newline="") as file:
        return next(int(row["physical_address"], 16) for row in csv.DictReader(file) if row["register"] == name)


def words(data: bytes, count: int) -> list[int]:
    """A number of `count` words, its last byte the lowest of the last word."""
    return list(struct.unpack(f">{count}I", data.rjust(4 * count, b"\0")))


def association(algo: int, mode: int = 0, *, key: bytes = b"", iv: bytes = b"", encrypt: bool = True) -> bytes:
    """SA_CTRL, SA_AUTHKEY1 to 8, SA_ENCKEY1 to 8, SA_AUTHIV1 to 8, SA_ENCIV1 to 4."""
    keysize = {24: 1, 32: 2}.get(len(key), 0)
    ctrl = mode | keysize << 7 | encrypt << 9 | algo << 10 | 7 << 21
    authentication, encryption = (key, b"") if algo & HMAC else (b"", key)
    numbers = [ctrl, *words(authentication, 8), *words(encryption, 8), *[0] * 8, *words(iv, 4)]
    return struct.pack("<29I", *numbers)


def descriptor(
    size: int,
    ctrl: int = ONE,
    *,
    source: int = SOURCE,
    destination: int = DESTINATION,
    following: int = BD,
    message: int | None = None,
    offset: int = 0,
) -> bytes:
    length = size if message is None else message
    return struct.pack("<8I", ctrl | size, SA, source, destination, following, RESULT, length, offset)


def read(c: Chip, name: str) -> int:
    return c.read(address_of(name))


def write(c: Chip, name: str, value: int) -> None:
    c.write(address_of(name), value)


def start(c: Chip, con: int = RUN, base: int = BD) -> None:
    """As drivers do it."""
    write(c, "CECON", SWRST)
    assert read(c, "CECON") == 0
    write(c, "CEINTSRC", 0xF)
    write(c, "CEBDPADDR", base)
    write(c, "CEINTEN", 7)
    write(c, "CECON", con)


def run(c: Chip, sa: bytes, data: bytes, bd: bytes | None = None, con: int = RUN) -> int:
    """One message in one buffer; returns CEINTSRC at its end."""
    c.memwrite(SA, sa)
    c.memwrite(SOURCE, data)
    c.memwrite(BD, bd or descriptor(len(data)))
    start(c, con)
    c.step(0.001)
    return read(c, "CEINTSRC")


def efm(chip: ChipFactory) -> Chip:
    return chip(CHIP, wire=False, uarts=())


def test_only_chips_that_have_it_have_it(chip: ChipFactory) -> None:
    for name, has in ((CHIP, True), ("PIC32MZ0512EFK064", True), ("PIC32MZ2048EFH144", False)):
        c = chip(name, wire=False, uarts=())
        write(c, "CEPOLLCON", 0x1234)
        assert read(c, "CEPOLLCON") == (0x1234 if has else 0)
        report = json.loads(c.qmp("qom-get", path="/machine", property="sfr-report"))
        assert [entry["kind"] for entry in report] == ["modelled" if has else "reserved"]


def test_registers(chip: ChipFactory) -> None:
    with efm(chip) as c:
        masks = {"CEBDPADDR": 0xFFFFFFFF, "CEINTEN": 0xF, "CEPOLLCON": 0xFFFF, "CEHDLEN": 0xFF, "CETRLLEN": 0xFF}
        for name in ("CEVER", "CECON", "CEBDADDR", "CESTAT", "CEINTSRC", *masks):
            assert read(c, name) == 0, name
        for name, mask in masks.items():
            write(c, name, 0xFFFFFFFF)
            assert read(c, name) == mask, name
        write(c, "CECON", SWRST)
        assert [read(c, name) for name in masks] == [0] * len(masks)


@pytest.mark.parametrize("encrypt", [True, False])
def test_aes(chip: ChipFactory, encrypt: bool) -> None:
    with efm(chip) as c:
        for mode, size, expected, iv in AES_VECTORS:
            pair = PLAIN[:32], bytes.fromhex(expected)
            data, result = pair if encrypt else pair[::-1]
            flags = run(c, association(AES, mode, key=KEYS[size], iv=iv, encrypt=encrypt), data)
            assert flags & PKTIF
            assert c.memread(DESTINATION, 32) == result, (mode, size)
            assert not read(c, "CESTAT") >> ERROP & 7
            assert not c.read(BD) & DESC_EN


def test_word_order_of_input_and_output(chip: ChipFactory) -> None:
    with efm(chip) as c:
        sa = association(AES, ECB, key=KEYS[16])
        expected = bytes.fromhex(AES_VECTORS[0][2])[:16]

        def swapped(data: bytes) -> bytes:
            return b"".join(data[n : n + 4][::-1] for n in range(0, len(data), 4))

        run(c, sa, PLAIN[:16], con=RUN & ~SWAPOEN)
        assert c.memread(DESTINATION, 16) == swapped(expected)
        run(c, sa, swapped(PLAIN[:16]), con=RUN & ~SWAPEN)
        assert c.memread(DESTINATION, 16) == expected


def test_aes_over_several_buffers(chip: ChipFactory) -> None:
    """The chaining value goes from one buffer to the next, and the counter stands within a block."""
    with efm(chip) as c:
        for mode, _, expected, iv in AES_VECTORS[3:8:4]:
            c.memwrite(SA, association(AES, mode, key=KEYS[16], iv=iv))
            c.memwrite(SOURCE, PLAIN)
            c.memwrite(BD, descriptor(16, SA_FETCH_EN | DESC_EN, following=BD + 32, message=32))
            c.memwrite(
                BD + 32,
                descriptor(16, ONE & ~SA_FETCH_EN, source=SOURCE + 16, destination=DESTINATION + 16, message=32),
            )
            start(c)
            c.step(0.001)
            assert c.memread(DESTINATION, 32) == bytes.fromhex(expected)


GCM_KEY, GCM_IV = bytes.fromhex("feffe9928665731c6d6a8f9467308308"), bytes.fromhex("cafebabefacedbaddecaf888")
GCM_PLAIN = bytes.fromhex(
    "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
    "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39"
)
GCM_CIPHER = bytes.fromhex(
    "42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e"
    "21d514b25466931c7d8f6a5aac84aa051ba30b396a0aac973d58e091"
)
GCM_AAD = bytes.fromhex("feedfacedeadbeeffeedfacedeadbeefabaddad2")
GCM_TAG = bytes.fromhex("5bc94fbc3221a5db94fae95ae7121a47")


@pytest.mark.parametrize("encrypt", [True, False])
def test_gcm_with_additional_data(chip: ChipFactory, encrypt: bool) -> None:
    """Test case 4 of the GCM specification, each part in a buffer of its own, padded to blocks."""
    with efm(chip) as c:
        data, result = (GCM_PLAIN, GCM_CIPHER) if encrypt else (GCM_CIPHER, GCM_PLAIN)
        c.memwrite(SA, association(AES, GCM, key=GCM_KEY, iv=GCM_IV + b"\0\0\0\1", encrypt=encrypt))
        c.memwrite(SOURCE, GCM_AAD.ljust(32, b"\0") + data.ljust(64, b"\xee"))
        lengths = {"message": 60, "offset": 20}
        c.memwrite(BD, descriptor(32, SA_FETCH_EN | DESC_EN, following=BD + 32, **lengths))
        c.memwrite(BD + 32, descriptor(64, ONE & ~SA_FETCH_EN, source=SOURCE + 32, **lengths))
        start(c)
        c.step(0.001)
        assert c.memread(DESTINATION, 60) == result
        assert c.memread(RESULT, 16) == GCM_TAG


@pytest.mark.parametrize(("algo", "name"), [(MD5, "md5"), (SHA1, "sha1"), (SHA256, "sha256")])
def test_digests(chip: ChipFactory, algo: int, name: str) -> None:
    """FIPS 180-4 and RFC 1321 through the host's hashlib; a buffer is padded to whole words."""
    with efm(chip) as c:
        for size in (1, 3, 4, 55, 56, 64, 1000):
            data = random.Random(size).randbytes(size)
            padded = data + b"!" * (-size % 4)
            assert run(c, association(algo), padded, descriptor(len(padded), message=size)) & PKTIF
            digest = hashlib.new(name, data).digest()
            assert c.memread(RESULT, len(digest)) == digest
        key = random.Random(0).randbytes(len(digest))
        run(c, association(algo | HMAC, key=key), b"Hi There")
        assert c.memread(RESULT, len(digest)) == hmac.new(key, b"Hi There", name).digest()


def test_known_digest(chip: ChipFactory) -> None:
    """FIPS 180-4: SHA-256 of abc, without the output's swap."""
    with efm(chip) as c:
        run(c, association(SHA256), b"abc\0", descriptor(4, message=3), con=RUN & ~SWAPOEN)
        numbers = struct.unpack("<8I", c.memread(RESULT, 32))
        assert numbers[0] == 0xBA7816BF
        assert numbers[7] == 0xF20015AD


def test_polling_takes_buffers_as_they_come(chip: ChipFactory) -> None:
    """A ring of two descriptors that a driver fills while the engine runs."""
    with efm(chip) as c:
        c.memwrite(SA, association(SHA1))
        data = random.Random(1).randbytes(640)
        c.memwrite(SOURCE, data)
        for n in range(2):
            c.memwrite(BD + 32 * n, descriptor(0, 0, following=BD + 32 * (1 - n)))
        start(c, RUN | BDPPLEN)
        c.step(0.001)
        for n in range(5):
            ctrl = DESC_EN | (SA_FETCH_EN if n == 0 else 0) | (LIFM | PKT_INT_EN if n == 4 else 0)
            address = BD + 32 * (n % 2)
            following = BD + 32 * (1 - n % 2)
            c.memwrite(address, descriptor(128, ctrl, source=SOURCE + 128 * n, following=following, message=640))
            assert not read(c, "CEINTSRC")
            c.step(0.001)
            assert not c.read(address) & DESC_EN
        assert read(c, "CEINTSRC") == PKTIF | PENDIF
        assert c.memread(RESULT, 20) == hashlib.sha1(data).digest()


def test_without_polling_the_last_descriptor_ends_it(chip: ChipFactory) -> None:
    with efm(chip) as c:
        run(c, association(AES, ECB, key=KEYS[16]), PLAIN)
        assert read(c, "CEBDADDR") == BD, "the base address again"
        assert not read(c, "CESTAT") & 3 << 16
        c.memwrite(DESTINATION, bytes(64))
        c.memwrite(BD, descriptor(64))
        c.step(0.01)
        assert c.memread(DESTINATION, 64) == bytes(64)
        write(c, "CECON", RUN)
        c.step(0.001)
        assert c.memread(DESTINATION, 16).hex() == AES_VECTORS[0][2][:32]


def test_interrupts(chip: ChipFactory) -> None:
    with efm(chip) as c:

        def ifs() -> int:
            return c.read("IFS3") >> VECTOR % 32 & 1

        run(c, association(MD5), b"data", descriptor(4, ONE | CBD_INT_EN))
        assert (read(c, "CEINTSRC"), ifs()) == (PENDIF | CBDIF | PKTIF, 1)
        write(c, "CEINTSRC", PKTIF)
        c.write("IFS3CLR", 1 << VECTOR % 32)
        assert (read(c, "CEINTSRC"), ifs()) == (PENDIF | CBDIF, 1)
        write(c, "CEINTSRC", CBDIF)
        c.write("IFS3CLR", 1 << VECTOR % 32)
        assert (read(c, "CEINTSRC"), ifs()) == (0, 0)
        for enable, expected in ((0, 0), (6, 0), (1, 0), (5, 1)):
            start(c, 0)
            write(c, "CEINTEN", enable)
            c.memwrite(BD, descriptor(4))
            c.write("IFS3CLR", 1 << VECTOR % 32)
            write(c, "CECON", RUN)
            c.step(0.001)
            assert ifs() == expected, enable


def test_a_buffer_takes_its_time(chip: ChipFactory) -> None:
    """9 bits of AES-128 a clock; the clocks of two descriptor accesses are the model's estimate."""
    with efm(chip) as c:
        c.memwrite(SA, association(AES, ECB, key=KEYS[16]))
        c.memwrite(BD, descriptor(9000 // 16 * 16))
        start(c)
        clocks = 50 + 50 + 9000 // 16 * 16 * 80 // 90
        c.step_ns(clocks * 1_000_000_000 // PBCLK5 - 1)
        assert read(c, "CESTAT") & ACTIVE
        assert not read(c, "CEINTSRC")
        c.step_ns(1)
        assert not read(c, "CESTAT") & ACTIVE
        assert read(c, "CEINTSRC") & PKTIF


@pytest.mark.parametrize(("what", "phase"), [("descriptor", 0), ("association", 1), ("source", 2), ("destination", 3)])
def test_address_errors(chip: ChipFactory, what: str, phase: int) -> None:
    with efm(chip) as c:
        c.memwrite(SA, association(AES, ECB, key=KEYS[16]))
        bd = bytearray(descriptor(16))
        if what != "descriptor":
            word = {"association": 1, "source": 2, "destination": 3}[what]
            bd[4 * word : 4 * word + 4] = NOWHERE.to_bytes(4, "little")
        c.memwrite(BD, bytes(bd))
        start(c, base=NOWHERE if what == "descriptor" else BD)
        c.step(0.001)
        assert read(c, "CEINTSRC") == AREIF | PENDIF
        assert read(c, "CESTAT") >> ERRPHASE & 3 == phase
        assert read(c, "CESTAT") >> ERROP & 7


@pytest.mark.parametrize("sa", [association(AES, CBC_MAC, key=KEYS[16]), association(AES | SHA1), association(0)])
def test_what_is_not_available_is_said(chip: ChipFactory, sa: bytes) -> None:
    with efm(chip) as c:
        assert run(c, sa, PLAIN) & PKTIF, "drivers wait for it"
        assert read(c, "CESTAT") >> ERROP & 7
        assert "is not available" in c.log()
        assert c.memread(DESTINATION, 16) == bytes(16)


@pytest.mark.parametrize(
    ("algo", "key", "plain", "expected"),
    [
        (DES, "0123456789abcdef", "4e6f772069732074", "3fa40e8a984d4815"),
        (TDES, "0123456789abcdef23456789abcdef01456789abcdef0123", "5468652071756663", "a826fd8ce53b855f"),
    ],
)
def test_des(chip: ChipFactory, algo: int, key: str, plain: str, expected: str) -> None:
    """FIPS 81 and NIST SP 800-67."""
    with efm(chip) as c:
        mode = 4 if algo == TDES else 0
        run(c, association(algo, mode, key=bytes.fromhex(key)), bytes.fromhex(plain))
        assert c.memread(DESTINATION, 8).hex() == expected
        run(c, association(algo, mode, key=bytes.fromhex(key), encrypt=False), bytes.fromhex(expected))
        assert c.memread(DESTINATION, 8).hex() == plain


def test_any_descriptor_is_survived(chip: ChipFactory) -> None:
    random_ = random.Random(26)
    with efm(chip) as c:
        for _ in range(150):
            addresses = [
                random_.choice((BD, SA, SOURCE, NOWHERE, 0x1F8E5000, random_.getrandbits(32))) for _ in range(5)
            ]
            size = random_.choice((0, 1, 15, 64, 0xFFFF))
            c.memwrite(BD, struct.pack("<8I", random_.getrandbits(32) << 16 & 0xFFFFFFFF | size, *addresses, 77, 9))
            c.memwrite(SA, struct.pack("<I", random_.getrandbits(17)) + random_.randbytes(112))
            start(c, random_.getrandbits(8) & ~SWRST | DMAEN | BDPCHST)
            c.step(0.001)
        assert c.qmp("query-status")["running"]
