# SPDX-License-Identifier: MIT
"""The calls of a run, by the functions of a call graph."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from pic32bench.callgraph.graph import CallGraph
from pic32bench.image import PHYSICAL

Counts = Mapping[tuple[int, int], int]


def by_function(graph: CallGraph, calls: Counts, jumps: Counts) -> dict[tuple[int, int], int]:
    """How often one function called or jumped to another, from the addresses of instructions and targets.

    Left out: jumps that are no tail calls, and interrupts, which no instruction calls.
    """
    owners: dict[int, list[int]] = {}
    for key, flow in graph.flows.items():
        for address, _ in flow.sites:
            owners.setdefault(address & PHYSICAL, []).append(key)
    edges = {key: {(e.address & PHYSICAL, e.target) for e in each} for key, each in graph.edges.items()}
    found: dict[tuple[int, int], int] = {}
    for site, target, count in _ways(calls, jumps):
        callers = owners.get(site, [])
        # Code that several functions go on in belongs to that which the code says calls so.
        known = [key for key in callers if (site, target) in edges[key]]
        over = graph.program.over(site)
        caller = next(iter([*known, *([over.key] if over else []), *callers]), None)
        if caller is not None and target in graph.program.functions and (callers or caller != target):
            found[caller, target] = found.get((caller, target), 0) + count
    return found


def _ways(calls: Counts, jumps: Counts) -> Iterator[tuple[int, int, int]]:
    for ways, all_of_them in ((calls, True), (jumps, False)):
        for (site, target), count in ways.items():
            if site and (all_of_them or site != target):
                yield site & PHYSICAL, target & PHYSICAL & ~1, count
