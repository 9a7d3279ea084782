# SPDX-License-Identifier: MIT
"""A board from a snapshot is the board that the snapshot was taken of, to the nanosecond; and the front ends use it."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import pic32bench
from pic32bench import Board, EmulatorDiedError, UsageError, WaitTimeoutError, page, paths
from pic32bench.emulator import Emulator
from pic32bench.network import WireNetwork
from pic32bench.network.neighbour import Neighbour
from pic32bench.snapshot import store
from pic32bench.stream.client import StreamClient

FIRST_ADDRESS = "169.254.97.179"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder of its own for the snapshots of each test."""
    place = tmp_path / "snapshots"
    monkeypatch.setenv("PIC32BENCH_SNAPSHOTS", str(place))
    store.cache_clear()
    yield place
    store.cache_clear()


def kept(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir() if path.suffix == ".snapshot"]


# Scenarios: how a board gets to the moment of the snapshot, with things under way, and what happens after.


def at_the_prompt(board: Board) -> None:
    board.console.wait_for_prompt()
    board.panel.press("SW1")
    board.panel.release("SW1", at=board.time + 0.7)
    board.console.write("hel")


def after_the_prompt(board: Board) -> None:
    board.console.write_line("p")
    board.console.wait_for_line("netinfo")
    board.run_for(1)
    board.reset()
    board.console.wait_for_prompt()


def probing(board: Board) -> None:
    assert isinstance(board.network, WireNetwork)
    neighbour = Neighbour(board.network)
    neighbour.addresses.add(FIRST_ADDRESS)
    board.panel.unplug_cable(at=9.0)
    board.panel.plug_cable(at=10.0)
    board.network.receive(timeout=15)
    neighbour.resolve("169.254.9.9", timeout=0)  # on its way


def after_probing(board: Board) -> None:
    assert isinstance(board.network, WireNetwork)
    neighbour = board.network.peer(Neighbour)
    assert neighbour is not None
    neighbour.addresses.discard(FIRST_ADDRESS)
    board.console.wait_for_line("IP Address: 169.254", timeout=30)
    board.run_for(3)


SCENARIOS = {"none": (at_the_prompt, after_the_prompt), "wire": (probing, after_probing)}


def everything(board: Board) -> dict[str, Any]:
    """All that can be seen of a board that stands still."""
    frames = list(board.network.frames) if isinstance(board.network, WireNetwork) else []
    return {
        "time": board.clock.now_ns,
        "consoles": [(board.uart(number).log(), board.uart(number).unread) for number in range(1, 7)],
        "panel": (board.panel.state(), board.panel.log()),
        "frames": frames,
        "core": board.monitor("info registers"),
        "memory": board.monitor("xp /4096wx 0"),
        "registers": board.sfr_report(),
        "log": board.emulator.log(),
        "inputs": board.emulator.inputs(),
    }


def assert_same(found: dict[str, Any], expected: dict[str, Any]) -> None:
    for what, value in expected.items():
        assert found[what] == value, f"{what} differs after a snapshot"


@pytest.mark.parametrize("network", SCENARIOS)
def test_what_comes_after_a_snapshot_is_what_would_have_come(network: str, tmp_path: Path) -> None:
    before, after = SCENARIOS[network]
    with pic32bench.start(network=network) as board:
        before(board)
        after(board)
        never_saved = everything(board)
    with pic32bench.start(network=network) as board:
        before(board)
        pic32bench.save(board, tmp_path / "moment")
        moment = everything(board)
        after(board)
        assert_same(everything(board), never_saved)
    assert moment["time"] < never_saved["time"]
    for _ in range(2):
        with pic32bench.restore(tmp_path / "moment") as board:
            assert_same(everything(board), moment)
            after(board)
            assert_same(everything(board), never_saved)
            pic32bench.save(board, tmp_path / "again")
    with pic32bench.restore(tmp_path / "again") as board:
        assert_same(everything(board), never_saved)


def test_what_is_done_at_one_time_is_done_in_order() -> None:
    """The order counts: whoever goes on from a snapshot, or plays a run again, must have the same."""
    with pic32bench.start(network="none") as board:
        board.console.wait_for_prompt()
        for number in range(20):
            board.panel.drive("RB12", number % 2)
            board.emulator.send("uart2", b"x")
        board.run_for(0.001)
        inputs = [json.loads(line) for line in board.emulator.inputs().splitlines()]
    assert [line["channel"] for line in inputs if "channel" in line] == ["panel", "uart2"] * 20


def test_a_board_is_led_there_once(folder: Path) -> None:
    with pic32bench.start_at(at_the_prompt, network="none") as board:
        moment = everything(board)
    for clear in (False, True):  # from what this process has open, and as another process finds it
        if clear:
            store.cache_clear()
        with pic32bench.start_at(at_the_prompt, network="none") as board:
            assert_same(everything(board), moment)
    assert len(kept(folder)) == 1


