# SPDX-License-Identifier: MIT
"""I2C1 to I2C5 as masters, and a 24-series EEPROM: DS60001320 chapter 20, FRM section 24 (DS60001116)."""

from __future__ import annotations

from pathlib import Path

import pytest
from qtest import Chip, ChipFactory
from snapshot import restore, save, wait_for_migration

HALF = 10 * 250 + 104  # ns of half an SCL period: BRG 8 and PBCLK2 after reset, 4 MHz, plus the gobbler's delay
MS = 1_000_000
ON, SCLREL = 1 << 15, 1 << 12
SEN, RSEN, PEN, RCEN, ACKEN, ACKDT = 1 << 0, 1 << 1, 1 << 2, 1 << 3, 1 << 4, 1 << 5
TBF, RBF, S, P, OV, WCOL, BCL, TRSTAT, ACKSTAT = (
    *(1 << 0, 1 << 1, 1 << 3, 1 << 4, 1 << 6, 1 << 7, 1 << 10, 1 << 14, 1 << 15),
)
ALL = range(1, 6)
EEPROM = {"i2c1": "24c02@0x50"}
WRITE, READ = 0xA0, 0xA1


def start(c: Chip, n: int = 1) -> None:
    c.write(f"I2C{n}BRG", 8)
    c.write(f"I2C{n}CON", ON)


def stat(c: Chip, n: int = 1) -> int:
    return c.read(f"I2C{n}STAT")


def step(c: Chip, bit: int, halves: int, n: int = 1) -> None:
    """Asks for one step of the master: it ends, its bit clears and it interrupts in just this time."""
    c.clear_ifs(f"I2C{n}_MASTER")
    c.write(f"I2C{n}CONSET", bit)
    c.step_ns(halves * HALF - 1)
    assert (c.read(f"I2C{n}CON") & bit, c.ifs(f"I2C{n}_MASTER")) == (bit, 0)
    c.step_ns(1)
    assert (c.read(f"I2C{n}CON") & bit, c.ifs(f"I2C{n}_MASTER")) == (0, 1)


def send(c: Chip, byte: int, n: int = 1) -> bool:
    """Sends one byte; whether it was acknowledged."""
    c.write(f"I2C{n}TRN", byte)
    c.step_ns(18 * HALF)
    return not stat(c, n) & ACKSTAT


def receive(c: Chip, last: bool) -> int:
    step(c, RCEN, 16)
    byte = c.read("I2C1RCV")
    c.write("I2C1CONSET" if last else "I2C1CONCLR", ACKDT)
    step(c, ACKEN, 2)
    return byte


def write(c: Chip, *data: int, device: int = WRITE) -> None:
    step(c, SEN, 2)
    assert [send(c, byte) for byte in (device, *data)] == [True] * (len(data) + 1)
    step(c, PEN, 3)


def read(c: Chip, where: tuple[int, ...], size: int, device: int = WRITE) -> bytes:
    step(c, SEN, 2)
    assert all([send(c, device), *(send(c, byte) for byte in where)])
    step(c, RSEN, 3)
    assert send(c, device | 1)
    data = bytes(receive(c, n == size - 1) for n in range(size))
    step(c, PEN, 3)
    return data


@pytest.mark.parametrize("n", ALL)
def test_reset_values(chip: ChipFactory, n: int) -> None:
    with chip() as c:
        names = ("CON", "STAT", "ADD", "MSK", "BRG", "TRN", "RCV")
        assert [c.read(f"I2C{n}{name}") for name in names] == [SCLREL, 0, 0, 0, 0, 0, 0]


def test_unimplemented_bits_read_zero(chip: ChipFactory) -> None:
    with chip() as c:
        for name, bits in (
            ("CON", 0x7F3FE0),
            ("STAT", 0),
            ("ADD", 0x3FF),
            ("MSK", 0x3FF),
            ("BRG", 0xFFFF),
            ("TRN", 0xFF),
            ("RCV", 0),
        ):
            c.write(f"I2C1{name}", 0xFFFFFFFF & ~(ON if name == "CON" else 0))
            assert c.read(f"I2C1{name}") == bits


