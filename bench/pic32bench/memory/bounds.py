# SPDX-License-Identifier: MIT
"""What stacks can need by their code, beside what a run used of them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from pic32bench.callgraph import Assumptions, StackRange, stack_bounds
from pic32bench.errors import BenchError
from pic32bench.footprint.budget import load_budget
from pic32bench.image import PHYSICAL
from pic32bench.memory.report import Report
from pic32bench.paths import reference_firmware


def with_bounds(report: Report, image: Path, symbols: str | Path | None, budget: str | Path | None) -> Report:
    """The report with the bounds of its stacks, as far as the code of an image tells them.

    What ``budget`` says of calls through pointers is taken from it; None: nothing, but for the reference firmware.
    """
    ranges = [
        StackRange(stack.name, None if stack.low is None else stack.low & PHYSICAL, stack.high & PHYSICAL)
        for stack in report.stacks
    ]
    try:
        ours = budget is None and image.resolve() == reference_firmware().resolve()
        told = Assumptions.of(load_budget(budget)) if ours or budget is not None else None
        found = {bound.name: bound for bound in stack_bounds(image, symbols, told, ranges)}
    except BenchError:  # bounds are an extra: code that cannot be read has been run all the same
        return report
    return replace(
        report,
        stacks=tuple(
            replace(stack, bound=found[stack.name].total, bounded=found[stack.name].bounded)
            if stack.name in found
            else stack
            for stack in report.stacks
        ),
    )
