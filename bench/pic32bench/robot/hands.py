# SPDX-License-Identifier: MIT
"""Keywords for the board's switches, voltages, LEDs, cable, reset button, supply and crystals."""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass

from pic32bench.errors import UsageError, WaitTimeoutError
from pic32bench.panel import volts
from pic32bench.panel_link import PanelEvent, Waveform
from pic32bench.robot.emulation import EmulationKeywords

_UNITS = {"frequency": {"hz": 1.0, "khz": 1e3, "mhz": 1e6, "": 1.0}, "duty": {"%": 0.01, "": 1.0}}
_UNITS["tolerance"] = _UNITS["duty"]


def quantity(name: str, value: str | float) -> float:
    """A number with or without its unit, such as ``20 kHz`` or ``25 %``. Raises UsageError."""
    found = re.fullmatch(r"\s*([0-9.]+(?:e-?[0-9]+)?)\s*([a-z%]*)\s*", str(value), re.IGNORECASE)
    units = _UNITS[name]
    try:
        if found is not None and found[2].lower() in units:
            return float(found[1]) * units[found[2].lower()]
    except ValueError:
        pass
    example = {"frequency": "20 kHz", "duty": "25 %", "tolerance": "1 %"}[name]
    raise UsageError(f"{name}: expected a value such as {example}, found {value!r}")


@dataclass(frozen=True)
class LedTester:
    """What `Create Led Tester` makes."""

    led: str
    timeout: float


