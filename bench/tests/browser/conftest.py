# SPDX-License-Identifier: MIT
"""A browser on the page of a running board."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PIL import Image

import pic32bench
from pic32bench.browser import ScopePage, tools

Save = Callable[[ScopePage, str], Image.Image]


def pytest_addoption(parser: pytest.Parser) -> None:
    """Adds the option, which is there when this folder is named on the command line."""
    parser.addoption("--save-screenshots", metavar="DIR", type=Path, help="keep screenshots of the page as PNG files")


@pytest.fixture
def browser(tmp_path: Path) -> Iterator[ScopePage]:
    """Chromium with an empty profile."""
    found = tools()
    if found is None:
        pytest.skip("no browser: install Debian's chromium and chromium-driver (`make setup`)")
    browser = ScopePage(*found, tmp_path / "profile")
    yield browser
    browser.close()


@pytest.fixture
def board(start_board: Callable[..., pic32bench.Board]) -> pic32bench.Board:
    """A board that has an address."""
    board = start_board(network="user")
    board.console.wait_for_line("IP Address: 10.", timeout=30)
    return board


@pytest.fixture
def page(board: pic32bench.Board, browser: ScopePage) -> ScopePage:
    """The browser, showing the last 100 values of the board's stream."""
    browser.open(board.url)
    browser.choose("points", "100")
    browser.wait(lambda: browser.number("frames") > 30, "the stream did not fill the scope")
    return browser


@pytest.fixture
def save(request: pytest.FixtureRequest) -> Save:
    """A function that takes a screenshot, and keeps it under a name if ``--save-screenshots`` is given."""
    folder: Path | None = request.config.getoption("--save-screenshots", None)

    def save(browser: ScopePage, name: str) -> Image.Image:
        browser.run("document.activeElement.blur()")
        image = browser.screenshot()
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)
            # A page has few colours: a palette makes the file a third as big.
            image.quantize(64, dither=Image.Dither.NONE).save(folder / f"{name}.png", optimize=True)
        return image

    return save
