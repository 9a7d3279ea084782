# SPDX-License-Identifier: MIT
"""What happens to a board, in a dozen short stories, and the trace that each leaves.

A trace is all that can be seen of a run: what the terminals said and when, what the panel showed, the frames, how often
which register was touched, and at the end the core's registers and the memories. In lock-step it is always the same.

As a program, in a process of its own: `python scenarios.py IMAGES OUT NAME...` writes the trace of each into OUT/NAME.
"""

from __future__ import annotations

import hashlib
import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pic32bench
from pic32bench import Board
from pic32bench.chip import Region
from pic32bench.network import WireNetwork
from pic32bench.network.neighbour import Neighbour, is_announcement
from pic32bench.network.station import LEASED, Station
from pic32bench.panel_link import NS
from pic32bench.stream.client import StreamClient

ORIGINAL = os.environ.get("PIC32BENCH_ORIGINAL_HEX", "")
QUANTUM = 0.02  # coarse: most stories look at a few moments only

Scenario = Callable[..., str]


def trace(board: Board) -> str:
    """All that can be seen of a run, as text; equal texts are equal runs."""
    parts = [f"ends at {round(board.time * NS)} ns"]
    for number in range(1, 7):
        if board.uart(number).text:
            parts += [f"UART{number}", board.uart(number).log()]
    parts += ["panel", *(f"{event.time_ns} {event}" for event in board.panel.events)]
    if isinstance(board.network, WireNetwork):
        frames = board.network.frames
        parts += ["wire", *(f"{frame.time_ns} {frame.from_board} {frame.data.hex()}" for frame in frames)]
    parts += ["registers touched", *map(str, board.sfr_report())]
    parts += ["core", board.monitor("info registers").replace("\r", "")]
    chip = board.description.chip
    for region in (Region("RAM", 0, chip.ram_size), *chip.flash):
        parts.append(f"{region.name} {_memory_hash(board, region)}")
    return "\n".join(parts) + "\n"


def _memory_hash(board: Board, region: Region) -> str:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "memory"
        board.emulator.execute("pmemsave", val=region.start, size=region.size, filename=str(path))
        return hashlib.sha256(path.read_bytes()).hexdigest()


def start(images: Path, **options: Any) -> Board:
    """A board with a guest program of ``images``, or the reference firmware, in lock-step."""
    program = options.pop("program", None)
    if program is not None:
        options["image"] = images / f"{program}.elf"
    return pic32bench.start(**{"network": "none", "quantum": QUANTUM, **options})


def wire_of(board: Board) -> WireNetwork:
    assert isinstance(board.network, WireNetwork)
    return board.network


def boot(images: Path, **options: Any) -> str:
    """Looked at every 0.1 ms, which is about as long as a character takes."""
    with start(images, quantum=0.0001, **options) as board:
        board.run_for(0.05)
        return trace(board)


def idle_in_wait(images: Path, **options: Any) -> str:
    with start(images, **options) as board:
        board.run_for(5.0)
        return trace(board)


def typing(images: Path, **options: Any) -> str:
    """Text, buttons and LEDs. Every action is at a time of its own and not when something was seen."""
    with start(images, **options) as board:
        board.panel.press("SW1", at=0.6)
        board.panel.release("SW1", at=0.9)
        board.run_for(0.5)
        board.console.write_line("help")
        board.run_for(0.5)
        board.console.write_line("netinfo")
        board.run_for(0.5)
        return trace(board)


def address_by_autoip(images: Path, **options: Any) -> str:
    with start(images, network="wire", **options) as board:
        wire = wire_of(board)
        station = Neighbour(wire)
        announcement = wire.receive(is_announcement, timeout=20).packet
        station.resolve(announcement.psrc)
        station.ask_name("MCHPBOARD_E")
        station.announce(announcement.psrc)
        board.run_for(3.0)
        return trace(board)


def lease_address(board: Board) -> None:
    """Puts a station with a DHCP server on the wire, and waits until the board has its address from there."""
    Station(wire_of(board), dhcp=True)
    board.console.wait_for_line(f"IP Address: {LEASED}")


def address_by_dhcp(images: Path, **options: Any) -> str:
    with start(images, network="wire", **options) as board:
        lease_address(board)
        board.run_for(0.5)
        return trace(board)