class PanelKeywords(EmulationKeywords):
    """What a hand does and an eye sees."""

    def __init__(self) -> None:
        super().__init__()
        self._led_testers: list[LedTester] = []

    def press_switch(self, name: str, at: float | None = None) -> None:
        """Presses a switch, such as SW1, and holds it; now, or at a virtual time still to come."""
        self.board.panel.press(name, at)

    def release_switch(self, name: str, at: float | None = None) -> None:
        """Lets go of a switch; now, or at a virtual time still to come."""
        self.board.panel.release(name, at)

    def unplug_cable(self, at: float | None = None) -> None:
        """Pulls the Ethernet cable."""
        self.board.panel.unplug_cable(at)

    def plug_cable(self, at: float | None = None) -> None:
        """Puts the Ethernet cable back in."""
        self.board.panel.plug_cable(at)

    def drive_pin(self, pin: str, level: int | None) -> None:
        """Drives a pin, such as RB12, from outside: 0, 1, or ${None} to let go."""
        self.board.panel.drive(pin, level)

    def set_voltage(self, name: str, voltage: str | None, at: float | None = None) -> None:
        """Sets the voltage of one of the board's analog inputs, or of a pin; ``${None}`` lets go of it.

        Now, or at a virtual time still to come.

        | Set Voltage    POT    1.65 V
        | Set Voltage    RB8    1650 mV    at=2.5
        """
        self.board.panel.set_voltage(name, None if voltage is None else volts(voltage), at)

    def hold_reset(self, at: float | None = None) -> None:
        """Presses the reset button (MCLR) and holds it; now, or at a virtual time still to come.

        The chip stands in reset until `Release Reset`. `Press Reset` is a short push.

        | Hold Reset
        | Run For    0.1
        | Release Reset
        """
        self.board.panel.hold_reset(at)

    def release_reset(self, at: float | None = None) -> None:
        """Lets go of the reset button; now, or at a virtual time still to come. The chip starts if it was held."""
        self.board.panel.release_reset(at)

    def brown_out(self, at: float | None = None) -> None:
        """Lets the supply dip, which resets the chip; now, or at a virtual time still to come."""
        self.board.panel.brown_out(at)

    def stop_crystal(self, name: str, at: float | None = None) -> None:
        """Stops a crystal, ``posc`` or ``sosc``; now, or at a virtual time still to come.

        | Stop Crystal    posc
        """
        self.board.panel.stop_crystal(name, at)

    def start_crystal(self, name: str, at: float | None = None) -> None:
        """Lets a crystal oscillate again; now, or at a virtual time still to come."""
        self.board.panel.start_crystal(name, at)

    def panel_state(self) -> str:
        """Switches, LEDs, voltages, cable, and what is stopped or held, in one line."""
        return self.board.panel.state()

    def panel_log(self) -> str:
        """Everything that happened on the panel so far, one event a line, each with its exact virtual time."""
        return self.board.panel.log()

    def last_reset(self) -> PanelEvent:
        """When the chip last came out of reset and why.

        ``time``, and ``what``: power-on, brown-out, software, watchdog, deadman, mclr.
        """
        return self.board.panel.resets()[-1]

    def create_led_tester(self, led: str, machine: str | None = None, defaultTimeout: float = 0) -> int:  # noqa: N803
        """Makes a tester for a LED, such as LED1, and returns its id. May stand before `Start Emulation`."""
        self._led_testers.append(LedTester(led.removeprefix("sysbus."), defaultTimeout))
        return len(self._led_testers) - 1

    def assert_led_state(
        self,
        state: bool,
        timeout: float | None = None,
        testerId: int | str | None = None,  # noqa: N803
        pauseEmulation: bool = False,  # noqa: N803
    ) -> None:
        """Waits until the LED is lit (``true``) or dark (``false``); fails after ``timeout`` virtual seconds.

        ``testerId`` is what `Create Led Tester` returned, or just the LED's name.

        | Assert Led State    true    timeout=2    testerId=LED1
        """
        tester = self._led(testerId)
        self.board.panel.wait_for_led(tester.led, state, tester.timeout if timeout is None else timeout)

    def assert_led_is_blinking(
        self,
        testDuration: float,  # noqa: N803
        onDuration: float,  # noqa: N803
        offDuration: float,  # noqa: N803
        tolerance: float = 0.05,
        testerId: int | str | None = None,  # noqa: N803
        pauseEmulation: bool = False,  # noqa: N803
    ) -> None:
        """Watches a LED for ``testDuration`` virtual seconds and fails unless it blinks as said.

        ``onDuration`` and ``offDuration`` are seconds lit and dark, each right within the fraction ``tolerance``,
        in every single blink. Times are the emulator's own, of the pin's edges.
        """
        tester = self._led(testerId)
        panel = self.board.panel
        begin = self.board.time
        self.board.run_for(testDuration)
        edges = panel.changes(tester.led, begin, begin + testDuration)
        if len(edges) < 3:
            raise WaitTimeoutError(
                f"{tester.led} does not blink: {len(edges)} changes in {testDuration:g} s, panel: {panel.state()}",
                self.board.failure_report(),
            )
        for (start, lit), (end, _) in itertools.pairwise(edges):
            expected = onDuration if lit else offDuration
            if abs(end - start - expected) > expected * tolerance:
                raise AssertionError(
                    f"{tester.led} was {'lit' if lit else 'dark'} for {end - start:.6f} s from {start:.6f} s on: "
                    f"expected {expected:g} s within {tolerance:.1%}"
                )

    def assert_led_duty_cycle(
        self,
        testDuration: float,  # noqa: N803
        expectedDutyCycle: float,  # noqa: N803
        tolerance: float = 0.05,
        testerId: int | str | None = None,  # noqa: N803
        pauseEmulation: bool = False,  # noqa: N803
    ) -> None:
        """Watches a LED for ``testDuration`` virtual seconds and fails unless it was lit for the expected share of it.

        ``expectedDutyCycle`` is 0 to 1, right within the fraction ``tolerance`` of it. That is how bright a LED
        looks that PWM drives, however fast.

        | Assert Led Duty Cycle    testDuration=0.1    expectedDutyCycle=0.25    testerId=LED1
        """
        led = self.board.description.led(self._led(testerId).led)
        begin = self.board.time
        self.board.run_for(testDuration)
        share = self.board.panel.duty(led.pin, begin, self.board.time)
        if not led.lit_level:
            share = 1 - share
        if abs(share - expectedDutyCycle) > expectedDutyCycle * tolerance:
            raise AssertionError(
                f"{led.name} was lit for {share:.2%} of {testDuration:g} s: "
                f"expected {expectedDutyCycle:.2%} within {tolerance:.1%}"
            )

    def get_waveform(self, pin: str) -> Waveform | None:
        """What a pin, PWM output or LED carries now: ``period``, ``high`` (s), ``frequency`` (Hz), ``duty`` (0 to 1).

        ``${None}`` while it carries no waveform.
        """
        return self.board.waveform(pin)

    def pwm_should_be(
        self,
        pin: str,
        frequency: str | float | None = None,
        duty: str | float | None = None,
        tolerance: str | float = "1 %",
        timeout: float = 1.0,
    ) -> Waveform:
        """Fails unless a pin carries a waveform as said, at the latest after ``timeout`` virtual seconds.

        ``pin`` is a pin such as RD0, or the name of a PWM output or LED of the board. ``frequency`` is in Hz, or with
        its unit; ``duty`` is the share of the time that it is high, as a percentage or 0 to 1; what is left out may
        be anything. ``tolerance`` is the share of each that it may be off. Returns the waveform.

        | PWM Should Be    RD0    frequency=20 kHz    duty=25 %
        """
        given = {"frequency": frequency, "duty": duty}
        wanted = {name: quantity(name, value) for name, value in given.items() if value is not None}
        fraction = quantity("tolerance", tolerance)

        def right() -> Waveform | None:
            found = self.board.waveform(pin)
            if found is None:
                return None
            off = (abs(getattr(found, name) - value) - value * fraction for name, value in wanted.items())
            return found if all(each <= 1e-9 for each in off) else None

        found = self.board.clock.wait_until(right, timeout)
        if found is None:
            expected = ", ".join(f"{name} {value:g}{' Hz' * (name == 'frequency')}" for name, value in wanted.items())
            raise AssertionError(
                f"{pin} carries {self.board.waveform(pin) or 'no waveform'}: "
                f"expected {expected or 'any waveform'} within {fraction:.1%}"
            )
        return found

    def led_blink_period(self, name: str, cycles: int = 3, timeout: float = 10.0) -> float:
        """Mean time from one lighting up of a LED to the next, virtual seconds, over so many cycles from now on."""
        return self.board.panel.blink(name, cycles, timeout).period

    def _led(self, tester_id: int | str | None) -> LedTester:
        if isinstance(tester_id, str):
            return LedTester(tester_id, 0)
        if tester_id is None:
            if len(self._led_testers) != 1:
                raise UsageError("say which LED: testerId=LED1, or make one tester with `Create Led Tester`")
            return self._led_testers[0]
        if 0 <= tester_id < len(self._led_testers):
            return self._led_testers[tester_id]
        raise UsageError(f"no LED tester {tester_id}: `Create Led Tester` returns the ids")
