# SPDX-License-Identifier: MIT
"""A 25-series flash on an SPI bus of the board: commands, busy times, protection, images, snapshots.

Command set and times: data sheets of W25Q80, SST25VF016B and SST26VF032B.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from qtest import Chip, ChipFactory, EmulatorError
from snapshot import restore, save, wait_for_migration

BYTE = 4_000  # ns: BRG 0 and PBCLK2 after reset, 4 MHz
MS = 1_000_000
ON, MSTEN, CKE, CKP, MODE32, ENHBUF = 1 << 15, 1 << 5, 1 << 8, 1 << 6, 1 << 11, 1 << 16
WRSR, PP, READ, WRDI, RDSR, WREN, FAST = 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x0B
SE, BE, CE, RDID, REMS, RES, DP, AAI, ULBPR = 0x20, 0xD8, 0xC7, 0x9F, 0x90, 0xAB, 0xB9, 0xAD, 0x98
WIP, WEL = 1, 2
W25Q80 = {"spi2": "w25q80@RD4"}


def start(c: Chip, con: int = CKE) -> None:
    """SPI2 as the master of the board's flash, whose select pin is RD4, high."""
    c.write("RPG8R", 6)  # SDO2
    c.write("SDI2R", 1)  # RG7
    c.write("ANSELG", 0)
    c.write("LATDSET", 1 << 4)
    c.write("TRISDCLR", 1 << 4)
    c.write("SPI2CON", ON | MSTEN | con)


def select(c: Chip, selected: bool) -> None:
    c.write("LATDCLR" if selected else "LATDSET", 1 << 4)


def exchange(c: Chip, out: Sequence[int]) -> bytes:
    """Sends bytes and returns what came meanwhile; the select pin is left alone."""
    answer = []
    for byte in out:
        c.write("SPI2BUF", byte)
        c.step_ns(BYTE)
        answer.append(c.read("SPI2BUF"))
    return bytes(answer)


def command(c: Chip, *out: int, answer: int = 0) -> bytes:
    """One command: `out`, then the `answer` bytes that follow it."""
    select(c, True)
    result = exchange(c, [*out, *[0xFF] * answer])[len(out) :]
    select(c, False)
    return result


def address(where: int) -> tuple[int, int, int]:
    return where >> 16 & 0xFF, where >> 8 & 0xFF, where & 0xFF


def status(c: Chip) -> int:
    return command(c, RDSR, answer=1)[0]


def read(c: Chip, where: int, size: int) -> bytes:
    return command(c, READ, *address(where), answer=size)


def write(c: Chip, code: int, where: int, *data: int, wait_ns: int = 200 * MS) -> None:
    command(c, WREN)
    command(c, code, *address(where), *data)
    c.step_ns(wait_ns)


def test_identification(chip: ChipFactory) -> None:
    with chip(properties=W25Q80) as c:
        start(c)
        assert command(c, RDID, answer=4) == b"\xef\x40\x14\x00"
        assert command(c, REMS, 0, 0, 0, answer=4) == b"\xef\x13\xef\x13"
        assert command(c, REMS, 0, 0, 1, answer=2) == b"\x13\xef"
        assert command(c, RES, 0, 0, 0, answer=1) == b"\x13"


def test_no_select_no_answer(chip: ChipFactory) -> None:
    """MISO floats, and the pin reads what the board makes of it."""
    with chip(properties=W25Q80) as c:
        start(c)
        assert exchange(c, [RDID, 0, 0, 0]) == bytes(4)
        c.panel.send({"pin": "RG7", "level": 1})
        assert exchange(c, [RDID, 0, 0, 0]) == b"\xff" * 4


def test_program_and_read(chip: ChipFactory) -> None:
    with chip(properties=W25Q80) as c:
        start(c)
        assert read(c, 0x12345, 2) == b"\xff\xff"
        write(c, PP, 0x12345, 0x5A, 0xF0)
        assert read(c, 0x12344, 4) == b"\xff\x5a\xf0\xff"
        assert command(c, FAST, *address(0x12345), 0, answer=2) == b"\x5a\xf0"
        write(c, PP, 0x12345, 0x0F, 0x3C)  # programming only clears bits
        assert read(c, 0x12345, 2) == b"\x0a\x30"
        write(c, PP, 0x0FFFFF, 0x77)
        assert read(c, 0x0FFFFF, 2) == b"\x77\xff"  # reading goes on at the start


def test_a_page_wraps_round(chip: ChipFactory) -> None:
    with chip(properties=W25Q80) as c:
        start(c)
        write(c, PP, 0x1FE, 1, 2, 3, 4)
        assert read(c, 0x1FE, 3) == b"\x01\x02\xff"
        assert read(c, 0x100, 3) == b"\x03\x04\xff"


