# SPDX-License-Identifier: MIT
"""The regression net: minima that were proven once, in a file that is committed, and a check that they still hold.

A full search takes long; to try again what it has found, a build and a cheap trial an option. A minimum has grown when
the value that was the minimum does not pass any more, or no longer keeps the floors that were stated then. And nobody
should ship less than what was proven.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from rich import box
from rich.console import Console as Terminal
from rich.markup import escape
from rich.table import Table

from pic32bench.errors import UsageError
from pic32bench.paths import write_whole
from pic32bench.shrink.build import Builder
from pic32bench.shrink.cluster import identity
from pic32bench.shrink.plan import CHEAP_TRIAL, Plan
from pic32bench.shrink.points import FIGURES, Floors, Result, judge
from pic32bench.shrink.report import Report
from pic32bench.shrink.state import State, Tried
from pic32bench.shrink.task import Task, Workers

FORMAT = 1


class BaselineError(UsageError):
    """A baseline cannot be read, or holds nothing that can be checked."""


@dataclass(frozen=True)
class Proof:
    """Of one option: the smallest value that passed everything, and what is known of it.

    Args:
        minimum: that value.
        shipped: what the firmware shipped with at the time.
        safe_from: the value from which on everything that was tried passed.
        low, high, tried: the values that were searched, and how many of them were tried.
        floors: what figures had to keep, by their names in `points.FIGURES`.
        figures: what the minimum did, ``ram`` the bytes that it takes before it runs (None: unknown).
        proved_by: the checks or suites that it passed, by trial.
        emulator, firmware: what they were tried on, and the shipped image, as digests; for whoever finds that a
            minimum has grown.
    """

    minimum: int
    shipped: int
    safe_from: int
    low: int
    high: int
    tried: int
    floors: Mapping[str, float]
    figures: Mapping[str, float]
    ram: int | None
    proved_by: Mapping[str, tuple[str, ...]]
    emulator: str
    firmware: str


@dataclass(frozen=True)
class Finding:
    """What the check of an option found; ``reasons`` is empty when all is well."""

    option: str
    minimum: int
    shipped: int | None
    reasons: tuple[str, ...] = ()
    figures: Mapping[str, float] = field(default_factory=dict)

    @property
    def passed(self) -> bool:
        """Whether the minimum still passes and no less is shipped."""
        return not self.reasons


def proof(report: Report, state: State) -> Proof:
    """What a full search over one option has proven. Raises UsageError when it has not."""
    if len(report.options) != 1:
        raise UsageError("--save-baseline: a minimum is proven one option at a time")
    (option,) = report.options
    best = report.minimum
    if best is None or best.result is not Result.PROVEN or report.safe_from is None:
        raise UsageError(f"--save-baseline: no value of {option.name} was proven, nothing is written")
    if not report.complete:
        raise UsageError("--save-baseline: the limit of points was too low to be sure: allow more with --points N")
    return Proof(
        minimum=best.values[0],
        shipped=option.shipped,
        safe_from=report.safe_from,
        low=option.values[0],
        high=option.values[-1],
        tried=len(report.points),
        floors=dict(report.floors.least),
        figures=dict(best.figures),
        ram=best.ram,
        proved_by={name: outcome.checks for name, outcome in state.tried[best.values].outcomes.items()},
        emulator=identity()["emulator"],
        firmware=state.tried[(option.shipped,)].built.digest,
    )


def save(path: Path, option: str, proven: Proof) -> None:
    """Writes an option's proof into a file, beside those of other options. Raises UsageError."""
    proofs = load(path) if path.exists() else {}
    proofs[option] = proven
    data = {"format": FORMAT, "options": {name: asdict(proofs[name]) for name in sorted(proofs)}}
    try:
        write_whole(path, (json.dumps(data, indent=2) + "\n").encode())
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror}") from None


def load(path: Path) -> dict[str, Proof]:
    """The proofs in a file, by option. Raises BaselineError."""
    again = "write it anew with `pic32bench shrink OPTION --save-baseline`"
    try:
        data = json.loads(path.read_bytes())
    except OSError as error:
        raise BaselineError(f"{path}: {error.strerror}: {again}") from None
    except ValueError as error:  # also of bytes that are no text
        raise BaselineError(f"{path} is no JSON: {error}: {again}") from None
    try:
        if data["format"] != FORMAT:
            raise BaselineError(f"{path} has format {data['format']!r}, expected {FORMAT}: {again}")
        proofs = {str(name): _read(one) for name, one in data["options"].items()}
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        missing = f"there is no {error}" if isinstance(error, KeyError) else str(error)
        raise BaselineError(f"{path} is no baseline: {missing}: {again}") from None
    if not proofs:
        raise BaselineError(f"{path} holds no option: {again}")
    return proofs


