# SPDX-License-Identifier: MIT
"""Runs to a moment, snapshots, and what two machines are compared by."""

from __future__ import annotations

import hashlib
import time
from pathlib import Path
from typing import Any

from qtest import TIMEOUT_WALL, Chip

RAM_BYTES = 512 * 1024


def run_until(pic: Chip, end: int) -> list[dict[str, Any]]:
    """Runs to `end`; returns the panel's lines of the run."""
    pic.panel.send({"run": end})
    return pic.panel.until("stopped")


def state(pic: Chip, scratch: Path) -> tuple[str, str]:
    """A digest of RAM, and the CPU's registers."""
    pic.qmp("pmemsave", val=0, size=RAM_BYTES, filename=str(scratch))
    return hashlib.sha256(scratch.read_bytes()).hexdigest(), pic.qmp(
        "human-monitor-command", command_line="info registers"
    )


def wait_for_migration(pic: Chip) -> None:
    """Until the snapshot is complete, and the machine in a state that it can be started from."""
    deadline = time.monotonic() + TIMEOUT_WALL
    while (status := pic.qmp("query-migrate").get("status")) != "completed":
        assert status != "failed", f"no snapshot: {pic.stderr()}"
        assert time.monotonic() < deadline, f"the snapshot is still {status}"
    # "completed" is said a moment before the run state follows
    while (status := pic.qmp("query-status")["status"]) in ("finish-migrate", "inmigrate"):
        assert time.monotonic() < deadline, f"the machine is still {status}"


def save(pic: Chip, snapshot: Path) -> None:
    """Writes the machine, which stands still, to a file; `restore` are the arguments that start from it."""
    pic.qmp("migrate", uri=f"exec:cat > {snapshot}")
    wait_for_migration(pic)


def restore(snapshot: Path) -> tuple[str, ...]:
    return "-incoming", f"exec:cat {snapshot}"
