# SPDX-License-Identifier: MIT
"""The reference firmware's page in the browser: what its scope shows, read from pixels."""

from __future__ import annotations

from PIL import Image

from pic32bench.browser.chromium import Browser, colour
from pic32bench.browser.drawing import Drawing, read


class ScopePage(Browser):
    """The browser, on the page with the live scope."""

    def drawing(self, screenshot: Image.Image | None = None) -> Drawing:
        """The scope's line, read from the pixels of a screenshot: of a new one, or of one of the page as it is.

        The page is asked where the plot is, what colours it has and how many values it spans; not what they are.
        """
        picture = self.screenshot() if screenshot is None else screenshot
        box = self.box("#scope .u-over")
        line, background = self.run(
            """const style = (id) => getComputedStyle(document.querySelector(id));
            return [style(":root").getPropertyValue("--trace"), style("#scope").backgroundColor];"""
        )
        count = int(self.run('return document.getElementById("points").value'))
        return read(picture, box, colour(line), colour(background), count)

    def state(self) -> str:
        """What the page says of itself."""
        said = ", ".join(filter(None, map(self.text, ("connection", "stream", "switch", "message"))))
        return f": the page says {said}, {self.text('frames')} frames"
