# SPDX-License-Identifier: MIT
"""Every register has the chip's value after a power-on reset: read and compared with the table of reset values.

platforms/pic32mz/pic32mz2048efh144_reset.csv names for each register its value, the bits that the source defines, and
the source: the data sheet or a section of the family reference manual, else Microchip's device description file. Bits
that configuration words or the time since the reset decide are not in it; their tests are with their devices.
"""

from __future__ import annotations

import csv
import json
import re
from functools import cache
from pathlib import Path

from conftest import ChipFactory
from qtest import FACTS, Chip, registers

HERE = Path(__file__).parent


@cache
def table() -> dict[str, tuple[int, int]]:
    """Register -> (value after a power-on reset, bits of it that are defined)."""
    with (FACTS / "pic32mz2048efh144_reset.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert all(row["source"] for row in rows), "a row without a source"
    return {row["register"]: (int(row["reset"], 16), int(row["defined"], 16)) for row in rows}


def disagreements(pic: Chip) -> dict[str, str]:
    """Registers whose defined bits are not as in the table."""
    found = {}
    for name, (reset, defined) in table().items():
        value = pic.read(name)
        if value & defined != reset & defined:
            found[name] = f"reads {value:#010x}, expected {reset:#010x} in the bits {defined:#010x}"
    return found


def test_the_table_is_about_registers_of_the_chip() -> None:
    assert len(table()) > 1600
    for name, (reset, defined) in table().items():
        assert name in registers(), f"{name} is no register of the chip"
        assert defined, f"{name}: nothing is defined"
        assert not reset & ~defined, f"{name}: a value in bits that are not defined"


def test_every_register_has_its_value_after_power_on(chip: ChipFactory) -> None:
    with chip(panel=False, wire=False, uarts=()) as pic:
        found = disagreements(pic)
    assert found == {}, "correct the device, or the table if the data sheet says otherwise"


def test_the_serial_number_is_no_erased_flash(chip: ChipFactory) -> None:
    with chip(panel=False, wire=False, uarts=()) as pic:
        assert [pic.read(name) for name in ("DEVSN0", "DEVSN1")] == [0x50494333, 0x324D5A00]


def test_every_modelled_register_is_proven(chip: ChipFactory) -> None:
    """By its reset value, or, where the chip defines none, by a test or guest program that names it."""
    with chip(panel=False, wire=False, uarts=()) as pic:
        entries = json.loads(pic.qmp("qom-get", path="/machine", property="sfr-map"))
    text = "\n".join(path.read_text() for path in sorted([*HERE.glob("test_*.py"), *HERE.glob("guest/programs/*.c")]))
    unproven = [
        entry["register"]
        for entry in entries
        if entry["kind"] == "modelled" and entry["register"] not in table() and not named(entry["register"], text)
    ]
    assert unproven == [], "a register with no reset value in the table, and no test that names it"


def named(register: str, text: str) -> bool:
    """Whether a test names the register, its number or port left open: OC3RS is also OC1RS, OC{n}RS and "RS"."""
    port = re.fullmatch(r"(PORT|LAT)[A-K]", register)
    parts = re.split(r"\d+", register)
    if port:
        pattern = rf"\b{port[1]}(?:[A-K]|{{port}})"
    else:
        pattern = r"\b" + r"(?:\d+|{[^}]*})".join(parts)
        if len(parts) > 1 and parts[-1]:
            pattern += rf"|[\"(]{parts[-1]}"
    return re.search(rf"(?:{pattern})(?!\w)", text) is not None
