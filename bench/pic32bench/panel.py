# SPDX-License-Identifier: MIT
"""The board's panel: press its switches, set its voltages, look at its LEDs, pull its cable, its power and its reset.

All by the names on the board.
"""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from pic32bench.board import BoardDescription, Led
from pic32bench.clock import Clock
from pic32bench.emulator import Emulator
from pic32bench.errors import EmulatorError, UsageError, WaitTimeoutError
from pic32bench.panel_link import NS, PanelEvent, PanelLink, Waveform
from pic32bench.pin_trace import PinTrace

DEFAULT_TIMEOUT = 10.0
_RESET_BACKSTOP_WALL = 10.0
_MAX_VOLTS = 5.5  # the emulator's contract, platforms/qemu/README.md
_VOLTAGE = re.compile(r"([0-9]*\.?[0-9]+(?:[eE][-+]?[0-9]+)?)\s*(m?)[vV]?")
_T = TypeVar("_T")


def volts(text: str) -> float:
    """The volts in a text such as ``1.65 V``, ``1650 mV`` or ``1.65``. Raises UsageError."""
    found = _VOLTAGE.fullmatch(text.strip())
    if not found:
        raise UsageError(f"voltage {text!r}: expected one such as 1.65 V or 1650 mV")
    return float(found[1]) / (1000 if found[2] else 1)


@dataclass(frozen=True)
class Blink:
    """How a LED blinks: mean time lit and dark, virtual seconds, over ``cycles`` whole cycles.

    ``shortest`` and ``longest`` are those of the cycles.
    """

    lit: float
    dark: float
    shortest: float
    longest: float
    cycles: int

    @property
    def period(self) -> float:
        """Mean time from one lighting up to the next, virtual seconds."""
        return self.lit + self.dark


