# SPDX-License-Identifier: MIT
"""A protocol fuzzed for a while, on one board or several at a time, and its corpus afterwards.

Each worker is a process with a session of its own seed. At the end the parent plays what all of them have kept on one
board, the shortest first, and keeps what is needed for all the ways: the corpus gets no longer than it has to be.
"""

from __future__ import annotations

import multiprocessing
import os
import re
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from multiprocessing.connection import Connection, wait
from multiprocessing.synchronize import Event
from pathlib import Path
from typing import Any

from pic32bench.bench import Setup
from pic32bench.errors import BenchError, EmulatorError, UsageError
from pic32bench.fuzz.corpus import SUFFIX, Corpus
from pic32bench.fuzz.findings import Finding
from pic32bench.fuzz.protocol import Input
from pic32bench.fuzz.protocols import PROTOCOLS
from pic32bench.fuzz.session import Progress, Session
from pic32bench.network import NoNetwork

_TELL_WALL = 0.5  # seconds between two words of how far it is
_SAVE_WALL = 60.0
_GONE_WALL = 20.0

Tell = Callable[[Progress], object]


@dataclass(frozen=True)
class Length:
    """When a campaign ends: after executions, wall seconds, or the corpus; all None and False: when it is told to."""

    executions: int | None = None
    seconds_wall: float | None = None
    corpus_only: bool = False


@dataclass(frozen=True)
class Result:
    """What came of a campaign. The totals are over all sessions of the corpus since the last finding."""

    protocol: str
    executions: int
    seconds_wall: float
    rate: float
    corpus: int
    ways: int
    findings: tuple[Finding, ...]
    repeated: int
    total_executions: int
    total_seconds_wall: float

    def as_json(self) -> dict[str, Any]:
        """As plain data."""
        return {**self.__dict__, "findings": [finding.as_json() for finding in self.findings]}


