# SPDX-License-Identifier: MIT
"""A voltage goes in and PWM comes out: what a hand sets at the ADC's pin, an eye sees at those of output compare."""

from __future__ import annotations

from pathlib import Path

import pytest
from guest_program import build

import pic32bench
from pic32bench import paths

PROGRAM = Path(__file__).parent / "programs" / "dimmer.c"
VDD = 3.3


@pytest.fixture
def board_file(tmp_path: Path) -> Path:
    """The mini board with a name for its buzzer."""
    path = tmp_path / "dimmer.toml"
    path.write_text(paths.board_file("mini").read_text() + '\n[pwm.BUZZER]\npin = "RD1"\n')
    return path


def test_duty_and_frequency_follow_the_voltage(board_file: Path, tmp_path: Path) -> None:
    with pic32bench.start(board=board_file, image=build(PROGRAM, tmp_path), network="none") as board:
        board.run_for(0.01)
        assert board.waveform("ERROR") is None
        assert not board.panel.is_lit("ERROR")
        for share in (0.25, 0.5, 0.75):
            board.panel.set_voltage("POT", share * VDD)
            board.run_for(0.005)
            led, buzzer = board.waveform("ERROR"), board.waveform("BUZZER")
            assert led is not None
            assert buzzer is not None
            assert led.frequency == pytest.approx(20_000)
            assert led.duty == pytest.approx(1 - share, abs=1e-3)  # lit when low
            assert buzzer.frequency == pytest.approx(100e6 / (20_000 + 40_960 * share), rel=1e-3)
            assert buzzer.duty == pytest.approx(0.5, abs=1e-3)
            begin = board.time
            board.run_for(0.01)
            assert board.panel.duty("ERROR", begin, board.time) == pytest.approx(1 - share, abs=2e-3)
            assert board.panel.blink("ERROR").lit == pytest.approx(share * 50e-6, rel=2e-3)
        board.panel.set_voltage("POT", None)
        board.run_for(0.005)
        assert board.waveform("ERROR") is None
        assert not board.panel.is_lit("ERROR")


def test_keywords_see_it(runner, board_file: Path, tmp_path: Path) -> None:
    suite = runner.folder / "dimmer.robot"
    suite.write_text(
        f"""
*** Settings ***
Library           pic32bench.robot.Pic32Bench
Test Setup        Start Emulation    {board_file}    {build(PROGRAM, tmp_path)}    network=none
Test Teardown     Stop Emulation

*** Test Cases ***
Brighter And Lower
    Set Voltage    POT    825 mV
    PWM Should Be    ERROR    frequency=20 kHz    duty=75 %
    PWM Should Be    BUZZER    frequency=3.307 kHz    duty=50 %
    Assert Led Duty Cycle    testDuration=0.05    expectedDutyCycle=0.25    tolerance=0.01    testerId=ERROR
    Set Voltage    POT    2.475 V
    PWM Should Be    RF0    frequency=20 kHz    duty=25 %
    ${{buzzer}}=    Get Waveform    buzzer
    Should Be True    1965 < $buzzer.frequency < 1975
    Assert Led Duty Cycle    testDuration=0.05    expectedDutyCycle=0.75    tolerance=0.01    testerId=ERROR

As Before
    Set Voltage    POT    825 mV
    PWM Should Be    ERROR    duty=25 %    timeout=0.05
"""
    )
    messages = runner.robot(suite)
    assert messages["Brighter And Lower"] == ""
    assert messages["As Before"].startswith("ERROR carries 20000 Hz, 75.0000% high: expected duty 0.25 within 1.0%")