def test_busy_times_and_the_enable_latch(chip: ChipFactory) -> None:
    with chip(properties=W25Q80) as c:
        start(c)
        for code, data, duration in ((PP, [0], 700_000), (SE, [], 45 * MS), (BE, [], 150 * MS)):
            command(c, WREN)
            assert status(c) == WEL
            command(c, code, *address(0x2000), *data)
            c.step_ns(duration - 2 * BYTE - 1)
            assert status(c) == WIP  # the byte is exchanged 1 ns before the end
            assert status(c) == 0


def test_what_the_part_refuses(chip: ChipFactory) -> None:
    with chip(properties=W25Q80) as c:
        start(c)
        command(c, PP, *address(0), 0)
        assert "command 0x02 refused, without WREN" in c.log()
        command(c, WREN)
        command(c, WRDI)
        command(c, SE, *address(0))
        assert "command 0x20 refused, without WREN" in c.log()
        write(c, PP, 0, 0x55, wait_ns=0)
        command(c, READ, *address(0), answer=1)
        assert "command 0x03 refused, the part is busy" in c.log()
        c.step_ns(MS)
        assert read(c, 0, 1) == b"\x55"


def test_erase_works_on_whole_blocks(chip: ChipFactory) -> None:
    with chip(properties=W25Q80) as c:
        start(c)
        for code, size in ((SE, 0x1000), (0x52, 0x8000), (BE, 0x10000)):
            inside = (0x20000, 0x20000 + size - 1)
            outside = (0x1FFFF, 0x20000 + size)
            for where in (*inside, *outside):
                write(c, PP, where, 0, wait_ns=MS)
            write(c, code, 0x20123)
            assert [read(c, where, 1) for where in inside] == [b"\xff"] * 2
            assert [read(c, where, 1) for where in outside] == [b"\0"] * 2
        write(c, SE, 0xFFFFFF)  # beyond the part: its last sector
        command(c, WREN)
        command(c, CE)
        assert status(c) == WIP
        c.step(5.0)
        assert (status(c), read(c, 0x1FFFF, 1)) == (0, b"\xff")


def test_block_protection(chip: ChipFactory) -> None:
    with chip(properties=W25Q80) as c:
        start(c)
        command(c, WREN)
        command(c, WRSR, 1 << 2)  # BP0: the last 64 KiB
        c.step_ns(MS)
        assert status(c) == 1 << 2
        write(c, PP, 0xEFFFF, 0, wait_ns=MS)
        write(c, PP, 0xF0000, 0, wait_ns=MS)
        assert read(c, 0xEFFFF, 2) == b"\0\xff"
        assert "the block is protected" in c.log()


def test_deep_power_down(chip: ChipFactory) -> None:
    with chip(properties=W25Q80) as c:
        start(c)
        command(c, DP)
        assert command(c, RDID, answer=3) == b"\xff" * 3
        command(c, RES)
        assert command(c, RDID, answer=3) == b"\xef\x40\x14"


def test_words_of_32_bits_are_four_bytes_the_first_on_top(chip: ChipFactory) -> None:
    with chip(properties=W25Q80) as c:
        start(c, CKE | MODE32)
        select(c, True)
        c.write("SPI2BUF", RDID << 24)
        c.step_ns(4 * BYTE)
        select(c, False)
        assert c.read("SPI2BUF") == 0xFFEF4014


def test_clock_modes(chip: ChipFactory) -> None:
    """The part knows modes 0 and 3: in the others it hears every bit late."""
    with chip(properties=W25Q80) as c:
        for con, answer in ((CKE, b"\xef\x40\x14"), (CKP, b"\xef\x40\x14"), (0, b"\x7f" * 3), (CKE | CKP, b"\x7f" * 3)):
            c.write("SPI2CON", 0)
            start(c, con)
            assert command(c, RDID, answer=3) == answer
        assert "the device knows modes 0 and 3" in c.log()


def test_select_of_its_own_for_each_part(chip: ChipFactory) -> None:
    with chip(properties={"spi2": "w25q80@RD4;sst26vf032b@RD5"}) as c:
        start(c)
        c.write("LATDSET", 1 << 5)
        c.write("TRISDCLR", 1 << 5)
        assert command(c, RDID, answer=3) == b"\xef\x40\x14"
        c.write("LATDCLR", 1 << 5)
        assert exchange(c, [RDID, 0, 0, 0])[1:] == b"\xbf\x26\x42"


def test_sst25_programs_bytes_and_words_once_it_is_unprotected(chip: ChipFactory) -> None:
    with chip(properties={"spi2": "sst25vf016b@RD4"}) as c:
        start(c)
        assert (status(c), command(c, RDID, answer=3)) == (0x1C, b"\xbf\x25\x41")
        write(c, PP, 0x100, 0x11)
        assert read(c, 0x100, 1) == b"\xff"
        command(c, 0x50)  # EWSR
        command(c, WRSR, 0)
        c.step_ns(MS)
        write(c, PP, 0x100, 0x11, 0x22)  # a byte at a time
        assert read(c, 0x100, 2) == b"\x11\xff"
        write(c, AAI, 0x200, 1, 2, wait_ns=10_000)
        assert status(c) == 0x40 | WEL
        command(c, AAI, 3, 4)
        c.step_ns(10_000)
        command(c, WRDI)
        assert (status(c), read(c, 0x200, 5)) == (0, b"\x01\x02\x03\x04\xff")


