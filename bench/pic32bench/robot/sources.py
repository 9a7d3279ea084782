# SPDX-License-Identifier: MIT
"""What stands for a suite's files in the key of a snapshot: whatever may change the way that a keyword takes.

That is the text of the file that the keyword stands in, of all that this imports, directly or not, and the values of
the variables that these files declare, as the command line may give others.
"""

from __future__ import annotations

import functools
import importlib.util
import sys
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from robot.api.parsing import (
    File,
    Keyword,
    LibraryImport,
    ModelVisitor,
    ResourceImport,
    Variable,
    VariablesImport,
    get_model,
    get_resource_model,
)
from robot.libraries.BuiltIn import BuiltIn

from pic32bench.paths import file_digest, version
from pic32bench.snapshot.store import digest
from pic32bench.snapshot.way import own_sources


@dataclass
class _Parts(ModelVisitor):  # type: ignore[misc]
    """What a Robot file declares and imports."""

    keywords: list[str] = field(default_factory=list)
    variables: list[str] = field(default_factory=list)
    resources: list[str] = field(default_factory=list)
    others: list[str] = field(default_factory=list)

    def visit_Keyword(self, node: Keyword) -> None:  # noqa: N802
        self.keywords.append(node.name)

    def visit_Variable(self, node: Variable) -> None:  # noqa: N802
        self.variables.append(node.name)

    def visit_ResourceImport(self, node: ResourceImport) -> None:  # noqa: N802
        self.resources.append(node.name)

    def visit_LibraryImport(self, node: LibraryImport) -> None:  # noqa: N802
        self.others.append(node.name)

    def visit_VariablesImport(self, node: VariablesImport) -> None:  # noqa: N802
        self.others.append(node.name)


def source_of_suite() -> str:
    """What stands for the running suite's file and all that it uses."""
    return _digest(_closure(suite_file()))


def source_of_keyword(name: str) -> str:
    """What stands for a keyword of the running suite, its file and all that this uses."""
    files = _closure(suite_file())
    for path, parts in files.items():
        if plain_name(name) in map(plain_name, parts.keywords):
            return _digest(_closure(path))
    return _digest(files)


def plain_name(name: str) -> str:
    """A keyword's name as Robot compares it."""
    return name.replace(" ", "").replace("_", "").lower()


def suite_file() -> Path:
    """The running suite's file."""
    return Path(BuiltIn().get_variable_value("${SUITE SOURCE}"))


def _closure(start: Path) -> dict[Path, _Parts]:
    """The file and those that it imports, the importing ones first."""
    found: dict[Path, _Parts] = {}
    waiting = [start]
    while waiting:
        path = waiting.pop(0)
        if path in found or not path.is_file():
            continue
        found[path] = parts = _parts(path, version(path))
        for name in [*parts.resources, *parts.others]:
            waiting += _files_of(name, path.parent)
    return found


@functools.lru_cache(maxsize=256)
def _parts(path: Path, version: tuple[int, ...]) -> _Parts:
    """What a file declares and imports; read once as long as it does not change."""
    parts = _Parts()
    if path.suffix != ".py":
        model: File = get_resource_model(path) if path.suffix == ".resource" else get_model(path)
        parts.visit(model)
    return parts


def _files_of(name: str, folder: Path) -> list[Path]:
    """The files that an import stands for, if they are the project's own."""
    with suppress(Exception):  # a variable that is not set yet: then the import is not of this suite
        name = str(BuiltIn().replace_variables(name.replace("${CURDIR}", str(folder))))
        for place in (folder, *map(Path, sys.path)):
            path = (place / name).resolve()
            if path.is_file():
                return own_sources(path) if path.suffix == ".py" else [path]
        for module in (name, name.rpartition(".")[0]):
            spec = importlib.util.find_spec(module)
            if spec is not None and spec.origin is not None:
                return own_sources(Path(spec.origin))
    return []


def _digest(files: dict[Path, _Parts]) -> str:
    texts = [f"{path.name}:{file_digest(path)}" for path in sorted(files)]
    names = sorted({name.partition(":")[0] for parts in files.values() for name in parts.variables})
    values = [f"{name}={BuiltIn().get_variable_value(name)!r}" for name in names]
    return digest("\0".join([*texts, *values]).encode())
