# SPDX-License-Identifier: MIT
"""Every modelled register has the chip's bits and no others: checked against the register table of the chip."""

from __future__ import annotations

import csv
import json

from conftest import ChipFactory
from qtest import FACTS

# Bits that the table does not list as fields, with the reason.
KNOWN = {
    "NVMBWP": 0x40,  # reserved for development tools, reads as 1 (DS60001320 register 5-8)
    "PB1DIV": 0x8000,  # ON: PBCLK1 cannot be switched off, it reads as 1 (register 8-6)
    **{f"USBE{n}RXA": 0x7F for n in range(1, 8)},  # RXFADDR (register 11-18)
    "PMMODE": 0x400,  # MODE16 (register 23-2)
    "EMAC1SUPP": 0x1000,  # reserved, 1 after a reset (register 30-34)
}
# What a write of ones would reset, lock or start; their tests are elsewhere.
LEFT_ALONE = ("CFGCON", "RSWRST", "RNMICON", "WDTCON", "DMT", "SYSKEY", "NVMKEY", "EMAC1CFG1", "INTCON")
# The controller keeps a bit for each of its vectors, also those without a source.
SOURCES = ("IFS", "IEC", "IPC")


def test_a_register_has_no_bits_that_the_chip_has_not(chip: ChipFactory) -> None:
    extra = {}
    with chip(panel=False, wire=False, uarts=()) as c:
        c.unlock()
        c.write("CFGCON", 0)  # CFGCON's locks open: PMDx and CFGPG take writes
        with (FACTS / "pic32mz2048efh144_sfr.csv").open(newline="") as file:
            rows = list(csv.DictReader(file))
        entries = json.loads(c.qmp("qom-get", path="/machine", property="sfr-map"))
        modelled = {entry["address"] for entry in entries if entry["kind"] == "modelled"}
        for row in rows:
            name = row["register"].split("/")[0]
            address = int(row["physical_address"], 16)
            if not row["fields"] or address >= 0x1FC00000 or name.startswith((*LEFT_ALONE, *SOURCES)):
                continue
            if address not in modelled:
                continue  # storage, which keeps any bit
            fields = KNOWN.get(name, 0)
            for field in row["fields"].split():
                bit, width = map(int, field.partition("@")[2].split(":"))
                fields |= ((1 << width) - 1) << bit
            seen = c.read(address)
            c.write(address, 0xFFFFFFFF)
            ones = c.read(address)
            c.write(address, 0)
            zeros = c.read(address)
            if (seen | ones | zeros) & ~fields:
                extra[name] = hex((seen | ones | zeros) & ~fields)
    assert extra == {}
