# SPDX-License-Identifier: MIT
"""The Robot library, by running suites with `robot` in a process of its own."""

from __future__ import annotations

import re
import subprocess
import sys
import xml.etree.ElementTree as ET
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

SETTINGS = """\
*** Settings ***
Library           pic32bench.robot.Pic32Bench
Test Setup        Start Emulation    network=none
Test Teardown     Stop Emulation

*** Test Cases ***
"""


class Result:
    """What a run left: the terminal's text, and status and message by test."""

    def __init__(self, folder: Path, terminal: str) -> None:
        self.folder = folder
        self.terminal = terminal
        self.tests = {}
        for test in ET.parse(folder / "output.xml").iter("test"):
            status = test.find("status")
            assert status is not None
            self.tests[test.attrib["name"]] = (status.attrib["status"], (status.text or "").splitlines()[:1])
        self.docs = [doc.text or "" for doc in ET.parse(folder / "output.xml").iter("doc")]


@pytest.fixture
def robot(tmp_path: Path, fake_emulator: object, tiny_image: Path) -> Callable[..., Result]:
    """Runs test cases against the stand-in."""

    def run(cases: str, settings: str = SETTINGS) -> Result:
        suite = tmp_path / "story.robot"
        suite.write_text(settings + cases)
        done = subprocess.run(
            [sys.executable, "-m", "robot", "--outputdir", str(tmp_path / "out"), str(suite)],
            capture_output=True,
            text=True,
            timeout=120,
        )
        return Result(tmp_path / "out", done.stdout + done.stderr)

    return run


def test_keywords_of_terminal_and_panel(robot: Callable[..., Result]) -> None:
    result = robot(
        r"""
Terminal
    Create Terminal Tester    sysbus.uart2    timeout=5
    Wait For Line On Uart    Initialization Ended
    Wait For Next Line On Uart
    Wait For Prompt On Uart    >
    Write Line To Uart    help
    ${found}=    Wait For Line On Uart    ^comm(\\w+)    treatAsRegex=true
    Should Be Equal    ${found.groups}[0]    ands
    Should Be Equal As Numbers    ${found.time * 1000}    ${found.timestamp}
    Should Not Be On Uart    Address    timeout=0.2
    Wait For Line On Uart    Address    timeout=1
    ${time}=    Virtual Time
    Should Be True    0.49 < ${time} < 0.51
    Write Char On Uart    x
    Wait For Line On Uart    x    includeUnfinishedLine=true
    Test If Uart Is Idle    0.3

Panel
    Press Switch    SW1
    Wait For Line On Uart    RB12=0    timeout=0.1
    Release Switch    SW1
    Wait For Line On Uart    RB12=None    timeout=0.1
    Set Voltage    RB8    1.65 V
    Wait For Line On Uart    RB8=1650mV    timeout=0.1
    Set Voltage    RB8    ${2.5}
    Wait For Line On Uart    RB8=2500mV    timeout=0.1
    Set Voltage    RB8    ${None}
    Wait For Line On Uart    RB8=NonemV    timeout=0.1
    Run Keyword And Expect Error    *no analog input 'POT'*    Set Voltage    POT    1 V
    Assert Led State    true    timeout=0.5    testerId=LED1
    Assert Led State    false    testerId=LED2
    Create Led Tester    LED1
    Assert Led Is Blinking    testDuration=2    onDuration=0.1    offDuration=0.15
    Run Keyword And Expect Error    LED1 was * expected 0.2 s*    Assert Led Is Blinking    2    0.2    0.15
    Run Keyword And Expect Error    LED2 does not blink*    Assert Led Is Blinking    2    0.2    0.15    testerId=LED2
    Unplug Cable
    Wait For Line On Uart    link down
    Plug Cable
    Power Cycle
    Wait For Line On Uart    Initialization Started
    Press Reset
    ${answer}=    Execute Command    info x
    Should Be Equal    ${answer.strip()}    fake monitor: info x

Reset Supply And Crystals
    Hold Reset
    Should Not Be On Uart    Initialization    timeout=0.2
    Run Keyword And Expect Error    cannot push the reset button: it is held*    Press Reset
    Release Reset
    Wait For Line On Uart    Initialization Started    timeout=0.1
    ${reset}=    Last Reset
    Should Be Equal    ${reset.what}    mclr
    Brown Out
    ${reset}=    Last Reset
    Should Be Equal    ${reset.what}    brown-out
    Stop Crystal    posc
    Wait For Line On Uart    posc stopped    timeout=0.1
    Start Crystal    posc    at=1.5
    Wait For Line On Uart    posc running    timeout=2
    Run Keyword And Expect Error    *no crystal 'lprc': it has posc, sosc    Stop Crystal    lprc
"""
    )
    expected = dict.fromkeys(("Terminal", "Panel", "Reset Supply And Crystals"), ("PASS", []))
    assert result.tests == expected, result.terminal


