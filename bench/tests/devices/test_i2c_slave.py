# SPDX-License-Identifier: MIT
"""A module as the slave of another one of this chip, over jumpers on the board: FRM section 24.7 (DS60001116)."""

from __future__ import annotations

from pathlib import Path

import pytest
from qtest import Chip, ChipFactory
from snapshot import restore, save, wait_for_migration
from test_i2c import ACKDT, ACKEN, ACKSTAT, BCL, HALF, ON, OV, PEN, RBF, RCEN, RSEN, SCLREL, SEN, TBF, WCOL, P, S, step

JOINED = {"jumpers": "RA14-RA2;RA15-RA3"}  # I2C1 and I2C2
R_W, D_A, GCSTAT = 1 << 2, 1 << 5, 1 << 9
STREN, GCEN, A10M, SCIE, PCIE = 1 << 6, 1 << 7, 1 << 10, 1 << 21, 1 << 22
ADDRESS = 0x2A


def start(c: Chip, slave: int = 0) -> None:
    """I2C1 is the master, I2C2 a slave at ADDRESS."""
    for n in (1, 2):
        c.write(f"I2C{n}BRG", 8)
    c.write("I2C1CON", ON)
    c.write("I2C2ADD", ADDRESS)
    c.write("I2C2CON", ON | SCLREL | slave)


def send(c: Chip, byte: int) -> bool:
    """I2C1 sends a byte; whether it was acknowledged."""
    c.write("I2C1TRN", byte)
    c.step_ns(18 * HALF)
    return not c.read("I2C1STAT") & ACKSTAT


def heard(c: Chip) -> tuple[int, int, int]:
    """The slave's interrupt flag, cleared with that; its status without S, P and IWCOL; and its byte."""
    flag = c.ifs("I2C2_SLAVE")
    c.clear_ifs("I2C2_SLAVE")
    stat = c.read("I2C2STAT") & ~(S | P | WCOL)
    return flag, stat, c.read("I2C2RCV")


def test_a_slave_hears_its_address_and_bytes(chip: ChipFactory) -> None:
    with chip(properties=JOINED) as c:
        start(c)
        step(c, SEN, 2)
        assert c.read("I2C2STAT") == S
        assert send(c, ADDRESS << 1)
        assert heard(c) == (1, RBF, ADDRESS << 1)
        for byte in (0x55, 0x66):
            assert send(c, byte)
            assert heard(c) == (1, RBF | D_A, byte)
        step(c, PEN, 3)
        assert (c.read("I2C2STAT"), c.ifs("I2C2_SLAVE")) == (P, 0)


@pytest.mark.parametrize(
    ("con", "mask", "byte", "answers"),
    [
        (0, 0, (ADDRESS + 1) << 1, False),
        (0, 1, (ADDRESS + 1) << 1, True),  # masked
        (0, 0, 0, False),
        (GCEN, 0, 0, True),
        (A10M, 0, ADDRESS << 1, False),
    ],
)
def test_which_addresses_match(chip: ChipFactory, con: int, mask: int, byte: int, answers: bool) -> None:
    with chip(properties=JOINED) as c:
        start(c, con)
        c.write("I2C2MSK", mask)
        step(c, SEN, 2)
        assert send(c, byte) == answers
        expected = (1, RBF | (0 if byte else GCSTAT), byte) if answers else (0, 0, 0)
        assert heard(c) == expected


def test_start_and_stop_interrupt_when_asked_for(chip: ChipFactory) -> None:
    with chip(properties=JOINED) as c:
        start(c, SCIE | PCIE)
        step(c, SEN, 2)
        assert heard(c)[0] == 1
        step(c, PEN, 3)
        assert heard(c)[0] == 1


def test_a_byte_nobody_read_is_not_acknowledged(chip: ChipFactory) -> None:
    with chip(properties=JOINED) as c:
        start(c)
        step(c, SEN, 2)
        assert send(c, ADDRESS << 1)
        assert not send(c, 0x55)
        assert c.read("I2C2STAT") & (OV | RBF) == OV | RBF
        assert c.read("I2C2RCV") == ADDRESS << 1


