# SPDX-License-Identifier: MIT
"""A whole shrink: points are asked for by a search, built one after another, and tried by workers side by side."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from pic32bench.errors import BenchError, UsageError
from pic32bench.shrink.build import Builder, Built
from pic32bench.shrink.front import Cost, FrontSearch
from pic32bench.shrink.options import Option
from pic32bench.shrink.plan import CHEAP_TRIAL, Plan
from pic32bench.shrink.points import Floors, Point, Result, judge
from pic32bench.shrink.report import Report
from pic32bench.shrink.search import CHEAP, FULL, Search
from pic32bench.shrink.state import State, Tried
from pic32bench.shrink.task import Task, Workers

_KEPT_IMAGES = 64
_SAME_IMAGES = 4  # so many values with one image: the build takes no notice of them

Values = tuple[int, ...]


@dataclass
class Shrink:
    """What is to be shrunk, and how.

    Args:
        options: one, or several for a front of RAM against speed.
        builder: makes images.
        plan: what an image must pass.
        workers: who tries images.
        state: what was tried so far; loaded when a run is to go on.
        floors: given floors by figure (`points.FIGURES`); the others are ``share`` of what the shipped image does.
        limit: of how many points at the most.
        watch: is told after every result how many points were tried, how many of them pass, and which was the last.
    """

    options: tuple[Option, ...]
    builder: Builder
    plan: Plan
    workers: Workers
    state: State
    limit: int
    floors: Mapping[str, float] = field(default_factory=dict)
    share: float = 0.9
    watch: Callable[[int, int, str], None] = lambda points, passing, last: None

    def __post_init__(self) -> None:
        self._names = tuple(option.name for option in self.options)
        self._shipped = tuple(option.shipped for option in self.options)
        self._images: dict[Values, bytes] = {}
        self._floors = Floors({})
        self._tried_now = 0

    def run(self) -> Report:
        """Tries the shipped values, then whatever the search asks for.

        Raises BenchError when the shipped image itself does not pass, and UsageError when nothing can be built.
        """
        begin = time.monotonic()
        self._try_shipped()
        if len(self.options) == 1:
            search = Search(self.options[0].values, self.limit, self.plan.proves)
            self._search_one(search)
            report = Report.of_one(self.options[0], self._points(), self._floors, search)
        else:
            front = FrontSearch(
                {option.name: option.values for option in self.options}, self._shipped, self.limit, self.plan.proves
            )
            self._search_front(front)
            report = Report.of_several(self.options, self._points(), self._floors, front)
        return report.with_effort(self._tried_now, time.monotonic() - begin, self.workers.count)

    def _search_one(self, search: Search) -> None:
        while asked := search.ask():
            self._try([((value,), level) for value, level in asked])
            for value, level in asked:
                point = self._point((value,), level)
                search.tell(value, level, point.passes, point.result is not Result.UNBUILT)

    def _search_front(self, front: FrontSearch) -> None:
        while asked := front.ask():
            self._try(asked)
            for values, level in asked:
                point = self._point(values, level)
                cost = None
                if point.works:
                    if point.ram is None:
                        raise UsageError("how much RAM an image takes is in its ELF: give --image an .elf, or both")
                    cost = Cost(point.ram, 1.0 if point.speed is None else point.speed, point.passes)
                front.tell(values, level, cost, point.result is not Result.UNBUILT)

    # The shipped image

    def _try_shipped(self) -> None:
        built = self._build(self._shipped)
        if built.image is None:
            raise UsageError(f"the firmware cannot be built with {self._name(self._shipped)}: {built.reason}")
        self.state.depends_on("firmware", built.digest)
        if self._shipped not in self.state.tried:
            self.state.tried[self._shipped] = Tried(self._shipped, built)
            self._tried_now += 1
        if self.plan.adapts:
            self._adapt(built)
        for name, about in self.plan.about().items():
            self.state.depends_on(f"trial {name}", about)
        for level in (CHEAP, FULL):
            self._try([(self._shipped, level)])
            point = self._point(self._shipped, level)
            if not point.works:
                raise BenchError(f"{self._name(self._shipped)}, as shipped, does not pass: {point.reason}")
            if level == CHEAP:
                self._floors = Floors.of(point.figures, self.floors, self.share)
                if reason := self._floors.reason(point.figures):
                    raise BenchError(f"{self._name(self._shipped)}, as shipped: {reason}")

    def _adapt(self, built: Built) -> None:
        """Finds out which of the cheap checks apply."""
        assert built.image is not None
        trial = next(trial for trial in self.plan.trials if trial.name == CHEAP_TRIAL)
        values = dict(zip(self._names, self._shipped, strict=True))
        task = Task("shipped", built.image, self.plan.settings_of(trial, values))
        ((_, outcome),) = self.workers.run([task])
        self.plan = self.plan.adapted(outcome.checks)

    # Points

    def _try(self, asked: list[tuple[Values, int]]) -> None:
        """Builds and tries points as far as that was not done; writes the state after each result."""
        waiting: dict[str, tuple[Values, str]] = {}
        for task, outcome in self.workers.run(self._tasks(asked, waiting)):
            values, trial = waiting.pop(task.key)
            self.state.tried[values].outcomes[trial] = outcome
            self._tell(values)
        self._look_at_images()

    def _tasks(self, asked: list[tuple[Values, int]], waiting: dict[str, tuple[Values, str]]) -> Iterator[Task]:
        for values, level in asked:
            tried = self.state.tried.get(values)
            if tried is None:
                tried = self.state.tried[values] = Tried(values, self._build(values))
                self._tried_now += 1
                if tried.built.reason:
                    self._tell(values)
            missing = [trial for trial in self.plan.of_level(level) if trial.name not in tried.outcomes]
            if tried.built.reason or not missing:
                continue
            image = self._images.get(values) or self._build(values).image
            if image is None:
                raise UsageError(f"{self._name(values)} was built before and cannot be built now: start again")
            for trial in missing:
                key = f"{self._name(values)} {trial.name}"
                waiting[key] = values, trial.name
                settings = self.plan.settings_of(trial, dict(zip(self._names, values, strict=True)))
                yield Task(key, image, settings, trial.files)

    def _build(self, values: Values) -> Built:
        built = self.builder.build(dict(zip(self._names, values, strict=True)))
        if built.image is not None:
            self._images[values] = built.image
            while len(self._images) > _KEPT_IMAGES:
                del self._images[next(iter(self._images))]
        return built

    def _look_at_images(self) -> None:
        """A build that takes no notice of the values makes the same image again and again. Raises UsageError."""
        digests = [tried.built.digest for tried in self.state.tried.values() if tried.built.digest]
        if len(digests) >= _SAME_IMAGES and len(set(digests)) == 1:
            raise UsageError(
                f"{len(digests)} values of {', '.join(self._names)} gave the very same image: does the build use the "
                "value, and build again when it changes?"
            )

    def _tell(self, values: Values) -> None:
        self.state.save()
        points = self._points()
        self.watch(len(points), sum(point.passes for point in points), self._name(values))

    def _name(self, values: Values) -> str:
        return " ".join(f"{name}={value}" for name, value in zip(self._names, values, strict=True))

    def _point(self, values: Values, level: int = FULL) -> Point:
        """A point by the trials up to a level, as a run that goes on may know more of it than was asked for yet."""
        trials = tuple(trial.name for trial in self.plan.trials if trial.level <= level)
        shipped = self.state.tried.get(self._shipped)
        figures = {} if shipped is None else judge(shipped, self._floors, {}, self.plan.names).figures
        return judge(self.state.tried[values], self._floors, figures, trials)

    def _points(self) -> list[Point]:
        return [self._point(values) for values in sorted(self.state.tried)]
