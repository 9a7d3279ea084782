# SPDX-License-Identifier: MIT
"""Options of the commands that try many images: how many at a time, and on which computers."""

from __future__ import annotations

import argparse
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING

from pic32bench.errors import UsageError

if TYPE_CHECKING:
    from pic32bench.shrink.task import Workers


def add_worker_options(parser: argparse._ActionsContainer) -> None:
    """Adds --workers and --scheduler."""
    parser.add_argument(
        "--workers", type=count, metavar="N", help="points tried at a time on this computer (one a core)"
    )
    parser.add_argument(
        "--scheduler",
        metavar="ADDRESS",
        help="let the workers of a dask.distributed scheduler try them, such as tcp://10.0.0.5:8786",
    )


def workers(args: argparse.Namespace) -> AbstractContextManager[Workers]:
    """The workers that the options ask for. Raises UsageError."""
    if args.scheduler is None:
        from pic32bench.shrink.workers import LocalWorkers, cores

        return LocalWorkers(args.workers or cores())
    if args.workers is not None:
        raise UsageError("--workers is for this computer: how many a cluster has is said where its workers are started")
    from pic32bench.shrink.cluster import ClusterWorkers

    return ClusterWorkers(args.scheduler)


def count(text: str) -> int:
    """A number of workers as an option's value."""
    if not text.isdecimal() or not 0 < int(text) <= 1024:
        raise argparse.ArgumentTypeError(f"expected a number of workers from 1 to 1024, found {text!r}")
    return int(text)
