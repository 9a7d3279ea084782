# SPDX-License-Identifier: MIT
"""The governor: with it virtual time does not lead wall time, whether the program waits or polls.

The other direction is no business of a test: on a busy computer virtual time may lag as far as it likes.
"""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from guest_program import PROGRAMS, build
from qtest import Chip, ChipFactory

PASSED_NS = 300_000_000
POLLS = """
#include "guest.h"
int main(void)
{
    while (!RESULT->done) {
    }
    return 0;
}
"""


def run(pic: Chip, until_ns: int) -> float:
    """Runs to that virtual time; the wall seconds it took."""
    begin = time.monotonic()
    pic.panel.send({"run": until_ns})
    pic.panel.until("stopped")
    return time.monotonic() - begin


@pytest.mark.parametrize("program", ["waits", "polls"])
def test_virtual_time_does_not_lead_wall_time(chip: ChipFactory, tmp_path: Path, program: str) -> None:
    source = PROGRAMS / "core_timer.c"
    if program == "polls":
        source = tmp_path / "polls.c"
        source.write_text(POLLS)
    with chip(cpu=True, image=build(source, tmp_path), wire=False, uarts=()) as pic:
        run(pic, 50_000_000)
        pic.qmp("qom-set", path="/machine", property="paced", value=True)
        # the first look at both clocks comes a tick after the start
        assert run(pic, 50_000_000 + PASSED_NS) >= (PASSED_NS - 2_000_000) / 1e9
        assert pic.qmp("qom-get", path="/machine", property="paced") is True


def test_a_machine_that_is_paced_can_be_let_go(chip: ChipFactory, tmp_path: Path) -> None:
    """A hundred seconds of waiting, which nobody waits for."""
    with chip(cpu=True, image=build(PROGRAMS / "core_timer.c", tmp_path), wire=False, uarts=()) as pic:
        assert pic.qmp("qom-get", path="/machine", property="paced") is False
        pic.qmp("qom-set", path="/machine", property="paced", value=True)
        run(pic, 5_000_000)
        pic.qmp("qom-set", path="/machine", property="paced", value=False)
        run(pic, 100_000_000_000)
