# SPDX-License-Identifier: MIT
"""The way to a state of the board, as a function takes it, and what stands for it in the key of a snapshot.

A snapshot may be used only as long as the way that led to it is the same. So the key has the sources of the module
that the function is in, and of those that it imports. What comes with Python and what is installed count as fixed.
"""

from __future__ import annotations

import ast
import functools
import importlib.util
import inspect
import sys
import sysconfig
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import FunctionType
from typing import Any

from pic32bench.errors import UsageError
from pic32bench.paths import file_digest
from pic32bench.snapshot.store import digest

_PLAIN = (str, bytes, int, float, bool, type(None))


@dataclass(frozen=True)
class Way:
    """``name`` is the state's, ``source`` stands for all that says how to get there, ``go`` goes there."""

    name: str
    source: str
    go: Callable[[Any], object]


def way(leads_there: Way | Callable[[Any], object]) -> Way:
    """The way that a function takes, from its sources and those of what it uses. Raises UsageError.

    It must be a function with a name and with no values of its surroundings but plain ones, as a snapshot would
    outlive the others.
    """
    if isinstance(leads_there, Way):
        return leads_there
    function, arguments = leads_there, ""
    if isinstance(function, functools.partial):
        values = [*function.args, *sorted(function.keywords.items())]
        arguments, function = _plain(values, "an argument of a partial"), function.func
    if not isinstance(function, FunctionType) or function.__name__ == "<lambda>":
        raise UsageError(f"no snapshot by {leads_there!r}: give a function with a name, def NAME(board): ...")
    surroundings = dict(zip(function.__code__.co_freevars, function.__closure__ or (), strict=True))
    values = [(name, cell.cell_contents) for name, cell in surroundings.items()]
    values.append(("defaults", [*(function.__defaults__ or ()), *sorted((function.__kwdefaults__ or {}).items())]))
    arguments += _plain(values, f"a value that {function.__qualname__} takes from its surroundings")
    module = sys.modules.get(inspect.unwrap(function).__module__)
    origin = getattr(module, "__file__", None)
    if origin is None:
        raise UsageError(f"no snapshot by {function.__qualname__}: its source file is not known")
    sources = [f"{path.name}:{file_digest(path)}" for path in own_sources(Path(origin))]
    name = f"{function.__module__}.{function.__qualname__}{arguments and ' ' + arguments}"
    return Way(function.__qualname__, digest("\0".join([name, *sources]).encode()), leads_there)


def _plain(value: Any, what: str) -> str:
    """A text that stands for a plain value. Raises UsageError for one that may be something else tomorrow."""
    if isinstance(value, _PLAIN):
        return repr(value)
    if isinstance(value, (list, tuple)):
        return f"({', '.join(_plain(part, what) for part in value)})"
    raise UsageError(f"no snapshot: {what} is {value!r}: expected a number, a text or a list of such")


def own_sources(path: Path) -> list[Path]:
    """A Python file and those of the project's own modules that it imports, directly or not, in a fixed order."""
    found: set[Path] = set()
    waiting = [path]
    modules = {module.__file__: module for module in list(sys.modules.values()) if getattr(module, "__file__", None)}
    while waiting:
        path = waiting.pop()
        if path in found or not _is_own(path):
            continue
        found.add(path)
        package = getattr(modules.get(str(path)), "__package__", None) or ""
        for name in _imports(path, package):
            if origin := getattr(sys.modules.get(name), "__file__", None):
                waiting.append(Path(origin))
    return sorted(found)


def _imports(path: Path, package: str) -> Iterator[str]:
    """The names of all that a source file imports: modules, or what may be one."""
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            try:
                base = importlib.util.resolve_name("." * node.level + (node.module or ""), package)
            except ImportError:  # relative, and the file is no module of a package
                continue
            yield base
            yield from (f"{base}.{alias.name}" for alias in node.names)


@functools.cache
def _fixed_places() -> tuple[Path, ...]:
    names = ("stdlib", "platstdlib", "purelib", "platlib")
    package = Path(__file__).resolve().parents[1]  # the bench itself is in every key as it is
    return (*{Path(sysconfig.get_path(name)).resolve() for name in names}, package)


def _is_own(path: Path) -> bool:
    resolved = path.resolve()
    return resolved.suffix == ".py" and not any(resolved.is_relative_to(place) for place in _fixed_places())
