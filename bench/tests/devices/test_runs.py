# SPDX-License-Identifier: MIT
"""Runs and waits on the panel: where they end, and that the machine skips time for who waits only.

What the board says here is that it was reset: a hand on the reset pin makes that happen at an exact time.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from guest_program import PROGRAMS, build
from qtest import Chip, ChipFactory

MS = 1_000_000
QUANTUM = 5 * MS
NETDEV = ("-netdev", "user,id=net0", "-net", "nic,netdev=net0")


@pytest.fixture
def image(tmp_path: Path) -> Path:
    """A program that waits: what happens, happens by the test's hand."""
    return build(PROGRAMS / "core_timer.c", tmp_path)


def says(pic: Chip, at: int) -> None:
    """The board will say something at this time, ns."""
    pic.panel.send({"mclr": "low", "at": at - 1000})
    pic.panel.send({"mclr": "high", "at": at})


def run(pic: Chip, **line: object) -> int:
    """One run; the time, ns, at which it ends."""
    pic.panel.send({"run": 100 * MS, **line})
    return int(pic.panel.until("stopped")[-1]["t"])


def start(chip: ChipFactory, image: Path) -> Chip:
    pic: Chip = chip(cpu=True, image=image, wire=False, uarts=())
    run(pic, run=10 * MS)
    return pic


@pytest.mark.parametrize(
    ("said", "end"), [(None, 100), (11 * MS, 15), (15 * MS, 15), (15 * MS + 1, 20), (97 * MS, 100), (99 * MS, 100)]
)
def test_a_run_with_a_quantum_ends_where_the_board_has_said_something(
    chip: ChipFactory, image: Path, said: int | None, end: int
) -> None:
    with start(chip, image) as pic:
        if said:
            says(pic, said)
        assert run(pic, quantum=QUANTUM) == end * MS
        assert run(pic, run=200 * MS, quantum=QUANTUM) == 200 * MS


def test_a_run_without_a_quantum_ends_at_its_time(chip: ChipFactory, image: Path) -> None:
    with start(chip, image) as pic:
        says(pic, 11 * MS)
        assert run(pic) == 100 * MS


def test_the_time_of_a_run_counts_before_the_end_of_the_quantum(chip: ChipFactory, image: Path) -> None:
    with start(chip, image) as pic:
        says(pic, 11 * MS)
        assert run(pic, run=13 * MS, quantum=QUANTUM) == 13 * MS


def test_what_is_to_be_done_later_does_not_move_the_end(chip: ChipFactory, image: Path) -> None:
    """A timer that is set while the core waits must not take virtual time with it."""
    with start(chip, image) as pic:
        says(pic, 150 * MS)
        assert run(pic) == 100 * MS


def test_what_was_said_while_it_stood_still_counts(chip: ChipFactory, image: Path) -> None:
    with start(chip, image) as pic:
        pic.panel.send({"power": "cycle"})
        assert run(pic, quantum=QUANTUM) == 15 * MS


def test_a_wait_ends_where_a_run_would_and_the_machine_goes_on(chip: ChipFactory, image: Path) -> None:
    with start(chip, image) as pic:
        says(pic, 11 * MS)
        pic.panel.send({"wait": 100 * MS, "quantum": QUANTUM})
        says(pic, 31 * MS)
        pic.qmp("cont")
        assert pic.panel.until("waited")[-1] == {"t": 15 * MS, "waited": True}
        assert pic.panel.until("reset")[-1]["t"] == 31 * MS


def test_every_wait_is_answered(chip: ChipFactory, image: Path) -> None:
    with start(chip, image) as pic:
        for line in ({"wait": 100 * MS}, {"wait": 90 * MS}, {"wait": None}, {"wait": None}, {"wait": 80 * MS}):
            pic.panel.send(line)
        assert run(pic, run=20 * MS) == 20 * MS
        # the second took the first one's place, null ended that and is answered itself, the run took the last one's
        assert pic.panel.events() == []


def test_answers_of_waits(chip: ChipFactory, image: Path) -> None:
    with start(chip, image) as pic:
        pic.panel.send({"wait": 100 * MS})
        assert pic.panel.events() == []
        pic.panel.send({"wait": None})
        assert pic.panel.events() == [{"t": 10 * MS, "waited": True}] * 2
        pic.panel.send({"wait": 5 * MS})  # that is past: over as soon as the machine moves
        pic.panel.send({"wait": 90 * MS})
        assert pic.panel.events() == [{"t": 10 * MS, "waited": True}]


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ({"run": 20 * MS, "quantum": 0}, '"quantum" is a time in whole nanoseconds'),
        ({"run": 20 * MS, "quantum": 1.5}, '"quantum" is a time in whole nanoseconds'),
        ({"run": 20 * MS, "paced": True}, '"paced" does not belong in this line'),
        ({"wait": "long"}, '"wait" is a virtual time in whole nanoseconds, or null'),
        ({"wait": 20 * MS, "quantum": -1}, '"quantum" is a time in whole nanoseconds'),
        ({"wait": 20 * MS, "at": 11 * MS}, '"at" does not belong in this line'),
    ],
)
def test_a_line_that_makes_no_sense(chip: ChipFactory, image: Path, line: dict[str, object], complaint: str) -> None:
    with start(chip, image) as pic:
        pic.panel.send(line)
        assert pic.panel.events() == [{"t": 10 * MS, "error": complaint}]


def test_who_waits_skips_and_who_does_not_is_paced(chip: ChipFactory, image: Path) -> None:
    """A hundred seconds that nobody is there for, of which the governor counts none as paced."""
    with chip(cpu=True, image=image, wire=False, uarts=(), arguments=NETDEV) as pic:
        pic.qmp("qom-set", path="/machine", property="paced", value=True)
        pic.panel.send({"wait": 100_000 * MS})
        pic.qmp("cont")
        assert pic.panel.until("waited")[-1]["t"] == 100_000 * MS
        begin = pic.qmp("qom-get", path="/machine", property="paced-time")
        assert begin < 90_000 * MS
        pic.qmp("stop")
        run(pic, run=101_000 * MS)
        assert pic.qmp("qom-get", path="/machine", property="paced-time") > begin


def test_a_paced_wait_is_paced(chip: ChipFactory, image: Path) -> None:
    with chip(cpu=True, image=image, wire=False, uarts=(), arguments=NETDEV) as pic:
        pic.qmp("qom-set", path="/machine", property="paced", value=True)
        pic.panel.send({"wait": 50 * MS, "paced": True})
        pic.qmp("cont")
        pic.panel.until("waited")
        assert pic.qmp("qom-get", path="/machine", property="paced-time") >= 49 * MS
