# SPDX-License-Identifier: MIT
"""What the code says against what a run does: a normal session with the reference firmware."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

import pic32bench
from pic32bench.callgraph import Assumptions, CallGraph, build, load
from pic32bench.callgraph.seen import by_function
from pic32bench.cli.main import main
from pic32bench.footprint.budget import load_budget
from pic32bench.image import PHYSICAL
from pic32bench.memory.session import normal_session
from pic32bench.paths import project_root, reference_firmware
from pic32bench.recording import Recording
from pic32bench.watch import Watched, WatchSpec, watch

BUDGET = project_root() / "firmware/footprint.toml"


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("seen") / "session.zip"
    with pic32bench.start(image=reference_firmware(), network="wire") as board:
        for _ in normal_session(board):
            pass
        board.recording().save(file)
    return file


@pytest.fixture(scope="module")
def graph() -> CallGraph:
    """With all that the firmware's table tells."""
    return build(load(reference_firmware()), Assumptions.of(load_budget()))


@pytest.fixture(scope="module")
def seen(recording: Path) -> Watched:
    return watch(Recording.load(recording), WatchSpec(calls=True))


def test_no_stack_goes_deeper_than_its_bound(recording: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = ["stack", str(reference_firmware()), "--budget", str(BUDGET), "--seen", str(recording), "--strict"]
    assert main([*command, "--json"]) == 0
    stacks = {stack["name"]: stack for stack in json.loads(capsys.readouterr().out)["stacks"]}
    assert stacks["main"]["bounded"]
    assert 500 < stacks["main"]["seen"] <= stacks["main"]["total"] <= 2048
    assert stacks["exception_stack"]["bounded"]
    assert stacks["exception_stack"]["seen"] == 0
    assert stacks["exception_stack"]["total"] <= stacks["exception_stack"]["size"]


def test_every_call_of_a_run_is_in_the_code(graph: CallGraph, seen: Watched) -> None:
    """Also those through pointers: the table tells all that there are."""
    static = {(edge.address & PHYSICAL, edge.target) for edges in graph.edges.values() for edge in edges}
    calls = {(site & PHYSICAL, target & PHYSICAL) for site, target in seen.edges if site}
    assert len(calls) > 200
    assert {(hex(site), graph.name(target)) for site, target in calls - static} == set()


def test_every_tail_call_of_a_run_is_in_the_code(graph: CallGraph, seen: Watched) -> None:
    """And every other jump stays in its function."""
    static = {(edge.address & PHYSICAL, edge.target) for edges in graph.edges.values() for edge in edges}
    program = graph.program
    for site, target in seen.jumps:
        over, function = program.over(site), program.at(target)
        if over is not None and function is not None and function.size and over != function:
            assert (site & PHYSICAL, target & PHYSICAL) in static, (over.name, function.name)


def test_interrupts_are_entries(graph: CallGraph, seen: Watched) -> None:
    entries = {entry.function for entry in graph.entries}
    taken = {target & PHYSICAL for site, target in seen.edges if not site}
    assert len(taken) > 2
    assert taken <= entries


def test_counts_by_function(graph: CallGraph, seen: Watched) -> None:
    counts = by_function(graph, seen.edges, seen.jumps)
    names = {(graph.name(caller), graph.name(target)): count for (caller, target), count in counts.items()}
    assert names["start_up", "main"] == 1
    assert names["ethernet_task", "ethernet_input"] > 10  # through a pointer
    assert names["tick_entry", "tick_interrupt"] > 1000  # through a register that another piece of code has set
    assert ("tick_entry", "ethernet_interrupt") not in names
    assert sum(n for (_, target), n in names.items() if target == "tcp_output") > 10


def test_a_picture_with_counts(recording: Path, tmp_path: Path) -> None:
    image = str(reference_firmware())
    drawn = tmp_path / "seen.dot"
    command = ["calls", image, "ethernet_task", "--levels", "1", "--seen", str(recording), "-o", str(drawn)]
    assert main(command) == 0
    text = drawn.read_text()
    nodes = {line.split('"')[1].split("\\n")[0]: line.split()[0] for line in text.splitlines() if "[label=" in line}
    edges = {line.split(" [")[0].strip(): line for line in text.splitlines() if " -> " in line}
    pointer = edges[f"{nodes['ethernet_task']} -> {nodes['ethernet_input']}"]
    assert "label=" in pointer
    assert "#b03a2e" in pointer  # the code does not tell that it goes there
    assert any("style=dashed" in line for line in edges.values())  # error paths


def test_one_run_or_the_other(recording: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["calls", str(reference_firmware()), "--seen", str(recording), "--run"]) == 2
    assert "give one of them" in capsys.readouterr().err


def test_the_original(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    original = os.environ.get("PIC32BENCH_ORIGINAL_ELF")
    if not original:
        pytest.skip("PIC32BENCH_ORIGINAL_ELF does not name the original demo's ELF of revision a27d11b")
    file = tmp_path / "original.zip"
    with pic32bench.start(image=original, network="none") as board:
        board.run_for(3)
        board.recording().save(file)
    assert main(["stack", original, "--seen", str(file), "--json"]) in (0, 1)  # how interrupts nest is not in its code
    stacks = json.loads(capsys.readouterr().out)["stacks"]
    bounded = [stack for stack in stacks if stack["bounded"] and stack["seen"]]
    assert "IDLE" in [stack["name"] for stack in bounded]
    assert [stack["name"] for stack in bounded if stack["seen"] > stack["total"]] == []
    graph = build(load(original))
    seen = watch(Recording.load(file), WatchSpec(calls=True))
    static = {(edge.address & PHYSICAL, edge.target) for edges in graph.edges.values() for edge in edges}
    opened = {one.site.address & PHYSICAL for opens in graph.opens.values() for one in opens}
    calls = {(site & PHYSICAL, target & PHYSICAL) for site, target in seen.edges if site}
    assert len(calls) > 500
    assert {(hex(site), hex(target)) for site, target in calls - static if site not in opened} == set()
