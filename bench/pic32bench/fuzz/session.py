# SPDX-License-Identifier: MIT
"""A session of fuzzing: inputs are made, given to the board in batches, and kept when they have shown something new.

The board goes on from input to input, as it would in the field, so a fault that needs a thousand frames before it is
found as well. It is looked at after each batch, on all its services now and then, and it is powered up anew, after its
pools were counted, before the list of its inputs gets too long to be played again in reasonable time.
"""

from __future__ import annotations

import bisect
import random
import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from pic32bench.bench import Setup
from pic32bench.fuzz.corpus import Corpus
from pic32bench.fuzz.coverage import Way
from pic32bench.fuzz.findings import Finding, find_out
from pic32bench.fuzz.protocol import SERVICES, Delivered, Input, Protocol
from pic32bench.fuzz.subject import PANIC, FirmwareError, Subject

LIFE = 50_000  # executions from power-up to power-up
_LOOK = 2_000  # executions from one look at all services to the next
_NEW = 0.4  # of the parents are among the newest
_NEWEST = 30


@dataclass
class Progress:
    """How far a session is. ``seconds_wall`` are those in which it executed."""

    executions: int = 0
    seconds_wall: float = 0.0
    corpus: int = 0
    ways: int = 0
    findings: list[Finding] = field(default_factory=list)
    repeated: int = 0  # findings that had been found before

    @property
    def rate(self) -> float:
        """Executions a second of wall time."""
        return self.executions / self.seconds_wall if self.seconds_wall else 0.0


class Session:
    """Fuzzes one protocol on boards of one set-up. ``corpus`` grows; ``progress`` says how far it is.

    ``may_go_on`` is asked before each batch. With the same seed, image and corpus a session is the same each time, as
    long as it is told to stop by its number of executions.
    """

    def __init__(
        self,
        protocol: type[Protocol],
        setup: Setup,
        corpus: Corpus,
        findings: Path,
        seed: int = 1,
        panic: re.Pattern[str] = PANIC,
    ) -> None:
        self.rng = random.Random(seed)
        self.protocol = protocol(self.rng)
        self.corpus = corpus
        self.progress = Progress()
        self.kept: set[Input] = set()
        self._pool: list[Input] = []
        self._ways: set[tuple[int, int]] = set()
        self._setup = setup
        self._findings = findings
        self._panic = panic
        self._subject: Subject | None = None
        self._life = self._looked = 0
        self._seen: dict[str, int] = {}

    # --- what is done

    def play(self, inputs: list[Input], tell: Callable[[], object] = lambda: None) -> None:
        """Gives the board these inputs, and keeps those of them that show something new."""
        batch = self.protocol.batch
        for start in range(0, len(inputs), batch):
            self._step(inputs[start : start + batch])
            tell()

    def begin(self, tell: Callable[[], object] = lambda: None) -> None:
        """Plays what there is: what was kept, and what the protocol begins with, the shortest first."""
        self._pool += self.corpus.inputs
        given = {*self.corpus.inputs, *self.protocol.seeds()}
        self.play(sorted(given, key=lambda each: (sum(map(len, each)), each)), tell)

    def fuzz(self, may_go_on: Callable[[], bool], tell: Callable[[], object] = lambda: None) -> None:
        """Makes inputs and gives them to the board until it is told to stop."""
        while may_go_on():
            self._step([self._make() for _ in range(self.protocol.batch)])
            tell()

    def end(self) -> None:
        """Looks at the board a last time, pools included, and switches it off."""
        if self._subject is not None:
            try:
                self._look(self._subject, leaks=True)
            except FirmwareError as fault:
                self._found(self._subject, fault)
        self.close()

    def close(self) -> None:
        """Switches the board off; safe to call twice."""
        if self._subject is not None:
            self._subject.close()
            self._subject = None

    def __enter__(self) -> Session:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # --- how

    def _make(self) -> Input:
        rng, pool = self.rng, self._pool
        newest = len(pool) > _NEWEST and rng.random() < _NEW
        parent = pool[-1 - rng.randrange(_NEWEST)] if newest else rng.choice(pool)
        return self.protocol.mutate(parent, rng.choice(pool))

    def _step(self, inputs: list[Input]) -> None:
        begin = time.monotonic()
        subject = self._board()
        try:
            delivered = self.protocol.deliver(subject, inputs)
            self._keep(subject.new_ways(), delivered, inputs)
            self._looked += len(inputs)
            self._life += len(inputs)
            if self._life >= LIFE:
                self._look(subject, leaks=True)
                self._life = 0
                if not subject.leaked:
                    self.close()
            elif self._looked >= _LOOK:
                self._looked = 0
                self._look(subject)
            elif not self.protocol.replugs:
                subject.check()
        except FirmwareError as fault:
            self._found(subject, fault)
            self.close()
        self.progress.executions += len(inputs)
        self.progress.seconds_wall += time.monotonic() - begin

    def _board(self) -> Subject:
        if self._subject is None:
            self._subject = subject = Subject(self._setup, self._panic)
            subject.may_reset = self.protocol.may_reset
            subject.learn(SERVICES)
            self.protocol.begin(subject)
            self._note(subject.new_ways())
            self._life = self._looked = 0
        return self._subject

    def _look(self, subject: Subject, leaks: bool = False) -> None:
        self.protocol.end(subject)
        if self.protocol.replugs:
            subject.honest_dhcp(True)
            subject.replug()
        subject.check(everything=True)
        if leaks:
            subject.check_leaks()
        self._note(subject.new_ways())
        self.protocol.begin(subject)

    def _note(self, ways: list[Way]) -> None:
        self._ways.update((way.branch, way.to) for way in ways)
        self.progress.ways = len(self._ways)

    def _keep(self, ways: list[Way], delivered: list[Delivered], inputs: list[Input]) -> None:
        """Keeps the inputs after which the firmware took a way for the first time."""
        order = sorted(delivered, key=lambda each: each.time_ns)
        times = [each.time_ns for each in order]
        for way in ways:
            if (way.branch, way.to) in self._ways:
                continue
            place = bisect.bisect_right(times, way.time_ns) - 1
            if place >= 0 and (given := inputs[order[place].number]) not in self.kept:
                self.kept.add(given)
                self._pool.append(given)
        self._note(ways)
        if not self._pool:
            self._pool += inputs
        self.progress.corpus = len(self.kept)

    def _found(self, subject: Subject, fault: FirmwareError) -> None:
        identity = fault.identity
        self._seen[identity] = self._seen.get(identity, 0) + 1
        if self._seen[identity] > 1:
            self.progress.repeated += 1
            return
        self.progress.findings.append(
            find_out(subject, fault, self.protocol.name, self._setup, self._findings, self.protocol.may_reset)
        )
