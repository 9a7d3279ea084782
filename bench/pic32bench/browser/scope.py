# SPDX-License-Identifier: MIT
"""The reference firmware's page in the browser: what its scope shows, read from pixels."""

from __future__ import annotations

from PIL import Image
from selenium.webdriver.remote.webdriver import WebDriver

from pic32bench.browser.chromium import Browser, colour
from pic32bench.browser.drawing import Box, Drawing, read

# Where the plot is, what colours it has and how many values it spans; not what they are.
_LAYOUT = """
const style = (selector) => getComputedStyle(document.querySelector(selector));
const box = document.querySelector("#scope .u-over").getBoundingClientRect();
return [
    [box.left, box.top, box.width, box.height].map((edge) => edge * devicePixelRatio),
    style(":root").getPropertyValue("--trace"), style("#scope").backgroundColor,
    Number(document.getElementById("points").value),
];
"""


def drawing_of(driver: WebDriver, screenshot: Image.Image) -> Drawing:
    """The scope's line, read from the pixels of a screenshot of the page that a browser shows."""
    edges, line, background, count = driver.execute_script(_LAYOUT)
    return read(screenshot, Box(*edges), colour(line), colour(background), count)


class ScopePage(Browser):
    """The browser, on the page with the live scope."""

    def drawing(self) -> Drawing:
        """The scope's line, read from the pixels of a screenshot."""
        return drawing_of(self.driver, self.screenshot())

    def state(self) -> str:
        """What the page says of itself."""
        said = ", ".join(filter(None, map(self.text, ("connection", "stream", "switch", "message"))))
        return f": the page says {said}, {self.text('frames')} frames"
