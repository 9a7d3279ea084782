# SPDX-License-Identifier: MIT
"""Gives the tests the programs of platforms/, which are no package: they run before anything is installed."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

PLATFORMS = Path(__file__).resolve().parents[3] / "platforms"


@pytest.fixture(scope="session")
def program() -> Callable[[str], ModuleType]:
    """Imports a program by its path in platforms/, such as `qemu/strict_patch.py`."""

    def load(path: str) -> ModuleType:
        file = PLATFORMS / path
        spec = importlib.util.spec_from_file_location(file.stem, file)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules[file.stem] = module
        spec.loader.exec_module(module)
        return module

    return load
