# SPDX-License-Identifier: MIT
"""Chromium without a window, on a board's page, through Debian's own driver: nothing is downloaded."""

from __future__ import annotations

import io
import json
import re
import shlex
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

from PIL import Image
from selenium import webdriver
from selenium.common.exceptions import StaleElementReferenceException, TimeoutException
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.support.ui import Select, WebDriverWait

from pic32bench.browser.drawing import Box, Colour
from pic32bench.errors import BenchError
from pic32bench.network.host import Host

_T = TypeVar("_T")
TIMEOUT_WALL = 120.0
_FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--no-first-run",
    "--no-proxy-server",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
)


def tools() -> tuple[str, str] | None:
    """Paths of Chromium and of its driver, None when either is not installed."""
    chromium, driver = shutil.which("chromium"), shutil.which("chromedriver")
    return (chromium, driver) if chromium and driver else None


class BrowserError(BenchError):
    """The page did not do what was waited for, or there is no browser."""


class Browser:
    """One browser with a profile of its own in ``profile``, an empty directory.

    With ``host``, such as the PC of network ``tap``, it runs there, and has that one's network and names.
    """

    def __init__(self, chromium: str, driver: str, profile: Path, host: Host | None = None) -> None:
        options = webdriver.ChromeOptions()
        options.binary_location = chromium
        flags = [*_FLAGS, f"--user-data-dir={profile}"]
        if host is not None:
            starter = profile.with_name(f"{profile.name}.sh")
            starter.write_text(f'#!/bin/sh\nexec {shlex.join(host.command(chromium))} "$@"\n')
            starter.chmod(0o755)
            options.binary_location = str(starter)
            flags.append("--remote-debugging-pipe")  # the driver stays here, where no port of the browser's is
        for flag in flags:
            options.add_argument(flag)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
        self.driver = webdriver.Chrome(options=options, service=Service(driver))
        self._messages: list[dict[str, Any]] = []

    def close(self) -> None:
        """Ends browser and driver."""
        self.driver.quit()

    def open(self, url: str, width: int = 1100, height: int = 580, scale: float = 1) -> None:
        """Opens a page in a window of this size, CSS pixels."""
        self.resize(width, height, scale)
        self.driver.get(url)

    def resize(self, width: int, height: int, scale: float = 1, mobile: bool = False) -> None:
        """Another window, or screen of a phone."""
        self.driver.execute_cdp_cmd(
            "Emulation.setDeviceMetricsOverride",
            {"width": width, "height": height, "deviceScaleFactor": scale, "mobile": mobile},
        )

    def prefer(self, scheme: str) -> None:
        """The person's wish: ``light`` or ``dark``."""
        feature = {"name": "prefers-color-scheme", "value": scheme}
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [feature]})

    def text(self, element: str) -> str:
        """The text of the element with this id, also of a page that is just loading again."""
        try:
            return self.driver.find_element("id", element).text
        except StaleElementReferenceException:
            return self.text(element)

    def number(self, element: str) -> int:
        """The first number in the element's text."""
        found = re.search(r"\d+", self.text(element))
        return int(found[0]) if found else 0

    def click(self, element: str) -> None:
        """Clicks on an element."""
        self.driver.find_element("id", element).click()

    def enter(self, element: str, text: str) -> None:
        """Types a text into a field, instead of what is there, and Enter."""
        field = self.driver.find_element("id", element)
        field.clear()
        field.send_keys(text + "\n")

    def choose(self, element: str, text: str) -> None:
        """Chooses from a list."""
        Select(self.driver.find_element("id", element)).select_by_visible_text(text)

    def run(self, script: str, *arguments: Any) -> Any:
        """What a script in the page returns; it finds the arguments in ``arguments``."""
        return self.driver.execute_script(script, *arguments)

    def wait(self, done: Callable[[], _T], what: str | Callable[[], str]) -> _T:
        """Waits until ``done`` returns something true, and returns that. Raises BrowserError with ``what``."""
        try:
            return WebDriverWait(self.driver, TIMEOUT_WALL, poll_frequency=0.2).until(lambda _: done())
        except TimeoutException as error:
            said = what() if callable(what) else what
            raise BrowserError(f"{said} within {TIMEOUT_WALL:g} s (wall){self.state()}") from error

    def state(self) -> str:
        """What a message about this page should say of it: nothing, where a subclass does not know the page."""
        return ""

    def screenshot(self) -> Image.Image:
        """What is in the window."""
        return Image.open(io.BytesIO(self.driver.get_screenshot_as_png())).convert("RGB")

    def box(self, selector: str) -> Box:
        """Where the element that a CSS selector finds is, in pixels of a screenshot."""
        left, top, width, height, scale = self.run(
            """const box = document.querySelector(arguments[0]).getBoundingClientRect();
            return [box.left, box.top, box.width, box.height, devicePixelRatio];""",
            selector,
        )
        return Box(scale * left, scale * top, scale * width, scale * height)

    def console_errors(self) -> list[str]:
        """Errors and warnings in the browser's console since the last call."""
        return [entry["message"] for entry in self._log("browser") if entry["level"] in ("SEVERE", "WARNING")]

    def _log(self, kind: str) -> list[dict[str, Any]]:
        """New entries of one of the driver's logs."""
        entries: list[dict[str, Any]] = self.driver.get_log(kind)  # type: ignore[no-untyped-call]
        return entries

    def hosts(self) -> set[str]:
        """host:port of everything the page asked for, WebSockets too, whether or not an answer came."""
        for entry in self._log("performance"):
            self._messages.append(json.loads(entry["message"])["message"])
        urls = []
        for message in self._messages:
            if message["method"] == "Network.requestWillBeSent":
                urls.append(message["params"]["request"]["url"])
            elif message["method"] == "Network.webSocketCreated":
                urls.append(message["params"]["url"])
        # chrome: is the browser's own first page.
        return {urlsplit(url).netloc for url in urls if not url.startswith(("data:", "chrome:"))}


def colour(text: str) -> Colour:
    """``#rgb``, ``#rrggbb`` or ``rgb(r, g, b)``."""
    text = text.strip()
    if text.startswith("#"):
        digits = text[1:] if len(text) == 7 else "".join(2 * digit for digit in text[1:])
        return int(digits[:2], 16), int(digits[2:4], 16), int(digits[4:], 16)
    red, green, blue = (int(number) for number in re.findall(r"\d+", text)[:3])
    return red, green, blue
