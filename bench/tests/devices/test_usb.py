# SPDX-License-Identifier: MIT
"""USB with nothing plugged in: a driver sets the core up and then waits for ever (DS60001320 chapter 11)."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from conftest import ChipFactory
from qtest import Chip, registers
from snapshot import restore, save, wait_for_migration

RESET_VALUES = {
    "USBCSR0": 0x00002000,  # HSEN
    "USBCSR1": 0x00FF0000,
    "USBCSR2": 0x060000FE,
    "USBOTG": 0x00000080,  # BDEV: the ID pin is pulled up
    "USBHWVER": 0x0800,
    "USBINFO": 0x3C5C8C77,
    "USBEOFRST": 0x00727780,
    "USBE0CSR3": 0x06000000,
    "USBIENCSR3": 0x06000000,  # of endpoint 0
    "USBTMCON1": 0x05E64074,
}
SESSION, HOSTMODE, VBUS_VALID, BDEV = 1, 1 << 2, 3 << 3, 1 << 7
USBIDVAL, USBIDOVEN = 1 << 8, 1 << 9
SOFTCONN, SOFRST = 1 << 14, 3 << 24


def names() -> list[str]:
    return [name for name in registers() if name.startswith("USB")]


def select(c: Chip, endpoint: int) -> None:
    """As drivers do it: the byte of USBCSR3 that has ENDPOINT."""
    c.write("USBCSR3", endpoint, size=1, offset=2)


def quiet(c: Chip) -> bool:
    flags = c.read("USBCSR0") >> 16 | c.read("USBCSR1") & 0xFFFF | c.read("USBCSR2") >> 16 & 0xFF | c.read("USBDMAINT")
    return not flags and not c.ifs("USB") and not c.ifs("USB_DMA")


def test_reset_values(chip: ChipFactory) -> None:
    c = chip()
    for name in names():
        assert c.read(name) == RESET_VALUES.get(name, 0), name
    report = json.loads(c.qmp("qom-get", path="/machine", property="sfr-report"))
    assert {entry["kind"] for entry in report} <= {"modelled"}


def test_soft_reset_is_over_at_once(chip: ChipFactory) -> None:
    c = chip()
    c.write("USBCSR0", 0x4005)
    c.write("USBEOFRST", 0x00111111 | SOFRST)
    assert c.read("USBEOFRST") == RESET_VALUES["USBEOFRST"]
    assert c.read("USBCSR0") == RESET_VALUES["USBCSR0"]


def test_indexed_registers_are_the_endpoints(chip: ChipFactory) -> None:
    c = chip()
    for endpoint in range(1, 8):
        select(c, endpoint)
        c.write("USBIENCSR0", 0x100 + endpoint, size=2)  # TXMAXP
        c.write("USBIENCSR1", 0x200 + endpoint, size=2)  # RXMAXP
        c.write("USBIENCSR3", 0x0A20 | endpoint)
        c.write("USBFIFOA", endpoint << 16 | endpoint + 8)
        c.write("USBOTG", endpoint, size=1, offset=2)  # TXFIFOSZ
        c.write("USBOTG", endpoint + 1, size=1, offset=3)
    for endpoint in range(1, 8):
        select(c, endpoint)
        assert c.read(f"USBE{endpoint}CSR0") == c.read("USBIENCSR0") == 0x100 + endpoint
        assert c.read(f"USBE{endpoint}CSR1") == c.read("USBIENCSR1") == 0x200 + endpoint
        assert c.read(f"USBE{endpoint}CSR3") == c.read("USBIENCSR3") == 0x0A20 | endpoint
        assert c.read("USBFIFOA") == endpoint << 16 | endpoint + 8
        assert c.read("USBOTG") >> 16 == (endpoint + 1) << 8 | endpoint
    select(c, 0)
    assert (c.read("USBIENCSR0"), c.read("USBFIFOA"), c.read("USBOTG") >> 16) == (0, 0, 0)
    select(c, 9)  # there is none
    c.write("USBIENCSR0", 0x123)
    assert c.read("USBIENCSR0") == 0


@pytest.mark.parametrize("indexed", [False, True])
def test_bits_that_the_core_clears(chip: ChipFactory, indexed: bool) -> None:
    c = chip()
    select(c, 2)
    tx, rx = ("USBIENCSR0", "USBIENCSR1") if indexed else ("USBE2CSR0", "USBE2CSR1")
    c.write(tx, 1 << 16)  # TXPKTRDY: nobody fetches the packet
    c.step(0.1)
    assert c.read(tx) == 0x30000  # and FIFONE
    c.write(tx, 0x30000 | 1 << 19 | 1 << 22)  # FLUSH, CLRDT
    assert c.read(tx) == 0
    c.write(tx, 0x00A40000)  # only the core sets UNDERRUN, SENTSTALL, INCOMPTX
    assert c.read(tx) == 0
    c.write(rx, 0x00900000 | 0x014F0000)  # FLUSH, CLRDT; what the core sets
    assert c.read(rx) == 0
    c.write(rx, 1 << 21)
    assert c.read(rx) == 1 << 21
    c.write("USBE0CSR0", 1 << 17)
    assert c.read("USBE0CSR0") == 1 << 17
    c.write("USBE0CSR0", 0x01D80000)  # FLUSH, SETENDC, RXRDYC, SETEND, DATAEND
    assert c.read("USBE0CSR0") == 0
    c.write("USBCSR3", 1 << 30)
    assert c.read("USBCSR3") == 0


def test_an_attached_device_sees_no_host(chip: ChipFactory) -> None:
    c = chip()
    c.write("USBCRCON", 0x86)
    c.write("USBCSR1", 0xFF, size=1, offset=2)
    c.write("USBCSR2", 0xFF, size=1, offset=3)
    c.write("USBCSR0", 0x2000 | SOFTCONN)
    c.step(1.0)
    assert c.read("USBOTG") & (SESSION | HOSTMODE | VBUS_VALID | BDEV) == BDEV
    assert (c.read("USBCSR0") & 0xFF00, c.read("USBCSR3") & 0x7FF) == (0x2000 | SOFTCONN, 0)
    assert (c.read("USBFIFO0"), quiet(c)) == (0, True)


def test_a_host_sees_no_device(chip: ChipFactory) -> None:
    c = chip()
    c.write("USBCRCON", USBIDOVEN | USBIDVAL)
    c.write("USBOTG", SESSION)
    assert c.read("USBOTG") == BDEV  # ID is high: no host
    c.write("USBCRCON", USBIDOVEN)
    c.write("USBOTG", SESSION)
    c.step(1.0)
    assert c.read("USBOTG") == SESSION | HOSTMODE | VBUS_VALID
    assert quiet(c)
    c.write("USBOTG", 0)
    assert c.read("USBOTG") == 0


def test_registers_of_endpoints_are_in_a_snapshot(chip: ChipFactory, tmp_path: Path) -> None:
    c = chip()
    select(c, 3)
    c.write("USBFIFOA", 0x00400080)
    c.write("USBOTG", 0x03050000)
    c.write("USBIENCSR0", 0x200)
    c.write("USBCRCON", 0x2FF)
    before = [c.read(name) for name in names()]
    c.qmp("stop")
    save(c, tmp_path / "snapshot")
    restored = chip(arguments=restore(tmp_path / "snapshot"))
    wait_for_migration(restored)
    assert [restored.read(name) for name in names()] == before
    c.qmp("cont")
    c.panel.send({"power": "cycle"})
    select(c, 3)
    assert (c.read("USBFIFOA"), c.read("USBE3CSR0"), c.read("USBCRCON")) == (0, 0, 0)
