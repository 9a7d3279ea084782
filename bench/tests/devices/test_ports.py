# SPDX-License-Identifier: MIT
"""I/O ports A to K: DS60001320 section 12, PIC32 Family Reference Manual section 12 (DS60001120)."""

from __future__ import annotations

import csv

import pytest
from qtest import FACTS, Chip, ChipFactory

PORTS = "ABCDEFGHJK"


def field_masks() -> dict[str, int]:
    """Register name -> the bits that the chip's register table knows."""
    masks = {}
    with (FACTS / "pic32mz2048efh144_sfr.csv").open(newline="") as file:
        for row in csv.DictReader(file):
            mask = 0
            for field in row["fields"].split():
                bit, width = field.split("@")[1].split(":")
                mask |= ((1 << int(width)) - 1) << int(bit)
            masks[row["register"]] = mask
    return masks


MASKS = field_masks()


def digital(chip: Chip, port: str) -> None:
    if f"ANSEL{port}" in MASKS:
        chip.write(f"ANSEL{port}", 0)


def pin_events(chip: Chip) -> list[tuple[str, int | None]]:
    return [(event["pin"], event["level"]) for event in chip.panel.events() if "pin" in event]


@pytest.mark.parametrize("port", PORTS)
def test_implemented_bits_are_those_of_the_register_table(chip: ChipFactory, port: str) -> None:
    with chip() as c:
        for kind in ("ANSEL", "TRIS", "LAT", "ODC", "CNPU", "CNPD", "CNCON", "CNEN", "CNNE", "CNF", "SRCON0", "SRCON1"):
            name = kind + port
            if name in MASKS:
                c.write(name, 0xFFFFFFFF)
                assert c.read(name) == MASKS[name], name
        assert c.read(f"CNSTAT{port}") & ~MASKS[f"CNSTAT{port}"] == 0


@pytest.mark.parametrize("port", PORTS)
def test_after_reset_every_pin_is_an_input_and_analog_where_it_can_be(chip: ChipFactory, port: str) -> None:
    with chip() as c:
        assert c.read(f"TRIS{port}") == MASKS[f"TRIS{port}"]
        if f"ANSEL{port}" in MASKS:
            assert c.read(f"ANSEL{port}") == MASKS[f"ANSEL{port}"]
        assert c.read(f"LAT{port}") == 0


def test_analog_pin_reads_zero_until_ansel_is_cleared(chip: ChipFactory) -> None:
    with chip() as c:
        c.panel.send({"pin": "RB12", "level": 1})
        assert c.read("PORTB") == 0
        c.write("ANSELBCLR", 1 << 12)
        assert c.read("PORTB") == 1 << 12


def test_output_shows_on_its_pin_and_on_port(chip: ChipFactory) -> None:
    with chip() as c:
        digital(c, "H")
        c.write("LATH", 0x0005)
        assert c.read("PORTH") == 0  # still inputs
        c.write("TRISHCLR", 0x0007)
        assert c.read("PORTH") == 0x0005
        assert pin_events(c) == [("RH0", 1), ("RH1", 0), ("RH2", 1)]


def test_set_clear_and_invert_act_on_lat_through_either_name(chip: ChipFactory) -> None:
    with chip() as c:
        digital(c, "H")
        c.write("TRISH", 0xFF00)
        c.panel.send({"pin": "RH9", "level": 1})
        for name in ("LATH", "PORTH"):
            c.write(name, 0)
            c.write(name + "SET", 0x00F1)
            assert c.read("LATH") == 0x00F1
            c.write(name + "CLR", 0x0011)
            assert c.read("LATH") == 0x00E0
            c.write(name + "INV", 0x0061)
            # an input's level never leaks into LAT
            assert c.read("LATH") == 0x0081
            assert c.read("PORTH") == 0x0281


def test_port_aliases_start_from_what_lat_holds(chip: ChipFactory) -> None:
    with chip() as c:
        c.write("LATH", 0x0005)
        c.write("PORTHINV", 0x0003)
        assert c.read("LATH") == 0x0006


def test_aliases_read_as_zero(chip: ChipFactory) -> None:
    with chip() as c:
        c.write("LATHSET", 0xFFFF)
        assert [c.read(f"LATH{alias}") for alias in ("CLR", "SET", "INV")] == [0, 0, 0]


def test_byte_and_half_word_writes_leave_the_other_bytes_alone(chip: ChipFactory) -> None:
    with chip() as c:
        c.write("LATB", 0x1234)
        c.write("LATB", 0xAB, size=1, offset=1)
        assert c.read("LATB") == 0xAB34
        c.write("LATBINV", 0xFF, size=1)
        assert c.read("LATB") == 0xABCB
        c.write("LATB", 0x5678, size=2)
        assert (c.read("LATB"), c.read("LATB", size=1, offset=1)) == (0x5678, 0x56)


