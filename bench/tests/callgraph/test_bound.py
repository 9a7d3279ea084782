# SPDX-License-Identifier: MIT
"""The most that a stack needs: deepest paths, recursion, dynamic frames, and interrupts on top."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

import pic32bench
from pic32bench.callgraph import Assumptions, Bound, Bounds, StackRange, build, load, stack_bounds
from pic32bench.callgraph.compiler_info import read
from pic32bench.errors import UsageError
from pic32bench.footprint.budget import load_budget
from pic32bench.memory import measure_board
from pic32bench.memory.session import normal_session
from pic32bench.paths import reference_firmware

from .conftest import ISAS, Compile


@pytest.fixture(params=[(isa, level) for isa in ISAS for level in ("-O0", "-Os")], ids=lambda param: "".join(param))
def elf(request: pytest.FixtureRequest, compiled: Compile) -> Path:
    return compiled("calls.c", *request.param, "-fcallgraph-info=su")


def bound(elf: Path, function: str, **told: object) -> Bound:
    return stack_bounds(elf, None, Assumptions(**told), (), [function])[0]  # type: ignore[arg-type]


def frames(elf: Path) -> dict[str, int]:
    """As the compiler has them."""
    return {function.name: function.frame for function in read(elf.parent)}


def steps(bound: Bound) -> list[str]:
    return [step.function for step in bound.chain]


def test_a_path_is_the_sum_of_its_frames(elf: Path) -> None:
    frame = frames(elf)
    found = bound(elf, "with_locals")
    assert found.bytes == frame["with_locals"] + frame["leaf"] >= 200
    assert steps(found) == (["with_locals", "leaf"] if frame["leaf"] else ["with_locals"])
    assert found.bounded


def test_a_tail_call_takes_the_place_of_its_caller(elf: Path) -> None:
    frame = frames(elf)
    program = load(elf)
    jumps = any(edge.kind == "jump" for edge in build(program).edges[program.find("tail").key])
    rest = bound(elf, "with_locals").bytes
    assert bound(elf, "tail").bytes == (rest if jumps else frame["tail"] + rest)


def test_the_deepest_of_several_ways(elf: Path) -> None:
    told = {"calls": {"by_table": ("one", "two", "three")}}
    frame = frames(elf)
    found = bound(elf, "by_table", **told)
    assert found.bytes == frame["by_table"] + max(frame["one"], frame["two"], frame["three"] + frame["leaf"])
    assert found.bounded
    assert steps(found)[:2] == ["by_table", "two"]
    assert bound(elf, "by_table", calls={"by_table": ("one",)}).bytes == frame["by_table"] + frame["one"]
    assert bound(elf, "by_table", calls={"by_table": ("none",)}).bytes == frame["by_table"]


def test_an_open_call_is_told_and_not_guessed(elf: Path) -> None:
    found = bound(elf, "by_table")
    assert found.bytes == frames(elf)["by_table"]
    assert not found.bounded
    assert [one.place.function for one in found.open_calls] == ["by_table"]


def test_recursion_is_listed(elf: Path) -> None:
    assert bound(elf, "direct").recursions == (("direct", "direct"),)
    (cycle,) = bound(elf, "even").recursions
    assert set(cycle) == {"even", "odd"}
    assert len(cycle) == 3
    assert not bound(elf, "odd").bounded
    assert bound(elf, "leaf").recursions == ()


@pytest.mark.parametrize("depth", [1, 2, 7])
def test_recursion_with_an_end(elf: Path, depth: int) -> None:
    frame = frames(elf)
    found = bound(elf, "direct", depths={"direct": depth})
    assert found.bounded
    assert found.bytes == depth * frame["direct"]
    both = bound(elf, "even", depths={"even": depth})
    assert both.bounded
    assert both.bytes == depth * (frame["even"] + frame["odd"])
    assert bound(elf, "odd", depths={"even": depth}).bytes == depth * frame["even"] + (depth + 1) * frame["odd"]


def test_a_depth_for_what_does_not_recur(elf: Path) -> None:
    with pytest.raises(UsageError, match="leaf is in no recursion"):
        bound(elf, "leaf", depths={"leaf": 3})


def test_a_frame_whose_size_depends_on_data(elf: Path) -> None:
    found = bound(elf, "variable")
    assert [(name, place.function) for name, place in found.dynamic] == [("variable", "variable")]
    assert not found.bounded
    assert found.bytes >= frames(elf)["variable"]


def test_everything_unknown_is_told_from_far_above(elf: Path) -> None:
    found = bound(elf, "main")
    assert [name for name, _ in found.dynamic] == ["variable"]
    assert {frozenset(cycle) for cycle in found.recursions} == {frozenset({"direct"}), frozenset({"even", "odd"})}
    assert {one.place.function for one in found.open_calls} == {"by_table", "by_pointer", "by_object", "main"}


# --- whole firmware -----------------------------------------------------------------------------------------------


def by_name(bounds: tuple[Bound, ...]) -> dict[str, Bound]:
    return {bound.name: bound for bound in bounds}


def test_stacks_and_handlers(handlers: Path) -> None:
    """handlers.S: 24 bytes and big() let nobody in, 80 and big() at level 3, 160 before another stack."""
    bounds = Bounds(build(load(handlers)))
    big = bounds.depth(bounds.graph.program.find("big").key).bytes
    needs = by_name(bounds.handlers())
    assert {name: bound.bytes for name, bound in needs.items()} == {
        "alone_entry": 24,
        "other_entry": 24 + big,
        "third_entry": 80 + big,
        "switching": 160,
        "exception_entry": 0,
    }
    stacks = by_name(bounds.stacks())
    # Level 3 lets others in, of which one is the last.
    assert stacks["main"].interrupts == 80 + big + max(24 + big, 160)
    assert stacks["Sampler"].interrupts == stacks["main"].interrupts
    assert stacks["Sampler"].bytes == bounds.depth(bounds.graph.program.find("sampler").key).bytes > 120
    assert stacks["Sampler"].size == 1024
    assert stacks["Sampler"].chain[-1].function == "big"
    # The stack pointer starts 16 bytes below the top.
    assert stacks["main"].bytes == 16 + bounds.depth(bounds.graph.program.find("main").key).bytes
    assert stacks["isr_stack_top"].bytes == big
    assert stacks["exception_stack_top"].bytes == 40 + bounds.depth(bounds.graph.program.find("report").key).bytes
    assert all(bound.bounded for bound in stacks.values())


def test_stacks_have_the_names_and_sizes_that_are_known(handlers: Path) -> None:
    graph = build(load(handlers))
    top = graph.program.labels["isr_stack_top"] & 0x1FFFFFFF
    found = by_name(Bounds(graph, None, [StackRange("interrupts", top - 512, top)]).stacks())
    assert found["interrupts"].size == 512
    assert "isr_stack_top" not in found


def test_the_original() -> None:
    original = os.environ.get("PIC32BENCH_ORIGINAL_ELF")
    if not original:
        pytest.skip("PIC32BENCH_ORIGINAL_ELF does not name the original demo's ELF of revision a27d11b")
    found = by_name(stack_bounds(original))
    assert found["WS_SERVER Tasks"].interrupts == 160  # what FreeRTOS saves of an interrupted task
    assert found["WS_SERVER Tasks"].bytes > 1000
    assert [name for name, _ in found["Sys Tasks"].dynamic] == []
    assert found["IDLE"].bounded



def test_the_reference_firmware_is_bounded_and_keeps_to_it(tmp_path: Path) -> None:
    """Every call through a pointer is told by its table; what a run uses is never more than the bound."""
    image = reference_firmware()
    budget = load_budget()
    with pic32bench.start(image=image, network="wire") as board:
        for _ in normal_session(board):
            pass
        seen = {stack.name: stack for stack in measure_board(board).stacks}
    ranges = [StackRange(s.name, s.low & 0x1FFFFFFF if s.low else None, s.high & 0x1FFFFFFF) for s in seen.values()]
    found = by_name(stack_bounds(image, None, Assumptions.of(budget), ranges))
    assert found["main"].bounded, [str(one.place) for one in found["main"].open_calls]
    assert 500 < seen["main"].used <= found["main"].total <= 2048
    assert found["exception_stack"].bounded
    assert found["exception_stack"].total <= (found["exception_stack"].size or 0)
