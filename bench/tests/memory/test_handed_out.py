# SPDX-License-Identifier: MIT
"""Heaps, pools and tasks of programs that run: what was seen from outside is what was planted, or what lwIP counted."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from guest_program import build

import pic32bench
from pic32bench import Board, paths
from pic32bench.footprint.budget import HeapLimit
from pic32bench.memory.contents import Contents
from pic32bench.memory.dynamic import Dynamic, HandedOut
from pic32bench.memory.firmware import Firmware
from pic32bench.memory.report import HeapUse
from pic32bench.memory.structures import Structures
from pic32bench.network.station import Station
from pic32bench.page import fetch_with_parts, way_to
from pic32bench.stream.client import StreamClient, StreamTimeoutError
from pic32bench.watch import Watched, WatchSpec, watch

PROGRAMS = Path(__file__).parent / "programs"
FRAMES = HeapLimit("frames", None, None, 1, ("frame_new",), ("frame_done",), size=1)
# The original demo's tasks, from its sources (system_tasks.c, FreeRTOSConfig.h): words of stack each.
ORIGINAL_TASKS = {
    "Sys Tasks": 1024,
    "Net Pres Tasks": 1024,
    "APP Tasks": 1024,
    "STREAMER Tasks": 1024,
    "WS_SERVER Tasks": 1024,
    "IDLE": 128,
}


def handed_out(board: Board, symbols: Path, *limits: HeapLimit) -> HandedOut:
    """What a board has handed out up to now."""
    dynamic = Dynamic(Firmware.read(symbols), limits)
    return dynamic.handed_out(watch(board.recording(), WatchSpec(functions=dynamic.functions)))


def ran(image: Path, seconds: float, symbols: Path | None = None, *limits: HeapLimit) -> HandedOut:
    """What a program hands out in some time."""
    with pic32bench.start(image=image, network="none") as board:
        board.run_for(seconds)
        return handed_out(board, symbols or image, *limits)


def places(use: HeapUse) -> list[str]:
    return [failure.place.function for failure in use.failed]


@pytest.mark.parametrize("flags", [("-O2", "-g"), ("-Os", "-g0"), ("-O0", "-g0"), ("-O2", "-DSECOND_LIFE")])
def test_planted_failures_and_leaks(tmp_path: Path, flags: tuple[str, ...]) -> None:
    image = build(PROGRAMS / "heaps.c", tmp_path, *flags)
    seen = ran(image, 0.01, None, FRAMES)
    assert [heap.name for heap in seen.heaps] == ["freertos", "libc", "frames"]
    assert (seen.pools, seen.tasks, seen.notes) == ((), (), ())
    freertos, libc, frames = seen.heaps
    lives = 2 if "-DSECOND_LIFE" in flags else 1

    assert (frames.most, frames.left, frames.largest, frames.calls) == (450, 240, 2000, 17 * lives)
    assert frames.size == 1024
    assert places(frames) == ["greedy"] * 3 * lives
    assert [(held.place.function, held.blocks, held.size) for held in frames.held] == [("leaky", 10, 240)]
    assert [note.partition(" of what")[0] for note in frames.notes] == [str(lives)]
    assert "story" in frames.notes[0] or "main" in frames.notes[0]

    assert (libc.most, libc.left, libc.calls) == (540, 80, 9 * lives)
    assert places(libc) == ["greedy"] * 2 * lives
    assert [failure.size for failure in libc.failed] == [5000, 10000] * lives
    assert [(held.place.function, held.size) for held in libc.held] == [("leaky", 80)]
    assert (libc.own_count, libc.size) == (("sbrk", 680), 2048)

    assert (freertos.most, freertos.left, freertos.size) == (97, 97, 512)
    assert freertos.own_count == ("xNextFreeByte", 104)
    assert places(freertos) == ["greedy"] * lives
    if "-g" in flags:
        lines = (PROGRAMS / "heaps.c").read_text().splitlines()
        assert all("frame_new(NULL, 2000)" in lines[failure.place.line - 1] for failure in frames.failed)
        assert frames.failed[0].time_ns < frames.failed[1].time_ns < frames.failed[2].time_ns


@pytest.mark.parametrize("flags", [("-g",), ("-g0",), ("-g", "-DCHECKED"), ("-g0", "-DCHECKED"), ("-O0", "-g")])
def test_tasks(tmp_path: Path, flags: tuple[str, ...]) -> None:
    image = build(PROGRAMS / "tasks.c", tmp_path, *flags)
    seen = ran(image, 0.01)
    assert [(task.name, task.size, task.ended, task.code) for task in seen.tasks] == [
        ("IDLE", 512, False, "idle"),
        ("Worker", 1024, False, "worker"),
        ("Worker 2", 800, False, "worker"),
        ("A name that is too long", 604, False, "with_outside_stack"),
        ("Brief", 640, True, "short_lived"),
    ]
    (outside,) = Firmware.read(image).variables("outside")
    assert seen.tasks[3].low == outside.address & 0x1FFFFFFF
    heap = next(heap for heap in seen.heaps if heap.name == "freertos")
    assert all(heap.address is not None and task.low is not None for task in seen.tasks)
    assert heap.failures == 1  # Too big
    assert seen.notes == ()


def test_tasks_without_the_symbols_of_their_lists(tmp_path: Path) -> None:
    """As a MAP has it, or an ELF whose local symbols were stripped: what was created is known, not what ended."""
    image = build(PROGRAMS / "tasks.c", tmp_path, "-g0")
    stripped = tmp_path / "stripped.elf"
    subprocess.run(["mipsel-linux-gnu-strip", "--discard-all", image, "-o", stripped], check=True)
    seen = ran(image, 0.01, stripped)
    assert [(task.name, task.size) for task in seen.tasks] == [
        ("IDLE", 512),
        ("Worker", 1024),
        ("Worker 2", 800),
        ("A name that is too long", 604),
        ("Brief", 640),
    ]
    assert "tasks: which were there at the end is not known, as the image has no symbol pxReadyTasksLists" in seen.notes


def test_tasks_whose_making_was_not_seen(tmp_path: Path) -> None:
    """Built so that their making is inlined: those that are there are found, and their stacks by what these lie in."""
    image = build(PROGRAMS / "tasks.c", tmp_path, "-g0")
    other = tmp_path / "inlined.elf"
    gone = [f"--strip-symbol={name}" for name in ("pxPortInitialiseStack", "xTaskCreate", "xTaskCreateStatic")]
    subprocess.run(["mipsel-linux-gnu-objcopy", *gone, image, other], check=True)
    seen = ran(image, 0.01, other)
    assert [(task.name, task.size, task.known_by) for task in seen.tasks] == [
        ("IDLE", 512, "its block of the heap"),
        ("A name that", 604, "its symbol outside"),
        ("Worker", 1024, "its block of the heap"),
        ("Worker 2", 800, "its block of the heap"),
    ]
    assert "tasks: their making was not seen, as the image has no function pxPortInitialiseStack" in seen.notes


def test_the_second_pass_knows_the_stacks(tmp_path: Path) -> None:
    """The tasks of one pass are the stacks of the next; what they used is between what the program does and has."""
    image = build(PROGRAMS / "tasks.c", tmp_path, "-g")
    with pic32bench.start(image=image, network="none") as board:
        board.run_for(0.01)
        recording = board.recording()
    firmware = Firmware.read(image)
    dynamic = Dynamic(firmware)
    tasks = dynamic.handed_out(watch(recording, WatchSpec(functions=dynamic.functions))).tasks
    fill = firmware.code(firmware.functions("memset"))
    lows = watch(recording, WatchSpec(fills=fill, stacks=tuple(task.stack for task in tasks if task.stack))).stacks
    used = {low.name: low.used for low in lows}
    assert used["Worker"] == used["Worker 2"]  # as deep as each other
    assert 4 * 48 < used["Worker"] < 512
    # Two levels more of deep(), each with 12 words of its own at least.
    assert used["Brief"] - used["Worker"] >= 2 * 48
    assert used["A name that is too long"] < used["Worker"]


def test_the_original() -> None:
    """Harmony 2 with FreeRTOS: its tasks are those of its sources, its heaps say the same of themselves."""
    original = os.environ.get("PIC32BENCH_ORIGINAL_ELF")
    if not original:
        pytest.skip("PIC32BENCH_ORIGINAL_ELF does not name the original demo's ELF of revision a27d11b")
    seen = ran(Path(original), 0.5)
    assert {task.name: task.size for task in seen.tasks} == {name: 4 * n for name, n in ORIGINAL_TASKS.items()}
    assert not any(task.ended for task in seen.tasks)
    assert seen.notes == ()
    freertos, tcpip, libc = seen.heaps
    assert (freertos.name, freertos.size, freertos.failures) == ("freertos", 40960, 0)
    assert freertos.own_count == ("xNextFreeByte", freertos.most)
    assert (tcpip.name, tcpip.size, tcpip.failures) == ("tcpip", 42000, 0)
    assert tcpip.own_count is not None
    # Harmony counts units of 16 bytes, one of them for each block's head.
    assert tcpip.most < tcpip.own_count[1] <= tcpip.most + tcpip.calls * 31
    assert (libc.name, libc.size, libc.largest) == ("libc", 128000, 42000)


@pytest.fixture(scope="module")
def counting_firmware(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The reference firmware with lwIP's own statistics, and a heap that is too small for an echo of 1,000 bytes."""
    folder = tmp_path_factory.mktemp("counting")
    web = paths.project_root() / "build" / "firmware" / "web"  # what npm delivered
    if web.is_dir():
        shutil.copytree(web, folder / "web")
        (folder / "web" / "installed").touch()
    make = ["make", "-C", paths.project_root() / "firmware", f"-j{os.cpu_count()}", f"BUILD={folder}"]
    done = subprocess.run([*make, "LWIP_STATISTICS=1", "MEM_SIZE=1200"], capture_output=True, text=True)
    if done.returncode:
        pytest.skip(f"the reference firmware cannot be built here: {done.stderr.splitlines()[-1]}")
    return folder / "websocket-demo.elf"


