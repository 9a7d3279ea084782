# SPDX-License-Identifier: MIT
"""Which trials an image has to pass: cheap ones everywhere, the full set where it matters."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from pic32bench import paths
from pic32bench.errors import UsageError
from pic32bench.shrink.search import CHEAP, FULL
from pic32bench.shrink.task import Settings, pack

CHEAP_TRIAL = "cheap"
AUTOBAHN = "autobahn"  # stands for Autobahn's testsuite among the suites


@dataclass(frozen=True)
class Trial:
    """A trial with its settings. ``files`` travel with each task; ``name`` is unique in a plan."""

    name: str
    level: int
    settings: Settings
    files: bytes = field(default=b"", repr=False)


@dataclass(frozen=True)
class Plan:
    """Trials, in the order in which their reasons count.

    ``adapts``: of the cheap checks only those are asked for that the shipped image passes, as nothing is known of it.
    """

    trials: tuple[Trial, ...]
    adapts: bool = False

    def of_level(self, level: int) -> tuple[Trial, ...]:
        """The trials of this level."""
        return tuple(trial for trial in self.trials if trial.level == level)

    @property
    def proves(self) -> bool:
        """Whether there is a full set beside the cheap trials."""
        return bool(self.of_level(FULL))

    @property
    def names(self) -> tuple[str, ...]:
        """Of all trials."""
        return tuple(trial.name for trial in self.trials)

    def adapted(self, checks: tuple[str, ...]) -> Plan:
        """The plan with the cheap checks that apply; what is then left is the cheap level. Raises UsageError."""
        trials = [
            replace(trial, settings=replace(trial.settings, checks=checks)) if trial.name == CHEAP_TRIAL else trial
            for trial in self.trials
            if trial.name != CHEAP_TRIAL or checks
        ]
        if not trials:
            raise UsageError(
                "none of the cheap checks passes with the shipped image: give --until REGEX, --suites, or both"
            )
        if all(trial.level == FULL for trial in trials):
            trials = [replace(trial, level=CHEAP) for trial in trials]
        return Plan(tuple(trials))

    def settings_of(self, trial: Trial, values: Mapping[str, int]) -> Settings:
        """A trial's settings for one point: echoes are tried around the size of the buffer that it has."""
        return replace(trial.settings, buffer_size=values.get("WS_BUFFER_SIZE", trial.settings.buffer_size))

    def about(self) -> dict[str, Any]:
        """What results depend on, as plain data."""
        return {
            trial.name: {
                **{name: value for name, value in vars(trial.settings).items() if name != "board"},
                "files": hashlib.sha256(trial.files).hexdigest(),
                "suites": [_suite_digest(suite) for suite in trial.settings.suites if not trial.files],
            }
            for trial in self.trials
        }


def firmware_plan(settings: Settings, suites: tuple[str, ...]) -> Plan:
    """For the reference firmware: the cheap checks, then suites as the full set."""
    return Plan((Trial(CHEAP_TRIAL, CHEAP, replace(settings, trial=CHEAP_TRIAL)), *full_trials(settings, suites)))


def command_plan(settings: Settings, suites: tuple[str, ...]) -> Plan:
    """For firmware of which nothing is known: what its console must say if the settings have that, else those of the
    cheap checks that apply; then its own suites, if there are any.
    """
    first = "boots" if settings.until else CHEAP_TRIAL
    trials = (Trial(first, CHEAP, replace(settings, trial=first)), *full_trials(settings, suites))
    return Plan(trials, adapts=first == CHEAP_TRIAL)


def full_trials(settings: Settings, suites: tuple[str, ...]) -> tuple[Trial, ...]:
    """The full set: suites, and Autobahn's testsuite if that is among them. Raises UsageError."""
    others = tuple(suite for suite in suites if suite != AUTOBAHN)
    trials = [suites_trial(settings, others)] if others else []
    if AUTOBAHN in suites:
        trials.append(Trial(AUTOBAHN, FULL, replace(settings, trial=AUTOBAHN)))
    return tuple(trials)


def suites_trial(settings: Settings, suites: tuple[str, ...]) -> Trial:
    """Suites of the project by their names in it; others travel with the task. Raises UsageError."""
    names: list[str] = []
    outside: list[tuple[str, Path]] = []
    for suite in suites:
        path = Path(suite) if Path(suite).exists() else paths.project_root() / suite
        if not path.exists():
            raise UsageError(f"--suites {suite}: there is no such file or folder")
        path = path.resolve()
        if path.is_relative_to(paths.project_root()):
            names.append(str(path.relative_to(paths.project_root())))
            continue
        place = f"suites-{len(names)}"
        names.append(f"{place}/{path.name}")
        # A suite in a file may use what lies beside it.
        beside = [] if path.is_dir() else [each for each in sorted(path.parent.iterdir()) if _is_helper(each)]
        outside += [(f"{place}/{each.name}", each) for each in dict.fromkeys([path, *beside])]
    return Trial(
        "suites", FULL, replace(settings, trial="suites", suites=tuple(names)), pack(outside) if outside else b""
    )


def _is_helper(path: Path) -> bool:
    return path.is_file() and path.suffix in (".py", ".resource")


def _suite_digest(suite: str) -> str:
    return hashlib.sha256(pack([(suite, paths.project_root() / suite)])).hexdigest()
