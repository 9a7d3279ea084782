# SPDX-License-Identifier: MIT
"""Virtual time: how the machine is let run, and how everything waits.

Two clocks with one interface. In lock-step the machine stands still between calls, so what a suite sees is the same to
the nanosecond in every run. Free-running, for networks with a host at the other end, the machine runs in the background
and waits look on. Both look at the board at the ends of quanta, of which the machine skips those in which it has said
nothing. All times are virtual seconds since power-on of the emulator unless a name ends in ``_wall``.
"""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from typing import TypeVar

from pic32bench.emulator import Emulator
from pic32bench.errors import EmulatorError
from pic32bench.panel_link import NS, PanelLink

_T = TypeVar("_T")
DEFAULT_QUANTUM = 0.005


def _never() -> bool:
    return False


class Clock(ABC):
    """What both clocks can do."""

    def __init__(self, emulator: Emulator, link: PanelLink, quantum: float = DEFAULT_QUANTUM) -> None:
        self.quantum_ns = max(1, round(quantum * NS))
        # Called with the time whenever all that has come until then is taken in.
        self.after_stop: list[Callable[[int], None]] = []
        self._emulator = emulator
        self._link = link
        self._errors_seen = 0
        emulator.where = lambda: f"at {self.last_ns / NS:.3f} s"

    @property
    @abstractmethod
    def last_ns(self) -> int:
        """The newest virtual time already known, ns; asks nobody."""

    @property
    @abstractmethod
    def now_ns(self) -> int:
        """Virtual time now, ns."""

    @property
    def now(self) -> float:
        """Virtual time now, seconds."""
        return self.now_ns / NS

    @property
    @abstractmethod
    def in_quantum(self) -> bool:
        """Whether what comes in now is to be shown to waits at the end of the quantum, and not at once."""

    @abstractmethod
    def start(self) -> None:
        """Lets the machine leave the state it was started in."""

    @abstractmethod
    def wait_until(
        self, done: Callable[[], _T | None], timeout: float, by_time: Callable[[], bool] = _never
    ) -> _T | None:
        """Waits until ``done`` returns something, and returns that; None after ``timeout`` virtual seconds.

        ``done`` is asked before any time passes, at the end of every quantum in which the board has said something (a
        character, a line of the panel, a frame), and a last time at the end. ``by_time`` says whether it may also
        change its mind when nothing was said, as with a waveform: then it is asked after every quantum. Raises
        EmulatorError when the emulator dies, is stuck, or virtual time stands still.
        """

    @abstractmethod
    def let_act(self) -> None:
        """Lets what the panel was told to do now take effect; in lock-step that takes one instruction."""

    @abstractmethod
    def standing_still(self) -> AbstractContextManager[None]:
        """The machine stands still inside, after all that is due, and `last_ns` is exact."""

    def freeze(self) -> dict[str, int]:
        """What goes into a snapshot, as plain data."""
        return {"now_ns": self.last_ns, "errors_seen": self._errors_seen}

    def thaw(self, state: dict[str, int]) -> None:
        """Takes over what `freeze` gave, before `start`."""
        self._errors_seen = state["errors_seen"]
        self._set_now(state["now_ns"])

    @abstractmethod
    def _set_now(self, now_ns: int) -> None: ...

    def run_for(self, seconds: float) -> None:
        """Lets this much virtual time pass."""
        self.wait_until(lambda: None, seconds)

    def _edge(self, now_ns: int) -> int:
        """The end of the quantum after this time, ns.

        They are multiples of the quantum, so that where a wait stops does not depend on where it began.
        """
        return (now_ns // self.quantum_ns + 1) * self.quantum_ns

    def _stopped(self, time_ns: int) -> None:
        """Takes in all that has come until now."""
        self._emulator.drain()
        self._check()
        for hook in self.after_stop:
            hook(time_ns)

    def _check(self) -> None:
        self._emulator.check()
        if len(self._link.errors) > self._errors_seen:
            error = self._link.errors[self._errors_seen]
            self._errors_seen = len(self._link.errors)
            raise EmulatorError(f"the emulator's panel refused a command: {error.what}")


class LockStepClock(Clock):
    """The machine stands still between calls; ``quantum`` (virtual seconds) is how exactly it looks at the board."""

    def __init__(self, emulator: Emulator, link: PanelLink, quantum: float = DEFAULT_QUANTUM) -> None:
        super().__init__(emulator, link, quantum)
        # Each tells the next virtual time, ns, at which its owner has to be called by `after_stop`, or None.
        self.alarms: list[Callable[[], int | None]] = []
        # Each is told how far the machine is to run, virtual ns, and tells how far it may before it is asked again.
        self.bounds: list[Callable[[int], int]] = []
        self._now_ns = 0
        emulator.ordered = True

    @property
    def last_ns(self) -> int:
        return self._now_ns

    @property
    def now_ns(self) -> int:
        return self._now_ns

    @property
    def in_quantum(self) -> bool:
        return True

    def _set_now(self, now_ns: int) -> None:
        self._now_ns = now_ns

    def standing_still(self) -> AbstractContextManager[None]:
        return nullcontext()

    def start(self) -> None:
        self._now_ns = int(self._emulator.get("virtual-time"))

    def wait_until(
        self, done: Callable[[], _T | None], timeout: float, by_time: Callable[[], bool] = _never
    ) -> _T | None:
        deadline = self._now_ns + round(timeout * NS)
        while True:
            self._check()
            if (result := done()) is not None:
                return result
            if self._now_ns >= deadline:
                return None
            if by_time():
                self._run_towards(min(self._edge(self._now_ns), deadline))
            else:
                self._run_towards(deadline, quantum=self.quantum_ns)

    def let_act(self) -> None:
        self.run_to(self._now_ns + 1)

    def run_to(self, target_ns: int) -> None:
        """Runs the machine to this virtual time, ns."""
        while self._now_ns < target_ns:
            self._run_towards(target_ns)

    def _run_towards(self, target_ns: int, **how: int) -> None:
        """Runs the machine to the next stop: at this time, ns, at an alarm, or at a frame if the wire asks for that.

        ``how`` is more of what the panel's ``run`` takes.
        """
        for bound in self.bounds:
            target_ns = bound(target_ns)
        target_ns = min([target_ns, *(due for alarm in self.alarms if (due := alarm()) is not None)])
        self._link.stops.clear()
        self._link.run(run=target_ns, **how)
        emulator = self._emulator
        limit = time.monotonic() + emulator.backstop_wall + (target_ns - self._now_ns) / NS
        with emulator.activity:
            while not self._link.stops:
                if emulator.ended:
                    break
                if len(self._link.errors) > self._errors_seen:
                    break
                left = limit - time.monotonic()
                if left <= 0:
                    break
                emulator.activity.wait(left)
        if not self._link.stops:
            self._check()
            raise emulator.stuck(f"stopped moving at {self._now_ns / NS:.3f} s of virtual time and made no progress")
        emulator.taken_in()
        self._now_ns = self._link.stops[-1].time_ns
        self._stopped(self._now_ns)


class FreeRunningClock(Clock):
    """The machine runs in the background; waits look on.

    It keeps to the wall clock, but during a wait only while a peer on the host is connected. With ``skips`` off it
    always does: for a person who looks on.
    """

    # Longest time between two looks at what is not the board's, such as a host's socket, wall seconds.
    _LOOK_WALL = 0.02
    # Longest time that a machine that cannot be heard may hold up the end of a wait, wall seconds.
    _END_WALL = 2.0

    def __init__(self, emulator: Emulator, link: PanelLink, quantum: float = DEFAULT_QUANTUM) -> None:
        super().__init__(emulator, link, quantum)
        self.skips = True
        self._last_ns = 0
        self._last_wall = time.monotonic()
        self._newest_guess = 0
        self._running = False
        self._waits = 0  # waits that the machine has been told of
        self._taken = 0  # of these, those whose end has been taken in

    @property
    def last_ns(self) -> int:
        if not self._running:
            return self._last_ns
        # Between two looks virtual time has moved as much as the wall clock, if nothing was skipped; a guess never
        # goes back.
        guess = self._last_ns + round((time.monotonic() - self._last_wall) * NS)
        self._newest_guess = max(self._newest_guess, guess)
        return self._newest_guess

    @property
    def now_ns(self) -> int:
        self._saw(int(self._emulator.get("virtual-time")))
        return self._last_ns

    @property
    def in_quantum(self) -> bool:
        return self._taken < self._waits

    def start(self) -> None:
        # The peer lives in wall time: the guest's time-outs must not run out before it could answer.
        self._emulator.execute("qom-set", path="/machine", property="paced", value=True)
        self._emulator.execute("cont")
        self._running = True

    def let_act(self) -> None:
        pass  # it does without us

    def _set_now(self, now_ns: int) -> None:
        self._saw(now_ns)
        self._newest_guess = now_ns

    @contextmanager
    def standing_still(self) -> Iterator[None]:
        if not self._running:  # it does already
            yield
            return
        self._emulator.execute("stop")
        self._running = False
        try:
            self._finish_now()
            yield
        finally:
            self._last_wall = time.monotonic()
            self._emulator.execute("cont")
            self._running = True

    def _finish_now(self) -> None:
        """Lets happen what is due at the time at which the machine was stopped: a replay stops after it."""
        self._link.stops.clear()
        now_ns = self.now_ns
        self._link.send(run=now_ns)
        with self._emulator.activity:
            self._emulator.activity.wait_for(
                lambda: self._emulator.ended or self._link.stops, self._emulator.backstop_wall
            )
        self._check()
        if not self._link.stops:
            raise self._emulator.stuck(f"did not stop at {now_ns / NS:.9f} s of virtual time")
        self._set_now(self._link.stops[-1].time_ns)

    def wait_until(
        self, done: Callable[[], _T | None], timeout: float, by_time: Callable[[], bool] = _never
    ) -> _T | None:
        begin = now = self.now_ns
        deadline = begin + round(timeout * NS)
        limit = time.monotonic() + self._emulator.backstop_wall + 5 * timeout
        try:
            while True:
                self._check()
                if (result := done()) is not None:
                    return result
                if now >= deadline:
                    return None
                if time.monotonic() > limit:
                    raise self._standstill(begin, timeout)
                if not self.in_quantum:
                    self._begin_wait(self._edge(now) if by_time() else deadline)
                if (end := self._wait_end(self._LOOK_WALL)) is not None:
                    now = end
        finally:
            self._end_waits()

    def _standstill(self, begin: int, timeout: float) -> EmulatorError:
        return EmulatorError(
            f"virtual time hardly moves: {(self.now_ns - begin) / NS:.3f} s passed in "
            f"{self._emulator.backstop_wall + 5 * timeout:.0f} s of wall time: the firmware sleeps with no "
            "timer running, or the computer is overloaded"
        )

    def _begin_wait(self, until_ns: int | None) -> None:
        """Tells the machine that its next word is waited for, or, with None, that nothing is any more."""
        self._waits += 1
        if until_ns is None:
            self._link.send(wait=None)
        else:
            self._link.send(wait=until_ns, quantum=self.quantum_ns, **({} if self.skips else {"paced": True}))

    def _wait_end(self, look_wall: float) -> int | None:
        """Waits until the wait is over, and takes in what came: its end, ns. Or until something else has come."""
        emulator = self._emulator
        with emulator.activity:
            if len(self._link.waits) <= self._taken:
                emulator.activity.wait(look_wall)
        if len(self._link.waits) <= self._taken:
            return None
        end = self._link.waits[-1].time_ns
        self._saw(end)
        self._taken = len(self._link.waits)
        self._stopped(end)
        return end

    def _end_waits(self) -> None:
        """Before other things are done: the machine keeps to the wall clock again."""
        if not self.in_quantum:
            return
        with suppress(EmulatorError):  # the wait has its own
            self._begin_wait(None)
            limit = time.monotonic() + self._END_WALL
            while self.in_quantum and not self._emulator.ended and (left := limit - time.monotonic()) > 0:
                self._wait_end(left)

    def _saw(self, time_ns: int) -> None:
        self._last_ns = time_ns
        self._last_wall = time.monotonic()