@pytest.mark.parametrize("n", ALL)
def test_start_and_stop(chip: ChipFactory, n: int) -> None:
    with chip() as c:
        start(c, n)
        step(c, SEN, 2, n)
        assert stat(c, n) == S
        step(c, PEN, 3, n)
        assert stat(c, n) == P
        assert [c.ifs(f"I2C{x}_MASTER") for x in ALL] == [int(x == n) for x in ALL]
        assert [c.ifs(f"I2C{n}_{name}") for name in ("BUS", "SLAVE")] == [0, 0]


@pytest.mark.parametrize("n", ALL)
def test_nobody_acknowledges_on_an_empty_bus(chip: ChipFactory, n: int) -> None:
    with chip() as c:
        start(c, n)
        step(c, SEN, 2, n)
        c.clear_ifs(f"I2C{n}_MASTER")
        c.write(f"I2C{n}TRN", WRITE)
        assert stat(c, n) == S | TBF | TRSTAT
        c.step_ns(16 * HALF - 1)
        assert stat(c, n) == S | TBF | TRSTAT
        c.step_ns(1)
        assert stat(c, n) == S | TRSTAT
        c.step_ns(2 * HALF - 1)
        assert (stat(c, n), c.ifs(f"I2C{n}_MASTER")) == (S | TRSTAT, 0)
        c.step_ns(1)
        assert (stat(c, n), c.ifs(f"I2C{n}_MASTER")) == (S | ACKSTAT, 1)


def test_the_eeprom_acknowledges_its_own_address(chip: ChipFactory) -> None:
    with chip(properties=EEPROM) as c:
        start(c)
        acknowledged = []
        for address in range(0x80):
            step(c, SEN, 2)
            if send(c, address << 1):
                acknowledged.append(address)
            step(c, PEN, 3)
        assert acknowledged == [0x50]


def test_write_and_read(chip: ChipFactory) -> None:
    with chip(properties=EEPROM) as c:
        start(c)
        assert read(c, (0x10,), 2) == b"\xff\xff"
        write(c, 0x10, 1, 2, 3)
        c.step_ns(5 * MS)
        assert read(c, (0x0F,), 5) == b"\xff\x01\x02\x03\xff"
        # a read without an address goes on where the last one ended
        step(c, SEN, 2)
        assert send(c, READ)
        assert receive(c, True) == 0xFF
        step(c, PEN, 3)
        write(c, 0xFF, 9)
        c.step_ns(5 * MS)
        assert read(c, (0xFF,), 2) == b"\x09\xff"  # round the end


def test_a_page_wraps_round(chip: ChipFactory) -> None:
    with chip(properties=EEPROM) as c:
        start(c)
        write(c, 0x16, 1, 2, 3)
        c.step_ns(5 * MS)
        assert read(c, (0x10,), 9) == b"\x03\xff\xff\xff\xff\xff\x01\x02\xff"


def test_the_write_cycle_shows_by_no_acknowledge(chip: ChipFactory) -> None:
    with chip(properties=EEPROM) as c:
        start(c)
        write(c, 0x10, 1)
        done = c.now + 5 * MS
        polls = 0
        while True:
            step(c, SEN, 2)
            answered = send(c, WRITE)
            assert answered == (c.now >= done)
            step(c, PEN, 3)
            if answered:
                break
            polls += 1
        assert polls > 50


def test_a_write_without_its_stop_is_none(chip: ChipFactory) -> None:
    with chip(properties=EEPROM) as c:
        start(c)
        step(c, SEN, 2)
        assert all(send(c, byte) for byte in (WRITE, 0x10, 0x55))
        step(c, RSEN, 3)
        assert send(c, READ)
        receive(c, True)
        step(c, PEN, 3)
        assert read(c, (0x10,), 1) == b"\xff"


