# SPDX-License-Identifier: MIT
"""The board's page with the live scope in Chromium, beside SeleniumLibrary: `Library    pic32bench.robot.ScopePage`."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from robot.libraries.BuiltIn import BuiltIn

from pic32bench import __version__

if TYPE_CHECKING:
    from pic32bench.browser import ScopePage as Page


@dataclass(frozen=True)
class _Opened:
    """A browser; ``index`` is SeleniumLibrary's number of it."""

    page: Page
    profile: tempfile.TemporaryDirectory[str]
    index: int


class ScopePage:
    """Opens the scope's page in headless Chromium, and judges what it draws from the pixels of screenshots.

    The browser is SeleniumLibrary's: its keywords click and read, its `Capture Page Screenshot` makes the pictures
    that `Picture Should Show Noise` and `Picture Should Show A Ramp` look at. Needs the extra ``browser`` and Debian's
    chromium and chromium-driver; without them, `Open Chromium` skips the test.
    """

    ROBOT_LIBRARY_SCOPE = "SUITE"
    ROBOT_LIBRARY_VERSION = __version__
    ROBOT_LIBRARY_DOC_FORMAT = "ROBOT"
    ROBOT_LISTENER_API_VERSION = 3
    ROBOT_AUTO_KEYWORDS = True

    def __init__(self) -> None:
        self.ROBOT_LIBRARY_LISTENER = self
        self._opened: _Opened | None = None

    def open_chromium(self, url: str, width: int = 1100, height: int = 580) -> None:
        """Opens an address, `Board Url` for one, in a window of this size, and gives the browser to SeleniumLibrary."""
        from pic32bench import browser  # an extra, and slow to load

        found = browser.tools()
        if found is None:
            BuiltIn().skip("no browser: install Debian's chromium and chromium-driver (`make setup`)")
            return
        self.close_chromium()
        profile = tempfile.TemporaryDirectory(prefix="pic32bench-", ignore_cleanup_errors=True)
        try:
            page = browser.ScopePage(*found, Path(profile.name))
        except BaseException:
            profile.cleanup()
            raise
        self._opened = _Opened(page, profile, self._selenium().register_driver(page.driver, alias=None))
        page.open(url, width, height)

    def close_chromium(self) -> None:
        """Ends the browser; safe to call twice."""
        opened, self._opened = self._opened, None
        if opened is None:
            return
        selenium = self._selenium()
        try:
            if opened.index in selenium.get_browser_ids():
                selenium.switch_browser(opened.index)
                selenium.close_browser()
        finally:
            opened.profile.cleanup()

    def resize_screen(self, width: int, height: int, scale: float = 1, phone: bool = False) -> None:
        """Makes the window, or a phone's screen, so many CSS pixels large; each is ``scale`` pixels of a picture."""
        self._page().resize(width, height, scale, phone)

    def prefer_color_scheme(self, scheme: str) -> None:
        """What the person wishes: ``light`` or ``dark``."""
        self._page().prefer(scheme)

    def picture_should_show_noise(self, picture: str) -> str:
        """Fails unless the scope in a screenshot of the page as it is now shows noise. Returns what it shows."""
        return self._judge(picture, "noise")

    def picture_should_show_a_ramp(self, picture: str) -> str:
        """Fails unless the scope in a screenshot of the page as it is now shows the demo's ramp, and nothing else."""
        return self._judge(picture, "ramp")

    def console_should_have_no_errors(self) -> None:
        """Fails if the browser's console has got an error or a warning since it was last looked at."""
        if errors := self._page().console_errors():
            raise AssertionError("\n".join(["the browser's console has errors:", *errors]))

    def _judge(self, picture: str, kind: str) -> str:
        from PIL import Image

        from pic32bench.browser import drawing_of

        with Image.open(picture) as image:
            drawing = drawing_of(self._selenium().driver, image)
        if not getattr(drawing, f"is_{kind}"):
            raise AssertionError(f"{picture} does not show {'a ' * (kind == 'ramp')}{kind}, but {drawing}")
        return str(drawing)

    def _page(self) -> Page:
        if self._opened is None:
            raise AssertionError("no browser is open: use Open Chromium first")
        return self._opened.page

    def _selenium(self) -> Any:
        return BuiltIn().get_library_instance("SeleniumLibrary")

    def _close(self) -> None:
        """Robot calls this when the library goes out of scope."""
        self.close_chromium()