class Panel:
    """Hands and eyes. Every action happens now, or ``at`` a virtual time in seconds that is still to come."""

    def __init__(
        self,
        board: BoardDescription,
        emulator: Emulator,
        clock: Clock,
        link: PanelLink,
        report: Callable[[], str] = lambda: "",
    ) -> None:
        self.board = board
        self._emulator = emulator
        self._clock = clock
        self._link = link
        self._report = report
        self._switches: dict[str, bool] = dict.fromkeys(board.switches, False)
        self._voltages: dict[str, float] = {}
        self._cable = True
        self._reset_button: list[tuple[int, bool]] = []  # (virtual ns, held), those still to come included
        self._stopped_crystals: list[str] = []

    @property
    def events(self) -> list[PanelEvent]:
        """Everything the panel saw, oldest first."""
        return list(self._link.events)

    def press(self, switch: str, at: float | None = None) -> None:
        """Presses a switch and holds it. Raises UsageError when the board has no such switch."""
        found = self.board.switch(switch)
        self.act(f"press {found.name}", at, pin=found.pin, level=found.pressed_level)
        self._switches[found.name] = True

    def release(self, switch: str, at: float | None = None) -> None:
        """Lets go of a switch; the pin's pull-up or pull-down then decides. Raises UsageError."""
        found = self.board.switch(switch)
        self.act(f"release {found.name}", at, pin=found.pin, level=None)
        self._switches[found.name] = False

    def is_pressed(self, switch: str) -> bool:
        """Whether the switch is held. Raises UsageError."""
        return self._switches[self.board.switch(switch).name]

    def drive(self, pin: str, level: int | None, at: float | None = None) -> None:
        """Drives a pin, such as RB12, from outside: 0, 1, or None to let go. Raises UsageError."""
        if level not in (0, 1, None):
            raise UsageError(f"pin {pin}: expected level 0, 1 or None, found {level!r}")
        name = self.board.pin(pin)
        self.act(f"drive {name} {'open' if level is None else level}", at, pin=name, level=level)

    def set_voltage(self, name: str, voltage: float | None, at: float | None = None) -> None:
        """Sets the voltage, 0 to 5.5 V, of an analog input of the board, or of a pin such as RB4; None lets go.

        The emulator takes whole millivolts. Raises UsageError.
        """
        pin = self.board.analog_pin(name)
        if voltage is not None and not 0 <= voltage <= _MAX_VOLTS:
            raise UsageError(f"{name}: expected a voltage from 0 to {_MAX_VOLTS:g} V, found {voltage:g} V")
        millivolts = None if voltage is None else round(voltage * 1000)
        what = f"let go of {name}" if millivolts is None else f"set {name} to {millivolts} mV"
        self.act(what, at, pin=pin, millivolts=millivolts)
        self._voltages.pop(pin, None)
        if millivolts is not None:
            self._voltages[pin] = millivolts / 1000

    def level(self, pin: str) -> int | None:
        """The level, 0 or 1, that the chip gives an output pin now; None while it is no output."""
        trace = self._trace(self.board.pin(pin))
        return trace.level(self._now(trace))

    def waveform(self, pin: str) -> Waveform | None:
        """The waveform that a pin carries now, None when it carries none.

        ``pin`` may also be the name of a PWM output or of a LED in the board file. A period of more than 4 s is no
        waveform but single edges. Raises UsageError.
        """
        return self._trace(self.board.output_pin(pin)).waveform

    def wait_for_waveform(self, pin: str, timeout: float = DEFAULT_TIMEOUT) -> Waveform:
        """Waits until a pin carries a waveform, and returns it. Raises WaitTimeoutError, UsageError."""
        return self._wait(lambda: self.waveform(pin), timeout, f"{pin} carried no waveform")

    def duty(self, pin: str, since: float, until: float) -> float:
        """The share of a span of past virtual time that an output pin was high, 0 to 1.

        ``pin`` as of `waveform`. Raises UsageError.
        """
        return self._trace(self.board.output_pin(pin)).high_time(since, until) / (until - since)

    def is_lit(self, led: str) -> bool:
        """Whether a LED is lit at this moment. Raises UsageError when the board has no such LED."""
        found = self.board.led(led)
        return self.level(found.pin) == found.lit_level

    def wait_for_led(self, led: str, lit: bool = True, timeout: float = DEFAULT_TIMEOUT) -> float:
        """Waits until a LED is lit, or dark, and returns since when it has been, virtual seconds.

        Raises WaitTimeoutError, UsageError.
        """
        found = self.board.led(led)
        state = "lit" if lit else "dark"

        def look() -> float | None:
            if self.is_lit(led) is not lit:
                return None
            trace = self._trace(found.pin)
            return trace.since(self._now(trace))

        return self._wait(look, timeout, f"{found.name} ({found.pin}) was not {state}", found.pin)

    def blink(self, led: str, cycles: int = 3, timeout: float = DEFAULT_TIMEOUT) -> Blink:
        """Measures how a LED blinks from now on, from the emulator's own times of the pin's edges.

        Raises WaitTimeoutError when it does not blink ``cycles`` times within ``timeout``, and UsageError.
        """
        found = self.board.led(led)
        begin = self._clock.now

        def look() -> Blink | None:
            return _blink(self._changes(found, begin), cycles)

        return self._wait(look, timeout, f"{found.name} ({found.pin}) did not blink {cycles} times", found.pin)

    def wait_for_pin(self, pin: str, level: int | None, timeout: float = DEFAULT_TIMEOUT) -> None:
        """Waits until an output pin has this level. Raises WaitTimeoutError, UsageError."""
        self._wait(lambda: True if self.level(pin) == level else None, timeout, f"{pin} did not become {level}", pin)

    def unplug_cable(self, at: float | None = None) -> None:
        """Pulls the Ethernet cable."""
        self.act("unplug the cable", at, link="down")
        self._cable = False

    def plug_cable(self, at: float | None = None) -> None:
        """Puts the Ethernet cable back in."""
        self.act("plug the cable in", at, link="up")
        self._cable = True

    def power_cycle(self, at: float | None = None) -> None:
        """Takes power away and gives it back: a power-on reset. Flash keeps its contents."""
        self._reset("power cycle", at, power="cycle")

    def brown_out(self, at: float | None = None) -> None:
        """Lets the supply dip: a brown-out reset (BOR). Flash keeps its contents."""
        self._reset("brown-out", at, power="brown-out")

    def push_reset(self, at: float | None = None) -> None:
        """Pushes the reset button (MCLR) and lets go of it at once; memory and flash stay.

        Raises UsageError while it is held.
        """
        if at is None and self.is_reset_held():
            raise UsageError("cannot push the reset button: it is held, release it first")
        self._reset("reset", at, mclr="push")

    def hold_reset(self, at: float | None = None) -> None:
        """Presses the reset button and holds it: MCLR is low and the chip stands in reset; see also `push_reset`."""
        self.act("hold the reset button", at, mclr="low")
        self._reset_button.append((self._at_ns(at), True))

    def release_reset(self, at: float | None = None) -> None:
        """Lets go of the reset button; if it was held, the chip starts, and the reset is of the kind ``mclr``."""
        before = len(self.resets())
        starts = at is None and self.is_reset_held()
        self.act("release the reset button", at, mclr="high")
        self._reset_button.append((self._at_ns(at), False))
        if starts:
            self._wait_for_reset_now(before)

    def is_reset_held(self) -> bool:
        """Whether the reset button is held now."""
        return self._reset_held(self._clock.now_ns)

    def stop_crystal(self, name: str, at: float | None = None) -> None:
        """Stops a crystal, ``posc`` or ``sosc``, as a bad solder joint does. Raises UsageError if the board has none.

        What comes of it is the chip's business: with the fail-safe clock monitor an NMI and the back-up clock, without
        it a core that stands still, if its clock came from there.
        """
        crystal = self.board.crystal(name)
        self.act(f"stop {crystal}", at, crystal=crystal, state="stopped")
        if crystal not in self._stopped_crystals:
            self._stopped_crystals.append(crystal)

    def start_crystal(self, name: str, at: float | None = None) -> None:
        """Lets a stopped crystal oscillate again. Raises UsageError if the board has none."""
        crystal = self.board.crystal(name)
        self.act(f"start {crystal}", at, crystal=crystal, state="running")
        if crystal in self._stopped_crystals:
            self._stopped_crystals.remove(crystal)

    def resets(self) -> list[PanelEvent]:
        """The resets so far; ``what`` is power-on, brown-out, software, watchdog, deadman or mclr."""
        return [event for event in self.events if event.kind == "reset"]

    def wait_for_reset(self, count: int, timeout: float = DEFAULT_TIMEOUT) -> PanelEvent:
        """Waits until the chip has come out of reset ``count`` times in all; returns that event.

        Raises WaitTimeoutError."""
        return self._wait(
            lambda: self.resets()[count - 1] if len(self.resets()) >= count else None,
            timeout,
            f"the chip did not reset: {len(self.resets())} resets so far, expected {count}",
        )

    def _wait_for_reset_now(self, before: int) -> None:
        """Waits until a reset asked for now has happened: after one more instruction."""
        self._clock.let_act()
        with self._emulator.activity:
            done = self._emulator.activity.wait_for(
                lambda: self._emulator.ended or len(self.resets()) > before, _RESET_BACKSTOP_WALL
            )
        self._emulator.check()
        if not done:
            raise EmulatorError(
                f"the emulator's panel did not report the reset within {_RESET_BACKSTOP_WALL:g} s of wall time"
            )

    def freeze(self) -> dict[str, Any]:
        """What hands hold, as plain data for a snapshot."""
        return {
            "switches": self._switches,
            "voltages": self._voltages,
            "cable": self._cable,
            "reset_button": self._reset_button,
            "stopped_crystals": self._stopped_crystals,
        }

    def thaw(self, state: dict[str, Any]) -> None:
        """Takes over what `freeze` gave."""
        self._switches = dict(state["switches"])
        self._voltages = dict(state["voltages"])
        self._cable = state["cable"]
        self._reset_button = [(time_ns, held) for time_ns, held in state["reset_button"]]
        self._stopped_crystals = list(state["stopped_crystals"])

    def state(self) -> str:
        """The panel in one line, for people."""
        switches = " ".join(f"{name}={'pressed' if held else 'up'}" for name, held in self._switches.items())
        leds = " ".join(f"{name}={'lit' if self.is_lit(name) else 'dark'}" for name in self.board.leds)
        names = {analog.pin: analog.name for analog in self.board.analog.values()}
        voltages = " ".join(f"{names.get(pin, pin)}={voltage:.3f}V" for pin, voltage in self._voltages.items())
        crystals = " ".join(f"{crystal}=stopped" for crystal in self._stopped_crystals)
        reset = "reset=held" if self._reset_held(self._clock.last_ns) else ""
        cable = f"cable={'in' if self._cable else 'out'}"
        return " ".join(filter(None, [switches, leds, voltages, crystals, reset, cable]))

    def log(self, lines: int | None = None) -> str:
        """The events, one a line, for people; the last ``lines`` of them if given."""
        events = self.events if lines is None else self.events[-lines:]
        return "\n".join(str(event) for event in events)

    def _at_ns(self, at: float | None) -> int:
        return self._clock.last_ns if at is None else round(at * NS)

    def _reset_held(self, now_ns: int) -> bool:
        in_order = sorted(self._reset_button, key=lambda entry: entry[0])  # stable: of two at one time the last said
        so_far = [held for time_ns, held in in_order if time_ns <= now_ns]
        return bool(so_far) and so_far[-1]

    def _reset(self, what: str, at: float | None, **command: str) -> None:
        """Does what resets the chip, and, done now, waits for that. It comes out only when the button is released."""
        before = len(self.resets())
        held = at is None and self.is_reset_held()
        self.act(what, at, **command)
        if at is None and not held:
            self._wait_for_reset_now(before)

    def act(self, what: str, at: float | None, **command: Any) -> None:
        """Sends a line to the panel (platforms/qemu/README.md) and notes what it does. Raises UsageError."""
        if at is None:
            self._link.note(self._clock.last_ns, what)
            self._link.send(**command)
            return
        at_ns = round(at * NS)
        if at_ns < self._clock.now_ns:
            raise UsageError(f"cannot {what} at {at:g} s: it is {self._clock.now:.6f} s already")
        self._link.note(at_ns, what)
        self._link.send(**command, at=at_ns)

    def changes(self, led: str, since: float = 0.0, until: float = math.inf) -> list[tuple[float, bool]]:
        """(virtual seconds, lit) of every change of a LED from ``since`` to ``until``. Raises UsageError."""
        return self._changes(self.board.led(led), since, until)

    def _changes(self, led: Led, since: float, until: float = math.inf) -> list[tuple[float, bool]]:
        """(virtual seconds, lit) of every change of a LED."""
        changes: list[tuple[float, bool]] = []
        trace = self._trace(led.pin)
        lit = trace.level_before(since) == led.lit_level
        for time, level in trace.edges(since, min(until, self._now(trace))):
            if (level == led.lit_level) != lit:
                lit = not lit
                changes.append((time, lit))
        return changes

    def _trace(self, pin: str) -> PinTrace:
        return PinTrace([event for event in self.events if event.what == pin and event.kind in ("pin", "waveform")])

    def _now(self, trace: PinTrace) -> float:
        """The newest virtual time known to the pin, seconds; asks nobody, as a dead emulator does not answer."""
        newest = trace.events[-1].time_ns if trace.events else 0
        return max(self._clock.last_ns, newest) / NS

    def _wait(self, look: Callable[[], _T | None], timeout: float, what: str, pin: str | None = None) -> _T:
        """Waits for something that the panel says, or, with ``pin``, that a waveform on this pin does unsaid."""
        result = self._clock.wait_until(look, timeout, lambda: pin is not None and self.waveform(pin) is not None)
        if result is None:
            raise WaitTimeoutError(
                f"{what} within {timeout:g} s (virtual time {self._clock.now:.3f} s): panel: {self.state()}",
                self._report(),
            )
        return result


def _blink(changes: list[tuple[float, bool]], cycles: int) -> Blink | None:
    """The first whole cycles, from one lighting up to the next, or None when there are too few."""
    while changes and not changes[0][1]:
        changes = changes[1:]
    if len(changes) < 2 * cycles + 1:
        return None
    times = [time for time, _ in changes[: 2 * cycles + 1]]
    steps = [later - earlier for earlier, later in itertools.pairwise(times)]
    periods = [on + off for on, off in zip(steps[::2], steps[1::2], strict=True)]
    return Blink(sum(steps[::2]) / cycles, sum(steps[1::2]) / cycles, min(periods), max(periods), cycles)
