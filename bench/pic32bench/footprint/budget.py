# SPDX-License-Identifier: MIT
"""The footprint table: a TOML file of functions and variables and what each may cost.

::

    title = "The author's table"

    [[function]]
    name = "ws_sha1mix"         # the row's name
    address = 0x9d09d2fc        # where the author's build had it; for show only
    size = 832                  # bytes it may cost
    access = "GLOBAL"           # or "LOCAL"
    symbols = ["sha1_*"]        # our symbols that do this job; * ? [] as in file names. Left out: the row's
                                # own name. Empty: nothing here does this job

    [[variable]]
    ...
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from pic32bench.errors import UsageError
from pic32bench.paths import project_root

DEFAULT_BUDGET = Path("firmware/footprint.toml")


class BudgetError(UsageError):
    """A footprint table cannot be read or makes no sense."""


class What(StrEnum):
    """What a row or a symbol is."""

    FUNCTION = "function"
    VARIABLE = "variable"


class Access(StrEnum):
    """Whether other files can name it."""

    GLOBAL = "GLOBAL"
    LOCAL = "LOCAL"


@dataclass(frozen=True)
class Row:
    """One row of the table: ``size`` in bytes, ``address`` of the author's build, ``patterns`` of symbol names."""

    what: What
    name: str
    address: int
    size: int
    access: Access
    patterns: tuple[str, ...]
    own_name: bool
    line: int


@dataclass(frozen=True)
class Budget:
    """A footprint table, in the order of its file: functions, then variables."""

    path: Path
    title: str
    rows: tuple[Row, ...]


_KEYS: dict[str, tuple[type, str]] = {
    "name": (str, "text"),
    "address": (int, "a whole number"),
    "size": (int, "a whole number"),
    "access": (str, '"GLOBAL" or "LOCAL"'),
    "symbols": (list, "a list of symbol names"),
}


def load_budget(path: str | Path | None = None) -> Budget:
    """Read a footprint table; None: firmware/footprint.toml of the project.

    Raises:
        BudgetError: no such file, bad TOML (with its line), or a key that is missing, unknown or wrong (with its row).
    """
    file = project_root() / DEFAULT_BUDGET if path is None else Path(path)
    try:
        text = file.read_bytes().decode("utf-8")
    except UnicodeDecodeError:
        raise BudgetError(f"{file}: not a text file in UTF-8: a footprint table is TOML") from None
    except OSError as error:
        hint = "give a table with --budget FILE" if path is None else "expected a footprint table in TOML"
        raise BudgetError(f"{file}: {error.strerror}: {hint}") from None
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise BudgetError(f"{file}: bad TOML: {error}") from None
    return _Reader(file, text).budget(document)


class _Reader:
    """Checks a table and knows the lines of its file."""

    def __init__(self, file: Path, text: str) -> None:
        self.file = file
        self.lines = text.splitlines()

    def budget(self, document: dict[str, Any]) -> Budget:
        for key in document:
            if key not in ("title", *What):
                raise self._error(self._line_of_key(key, 1), f"unknown key '{key}': expected title, function, variable")
        title = document.get("title", "")
        if not isinstance(title, str):
            raise self._error(self._line_of_key("title", 1), f"title: expected text, found {title!r}")
        rows = tuple(row for what in What for row in self._rows(what, document.get(what, [])))
        if not rows:
            raise self._error(1, "no row: expected [[function]] or [[variable]]")
        return Budget(self.file, title, rows)

    def _rows(self, what: What, entries: object) -> list[Row]:
        if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
            raise self._error(self._line_of_header(what, 0), f"{what}: expected tables written [[{what}]]")
        rows = [self._row(what, entry, self._line_of_header(what, index)) for index, entry in enumerate(entries)]
        seen: dict[str, Row] = {}
        for row in rows:
            if row.name in seen:
                raise self._error(row.line, f"{what} {row.name}: already in line {seen[row.name].line}")
            seen[row.name] = row
        return rows

    def _row(self, what: What, entry: dict[str, Any], line: int) -> Row:
        name = entry.get("name")
        called = f"{what} {name}" if isinstance(name, str) else f"[[{what}]]"
        for key, value in entry.items():
            if key not in _KEYS:
                raise self._error(
                    self._line_of_key(key, line), f"{called}: unknown key '{key}': expected {', '.join(_KEYS)}"
                )
            kind, expected = _KEYS[key]
            if not isinstance(value, kind) or isinstance(value, bool):
                raise self._error(
                    self._line_of_key(key, line), f"{called}: key '{key}': expected {expected}, found {value!r}"
                )
        for key in _KEYS:
            if key != "symbols" and key not in entry:
                raise self._error(line, f"{called}: key '{key}' is missing")
        for key, top in (("size", None), ("address", 0xFFFFFFFF)):
            if entry[key] < 0 or (top is not None and entry[key] > top):
                raise self._error(self._line_of_key(key, line), f"{called}: key '{key}': {entry[key]} is out of range")
        if entry["access"] not in list(Access):
            raise self._error(
                self._line_of_key("access", line),
                f'{called}: key \'access\': expected "GLOBAL" or "LOCAL", found "{entry["access"]}"',
            )
        patterns = entry.get("symbols", [name])
        for pattern in patterns:
            if not isinstance(pattern, str) or not pattern:
                raise self._error(
                    self._line_of_key("symbols", line),
                    f"{called}: key 'symbols': expected symbol names, found {pattern!r}",
                )
        return Row(
            what,
            str(name),
            entry["address"],
            entry["size"],
            Access(entry["access"]),
            tuple(patterns),
            "symbols" not in entry,
            line,
        )

    def _error(self, line: int, problem: str) -> BudgetError:
        return BudgetError(f"{self.file}, line {line}: {problem}")

    def _line_of_header(self, what: str, index: int) -> int:
        """The line of the index-th [[what]]; 1 when the file writes its tables in another way."""
        found = [n for n, text in enumerate(self.lines, 1) if re.match(rf"\s*\[+\s*{what}\s*\]+", text)]
        return found[index] if index < len(found) else 1

    def _line_of_key(self, key: str, start: int) -> int:
        """The line of a key at or after a header's line."""
        for number in range(start, len(self.lines) + 1):
            text = self.lines[number - 1]
            if number > start and text.lstrip().startswith("["):
                break
            if re.match(rf"\s*[\"']?{re.escape(key)}[\"']?\s*=", text):
                return number
        return start
