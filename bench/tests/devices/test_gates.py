# SPDX-License-Identifier: MIT
"""Peripheral module disable: a PMD bit hides a peripheral's registers and stops its clock (DS60001320 section 33.4)."""

from __future__ import annotations

import csv

import pytest
from conftest import ChipFactory
from qtest import FACTS, Chip

PMDLOCK = 1 << 12
# PMD bit -> a register of its peripheral that keeps ones, and one that is its neighbour's
REGISTER_OF = {
    "ADCMD": "ADCCMP1",
    "CVRMD": "CVRCON",
    "CMP1MD": "CM1CON",
    "CMP2MD": "CM2CON",
    "USBMD": "USBINFO",
    "CAN1MD": "C1CON",
    "CAN2MD": "C2CON",
    "RTCCMD": "ALRMTIME",
    "PMPMD": "PMADDR",
    "EBIMD": "EBICS0",
    "SQI1MD": "SQI1CLKCON",
    "ETHMD": "ETHPMM0",
    "DMAMD": "DCH0DSA",
    "RNGMD": "RNGPOLY1",
}


def pmd_bits() -> dict[str, tuple[str, int]]:
    """Name of each PMD bit -> its register and its number."""
    with (FACTS / "pic32mz2048efh144_sfr.csv").open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["register"] in {f"PMD{n}" for n in range(1, 8)}]
    return {
        field.partition("@")[0]: (row["register"], int(field.partition("@")[2].split(":")[0]))
        for row in rows
        for field in row["fields"].split()
    }


def register_of(bit: str) -> str:
    kind, n = bit[:-3], bit[-3]
    suffix = {"IC": "CON", "OC": "R", "REFO": "TRIM"}.get(kind, "BRG")
    return REGISTER_OF.get(bit) or (f"PR{n}" if kind == "T" else f"{kind}{n}{suffix}")


def nonzero(c: Chip, register: str) -> int:
    """Writes ones to a register and returns what it keeps of them, which is not nothing."""
    c.write(register, 0x7FFFFFFE if register == "SQI1CLKCON" else 0x00FF_7FFF)
    value = c.read(register)
    assert value, f"{register} keeps nothing: the test needs another one"
    return value


@pytest.mark.parametrize("pmd", [f"PMD{n}" for n in range(1, 8)])
def test_a_disabled_peripheral_reads_as_zero_and_takes_nothing(chip: ChipFactory, pmd: str) -> None:
    others = [f"PMD{n}" for n in range(1, 8) if f"PMD{n}" != pmd]
    with chip(panel=False, wire=False, uarts=()) as c:
        for bit, number in ((bit, number) for bit, (register, number) in pmd_bits().items() if register == pmd):
            register = register_of(bit)
            value = nonzero(c, register)
            c.write(pmd, 0xFFFFFFFF & ~(1 << number))
            for other in others:
                c.write(other, 0xFFFFFFFF)
            assert c.read(register) == value, f"all but {bit} are disabled"
            c.write(pmd, 1 << number)
            for other in others:
                c.write(other, 0)
            assert c.read(register) == 0, bit
            c.write(register, 0)
            c.write(pmd, 0)
            assert c.read(register) == value, bit
        assert f"which {pmd} disables" in c.log()


def test_a_disabled_timer_stands_still(chip: ChipFactory) -> None:
    c = chip()
    for n in (2, 3):
        c.write(f"T{n}CON", 0x8000)
    c.step_ns(100_000)
    c.write("PMD4", 1 << 1)  # T2MD
    before = c.read("TMR3")
    c.step_ns(100_000)
    assert c.read("TMR2") == 0
    assert c.read("TMR3") == before + 400, "PBCLK3 is 4 MHz"
    c.write("PMD4", 0)
    assert c.read("TMR2") == before
    c.step_ns(100_000)
    assert c.read("TMR2") == before + 400


def test_pmdlock(chip: ChipFactory) -> None:
    c = chip()
    c.unlock()
    c.write("CFGCON", c.read("CFGCON") | PMDLOCK)
    c.write("PMD4", 1 << 1)
    assert c.read("PMD4") == 0
    c.write("PR2", 0x1234)
    assert c.read("PR2") == 0x1234
    assert "PMDLOCK" in c.log()


def test_a_reset_enables_everything(chip: ChipFactory) -> None:
    c = chip()
    c.write("PMD5", 1 << 1)
    assert c.read("U2BRG") == 0
    c.qmp("system_reset")
    c.settle()
    assert c.read("PMD5") == 0
    c.write("U2BRG", 77)
    assert c.read("U2BRG") == 77


def test_a_uart_halts_in_the_middle_of_a_character(chip: ChipFactory) -> None:
    with chip() as c:
        c.write("RPB14R", 0b0010)  # U2TX
        c.write("U2BRG", 24)  # 4 MHz / 16 / 25 = 10000 bit/s: a character takes 1 ms
        c.write("U2STA", 0x400)
        c.write("U2MODE", 0x8000)
        c.write("U2TXREG", ord("x"))
        c.step_ns(400_000)
        c.write("PMD5", 1 << 1)
        c.step_ns(50_000_000)
        assert c.uarts[2].received() == b""
        c.write("PMD5", 0)
        c.step_ns(599_000)
        assert c.uarts[2].received() == b""
        c.step_ns(2_000)
        assert c.uarts[2].received() == b"x"
