# SPDX-License-Identifier: MIT
"""The smallest value of one option that passes, without trust that all larger ones pass and all smaller ones fail.

`Search` is told results and asks for more; it neither builds nor runs anything. What it asks depends on what it was
told alone, a round at a time, so that a round's values may be tried in any order and any number at once.

1. A grid: values from the largest to the smallest, each about 1.4 times the next, every other one half of the last but
   one.
2. Refinement: between every two neighbours of which one passes and one fails, the middle, until they are adjacent.
3. Proof: the full set of trials for the smallest that passed. If it fails there, halving between it and the smallest
   value that is proven, with the full set, until they are adjacent.
4. Spot checks: the three values next below the minimum, and the middles of the widest gaps below and above it. One
   that comes out otherwise than its neighbours is a new edge: back to 2.
5. Proof of the neighbourhood: the full set for the next larger value, and for the value from which on nothing failed.
"""

from __future__ import annotations

import bisect
import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from itertools import pairwise

GRID_RATIO = math.sqrt(2)
SPOTS_NEXT = 3
SPOTS_BELOW = 4
SPOTS_ABOVE = 4
DEFAULT_POINTS = 80

CHEAP, FULL = 0, 1


class Verdict(IntEnum):
    """What is known of a value. UNBUILT: it cannot even be built, which is no news between two others like it."""

    UNBUILT = 0
    FAILED = 1
    PASSED = 2  # the cheap trials; the full set is still to come
    PROVEN = 3

    @property
    def works(self) -> bool:
        """Whether nothing speaks against it."""
        return self >= Verdict.PASSED


@dataclass(frozen=True)
class Region:
    """Neighbouring values that were tried with the same result."""

    low: int
    high: int
    works: bool


def index_below(values: Sequence[int], value: float) -> int:
    """The index of the largest of ascending values that is no larger than this one, 0 if there is none."""
    return max(0, bisect.bisect_right(values, value) - 1)


