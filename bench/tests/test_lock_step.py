# SPDX-License-Identifier: MIT
"""The bench in lock-step, against the stand-in: console, panel and time."""

from __future__ import annotations

import math
import re
from collections.abc import Callable

import pytest

import pic32bench
from pic32bench import Board, EmulatorError, UsageError, WaitTimeoutError
from pic32bench.panel import volts

Start = Callable[..., Board]


def test_waits_end_in_the_first_quantum_where_the_text_is(fake_board: Start) -> None:
    board = fake_board()
    assert board.time == 0
    line = board.console.wait_for_line("Initialization Ended")
    assert line.text == "TCP/IP Stack: Initialization Ended - success"
    assert board.time == line.time == pytest.approx(0.020)


def test_the_machine_stops_only_where_the_board_has_said_something(fake_board: Start) -> None:
    board = fake_board()
    board.console.wait_for_prompt()
    stops: list[int] = []
    board.clock.after_stop.append(stops.append)
    board.run_for(1)
    # LED1 every 100 and 150 ms, its twin with it, the address at 500 ms, a frame at 250 ms: all at multiples of 50 ms
    assert len(stops) <= 1 + 1000 // 50
    assert all(stop % 50_000_000 == 0 for stop in stops[:-1])


def test_reading_goes_on_after_the_last_match(fake_board: Start) -> None:
    board = fake_board()
    found = board.console.wait_for("TCP/IP Stack")
    assert found.before == ""
    assert board.console.wait_for("Initialization").before == ": "
    assert board.console.wait_for_line("TCP/IP").text.endswith("Ended - success")
    assert board.console.wait_for_next_line().text == "Waiting for Client Connection on port: 8088"
    assert board.console.wait_for_prompt().text == ">"
    address = board.console.wait_for(re.compile(r"Address: (\S+)"))
    assert address.groups == ("10.0.2.15",)


def test_typing_takes_as_long_as_the_line(fake_board: Start) -> None:
    board = fake_board()
    board.console.wait_for_prompt()
    begin = board.time
    board.console.write_line("help")
    assert board.time - begin == pytest.approx(5 * 10 / 115_200, abs=5e-9)
    assert board.console.wait_for_line("commands:").text == "commands: help reset"


def test_bytes_for_protocols_that_are_no_text(fake_board: Start) -> None:
    board = fake_board()
    board.console.wait_for_prompt()
    begin = board.time
    board.console.write_bytes(b"help\r")
    assert board.time - begin == pytest.approx(5 * 10 / 115_200, abs=5e-9)
    board.console.wait_for_line("commands:")
    assert board.console.data.decode() == board.console.text


def test_a_text_that_does_not_come_fails_at_the_virtual_deadline(fake_board: Start) -> None:
    board = fake_board()
    with pytest.raises(WaitTimeoutError) as caught:
        board.console.wait_for("never", timeout=0.3)
    assert board.time == pytest.approx(0.3)
    assert caught.value.message == (
        "UART2 did not say 'never' within 0.3 s (virtual time 0.300 s): the last line was '> '"
    )
    for part in ("Waiting for Client", "SW1=up", "LED1=dark", "unimplemented register read"):
        assert part in caught.value.details


def test_an_unfinished_line_counts_only_when_asked(fake_board: Start) -> None:
    board = fake_board()
    board.console.wait_for_line("port: 8088")
    with pytest.raises(WaitTimeoutError):
        board.console.wait_for_line(">", timeout=0.1)
    assert board.console.wait_for_line(">", include_unfinished=True).text == "> "


def test_silence_can_be_asserted(fake_board: Start) -> None:
    board = fake_board()
    board.console.wait_for_line("port: 8088")
    board.console.should_be_silent("Address", seconds=0.3)
    with pytest.raises(WaitTimeoutError, match="said 'Address', which it should not"):
        board.console.should_be_silent("Address", seconds=0.5)


def test_switches_by_name_and_active_level(fake_board: Start) -> None:
    board = fake_board()
    board.panel.press("sw1")
    board.console.wait_for_line("RB12=0", timeout=0.1)
    assert board.panel.is_pressed("SW1")
    board.panel.release("SW1", at=0.2)
    board.console.wait_for_line("RB12=None", timeout=0.5)
    assert board.time == pytest.approx(0.2)
    board.panel.drive("RD3", 1)
    board.console.wait_for_line("RD3=1", timeout=0.1)


def test_voltages_by_name_and_by_pin(fake_board: Start) -> None:
    board = fake_board("uart=4", board="mini")
    board.panel.set_voltage("pot", 1.2346)
    board.console.wait_for_line("RB8=1235mV", timeout=0.1)
    board.panel.set_voltage("rb4", 3.3, at=0.2)
    assert "POT=1.235V RB4=3.300V cable=in" in board.panel.state()
    board.console.wait_for_line("RB4=3300mV", timeout=0.5)
    assert board.time == pytest.approx(0.2)
    board.panel.set_voltage("POT", None)
    board.console.wait_for_line("RB8=NonemV", timeout=0.1)
    assert "POT" not in board.panel.state()
    assert "set pot to 1235 mV" in board.panel.log()