def _read(one: Mapping[str, Any]) -> Proof:
    whole = {name: _whole(name, one[name]) for name in ("minimum", "shipped", "safe_from", "low", "high", "tried")}
    return Proof(
        **whole,
        floors=_figures("floors", one["floors"]),
        figures=_figures("figures", one["figures"]),
        ram=None if one["ram"] is None else _whole("ram", one["ram"]),
        proved_by={str(trial): tuple(map(str, checks)) for trial, checks in one["proved_by"].items()},
        emulator=str(one["emulator"]),
        firmware=str(one["firmware"]),
    )


def _whole(name: str, value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise ValueError(f"{name} is {value!r}, expected a whole number")
    return value


def _figures(name: str, values: Mapping[str, object]) -> dict[str, float]:
    read: dict[str, float] = {}
    for figure, value in values.items():
        if figure not in FIGURES or not isinstance(value, int | float) or not math.isfinite(value):
            raise ValueError(f"{name} has {figure} = {value!r}, expected numbers of {', '.join(FIGURES)}")
        read[figure] = float(value)
    return read


def check(
    proofs: Mapping[str, Proof],
    shipped: Mapping[str, int],
    builder: Builder,
    plan: Plan,
    workers: Workers,
    level: int,
    watch: Callable[[int, str], None] = lambda done, option: None,
) -> list[Finding]:
    """Holds what there is now against proofs.

    Args:
        proofs: by option.
        shipped: what the firmware ships with, of the options of which that is known.
        builder: who builds.
        plan: what an image must pass.
        workers: who tries images.
        level: trials up to this level of the plan.
        watch: is told how many options were begun before each that is being tried.

    Raises UsageError when nothing can be built or tried at all.
    """
    tried: dict[str, Tried] = {}
    waiting: dict[str, tuple[str, str]] = {}

    def tasks() -> Iterator[Task]:
        for option, one in proofs.items():
            watch(len(tried), option)
            values = {option: one.minimum}
            built = builder.build(values)
            tried[option] = Tried((one.minimum,), built)
            if built.image is None:
                continue
            asked = plan.adapted(one.proved_by.get(CHEAP_TRIAL, ())) if plan.adapts else plan
            for trial in asked.trials:
                if trial.level <= level:
                    key = f"{option}={one.minimum} {trial.name}"
                    waiting[key] = option, trial.name
                    yield Task(key, built.image, asked.settings_of(trial, values), trial.files)

    for task, outcome in workers.run(tasks()):
        option, trial_name = waiting.pop(task.key)
        tried[option].outcomes[trial_name] = outcome
    return [_finding(option, one, tried[option], shipped.get(option)) for option, one in proofs.items()]


def _finding(option: str, proven: Proof, tried: Tried, shipped: int | None) -> Finding:
    point = judge(tried, Floors(proven.floors), {}, tuple(sorted(tried.outcomes)))
    reasons = []
    unmeasured = [name for name in proven.floors if name not in point.figures]
    if not point.passes:
        reasons.append(f"{proven.minimum}, the proven minimum, does not pass any more: {point.reason}")
    elif unmeasured:
        reasons.append(f"{proven.minimum}, the proven minimum: {FIGURES[unmeasured[0]][0]} is not measured any more")
    if shipped is not None and shipped < proven.minimum:
        reasons.append(f"{shipped} is shipped, below the proven minimum of {proven.minimum}")
    return Finding(option, proven.minimum, shipped, tuple(reasons), point.figures)


def as_json(findings: Sequence[Finding]) -> dict[str, Any]:
    """Everything, as plain data."""
    rows = [{**asdict(found), "passed": found.passed} for found in findings]
    return {"passed": all(found.passed for found in findings), "options": rows}


def write_table(findings: Sequence[Finding], terminal: Terminal) -> None:
    """Prints a row an option, and below what is wrong."""
    table = Table(box=box.SIMPLE_HEAD if terminal.is_terminal else box.MARKDOWN)
    table.add_column("option", no_wrap=True)
    table.add_column("shipped", justify="right")
    table.add_column("minimum", justify="right")
    for label, unit in FIGURES.values():
        table.add_column(f"{label}, {unit}", justify="right")
    table.add_column("")
    for found in findings:
        table.add_row(
            found.option,
            "" if found.shipped is None else str(found.shipped),
            str(found.minimum),
            *(f"{found.figures[name]:.1f}" if name in found.figures else "" for name in FIGURES),
            "holds" if found.passed else "FAILED",
            style="" if found.passed else "red",
        )
    terminal.print(table)
    for found in findings:
        for reason in found.reasons:
            terminal.print(escape(f"{found.option}: {reason}"), soft_wrap=True)
