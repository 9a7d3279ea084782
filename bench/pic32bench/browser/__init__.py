# SPDX-License-Identifier: MIT
"""A board's page in a real browser, and what it draws, read from pixels. Needs the extra ``browser`` and Chromium."""

from pic32bench.browser.chromium import Browser, BrowserError, colour, tools
from pic32bench.browser.drawing import Box, Colour, Drawing, read
from pic32bench.browser.scope import ScopePage, drawing_of

__all__ = ["Box", "Browser", "BrowserError", "Colour", "Drawing", "ScopePage", "colour", "drawing_of", "read", "tools"]
