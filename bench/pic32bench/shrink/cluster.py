# SPDX-License-Identifier: MIT
"""Tasks tried on many computers: workers of a `dask.distributed` cluster, reached through its scheduler.

A worker shares nothing with this computer but the project: images travel with their tasks. It tries a task only if it
has the same bench and the same emulator, so that it does not matter who tries what. Dask itself gives
the task of a lost worker to another one.
"""

from __future__ import annotations

import asyncio
import functools
import hashlib
import logging
import queue
import socket
import time
import warnings
from collections.abc import Iterable, Iterator
from types import TracebackType
from typing import Any
from urllib.parse import urlsplit

from pic32bench import paths
from pic32bench.errors import BenchError, UsageError
from pic32bench.shrink.task import Outcome, Task
from pic32bench.shrink.trial import try_image
from pic32bench.shrink.workers import TRIES, Attempt, lost
from pic32bench.snapshot.store import bench_digest

_CONNECT_WALL = 10.0  # seconds, also for the first worker to appear
_ALONE_WALL = 60.0  # seconds without any worker after which nobody waits any longer
_LOOK_WALL = 0.5  # seconds between two looks whether the scheduler is still there
# What matters of their messages becomes one line of ours. Their levels are set when dask is imported.
_LOGGERS = ("distributed", "distributed.client", "tornado")
# What a trial depends on besides the package: boards, the station's sources, suites.
_PROJECT = ("platforms/*.toml", "platforms/peer/*", "robot/**/*.robot", "robot/**/*.resource", "robot/**/*.toml")


