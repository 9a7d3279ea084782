# SPDX-License-Identifier: MIT
"""Dispatches `pic32bench COMMAND`. Exit codes: 0 passed, 1 failed, 2 wrong use, 130 after Ctrl-C."""

from __future__ import annotations

import argparse
import importlib
import signal
import sys
from collections.abc import Sequence
from types import FrameType

from pic32bench import __version__
from pic32bench.errors import BenchError

# Each is a module here with add_parser(subparsers), which sets `run`, and run(args) -> exit code.
COMMANDS = ("run", "replay", "footprint", "memory", "stack", "calls", "shrink", "conformance", "sfr", "fuzz")


def parser() -> argparse.ArgumentParser:
    """The whole command line."""
    top = argparse.ArgumentParser(
        prog="pic32bench",
        description="Runs PIC32MZ EF firmware, unmodified, on an emulated board.",
        epilog="Exit codes: 0 passed, 1 failed, 2 wrong use.",
    )
    top.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    subparsers = top.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for name in COMMANDS:
        importlib.import_module(f"pic32bench.cli.{name}").add_parser(subparsers)
    return top


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs a command; returns its exit code. An error of the bench is one line on stderr, never a traceback."""
    args = parser().parse_args(arguments)
    signal.signal(signal.SIGTERM, _terminate)
    try:
        return int(args.run(args))
    except BenchError as error:
        print(f"pic32bench: {error.message}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:  # `pic32bench run | head`
        sys.stderr.close()
        return 1


def _terminate(signum: int, frame: FrameType | None) -> None:
    """SIGTERM ends a command as Ctrl-C does: everything is switched off on the way out."""
    raise SystemExit(128 + signum)