@pytest.mark.parametrize(
    ("part", "size", "page", "address_bytes"),
    [
        *(("24c01", 128, 8, 1), ("24c02", 256, 8, 1), ("24c04", 512, 16, 1), ("24c08", 1024, 16, 1)),
        *(("24c16", 2048, 16, 1), ("24c32", 4096, 32, 2), ("24c64", 8192, 32, 2), ("24c128", 16384, 64, 2)),
        *(("24c256", 32768, 64, 2), ("24c512", 65536, 128, 2)),
    ],
)
def test_sizes_by_name(chip: ChipFactory, tmp_path: Path, part: str, size: int, page: int, address_bytes: int) -> None:
    """The last page of each part, and its first byte behind the end."""
    image = tmp_path / "eeprom.bin"
    with chip(properties={"i2c1": f"{part}@0x50:rw={image}"}) as c:
        start(c)
        where = size - page
        device = WRITE | (where >> 8 << 1 if address_bytes == 1 else 0)
        address = (where & 0xFF,) if address_bytes == 1 else (where >> 8, where & 0xFF)
        write(c, *address, *(n & 0xFF for n in range(page + 1)), device=device)
        c.step_ns(5 * MS)
        assert read(c, address, page + 1, device) == bytes([page, *range(1, page), 0xFF])
    assert image.read_bytes() == b"\xff" * where + bytes([page, *range(1, page)])


def test_two_parts_on_one_bus(chip: ChipFactory) -> None:
    with chip(properties={"i2c1": "24c02@0x50;24c256@0x51"}) as c:
        start(c)
        write(c, 0x10, 0x55)
        write(c, 0x00, 0x10, 0x66, device=0xA2)
        c.step_ns(5 * MS)
        assert read(c, (0x10,), 1) == b"\x55"
        assert read(c, (0x00, 0x10), 1, device=0xA2) == b"\x66"
        # from one to the other by a repeated start
        step(c, SEN, 2)
        assert all(send(c, byte) for byte in (WRITE, 0x10))
        step(c, RSEN, 3)
        assert all(send(c, byte) for byte in (0xA2, 0x00, 0x10))
        step(c, RSEN, 3)
        assert send(c, 0xA3)
        assert receive(c, True) == 0x66
        step(c, PEN, 3)


def test_overflow_keeps_the_first_byte(chip: ChipFactory) -> None:
    with chip(properties=EEPROM) as c:
        start(c)
        write(c, 0x10, 1, 2)
        c.step_ns(5 * MS)
        step(c, SEN, 2)
        assert all(send(c, byte) for byte in (WRITE, 0x10))
        step(c, RSEN, 3)
        assert send(c, READ)
        step(c, RCEN, 16)
        assert stat(c) & (RBF | OV) == RBF
        step(c, ACKEN, 2)
        step(c, RCEN, 16)
        assert stat(c) & (RBF | OV) == RBF | OV
        assert (c.read("I2C1RCV"), stat(c) & RBF) == (1, 0)
        c.write("I2C1STATCLR", OV)
        assert stat(c) & OV == 0


def test_one_step_at_a_time(chip: ChipFactory) -> None:
    with chip() as c:
        start(c)
        c.write("I2C1CONSET", SEN)
        c.write("I2C1CONSET", PEN | RCEN)
        assert c.read("I2C1CON") == ON | SCLREL | SEN
        c.write("I2C1CONCLR", SEN)
        assert c.read("I2C1CON") == ON | SCLREL | SEN
        c.write("I2C1TRN", 0x55)
        assert (stat(c), c.read("I2C1TRN")) == (WCOL, 0)
        c.step_ns(2 * HALF)
        assert (c.read("I2C1CON"), stat(c)) == (ON | SCLREL, S | WCOL)
        c.write("I2C1STATCLR", WCOL)
        c.write("I2C1TRN", 0x55)
        c.write("I2C1TRN", 0x66)
        assert (stat(c), c.read("I2C1TRN")) == (S | TBF | TRSTAT | WCOL, 0x55)


def test_software_clears_errors_and_cannot_set_them(chip: ChipFactory) -> None:
    with chip() as c:
        start(c)
        c.write("I2C1STAT", 0xFFFF)
        assert stat(c) == 0


