# SPDX-License-Identifier: MIT
"""Registers: every one of the chip decodes, by any access; those without a model are storage."""

from __future__ import annotations

import json

import pytest
from conftest import ChipFactory
from qtest import Chip, Json, registers


def leaned_on(pic: Chip) -> dict[int, Json]:
    """What `sfr-report` says of registers that have no model, by address."""
    entries = json.loads(pic.qmp("qom-get", path="/machine", property="sfr-report"))
    return {entry["address"]: entry for entry in entries if entry["kind"] != "modelled"}


@pytest.mark.parametrize("size", [1, 2, 4])
def test_every_register_of_the_chip_decodes(chip: ChipFactory, size: int) -> None:
    """Every one of the 1,824 rows, each of its bytes, half-words or the word, and of its aliases, which read as 0."""
    with chip(panel=False, wire=False, uarts=()) as pic:
        for name, (address, aliases) in registers().items():
            for offset in range(0, 4, size):
                pic.read(address, size, offset)
                for alias in (4, 8, 12) if aliases else ():
                    assert pic.read(address + alias, size, offset) == 0, f"{name}, alias +{alias}"
        assert not [entry for entry in leaned_on(pic).values() if entry["kind"] == "reserved"]


def test_storage_keeps_what_is_written(chip: ChipFactory) -> None:
    with chip() as pic:
        pic.write("SQI1CFG", 0x12345678)
        assert pic.read("SQI1CFG") == 0x12345678
        pic.write("SQI1CFG", 0xAB, size=1, offset=2)
        assert pic.read("SQI1CFG") == 0x12AB5678
        assert pic.read("SQI1CFG", size=2, offset=2) == 0x12AB


def test_storage_has_aliases_where_the_chip_has(chip: ChipFactory) -> None:
    with chip() as pic:
        entries = json.loads(pic.qmp("qom-get", path="/machine", property="sfr-map"))
        storage = [entry["register"] for entry in entries if entry["device"] == "pic32mz-storage"]
        names = [name for name in storage if registers()[name][1]]
        if not names:
            pytest.skip("every register with aliases has a model")
        pic.write(names[0], 0xFF)
        pic.write(names[0] + "CLR", 0x0F)
        pic.write(names[0] + "SET", 0x100)
        pic.write(names[0] + "INV", 0x300)
        assert pic.read(names[0]) == 0x2F0


def test_storage_says_so_in_the_log_once(chip: ChipFactory) -> None:
    with chip() as pic:
        pic.write("SQI1CFG", 1)
        pic.write("SQI1CFG", 2)
        assert pic.log().count("SQI1CFG at 0x1f8e2008 is storage only") == 1


def test_an_address_without_a_register_is_reserved_and_harmless(chip: ChipFactory) -> None:
    with chip() as pic:
        pic.write(0x1F8B0000, 5)
        assert pic.read(0x1F8B0000) == 0
        assert leaned_on(pic)[0x1F8B0000]["kind"] == "reserved"


def test_modelled_registers_are_not_storage(chip: ChipFactory) -> None:
    with chip() as pic:
        for name in ("PORTB", "LATH", "U2MODE", "T2CON", "IFS0", "OSCCON", "ETHCON1", "RNGCON", "NVMCON", "WDTCON"):
            pic.write(name, pic.read(name))
        assert leaned_on(pic) == {}
