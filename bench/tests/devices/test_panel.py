# SPDX-License-Identifier: MIT
"""The panel: the contract in platforms/qemu/README.md."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest
from qtest import ChipFactory

BOOT_FLASH = 0x1FC00000

# MIPS32, at the reset vector
SPIN = (0x1000FFFF, 0x00000000)  # b .
WAIT = (0x42000020, 0x1000FFFE, 0x00000000)  # wait; b .-4
ANSEL_TRIS_CLR = (0x3C08BF86, 0x2409FFFF, 0xAD090704, 0xAD090714)  # t0 = 0xBF860000; ANSELHCLR = TRISHCLR = -1
BLINK = (*ANSEL_TRIS_CLR, 0x24090001, 0xAD09073C, 0x1000FFFE, 0x00000000)  # loop: LATHINV = 1
FOLLOW = (*ANSEL_TRIS_CLR, 0xAD090104, 0x8D0A0120, 0x000A5302, 0xAD0A0730, 0x1000FFFC, 0x00000000)  # LATH = PORTB >> 12


def hex_image(path: Path, words: tuple[int, ...]) -> Path:
    """Writes words to an Intel HEX file that puts them at the reset vector."""

    def record(kind: int, address: int, data: bytes) -> str:
        body = struct.pack(">BHB", len(data), address, kind) + data
        return ":" + (body + bytes([-sum(body) & 0xFF])).hex().upper() + "\n"

    lines = record(4, 0, struct.pack(">H", BOOT_FLASH >> 16))
    lines += "".join(record(0, 4 * i, struct.pack("<I", word)) for i, word in enumerate(words))
    path.write_text(lines + record(1, 0, b""))
    return path


def test_reset_is_announced(chip: ChipFactory) -> None:
    with chip() as c:
        assert c.panel.events() == [{"t": 0, "reset": "power-on"}]


def test_power_cycle(chip: ChipFactory) -> None:
    with chip() as c:
        c.panel.events()
        c.write("TRISHCLR", 1)
        c.step_ns(700)
        c.panel.send({"power": "cycle"})
        assert c.panel.events() == [
            {"t": 0, "pin": "RH0", "level": 0},
            {"t": 700, "pin": "RH0", "level": None},
            {"t": 700, "reset": "power-on"},
        ]


def test_software_reset_is_announced_as_such(chip: ChipFactory) -> None:
    with chip() as c:
        c.panel.events()
        c.unlock()
        c.write("RSWRSTSET", 1)
        c.read("RSWRST")
        assert c.panel.events() == [{"t": 0, "reset": "software"}]


def test_pin_takes_one_digit_and_two_digit_names(chip: ChipFactory) -> None:
    with chip() as c:
        c.write("ANSELB", 0)
        c.panel.send({"pin": "RB1", "level": 1})
        c.panel.send({"pin": "RB12", "level": 1})
        assert c.read("PORTB") == 0x1002


def test_at_acts_at_its_time_and_in_order(chip: ChipFactory) -> None:
    with chip() as c:
        c.write("ANSELB", 0)
        c.panel.send({"pin": "RB3", "level": 0, "at": 2000})
        c.panel.send({"pin": "RB3", "level": 1, "at": 1000})
        c.panel.send({"pin": "RB4", "level": 0, "at": 1000})
        c.panel.send({"pin": "RB4", "level": 1, "at": 1000})
        c.clock_set(999)
        assert c.read("PORTB") == 0
        c.clock_set(1000)
        assert c.read("PORTB") == 0x18
        c.clock_set(1999)
        assert c.read("PORTB") == 0x18
        c.clock_set(2000)
        assert c.read("PORTB") == 0x10


def test_at_power_cycle(chip: ChipFactory) -> None:
    with chip() as c:
        c.panel.events()
        c.panel.send({"power": "cycle", "at": 5000})
        c.write("LATH", 1)
        c.clock_set(4999)
        assert c.read("LATH") == 1
        c.clock_set(6000)
        assert c.read("LATH") == 0
        assert c.panel.events() == [{"t": 5000, "reset": "power-on"}]


def test_link_goes_down_and_up(chip: ChipFactory) -> None:
    with chip() as c:
        c.panel.events()
        for state in ("down", "down", "up"):
            c.panel.send({"link": state})
        assert c.panel.events() == []


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        (b"press SW1\n", "JSON"),
        (b'{"pin":"RB12","level":0\n', "JSON"),
        (b'["pin"]\n', "object"),
        (b"{}\n", "missing"),
        (b'{"at":5}\n', "missing"),
        (b'{"pin":"RB12"}\n', "level"),
        (b'{"pin":"RB12","level":2}\n', "level"),
        (b'{"pin":"RB12","level":true}\n', "level"),
        (b'{"pin":"RB12","level":"1"}\n', "level"),
        (b'{"pin":"RI0","level":1}\n', "pin"),
        (b'{"pin":"RA8","level":1}\n', "pin"),
        (b'{"pin":"RB16","level":1}\n', "pin"),
        (b'{"pin":"RB012","level":1}\n', "pin"),
        (b'{"pin":"RB01","level":1}\n', "pin"),
        (b'{"pin":"rb12","level":1}\n', "pin"),
        (b'{"pin":12,"level":1}\n', "pin"),
        (b'{"pin":"","level":1}\n', "pin"),
        (b'{"pin":"RB12","level":1,"at":1000}\n', "past"),
        (b'{"pin":"RB12","level":1,"at":-1}\n', "nanoseconds"),
        (b'{"pin":"RB12","level":1,"at":1e4}\n', "nanoseconds"),
        (b'{"pin":"RB12","level":1,"at":null}\n', "nanoseconds"),
        (b'{"pin":"RB12","level":1,"at":99999999999999999999}\n', "nanoseconds"),
        (b'{"pin":"RB12","level":1,"colour":"red"}\n', "colour"),
        (b'{"pin":"RB12","level":1,"level":1}\n', "duplicate"),
        (b'{"pin":"RB12","level":1,"link":"up"}\n', "link"),
        (b'{"pin":"RB12","millivolts":-1}\n', "millivolts"),
        (b'{"pin":"RB12","millivolts":5501}\n', "5500"),
        (b'{"pin":"RB12","millivolts":1650.5}\n', "whole number"),
        (b'{"pin":"RB12","millivolts":"1650"}\n', "whole number"),
        (b'{"pin":"RB12","level":1,"millivolts":0}\n', "level"),
        (b'{"pin":"RA8","millivolts":0}\n', "pin"),
        (b'{"link":"sideways"}\n', "link"),
        (b'{"power":"off"}\n', "power"),
        (b'{"run":1000}\n', "past"),
        (b'{"run":"soon"}\n', "nanoseconds"),
        (b'{"run":9000,"at":9000}\n', "at"),
        (b'{"pin":"RB12","level":1}\0\n', "zero"),
        (b'{"pin":"RB12","level":\xff}\n', "JSON"),
        (b"[" * 1024 + b"\n", "JSON"),
        (b'{"pin":"' + b"R" * 1000 + b'","level":1}\n', "pin"),
        (b"x" * 1025 + b"\n", "1024"),
        (b"x" * 100_000 + b"\n", "1024"),
    ],
)
def test_line_without_sense_is_refused_and_changes_nothing(chip: ChipFactory, line: bytes, complaint: str) -> None:
    with chip() as c:
        c.write("ANSELB", 0)
        c.write("LATH", 1)
        c.clock_set(5000)
        c.panel.events()
        c.panel.send(line)
        events = c.panel.until("error")
        events += c.panel.events()
        assert [set(event) for event in events] == [{"t", "error"}]
        assert events[0]["t"] == 5000
        assert complaint in events[0]["error"]
        assert len(events[0]["error"]) <= 200
        c.step_ns(10_000)
        assert (c.read("PORTB"), c.read("LATH")) == (0, 1)
        assert c.panel.events() == []
        assert c.qmp("query-status")["running"] is True
        c.panel.send({"pin": "RB12", "level": 1})  # and the next line is fine
        assert c.read("PORTB") == 0x1000


def test_a_line_may_come_in_pieces(chip: ChipFactory) -> None:
    with chip() as c:
        c.write("ANSELB", 0)
        c.panel.send(b'{"pin":"RB')
        c.panel.send(b'12","level":1}\r\n{"pin":"RB13","lev')
        assert c.read("PORTB") == 0x1000
        c.panel.send(b'el":1}\n')
        assert c.read("PORTB") == 0x3000


def test_without_a_panel_the_chip_runs_all_the_same(chip: ChipFactory) -> None:
    with chip(panel=False, wire=False) as c:
        c.write("TRISHCLR", 1)
        c.write("LATHSET", 1)
        assert c.read("LATH") == 1


# --- with a CPU


@pytest.mark.parametrize("program", [SPIN, WAIT], ids=["busy", "waiting"])
def test_run_stands_still_at_exactly_its_time(chip: ChipFactory, tmp_path: Path, program: tuple[int, ...]) -> None:
    with chip(cpu=True, image=hex_image(tmp_path / "a.hex", program)) as c:
        assert (c.panel.events(), c.now) == ([{"t": 0, "reset": "power-on"}], 0)
        for until in (0, 8, 1000, 1000, 1_000_000, 30_000_000):
            c.panel.send({"run": until})
            assert c.panel.until("stopped") == [{"t": until, "stopped": True}]
            assert c.now == until
            assert c.qmp("query-status")["status"] == "paused"


def test_run_of_many_short_steps(chip: ChipFactory, tmp_path: Path) -> None:
    with chip(cpu=True, image=hex_image(tmp_path / "a.hex", WAIT)) as c:
        c.panel.events()
        for until in range(1000, 300_000, 1000):
            c.panel.send({"run": until})
            assert c.panel.until("stopped") == [{"t": until, "stopped": True}]


def test_run_on_the_wire_comes_behind_what_was_said_there(chip: ChipFactory, tmp_path: Path) -> None:
    with chip(cpu=True, wire=True, image=hex_image(tmp_path / "a.hex", WAIT)) as c:
        c.wire.send(b'{"frame":"xy"}\n' * 500 + b'{"run":8000}\n')
        assert c.panel.until("stopped")[-1] == {"t": 8000, "stopped": True}
        errors = c.wire.events()
        while more := c.wire.events():
            errors += more
        assert [event["t"] for event in errors] == [0] * 500
        c.wire.send({"run": 7000})
        assert "past" in c.panel.until("error")[-1]["error"]


def test_no_instruction_after_the_time(chip: ChipFactory, tmp_path: Path) -> None:
    """A program that toggles a pin: a run in pieces gives the same edges as one in one piece."""

    def run(stops: tuple[int, ...]) -> list[dict[str, object]]:
        edges = []
        with chip(cpu=True, image=hex_image(tmp_path / "a.hex", BLINK)) as c:
            c.panel.events()
            for stop in stops:
                c.panel.send({"run": stop})
                events = c.panel.until("stopped")
                assert all(event["t"] <= stop for event in events)
                assert events.pop() == {"t": stop, "stopped": True}
                edges += [event for event in events if event["pin"] == "RH0"]
        return edges

    whole = run((4000,))
    assert len(whole) > 50
    assert run((80, 88, 96, 104, 800, 808, 4000)) == whole


def test_what_is_done_while_standing_comes_after_one_more_instruction(chip: ChipFactory, tmp_path: Path) -> None:
    with chip(cpu=True, image=hex_image(tmp_path / "a.hex", FOLLOW)) as c:
        c.panel.send({"run": 2000})
        c.panel.until("stopped")
        c.panel.send({"pin": "RB12", "level": 1})
        assert c.read("PORTB") >> 12 & 1 == 0  # not while it stands
        c.panel.send({"run": 2001})
        assert c.panel.until("stopped") == [{"t": 2008, "stopped": True}]
        assert c.read("PORTB") >> 12 & 1 == 1
        c.panel.send({"run": 4000})
        first = [event for event in c.panel.until("stopped") if event.get("pin") == "RH0"]
        assert [event["level"] for event in first] == [1]
        assert 2008 < first[0]["t"] <= 2008 + 7 * 8  # one turn of the loop


def test_at_the_end_of_a_run_is_done_before_it_stops(chip: ChipFactory, tmp_path: Path) -> None:
    with chip(cpu=True, image=hex_image(tmp_path / "a.hex", SPIN)) as c:
        c.write("ANSELB", 0)
        c.panel.send(b'{"run":8000}\n{"pin":"RB12","level":1,"at":8000}\n')
        c.panel.until("stopped")
        assert c.read("PORTB") == 0x1000
        c.panel.send({"pin": "RB12", "level": 0, "at": 8000})  # now: after one more instruction
        c.panel.send({"run": 8001})
        c.panel.until("stopped")
        assert c.read("PORTB") == 0


def test_power_cycle_while_standing(chip: ChipFactory, tmp_path: Path) -> None:
    with chip(cpu=True, image=hex_image(tmp_path / "a.hex", WAIT)) as c:
        c.panel.events()
        c.panel.send({"run": 8000})
        c.panel.until("stopped")
        c.panel.send({"power": "cycle"})
        c.panel.send({"run": 16_000})
        assert c.panel.until("stopped") == [{"t": 8001, "reset": "power-on"}, {"t": 16_000, "stopped": True}]


def test_run_into_the_past_is_refused(chip: ChipFactory, tmp_path: Path) -> None:
    with chip(cpu=True, image=hex_image(tmp_path / "a.hex", SPIN)) as c:
        c.panel.send({"run": 8000})
        c.panel.until("stopped")
        c.panel.send({"run": 7999})
        assert "past" in c.panel.until("error")[-1]["error"]
        assert (c.now, c.qmp("query-status")["status"]) == (8000, "paused")


def test_snapshot_holds_pins_timers_and_what_the_panel_still_has_to_do(chip: ChipFactory, tmp_path: Path) -> None:
    image = hex_image(tmp_path / "a.hex", SPIN)
    state = tmp_path / "state"
    with chip(cpu=True, image=image) as c:
        c.write("ANSELB", 0)
        c.write("TRISHCLR", 1)
        c.write("LATHSET", 1)
        c.write("PR2", 50_000)
        c.write("T2CON", 0x8000)
        c.panel.send({"pin": "RB13", "level": 1})
        c.panel.send({"run": 80_000})
        c.panel.until("stopped")
        c.panel.send({"pin": "RB12", "level": 1, "at": 120_000})
        count = c.read("TMR2")
        assert count > 0
        c.qmp("migrate", uri=f"exec:cat >{state}")
        while c.qmp("query-migrate")["status"] not in ("completed", "failed"):
            pass
        assert c.qmp("query-migrate")["status"] == "completed"
    with chip(cpu=True, image=image, arguments=["-incoming", f"exec:cat {state}"]) as c:
        while c.qmp("query-status")["status"] == "inmigrate":
            pass
        assert (c.now, c.read("TMR2"), c.read("PORTB")) == (80_000, count, 0x2000)
        # whoever watches the panel of the loaded machine learns what the chip drives
        assert {"t": 80_000, "pin": "RH0", "level": 1} in c.panel.events()
        c.panel.send({"run": 119_992})
        c.panel.until("stopped")
        assert c.read("PORTB") == 0x2000
        c.panel.send({"run": 120_000})
        c.panel.until("stopped")
        assert c.read("PORTB") == 0x3000
        assert c.read("TMR2") == count + 40_000 // 250


def test_a_panel_that_nobody_reads_holds_nothing_up(chip: ChipFactory) -> None:
    with chip() as c:
        c.write("TRISH", 0)
        for _ in range(1000):
            c.write("LATHINV", 1)
        c.step_ns(1000)
        levels: list[object] = []
        while events := c.panel.events():
            levels += [event["level"] for event in events if event.get("pin") == "RH0"]
    assert levels == [0, *[1, 0] * 500]
