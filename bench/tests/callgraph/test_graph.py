# SPDX-License-Identifier: MIT
"""Who calls whom, as read from code: both instruction sets, each optimisation, every kind of call."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pic32bench.callgraph import Assumptions, CallGraph, build, load
from pic32bench.callgraph.compiler_info import differences, read
from pic32bench.callgraph.flow import Kind
from pic32bench.callgraph.graph import Root
from pic32bench.errors import UsageError
from pic32bench.paths import project_root

from .conftest import ISAS, Compile, stripped, to_hex

LEVELS = ("-O0", "-Os", "-O2")


@pytest.fixture(params=[(isa, level) for isa in ISAS for level in LEVELS], ids=lambda param: "".join(param))
def elf(request: pytest.FixtureRequest, compiled: Compile) -> Path:
    """calls.c, with what the compiler has to say of it beside."""
    return compiled("calls.c", *request.param, "-fcallgraph-info=su")


@pytest.fixture
def graph(elf: Path) -> CallGraph:
    return build(load(elf))


def called(graph: CallGraph, name: str, kind: Kind | None = None) -> set[str]:
    """The functions that a function calls."""
    edges = graph.edges[graph.program.find(name).key]
    return {graph.name(edge.target) for edge in edges if kind in (None, edge.kind)}


def opens(graph: CallGraph, name: str) -> list[set[str]]:
    """The candidates of each open call in a function."""
    found = graph.opens[graph.program.find(name).key]
    return [{graph.name(key) for key in one.candidates} for one in found]


def test_frames_and_calls_are_the_compilers(graph: CallGraph, elf: Path) -> None:
    compiled_functions = read(elf.parent)
    assert len(compiled_functions) > 20
    assert list(differences(graph, compiled_functions)) == []


def test_a_difference_would_be_seen(graph: CallGraph, elf: Path) -> None:
    compiled_functions = read(elf.parent)
    for function in compiled_functions:
        function.frame += 8 if function.name == "leaf" else 0
        function.calls |= {"three"} if function.name == "two" else set()
        function.dynamic |= function.name == "one"
    assert [line.split(":")[0] for line in sorted(differences(graph, compiled_functions))] == ["leaf", "one", "two"]


def test_a_switch_is_no_call(graph: CallGraph) -> None:
    assert called(graph, "by_switch") == {"leaf", "with_locals"}
    assert opens(graph, "by_switch") == []


def test_a_tail_call_is_a_jump(graph: CallGraph, elf: Path) -> None:
    assert called(graph, "tail") == {"with_locals"}
    optimised = graph.flows[graph.program.find("tail").key].deepest == 0
    assert called(graph, "tail", Kind.JUMP) == ({"with_locals"} if optimised else set())


def test_a_pointer_from_a_table_is_open_with_candidates(graph: CallGraph) -> None:
    assert called(graph, "by_table") == set()
    assert opens(graph, "by_table") == [{"one", "two", "three"}]


def test_a_pointer_in_ram_is_open_with_what_is_stored_there(graph: CallGraph) -> None:
    assert called(graph, "by_pointer") == set()
    assert opens(graph, "by_pointer") == [{"two", "three"}]


def test_a_pointer_in_an_object_is_open_with_what_objects_have_there(graph: CallGraph) -> None:
    assert opens(graph, "by_object") == [{"two", "three"}]  # the table has three() at that offset


def test_an_argument_is_known_when_all_callers_are(graph: CallGraph) -> None:
    assert called(graph, "apply") == {"one", "two"}
    assert opens(graph, "apply") == []


def test_an_argument_of_what_anybody_may_call_is_open(graph: CallGraph) -> None:
    assert called(graph, "anybody") == set()
    assert len(opens(graph, "anybody")) == 1


def test_what_does_not_return_does_not_run_into_the_next(graph: CallGraph) -> None:
    assert called(graph, "gives_up") == {"leaf", "never"}
    assert not graph.flows[graph.program.find("gives_up").key].returns
    assert called(graph, "never") == set()


def test_open_calls_have_a_place(graph: CallGraph) -> None:
    key = graph.program.find("by_pointer").key
    (one,) = graph.opens[key]
    assert one.place.function == "by_pointer"
    assert Path(one.place.file).name == "calls.c"
    line = (Path(__file__).parent / "programs/calls.c").read_text().splitlines()[one.place.line - 1]
    assert "pointer(x)" in line


@pytest.mark.parametrize("place", ["by_pointer", "calls.c:{line}", "0x{address:08x}"])
def test_the_user_closes_a_call(elf: Path, place: str) -> None:
    program = load(elf)
    (one,) = build(program).opens[program.find("by_pointer").key]
    told = Assumptions({place.format(line=one.place.line, address=one.site.address): ("two", "three")})
    graph = build(program, told)
    assert called(graph, "by_pointer") == {"two", "three"}
    assert [each.closed for each in graph.opens[program.find("by_pointer").key]] == [True]


@pytest.mark.parametrize(
    ("calls", "message"),
    [
        ({"by_pointer": ("nobody",)}, "there is no function nobody"),
        ({"leaf": ("one",)}, "no open call at leaf"),
        ({"calls.c:1": ("one",)}, "no open call at calls.c:1"),
    ],
)
def test_closing_what_is_not_there(elf: Path, calls: dict[str, tuple[str, ...]], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        build(load(elf), Assumptions(calls))


def test_a_hex_with_symbols_is_the_same(elf: Path, graph: CallGraph, tmp_path: Path) -> None:
    image = to_hex(elf, tmp_path)
    for symbols in (elf, elf.with_suffix(".map")):
        same = build(load(image, symbols), None, ["all"])
        if symbols == elf:
            assert same.edges == graph.edges
        assert called(same, "all") == called(graph, "all")
        assert called(same, "even") == {"odd"}


def test_without_symbols_a_function_is_its_address(elf: Path, graph: CallGraph, tmp_path: Path) -> None:
    function = graph.program.find("all")
    address = function.address | (function.isa.value if function.isa else 0)
    bare = build(load(stripped(elf, tmp_path)), None, [f"0x{address:08x}"])
    key = bare.entries[0].function
    expected = {edge.target for edge in graph.edges[function.key]}
    assert {edge.target for edge in bare.edges[key]} == expected
    assert bare.flows[key].deepest == graph.flows[function.key].deepest


# --- where code begins ----------------------------------------------------------------------------------------------


def test_where_a_firmware_begins(handlers: Path) -> None:
    graph = build(load(handlers))
    assert [(entry.name, entry.kind, entry.levels, entry.stack_size) for entry in graph.entries] == [
        ("_reset", Root.RESET, (), None),
        ("exception_entry", Root.EXCEPTION, (), None),
        ("alone_entry", Root.INTERRUPT, (), None),
        ("other_entry", Root.INTERRUPT, (), None),
        ("third_entry", Root.INTERRUPT, (3,), None),
        ("switching", Root.INTERRUPT, (None,), None),
        ("Sampler", Root.TASK, (), 1024),
        ("Sender", Root.TASK, (), 512),
    ]


def test_each_entry_has_the_handler_that_it_names(handlers: Path) -> None:
    graph = build(load(handlers))
    assert called(graph, "alone_entry") == {"small"}
    assert called(graph, "other_entry") == {"big"}


def test_the_reference_firmware(firmware: CallGraph) -> None:
    """Its code and the compiler's own list agree on frames and calls."""
    folder = project_root() / "build/firmware"
    if not list(folder.rglob("*.ci")):
        pytest.skip("the firmware was built without -fcallgraph-info: `make firmware` builds it")
    compiled_functions = read(folder)
    names = {function.name for function in compiled_functions}
    assert sum(firmware.name(key) in names for key in firmware.flows) > 250
    assert list(differences(firmware, compiled_functions)) == []
    assert not any(flow.unknown for flow in firmware.flows.values())


def test_the_original() -> None:
    original = os.environ.get("PIC32BENCH_ORIGINAL_ELF")
    if not original:
        pytest.skip("PIC32BENCH_ORIGINAL_ELF does not name the original demo's ELF of revision a27d11b")
    graph = build(load(original))
    tasks = {entry.name: entry.stack_size for entry in graph.entries if entry.kind is Root.TASK}
    assert tasks["WS_SERVER Tasks"] == 4096
    assert called(graph, "WS_SERVER_Tasks") == {
        *("NET_PRES_SocketClose", "NET_PRES_SocketIsConnected", "NET_PRES_SocketOpen", "NET_PRES_SocketReadIsReady"),
        *("SYS_CMD_MESSAGE", "SYS_CMD_PRINT", "WS_clientWorker"),
    }
