# SPDX-License-Identifier: MIT
"""Who calls whom in a firmware, and how deep its stacks can get, both from its code."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from pic32bench.callgraph.assumptions import Assumptions
from pic32bench.callgraph.bound import Bound, Bounds, StackRange
from pic32bench.callgraph.graph import CallGraph, build
from pic32bench.callgraph.program import load

__all__ = ["Assumptions", "Bound", "Bounds", "CallGraph", "StackRange", "build", "load", "stack_bounds"]


def stack_bounds(
    image: str | Path,
    symbols: str | Path | None = None,
    assumptions: Assumptions | None = None,
    stacks: Iterable[StackRange] = (),
    roots: Iterable[str] = (),
) -> tuple[Bound, ...]:
    """The most that each stack of a firmware needs: of main, tasks, interrupts, exceptions, and of ``roots``.

    ``symbols`` are an ELF or MAP that names what a HEX does not, ``stacks`` where its stacks are, so that they get
    their names and sizes. Raises ImageError and UsageError, one line.
    """
    graph = build(load(image, symbols), assumptions, roots)
    bounds = Bounds(graph, assumptions, stacks)
    return (*bounds.chosen(), *bounds.stacks())