def stream_and_switch(images: Path, **options: Any) -> str:
    """A WebSocket over TCP, and SW1 pressed and released while it streams."""
    with start(images, network="wire", **options) as board:
        lease_address(board)
        with StreamClient(LEASED, station=board.station) as stream:
            stream.start()
            stream.collect(frames=20)
            board.panel.press("SW1")
            stream.collect(frames=20)
            board.panel.release("SW1", at=board.time + 0.0123)
            stream.collect(frames=20)
        return trace(board)


def cable_out_and_in(images: Path, **options: Any) -> str:
    with start(images, network="wire", **options) as board:
        lease_address(board)
        board.panel.unplug_cable()
        board.panel.plug_cable(at=board.time + 1.5)
        board.console.wait_for_line("Link: up")
        board.run_for(1.0)
        return trace(board)


def hostile_link(images: Path, **options: Any) -> str:
    """A stream over a link with everything wrong with it, first one way, then both."""
    with start(images, network="wire", **options) as board:
        lease_address(board)
        with StreamClient(LEASED, station=board.station) as stream:
            stream.start()
            board.link.impair(loss="5%", delay="20ms", direction="to board")
            board.run_for(2.0)
            board.link.impair(
                loss="5%",
                duplication="5%",
                corruption="2%",
                bit_errors="1e-6",
                reordering="5%",
                jitter="5ms",
                window=500,
            )
            board.run_for(3.0)
        return trace(board)


def resets(images: Path, **options: Any) -> str:
    """The button, the terminal's command, and the button held while other things happen."""
    with start(images, **options) as board:
        board.console.wait_for_prompt()
        board.reset()
        board.console.wait_for_prompt()
        board.console.write_line("reset")
        board.console.wait_for_line("Initialization Ended")
        board.panel.hold_reset(at=board.time + 0.1)
        board.panel.release_reset(at=board.time + 0.4)
        board.run_for(1.0)
        return trace(board)


def power_cycles(images: Path, **options: Any) -> str:
    with start(images, **options) as board:
        board.console.wait_for_prompt()
        board.power_cycle()
        board.console.wait_for_prompt()
        board.panel.brown_out(at=board.time + 0.123456789)
        board.run_for(1.0)
        return trace(board)


def flash_writes(images: Path, **options: Any) -> str:
    """Erases and programs flash, waits in a loop for each, and resets itself from the other panel."""
    with start(images, program="panel_swap", **options) as board:
        board.run_for(1.0)
        return trace(board)


def watchdog_reset(images: Path, **options: Any) -> str:
    with start(images, program="watchdog_sleep", **options) as board:
        board.run_for(0.1)
        return trace(board)


def polling_loop(images: Path, **options: Any) -> str:
    """Never waits: looks at UART, switch and ADC all the time."""
    with start(images, program="mini_board", board="mini", **options) as board:
        board.panel.press("USER", at=0.003456789)
        board.run_for(0.002)
        board.console.write_line("echo?")
        board.panel.set_voltage("POT", 2.5)
        board.run_for(0.003)
        board.panel.set_voltage("POT", 0.5)
        board.run_for(0.003)
        return trace(board)


def original_demo(images: Path, **options: Any) -> str:
    """The original demo's own HEX: FreeRTOS, Harmony and a loop that polls."""
    with start(images, image=ORIGINAL, network="wire", **options) as board:
        Station(wire_of(board), dhcp=True)
        board.panel.press("SW1", at=1.0)
        board.run_for(2.0)
        return trace(board)


SCENARIOS: dict[str, Scenario] = {
    scenario.__name__: scenario
    for scenario in (
        boot,
        idle_in_wait,
        typing,
        address_by_autoip,
        address_by_dhcp,
        stream_and_switch,
        cable_out_and_in,
        hostile_link,
        resets,
        power_cycles,
        flash_writes,
        watchdog_reset,
        polling_loop,
        *([original_demo] if ORIGINAL else []),
    )
}


if __name__ == "__main__":
    for name in sys.argv[3:]:
        (Path(sys.argv[2]) / name).write_bytes(SCENARIOS[name](Path(sys.argv[1])).encode())
