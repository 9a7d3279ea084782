# SPDX-License-Identifier: MIT
"""The reference firmware's page in the browser: what its scope shows, read from pixels."""

from __future__ import annotations

from pic32bench.browser import Browser, Drawing, colour, read


class ScopePage(Browser):
    """The browser, on the page with the live scope."""

    def drawing(self) -> Drawing:
        """The scope's line, read from the pixels of a screenshot."""
        screenshot = self.screenshot()
        box = self.box("#scope .u-over")
        line, background = self.run(
            """const style = (id) => getComputedStyle(document.querySelector(id));
            return [style(":root").getPropertyValue("--trace"), style("#scope").backgroundColor];"""
        )
        count = int(self.run('return document.getElementById("points").value'))
        return read(screenshot, box, colour(line), colour(background), count)

    def state(self) -> str:
        """What the page says of itself."""
        return f": the page says {self.text('connection')}, {self.text('stream')}, {self.text('frames')} frames"