def test_floating_input_follows_its_pull(chip: ChipFactory) -> None:
    with chip() as c:
        digital(c, "B")
        assert c.read("PORTB") == 0
        c.write("CNPUB", 0x7000)
        assert c.read("PORTB") == 0x7000
        c.panel.send({"pin": "RB12", "level": 0})
        assert c.read("PORTB") == 0x6000
        c.panel.send({"pin": "RB12", "level": None})
        assert c.read("PORTB") == 0x7000
        c.write("CNPUB", 0)
        c.write("CNPDB", 0x7000)
        c.panel.send({"pin": "RB13", "level": 1})
        assert c.read("PORTB") == 0x2000


def test_open_drain_pulls_low_but_never_drives_high(chip: ChipFactory) -> None:
    with chip() as c:
        c.write("ODCD", 1)
        c.write("TRISDCLR", 1)
        assert pin_events(c) == [("RD0", 0)]
        c.write("LATDSET", 1)
        assert pin_events(c) == [("RD0", None)]
        assert c.read("PORTD") & 1 == 0
        c.write("CNPUD", 1)
        assert c.read("PORTD") & 1 == 1
        c.panel.send({"pin": "RD0", "level": 0})
        assert c.read("PORTD") & 1 == 0


def test_only_a_change_is_reported(chip: ChipFactory) -> None:
    with chip() as c:
        c.write("TRISECLR", 1)
        c.write("LATESET", 1)
        c.write("LATESET", 1)
        c.write("ANSELE", 0)
        c.write("LATE", 1)
        c.write("TRISESET", 1)
        assert pin_events(c) == [("RE0", 0), ("RE0", 1), ("RE0", None)]


def start_change_notice(c: Chip, edge: bool) -> None:
    digital(c, "B")
    c.panel.send({"pin": "RB12", "level": 1})
    c.panel.send({"pin": "RB13", "level": 1})
    c.read("PORTB")
    c.write("CNCONB", 0x8800 if edge else 0x8000)


def test_mismatch_interrupts_until_port_is_read(chip: ChipFactory) -> None:
    with chip() as c:
        start_change_notice(c, edge=False)
        c.write("CNENB", 1 << 12)
        assert c.ifs("CHANGE_NOTICE_B") == 0
        c.panel.send({"pin": "RB13", "level": 0})  # not enabled
        assert c.ifs("CHANGE_NOTICE_B") == 0
        c.panel.send({"pin": "RB12", "level": 0})
        assert (c.ifs("CHANGE_NOTICE_B"), c.read("CNSTATB")) == (1, 1 << 12)
        c.clear_ifs("CHANGE_NOTICE_B")
        assert c.ifs("CHANGE_NOTICE_B") == 1  # table 7-2: persistent
        assert c.read("PORTB") == 0
        assert c.read("CNSTATB") == 0
        c.clear_ifs("CHANGE_NOTICE_B")
        assert c.ifs("CHANGE_NOTICE_B") == 0


def test_mismatch_remembers_a_short_pulse(chip: ChipFactory) -> None:
    with chip() as c:
        start_change_notice(c, edge=False)
        c.write("CNENB", 1 << 12)
        c.panel.send({"pin": "RB12", "level": 0, "at": 100})
        c.panel.send({"pin": "RB12", "level": 1, "at": 101})
        c.step_ns(200)
        assert (c.ifs("CHANGE_NOTICE_B"), c.read("CNSTATB")) == (1, 1 << 12)


def test_change_notice_is_silent_while_off(chip: ChipFactory) -> None:
    with chip() as c:
        digital(c, "B")
        c.write("CNENB", 0xFFFF)
        c.panel.send({"pin": "RB12", "level": 1})
        assert (c.ifs("CHANGE_NOTICE_B"), c.read("CNSTATB")) == (0, 0)


@pytest.mark.parametrize(("register", "first", "second"), [("CNENB", 0, 1), ("CNNEB", 1, 0)])
def test_edge_style_picks_the_edge(chip: ChipFactory, register: str, first: int, second: int) -> None:
    """CNEN enables rising edges, CNNE falling ones; CNF stays until software clears it."""
    with chip() as c:
        start_change_notice(c, edge=True)
        c.write(register, 1 << 12)
        c.panel.send({"pin": "RB12", "level": 0})
        assert c.ifs("CHANGE_NOTICE_B") == first
        c.write("CNFB", 0)
        c.clear_ifs("CHANGE_NOTICE_B")
        assert c.ifs("CHANGE_NOTICE_B") == 0
        c.panel.send({"pin": "RB12", "level": 1})
        assert (c.ifs("CHANGE_NOTICE_B"), c.read("CNFB")) == (second, second << 12)
        c.read("PORTB")
        assert c.read("CNFB") == second << 12  # reading PORT is for the mismatch style
        c.write("CNFBCLR", 1 << 12)
        c.clear_ifs("CHANGE_NOTICE_B")
        assert c.ifs("CHANGE_NOTICE_B") == 0


