# SPDX-License-Identifier: MIT
"""Keywords for the board's switches, LEDs and cable."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

from pic32bench.errors import UsageError, WaitTimeoutError
from pic32bench.panel_link import PanelEvent
from pic32bench.robot.emulation import EmulationKeywords


@dataclass(frozen=True)
class _LedTester:
    led: str
    timeout: float


class PanelKeywords(EmulationKeywords):
    """What a hand does and an eye sees."""

    def __init__(self) -> None:
        super().__init__()
        self._led_testers: list[_LedTester] = []

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

    def panel_state(self) -> str:
        """Switches, LEDs and cable in one line."""
        return self.board.panel.state()

    def panel_log(self) -> str:
        """Everything that happened on the panel so far, one event a line, each with its exact virtual time."""
        return self.board.panel.log()

    def last_reset(self) -> PanelEvent:
        """When the chip last came out of reset and why: ``time``, and ``what``: power-on, software, mclr, watchdog."""
        return self.board.panel.resets()[-1]

    def create_led_tester(self, led: str, machine: str | None = None, defaultTimeout: float = 0) -> int:  # noqa: N803
        """Makes a tester for a LED, such as LED1, and returns its id. May stand before `Start Emulation`."""
        self._led_testers.append(_LedTester(led.removeprefix("sysbus."), defaultTimeout))
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

    def led_blink_period(self, name: str, cycles: int = 3, timeout: float = 10.0) -> float:
        """Mean time from one lighting up of a LED to the next, virtual seconds, over so many cycles from now on."""
        return self.board.panel.blink(name, cycles, timeout).period

    def _led(self, tester_id: int | str | None) -> _LedTester:
        if isinstance(tester_id, str):
            return _LedTester(tester_id, 0)
        if tester_id is None:
            if len(self._led_testers) != 1:
                raise UsageError("say which LED: testerId=LED1, or make one tester with `Create Led Tester`")
            return self._led_testers[0]
        if 0 <= tester_id < len(self._led_testers):
            return self._led_testers[tester_id]
        raise UsageError(f"no LED tester {tester_id}: `Create Led Tester` returns the ids")
