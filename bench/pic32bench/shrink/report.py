# SPDX-License-Identifier: MIT
"""What a shrink has found: as a table on the terminal, in Markdown and as JSON. `pic32bench.shrink.plot` draws it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from rich import box
from rich.console import Console as Terminal
from rich.markup import escape
from rich.table import Table

from pic32bench.shrink.front import FrontSearch
from pic32bench.shrink.options import Option
from pic32bench.shrink.points import FIGURES, Floors, Point, Result
from pic32bench.shrink.search import Region, Search

_MARKDOWN_WIDTH = 2000  # a row is never broken


@dataclass(frozen=True)
class Effort:
    """How many points were tried in this run, in how many wall seconds, by how many workers."""

    points: int
    seconds: float
    workers: int

    @property
    def points_per_minute(self) -> float:
        """How fast it was."""
        return self.points * 60 / self.seconds if self.seconds else 0.0


@dataclass(frozen=True)
class Report:
    """What was found.

    ``minimum`` is the smallest value that passes, or with several options the cheapest point that does; None when there
    is none. Of one option: ``safe_from`` is the smallest value from which on all that was tried passes, ``regions`` are
    neighbours with the same result. Of several: ``front`` are the points of which no other has less RAM and no less
    speed. ``complete``: the budget of points sufficed.
    """

    options: tuple[Option, ...]
    points: tuple[Point, ...]
    floors: Floors
    minimum: Point | None
    complete: bool
    safe_from: int | None = None
    regions: tuple[Region, ...] = ()
    front: tuple[Point, ...] = ()
    effort: Effort = field(default_factory=lambda: Effort(0, 0.0, 1))

    @classmethod
    def of_one(cls, option: Option, points: Sequence[Point], floors: Floors, search: Search) -> Report:
        """What a `Search` has found."""
        minimum = next((point for point in points if point.values == (search.minimum,)), None)
        return cls((option,), tuple(points), floors, minimum, search.complete, search.safe_from, tuple(search.regions))

    @classmethod
    def of_several(
        cls, options: Sequence[Option], points: Sequence[Point], floors: Floors, search: FrontSearch
    ) -> Report:
        """What a `FrontSearch` has found."""
        by_values = {point.values: point for point in points}
        front = tuple(by_values[values] for values in search.front)
        minimum = None if search.best is None else by_values[search.best]
        return cls(tuple(options), tuple(points), floors, minimum, search.complete, front=front)

    def with_effort(self, points: int, seconds: float, workers: int) -> Report:
        """The same with what it took."""
        return replace(self, effort=Effort(points, seconds, workers))

    @property
    def shipped(self) -> Point:
        """The point with the values as shipped."""
        values = tuple(option.shipped for option in self.options)
        return next(point for point in self.points if point.values == values)

    @property
    def monotone(self) -> bool:
        """Whether, of one option, every value that was tried passes that is larger than one that does."""
        return len(self.regions) <= 2 and (len(self.regions) < 2 or not self.regions[0].works)

    def name(self, point: Point) -> str:
        """A point's values, with the options' names if there are several."""
        if len(self.options) == 1:
            return str(point.values[0])
        return " ".join(f"{option.name}={value}" for option, value in zip(self.options, point.values, strict=True))

    def sentences(self) -> list[str]:
        """What was found, in words."""
        names = ", ".join(option.name for option in self.options)
        shipped = self.shipped
        said = []
        if self.minimum is None:
            said.append(f"{names}: no value that was tried passes")
        elif self.minimum.values == shipped.values:
            said.append(f"{names}: nothing that costs less than what is shipped passes, {self.name(shipped)}")
        else:
            saved = ""
            if shipped.ram is not None and self.minimum.ram is not None:
                saved = f", {shipped.ram - self.minimum.ram:,} bytes of RAM less"
            what = f"{names}: {self.name(self.minimum)}" if len(self.options) == 1 else self.name(self.minimum)
            said.append(f"{what} is the smallest that passes; shipped is {self.name(shipped)}{saved}")
        if not self.monotone:
            parts = ", ".join(f"{'pass' if one.works else 'fail'} {one.low}..{one.high}" for one in self.regions)
            safe = "" if self.safe_from is None else f"; from {self.safe_from} on everything that was tried passes"
            said.append(f"larger is not always better here: {parts}{safe}")
        if self.floors.least:
            floors = (
                f"{FIGURES[name][0]} {least:,.1f} {FIGURES[name][1]}" for name, least in self.floors.least.items()
            )
            said.append(f"floors: {', '.join(floors)}")
        if not self.complete:
            said.append("the limit of points was reached before every edge was found exactly: --points N allows more")
        return said

    def rows(self, everything: bool) -> list[Point]:
        """The points to show: all of one option from the largest down; of several shipped, minimum and the front."""
        if len(self.options) == 1:
            return sorted(self.points, key=lambda point: point.values, reverse=True)
        if everything:
            return sorted(self.points, key=lambda point: (point.ram or 0, point.values))
        chosen = [self.shipped, *([] if self.minimum is None else [self.minimum]), *self.front]
        return list({point.values: point for point in chosen}.values())

    def as_json(self) -> dict[str, Any]:
        """Everything, as plain data."""
        names = [option.name for option in self.options]

        def written(point: Point) -> dict[str, Any]:
            return {
                "values": dict(zip(names, point.values, strict=True)),
                "result": point.result.value,
                "reason": point.reason,
                "ram": point.ram,
                **{name: point.figures.get(name) for name in FIGURES},
                "speed": point.speed,
                "build_seconds": round(point.build_seconds, 3),
                "trial_seconds": round(point.trial_seconds, 3),
            }

        data: dict[str, Any] = {
            "options": [
                {"name": one.name, "shipped": one.shipped, "from": one.values[0], "to": one.values[-1]}
                for one in self.options
            ],
            "floors": dict(self.floors.least),
            "shipped": written(self.shipped),
            "minimum": None if self.minimum is None else written(self.minimum),
            "complete": self.complete,
        }
        if len(self.options) == 1:
            data["safe_from"] = self.safe_from
            data["monotone"] = self.monotone
            data["regions"] = [{"from": one.low, "to": one.high, "passes": one.works} for one in self.regions]
        else:
            data["front"] = [written(point) for point in self.front]
        data["points"] = [written(point) for point in self.points]
        data["effort"] = {**vars(self.effort), "points_per_minute": round(self.effort.points_per_minute, 1)}
        return data

    def write_table(self, terminal: Terminal, everything: bool = False) -> None:
        """Prints the table and the sentences."""
        terminal.print(self._table(box.SIMPLE_HEAD if terminal.is_terminal else box.MARKDOWN, everything))
        for sentence in self.sentences():
            terminal.print(escape(sentence), soft_wrap=True)

    def markdown(self, everything: bool = False) -> str:
        """The sentences and the table, for a pull request or a page."""
        terminal = Terminal(width=_MARKDOWN_WIDTH, color_system=None, emoji=False, highlight=False)
        with terminal.capture() as capture:
            terminal.print(self._table(box.MARKDOWN, everything))
        table = "\n".join(line.rstrip() for line in capture.get().strip().splitlines())
        return "\n".join([*(f"- {sentence}" for sentence in self.sentences()), "", table, ""])

    def _table(self, style: box.Box, everything: bool) -> Table:
        table = Table(box=style)
        for option in self.options:
            table.add_column(option.name, justify="right", no_wrap=True)
        table.add_column("result", no_wrap=True)
        for name in FIGURES:
            label, unit = FIGURES[name]
            table.add_column(f"{label}, {unit}" if name != "frame_rate" else unit, justify="right")
        table.add_column("RAM", justify="right", no_wrap=True)
        table.add_column("build, s", justify="right")
        table.add_column("reason", overflow="fold")
        for point in self.rows(everything):
            result = point.result.value
            if self.minimum is not None and point.values == self.minimum.values:
                result += ", minimum"
            table.add_row(
                *map(str, point.values),
                result,
                *(_number(point.figures, name) for name in FIGURES),
                "" if point.ram is None else str(point.ram),
                f"{point.build_seconds:.1f}",
                escape(point.reason),
                style="dim" if point.result in (Result.FAILED, Result.UNBUILT) else "",
            )
        return table


def _number(figures: Mapping[str, float], name: str) -> str:
    return "" if name not in figures else f"{figures[name]:,.0f}" if name == "frame_rate" else f"{figures[name]:.1f}"
