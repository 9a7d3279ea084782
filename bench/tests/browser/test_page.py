# SPDX-License-Identifier: MIT
"""The board's page in a real browser: what it draws is judged from the pixels of screenshots.

`pytest bench/tests/browser --save-screenshots docs/images` makes the pictures of the documentation.
"""

from __future__ import annotations

import re
import subprocess
import sys
from urllib.parse import urlsplit

import pytest
from PIL import ImageChops

import pic32bench
from pic32bench.browser import Drawing

from .conftest import Save
from .scope import ScopePage


def wait_for_drawing(page: ScopePage, kind: str) -> Drawing:
    """Waits until the scope shows ``noise`` or ``ramp``: values from before the switch moved have to leave first."""
    seen: list[Drawing] = []

    def look() -> Drawing | None:
        seen.append(page.drawing())
        return seen[-1] if getattr(seen[-1], f"is_{kind}") else None

    drawing = page.wait(look, lambda: f"the scope showed no {kind} (but {seen[-1]})")
    assert drawing is not None
    return drawing


def wait_for_frames(page: ScopePage, more: int) -> None:
    """Waits until the page has got so many frames from now on."""
    before = page.number("frames")
    page.wait(lambda: page.number("frames") >= before + more, f"{more} more frames did not come")


def test_page_loads_from_the_board_alone_and_without_an_error(board: pic32bench.Board, page: ScopePage) -> None:
    assert page.driver.title == "PIC32MZ live scope"
    assert page.text("connection") == "connected"
    assert page.text("server") == board.ws_url
    assert page.console_errors() == []
    assert page.hosts() == {urlsplit(board.url).netloc, urlsplit(board.ws_url).netloc}
    loaded = page.run("return performance.getEntriesByType('resource').map((entry) => entry.name)")
    assert {urlsplit(name).netloc for name in loaded} == {urlsplit(board.url).netloc}
    assert {"/scope.js", "/scope.css"} <= {urlsplit(name).path for name in loaded}


def test_scope_moves_and_sw1_turns_noise_into_a_ramp(board: pic32bench.Board, page: ScopePage, save: Save) -> None:
    wait_for_drawing(page, "noise")
    first = save(page, "scope-noise")
    wait_for_frames(page, 10)
    moved = ImageChops.difference(first, page.screenshot()).crop(_plot(page)).getbbox()
    assert moved is not None, "the scope stands still"

    board.panel.press("SW1")
    wait_for_drawing(page, "ramp")
    save(page, "scope-ramp")

    board.panel.release("SW1")
    wait_for_drawing(page, "noise")
    assert page.console_errors() == []


def test_stop_stops_the_stream_and_start_starts_it(board: pic32bench.Board, page: ScopePage) -> None:
    page.click("toggle")
    board.console.wait_for_line("Stream Stopped")
    page.wait(lambda: page.text("stream") == "stopped", "the page does not show that the stream has stopped")
    frames, picture = page.number("frames"), page.screenshot().crop(_plot(page))
    board.run_for(0.5)
    assert page.number("frames") == frames
    assert ImageChops.difference(picture, page.screenshot().crop(_plot(page))).getbbox() is None

    page.click("toggle")
    board.console.wait_for_line("Stream Started")
    page.wait(lambda: page.text("stream") == "streaming", "the page does not show that the stream has started")
    wait_for_frames(page, 10)


def test_delay_sets_the_rate(board: pic32bench.Board, page: ScopePage) -> None:
    page.enter("delay", "100")
    board.console.wait_for_line("Set Streamer Task Delay: 100")
    # What was made before is on its way still.
    wait_for_frames(page, 3)
    frames, time = page.number("frames"), board.time
    wait_for_frames(page, 20)
    took = board.time - time
    # The page is looked at now and then: it may be seen a little late, never too early.
    got = page.number("frames") - frames
    assert got <= took / 0.1 + 2, f"{got} frames in {took:.3f} s, expected one every 0.1 s"
    page.enter("delay", "10")
    board.console.wait_for_line("Set Streamer Task Delay: 10")
    frames, time = page.number("frames"), board.time
    wait_for_frames(page, 100)
    assert board.time - time < 5


@pytest.mark.parametrize("how", ["reset", "power_cycle"])
def test_page_comes_back_after_the_board_was(board: pic32bench.Board, page: ScopePage, how: str) -> None:
    board.keep_pace()  # the browser tries again when it likes to
    getattr(board, how)()
    board.console.wait_for_line("IP Address: 10.", timeout=30)
    board.console.wait_for_line("Received a clear text connection", timeout=60)
    board.console.wait_for_line("Stream Started", timeout=30)
    wait_for_frames(page, 30)
    wait_for_drawing(page, "noise")
    assert page.text("connection") == "connected"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_page_fits_a_phone_in_light_and_dark(page: ScopePage, save: Save, scheme: str) -> None:
    page.prefer(scheme)
    page.resize(390, 844, scale=2, mobile=True)
    wait_for_frames(page, 5)
    picture = save(page, f"phone-{scheme}")
    width = page.run("return document.documentElement.scrollWidth")
    assert width <= 390, f"the page is {width} px wide: a phone has to scroll sideways"
    brightness = sum(picture.getpixel((2, 2))) / 3  # type: ignore[arg-type]
    assert (brightness < 64) == (scheme == "dark"), f"the page's background is {brightness:.0f} of 255"
    for element in ("toggle", "delay", "points"):
        box = page.driver.find_element("id", element).rect
        assert box["x"] + box["width"] <= 390, f"{element} is cut off"
        assert box["height"] >= 40, f"{element} is too low for a thumb"
    wait_for_drawing(page, "noise")


def test_url_that_run_prints_works_as_it_is(browser: ScopePage) -> None:
    command = [sys.executable, "-m", "pic32bench.cli", "run", "--network", "user", "--for", "600"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True) as process:
        try:
            url = ""
            assert process.stdout is not None
            for line in process.stdout:
                if found := re.search(r"page (\S+)", line):
                    url = found[1]
                if "IP Address: 10." in line:
                    break
            assert url, "no page was printed"
            browser.open(url)
            browser.wait(lambda: browser.number("frames") > 30, "no stream came")
        finally:
            process.terminate()


def _plot(page: ScopePage) -> tuple[int, int, int, int]:
    """Where in a screenshot the scope's canvas is: left, top, right, bottom."""
    box = page.box("#scope canvas")
    return round(box.left), round(box.top), round(box.left + box.width), round(box.top + box.height)
