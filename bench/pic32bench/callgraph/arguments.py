# SPDX-License-Identifier: MIT
"""Addresses of functions that are passed on: what a call through an argument calls, seen from all callers.

A function whose own address nobody has can only be called from where the code names it. So what all these places pass
is all that an argument of it can be.
"""

from __future__ import annotations

from pic32bench.callgraph.flow import Flow, Site
from pic32bench.callgraph.program import Program
from pic32bench.image import PHYSICAL


class Arguments:
    """The constants that functions are called with."""

    def __init__(self, program: Program, flows: dict[int, Flow]) -> None:
        self._callers: dict[int, list[tuple[int, Site]]] = {}
        for key, flow in flows.items():
            for site in flow.sites.values():
                for target in site.targets:
                    self._callers.setdefault(target & PHYSICAL & ~1, []).append((key, site))
        entries = set(flows)
        taken = {value & PHYSICAL & ~1 for flow in flows.values() for value in flow.constants}
        self._taken = (taken | {word & PHYSICAL & ~1 for word in program.words()}) & entries

    def of(self, function: int, site: Site) -> tuple[set[int], bool]:
        """The constants that a site's address may be as an argument of its function, and whether these are all."""
        found: set[int] = set()
        complete = True
        for origin in site.origins:
            constants, all_known = self._passed(function, origin, set())
            found |= constants
            complete = complete and all_known
        return found, complete

    def constants(self, function: int, number: int) -> set[int]:
        """The constants that an argument of a function may be, as far as its callers are known."""
        return self._passed(function, number, set())[0]

    def _passed(self, function: int, number: int, asked: set[tuple[int, int]]) -> tuple[set[int], bool]:
        if (function, number) in asked:
            return set(), True
        asked.add((function, number))
        callers = self._callers.get(function, [])
        found: set[int] = set()
        complete = bool(callers) and function not in self._taken
        for caller, site in callers:
            for value in site.passed.get(number, {None}):
                if value is None:
                    complete = False
                elif value[0] is None:
                    found.add(value[1])
                else:
                    constants, all_known = self._passed(caller, value[0], asked)
                    found |= constants
                    complete = complete and all_known
        return found, complete