class Search:
    """Ask and tell.

    Args:
        values: what may be asked, ascending; a range or a list.
        points: of how many values it asks at the most, at least 2.
        prove: whether there is a full set of trials beside the cheap ones.
        ratio: of the grid.
        spots: whether to make spot checks.
        close: an edge is fine enough when its ends are no further apart than this ratio; 1: when they are adjacent.
    """

    def __init__(
        self,
        values: Sequence[int],
        points: int = DEFAULT_POINTS,
        prove: bool = True,
        ratio: float = GRID_RATIO,
        spots: bool = True,
        close: float = 1.0,
    ) -> None:
        self.values = values
        self._left = points
        self._prove = prove
        self._close = close
        self._known: dict[int, Verdict] = {}  # by index into values
        self._asked: set[tuple[int, int]] = set()
        self._refuted: set[int] = set()  # passed the cheap trials, and not the full set
        self._next = SPOTS_NEXT if spots else 0
        self._spots = [SPOTS_BELOW, SPOTS_ABOVE] if spots else [0, 0]
        self._grid = self._make_grid(ratio)

    def _make_grid(self, ratio: float) -> list[int]:
        """Indexes from the largest value down; all when there are no more than a grid would have."""
        found = [len(self.values) - 1]
        steps = 0
        while found[-1] > 0:
            steps += 1
            # Counted from the top, so that halves and quarters are met exactly: sizes like powers of two.
            wanted = self._index(round(self.values[-1] / ratio**steps))
            found.append(min(found[-1] - 1, wanted))
        if found[0] == 0:
            return found
        # The budget holds the ends at least, and every other value is evenly thinned out.
        keep = max(2, self._left // 2)
        step = max(1.0, (len(found) - 1) / (keep - 1))
        return [found[round(number * step)] for number in range(min(keep, len(found)))]

    def _index(self, value: float) -> int:
        return index_below(self.values, value)

    def ask(self) -> list[tuple[int, int]]:
        """What to try next, (value, CHEAP or FULL) each, all of which is then told; [] when it is done."""
        for find in (self._from_grid, self._edges, self._minimum, self._next_below, self._gaps, self._around):
            wanted = [(index, level) for index, level in find() if (index, level) not in self._asked]
            if level_zero := [index for index, level in wanted if level == CHEAP]:
                wanted = [(index, CHEAP) for index in level_zero[: max(0, self._left)]]
                self._left -= len(wanted)
            if wanted:
                self._asked.update(wanted)
                return [(self.values[index], level) for index, level in wanted]
        return []

    def tell(self, value: int, level: int, passed: bool, built: bool = True) -> None:
        """What came of a value that was asked for."""
        if not passed:
            verdict = Verdict.FAILED if built else Verdict.UNBUILT
        elif level == CHEAP and self._prove:
            verdict = Verdict.PASSED
        else:
            verdict = Verdict.PROVEN
        index = self._index(value)
        if level == FULL and not passed:
            self._refuted.add(index)
        before = self._known.get(index)
        # A trial that failed is not made good by another that passed.
        self._known[index] = verdict if before is None else verdict if before.works else before

    # What to ask for: indexes and levels

    def _from_grid(self) -> list[tuple[int, int]]:
        return [(index, CHEAP) for index in self._grid]

    def _edges(self) -> list[tuple[int, int]]:
        """The middle of every edge that is not fine enough."""
        found = []
        for low, high in self._neighbours():
            if self._is_edge(low, high) and not self._refuted & {low, high}:
                found.append(((low + high) // 2, CHEAP))
        return found

    def _is_edge(self, low: int, high: int) -> bool:
        return self._known[low].works != self._known[high].works and self._apart(low, high)

    def _apart(self, low: int, high: int) -> bool:
        return high - low > 1 and self.values[high] > self._close * self.values[low]

    def _minimum(self) -> list[tuple[int, int]]:
        """The next step to a proven minimum."""
        smallest = self._smallest()
        if smallest is None or not self._prove or self._known[smallest] is Verdict.PROVEN:
            return []
        if not self._refuted:
            return [(smallest, FULL)]
        high = self._smallest(Verdict.PROVEN)
        if high is None:
            return [(max(index for index, verdict in self._known.items() if verdict.works), FULL)]
        low = max((index for index, verdict in self._known.items() if index < high and not verdict.works), default=high)
        if not self._apart(low, high):
            return []
        middle = (low + high) // 2
        return [(middle, FULL if middle in self._known else CHEAP)]

    def _next_below(self) -> list[tuple[int, int]]:
        """The values next below the minimum."""
        smallest = self._smallest(Verdict.PROVEN)
        below = [] if smallest is None else range(smallest - 1, max(-1, smallest - 1 - self._next), -1)
        return [(index, CHEAP) for index in below if index not in self._known]

    def _gaps(self) -> list[tuple[int, int]]:
        """The middles of the widest gaps, below and above the minimum."""
        smallest = self._smallest(Verdict.PROVEN)
        if smallest is None:
            return []
        found = []
        for side, below in enumerate((True, False)):
            gaps = [
                (self._width(low, high), low, high)
                for low, high in self._neighbours()
                if high - low > 1 and (high <= smallest if below else low >= smallest)
                if self._known[low] is not Verdict.UNBUILT or self._known[high] is not Verdict.UNBUILT
            ]
            gaps.sort(key=lambda gap: (-gap[0], gap[1]))
            chosen = gaps[: self._spots[side]]
            self._spots[side] -= len(chosen)
            found += [(self._middle(low, high), CHEAP) for _, low, high in chosen]
        return found

    def _around(self) -> list[tuple[int, int]]:
        smallest, safe = self._smallest(Verdict.PROVEN), self._safe()
        if smallest is None or safe is None or not self._prove:
            return []
        wanted = {safe, min(smallest + 1, len(self.values) - 1)}
        return [
            (index, FULL)
            for index in sorted(wanted)
            if index in self._known and self._known[index].works and self._known[index] is not Verdict.PROVEN
        ]

    # What is known

    def _neighbours(self) -> list[tuple[int, int]]:
        tried = sorted(self._known)
        return list(pairwise(tried))

    def _width(self, low: int, high: int) -> float:
        return math.log(max(1, self.values[high]) / max(1, self.values[low]))

    def _middle(self, low: int, high: int) -> int:
        """Of a gap, by ratio."""
        middle = self._index(math.sqrt(max(1, self.values[low]) * max(1, self.values[high])))
        return min(max(middle, low + 1), high - 1)

    def _smallest(self, least: Verdict = Verdict.PASSED) -> int | None:
        return min((index for index, verdict in self._known.items() if verdict >= least), default=None)

    def _safe(self) -> int | None:
        """From where on all that were tried work."""
        found = None
        for index in sorted(self._known, reverse=True):
            if not self._known[index].works:
                break
            found = index
        return found

    @property
    def minimum(self) -> int | None:
        """The smallest value that passed everything that there is, None if there is none."""
        index = self._smallest(Verdict.PROVEN)
        return None if index is None else self.values[index]

    @property
    def safe_from(self) -> int | None:
        """The smallest value from which on every value that was tried works; None if the largest fails."""
        index = self._safe()
        return None if index is None else self.values[index]

    @property
    def verdicts(self) -> dict[int, Verdict]:
        """What is known of each value that was tried, ascending."""
        return {self.values[index]: self._known[index] for index in sorted(self._known)}

    @property
    def regions(self) -> list[Region]:
        """Neighbours with the same result, ascending; more than two: larger is not always better."""
        found: list[Region] = []
        for value, verdict in self.verdicts.items():
            if found and found[-1].works == verdict.works:
                found[-1] = Region(found[-1].low, value, verdict.works)
            else:
                found.append(Region(value, value, verdict.works))
        return found

    @property
    def complete(self) -> bool:
        """Whether the budget of points sufficed to bring every edge down to adjacent values."""
        return not any(self._is_edge(low, high) for low, high in self._neighbours())
