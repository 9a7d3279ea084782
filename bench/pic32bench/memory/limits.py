# SPDX-License-Identifier: MIT
"""A run's use of RAM against the limits of a footprint table."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Protocol, TypeVar

from pic32bench.footprint.budget import Budget, HeapLimit
from pic32bench.footprint.names import symbol_matches
from pic32bench.memory.report import Breach, HeapUse, Report


class _Use(Protocol):
    @property
    def name(self) -> str: ...


class _Limit(Protocol):
    @property
    def name(self) -> str: ...
    @property
    def line(self) -> int: ...


_U = TypeVar("_U", bound=_Use)
_L = TypeVar("_L", bound=_Limit)


def against(report: Report, budget: Budget) -> Report:
    """The report with what is over a limit, and the limits that nothing in the run answers to."""
    breaches: list[Breach] = []
    unmatched: list[str] = []

    def hold(kind: str, limits: Sequence[_L], uses: Sequence[_U], over: Callable[[_U, _L], Iterator[str]]) -> None:
        for limit in limits:
            meant = [use for use in uses if symbol_matches(use.name, limit.name)]
            if not meant:
                unmatched.append(f"{kind} {limit.name} ({budget.path}, line {limit.line})")
            for use in meant:
                what = f"{kind} {use.name}"
                breaches.extend(Breach(what, f"{what}: {text}") for text in over(use, limit))

    hold("stack", budget.stacks, report.stacks, lambda stack, limit: _over(stack.used, limit.max, "bytes"))
    hold("buffer", budget.buffers, report.buffers, lambda buffer, limit: _over(buffer.used, limit.max, "bytes"))
    hold("heap", budget.heaps, report.heaps, _over_of_heap)
    hold("pool", budget.pools, report.pools, lambda pool, limit: _over(pool.most, limit.max, "elements"))
    return replace(report, budget=str(budget.path), breaches=tuple(breaches), unmatched=tuple(unmatched))


def is_meant_for(report: Report, budget: Budget) -> bool:
    """Whether a table's limits are about this firmware: it has a buffer that one of them names."""
    return any(symbol_matches(buffer.name, limit.name) for limit in budget.buffers for buffer in report.buffers)


def _over_of_heap(heap: HeapUse, limit: HeapLimit) -> Iterator[str]:
    yield from _over(heap.most, limit.max, "bytes")
    yield from _over(heap.failures, limit.failures, "failed requests")


def _over(used: int, limit: int | None, unit: str) -> Iterator[str]:
    if limit is not None and used > limit:
        yield f"{used:,} {unit}, {used - limit:,} over its limit of {limit:,}"
