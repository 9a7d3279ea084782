# SPDX-License-Identifier: MIT
"""Registers: every one of the chip decodes, with its aliases; those without a model are storage that counts."""

from __future__ import annotations

import json

from qtest import registers


def report(pic) -> dict[int, dict]:
    entries = json.loads(pic.qmp("qom-get", path="/machine", property="sfr-report"))
    return {entry["address"]: entry for entry in entries}


def test_every_register_of_the_chip_decodes(chip) -> None:
    with chip() as pic:
        for address, aliases in registers().values():
            pic.read(address)
            for alias in (4, 8, 12) if aliases else ():
                pic.read(address + alias)
        assert not [entry for entry in report(pic).values() if entry["kind"] == "reserved"]


def test_storage_keeps_what_is_written_with_its_aliases(chip) -> None:
    with chip() as pic:
        pic.write("SQI1CFG", 0x12345678)
        assert pic.read("SQI1CFG") == 0x12345678
        pic.write("CVRCON", 0xFF)
        pic.write("CVRCONCLR", 0x0F)
        pic.write("CVRCONSET", 0x100)
        pic.write("CVRCONINV", 0x300)
        assert pic.read("CVRCON") == 0x2F0
        pic.write("SQI1CFG", 0xAB, size=1, offset=2)
        assert pic.read("SQI1CFG") == 0x12AB5678
        assert pic.read("SQI1CFG", size=2, offset=2) == 0x12AB


def test_storage_counts_and_says_so(chip) -> None:
    with chip() as pic:
        assert report(pic) == {}
        pic.write("SQI1CFG", 1)
        pic.write("CVRCONSET", 1)
        pic.read("CVRCON")
        pic.read("CVRCON")
        found = report(pic)
        assert found[0x1F8E2008]["register"] == "SQI1CFG"
        assert (found[0x1F800E00]["writes"], found[0x1F800E00]["reads"]) == (1, 2)
        assert {entry["kind"] for entry in found.values()} == {"storage"}
        assert "SQI1CFG at 0x1f8e2008 is storage only" in pic.log()


def test_an_address_without_a_register_is_reserved_and_harmless(chip) -> None:
    with chip() as pic:
        pic.write(0x1F8B0000, 5)
        assert pic.read(0x1F8B0000) == 0
        assert report(pic)[0x1F8B0000]["kind"] == "reserved"


def test_modelled_registers_are_not_storage(chip) -> None:
    with chip() as pic:
        for name in ("PORTB", "LATH", "U2MODE", "T2CON", "IFS0", "OSCCON", "ETHCON1", "RNGCON", "NVMCON", "WDTCON"):
            pic.write(name, pic.read(name))
        assert report(pic) == {}