def test_sst26_is_protected_until_it_is_told(chip: ChipFactory) -> None:
    with chip(properties={"spi2": "sst26vf032b@RD4"}) as c:
        start(c)
        write(c, PP, 0x100, 0x11)
        assert read(c, 0x100, 1) == b"\xff"
        command(c, WREN)
        command(c, ULBPR)
        write(c, PP, 0x100, 0x11, wait_ns=0)
        assert status(c) == 0x81
        c.step_ns(2 * MS)
        assert (status(c), read(c, 0x100, 1)) == (0, b"\x11")


def test_the_part_keeps_its_content_through_resets_of_the_chip(chip: ChipFactory) -> None:
    with chip(properties=W25Q80) as c:
        start(c)
        write(c, PP, 0x100, 0x11)
        c.panel.send({"power": "cycle"})
        start(c)
        assert read(c, 0x100, 1) == b"\x11"


def test_an_image_is_read_and_kept_when_asked_for(chip: ChipFactory, tmp_path: Path) -> None:
    image = tmp_path / "flash.bin"
    for way, after in (("ro", 0x77), ("rw", 0x11)):
        image.write_bytes(bytes([0x77]) * 0x100000)
        with chip(properties={"spi2": f"w25q80@RD4:{way}={image}"}) as c:
            start(c)
            assert read(c, 0x100, 2) == b"\x77\x77"
            write(c, PP, 0x100, 0x11)
            assert read(c, 0x100, 2) == b"\x11\x77"
        assert image.read_bytes() == b"\x77" * 0x100 + bytes([after]) + b"\x77" * (0x100000 - 0x101)
    image.unlink()
    with chip(properties={"spi2": f"w25q80@RD4:rw={image}"}) as c:
        start(c)
        write(c, PP, 0x100, 0x11)
    assert image.read_bytes() == b"\xff" * 0x100 + b"\x11" + b"\xff" * (0x100000 - 0x101)


@pytest.mark.parametrize(
    ("properties", "said"),
    [
        ({"spi2": "w25q8@RD4"}, "spi2: no part 'w25q8' can be attached: there are at25df041a, "),
        ({"spi2": "w25q80"}, "spi2: 'w25q80': expected PART@PIN, such as w25q80@RD4"),
        ({"spi2": "w25q80@RD8"}, "spi2: 'w25q80@RD8': the chip has no pin 'RD8'"),
        ({"spi2": "w25q80@RD4:x.bin"}, "expected ro=FILE or rw=FILE behind the colon"),
        ({"spi2": "w25q80@RD4:ro=/nix"}, "spi2: Failed to open file “/nix”"),
        ({"spi2": "w25q80@RD4:ro=/etc/hostname"}, "expected a raw image of the whole part, 1048576 bytes"),
        ({"i2c1": "24c03@0x50"}, "i2c1: no part '24c03' can be attached: there are 24c01, 24c02, "),
        ({"i2c1": "24c02@RD4"}, "expected a 7-bit address from 0x08 to 0x77, found 'RD4'"),
        ({"i2c1": "24c16@0x51"}, "i2c1: a 24c16 takes 8 addresses: expected a multiple of that, found 0x51"),
        ({"jumpers": "RD3"}, "jumpers: 'RD3': expected two pins of the chip, such as RD3-RG7"),
        ({"jumpers": "RD3-RG7;RG7-RG8"}, "jumpers: 'RG7-RG8': RG7 has a jumper already"),
    ],
)
def test_a_wrong_board_is_one_clear_line(chip: ChipFactory, properties: dict[str, str], said: str) -> None:
    with pytest.raises(EmulatorError) as caught:
        chip(properties=properties)
    assert said in str(caught.value)


def test_a_snapshot_has_the_flash_and_the_byte_on_its_way(chip: ChipFactory, tmp_path: Path) -> None:
    with chip(properties=W25Q80) as c:
        start(c)
        write(c, PP, 0x100, 0x11, 0x22, wait_ns=100_000)
        c.step_ns(MS)
        select(c, True)
        exchange(c, [READ, *address(0x100)])
        c.write("SPI2BUF", 0)
        moment = c.step_ns(BYTE - 1)
        save(c, tmp_path / "snapshot")
    with chip(properties=W25Q80, arguments=restore(tmp_path / "snapshot")) as c:
        wait_for_migration(c)
        c.clock_set(moment)  # under qtest the clock is in no snapshot
        assert c.read("SPI2STAT") & 1 == 0
        c.step_ns(1)
        assert c.read("SPI2BUF") == 0x11
        assert exchange(c, [0, 0]) == b"\x22\xff"
        select(c, False)
        assert read(c, 0x101, 1) == b"\x22"
