# SPDX-License-Identifier: MIT
"""A run's use of RAM against the limits of a footprint table."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import TypeVar

from pic32bench.footprint.budget import Budget
from pic32bench.footprint.names import symbol_matches
from pic32bench.memory.report import Breach, Report

_Used = TypeVar("_Used")


def against(report: Report, budget: Budget) -> Report:
    """The report with what is over a limit, and the limits that nothing in the run answers to."""
    breaches: list[Breach] = []
    unmatched: list[str] = []

    def hold(
        kind: str,
        limits: Sequence[tuple[str, int]],
        used: Sequence[_Used],
        name: Callable[[_Used], str],
        over: Callable[[_Used, int], Iterator[str]],
    ) -> None:
        for number, (pattern, line) in enumerate(limits):
            meant = [each for each in used if symbol_matches(name(each), pattern)]
            if not meant:
                unmatched.append(f"{kind} {pattern} ({budget.path}, line {line})")
            breaches.extend(
                Breach(f"{kind} {name(each)}", f"{kind} {name(each)}: {text}")
                for each in meant
                for text in over(each, number)
            )

    hold(
        "stack",
        [(limit.name, limit.line) for limit in budget.stacks],
        report.stacks,
        lambda stack: stack.name,
        lambda stack, number: _over(stack.used, budget.stacks[number].max, "bytes"),
    )
    hold(
        "buffer",
        [(limit.name, limit.line) for limit in budget.buffers],
        report.buffers,
        lambda buffer: buffer.name,
        lambda buffer, number: _over(buffer.used, budget.buffers[number].max, "bytes"),
    )
    hold(
        "heap",
        [(limit.name, limit.line) for limit in budget.heaps],
        report.heaps,
        lambda heap: heap.name,
        lambda heap, number: iter(
            [
                *_over(heap.most, budget.heaps[number].max, "bytes"),
                *_over(heap.failures, budget.heaps[number].failures, "failed requests"),
            ]
        ),
    )
    hold(
        "pool",
        [(limit.name, limit.line) for limit in budget.pools],
        report.pools,
        lambda pool: pool.name,
        lambda pool, number: _over(pool.most, budget.pools[number].max, "elements"),
    )
    return replace(report, budget=str(budget.path), breaches=tuple(breaches), unmatched=tuple(unmatched))


def is_meant_for(report: Report, budget: Budget) -> bool:
    """Whether a table's limits are about this firmware: it has a buffer that one of them names."""
    return any(symbol_matches(buffer.name, limit.name) for limit in budget.buffers for buffer in report.buffers)


def _over(used: int, limit: int | None, unit: str) -> Iterator[str]:
    if limit is not None and used > limit:
        yield f"{used:,} {unit}, {used - limit:,} over its limit of {limit:,}"
