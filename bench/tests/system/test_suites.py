# SPDX-License-Identifier: MIT
"""The Robot suites tell good firmware from bad, and pass with every size of the WebSocket buffer."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from pic32bench import paths

SUITES = paths.project_root() / "robot"
PRESSING = "Pressing SW1 Turns Noise Into A Ramp And Releasing It Back"


@pytest.mark.parametrize("size", [65535, 512])
def test_stream_and_echo_with_another_buffer_size(runner, size: int) -> None:
    image = paths.project_root() / f"build/firmware-ws{size}/websocket-demo.elf"
    if not image.is_file():
        pytest.skip(f"no firmware with WS_BUFFER_SIZE={size}: run `make firmware-variants`")
    messages = runner.robot("--variable", f"IMAGE:{image}", SUITES / "stream.robot", SUITES / "echo.robot")
    assert {name: message for name, message in messages.items() if message} == {}
    assert PRESSING in messages


def test_broken_switch_code_fails_the_ramp_and_says_what_was_seen(
    runner, sabotaged: Callable[[str, str], Path]
) -> None:
    image = sabotaged("switch_pressed", "returns 0")
    messages = runner.robot("--variable", f"IMAGE:{image}", "-t", PRESSING, SUITES / "stream.robot")
    assert list(messages) == [PRESSING]
    assert messages[PRESSING].startswith("the stream is not a ramp but noise: 256 values pass all")


def test_the_wrong_switch_fails_the_ramp_and_says_what_was_seen(runner) -> None:
    suite = runner.folder / "wrong_switch.robot"
    suite.write_text(
        f"""
*** Settings ***
Resource          {SUITES}/board.resource
Suite Setup       Power Up And Open The Stream
Suite Teardown    Stop Emulation

*** Test Cases ***
Wrong switch
    Send Stream Command    StartStream
    Press Switch    SW2
    Stream Should Be Ramp

Right switch
    Send Stream Command    StartStream
    Press Switch    SW1
    Stream Should Be Ramp
"""
    )
    messages = runner.robot(suite)
    assert messages["Right switch"] == ""
    assert messages["Wrong switch"].startswith("the stream is not a ramp but noise: 256 values pass all")


@pytest.mark.parametrize("name", ["stream", "echo", "restart"])
def test_a_closed_websocket_port_fails_a_suite_soon_with_one_line(
    runner, sabotaged: Callable[[str, str], Path], name: str
) -> None:
    image = sabotaged("websocket_server_listen", "returns 0")
    begin = time.monotonic()
    messages = runner.robot("--variable", f"IMAGE:{image}", SUITES / f"{name}.robot")
    assert time.monotonic() - begin < 30
    assert messages
    for message in messages.values():
        line = message.removeprefix("Parent suite setup failed:\n")
        assert "\n" not in line
        assert line.endswith("connection closed before the handshake: does the WebSocket server listen?")
