# SPDX-License-Identifier: MIT
"""Keywords for the board's web page. Need network ``user`` or ``wire``."""

from __future__ import annotations

from urllib.parse import urljoin, urlsplit

from pic32bench import page
from pic32bench.robot.emulation import EmulationKeywords


class PageKeywords(EmulationKeywords):
    """What a browser gets from the board."""

    def get_page(self, path: str = "/") -> page.Response:
        """GETs a path of the board's web server: an object with ``status``, ``content_type``, ``text``, ``headers``.

        An HTTP error such as 404 is an answer, not a failure.
        """
        url, station = page.way_to(self.board)
        return page.fetch(urljoin(url, path), station=station)

    def page_should_need_no_internet(self, path: str = "/") -> list[str]:
        """Fetches a page and all scripts, styles and pictures that it needs; returns their paths.

        Fails if anything is to come from another host, or is not there.
        """
        url, station = page.way_to(self.board)
        responses = page.fetch_with_parts(urljoin(url, path), station=station)
        for response in responses:
            if response.status != 200:
                raise AssertionError(
                    f"GET {urlsplit(response.url).path} was answered with HTTP {response.status}, not 200"
                )
            if not response.body:
                raise AssertionError(f"GET {urlsplit(response.url).path} was answered with nothing in it")
        return [urlsplit(response.url).path for response in responses]
