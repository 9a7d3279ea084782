# SPDX-License-Identifier: MIT
"""A browser that is told the board's name and nothing else: NetBIOS leads it to the page, and that to its stream."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pic32bench import Board, UsageError
from pic32bench.browser import ScopePage, tools
from pic32bench.network import TapNetwork
from pic32bench.network.netbios_names import resolve_netbios_names
from pic32bench.network.pc import Pc, why_no_tap

NAME = "MCHPBOARD_E"


@pytest.fixture
def board(start_board: Callable[..., Board]) -> Board:
    """A board on a cable straight to a PC."""
    if why := why_no_tap():
        pytest.skip(why)
    return start_board(network="tap")


@pytest.fixture
def pc(board: Board) -> Pc:
    """The PC, which resolves names by NetBIOS alone."""
    assert isinstance(board.network, TapNetwork)
    try:
        resolve_netbios_names(board.network.pc)
    except UsageError as error:
        pytest.skip(str(error))
    return board.network.pc


@pytest.fixture
def browser(pc: Pc, tmp_path: Path) -> Iterator[ScopePage]:
    """Chromium on the PC, with an empty profile."""
    found = tools()
    if found is None:
        pytest.skip("no browser: install Debian's chromium and chromium-driver (`make setup`)")
    browser = ScopePage(*found, tmp_path / "profile", pc)
    yield browser
    browser.close()


def test_a_browser_opens_the_board_by_its_name(board: Board, pc: Pc, browser: ScopePage) -> None:
    board.console.wait_for_line("IP Address: 169.254.97.179", timeout=20)
    assert pc.run(["getent", "hosts", NAME]).stdout.split() == ["169.254.97.179", NAME]
    assert NAME not in pc.run(["cat", "/etc/hosts"]).stdout
    browser.open(f"http://{NAME}/")
    browser.choose("points", "100")
    browser.wait(lambda: browser.number("frames") > 30, "the stream did not fill the scope")
    assert {host.lower() for host in browser.hosts()} == {NAME.lower(), f"{NAME}:8088".lower()}
    browser.wait(lambda: browser.drawing().is_noise, "no noise was drawn")
    board.panel.press("SW1")
    browser.wait(lambda: browser.drawing().is_ramp, "no ramp was drawn")
    assert browser.console_errors() == []
