# SPDX-License-Identifier: MIT
"""What a session has found, for people and as JSON, and what has changed since another one."""

from __future__ import annotations

import json
import os
import platform
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pic32bench import paths
from pic32bench.benchmark.figures import Figure, Session
from pic32bench.errors import UsageError


def conditions() -> dict[str, str]:
    """On what a session was measured: computer, commit, emulator, time."""
    return {
        "processor": _processor(),
        "cores": str(os.cpu_count()),
        "system": f"{platform.system()} {platform.release()}, Python {platform.python_version()}",
        "commit": _commit(),
        # The cache keeps an emulator in a folder that is named by a hash of all that went in.
        "emulator": paths.emulator_binary().resolve().parent.name,
        "taken": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def _commit() -> str:
    command = ["git", "-C", str(paths.project_root()), "describe", "--always", "--dirty", "--abbrev=12"]
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return "unknown"


def table(session: Session) -> str:
    """The figures: median, lowest and highest, and what could not be measured."""
    rows = [("", "median", "", "lowest", "highest", "runs")]
    for figure in session.figures.values():
        values = [f"{value:,.{figure.kind.decimals}f}" for value in (figure.median, figure.low, figure.high)]
        rows.append((figure.name, values[0], figure.kind.unit, values[1], values[2], str(len(figure.samples))))
    lines = [
        f"{name:<32} {median:>10} {unit:<10} {low:>10} {high:>10} {runs:>5}".rstrip()
        for name, median, unit, low, high, runs in rows
    ]
    return "\n".join([*lines, *(f"not measured: {name}: {reason}" for name, reason in session.missing.items())])


def as_json(session: Session, about: dict[str, str]) -> dict[str, Any]:
    """All of a session, for build/bench.json and `comparison`."""
    figures = {
        figure.name: {
            "unit": figure.kind.unit,
            "more-is-better": figure.kind.more_is_better,
            "median": figure.median,
            "low": figure.low,
            "high": figure.high,
            "samples": figure.samples,
        }
        for figure in session.figures.values()
    }
    return {"conditions": about, "figures": figures, "missing": session.missing}


def load(path: Path) -> dict[str, Any]:
    """A session that was written before. Raises UsageError."""
    try:
        found: dict[str, Any] = json.loads(path.read_text())
        for figure in found["figures"].values():
            float(figure["median"]), float(figure["low"]), float(figure["high"]), str(figure["unit"])
        dict(found["conditions"])
    except OSError as error:
        raise UsageError(f"cannot read {path}: {error.strerror}") from None
    except (ValueError, KeyError, TypeError, AttributeError):
        raise UsageError(f"{path} is no result of `make bench`: expected the JSON that it writes") from None
    return found


def comparison(session: Session, about: dict[str, str], old: dict[str, Any]) -> str:
    """What has changed since ``old``. A change is real where all runs of one session are beyond all of the other."""
    then = old["conditions"]
    lines = [
        f"compared with {then.get('commit', 'an unknown commit')}, emulator {then.get('emulator', 'unknown')}, "
        f"of {then.get('taken', 'an unknown time')}"
    ]
    other = [name for name in ("processor", "cores") if then.get(name) != about.get(name)]
    if other:
        lines.append(f"on another computer ({', '.join(other)}): only ratios and virtual times can be compared")
    for figure in session.figures.values():
        if figure.name in old["figures"]:
            lines.append(_change(figure, old["figures"][figure.name]))
        else:
            lines.append(f"{figure.name:<32} is new")
    lines += [f"{name:<32} was not measured now" for name in old["figures"] if name not in session.figures]
    return "\n".join(lines)


def _change(figure: Figure, old: dict[str, Any]) -> str:
    decimals = figure.kind.decimals
    if old["unit"] != figure.kind.unit:
        return f"{figure.name:<32} was in {old['unit'] or 'no unit'} then: cannot be compared"
    percent = f"{(figure.median / old['median'] - 1) * 100:+.1f} %" if old["median"] else "?"
    if figure.low <= old["high"] and old["low"] <= figure.high:
        verdict = "within the spread"
    else:
        verdict = "better" if (figure.median > old["median"]) == figure.kind.more_is_better else "WORSE"
    if figure.median == old["median"]:
        verdict = "the same"
    shown = f"{old['median']:,.{decimals}f} -> {figure.median:,.{decimals}f} {figure.kind.unit}".rstrip()
    return f"{figure.name:<32} {shown:<32} {percent:>9}  {verdict}"
