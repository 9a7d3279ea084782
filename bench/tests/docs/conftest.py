# SPDX-License-Identifier: MIT
"""The documents, and the option that brings them up to date."""

from __future__ import annotations

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    """Adds the option, which is there when this folder is named on the command line."""
    parser.addoption("--update-docs", action="store_true", help="write the output of commands into the documents")


@pytest.fixture
def update(request: pytest.FixtureRequest) -> bool:
    """Whether the documents are to be written rather than checked."""
    return bool(request.config.getoption("--update-docs", False))
