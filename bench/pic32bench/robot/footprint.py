# SPDX-License-Identifier: MIT
"""Keyword for the footprint table."""

from __future__ import annotations

from pic32bench import paths
from pic32bench.code_map import symbols_beside
from pic32bench.footprint import Report, measure


class FootprintKeywords:
    """What the firmware takes of RAM and flash, by its ELF or MAP. Needs no board."""

    def footprint_should_fit(self, image: str | None = None, budget: str | None = None) -> Report:
        """Fails if an ELF or MAP exceeds a row or a limit of the footprint table, and names each; returns the report.

        ``image`` is the reference firmware, ``budget`` firmware/footprint.toml, unless given. For a .hex, the .elf or
        .map of the same name beside it is measured.
        """
        path = paths.image_file(image)
        report = measure(symbols_beside(path) or path, budget)
        if not report.fits:
            raise AssertionError(report.complaint())
        return report
