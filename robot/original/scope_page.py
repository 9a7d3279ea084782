# SPDX-License-Identifier: MIT
"""Robot keywords for the original demo's scope page in a real browser; what it draws is read from screenshots.

The page draws with Flot 0.8 on a canvas: 100 values, the first at the plot's left edge and the last at its right edge,
in Flot's first colour. It fills in the board's own address, which on network `user`
only the board can reach, so the forwarded one is entered instead, as a person behind a router would.
"""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

from PIL import ImageChops
from robot.libraries.BuiltIn import BuiltIn

from pic32bench.browser import Box, Browser, Drawing, read, tools

__all__ = ["close_scope_page", "open_scope_page", "scope_should_move", "scope_should_show"]

VALUES = 100
LINE, BACKGROUND = (237, 194, 64), (255, 255, 255)


class ScopePage(Browser):
    """A browser on the demo's scope page, with a profile that goes with it."""

    def __init__(self, chromium: str, driver: str) -> None:
        self.profile = Path(tempfile.mkdtemp(prefix="pic32bench-"))
        super().__init__(chromium, driver, self.profile)

    def close(self) -> None:
        super().close()
        shutil.rmtree(self.profile, ignore_errors=True)

    def plot(self) -> Box:
        """Where Flot draws 0 (bottom) to 65536 (top), in pixels of a screenshot; 5ea59dd has room above it."""
        edges = self.run(
            """const plot = $("#placeholder").data("plot"), at = plot.offset(), axis = plot.getYAxes()[0];
            const top = at.top + axis.p2c(65536), height = axis.p2c(0) - axis.p2c(65536);
            return [at.left - scrollX, top - scrollY, plot.width(), height].map((edge) => edge * devicePixelRatio);"""
        )
        return Box(*edges)


def open_scope_page() -> ScopePage:
    """Opens /chart/ws_realtime.html and connects it to the board; skips without Chromium. Returns the page."""
    found = tools()
    if found is None:
        BuiltIn().skip("no browser: install Debian's chromium and chromium-driver")
    board: Any = BuiltIn().get_library_instance("pic32bench.robot.Pic32Bench").board
    page = ScopePage(*found)
    try:
        page.open(urljoin(board.url, "/chart/ws_realtime.html"), height=900)
        page.enter("wsServer", board.ws_url)
        page.wait(lambda: "websocket opened" in page.text("log"), "the page did not connect")
    except BaseException:
        page.close()
        raise
    return page


def close_scope_page(page: ScopePage | None) -> None:
    """Ends the browser; nothing to do for a page that was never opened."""
    if page is not None:
        page.close()


def scope_should_move(page: ScopePage) -> None:
    """Fails unless the picture changes."""
    plot = page.plot()
    edges = (int(plot.left), int(plot.top), int(plot.left + plot.width), int(plot.top + plot.height))
    first = page.screenshot().crop(edges)
    page.wait(
        lambda: ImageChops.difference(first, page.screenshot().crop(edges)).getbbox(),
        "the scope stands still",
    )


def scope_should_show(page: ScopePage, kind: str, picture: str | None = None) -> None:
    """Waits until the scope shows ``noise`` or ``ramp``; ``picture`` names a screenshot for the output folder."""
    seen: list[Drawing | AssertionError] = []

    def look() -> bool:
        image = page.screenshot()
        try:
            seen.append(read(image, page.plot(), LINE, BACKGROUND, VALUES))
        except AssertionError as error:  # the zeros that the page begins with lie under the plot's border
            seen.append(error)
        fits = bool(getattr(seen[-1], f"is_{kind}", False))
        if fits and picture:
            image.save(Path(str(BuiltIn().get_variable_value("${OUTPUT DIR}"))) / f"{picture}.png")
        return fits

    page.wait(look, lambda: f"the scope showed no {kind} (but {seen[-1] if seen else 'nothing'})")
