# SPDX-License-Identifier: MIT
"""The board's page in a real browser: what it draws is judged from the pixels of screenshots.

`pytest bench/tests/browser --save-screenshots docs/images` makes the pictures of the documentation.
"""

from __future__ import annotations

import contextlib
import re
import subprocess
import sys
from urllib.parse import urlsplit

import pytest
from PIL import ImageChops

import pic32bench
from pic32bench.browser import Colour, Drawing, ScopePage, colour
from pic32bench.stream.client import StreamClient

from .conftest import Save

CLIENTS = 3  # that the board takes at a time
COUNT_DRAWINGS = """
window.counted = { pictures: 0, drawings: 0 };
const count = () => { counted.pictures++; requestAnimationFrame(count); };
requestAnimationFrame(count);
const clear = CanvasRenderingContext2D.prototype.clearRect;
CanvasRenderingContext2D.prototype.clearRect = function (...area) { counted.drawings++; clear.apply(this, area); };
"""
COLOURS = ["--page", "--card", "--text", "--faint", "--good", "--bad", "--button", "--button-text", "--trace"]
TEXT_ON = [
    *((text, ground) for text in ("--text", "--faint", "--good", "--bad") for ground in ("--page", "--card")),
    ("--button-text", "--button"),
    ("--trace", "--card"),
]


def contrast(one: Colour, other: Colour) -> float:
    """Contrast ratio of two colours, 1 to 21 (WCAG 2.1)."""

    def luminance(sample: Colour) -> float:
        parts = [part / 255 for part in sample]
        red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


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
    assert page.number("frames") - frames > 2 * (board.time - time) / 0.1, "that is no more than before"


def test_page_comes_back_after_the_power_was_off(board: pic32bench.Board, page: ScopePage) -> None:
    board.keep_pace()  # the browser tries again when it likes to
    board.power_cycle()
    board.console.wait_for_line("IP Address: 10.", timeout=30)
    board.console.wait_for_line("Stream Started", timeout=60)
    wait_for_frames(page, 30)
    wait_for_drawing(page, "noise")
    assert page.text("connection") == "connected"


def test_a_page_that_is_refused_says_so_and_goes_on_when_there_is_room(
    board: pic32bench.Board, browser: ScopePage
) -> None:
    board.keep_pace()
    port = urlsplit(board.ws_url).port
    assert port is not None
    with contextlib.ExitStack() as others:
        for _ in range(CLIENTS):
            others.enter_context(StreamClient("127.0.0.1", port, now=lambda: board.time))
        browser.open(board.url)
        browser.wait(lambda: "takes no more clients" in browser.text("message"), "the page does not say why")
        assert browser.text("connection") == "connecting"
    browser.wait(lambda: browser.text("connection") == "connected", "the page did not try again")
    wait_for_frames(browser, 10)
    assert browser.text("message") == ""


def test_a_page_that_did_not_load_wholly_is_loaded_again(board: pic32bench.Board, browser: ScopePage) -> None:
    board.keep_pace()
    browser.driver.execute_cdp_cmd("Network.enable", {})
    browser.driver.execute_cdp_cmd("Network.setBlockedURLs", {"urls": ["*/uPlot.iife.min.js"]})
    browser.open(board.url)
    assert browser.number("frames") == 0
    browser.driver.execute_cdp_cmd("Network.setBlockedURLs", {"urls": []})
    wait_for_frames(browser, 10)


def test_drawing_is_done_once_a_picture_however_many_frames_come(board: pic32bench.Board, page: ScopePage) -> None:
    page.run(COUNT_DRAWINGS)
    page.enter("delay", "1")
    board.console.wait_for_line("Set Streamer Task Delay: 1")
    wait_for_frames(page, 3000)
    pictures, drawings = page.run("return [counted.pictures, counted.drawings]")
    assert drawings <= pictures + 1
    assert page.number("last") <= 65535
    page.click("toggle")
    page.wait(lambda: page.text("stream") == "stopped", "the page does not show that the stream has stopped")
    frames = page.number("frames")
    board.run_for(0.3)
    assert page.number("frames") == frames, "frames were still waiting to be taken"
    assert page.console_errors() == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_colours_can_be_told_apart_and_the_page_fits_a_phone(page: ScopePage, save: Save, scheme: str) -> None:
    page.prefer(scheme)
    page.resize(390, 844, scale=2, mobile=True)
    wait_for_drawing(page, "noise")
    if scheme == "dark":
        save(page, "scope-phone-dark")
    assert page.run("return document.documentElement.scrollWidth") <= 390
    assert page.run("return matchMedia('(prefers-color-scheme: dark)').matches") == (scheme == "dark")
    style = "getComputedStyle(document.body)"
    values = page.run(f"return arguments[0].map((name) => {style}.getPropertyValue(name))", COLOURS)
    colours = dict(zip(COLOURS, map(colour, values), strict=True))
    for text, background in TEXT_ON:
        assert contrast(colours[text], colours[background]) >= 4.5, f"{text} on {background}"  # WCAG 2.1, 1.4.3


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
