# SPDX-License-Identifier: MIT
"""Keywords for what a board used of its RAM."""

from __future__ import annotations

from typing import TYPE_CHECKING

from robot.api import logger

from pic32bench.robot.emulation import EmulationKeywords

if TYPE_CHECKING:
    from pic32bench.memory import Report


class MemoryKeywords(EmulationKeywords):
    """RAM in motion. The run up to now is played again and watched, so nothing has to be asked for before."""

    def memory_should_fit(self, budget: str | None = None, symbols: str | None = None) -> Report:
        """Fails if the board used more RAM than its limits allow, or if something was written past its end.

        Counted is all from power-on to now, also before a snapshot from which the board came. A stack that went past
        its bottom, and a store past the end of an object, fail in any case. ``budget`` is a footprint table with
        limits; without it firmware/footprint.toml of the project is taken, if it is about this firmware. ``symbols`` is
        an ELF or MAP for an image that has no names, beside what lies beside the image. Says the same as
        `Memory Report` in the log, and returns it.

        | Suite Teardown    Run Keywords    Memory Should Fit    AND    Stop Emulation
        | Memory Should Fit    budget=limits.toml
        """
        report = self.memory_report(symbols, budget)
        if not report.fits:
            raise AssertionError(report.complaint())
        return report

    def memory_report(self, symbols: str | None = None, budget: str | None = None) -> Report:
        """What the board used of its RAM up to now: ``buffers``, ``stacks``, ``heaps``, ``pools``, ``overruns``.

        The tables of `pic32bench memory` go to the log. Arguments are those of `Memory Should Fit`.

        | ${report}=    Memory Report
        | Log    ${report.buffers[0].name} used ${report.buffers[0].used} bytes
        """
        from pic32bench.memory import measure_board  # with what it needs it would slow down every suite's start
        from pic32bench.memory.table import as_text

        report = measure_board(self.board, symbols, budget)
        logger.info(as_text(report))
        return report