def test_a_slave_transmits_and_holds_the_clock_until_it_can(chip: ChipFactory) -> None:
    with chip(properties=JOINED) as c:
        start(c)
        step(c, SEN, 2)
        assert send(c, ADDRESS << 1 | 1)
        received = []
        for byte, last in ((0x77, False), (0x88, True)):
            flag, stat, _ = heard(c)
            assert (flag, stat & (R_W | TBF), c.read("I2C2CON") & SCLREL) == (1, R_W, 0)
            c.write("I2C1CONSET", RCEN)
            c.step(1.0)
            assert c.read("I2C1CON") & RCEN  # the master waits
            c.write("I2C2TRN", byte)
            c.write("I2C2TRN", 0xEE)  # TBF is set
            assert c.read("I2C2STAT") & (TBF | WCOL) == TBF | WCOL
            c.write("I2C2CONSET", SCLREL)
            c.step_ns(16 * HALF - 1)
            assert c.read("I2C1STAT") & RBF == 0
            c.step_ns(1)
            assert (c.read("I2C1STAT") & RBF, c.read("I2C2STAT") & TBF) == (RBF, 0)
            received.append(c.read("I2C1RCV"))
            c.write("I2C1CONSET" if last else "I2C1CONCLR", ACKDT)
            step(c, ACKEN, 2)
        assert received == [0x77, 0x88]
        flag, stat, _ = heard(c)
        assert (flag, stat & (R_W | D_A | ACKSTAT)) == (1, R_W | D_A | ACKSTAT)
        assert c.read("I2C2CON") & SCLREL  # refused: it need not answer any more
        step(c, PEN, 3)


def test_stretching_a_write(chip: ChipFactory) -> None:
    with chip(properties=JOINED) as c:
        start(c, STREN)
        step(c, SEN, 2)
        assert send(c, ADDRESS << 1)
        assert c.read("I2C2CON") & SCLREL == 0
        c.write("I2C1TRN", 0x55)
        c.step(1.0)
        assert c.read("I2C1STAT") & TBF
        heard(c)
        c.write("I2C2CONSET", SCLREL)
        c.step_ns(18 * HALF)
        assert heard(c) == (1, RBF | D_A, 0x55)


def test_a_repeated_start_ends_the_slaves_part(chip: ChipFactory) -> None:
    with chip(properties=JOINED) as c:
        start(c)
        step(c, SEN, 2)
        assert send(c, ADDRESS << 1)
        heard(c)
        step(c, RSEN, 3)
        assert not send(c, 0x40)
        assert heard(c)[0] == 0


def test_a_bus_that_is_taken_is_a_collision_for_the_other(chip: ChipFactory) -> None:
    with chip(properties=JOINED) as c:
        start(c)
        step(c, SEN, 2)
        c.write("I2C2CONSET", SEN)
        c.step_ns(2 * HALF)
        assert (c.read("I2C2STAT") & BCL, c.ifs("I2C2_BUS")) == (BCL, 1)
        assert c.read("I2C1STAT") == S
        c.write("I2C1CONCLR", ON)  # its pins are free again
        assert c.read("I2C2STAT") & (S | P) == P


def test_a_slave_that_is_switched_off_lets_go_of_the_clock(chip: ChipFactory) -> None:
    with chip(properties=JOINED) as c:
        start(c)
        step(c, SEN, 2)
        assert send(c, ADDRESS << 1 | 1)
        c.write("I2C1CONSET", RCEN)
        c.step(1.0)
        c.write("I2C2CONCLR", ON)
        c.step_ns(16 * HALF)
        assert c.read("I2C1RCV") == 0xFF


def test_a_snapshot_while_the_master_waits(chip: ChipFactory, tmp_path: Path) -> None:
    with chip(properties=JOINED) as c:
        start(c)
        step(c, SEN, 2)
        assert send(c, ADDRESS << 1 | 1)
        c.write("I2C1CONSET", RCEN)
        moment = c.step(0.001)
        save(c, tmp_path / "snapshot")
    with chip(properties=JOINED, arguments=restore(tmp_path / "snapshot")) as c:
        wait_for_migration(c)
        c.clock_set(moment)  # under qtest the clock is in no snapshot
        c.write("I2C2TRN", 0x77)
        c.write("I2C2CONSET", SCLREL)
        c.step_ns(16 * HALF)
        assert c.read("I2C1RCV") == 0x77


def test_one_joined_pin_is_no_bus(chip: ChipFactory) -> None:
    with chip(properties={"jumpers": "RA14-RA2"}) as c:
        start(c)
        step(c, SEN, 2)
        assert c.read("I2C2STAT") == 0
        assert not send(c, ADDRESS << 1)