class ClusterWorkers:
    """The workers that are, or will be, connected to a scheduler such as ``tcp://10.0.0.5:8786``. Is a `Workers`.

    Raises UsageError when dask is not installed, no scheduler answers, it has no worker, or a worker is not set up as
    this computer is.
    """

    def __init__(self, scheduler: str, attempt: Attempt = try_image) -> None:
        distributed = _distributed()
        self.scheduler = scheduler
        self._attempt = attempt
        self._killed: type[BaseException] = distributed.KilledWorker
        self._here = identity()
        _greet(distributed, scheduler)
        self._client: Any = distributed.Client(scheduler, timeout=_CONNECT_WALL, set_as_default=False)
        try:
            self._check_workers()
        except BaseException:
            self.close()
            raise

    @property
    def count(self) -> int:
        """How many tasks the workers of this moment try at a time."""
        return sum(self._ask(self._client.nthreads).values())

    def __enter__(self) -> ClusterWorkers:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Leaves the cluster; safe to call twice."""
        self._client.close(_LOOK_WALL)

    def run(self, tasks: Iterable[Task]) -> Iterator[tuple[Task, Outcome]]:
        """Tries all tasks and yields them as they are done, see `Workers.run`.

        Raises UsageError when the scheduler goes away, when no worker is left for a minute, and when a worker that
        has come later is not set up as this computer is. Whoever leaves the iteration before its end takes back what
        has not been begun.
        """
        source = iter(tasks)
        running: dict[Any, Task] = {}
        done: queue.SimpleQueue[Any] = queue.SimpleQueue()
        try:
            while True:
                # One at least, which then waits for a worker to come back.
                while len(running) < max(1, self.count) and (task := next(source, None)) is not None:
                    with warnings.catch_warnings():
                        warnings.simplefilter("ignore")  # about large tasks: an image of some MB is meant to travel
                        future = self._client.submit(_try, self._attempt, task, self._here, pure=False)
                    running[future] = task
                    future.add_done_callback(done.put)
                if not running:
                    return
                future = self._next(done)
                task = running.pop(future)
                yield task, self._outcome(future)
        finally:
            if running and self._client.status == "running":
                self._client.cancel(list(running), force=True)

    def _next(self, done: queue.SimpleQueue[Any]) -> Any:
        """The next future that is done."""
        alone_since = None
        while True:
            try:
                return done.get(timeout=_LOOK_WALL)
            except queue.Empty:
                if self.count:
                    alone_since = None
                elif alone_since is None:
                    alone_since = time.monotonic()
                elif time.monotonic() - alone_since > _ALONE_WALL:
                    raise UsageError(f"the scheduler at {self.scheduler} has no worker any more") from None

    def _outcome(self, future: Any) -> Outcome:
        if future.status not in ("finished", "error"):
            raise self._gone()
        error = self._ask(future.exception)
        if isinstance(error, self._killed):
            return lost(TRIES)
        if error is not None:
            raise error
        outcome = self._ask(future.result)
        assert isinstance(outcome, Outcome)
        return outcome

    def _check_workers(self) -> None:
        try:
            self._client.wait_for_workers(1, timeout=_CONNECT_WALL)
        except TimeoutError:
            raise UsageError(
                f"the scheduler at {self.scheduler} has no worker: start some with `dask worker {self.scheduler}`"
            ) from None
        for address, found in self._ask(self._client.run, identity, on_error="return").items():
            if isinstance(found, BenchError):
                raise UsageError(f"worker {address}: {found.message}")
            if isinstance(found, BaseException):
                raise UsageError(f"worker {address} cannot run the bench: {type(found).__name__}: {found}")
            _compare(found, self._here, address)

    def _ask(self, what: Any, *arguments: Any, **options: Any) -> Any:
        """Calls a function of the client, unless the scheduler has gone. Raises UsageError then."""
        if self._client.status != "running":
            raise self._gone()
        try:
            return what(*arguments, **options)
        except (OSError, TimeoutError):
            raise self._gone() from None

    def _gone(self) -> UsageError:
        return UsageError(f"the scheduler at {self.scheduler} has gone away: start it and its workers again")


def _greet(distributed: Any, scheduler: str) -> None:
    """Raises UsageError when no scheduler answers. A client would try for long, and on another server for ever."""

    async def greet() -> None:
        async with distributed.rpc(scheduler) as there:
            about = await there.identity()
            if about["type"] != "Scheduler":
                raise ValueError

    try:
        parts = urlsplit(scheduler)
        if parts.scheme not in ("tcp", "tls"):
            raise ValueError
        # First without dask, which would not take a refusal for an answer.
        socket.create_connection((parts.hostname or "", parts.port or 0), _CONNECT_WALL).close()
        asyncio.run(asyncio.wait_for(greet(), _CONNECT_WALL))
    except Exception:  # there is no end to what a server of another kind can make of it
        raise UsageError(
            f"no scheduler answers at {scheduler}: start one with `dask scheduler`, and give the address that it "
            "prints, such as tcp://10.0.0.5:8786"
        ) from None


def identity() -> dict[str, str]:
    """What a trial's outcome depends on besides its task: the bench with its boards and suites, and the emulator.

    An emulator that `make emulator` built is known by its key in the cache, a hash of all that went in; any other by
    its file. Raises NotBuiltError.
    """
    binary = paths.emulator_binary().resolve()
    cached = (binary.parent / "key.json").is_file()
    return {"bench": _bench(), "emulator": binary.parent.name if cached else paths.file_digest(binary)}


@functools.cache
def _bench() -> str:
    root = paths.project_root()
    total = hashlib.sha256(bench_digest().encode())
    for path in sorted(path for pattern in _PROJECT for path in root.glob(pattern) if path.is_file()):
        total.update(f"{path.relative_to(root)}\0".encode())
        total.update(path.read_bytes())
    return total.hexdigest()


def _compare(found: dict[str, str], expected: dict[str, str], worker: str) -> None:
    """Raises UsageError when a worker would not try as this computer does."""
    for what, make in (("bench", "bring its checkout to the same state"), ("emulator", "run `make emulator` there")):
        if found[what] != expected[what]:
            raise UsageError(
                f"worker {worker} has another {what} ({found[what][:12]}) than this computer ({expected[what][:12]}): "
                f"{make}, then start the worker again"
            )


def _try(attempt: Attempt, task: Task, expected: dict[str, str]) -> Outcome:
    """Tries a task; runs on a worker."""
    from distributed import get_worker

    _compare(identity(), expected, get_worker().address)
    return attempt(task)


def _distributed() -> Any:
    """dask.distributed, silent. Raises UsageError when it is not installed."""
    try:
        import distributed
    except ImportError:
        raise UsageError("--scheduler needs dask.distributed: pip install 'pic32bench[cluster]'") from None
    for name in _LOGGERS:
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)
    return distributed