OTHERS: list[dict[str, Any]] = [{"seed": 2}, {"quantum": 0.004}, {"network": "wire"}, {"board": "mini"}, {"image": 1}]


@pytest.mark.parametrize("other", OTHERS)
def test_another_board_has_another_snapshot(folder: Path, firmware: Path, other: dict[str, Any]) -> None:
    if "image" in other:
        other = {"image": firmware.with_suffix(".hex")}
    elif "board" in other:
        text = (paths.project_root() / "platforms/ef-starter-kit.toml").read_text()
        path = folder.parent / "another.toml"
        path.write_text(text + "\n# another\n")
        other = {"board": path}
    for options in ({}, other, {}, other):
        pic32bench.start_at(at_the_prompt, **{"network": "none", **options}).close()
    assert len(kept(folder)) == 2


def test_another_emulator_has_another_snapshot(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pic32bench.start_at(at_the_prompt, network="none") as board:
        pic32bench.save(board, tmp_path / "moment")
    another = tmp_path / "qemu-system-mipsel"
    another.write_bytes(paths.emulator_binary().read_bytes() + b"another")
    another.chmod(0o755)
    monkeypatch.setenv("PIC32BENCH_QEMU", str(another))
    pic32bench.start_at(at_the_prompt, network="none").close()
    assert len(kept(folder)) == 2
    with pytest.raises(UsageError, match=r"snapshot .*moment is of another emulator: take it again"):
        pic32bench.restore(tmp_path / "moment")


def test_the_cache_can_be_left_alone(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIC32BENCH_SNAPSHOTS", "off")
    store.cache_clear()
    with pic32bench.start_at(at_the_prompt, network="none") as board:
        moment = everything(board)
    with pic32bench.start_at(at_the_prompt, network="none") as board:
        assert_same(everything(board), moment)
    assert not folder.exists()


def test_a_damaged_entry_is_made_anew(folder: Path) -> None:
    with pic32bench.start_at(at_the_prompt, network="none") as board:
        moment = everything(board)
    (name,) = kept(folder)
    whole = (folder / name).read_bytes()
    (folder / name).write_bytes(whole[: len(whole) // 2])
    store.cache_clear()
    with pic32bench.start_at(at_the_prompt, network="none") as board:
        assert_same(everything(board), moment)
    assert kept(folder) == [name]
    store.cache_clear()
    assert store().find(name.removesuffix(".snapshot")) is not None


def test_an_emulator_that_dies_while_it_saves_leaves_nothing(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def die(emulator: Emulator, descriptor: int) -> None:
        os.write(descriptor, b"half of it")
        os.kill(emulator.pid, signal.SIGKILL)
        save_machine(emulator, descriptor)

    save_machine = Emulator.save_machine
    monkeypatch.setattr(Emulator, "save_machine", die)
    with pytest.raises(EmulatorDiedError, match="SIGKILL"):
        pic32bench.start_at(at_the_prompt, network="none")
    with pic32bench.start(network="none") as board, pytest.raises(EmulatorDiedError):
        pic32bench.save(board, folder / "file")
    assert list(folder.iterdir()) == []


def nowhere(board: Board) -> None:
    WAITING.append(board)
    board.console.wait_for("never", timeout=0.1)


WAITING: list[Board] = []


def test_a_way_that_fails_switches_the_board_off_and_keeps_nothing(folder: Path) -> None:
    with pytest.raises(WaitTimeoutError, match="did not say 'never'"):
        pic32bench.start_at(nowhere, network="none")
    assert WAITING.pop().emulator.ended
    assert not folder.exists()


# The user network: what a host holds cannot be saved


def has_address(board: Board) -> None:
    board.console.wait_for_line("IP Address: 10.0.2", timeout=20)


def test_a_board_on_the_user_network_is_reached_again_at_the_same_ports() -> None:
    urls = []
    for _ in range(2):
        with pic32bench.start_at(has_address, network="user") as board:
            urls.append(board.url)
            assert page.fetch(board.url).status == 200
    assert urls[0] == urls[1]
    with (
        pic32bench.start_at(has_address, network="user") as one,
        pic32bench.start_at(has_address, network="user") as other,
    ):
        assert one.url == urls[0]
        assert other.url != urls[0]  # taken
        assert page.fetch(other.url).status == 200


def test_the_capture_goes_on_from_before_the_snapshot(tmp_path: Path) -> None:
    sizes = []
    for number in range(2):
        with pic32bench.start_at(has_address, network="user") as board:
            page.fetch(board.url)
            pcap = tmp_path / f"{number}.pcap"
            assert board.network.save_pcap(pcap)
            sizes.append(pcap.read_bytes())
    assert sizes[0][:24] == sizes[1][:24]
    first = sizes[0][24:]
    assert sizes[1][24:].startswith(first[: len(first) // 4])


def test_no_snapshot_while_a_client_is_connected(tmp_path: Path) -> None:
    with pic32bench.start_at(has_address, network="user") as board:
        port = board.network.ports["ws"]  # type: ignore[attr-defined]
        with StreamClient("127.0.0.1", port, now=lambda: board.time) as client:
            with pytest.raises(UsageError, match=r"cannot hold TCP connections of this computer \(ws\): close them"):
                pic32bench.save(board, tmp_path / "moment")
            client.echo("still there")
        pic32bench.save(board, tmp_path / "moment")
    assert [path.name for path in tmp_path.glob("*moment*")] == ["moment"]


# The front ends

PYTEST = """
import pytest

def there(board):
    print("led")
    board.console.wait_for_prompt()
    {more}

pytestmark = pytest.mark.board(network="none", at=there)

def test_one(board):
    assert board.time > 0
    board.console.write_line("help")
    board.console.wait_for_line("netinfo")

def test_two(start_board):
    assert start_board().time == start_board().time
    assert start_board(at=None).time == 0
"""


def test_the_pytest_fixture_leads_a_board_there_once(folder: Path, runner) -> None:
    for times in (1, 0):
        ended = runner.pytest(PYTEST.format(more="pass"), "-s")
        assert ended.status == 0, ended.text
        assert ended.out.count("led\n") == times
    assert len(kept(folder)) == 1


def test_a_way_that_fails_shows_the_board(runner) -> None:
    ended = runner.pytest(PYTEST.format(more="board.console.wait_for('never', timeout=0.1)"), "-k", "one")
    assert ended.status == 1
    assert "did not say 'never' within 0.1 s" in ended.out
    assert "Waiting for Client Connection" in ended.out.partition("console (UART2)")[2]


ROBOT = """
*** Settings ***
Library           pic32bench.robot.Pic32Bench
Test Teardown     Stop Emulation

*** Test Cases ***
Boots
    Start Emulation    network=none
    ${tester}=    Create Terminal Tester    uart2    timeout=7
    Wait For Prompt On Uart
    Press Switch    SW1
    {step}
    Provides    prompt
    Write Line To Uart    help

Answers
    Requires    prompt
    ${log}=    Console Log
    Should Not Contain    ${log}    help
    ${state}=    Panel State
    Should Contain    ${state}    SW1=pressed
    Write Line To Uart    netinfo
    Wait For Line On Uart    MAC address
    Provides    asked

Asked
    [Setup]    Requires    asked
    ${log}=    Console Log
    Should Contain    ${log}    netinfo    # typed by the test before

Nobody
    Requires    nothing
"""
MISSING = "state 'nothing' is required, but no test of this suite says `Provides    nothing`"


def robot(runner, *arguments: str, step: str = "No Operation") -> dict[str, str]:
    suite = runner.folder / "states.robot"
    suite.write_text(ROBOT.replace("{step}", step))
    return runner.robot(*arguments, suite)


def test_states_that_tests_provide_and_require(folder: Path, runner) -> None:
    assert robot(runner) == {"Boots": "", "Answers": "", "Asked": "", "Nobody": MISSING}
    assert len(kept(folder)) == 2


def test_a_required_state_is_provided_first_when_its_test_was_not_chosen(folder: Path, runner) -> None:
    assert robot(runner, "-t", "Asked") == {"Asked": ""}
    assert len(kept(folder)) == 2
    before = {path.name: path.stat().st_mtime_ns for path in folder.glob("*.json")}
    assert robot(runner, "-t", "Asked") == {"Asked": ""}  # from the cache: nobody provided anything
    assert {path.name: path.stat().st_mtime_ns for path in folder.glob("*.json")} == before
    assert robot(runner, "-t", "Asked", step="Run For    0.1") == {"Asked": ""}  # the suite is another now
    assert len(kept(folder)) == 4


def test_a_provider_that_failed_is_named(runner) -> None:
    messages = robot(runner, step="Fail    on purpose")
    assert messages["Boots"] == "on purpose"
    assert messages["Answers"] == "state 'prompt' is required, but test 'Boots', which provides it, failed"


def test_start_emulation_at_a_keyword(folder: Path, runner) -> None:
    def times(*arguments: str) -> int:
        assert runner.robot(*arguments, suite) == {"One": "", "Two": ""}
        output = (runner.folder / "out" / "output.xml").read_text()
        return output.count('name="There"')

    place = runner.folder / "place.resource"
    place.write_text("*** Variables ***\n${WAIT}    0.1\n*** Keywords ***\nThere\n    Run For    ${WAIT}\n")
    suite = runner.folder / "at.robot"
    suite.write_text(
        "*** Settings ***\nLibrary    pic32bench.robot.Pic32Bench\nResource    place.resource\n"
        "Test Setup    Start Emulation    network=none    at=There\n"
        "*** Test Cases ***\nOne\n    Console Log\nTwo\n    Console Log\n"
    )
    assert [times(), times(), times("--variable", "WAIT:0.2")] == [1, 0, 1]
    place.write_text(place.read_text() + "    Run For    0.1\n")
    assert times() == 1
    assert len(kept(folder)) == 3
