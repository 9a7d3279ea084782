# SPDX-License-Identifier: MIT
"""Virtual time: how the machine is let run, and how everything waits.

Two clocks with one interface. In lock-step the machine stands still between calls and moves on in quanta, so what
a suite sees is the same to the nanosecond in every run. Free-running, for networks with a host at the other end,
the machine runs in the background and waits look on. All times are virtual seconds since power-on of the emulator
unless a name ends in ``_wall``.
"""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import TypeVar

from pic32bench.emulator import Emulator
from pic32bench.errors import EmulatorError
from pic32bench.panel_link import NS, PanelLink

_T = TypeVar("_T")
DEFAULT_QUANTUM = 0.005


class Clock(ABC):
    """What both clocks can do."""

    def __init__(self, emulator: Emulator, link: PanelLink) -> None:
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

    @abstractmethod
    def start(self) -> None:
        """Lets the machine leave the state it was started in."""

    @abstractmethod
    def wait_until(self, done: Callable[[], _T | None], timeout: float) -> _T | None:
        """Waits until ``done`` returns something, and returns that; None after ``timeout`` virtual seconds.

        ``done`` is asked before any time passes and a last time at the end. Raises EmulatorError when the emulator
        dies, is stuck, or virtual time stands still.
        """

    @abstractmethod
    def let_act(self) -> None:
        """Lets what the panel was told to do now take effect; in lock-step that takes one instruction."""

    @abstractmethod
    def standing_still(self) -> AbstractContextManager[None]:
        """The machine stands still inside, and `last_ns` is exact."""

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

    def _check(self) -> None:
        self._emulator.check()
        if len(self._link.errors) > self._errors_seen:
            error = self._link.errors[self._errors_seen]
            self._errors_seen = len(self._link.errors)
            raise EmulatorError(f"the emulator's panel refused a command: {error.what}")


class LockStepClock(Clock):
    """The machine stands still between calls; ``quantum`` (virtual seconds) is how far it moves at a time."""

    def __init__(self, emulator: Emulator, link: PanelLink, quantum: float = DEFAULT_QUANTUM) -> None:
        super().__init__(emulator, link)
        self.quantum_ns = max(1, round(quantum * NS))
        self.after_stop: list[Callable[[int], None]] = []
        # Each tells the next virtual time, ns, at which its owner has to be called by `after_stop`, or None.
        self.alarms: list[Callable[[], int | None]] = []
        self._now_ns = 0
        self._settled: dict[str, int] = {}

    @property
    def last_ns(self) -> int:
        return self._now_ns

    @property
    def now_ns(self) -> int:
        return self._now_ns

    def _set_now(self, now_ns: int) -> None:
        self._now_ns = now_ns

    def standing_still(self) -> AbstractContextManager[None]:
        return nullcontext()

    def start(self) -> None:
        self._now_ns = int(self._emulator.execute("qom-get", path="/machine", property="virtual-time"))

    def wait_until(self, done: Callable[[], _T | None], timeout: float) -> _T | None:
        deadline = self._now_ns + round(timeout * NS)
        while True:
            self._check()
            if (result := done()) is not None:
                return result
            if self._now_ns >= deadline:
                return None
            # Quanta end on multiples of the quantum, so that where a wait stops does not depend on where it began.
            edge = (self._now_ns // self.quantum_ns + 1) * self.quantum_ns
            self._run_towards(min(edge, deadline))

    def let_act(self) -> None:
        self.run_to(self._now_ns + 1)

    def run_to(self, target_ns: int) -> None:
        """Runs the machine to this virtual time, ns."""
        while self._now_ns < target_ns:
            self._run_towards(target_ns)

    def _run_towards(self, target_ns: int) -> None:
        """Runs the machine to the next stop: at this time, ns, at an alarm, or at a frame if the wire asks for that."""
        target_ns = min([target_ns, *(due for alarm in self.alarms if (due := alarm()) is not None)])
        self._settle()
        self._link.stops.clear()
        self._link.send(run=target_ns)
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
        self._now_ns = self._link.stops[-1].time_ns
        emulator.drain()
        self._check()
        for hook in self.after_stop:
            hook(self._now_ns)

    def _settle(self) -> None:
        """The panel's `run` must not overtake bytes for a UART or the wire that were written before it."""
        written = {c.name: c.written for c in self._emulator.channels.values() if c.name != "panel"}
        if written != self._settled:
            if any(written.values()):
                self._emulator.settle()
            self._settled = written


class FreeRunningClock(Clock):
    """The machine runs in the background, never ahead of wall time; waits look on."""

    # Longest time between two looks at virtual time, wall seconds.
    _LOOK_WALL = 0.02

    def __init__(self, emulator: Emulator, link: PanelLink) -> None:
        super().__init__(emulator, link)
        self._last_ns = 0
        self._last_wall = time.monotonic()
        self._newest_guess = 0
        self._running = False

    @property
    def last_ns(self) -> int:
        if not self._running:
            return self._last_ns
        # Between two looks virtual time has moved at most as much as the wall clock; a guess never goes back.
        guess = self._last_ns + round((time.monotonic() - self._last_wall) * NS)
        self._newest_guess = max(self._newest_guess, guess)
        return self._newest_guess

    @property
    def now_ns(self) -> int:
        self._last_ns = int(self._emulator.execute("qom-get", path="/machine", property="virtual-time"))
        self._last_wall = time.monotonic()
        return self._last_ns

    def start(self) -> None:
        # The peer lives in wall time: the guest's time-outs must not run out before it could answer.
        self._emulator.execute("qom-set", path="/machine", property="paced", value=True)
        self._emulator.execute("cont")
        self._running = True

    def let_act(self) -> None:
        pass  # it does without us

    def _set_now(self, now_ns: int) -> None:
        self._last_ns = self._newest_guess = now_ns
        self._last_wall = time.monotonic()

    @contextmanager
    def standing_still(self) -> Iterator[None]:
        self._emulator.execute("stop")
        self._set_now(self.now_ns)
        self._running = False
        try:
            yield
        finally:
            self._last_wall = time.monotonic()
            self._emulator.execute("cont")
            self._running = True

    def wait_until(self, done: Callable[[], _T | None], timeout: float) -> _T | None:
        begin = now = self.now_ns
        deadline = begin + round(timeout * NS)
        limit = time.monotonic() + self._emulator.backstop_wall + 5 * timeout
        while True:
            self._check()
            if (result := done()) is not None:
                return result
            if now >= deadline:
                return None
            if time.monotonic() > limit:
                raise EmulatorError(
                    f"virtual time hardly moves: {(now - begin) / NS:.3f} s passed in "
                    f"{self._emulator.backstop_wall + 5 * timeout:.0f} s of wall time: the firmware sleeps with no "
                    "timer running, or the computer is overloaded"
                )
            look = min(self._LOOK_WALL, (deadline - now) / NS)
            with self._emulator.activity:
                self._emulator.activity.wait(look)
            if time.monotonic() - self._last_wall >= look:
                now = self.now_ns