@pytest.mark.parametrize("port", PORTS)
def test_every_port_has_its_own_vector(chip: ChipFactory, port: str) -> None:
    with chip() as c:
        digital(c, port)
        bit = (MASKS[f"CNEN{port}"] & -MASKS[f"CNEN{port}"]).bit_length() - 1
        c.write(f"CNCON{port}", 0x8000)
        c.write(f"CNEN{port}", 1 << bit)
        c.panel.send({"pin": f"R{port}{bit}", "level": 1})
        assert [other for other in PORTS if c.ifs(f"CHANGE_NOTICE_{other}")] == [port]


def test_power_cycle_lets_outputs_go_and_keeps_the_hand_on_the_switch(chip: ChipFactory) -> None:
    with chip() as c:
        c.panel.send({"pin": "RB12", "level": 1})
        c.write("TRISHCLR", 1)
        c.panel.events()
        c.panel.send({"power": "cycle"})
        assert pin_events(c) == [("RH0", None)]
        assert c.read("TRISH") == MASKS["TRISH"]
        digital(c, "B")
        assert c.read("PORTB") == 1 << 12


@pytest.mark.parametrize("before", [0, 1])
def test_a_digital_input_sees_a_voltage_by_vil_and_vih(chip: ChipFactory, before: int) -> None:
    with chip() as c:
        digital(c, "B")
        steps = ((660, 0), (2145, 1)) if before else ((2145, 1), (660, 0))
        for millivolts, level in steps:
            c.panel.send({"pin": "RB4", "millivolts": millivolts})
            assert c.read("PORTB") == level << 4
            for between in (661, 1650, 2144):
                c.panel.send({"pin": "RB4", "millivolts": between})
                assert c.read("PORTB") == level << 4


def test_between_vil_and_vih_an_input_keeps_its_pull(chip: ChipFactory) -> None:
    with chip() as c:
        digital(c, "B")
        c.write("CNPUB", 1 << 4)
        for pin in ("RB4", "RB5"):
            c.panel.send({"pin": pin, "millivolts": 1000})
        assert c.read("PORTB") == 1 << 4


def test_level_and_voltage_are_the_same_hand(chip: ChipFactory) -> None:
    with chip() as c:
        digital(c, "B")
        c.write("CNPDB", 1 << 4)
        for line, level in (
            ({"level": 1}, 1),
            ({"millivolts": 300}, 0),
            ({"millivolts": 5500}, 1),
            ({"level": None}, 0),
        ):
            c.panel.send({"pin": "RB4", **line})
            assert c.read("PORTB") == level << 4
        c.panel.send({"pin": "RB4", "millivolts": 3000, "at": 1000})
        c.panel.send({"pin": "RB4", "millivolts": None, "at": 2000})
        c.clock_set(1000)
        assert c.read("PORTB") == 1 << 4
        c.write("TRISBCLR", 1 << 4)
        assert c.read("PORTB") == 0  # the chip wins
        c.write("TRISBSET", 1 << 4)
        c.clock_set(2000)
        assert c.read("PORTB") == 0


@pytest.mark.parametrize(
    ("name", "missing", "there"), [("PIC32MZ2048EFH100", "RH0", "RA0"), ("PIC32MZ2048EFH064", "RA0", "RB0")]
)
def test_smaller_packages_lack_pins(chip: ChipFactory, name: str, missing: str, there: str) -> None:
    with chip(name) as c:
        c.panel.events()
        c.panel.send({"pin": missing, "level": 1})
        assert "error" in c.panel.events()[0]
        c.panel.send({"pin": there, "level": 1})
        assert c.panel.events() == []
        c.write(f"LAT{missing[1]}", 0xFFFF)
        assert c.read(f"LAT{missing[1]}") & 1 == 0


def test_the_package_decides_which_pins_there_are(chip: ChipFactory) -> None:
    for name, trish, trisj, trisk in (("064", 0, 0, 0), ("124", 0x3773, 0x0B17, 0), ("144", 0xFFFF, 0xFFFF, 0xFF)):
        with chip(f"PIC32MZ2048EFH{name}", panel=False, wire=False, uarts=()) as c:
            assert (c.read("TRISH"), c.read("TRISJ"), c.read("TRISK")) == (trish, trisj, trisk)