def test_a_voltage_that_makes_no_sense_is_told(fake_board: Start) -> None:
    board = fake_board("uart=4", board="mini")
    for wrong in (-0.1, 5.6, math.nan):
        with pytest.raises(UsageError, match=r"POT: expected a voltage from 0 to 5\.5 V, found "):
            board.panel.set_voltage("POT", wrong)
    with pytest.raises(UsageError, match="no analog input 'LDR': it has POT"):
        board.panel.set_voltage("LDR", 1.0)


@pytest.mark.parametrize(
    ("text", "expected"), [("1.65 V", 1.65), ("1650mV", 1.65), (".5", 0.5), (" 3 v ", 3.0), ("1e-3 V", 0.001)]
)
def test_texts_of_voltages(text: str, expected: float) -> None:
    assert volts(text) == pytest.approx(expected)


@pytest.mark.parametrize("text", ["", "V", "high", "1,65 V", "-1 V", "1 kV", "0x10"])
def test_texts_that_are_no_voltage(text: str) -> None:
    with pytest.raises(UsageError, match=r"voltage .*: expected one such as 1\.65 V or 1650 mV"):
        volts(text)


def test_the_other_board_has_other_levels_and_another_console(fake_board: Start) -> None:
    board = fake_board("uart=4", board="mini")
    board.console.wait_for_line("Ended")
    board.panel.press("USER")
    board.console.wait_for_line("RD5=1", timeout=0.1)
    assert board.panel.wait_for_led("STATUS", lit=False) == 0.0
    assert board.panel.blink("STATUS").lit == pytest.approx(0.150)  # its LEDs light when low


def test_waveforms(fake_board: Start) -> None:
    board = fake_board("pwm")
    assert board.waveform("RD0") is None
    pwm = board.panel.wait_for_waveform("RD0")
    assert (pwm.frequency, pwm.duty) == (pytest.approx(20_000), pytest.approx(0.25))
    board.run_for(0.1)
    led = board.waveform("led2")
    assert led is not None
    assert led.period == pytest.approx(1e-3)
    assert board.panel.duty("LED2", 0.1, 0.3) == pytest.approx(0.15)
    blink = board.panel.blink("LED2")
    assert (blink.lit, blink.dark) == (pytest.approx(0.3e-3), pytest.approx(0.7e-3))
    board.run_for(1.0)
    assert board.waveform("RD0") is None
    assert (board.panel.level("RD0"), board.panel.is_lit("LED2")) == (0, False)
    assert "waveform RD0 20000 Hz, 25.0000% high" in board.panel.log()


def test_a_waveform_is_looked_at_although_nothing_is_said(fake_board: Start) -> None:
    board = fake_board("pwm", quantum=0.0007)
    board.run_for(0.36)  # nothing is said before 0.45 s, when LED1 goes out
    board.panel.wait_for_led("LED2", lit=False)
    board.panel.wait_for_led("LED2", lit=True)
    board.panel.blink("LED2", cycles=3)
    board.panel.wait_for_pin("RH1", 0)
    assert board.time < 0.37


def test_led_and_blink_from_the_emulators_own_times(fake_board: Start) -> None:
    board = fake_board()
    assert not board.panel.is_lit("LED1")
    assert board.panel.wait_for_led("LED1") == pytest.approx(0.1)
    blink = board.panel.blink("LED1", cycles=4)
    assert blink.lit == pytest.approx(0.100)
    assert blink.dark == pytest.approx(0.150)
    assert blink.shortest == pytest.approx(blink.longest)
    with pytest.raises(WaitTimeoutError, match=r"LED2 \(RH1\) did not blink 3 times within 1 s"):
        board.panel.blink("LED2", timeout=1)
    with pytest.raises(WaitTimeoutError, match=r"LED3 \(RH2\) was not lit within 0.5 s"):
        board.panel.wait_for_led("LED3", timeout=0.5)


def test_cable_power_and_reset(fake_board: Start) -> None:
    board = fake_board()
    board.panel.unplug_cable()
    board.console.wait_for_line("link down", timeout=0.1)
    assert board.panel.state().endswith("cable=out")
    board.panel.plug_cable()
    board.console.wait_for_line("link up", timeout=0.1)
    board.power_cycle()
    board.console.wait_for_line("Initialization Started", timeout=0.1)
    board.reset()
    assert [event.what for event in board.panel.resets()] == ["power-on", "power-on", "mclr"]
    board.panel.power_cycle(at=board.time + 0.1)
    assert board.panel.wait_for_reset(4).time == pytest.approx(board.time, abs=0.006)


