# SPDX-License-Identifier: MIT
"""Takes a server through cases, and starts it anew when one has killed it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

from pic32bench.conformance.client import FuzzingClient
from pic32bench.conformance.results import CaseResult
from pic32bench.conformance.server import Server


def run(
    client: FuzzingClient,
    server: Server,
    cases: Iterable[str],
    watch: Callable[[str, list[CaseResult]], None] = lambda case, done: None,
    pause: float = 0.0,
    all_cases: bool = True,
) -> list[CaseResult]:
    """Runs cases, one after the other on the same board.

    A server that does not take the handshake of a case was killed by the case before, which is told in that one's
    grade. It is started anew, and the case gets its turn again. A case that a fresh server does not take fails.

    ``watch`` is told each case before it is run, and what there is until then. ``pause``: seconds of the server's time
    between two cases, for one that does not take a connection right after another. Without ``all_cases`` the first that
    is not good is the last. Raises BenchError.
    """
    done: list[CaseResult] = []

    def turn(case: str) -> CaseResult:
        result = client.run(case, server.url, server.now)
        if not result.opened and not server.fresh and server.restart():
            result = client.run(case, server.url, server.now)
            if result.opened:
                _blame(done)
        server.fresh = False
        return result

    for case in cases:
        watch(case, done)
        if pause and not server.fresh:
            server.wait(pause)
        done.append(turn(case))
        if not all_cases and not all(result.grade.good for result in done[-2:]):
            return done
    if done and not server.answers():
        _blame(done)
    return done


def _blame(done: list[CaseResult]) -> None:
    if done:
        done[-1] = replace(done[-1], grade=replace(done[-1].grade, killed=True))
