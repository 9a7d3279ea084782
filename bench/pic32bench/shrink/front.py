# SPDX-License-Identifier: MIT
"""Several options at once: which points cost the least RAM for their speed?

`FrontSearch` is told results and asks for more, as `pic32bench.shrink.search.Search` does for one option.

1. The shipped values, with the full set of trials.
2. Each option alone, the others as shipped: its smallest value that keeps the floors, and its smallest that works at
   all, by two coarse `Search`es, with a third of the points for all options.
3. Together: all options at the smallest values that keep the floors alone, and at the smallest that work alone. If
   that does not do, halving the way to the shipped values, or from the latter to the former.
4. Steps along one option at a time: to its smallest value, then halfway (by ratio) to the largest that does worse,
   until they are close; then halfway up. Half of them from the cheapest point that keeps the floors, the others from
   the rest of the front, from its two ends inwards.
5. Proof: the full set of trials for the points of the front; those that fail leave it, and others come forward. A
   fifth of the points is kept for more steps after that.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pic32bench.shrink.search import CHEAP, FULL, Search, index_below

DEFAULT_POINTS = 100
ROUND = 4  # points asked for at a time
CLOSE = 1.06  # two values of this ratio are as good as adjacent
_DIAGONAL_STEPS = 4

Point = tuple[int, ...]  # a value for each option, in their order


@dataclass(frozen=True)
class Cost:
    """What a point that works costs and brings.

    ``ram`` is in bytes, ``speed`` a share of the shipped point's; ``keeps``: no figure is below its floor.
    """

    ram: int
    speed: float
    keeps: bool


class FrontSearch:
    """Ask and tell.

    Args:
        options: the values that may be asked of each option, ascending, the shipped one among them or below.
        shipped: the shipped point.
        points: of how many it asks at the most.
        prove: whether there is a full set of trials beside the cheap ones.
    """

    def __init__(
        self, options: Mapping[str, Sequence[int]], shipped: Point, points: int = DEFAULT_POINTS, prove: bool = True
    ) -> None:
        self.options = dict(options)
        self.shipped = shipped
        self._values = list(self.options.values())
        self._points = points
        self._prove = prove
        self._asked: set[tuple[Point, int]] = set()
        self._costs: dict[Point, Cost] = {}  # of those that work, as far as is known
        self._failed: set[Point] = set()
        self._unbuilt: set[Point] = set()
        self._proven: set[Point] = set()
        each = max(4, points // (3 * len(self._values)))
        # Of each option: the search for what keeps the floors, and that for what works.
        self._alone = [
            [Search(values, points=each, prove=False, ratio=2.0, spots=False, close=CLOSE) for _ in range(2)]
            for values in self._values
        ]
        self._diagonals: tuple[list[tuple[float, Point]], ...] = ([], [])
        self._proofs_begun = False
        self._waiting: dict[tuple[int, bool], list[int]] = {}

    def ask(self) -> list[tuple[Point, int]]:
        """What to try next, (point, CHEAP or FULL) each, all of which is then told; [] when it is done."""
        for find in (self._first, self._singles, self._together, self._steps, self._proofs):
            wanted = [each for each in dict.fromkeys(find()) if each not in self._asked]
            new = list(dict.fromkeys(point for point, level in wanted if level == CHEAP))
            beyond = set(new[max(0, self._left()) :])
            if wanted := [each for each in wanted if each[0] not in beyond]:
                self._asked.update(wanted)
                return wanted
        return []

    def tell(self, point: Point, level: int, cost: Cost | None, built: bool = True) -> None:
        """What came of a point that was asked for: its cost, None when it does not work."""
        if cost is None:
            self._failed.add(point)
            self._costs.pop(point, None)
        elif point not in self._failed:
            self._costs[point] = cost
            if level == FULL or not self._prove:
                self._proven.add(point)
        if not built:
            self._unbuilt.add(point)

    @property
    def front(self) -> list[Point]:
        """The points that work and of which no other has less RAM and no less speed; by RAM."""
        found: list[Point] = []
        best = -math.inf
        for point in sorted(self._costs, key=self._order):
            if self._costs[point].speed > best:
                found.append(point)
                best = self._costs[point].speed
        return found

    @property
    def best(self) -> Point | None:
        """The cheapest point that keeps the floors."""
        return min((point for point in self._costs if self._costs[point].keeps), key=self._order, default=None)

    def _order(self, point: Point) -> tuple[int, float, Point]:
        return self._costs[point].ram, -self._costs[point].speed, point

    @property
    def proven(self) -> frozenset[Point]:
        """The points that passed the full set."""
        return frozenset(self._proven)

    @property
    def complete(self) -> bool:
        """Whether there was nothing left to ask for when it ended, and not only no points."""
        return self._left() > 0

    def _left(self) -> int:
        return self._points - len({point for point, _ in self._asked})

    def _first(self) -> list[tuple[Point, int]]:
        if (self.shipped, CHEAP) not in self._asked:
            return [(self.shipped, CHEAP)]
        return [(self.shipped, FULL)] if self._prove and self.shipped in self._costs else []

    def _singles(self) -> list[tuple[Point, int]]:
        """The next round of every option's own searches."""
        wanted = []
        for place, searches in enumerate(self._alone):
            for keeping, search in zip((True, False), searches, strict=True):
                waiting = self._waiting.get((place, keeping)) or [value for value, _ in search.ask()]
                while waiting and all((self._with(place, value), CHEAP) in self._asked for value in waiting):
                    for value in waiting:
                        point = self._with(place, value)
                        search.tell(value, CHEAP, self._does(point, keeping), point not in self._unbuilt)
                    waiting = [value for value, _ in search.ask()]
                self._waiting[place, keeping] = waiting
                wanted += [(self._with(place, value), CHEAP) for value in waiting]
        return wanted

    def _does(self, point: Point, keeping: bool) -> bool:
        """Whether a point works, and with ``keeping`` whether it keeps the floors as well."""
        return point in self._costs and (self._costs[point].keeps or not keeping)

    def _with(self, place: int, value: int, point: Point | None = None) -> Point:
        base = self.shipped if point is None else point
        return (*base[:place], value, *base[place + 1 :])

    def _smallest(self, keeping: bool) -> Point:
        """Every option at the smallest value that alone works, or keeps the floors."""
        found = []
        for searches, shipped in zip(self._alone, self.shipped, strict=True):
            minimum = searches[0 if keeping else 1].minimum
            found.append(shipped if minimum is None else min(shipped, minimum))
        return tuple(found)

    def _together(self) -> list[tuple[Point, int]]:
        """Halving the ways from the smallest values up, while it takes turns."""
        ends = ((self._smallest(True), self.shipped, True), (self._smallest(False), self._smallest(True), False))
        wanted = []
        for (start, end, keeping), way in zip(ends, self._diagonals, strict=True):
            if len(way) > _DIAGONAL_STEPS or (way and self._does(way[0][1], keeping)) or self._left() <= 0:
                continue
            low, high = 0.0, 1.0  # 0: at the start, 1: at the end
            for share, point in way:
                low, high = (low, share) if self._does(point, keeping) else (share, high)
            share = (low + high) / 2 if way else 0.0
            point = tuple(
                self._between(place, *ends_of, share) for place, ends_of in enumerate(zip(start, end, strict=True))
            )
            way.append((share, point))
            wanted.append((point, CHEAP))
        return wanted

    def _between(self, place: int, low: int, high: int, share: float = 0.5) -> int:
        """A value of an option between two others, by ratio."""
        wanted = max(1, low) * (max(1, high) / max(1, low)) ** share
        return max(low, min(high, self._values[place][index_below(self._values[place], wanted)]))

    def _steps(self) -> list[tuple[Point, int]]:
        """A round of steps: half of them from the cheapest point that keeps the floors."""
        kept = 0 if self._proofs_begun else self._points // 5
        room = max(0, min(ROUND, self._left() - kept))
        front = self.front
        order = [front[number // 2] if number % 2 == 0 else front[-1 - number // 2] for number in range(len(front))]
        best = self.best
        wanted = [] if best is None else self._from(best, True)[: ROUND // 2]
        for point in order:
            if point != best:
                wanted += [step for step in self._from(point, False) if step not in wanted][:1]
        return wanted[:room]

    def _from(self, point: Point, best: bool) -> list[tuple[Point, int]]:
        """The steps from a point that were not asked for; none up while there are any down."""
        for step in (self._down, self._up):
            found = [(to, CHEAP) for place in self._most_to_gain(point) if (to := step(point, place, best)) is not None]
            new = [each for each in found if each not in self._asked]
            if new:
                return new
        return []

    def _most_to_gain(self, point: Point) -> list[int]:
        """The options, that which is furthest above its smallest value first."""
        gains = [math.log(max(1, value) / max(1, low)) for value, low in zip(point, self._smallest(False), strict=True)]
        return sorted(range(len(point)), key=lambda place: (-gains[place], place))

    def _down(self, point: Point, place: int, best: bool) -> Point | None:
        """The next point down along one option: its smallest value, then halfway to the largest that does worse."""
        here, smallest = point[place], self._smallest(best)[place]
        low = max(
            (other[place] for other in self._along(point, place) if self._is_worse(other, point, best)), default=0
        )
        if low < smallest < here:
            return self._with(place, smallest, point)
        return self._halfway(point, place, max(low, self._values[place][0] - 1), here)

    def _up(self, point: Point, place: int, best: bool) -> Point | None:
        """Halfway up along one option, to the next larger value that works or the shipped one."""
        works = (other for other in self._along(point, place) if other in self._costs and other[place] > point[place])
        high = min([*(other[place] for other in works), self.shipped[place]])
        return None if best else self._halfway(point, place, point[place], high)

    def _is_worse(self, other: Point, point: Point, best: bool) -> bool:
        """Whether a point with a smaller value does what this one does no more."""
        if sum(other) >= sum(point):  # they differ in one value only
            return False
        return not self._does(other, best) or (not best and self._costs[other].speed < self._costs[point].speed)

    def _along(self, point: Point, place: int) -> set[Point]:
        """The points that were tried and differ from this one in one option only."""
        tried = {other for other, _ in self._asked}
        return {other for other in tried if self._with(place, other[place], point) == other}

    def _halfway(self, point: Point, place: int, low: int, high: int) -> Point | None:
        if high <= low * CLOSE:
            return None
        value = self._between(place, low, high)
        return self._with(place, value, point) if low < value < high else None

    def _proofs(self) -> list[tuple[Point, int]]:
        """The points of the front that the full set of trials has not seen."""
        if not self._prove:
            return []
        self._proofs_begun = True
        wanted = dict.fromkeys([*([] if self.best is None else [self.best]), *self.front])
        return [(point, FULL) for point in wanted if point not in self._proven][:ROUND]
