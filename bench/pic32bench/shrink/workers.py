# SPDX-License-Identifier: MIT
"""Tasks tried side by side on this computer: an emulator a core, in worker processes of `concurrent.futures`.

Processes rather than threads, as half of a trial's time is Python's, and as a trial that takes its process down with it
takes no other trial along: each worker is a pool of its own, with one process. A lost worker's task is tried again.
"""

from __future__ import annotations

import ctypes
import multiprocessing
import os
import shutil
import signal
import tempfile
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from types import FrameType, TracebackType

from pic32bench.errors import BenchError
from pic32bench.shrink.task import Outcome, Task
from pic32bench.shrink.trial import try_image

TRIES = 4  # of a task whose worker was lost; dask's scheduler gives up after as many
_STOP_WALL = 15.0  # seconds that a worker has to go
_LOOK_WALL = 0.5  # seconds between two looks whether somebody has pressed Ctrl-C
_PR_SET_PDEATHSIG = 1  # linux/prctl.h

Attempt = Callable[[Task], Outcome]


def cores() -> int:
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0))


def lost(tries: int) -> Outcome:
    """What came of a task that was given up."""
    return Outcome(False, f"gave no result: each of {tries} workers that tried it was lost")


class LocalWorkers:
    """``count`` worker processes, which start when they are needed and end with the context. Is a `Workers`."""

    def __init__(self, count: int, attempt: Attempt = try_image) -> None:
        self.count = count
        self._attempt = attempt
        self._workers = [_Worker() for _ in range(count)]

    def __enter__(self) -> LocalWorkers:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Ends the processes; what they are at is broken off."""
        for worker in self._workers:
            worker.tell_to_stop()
        for worker in self._workers:
            worker.stop()

    def run(self, tasks: Iterable[Task]) -> Iterator[tuple[Task, Outcome]]:
        """Tries all tasks and yields them as they are done, see `Workers.run`.

        Raises UsageError when this computer cannot try anything. Whoever leaves the iteration before its end breaks
        off what is being tried.
        """
        source = iter(tasks)
        again: list[tuple[Task, int]] = []
        free = list(self._workers)
        running: dict[Future[Outcome], tuple[_Worker, Task, int]] = {}
        try:
            while True:
                while free:
                    task, tries = again.pop() if again else (next(source, None), 0)
                    if task is None:
                        break
                    worker = free.pop()
                    running[worker.submit(self._attempt, task)] = (worker, task, tries + 1)
                if not running:
                    return
                # Not for ever: a signal that comes just before would be seen only after it.
                for future in wait(running, _LOOK_WALL, FIRST_COMPLETED).done:
                    worker, task, tries = running.pop(future)
                    try:
                        outcome = future.result()
                    except BrokenProcessPool:
                        worker.check_start()
                        worker.stop()
                        if tries < TRIES:
                            again.append((task, tries))
                            free.append(worker)
                            continue
                        outcome = lost(tries)
                    free.append(worker)
                    yield task, outcome
        finally:
            for worker, _, _ in running.values():
                worker.tell_to_stop()
            for worker, _, _ in running.values():
                worker.stop()


class _Worker:
    """One worker process, started anew after it was lost or stopped."""

    def __init__(self) -> None:
        self._pool: ProcessPoolExecutor | None = None
        self._process: multiprocessing.process.BaseProcess | None = None
        self._started: Future[None] | None = None
        self._folder: tempfile.TemporaryDirectory[str] | None = None

    def submit(self, attempt: Attempt, task: Task) -> Future[Outcome]:
        if self._pool is not None:
            try:
                return self._pool.submit(attempt, task)
            except BrokenProcessPool:  # lost while it had nothing to do
                self.stop()
        # All that it puts into temporary files goes with it, also when it was lost.
        self._folder = tempfile.TemporaryDirectory(prefix="pic32bench-", ignore_cleanup_errors=True)
        # Not forked: this process may have threads. The pool starts its process within the first submit().
        context = multiprocessing.get_context("spawn")
        self._pool = ProcessPoolExecutor(1, context, _begin, (os.getpid(), self._folder.name))
        before = set(multiprocessing.active_children())
        with _interrupts_ignored():
            self._started = self._pool.submit(_started)
        (self._process,) = set(multiprocessing.active_children()) - before
        return self._pool.submit(attempt, task)

    def check_start(self) -> None:
        """Raises BenchError when it was lost before it could begin anything: then the image is not to blame."""
        if self._started is not None and (not self._started.done() or self._started.exception() is not None):
            raise BenchError(
                "a worker process could not start: if this is a program of your own, what it does must stand under "
                '`if __name__ == "__main__":`, as each worker imports it'
            )

    def tell_to_stop(self) -> None:
        """Breaks off what it is at."""
        if self._pool is not None and self._process is not None:
            self._pool.shutdown(wait=False, cancel_futures=True)
            self._process.terminate()

    def stop(self) -> None:
        """Waits for its end, and does not wait long."""
        if self._pool is None or self._process is None:
            return
        self.tell_to_stop()
        self._process.join(_STOP_WALL)
        self._process.kill()
        with suppress(ProcessLookupError):  # suites of one that was lost; as a rule there are none
            if self._process.pid:
                os.killpg(self._process.pid, signal.SIGKILL)
        self._pool.shutdown(wait=True)
        if self._folder is not None:
            self._folder.cleanup()
        self._pool = self._process = self._started = self._folder = None


class _interrupts_ignored:  # noqa: N801  (read as a phrase)
    """What is started meanwhile is born deaf to Ctrl-C, which reaches all processes of a terminal: it is told by us."""

    def __enter__(self) -> None:
        self._main = threading.current_thread() is threading.main_thread()
        if self._main:
            self._before = signal.signal(signal.SIGINT, signal.SIG_IGN)

    def __exit__(self, *_: object) -> None:
        if self._main:
            signal.signal(signal.SIGINT, self._before)


def _begin(parent: int, folder: str) -> None:
    """The first thing that a worker process does: it will end when its parent does, and leave nothing behind.

    It leads a process group of its own, with the suites that it runs; emulators end with their process by themselves.
    """
    os.setpgid(0, 0)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    tempfile.tempdir = os.environ["TMPDIR"] = folder
    signal.signal(signal.SIGTERM, _leave)
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != parent:
        _leave()


def _started() -> None:
    """What a worker process does before its first task."""


def _leave(signum: int = signal.SIGTERM, frame: FrameType | None = None) -> None:
    """Ends at once. An exception would do it more gently, but in the wrong place Python swallows one."""
    shutil.rmtree(tempfile.gettempdir(), ignore_errors=True)
    os.killpg(0, signal.SIGKILL)
