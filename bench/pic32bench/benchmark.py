# SPDX-License-Identifier: MIT
"""Speed of the emulator and the bench: what `make bench` runs.

Wall seconds differ from computer to computer, so each is also given as a ratio: multiplied by the speed of a host loop
(`host_loops_per_second`), it says how many rounds of a Python loop the same computer would have done meanwhile.
Virtual seconds are the firmware's own and the same everywhere. All figures are medians.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import re
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from intelhex import IntelHex

import pic32bench
from pic32bench.bench import Board
from pic32bench.errors import BenchError
from pic32bench.stream.client import StreamClient

ADDRESS_LINE = re.compile(r"IP Address: (?!0\.0\.0\.0)\d+\.\d+\.\d+\.\d+")
BOOT_TIMEOUT = 30.0  # virtual seconds
LOOK = 0.001  # virtual seconds between two looks at the console: how exact its virtual times are
BUSY_SECONDS = 1.0  # virtual seconds of the instruction benchmark, after a warm-up that translates the loop
HOST_ROUNDS = 1_000_000

# A loop that never waits: arithmetic, a store, a load and a branch, as compiled firmware has them.
_RESET_VECTOR = 0x1FC00000
_LOOP = [
    0x3C098000,  # lui   t1, 0x8000      RAM, cached segment
    0x35291000,  # ori   t1, t1, 0x1000
    0x25080001,  # addiu t0, t0, 1       <- loop
    0xAD280000,  # sw    t0, 0(t1)
    0x8D2A0000,  # lw    t2, 0(t1)
    0x01485821,  # addu  t3, t2, t0
    0x01686026,  # xor   t4, t3, t0
    0x000C68C0,  # sll   t5, t4, 3
    0x1000FFF9,  # b     loop
    0x00000000,  # nop
]
# DS60001320 34.1: DEVCFG1 with FWDTEN and FDMTEN clear, so that no watchdog ends the loop.
_DEVCFG1, _NO_WATCHDOG = 0x1FC0FFC8, 0x7F7FFFFF


@dataclass(frozen=True)
class Milestone:
    """How long a board took to get somewhere: seconds by the wall clock and virtual seconds."""

    wall: float
    virtual: float


@dataclass(frozen=True)
class Result:
    """Medians of ``runs`` runs. Names ending in ``_wall_loops`` are wall times in rounds of the host loop."""

    runs: int
    host_loops_per_second: float
    instructions_per_second: float
    instructions_per_host_loop: float
    first_line: Milestone
    address: Milestone
    stream: Milestone
    first_line_wall_loops: float
    address_wall_loops: float
    stream_wall_loops: float


def busy_image(path: Path) -> Path:
    """Writes a HEX image that does nothing but execute instructions, and returns its path."""
    image = IntelHex()
    for index, word in enumerate(_LOOP):
        image.puts(_RESET_VECTOR + 4 * index, word.to_bytes(4, "little"))
    image.puts(_DEVCFG1, _NO_WATCHDOG.to_bytes(4, "little"))
    image.write_hex_file(str(path))
    return path


def host_loops_per_second() -> float:
    """Rounds a second of a plain Python loop: what other wall times are compared with. The best of five."""

    def once() -> float:
        begin, total = time.perf_counter(), 0
        for number in range(HOST_ROUNDS):
            total ^= number
        return time.perf_counter() - begin

    return HOST_ROUNDS / min(once() for _ in range(5))


def instructions_per_second(board: str, image: Path, seconds: float = BUSY_SECONDS) -> float:
    """Guest instructions a wall second. A guest that never waits executes one in each 2^shift ns of virtual time."""
    with pic32bench.start(board=board, image=image, network="none", quantum=seconds) as bench:
        bench.run_for(seconds / 10)
        begin_wall, begin = time.perf_counter(), bench.time
        bench.run_for(seconds)
        wall, passed = time.perf_counter() - begin_wall, bench.time - begin
        nanoseconds: int = 2**bench.description.clocks.icount_shift
        return passed * 1e9 / nanoseconds / wall


@contextlib.contextmanager
def _booted(board: str, image: Path | None, network: str) -> Iterator[tuple[Board, Callable[[], Milestone]]]:
    begin = time.perf_counter()
    with pic32bench.start(board=board, image=image, network=network, quantum=LOOK) as bench:
        yield bench, lambda: Milestone(time.perf_counter() - begin, bench.time)


def first_line(board: str, image: Path | None) -> Milestone:
    """From nothing to the end of the first line on the console, with no network; virtual time is the line's own."""
    with _booted(board, image, "none") as (bench, reached):
        line = bench.console.wait_for_next_line(BOOT_TIMEOUT)
        return Milestone(reached().wall, line.time)


