# SPDX-License-Identifier: MIT
"""What stands for a way: the same as long as its sources are, another when one of them changes."""

from __future__ import annotations

import functools
import importlib.util
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from pic32bench.errors import UsageError
from pic32bench.snapshot import way

Load = Callable[..., ModuleType]


@pytest.fixture
def load(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Load]:
    """A function that writes modules, last the one that it loads anew and returns."""
    names: set[str] = set()

    def write(**texts: str) -> ModuleType:
        for name, text in texts.items():
            (tmp_path / f"{name}.py").write_text(text)
            names.add(name)
            spec = importlib.util.spec_from_file_location(name, tmp_path / f"{name}.py")
            assert spec is not None
            assert spec.loader is not None
            module = sys.modules[name] = importlib.util.module_from_spec(spec)
            spec.loader.exec_module(module)
        return module

    yield write
    for name in names:
        del sys.modules[name]


HELPERS = "from constants import LIMIT\ndef wait(board): return LIMIT\n"
WAYS = "import json, helpers\ndef there(board): helpers.wait(board)\n"


def test_it_changes_with_each_of_its_sources(load: Load) -> None:
    def source(**changed: str) -> str:
        texts = {"constants": "LIMIT = 1\n", "helpers": HELPERS, "ways": WAYS, **changed}
        return way(load(**texts).there).source

    found = [source(), source(constants="LIMIT = 2\n"), source(helpers=HELPERS + "# \n"), source(ways=WAYS + "\n")]
    assert len(set(found)) == 4
    assert source() == found[0]


def test_another_function_is_another_way(load: Load) -> None:
    module = load(ways="def there(board): pass\ndef elsewhere(board): pass\n")
    assert way(module.there).source != way(module.elsewhere).source
    assert way(module.there).name == "there"


def test_arguments_are_part_of_the_way(load: Load) -> None:
    module = load(ways="def there(board, limit): pass\ndef to(limit):\n    def go(board): limit\n    return go\n")
    one, two = (way(functools.partial(module.there, limit=limit)) for limit in (1, 2))
    assert one.source != two.source
    assert one.source == way(functools.partial(module.there, limit=1)).source
    assert way(module.to(1)).source != way(module.to("1")).source
    assert way(module.to([1, (2, None)])).source == way(module.to([1, (2, None)])).source


@pytest.mark.parametrize(
    "wrong", [lambda board: None, print, functools.partial(way, leads_there=object()), "Wait For Prompt"]
)
def test_what_cannot_be_told_again_is_refused(wrong: Any) -> None:
    with pytest.raises(UsageError, match="no snapshot"):
        way(wrong)


def test_a_value_that_may_be_something_else_tomorrow_is_refused(load: Load) -> None:
    module = load(ways="def to(limit):\n    def go(board): limit\n    return go\n")
    with pytest.raises(UsageError, match=r"a value that to\.<locals>\.go takes from its surroundings is <object"):
        way(module.to(object()))
