# SPDX-License-Identifier: MIT
"""The machine's `sfr-report` (what was touched) and `sfr-map` (what there is)."""

from __future__ import annotations

import csv
import json
from pathlib import Path

from conftest import ChipFactory
from guest_program import build
from qtest import FACTS, Chip, Json
from snapshot import restore, save, wait_for_migration

from pic32bench.footprint.symbols import read_symbols

HOLE_IN_A_BLOCK = 0x1F822260  # behind U2BRG and its aliases
NOWHERE = 0x1F8B0000


def listed(pic: Chip, what: str) -> list[Json]:
    return list(json.loads(pic.qmp("qom-get", path="/machine", property=what)))


def report(pic: Chip) -> dict[str, Json]:
    """The report by register, by address where there is none."""
    return {entry.get("register", hex(entry["address"])): entry for entry in listed(pic, "sfr-report")}


def test_nothing_is_touched_before_the_firmware_runs(chip: ChipFactory) -> None:
    with chip() as pic:
        assert report(pic) == {}


def test_reads_and_writes_are_counted_and_aliases_with_their_register(chip: ChipFactory) -> None:
    with chip() as pic:
        pic.read("U2MODE")
        pic.write("U2MODESET", 0x8000)
        pic.write("U2MODE", 0, size=1, offset=1)
        pic.read("U2MODEINV")
        pic.write("SBT0ECON", 1)
        pic.read(HOLE_IN_A_BLOCK)
        pic.write(NOWHERE, 1, size=2)
        found = report(pic)
        assert [(name, entry["kind"], entry["reads"], entry["writes"]) for name, entry in found.items()] == [
            ("U2MODE", "modelled", 2, 2),
            (hex(HOLE_IN_A_BLOCK), "reserved", 1, 0),
            (hex(NOWHERE), "reserved", 0, 1),
            ("SBT0ECON", "storage", 0, 1),
        ]
        assert found["U2MODE"]["device"] == "pic32mz-uart"
        assert found["U2MODE"]["address"] == 0x1F822200
        assert found["U2MODE"]["first-pc"] == 0  # not by the core


def test_counts_outlive_a_reset_and_come_back_with_a_snapshot(chip: ChipFactory, tmp_path: Path) -> None:
    snapshot = tmp_path / "snapshot"
    with chip() as pic:
        for register in ("U2MODE", "SBT0ECON", NOWHERE, HOLE_IN_A_BLOCK):
            pic.read(register)
        before = report(pic)
        pic.qmp("system_reset")
        pic.settle()
        assert report(pic) == before
        save(pic, snapshot)
    with chip(arguments=restore(snapshot)) as pic:
        wait_for_migration(pic)
        assert report(pic) == before
        pic.read("U2MODE")
        assert report(pic)["U2MODE"]["reads"] == 2


def test_the_pc_of_the_first_access_is_told(chip: ChipFactory, tmp_path: Path) -> None:
    source = tmp_path / "touch.c"
    source.write_text(
        """
#define SFR(address) (*(volatile unsigned *)(address))
__attribute__((noinline)) void first(void) { SFR(0xbf8f8028) = 1; }   /* SBT0ECON */
__attribute__((noinline)) void second(void) { SFR(0xbf8f8028) = 2; }
int main(void)
{
    first();
    second();
    for (unsigned n = 0; n < 1000; n++) {
        (void)SFR(0xbf810000);                                        /* INTCON */
    }
    return 0;
}
"""
    )
    elf = build(source, tmp_path)
    with chip(image=elf, cpu=True) as pic:
        pic.panel.send({"run": 10_000_000})
        pic.panel.until("stopped")
        found = report(pic)
        assert (found["SBT0ECON"]["reads"], found["SBT0ECON"]["writes"]) == (0, 2)
        assert found["INTCON"]["reads"] >= 1000
        first = next(symbol.address for symbol in read_symbols(elf) if symbol.name == "first")
        assert first <= found["SBT0ECON"]["first-pc"] < first + 16


def test_the_map_names_every_register_of_the_chip(chip: ChipFactory) -> None:
    with (FACTS / "pic32mz2048efh144_sfr.csv").open(newline="") as file:
        rows = {int(row["physical_address"], 16): row["register"].split("/")[0] for row in csv.DictReader(file)}
    with chip(panel=False, wire=False, uarts=()) as pic:
        found = {entry["address"]: entry for entry in listed(pic, "sfr-map")}
        assert report(pic) == {}, "a look at the map is no access"
    assert {address: found[address]["register"] for address in rows} == rows
    assert {entry["kind"] for entry in found.values()} == {"modelled", "storage"}
    assert (found[0x1F822200]["device"], found[0x1F822200]["kind"]) == ("pic32mz-uart", "modelled")
    assert (found[0x1FC0FFC0]["device"], found[0x1FC0FFC0]["kind"]) == ("pic32mz.boot-flash1", "modelled")
    assert (found[0x1F8E2008]["device"], found[0x1F8E2008]["kind"]) == ("pic32mz-storage", "storage")
