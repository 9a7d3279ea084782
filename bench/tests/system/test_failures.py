# SPDX-License-Identifier: MIT
"""What goes wrong at people's desks: each is one clear line in every front end, and leaves nothing behind."""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import Callable
from pathlib import Path

import pytest
from intelhex import IntelHex

INNER = """
def test_it(board):
    board.console.wait_for_line("Initialization Ended", timeout=2)
"""


def missing(firmware: Path, folder: Path) -> tuple[Path, str]:
    path = folder / "nix.hex"
    return path, f"no firmware image {path}: give the path of a .hex or .elf file"


def for_another_chip(firmware: Path, folder: Path) -> tuple[Path, str]:
    path = folder / "pic32mx.hex"
    contents = IntelHex()
    contents.puts(0x1D000000, bytes(64))
    contents.puts(0x1FC02FF0, bytes(16))  # a PIC32MX keeps its configuration words here
    contents.puts(0x1D400000, bytes(16))
    contents.write_hex_file(str(path))
    return path, f"{path} is a HEX for a PIC32MX: "


def truncated(firmware: Path, folder: Path) -> tuple[Path, str]:
    path = folder / "half.elf"
    path.write_bytes(firmware.read_bytes()[:30_000])
    return path, f"{path} is "


WRONG_IMAGES = pytest.mark.parametrize("wrong", [missing, for_another_chip, truncated])


def only_line(text: str) -> str:
    (line,) = text.splitlines()
    return line


def test_a_part_that_nobody_knows(runner, firmware: Path, tmp_path: Path) -> None:
    board = tmp_path / "board.toml"
    board.write_text(
        'name = "x"\nchip = "PIC32MZ2048EFH144"\n[console]\nuart = 2\n[ethernet]\nmac = "00:04:A3:00:00:08"\n'
        '[spi.2.RD4]\ndevice = "w25q81"\n'
    )
    ended = runner.pic32bench("run", firmware, "--board", board, "--network", "none")
    assert ended.status == 2
    said = f"pic32bench: {board}: spi2: no part 'w25q81' can be attached: there are at25df041a, "
    assert only_line(ended.err).startswith(said)


@WRONG_IMAGES
def test_wrong_image_on_the_command_line(runner, firmware: Path, tmp_path: Path, wrong) -> None:
    image, line = wrong(firmware, tmp_path)
    ended = runner.pic32bench("run", image)
    assert ended.status == 2
    assert only_line(ended.err).startswith(f"pic32bench: {line}")


@WRONG_IMAGES
def test_wrong_image_in_pytest(runner, firmware: Path, tmp_path: Path, wrong) -> None:
    image, line = wrong(firmware, tmp_path)
    ended = runner.pytest(INNER, "--image", image)
    assert ended.status == 1
    assert any(shown.startswith(line) for shown in ended.out.splitlines())
    assert "Traceback" not in ended.text
    assert "bench.py" not in ended.text


@WRONG_IMAGES
def test_wrong_image_in_robot(runner, firmware: Path, tmp_path: Path, wrong) -> None:
    suite = Path(__file__).resolve().parents[3] / "robot" / "netbios_name.robot"
    image, line = wrong(firmware, tmp_path)
    messages = runner.robot("--variable", f"IMAGE:{image}", suite)
    assert messages
    for message in messages.values():
        assert only_line(message.removeprefix("Parent suite setup failed:\n")).startswith(line)


def test_busy_port_on_the_command_line(runner) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        ended = runner.pic32bench("run", "--http-port", str(port))
    assert ended.status == 2
    assert only_line(ended.err).startswith(f"pic32bench: host port {port} for http is busy: ")


def test_busy_port_in_pytest(runner) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        ended = runner.pytest(
            f"""
            import pytest
            from pic32bench.network import UserNetwork

            def test_it(start_board):
                start_board(network=UserNetwork({{"ws": {port}}}))
            """.replace("\n            ", "\n")
        )
    assert ended.status == 1
    assert f"\nhost port {port} for ws is busy: " in ended.out