def test_reset_button_held(fake_board: Start) -> None:
    board = fake_board()
    board.console.wait_for_line("8088")
    board.panel.hold_reset()
    assert board.panel.is_reset_held()
    assert board.panel.state().endswith("reset=held cable=in")
    board.console.should_be_silent("Address", seconds=0.6)
    with pytest.raises(UsageError, match="cannot push the reset button: it is held, release it first"):
        board.reset()
    board.power_cycle()
    board.panel.brown_out()
    assert len(board.panel.resets()) == 1
    board.panel.release_reset()
    assert "reset" not in board.panel.state()
    assert [event.what for event in board.panel.resets()] == ["power-on", "mclr"]
    assert board.panel.resets()[-1].time == board.time
    board.console.wait_for_line("Initialization Started", timeout=0.1)
    board.panel.release_reset()  # of a button that nobody holds: nothing happens
    board.run_for(0.01)
    assert len(board.panel.resets()) == 2
    board.panel.hold_reset()  # and let go at the same virtual time
    board.panel.release_reset()
    assert not board.panel.is_reset_held()
    assert len(board.panel.resets()) == 3


def test_reset_button_at_a_time(fake_board: Start) -> None:
    board = fake_board()
    board.panel.hold_reset(at=0.2)
    board.panel.release_reset(at=0.3)
    assert not board.panel.is_reset_held()
    board.panel.release_reset()  # it is not held yet
    board.run_for(0.25)
    assert board.panel.is_reset_held()
    assert board.panel.wait_for_reset(2).time == pytest.approx(0.3)
    assert not board.panel.is_reset_held()
    board.reset()


def test_brown_out(fake_board: Start) -> None:
    board = fake_board()
    board.panel.brown_out()
    board.panel.brown_out(at=0.1)
    board.panel.wait_for_reset(3)
    assert [event.what for event in board.panel.resets()] == ["power-on", "brown-out", "brown-out"]
    assert "hand brown-out" in board.panel.log()


def test_crystals(fake_board: Start) -> None:
    board = fake_board()
    board.panel.stop_crystal("POSC")
    board.console.wait_for_line("posc stopped", timeout=0.1)
    board.panel.stop_crystal("sosc", at=board.time + 0.1)
    assert board.panel.state().endswith("posc=stopped sosc=stopped cable=in")
    board.console.wait_for_line("sosc stopped", timeout=0.2)
    board.panel.start_crystal("posc")
    board.console.wait_for_line("posc running", timeout=0.1)
    assert board.panel.state().endswith("LED3=dark sosc=stopped cable=in")


def test_a_crystal_that_the_board_does_not_have(fake_board: Start) -> None:
    board = fake_board("uart=4", board="mini")
    with pytest.raises(UsageError, match=r"Mini \(made up\) has no crystal 'sosc': it has posc"):
        board.panel.stop_crystal("sosc")
    with pytest.raises(UsageError, match="no crystal 'xtal': it has posc"):
        board.panel.start_crystal("xtal")


def test_the_past_cannot_be_changed(fake_board: Start) -> None:
    board = fake_board()
    board.run_for(0.5)
    with pytest.raises(UsageError, match="cannot press SW1 at 0.1 s: it is 0.5"):
        board.panel.press("SW1", at=0.1)


def test_what_the_panel_refuses_is_an_error(fake_board: Start) -> None:
    board = fake_board()
    board._link.send(nonsense=1)
    with pytest.raises(EmulatorError, match="panel refused a command: unknown command"):
        board.run_for(0.1)


def test_two_runs_are_identical(fake_board: Start) -> None:
    def story() -> tuple[str, str, float]:
        board = fake_board()
        board.console.wait_for_prompt()
        board.console.write_line("help")
        board.panel.press("SW1")
        board.panel.blink("LED1", cycles=10)
        return board.console.log(), board.panel.log(), board.time

    assert story() == story()


def test_monitor_and_registers(fake_board: Start) -> None:
    board = fake_board("leaning")
    assert board.monitor("info x") == "fake monitor: info x\r\n"
    pc = 0x9FC00000
    assert board.sfr_report() == [
        pic32bench.RegisterUse("U2MODE", 0x1F822200, 9, 1, pc, "modelled", "pic32mz-uart"),
        pic32bench.RegisterUse("SQI1CFG", 0x1F8E2008, 2, 1, pc, "storage", "pic32mz-storage"),
        pic32bench.RegisterUse("", 0x1F8B0000, 0, 1, pc, "reserved", "pic32mz-storage"),
    ]
    assert [use.name for use in board.sfr_report()] == ["U2MODE", "SQI1CFG", "0x1F8B0000"]
    assert board.sfr_map()[1] == pic32bench.Register("SQI1CFG", 0x1F8E2008, "storage", "pic32mz-storage")
    with pytest.raises(EmulatorError, match="refused nonsense: no such command"):
        board.emulator.execute("nonsense")
    with pytest.raises(UsageError, match="network none has no http address"):
        _ = board.url
