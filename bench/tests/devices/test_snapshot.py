# SPDX-License-Identifier: MIT
"""A snapshot has everything in it: a machine that goes on from one does what the uninterrupted machine does.

The reference firmware boots in lock-step with a network neighbour, a switch and a console that have things under way
at the moment of the snapshot. What comes after it is compared to the nanosecond, and so are RAM and CPU at the end.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from conftest import ChipFactory
from qtest import PROJECT, Chip
from snapshot import restore, run_until, save, state, wait_for_migration

FIRMWARE = PROJECT / "build/firmware/websocket-demo.hex"
MS = 1_000_000
CONSOLE = 2  # the firmware's UART

# When, and what the machine is in the middle of then; ns of virtual time.
MOMENTS = {
    "console output": 20 * MS,
    "auto-negotiation": 900 * MS,
    "DHCP": 2_600 * MS,
    "ARP": 20_000 * MS,
}
LATER = 1_500 * MS  # how long it goes on


def arp_request(n: int) -> str:
    """A neighbour's probe of the board's fallback address, as hex; `n` tells requests apart."""
    sender = bytes([0x02, 0, 0, 0, 0, n])
    body = bytes.fromhex("0001080006040001") + sender + bytes([169, 254, 1, n]) + bytes(6) + bytes([169, 254, 97, 179])
    return (b"\xff" * 6 + sender + b"\x08\x06" + body).hex()


def prepare(pic: Chip, moment: int) -> None:
    """Orders what is to happen around `moment`: frames, the switch and the cable."""
    for n, offset in enumerate((-3 * MS, 0, 1, 4_000, 2 * MS, 400 * MS), 1):
        pic.wire.send({"frame": arp_request(n), "at": max(moment + offset, 0)})
    for level, offset in ((0, -MS), (1, 7 * MS), (0, 300 * MS)):
        pic.panel.send({"pin": "RB12", "level": level, "at": max(moment + offset, 0)})
    pic.panel.send({"link": "down", "at": moment + 900 * MS})


def go_on(pic: Chip, moment: int, scratch: Path) -> dict[str, Any]:
    """Runs on from `moment`: all that can be seen of it afterwards."""
    panel = [line for line in run_until(pic, moment + LATER) if line["t"] > moment]
    frames = [line for line in pic.wire.events() if line["t"] > moment]
    ram, registers = state(pic, scratch)
    return {
        "panel": panel,
        "frames": frames,
        "console": console(pic),
        "RAM": ram,
        "registers": registers,
    }


def console(pic: Chip) -> bytes:
    """All that the console has said: a socket takes only some 280 single bytes, the emulator keeps the rest."""
    text = b""
    while part := pic.uarts[CONSOLE].received():
        text += part
        pic.settle()
    return text


@pytest.mark.parametrize("moment", MOMENTS.values(), ids=MOMENTS.keys())
def test_a_restored_machine_does_what_the_uninterrupted_one_does(
    chip: ChipFactory, tmp_path: Path, moment: int
) -> None:
    if not FIRMWARE.exists():
        pytest.skip(f"no firmware at {FIRMWARE.relative_to(PROJECT)}: run `make firmware`")
    snapshot, scratch = tmp_path / "snapshot", tmp_path / "ram"

    def start(*arguments: str) -> Chip:
        return chip(cpu=True, image=FIRMWARE, uarts=(CONSOLE,), arguments=arguments)

    with start() as pic:
        prepare(pic, moment)
        before = run_until(pic, moment)
        pic.uarts[CONSOLE].send(b"help\r" * 40)  # most of it still waits when the snapshot is taken
        pic.wire.events()
        save(pic, snapshot)
        console(pic)
        expected = go_on(pic, moment, scratch)
    assert any("pin" in line for line in expected["panel"])
    assert before[-1] == {"t": moment, "stopped": True}

    with start(*restore(snapshot)) as pic:
        wait_for_migration(pic)
        restored = go_on(pic, moment, scratch)
    for what, value in expected.items():
        assert restored[what] == value, f"{what} differs after a snapshot"
