# SPDX-License-Identifier: MIT
"""`pic32bench run`, as typed."""

from __future__ import annotations

import os
import pty
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from pic32bench.cli.main import main

COMMAND = [sys.executable, "-m", "pic32bench.cli", "run"]
Result = tuple[int, str, str]


@pytest.fixture
def run(fake_emulator: Callable[..., Path], tiny_image: Path) -> Callable[..., Result]:
    """Runs the command on the stand-in; returns exit code, stdout and stderr."""

    def command(*arguments: str, mode: str = "", network: str = "none") -> Result:
        fake_emulator(mode)
        done = subprocess.run(
            [*COMMAND, "--network", network, *arguments],
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            timeout=60,
        )
        return done.returncode, done.stdout, done.stderr

    return command


def test_streams_the_console_for_virtual_seconds(run: Callable[..., Result]) -> None:
    code, out, err = run("--for", "2")
    assert (code, err) == (0, "")
    assert out.splitlines() == [
        "pic32bench: PIC32MZ EF Starter Kit (DM320007), tiny.hex, network none",
        "TCP/IP Stack: Initialization Started",
        "TCP/IP Stack: Initialization Ended - success",
        "Waiting for Client Connection on port: 8088",
        "> ",
        "PIC32INT IP Address: 10.0.2.15",
        "> ",
    ]


def test_says_at_the_end_what_has_no_model(run: Callable[..., Result]) -> None:
    code, out, err = run("--for", "0.1", mode="leaning")
    assert (code, err) == (0, "")
    assert out.splitlines()[-2:] == [
        "pic32bench: the firmware used 1 register without a model (storage only): SQI1CFG first by 0x9FC00000",
        "pic32bench: the firmware used 1 address where the chip has no register: 0x1F8B0000 first by 0x9FC00000",
    ]


def test_until_is_seen(run: Callable[..., Result]) -> None:
    code, out, err = run("--until", r"Ended - (success|failed)$")
    assert (code, err) == (0, "")
    assert out.endswith("Ended - success\n")


def test_until_is_not_seen(run: Callable[..., Result]) -> None:
    code, out, err = run("--until", "Nope", "--for", "1")
    assert code == 1
    assert err == "pic32bench: 'Nope' was not seen in 1 s: the last line was '> '\n"
    assert out.endswith("pic32bench: the firmware is at\n#0  BFC00000\n    (the code at BFC00000 does not return)\n")


def test_a_firmware_that_hangs(run: Callable[..., Result]) -> None:
    code, _, err = run("--until", "success", "--for", "3", mode="mute")
    assert code == 1
    assert err == "pic32bench: 'success' was not seen in 3 s: the board said nothing\n"


def test_fail_on(run: Callable[..., Result]) -> None:
    code, _, err = run("--fail-on", "exception", "--for", "3", mode="panic=0.7")
    assert (code, err) == (1, "pic32bench: UART2 said 'exception' (--fail-on)\n")
    code, _, err = run("--fail-on", "exception", "--until", "Address", mode="panic=0.7")
    assert (code, err) == (0, "")


def test_all_uarts_and_one(run: Callable[..., Result]) -> None:
    assert "[2] TCP/IP Stack: Initialization Started\n" in run("--uart", "all", "--for", "1")[1]
    assert "TCP/IP" not in run("--uart", "3", "--for", "1")[1]


def test_urls_on_the_user_network(run: Callable[..., Result]) -> None:
    out = run("--for", "0.2", network="user")[1]
    assert "page http://127.0.0.1:" in out
    assert "/echo" in out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("nix.hex",), "no firmware image nix.hex"),
        (("--board", "nix"), "no board named 'nix'"),
        (("--uart", "9"), "--uart 9: expected 1 to 6, or all"),
        (("--for", "-1"), "expected seconds above 0"),
        (("--until", "("), "not a regular expression"),
        (("--network", "nix"), "unknown network 'nix'"),
        (("--http-port", "80"), "need network user"),
    ],
)
def test_wrong_use_is_exit_2_and_one_line(run: Callable[..., Result], arguments: tuple[str, ...], said: str) -> None:
    code, _, err = run(*arguments)
    assert code == 2
    assert said in err.splitlines()[-1]
    assert "Traceback" not in err


def test_death_of_the_emulator(run: Callable[..., Result]) -> None:
    code, out, err = run(mode="die=0.3")
    assert code == 1
    assert len(err.splitlines()) == 1
    assert "the emulator died at 0." in err
    assert "Initialization Ended" in out


@pytest.mark.parametrize(("sent", "code"), [(signal.SIGINT, 0), (signal.SIGTERM, 143)])
def test_ctrl_c_and_sigterm(fake_emulator: object, tiny_image: Path, sent: signal.Signals, code: int) -> None:
    with subprocess.Popen(
        [*COMMAND, "--network", "user"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        stdin=subprocess.DEVNULL,
    ) as process:  # fmt: skip
        assert process.stdout is not None
        assert process.stderr is not None
        while "Ended" not in process.stdout.readline():
            pass
        process.send_signal(sent)
        assert process.stderr.read() == ""
        assert process.wait(10) == code


def test_a_person_types_and_presses_a_switch(fake_emulator: object, tiny_image: Path) -> None:
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [*COMMAND, "--network", "none"], stdin=theirs, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        assert process.stdout is not None

        def read_until(text: str) -> None:
            while line := process.stdout.readline():  # type: ignore[union-attr]
                if text in line:
                    return
            pytest.fail(f"{text!r} did not come")

        read_until("Waiting for Client")
        os.write(ours, b"help\n")
        read_until("commands: help reset")
        os.write(ours, b"\x141")
        read_until("SW1=pressed")
        read_until("RB12=0")
        os.write(ours, b"\x141")
        read_until("SW1=up")
        os.write(ours, b"\x14?")
        read_until("Ctrl-T and then")
        os.write(ours, b"\x14q")
        assert process.wait(10) == 0
    os.close(ours)
    os.close(theirs)


def test_every_command_has_help(capsys: pytest.CaptureFixture[str]) -> None:
    for arguments in (["--help"], ["run", "--help"], ["footprint", "--help"]):
        with pytest.raises(SystemExit) as caught:
            main(arguments)
        assert caught.value.code == 0
        assert "usage: pic32bench" in capsys.readouterr().out
    with pytest.raises(SystemExit) as caught:
        main([])
    assert caught.value.code == 2
