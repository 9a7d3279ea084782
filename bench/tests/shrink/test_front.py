# SPDX-License-Identifier: MIT
"""The search over several options: a planted cost whose best points are known."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from pic32bench.shrink.front import Cost, FrontSearch, Point
from pic32bench.shrink.search import CHEAP, FULL

OPTIONS = {"BUFFER": range(160, 4097), "HEAP": range(256, 12289, 4), "POOL": range(1, 41), "WINDOW": range(1460, 2921)}
SHIPPED = (4096, 12288, 40, 2920)


def cost(point: Point, level: int) -> Cost | None:
    """What a point costs; the full set of trials wants more heap than the cheap ones show."""
    buffer, heap, pool, window = point
    if window > pool * 202 or heap < 4000 + (pool < 20) * 500 or (level == FULL and heap < 5000):
        return None
    speed = min(1, buffer / 700, (window / 2920) ** 0.5, heap / 9000)
    return Cost(buffer + heap + 272 * pool + 20000, round(speed, 3), speed >= 0.9)


def search(points: int) -> tuple[FrontSearch, list[tuple[Point, int]]]:
    """A search that was told all it asked for, and what that was."""
    found, log = FrontSearch(OPTIONS, SHIPPED, points), []
    while asked := found.ask():
        for point, level in reversed(asked):
            found.tell(point, level, cost(point, level), point[3] <= point[2] * 202)
        log += asked
    return found, log


def test_the_cheapest_point_that_keeps_the_floors_is_nearly_the_best_there_is() -> None:
    found, _ = search(100)
    assert found.best is not None
    best = cost(found.best, FULL)
    assert best is not None
    assert best.keeps
    least = 630 + 8100 + 12 * 272 + 20000  # by hand: each option as small as 90 % of the speed allows
    assert least <= best.ram <= 1.05 * least
    assert found.best in found.proven


@settings(max_examples=20, deadline=None)
@given(st.integers(2, 150))
def test_the_front_is_a_front_and_proven_and_the_budget_holds(points: int) -> None:
    found, log = search(points)
    assert log[:2] == [(SHIPPED, CHEAP), (SHIPPED, FULL)]
    assert len({point for point, _ in log}) <= points
    assert len(set(log)) == len(log)
    assert all(value in values for point, _ in log for value, values in zip(point, OPTIONS.values(), strict=True))
    known = {point: one for point, level in log if (one := cost(point, FULL)) is not None and (point, FULL) in log}
    front = [known[point] for point in found.front]
    assert front == sorted(front, key=lambda one: (one.ram, one.speed))
    assert all(one.speed < other.speed for one, other in pairwise(front))
    for point in found.front:
        assert not any(one.ram < known[point].ram and one.speed >= known[point].speed for one in known.values())


def test_the_same_is_asked_every_time() -> None:
    assert search(60)[1] == search(60)[1]


def test_shipped_values_that_fail_are_the_end_of_it() -> None:
    found = FrontSearch({"A": range(1, 9), "B": range(1, 9)}, (8, 8), 50)
    while asked := found.ask():
        for point, level in asked:
            found.tell(point, level, None)
    assert found.front == []
    assert found.best is None