@dataclass
class Campaign:
    """Fuzzes ``protocol`` on boards of one set-up; the corpus is in ``folder``, findings go to another."""

    protocol: str
    setup: Setup
    folder: Path
    findings: Path
    length: Length
    panic: re.Pattern[str]
    stopped: bool = field(default=False, init=False)

    def run(self, workers: int = 1, tell: Tell = lambda progress: None) -> Result:
        """Runs it until its end or Ctrl-C, which is an end as well. Raises UsageError."""
        path = self.folder / f"{self.protocol}{SUFFIX}"
        corpus = Corpus.load(path)
        for folder in (self.folder, self.findings):
            _make(folder)
        begin = saved = time.monotonic()

        def keep(progress: Progress, inputs: list[Input]) -> Corpus:
            total = corpus.after(progress.executions, time.monotonic() - begin, len(progress.findings), inputs)
            if not self.length.corpus_only:
                total.save(path, self.protocol, PROTOCOLS[self.protocol].about)
            return total

        def tell_and_keep(progress: Progress, session: Session) -> None:
            nonlocal saved
            tell(progress)
            if time.monotonic() > saved + _SAVE_WALL:  # what is killed is not lost
                saved = time.monotonic()
                keep(progress, sorted({*corpus.inputs, *session.kept}, key=_by_length))

        if workers == 1 or self.length.corpus_only:
            progress, made = self._alone(corpus, tell_and_keep)
        else:
            progress, made = self._together(corpus, workers, tell)
        seconds = time.monotonic() - begin
        total = keep(progress, corpus.inputs if self.length.corpus_only else self._needed(made))
        return Result(
            self.protocol,
            progress.executions,
            round(seconds, 3),
            round(progress.executions / seconds, 1),
            len(total.inputs),
            progress.ways,
            tuple(progress.findings),
            progress.repeated,
            total.executions,
            round(total.seconds_wall, 3),
        )

    def session(self, corpus: Corpus, seed: int) -> Session:
        """A session of this campaign."""
        setup = replace(self.setup, seed=seed)
        return Session(PROTOCOLS[self.protocol], setup, corpus, self.findings, seed, self.panic)

    def work(self, session: Session, tell: Tell, goes_on: Callable[[], bool] = lambda: True) -> None:
        """Lets a session do its part. Ctrl-C ends it."""
        progress = session.progress
        limit = time.monotonic() + (self.length.seconds_wall or float("inf"))
        most = self.length.executions or float("inf")
        last = 0.0

        def say() -> None:
            nonlocal last
            if time.monotonic() > last + _TELL_WALL:
                last = time.monotonic()
                tell(progress)

        def may_go_on() -> bool:
            return progress.executions < most and time.monotonic() < limit and goes_on()

        with suppress(KeyboardInterrupt):
            if self.length.corpus_only:
                session.play(session.corpus.inputs, say)
            else:
                session.begin(say)
                session.fuzz(may_go_on, say)
            if goes_on():
                session.end()

    def _alone(self, corpus: Corpus, tell: Callable[[Progress, Session], object]) -> tuple[Progress, set[Input]]:
        with self.session(corpus, self.setup.seed) as session:
            self.work(session, lambda progress: tell(progress, session))
            return session.progress, {*corpus.inputs, *session.kept}

    def _needed(self, inputs: set[Input]) -> list[Input]:
        """Those of the inputs that together show as much as all of them, the shortest first."""
        with self.session(Corpus(sorted(inputs, key=_by_length)), self.setup.seed) as session:
            try:
                session.play(session.corpus.inputs)
            except (EmulatorError, KeyboardInterrupt):
                return sorted(inputs, key=_by_length)
            return sorted(session.kept, key=_by_length) or sorted(inputs, key=_by_length)

    # --- several at a time

    def _together(self, corpus: Corpus, workers: int, tell: Tell) -> tuple[Progress, set[Input]]:
        context = multiprocessing.get_context("spawn")
        share = -(-self.length.executions // workers) if self.length.executions else None
        # The set-up's network is of this process; each session makes its own.
        setup = replace(self.setup, network=NoNetwork())
        length = replace(self.length, executions=share)
        mine = Campaign(self.protocol, setup, self.folder, self.findings, length, self.panic)
        stop = context.Event()
        ends: dict[Connection, Progress] = {}
        processes = []
        # A terminal sends Ctrl-C to all; what comes of it is this process's business, also while a worker starts.
        handler = signal.signal(signal.SIGINT, signal.SIG_IGN)
        try:
            for number in range(workers):
                near, far = context.Pipe()
                told = (mine, corpus, self.setup.seed + number, far, stop)
                process = context.Process(target=_worker, args=told, daemon=True)
                process.start()
                far.close()
                processes.append(process)
                ends[near] = Progress()
        finally:
            signal.signal(signal.SIGINT, handler)
        made: set[Input] = set(corpus.inputs)
        try:
            failure = self._gather(ends, made, tell)
        except KeyboardInterrupt:
            stop.set()
            failure = self._gather(ends, made, tell)
        finally:
            for process in processes:
                process.join(_GONE_WALL)
                process.kill()
        if failure:
            raise failure
        return _sum(list(ends.values())), made

    def _gather(self, ends: dict[Connection, Progress], made: set[Input], tell: Tell) -> BenchError | None:
        """Listens to the workers until all of them are done; returns what ended one of them too soon."""
        open_ends = {end for end in ends if not end.closed}
        failure = None
        while open_ends:
            for end in wait(list(open_ends)):
                assert isinstance(end, Connection)
                try:
                    word = end.recv()
                except EOFError:
                    open_ends.discard(end)
                    end.close()
                    continue
                if isinstance(word, Progress):
                    ends[end] = word
                    tell(_sum(list(ends.values())))
                elif isinstance(word, BenchError):
                    failure = word
                else:
                    made |= word
        return failure


def _make(folder: Path) -> None:
    """Makes a folder that is written to in the end, so that nothing is lost then. Raises UsageError."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"cannot make the folder {folder}: {error.strerror}") from error
    if not os.access(folder, os.W_OK):
        raise UsageError(f"cannot write into the folder {folder}")


def _worker(campaign: Campaign, corpus: Corpus, seed: int, end: Connection, stop: Event) -> None:
    """A process of a campaign: tells how far it is, and in the end what it has kept."""
    signal.signal(
        signal.SIGINT, signal.SIG_IGN
    )  # a terminal sends it to all; what comes of it is the parent's business
    try:
        with campaign.session(corpus, seed) as session:
            campaign.work(session, end.send, lambda: not stop.is_set())
            end.send(session.progress)
            end.send(session.kept)
    except BenchError as error:
        end.send(type(error)(error.message))
    finally:
        end.close()


def _sum(parts: list[Progress]) -> Progress:
    findings = {str(finding.identity): finding for part in parts for finding in part.findings}
    return Progress(
        executions=sum(part.executions for part in parts),
        seconds_wall=max(part.seconds_wall for part in parts),
        corpus=max(part.corpus for part in parts),
        ways=max(part.ways for part in parts),
        findings=list(findings.values()),
        repeated=sum(part.repeated for part in parts) + sum(len(part.findings) for part in parts) - len(findings),
    )


def _by_length(given: Input) -> tuple[int, Input]:
    return sum(map(len, given)), given