def test_a_start_amid_a_transfer_is_a_collision(chip: ChipFactory) -> None:
    with chip() as c:
        start(c)
        step(c, SEN, 2)
        c.clear_ifs("I2C1_MASTER")
        c.write("I2C1CONSET", SEN)
        c.step_ns(2 * HALF)
        assert (stat(c) & BCL, c.ifs("I2C1_BUS"), c.ifs("I2C1_MASTER")) == (BCL, 1, 0)
        assert c.read("I2C1CON") == ON | SCLREL
        c.write("I2C1STATCLR", BCL)
        assert stat(c) & BCL == 0


@pytest.mark.parametrize(
    ("n", "sda", "scl"),
    [(1, "RA15", "RA14"), (2, "RA3", "RA2"), (3, "RF2", "RF8"), (4, "RG7", "RG8"), (5, "RF4", "RF5")],
)
def test_a_line_that_is_held_is_a_collision(chip: ChipFactory, n: int, sda: str, scl: str) -> None:
    with chip() as c:
        start(c, n)
        for pin in (sda, scl):
            c.panel.send({"pin": pin, "level": 0})
            c.write(f"I2C{n}CONSET", SEN)
            c.step_ns(2 * HALF)
            assert (stat(c, n), c.ifs(f"I2C{n}_BUS")) == (BCL, 1)
            c.panel.send({"pin": pin, "level": None})
            c.write(f"I2C{n}STATCLR", BCL)
            c.clear_ifs(f"I2C{n}_BUS")
        step(c, SEN, 2, n)
        c.panel.send({"pin": sda, "level": 0})
        send(c, 0x00, n)
        assert stat(c, n) & BCL == 0  # it sends zeros itself
        send(c, 0x01, n)
        assert stat(c, n) & BCL == BCL


def test_off_forgets_everything(chip: ChipFactory) -> None:
    with chip(properties=EEPROM) as c:
        start(c)
        step(c, SEN, 2)
        send(c, WRITE)
        c.write("I2C1TRN", 0x10)
        c.write("I2C1CONCLR", ON)
        assert (stat(c), c.read("I2C1CON")) == (0, SCLREL)
        c.clear_ifs("I2C1_MASTER")
        c.step(1.0)
        assert (stat(c), c.ifs("I2C1_MASTER")) == (0, 0)
        c.write("I2C1CON", SEN)  # off: it takes no request
        assert c.read("I2C1CON") == SCLREL
        start(c)
        assert read(c, (0x10,), 1) == b"\xff"


def test_the_lines_of_a_bus_with_parts_are_high(chip: ChipFactory) -> None:
    with chip(properties=EEPROM) as c:
        assert c.read("PORTA") & 0xC00C == 0xC000
    with chip("PIC32MZ1024EFH064", properties=EEPROM) as c:
        assert c.read("PORTD") & 0x0600 == 0x0600


def test_the_part_keeps_its_content_through_resets_of_the_chip(chip: ChipFactory) -> None:
    with chip(properties=EEPROM) as c:
        start(c)
        write(c, 0x10, 0x55)
        c.step_ns(5 * MS)
        c.panel.send({"power": "cycle"})
        start(c)
        assert read(c, (0x10,), 1) == b"\x55"


def test_a_snapshot_has_the_eeprom_and_the_byte_on_its_way(chip: ChipFactory, tmp_path: Path) -> None:
    with chip(properties=EEPROM) as c:
        start(c)
        write(c, 0x10, 0x55, 0x66)
        c.step_ns(5 * MS)
        step(c, SEN, 2)
        assert all(send(c, byte) for byte in (WRITE, 0x10))
        step(c, RSEN, 3)
        assert send(c, READ)
        c.write("I2C1CONSET", RCEN)
        moment = c.step_ns(16 * HALF - 1)
        save(c, tmp_path / "snapshot")
    with chip(properties=EEPROM, arguments=restore(tmp_path / "snapshot")) as c:
        wait_for_migration(c)
        c.clock_set(moment)  # under qtest the clock is in no snapshot
        assert stat(c) & RBF == 0
        c.step_ns(1)
        assert (stat(c) & RBF, c.read("I2C1RCV")) == (RBF, 0x55)
        step(c, ACKEN, 2)
        assert receive(c, True) == 0x66
        step(c, PEN, 3)
