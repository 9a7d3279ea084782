# SPDX-License-Identifier: MIT
"""Attempts that lose their worker, for test_workers.py; worker processes import this file by its name.

A task's ``until`` says what is to happen to it. Its seed's file in the folder $PIC32BENCH_TEST_LOSSES counts tries.
"""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

from pic32bench.shrink.task import Outcome, Task
from pic32bench.shrink.trial import try_image

FOLDER = "PIC32BENCH_TEST_LOSSES"


def tries(task: Task) -> int:
    """How often a task has been begun, this time included."""
    path = Path(os.environ[FOLDER]) / task.key
    with path.open("a") as file:
        file.write(f"{os.getpid()}\n")
    return len(path.read_text().splitlines())


def victims_wait(task: Task) -> Outcome:
    """The first try of the task `victim` never ends: somebody has to kill its worker."""
    if tries(task) == 1 and task.key == "victim":
        time.sleep(600)
    return try_image(task)


def dies(task: Task) -> Outcome:
    """The task `deadly` takes its worker with it, always."""
    tries(task)
    if task.key == "deadly":
        os.kill(os.getpid(), signal.SIGKILL)
    return Outcome(True, checks=(task.key,))