def test_heap_and_pools_are_as_lwip_counts_them(counting_firmware: Path) -> None:
    with pic32bench.start(image=counting_firmware, network="wire") as board:
        Station(board.network, dhcp=True)  # type: ignore[arg-type]
        board.station.board_address(20)
        url, station = way_to(board)
        fetch_with_parts(url, station=station)
        with StreamClient.of(board) as client:
            client.start()
            client.collect(frames=50)
            with pytest.raises(StreamTimeoutError):
                client.echo("x" * 1000, timeout=0.1)
        dynamic = Dynamic(Firmware.read(counting_firmware))
        watched = watch(board.recording(), WatchSpec(functions=dynamic.functions))
    seen = dynamic.handed_out(watched)
    assert {pool.name: pool.most for pool in seen.pools} == {
        pool.name: pool.own_count[1] for pool in seen.pools if pool.own_count
    }
    pools = {pool.name: pool for pool in seen.pools}
    assert {"PBUF", "PBUF_POOL", "TCP_PCB", "TCP_SEG", "SYS_TIMEOUT", "HTTPD_STATE"} <= pools.keys()
    assert pools["TCP_PCB"].most > 1
    assert pools["TCP_SEG"].most > 2
    # What is out at the end was compared with lwIP's lists of free elements.
    assert [note for pool in seen.pools for note in pool.notes] == []
    (lwip,) = (heap for heap in seen.heaps if heap.name == "lwip")
    assert lwip.own_count is not None
    # lwIP counts its heads of 8 bytes and what alignment takes as well.
    assert lwip.most < lwip.own_count[1] <= lwip.most + lwip.calls * 16
    assert lwip.own_count[1] <= lwip.span + 16
    assert lwip.failures == lwip_errors(counting_firmware, watched) > 10
    assert lwip.first_failure is not None
    assert lwip.first_failure.function == "pbuf_alloc"


def lwip_errors(symbols: Path, watched: Watched) -> int:
    """What lwIP counted itself of its heap's failures."""
    firmware, structures = Firmware.read(symbols), Structures(symbols)
    ((function,), (statistics,)) = firmware.functions("mem_malloc"), firmware.variables("lwip_stats")
    all_, heap = structures.find("stats_", function.address), structures.find("stats_mem", function.address)
    assert all_ is not None
    assert heap is not None
    place, error = statistics.address + all_.members["mem"].offset, heap.members["err"]
    count = Contents(watched.memory, len(watched.written)).number(place + error.offset, error.size)
    assert count is not None
    return count