def test_keywords_of_pwm(robot: Callable[..., Result], fake_emulator: Callable[[str], Path]) -> None:
    fake_emulator("pwm")
    result = robot(
        """
PWM
    PWM Should Be    RD0    frequency=20 kHz    duty=25 %
    PWM Should Be    rd0    frequency=19900    duty=0.252
    ${waveform}=    Get Waveform    LED2
    Should Be Equal As Numbers    ${waveform.frequency}    1000
    Run Keyword And Expect Error    RD0 carries 20000 Hz, 25.0000% high: expected duty 0.3 within 1.0%
    ...    PWM Should Be    RD0    duty=30 %    timeout=0.1
    Run Keyword And Expect Error    RD1 carries no waveform: expected any waveform*    PWM Should Be    RD1    timeout=0
    Run Keyword And Expect Error    frequency: expected a value such as 20 kHz, found '20 kB'
    ...    PWM Should Be    RD0    frequency=20 kB
    Assert Led Duty Cycle    testDuration=0.1    expectedDutyCycle=0.3    testerId=LED2
    Run Keyword And Expect Error    LED2 was lit for 30.00%*    Assert Led Duty Cycle    0.1    0.5    testerId=LED2
"""
    )
    assert result.tests == {"PWM": ("PASS", [])}, result.terminal


def test_a_failure_links_what_the_board_showed(robot: Callable[..., Result]) -> None:
    result = robot(
        """
Waits in vain
    Wait For Line On Uart    never    timeout=0.2

Fails elsewhere
    [Setup]    Start Emulation    network=user
    [Teardown]    No Operation
    Run For    0.1
    Fail    just so
"""
    )
    status, message = result.tests["Waits in vain"]
    assert status == "FAIL"
    assert message[0].startswith("UART2 did not say a line with 'never' within 0.2 s")
    assert result.tests["Fails elsewhere"] == ("FAIL", ["just so"])
    paths = sorted((result.folder / "boards").iterdir())
    assert [re.sub("-[0-9a-f]{6}", "", path.name) for path in paths] == [
        "Story.Fails-elsewhere.zip",
        "Story.Waits-in-vain.zip",
    ]
    for path, failed in zip(paths, ("just so", message[0]), strict=True):
        (doc,) = [doc for doc in result.docs if f"[boards/{path.name}|{path.name}]" in doc]
        assert "| #0  BFC00000" in doc
        assert "TCP/IP Stack: Initialization Ended - success" in doc
        with zipfile.ZipFile(path) as bundle:
            assert f"Failed:    {failed}\n" in bundle.read("README.txt").decode()
            assert ("network.pcap" in bundle.namelist()) == ("elsewhere" in path.name)


def test_what_is_wrongly_used_is_one_line(robot: Callable[..., Result]) -> None:
    result = robot(
        """
No board
    Press Switch    SW1

No such switch
    Start Emulation    network=none
    Press Switch    SW9

No stream
    Start Emulation    network=none
    Open Stream
""",
        SETTINGS.replace("Test Setup        Start Emulation    network=none\n", ""),
    )
    assert {name: message[0] for name, (_, message) in result.tests.items()} == {
        "No board": "no board is running: use `Start Emulation` first",
        "No such switch": "PIC32MZ EF Starter Kit (DM320007) has no switch 'SW9': it has SW1, SW2, SW3",
        "No stream": "network none has no ws address: start the board with network user",
    }


def test_the_log_says_once_what_has_no_model(
    robot: Callable[..., Result], fake_emulator: Callable[[str], Path]
) -> None:
    fake_emulator("leaning")
    result = robot("One\n    Run For    0.1\nTwo\n    Run For    0.1\n")
    assert [status for status, _ in result.tests.values()] == ["PASS", "PASS"]
    text = (result.folder / "output.xml").read_text()
    said = "the firmware used 1 register without a model (storage only): SQI1CFG first by 0x9FC00000"
    assert said in result.terminal
    # once in the keyword's log, once among the errors and warnings of the run
    assert text.count(said) == 2


def test_libdoc_has_a_word_on_every_keyword() -> None:
    listing = [sys.executable, "-m", "robot.libdoc", "-f", "xml", "pic32bench.robot.Pic32Bench", "/dev/stdout"]
    done = subprocess.run(listing, capture_output=True, text=True, timeout=60, check=True)
    keywords = ET.fromstring(done.stdout[: done.stdout.rindex("</keywordspec>") + 14]).findall("keywords/kw")
    assert len(keywords) >= 30
    assert [kw.attrib["name"] for kw in keywords if not (kw.findtext("doc") or "").strip()] == []