def address_and_stream(board: str, image: Path | None) -> tuple[Milestone, Milestone]:
    """From nothing to an address by DHCP, and on to the first frame of the stream."""
    with _booted(board, image, "user") as (bench, reached):
        bench.console.wait_for_line(ADDRESS_LINE, BOOT_TIMEOUT)
        address = reached()
        with StreamClient.of(bench) as stream:
            stream.start()
            stream.receive()
            return address, reached()


def measure(board: str, image: Path | None, runs: int, progress: Callable[[str], None]) -> Result:
    """Measures everything ``runs`` times. Raises BenchError when the board does not do what is measured."""
    progress("the host's own speed")
    loops = host_loops_per_second()
    speeds, lines, addresses, streams = [], [], [], []
    with tempfile.TemporaryDirectory(prefix="pic32bench-") as folder:
        busy = busy_image(Path(folder) / "busy.hex")
        for run in range(1, runs + 1):
            progress(f"run {run} of {runs}")
            speeds.append(instructions_per_second(board, busy))
            lines.append(first_line(board, image))
            address, stream = address_and_stream(board, image)
            addresses.append(address)
            streams.append(stream)
    speed = statistics.median(speeds)
    line, address, stream = (median(milestones) for milestones in (lines, addresses, streams))
    return Result(
        runs=runs,
        host_loops_per_second=loops,
        instructions_per_second=speed,
        instructions_per_host_loop=speed / loops,
        first_line=line,
        address=address,
        stream=stream,
        first_line_wall_loops=line.wall * loops,
        address_wall_loops=address.wall * loops,
        stream_wall_loops=stream.wall * loops,
    )


def median(milestones: list[Milestone]) -> Milestone:
    """Wall and virtual medians, each by itself."""
    return Milestone(
        statistics.median(milestone.wall for milestone in milestones),
        statistics.median(milestone.virtual for milestone in milestones),
    )


def table(result: Result) -> str:
    """The result for people."""
    rows = [
        ("guest instructions", f"{result.instructions_per_second / 1e6:.1f} million/s", ""),
        ("", f"{result.instructions_per_host_loop:.2f} per host loop", ""),
    ]
    for name, milestone in (
        ("first console line", result.first_line),
        ("address by DHCP", result.address),
        ("first stream frame", result.stream),
    ):
        rows.append((name, f"{milestone.wall:.3f} s wall", f"{milestone.virtual:.3f} s virtual"))
    lines = [f"{name:<20} {value:>22} {more:>18}".rstrip() for name, value, more in rows]
    return "\n".join([f"median of {result.runs} runs", *lines])


def main(arguments: list[str] | None = None) -> int:
    """The command line; returns the exit code: 0 measured, 1 the board failed, 2 wrong use."""
    parser = argparse.ArgumentParser(prog="python -m pic32bench.benchmark", description="Measure speed.")
    parser.add_argument("--board", default="ef-starter-kit", help="board name or board file")
    parser.add_argument("--image", type=Path, help="firmware of the demo's kind; the reference firmware if not given")
    parser.add_argument("--runs", type=int, default=5, help="how often everything is measured (5)")
    parser.add_argument("--output", type=Path, help="write the result as JSON to this file")
    options = parser.parse_args(arguments)
    if options.runs < 1:
        parser.error(f"--runs {options.runs}: at least 1 is needed")
    try:
        result = measure(
            options.board,
            options.image,
            options.runs,
            lambda text: print(f"bench: {text}", file=sys.stderr, flush=True),
        )
    except BenchError as error:
        print(f"bench: {error.message}", file=sys.stderr)
        return error.exit_code
    print(table(result))
    if options.output:
        options.output.parent.mkdir(parents=True, exist_ok=True)
        options.output.write_text(json.dumps(asdict(result), indent=2) + "\n")
        print(f"written to {options.output}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
