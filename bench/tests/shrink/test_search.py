# SPDX-License-Identifier: MIT
"""The search over one option: planted functions, monotone and not, whose answer is known."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from hypothesis import given
from hypothesis import strategies as st

from pic32bench.shrink.search import CHEAP, FULL, Search

Works = Callable[[int], bool]


def search(
    values: Sequence[int], cheap: Works, full: Works | None = None, points: int = 1000, unbuilt: int = 0
) -> tuple[Search, list[tuple[int, int]]]:
    """A search that was told all it asked for, and what that was. Values below ``unbuilt`` cannot be built."""
    found, log = Search(values, points), []
    while asked := found.ask():
        assert len(set(asked)) == len(asked)
        # Workers finish in any order.
        for value, level in reversed(asked):
            passes = cheap(value) if level == CHEAP or full is None else cheap(value) and full(value)
            found.tell(value, level, passes, value >= unbuilt)
        log += asked
    return found, log


bounds = st.tuples(st.integers(0, 3000), st.integers(0, 3000), st.integers(1, 40)).map(
    lambda drawn: range(min(drawn[:2]), max(drawn[:2]) + 1, drawn[2])
)


@given(bounds, st.integers(0, 4000))
def test_where_larger_is_better_the_minimum_is_exact(values: range, least: int) -> None:
    found, log = search(values, lambda value: value >= least)
    expected = next((value for value in values if value >= least), None)
    assert found.minimum == found.safe_from == expected
    assert found.complete
    assert len(found.regions) == 1 + (expected not in (None, values[0]))
    assert all(value in values for value, _ in log)
    assert len(set(log)) == len(log)


@given(bounds, st.sets(st.integers(0, 3000)), st.integers(0, 3000), st.integers(0, 3000))
def test_whatever_the_function_the_minimum_passed_everything_and_its_neighbours_were_tried(
    values: range, holes: set[int], least: int, proven: int
) -> None:
    def cheap(value: int) -> bool:
        return value >= least and value not in holes

    def full(value: int) -> bool:
        return value >= proven

    found, log = search(values, cheap, full)
    tried = {value for value, _ in log}
    if found.minimum is not None:
        assert cheap(found.minimum)
        assert full(found.minimum)
        assert (found.minimum, FULL) in log
        # What is next below was tried, and is no smaller minimum.
        below = found.minimum - values.step
        assert below not in values or below in tried
        assert all(not full(value) or not cheap(value) for value, level in log if value < found.minimum and level)
    assert all(cheap(value) for value in tried if found.safe_from is not None and value >= found.safe_from)


@given(bounds, st.integers(0, 3000), st.integers(2, 30))
def test_the_budget_holds(values: range, least: int, points: int) -> None:
    _, log = search(values, lambda value: value % 7 > 2 and value >= least, points=points)
    assert len({value for value, _ in log}) <= points


def test_the_same_is_asked_every_time() -> None:
    def works(value: int) -> bool:
        return value > 100 and value % 64 > 5

    assert search(range(1, 2049), works)[1] == search(range(1, 2049), works)[1]


def test_an_island_below_a_hole_is_found_and_told() -> None:
    found, _ = search(range(160, 4097), lambda value: value >= 1200 or 600 <= value < 900)
    assert found.minimum == 600
    assert found.safe_from == 1200
    assert [(one.low, one.high, one.works) for one in found.regions] == [
        (160, 599, False),
        (600, 899, True),
        (900, 1199, False),
        (1200, 4096, True),
    ]


def test_what_only_the_full_set_sees_is_narrowed_down_with_the_full_set() -> None:
    found, log = search(range(1, 4097), lambda value: value >= 437, lambda value: value >= 600)
    assert found.minimum == 600
    assert found.safe_from == 600
    assert (599, FULL) in log
    assert len([value for value, level in log if level == FULL]) < 15


def test_what_cannot_be_built_is_not_looked_into() -> None:
    _, log = search(range(1, 4097), lambda value: value >= 160, unbuilt=160)
    # The grid, the edge, and what is next below the minimum.
    assert len([value for value, _ in log if value < 150]) <= 16


def test_a_few_values_are_all_tried() -> None:
    found, log = search((512, 1024, 2048), lambda value: value != 1024)
    assert [value for value, level in log if level == CHEAP] == [2048, 1024, 512]
    assert (found.minimum, found.safe_from) == (512, 2048)


def test_nothing_passes() -> None:
    found, log = search((512, 1024, 2048), lambda value: False)
    assert found.minimum is None
    assert found.safe_from is None
    assert all(level == CHEAP for _, level in log)
