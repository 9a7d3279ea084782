# SPDX-License-Identifier: MIT
"""Autobahn's fuzzing client, a process with a Python of its own that runs one case at a time; see `fuzzing_client.py`.

Its time-outs count in the time of whoever is tested. So a busy computer, which a board feels as slowly passing
time, makes no case fail.
"""

from __future__ import annotations

import json
import os
import select
import subprocess
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from pic32bench.conformance.results import CaseResult
from pic32bench.errors import BenchError

_PROGRAM = Path(__file__).with_name("fuzzing_client.py")
_TICK_WALL = 0.02  # between two looks at the clock of whoever is tested
_PATIENCE_WALL = 120.0  # for an answer of the client, which may be busy with 16 MiB
_STOP_WALL = 5.0
_LOG_BYTES = 4000
# The least that passes in a wall second, so that a board whose time stands still runs into its time-outs, too.
_SLOWEST = 1 / 20


class ClientError(BenchError):
    """Autobahn's client did not do what it was asked; ``details`` holds the end of what it printed."""


class FuzzingClient:
    """The client; a context manager that ends it.

    ``cases`` are the ids of all cases that it has, in its order; ``sections`` names them by the first number.
    ``version`` is the testsuite's. ``agent`` is what its report calls who is tested.
    """

    def __init__(self, python: Path, agent: str) -> None:
        self._log = tempfile.TemporaryFile()  # noqa: SIM115  (lives until close)
        self._waiting = b""
        try:
            self._process = subprocess.Popen(
                [python, "-W", "ignore", _PROGRAM, agent],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._log,
                bufsize=0,
                start_new_session=True,  # Ctrl-C is for the bench, which then ends it
            )
        except OSError as error:
            self._log.close()
            raise ClientError(f"{python} does not start: {error.strerror}") from None
        try:
            about = self._answer()
        except BaseException:
            self.close()
            raise
        self.cases: tuple[str, ...] = tuple(about["cases"])
        self.sections: dict[str, str] = about["sections"]
        self.version: str = about["version"]

    def run(self, case: str, url: str, now: Callable[[], float]) -> CaseResult:
        """Runs a case against the WebSocket server at ``url``, with time-outs that count in ``now``, seconds.

        Raises ClientError.
        """
        self._tell(case=case, url=url)
        last, last_wall = now(), time.monotonic()
        result: dict[str, Any] | None = None
        taken = True
        while result is None or not taken:
            if taken and not self._waiting and not self._has_said_more(_TICK_WALL):
                time_now, wall = now(), time.monotonic()
                self._tell(passed=max(time_now - last, (wall - last_wall) * _SLOWEST))
                last, last_wall, taken = time_now, wall, False
            answer = self._answer()
            taken = taken or "taken" in answer
            result = answer.get("result", result)
        return CaseResult.read(case, result)

    def report(self, folder: Path) -> None:
        """Writes Autobahn's report of all that was run into a folder. Raises ClientError."""
        self._tell(report=str(folder))
        self._answer()

    def _tell(self, **order: object) -> None:
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps(order).encode() + b"\n")
        except OSError:
            raise self._lost("has ended") from None

    def _answer(self) -> dict[str, Any]:
        """Its next line."""
        assert self._process.stdout is not None
        limit = time.monotonic() + _PATIENCE_WALL
        while b"\n" not in self._waiting:
            if not self._has_said_more(limit - time.monotonic()):
                raise self._lost(f"has said nothing for {_PATIENCE_WALL:g} s")
            read = os.read(self._process.stdout.fileno(), 1 << 16)
            if not read:
                raise self._lost("has ended")
            self._waiting += read
        line, _, self._waiting = self._waiting.partition(b"\n")
        answer: dict[str, Any] = json.loads(line)
        return answer

    def _has_said_more(self, timeout_wall: float) -> bool:
        assert self._process.stdout is not None
        return bool(select.select([self._process.stdout], [], [], max(0.0, timeout_wall))[0])

    def _lost(self, what: str) -> ClientError:
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(1.0)
        size = os.fstat(self._log.fileno()).st_size
        log = os.pread(self._log.fileno(), _LOG_BYTES, max(0, size - _LOG_BYTES)).decode(errors="replace").strip()
        last = log.splitlines()[-1] if log else "it printed nothing"
        return ClientError(f"Autobahn's client {what}: {last}", log)

    def close(self) -> None:
        """Ends it; safe to call twice."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with suppress(OSError):
            self._process.stdin.close()
        try:
            self._process.wait(_STOP_WALL)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process.stdout.close()
        self._log.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