@pytest.mark.parametrize("network", ["none", "wire", "user"])
def test_emulator_killed_under_the_command_line(runner, network: str) -> None:
    process = runner.start("pic32bench.cli", "run", "--network", network)
    assert process.stdout is not None
    while "success" not in process.stdout.readline():
        assert process.poll() is None
    os.kill(runner.emulator(), signal.SIGKILL)
    ended = runner.end(process)
    assert ended.status == 1
    assert only_line(ended.err).startswith("pic32bench: the emulator died")
    assert "SIGKILL" in ended.err


@pytest.mark.parametrize("network", ["none", "wire", "user"])
def test_emulator_killed_in_the_middle_of_a_pytest(runner, network: str) -> None:
    ended = runner.pytest(
        """
import os, signal

def test_killed(board):
    board.console.wait_for_line("Initialization Ended")
    os.kill(board.emulator.pid, signal.SIGKILL)
    board.console.wait_for_line("never", timeout=2)

def test_next_one_is_well(board):
    board.console.wait_for_line("Initialization Ended")
""",
        "--network",
        network,
    )
    assert "1 failed, 1 passed" in ended.out
    assert "EmulatorDiedError: the emulator died at " in ended.out
    assert "SIGKILL" in ended.out


def test_emulator_killed_in_the_middle_of_a_robot_suite(runner) -> None:
    suite = runner.folder / "killed.robot"
    suite.write_text(
        """
*** Settings ***
Library          pic32bench.robot.Pic32Bench
Library          OperatingSystem
Test Setup       Start Emulation
Test Teardown    Stop Emulation

*** Test Cases ***
Killed
    Wait For Line On Uart    Initialization Ended
    ${bench}=    Get Library Instance    pic32bench.robot.Pic32Bench
    Evaluate    os.kill($bench.board.emulator.pid, signal.SIGKILL)
    Wait For Line On Uart    never

Next one is well
    Wait For Line On Uart    Initialization Ended
"""
    )
    messages = runner.robot(suite)
    assert messages["Next one is well"] == ""
    first = messages["Killed"].splitlines()[0]
    assert first.startswith("the emulator died at ")
    assert "SIGKILL" in first


@pytest.mark.parametrize("network", ["none", "user"])
def test_bench_killed_takes_the_emulator_with_it(runner, network: str) -> None:
    process = runner.start("pic32bench.cli", "run", "--network", network)
    assert process.stdout is not None
    while "success" not in process.stdout.readline():
        assert process.poll() is None
    assert runner.emulator()
    process.kill()
    assert runner.end(process).status == -signal.SIGKILL


@pytest.mark.parametrize("does", ["loops", "sleeps"])
def test_hanging_firmware_on_the_command_line(runner, sabotaged: Callable[[str, str], Path], does: str) -> None:
    ended = runner.pic32bench(
        "run", sabotaged("main", does), "--network", "none", "--for", "3", "--until", "IP Address"
    )
    assert ended.status == 1
    assert only_line(ended.err) == "pic32bench: 'IP Address' was not seen in 3 s: the board said nothing"


@pytest.mark.parametrize("does", ["loops", "sleeps"])
@pytest.mark.parametrize("network", ["none", "user"])
def test_hanging_firmware_in_pytest(runner, sabotaged: Callable[[str, str], Path], does: str, network: str) -> None:
    ended = runner.pytest(INNER, "--image", sabotaged("main", does), "--network", network)
    assert "1 failed" in ended.out
    assert "UART2 did not say a line with 'Initialization Ended' within 2 s" in ended.out
    assert "it has said nothing at all" in ended.out


def test_hanging_firmware_in_robot(runner, sabotaged: Callable[[str, str], Path]) -> None:
    suite = Path(__file__).resolve().parents[3] / "robot" / "boot_and_terminal.robot"
    image = sabotaged("main", "loops")
    messages = runner.robot("--variable", f"IMAGE:{image}", "-t", "Board Is Ready Within A Second", suite)
    (message,) = messages.values()
    first = message.splitlines()[0]
    assert first.startswith("UART2 did not say ")
    assert first.endswith("it has said nothing at all")
