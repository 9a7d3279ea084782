# SPDX-License-Identifier: MIT
"""The footprint table: a TOML file of what the firmware may cost, at rest and in motion.

::

    title = "The author's table"

    [[function]]                # a row: what one job costs, whoever does it
    name = "ws_sha1mix"         # the row's name
    size = 832                  # bytes it may cost
    symbols = ["sha1_*"]        # the symbols that do this job; * ? [] as in file names. Where none of them is in
                                # an image, or the list is empty or left out, the row's own name is looked for
    address = 0x9d09d2fc        # may be left out: where the author's build had it; for show only
    access = "GLOBAL"           # may be left out: "GLOBAL" or "LOCAL" there; for show only

    [[variable]]                # the same for a variable
    ...

    [[limit]]                   # what all that a pattern names may cost together
    object = "websocket_*.o"    # one of: symbol, object, section (patterns), unlisted (a pattern of objects: what
                                # no row names in those of the table), total ("ram", "flash", "code" or "rodata")
    max = 6000                  # bytes
    what = "ram"                # may be left out: count only "ram", "flash", "code" or "rodata", and with
                                # symbol also "function" or "variable"
    each = true                 # may be left out: every match for itself has this limit
    exclusive = true            # may be left out, with object: also count what nobody else calls or names
    except = "ws_buffer"        # may be left out: without this symbol (a pattern)
    with_symbol = "ws_server"   # may be left out: only in an image that has this symbol

    [[stack]]                   # in a run, see `pic32bench memory`: what may be used of a stack,
    name = "main"
    max = 2048                  # bytes

    [[buffer]]                  # of a variable,
    name = "ws_buffer"
    max = 1024                  # bytes

    [[heap]]                    # of a heap (one of max and failures may be left out),
    name = "lwip"
    max = 8192                  # bytes
    failures = 0                # requests that it could not serve

    [[heap]]                    # of an allocator of your own, by the names of its functions,
    name = "frames"
    allocate = ["frame_new"]    # each gives a block's address, or 0
    free = ["frame_done"]       # may be left out
    size = 0                    # may be left out: which argument of allocate says how many bytes, from 0 to 3
    pointer = 0                 # may be left out: which argument of free is the block
    max = 4096                  # may be left out here, too

    [[pool]]                    # of a pool
    name = "PBUF_POOL"
    max = 12                    # elements

    [[call]]                    # for `pic32bench stack`: where the calls through pointers go that are at
    name = "tcp_input"          # FILE:LINE, in a function, or at an address "0x9d001234"
    to = ["http_recv"]          # functions, or "none"

    [[recursion]]               # for `pic32bench stack`: how often at most
    name = "fputc"              # a function
    max = 2                     # is on the stack at one time

    [[interrupt]]               # for `pic32bench stack`: the level of
    name = "uart_handler"       # a handler that lets others in
    level = 3                   # 1 to 7
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from pic32bench.errors import UsageError
from pic32bench.paths import project_root

DEFAULT_BUDGET = Path("firmware/footprint.toml")
MOST_LEVEL = 7  # of an interrupt (DS60001320 section 7)


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


class Memory(StrEnum):
    """What bytes can be counted as.

    ``ram``: all that lies in RAM, code that runs there included. ``flash``: all that the image takes of the flash:
    code, read-only data, and the initial values of variables. ``code`` and ``rodata`` (read-only data: constants and
    string literals): the two by themselves, wherever they lie.
    """

    RAM = "ram"
    FLASH = "flash"
    CODE = "code"
    RODATA = "rodata"


class Scope(StrEnum):
    """What a limit is a limit of."""

    SYMBOL = "symbol"
    OBJECT = "object"
    SECTION = "section"
    TOTAL = "total"
    UNLISTED = "unlisted"


@dataclass(frozen=True)
class Row:
    """One row of the table: ``size`` in bytes, ``address`` of the author's build, ``patterns`` of symbol names.

    Where no pattern has a match in an image, ``name`` is looked for: so one table serves firmware that does the
    author's jobs under other names, and the author's own.
    """

    what: What
    name: str
    address: int | None
    size: int
    access: Access | None
    patterns: tuple[str, ...]
    line: int


@dataclass(frozen=True)
class Limit:
    """At most ``max`` bytes for what ``pattern`` names, together or ``each``.

    With ``what`` only bytes of that kind count, with ``but`` only those that are not of such a symbol; with
    ``with_symbol`` it is a limit of images that have such a symbol. ``exclusive``: for the object files and all that
    nobody else uses.
    """

    scope: Scope
    pattern: str
    max: int
    what: Memory | What | None
    each: bool
    but: str | None
    with_symbol: str | None
    line: int
    exclusive: bool = False

    @property
    def name(self) -> str:
        """How it is called in reports, such as ``ram of object websocket_*.o``."""
        kind = f"{self.what} of " if self.what else ""
        besides = " and what only it uses" if self.exclusive else ""
        return f"{kind}{self.scope} {self.pattern}{besides}" + (f" except {self.but}" if self.but else "")


@dataclass(frozen=True)
class StackLimit:
    """At most ``max`` bytes of a stack in a run."""

    name: str
    max: int
    line: int


@dataclass(frozen=True)
class BufferLimit:
    """At most ``max`` bytes of a variable in a run."""

    name: str
    max: int
    line: int


@dataclass(frozen=True)
class HeapLimit:
    """At most ``max`` bytes of a heap and ``failures`` failed requests in a run; None: any number.

    ``allocate`` and ``free`` name the functions of a heap that the bench does not know by itself; ``size`` and
    ``pointer`` are the arguments, from 0, that say how many bytes to allocate and what to free.
    """

    name: str
    max: int | None
    failures: int | None
    line: int
    allocate: tuple[str, ...] = ()
    free: tuple[str, ...] = ()
    size: int = 0
    pointer: int = 0


@dataclass(frozen=True)
class PoolLimit:
    """At most ``max`` elements of a pool in a run."""

    name: str
    max: int
    line: int


@dataclass(frozen=True)
class CallTargets:
    """Where the calls through pointers at a place, ``name``, go ``to``."""

    name: str
    to: tuple[str, ...]
    line: int


@dataclass(frozen=True)
class RecursionLimit:
    """A function is at most ``max`` times on the stack at one time."""

    name: str
    max: int
    line: int


@dataclass(frozen=True)
class InterruptLevel:
    """The ``level`` that a handler is given."""

    name: str
    level: int
    line: int


@dataclass(frozen=True)
class Budget:
    """A footprint table: ``rows`` in the order of its file, functions before variables; limits likewise."""

    path: Path
    title: str = ""
    rows: tuple[Row, ...] = ()
    limits: tuple[Limit, ...] = ()
    stacks: tuple[StackLimit, ...] = ()
    buffers: tuple[BufferLimit, ...] = ()
    heaps: tuple[HeapLimit, ...] = ()
    pools: tuple[PoolLimit, ...] = ()
    calls: tuple[CallTargets, ...] = ()
    recursions: tuple[RecursionLimit, ...] = ()
    interrupts: tuple[InterruptLevel, ...] = ()


_TEXT = (str, "text")
_NUMBER = (int, "a whole number")
_Keys = dict[str, tuple[type, str]]
_ROW: _Keys = {
    "name": _TEXT,
    "address": _NUMBER,
    "size": _NUMBER,
    "access": (str, '"GLOBAL" or "LOCAL"'),
    "symbols": (list, "a list of symbol names"),
}
_LIMIT: _Keys = {
    **dict.fromkeys(Scope, _TEXT),
    "max": _NUMBER,
    "what": _TEXT,
    "each": (bool, "true or false"),
    "exclusive": (bool, "true or false"),
    "except": _TEXT,
    "with_symbol": _TEXT,
}
_NAMED: _Keys = {"name": _TEXT, "max": _NUMBER}
_FUNCTIONS = (list, "a list of function names")
_HEAP: _Keys = {
    **_NAMED,
    "failures": _NUMBER,
    "allocate": _FUNCTIONS,
    "free": _FUNCTIONS,
    "size": _NUMBER,
    "pointer": _NUMBER,
}
_ARGUMENTS = 4  # that registers hold: System V ABI, MIPS supplement
_TABLES: dict[str, _Keys] = {
    **dict.fromkeys(What, _ROW),
    "limit": _LIMIT,
    "stack": _NAMED,
    "buffer": _NAMED,
    "heap": _HEAP,
    "pool": _NAMED,
    "call": {"name": _TEXT, "to": (list, "a list of functions")},
    "recursion": _NAMED,
    "interrupt": {"name": _TEXT, "level": _NUMBER},
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


@dataclass(frozen=True)
class _Entry:
    """One [[table]] of the file whose keys are known and of the right type."""

    table: str
    values: dict[str, Any]
    line: int

    @property
    def name(self) -> str:
        return str(self.values["name"])

    def __str__(self) -> str:
        name = self.values.get("name")
        return f"{self.table} {name}" if isinstance(name, str) else f"[[{self.table}]]"


class _Reader:
    """Checks a table and knows the lines of its file."""

    def __init__(self, file: Path, text: str) -> None:
        self.file = file
        self.lines = text.splitlines()

    def budget(self, document: dict[str, Any]) -> Budget:
        for key in document:
            if key != "title" and key not in _TABLES:
                expected = ", ".join(("title", *_TABLES))
                raise self._error(self._line_of_key(key, 1), f"unknown key '{key}': expected {expected}")
        title = document.get("title", "")
        if not isinstance(title, str):
            raise self._error(self._line_of_key("title", 1), f"title: expected text, found {title!r}")
        if not any(document.get(table) for table in _TABLES):
            # An empty or misspelt table would let everything pass.
            for table in _TABLES:
                list(self._entries(table, document))
            raise self._error(1, "no row and no limit: expected [[function]], [[variable]] or [[limit]]")
        return Budget(
            self.file,
            title,
            tuple(self._row(what, entry) for what in What for entry in self._named(what, document)),
            tuple(self._limit(entry) for entry in self._entries("limit", document)),
            tuple(StackLimit(*self._name_and_max(entry)) for entry in self._named("stack", document)),
            tuple(BufferLimit(*self._name_and_max(entry)) for entry in self._named("buffer", document)),
            tuple(self._heap(entry) for entry in self._named("heap", document)),
            tuple(PoolLimit(*self._name_and_max(entry)) for entry in self._named("pool", document)),
            tuple(self._call(entry) for entry in self._named("call", document)),
            tuple(RecursionLimit(*self._name_and_max(entry)) for entry in self._named("recursion", document)),
            tuple(self._interrupt(entry) for entry in self._named("interrupt", document)),
        )

    def _entries(self, table: str, document: dict[str, Any]) -> Iterator[_Entry]:
        entries = document.get(table, [])
        if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
            raise self._error(self._line_of_header(table, 0), f"{table}: expected tables written [[{table}]]")
        for index, values in enumerate(entries):
            entry = _Entry(table, values, self._line_of_header(table, index))
            self._check_keys(entry)
            yield entry

    def _named(self, table: str, document: dict[str, Any]) -> Iterator[_Entry]:
        """The entries of a table whose names must differ."""
        seen: dict[str, int] = {}
        for entry in self._entries(table, document):
            self._require(entry, "name")
            if entry.name in seen:
                raise self._error(entry.line, f"{entry}: already in line {seen[entry.name]}")
            seen[entry.name] = entry.line
            yield entry

    def _check_keys(self, entry: _Entry) -> None:
        keys = _TABLES[entry.table]
        for key, value in entry.values.items():
            if key not in keys:
                raise self._wrong(entry, key, f"{entry}: unknown key '{key}': expected {', '.join(keys)}")
            kind, expected = keys[key]
            if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
                raise self._wrong(entry, key, f"{entry}: key '{key}': expected {expected}, found {value!r}")
            if isinstance(value, int) and (value < 0 or (key == "address" and value > 0xFFFFFFFF)):
                raise self._wrong(entry, key, f"{entry}: key '{key}': {value} is out of range")
            if kind is str and not value:
                raise self._wrong(entry, key, f"{entry}: key '{key}': expected {expected}, found nothing")

    def _require(self, entry: _Entry, *keys: str) -> None:
        for key in keys:
            if key not in entry.values:
                raise self._error(entry.line, f"{entry}: key '{key}' is missing")

    def _row(self, what: What, entry: _Entry) -> Row:
        self._require(entry, "size")
        values = entry.values
        access = values.get("access")
        if access is not None and access not in list(Access):
            expected = _one_of(Access)
            raise self._wrong(entry, "access", f"{entry}: key 'access': expected {expected}, found \"{access}\"")
        patterns = self._names(entry, "symbols", [entry.name])
        return Row(
            what,
            entry.name,
            values.get("address"),
            values["size"],
            Access(access) if access else None,
            patterns,
            entry.line,
        )

    def _limit(self, entry: _Entry) -> Limit:
        values = entry.values
        scopes = [scope for scope in Scope if scope in values]
        if len(scopes) != 1:
            found = " and ".join(scopes) if scopes else "none"
            raise self._error(entry.line, f"{entry}: expected one of {', '.join(Scope)}, found {found}")
        self._require(entry, "max")
        scope = scopes[0]
        pattern = values[scope]
        if scope is Scope.TOTAL and pattern not in list(Memory):
            raise self._wrong(entry, scope, f"{entry}: key 'total': expected {_one_of(Memory)}, found \"{pattern}\"")
        for key in ("what", "each"):
            if scope is Scope.TOTAL and key in values:
                raise self._wrong(entry, key, f"{entry}: key '{key}' does not go with total, which says it all")
        if "exclusive" in values and scope is not Scope.OBJECT:
            raise self._wrong(entry, "exclusive", f"{entry}: key 'exclusive' goes with object, not with {scope}")
        if values.get("exclusive") and values.get("each"):
            raise self._wrong(entry, "exclusive", f"{entry}: key 'exclusive' does not go with each")
        return Limit(
            scope,
            pattern,
            values["max"],
            self._counted(entry, scope),
            values.get("each", False),
            values.get("except"),
            values.get("with_symbol"),
            entry.line,
            values.get("exclusive", False),
        )

    def _counted(self, entry: _Entry, scope: Scope) -> Memory | What | None:
        what = entry.values.get("what")
        if what is None or what in list(Memory):
            return Memory(what) if what else None
        if scope is Scope.SYMBOL and what in list(What):
            return What(what)
        expected = _one_of([*Memory, *What] if scope is Scope.SYMBOL else Memory)
        raise self._wrong(entry, "what", f"{entry}: key 'what': expected {expected}, found \"{what}\"")

    def _name_and_max(self, entry: _Entry) -> tuple[str, int, int]:
        self._require(entry, "max")
        return entry.name, entry.values["max"], entry.line

    def _call(self, entry: _Entry) -> CallTargets:
        self._require(entry, "to")
        return CallTargets(entry.name, self._names(entry, "to", ()), entry.line)

    def _interrupt(self, entry: _Entry) -> InterruptLevel:
        self._require(entry, "level")
        level = entry.values["level"]
        if not 1 <= level <= MOST_LEVEL:
            raise self._wrong(entry, "level", f"{entry}: key 'level': expected 1 to {MOST_LEVEL}, found {level}")
        return InterruptLevel(entry.name, level, entry.line)

    def _heap(self, entry: _Entry) -> HeapLimit:
        values = entry.values
        most, failures = values.get("max"), values.get("failures")
        allocate, free = self._names(entry, "allocate", ()), self._names(entry, "free", ())
        if most is None and failures is None and not allocate:
            raise self._error(entry.line, f"{entry}: expected max or failures, found neither")
        for key in ("free", "size", "pointer"):
            if key in values and not allocate:
                raise self._wrong(entry, key, f"{entry}: key '{key}' goes with allocate, which is missing")
        for key in ("size", "pointer"):
            if values.get(key, 0) >= _ARGUMENTS:
                expected = f"the number of an argument from 0 to {_ARGUMENTS - 1}"
                raise self._wrong(entry, key, f"{entry}: key '{key}': expected {expected}, found {values[key]}")
        return HeapLimit(
            entry.name, most, failures, entry.line, allocate, free, values.get("size", 0), values.get("pointer", 0)
        )

    def _names(self, entry: _Entry, key: str, default: Iterable[str]) -> tuple[str, ...]:
        """A list of names."""
        names = entry.values.get(key, default)
        for name in names:
            if not isinstance(name, str) or not name:
                expected = _TABLES[entry.table][key][1].removeprefix("a list of ")
                raise self._wrong(entry, key, f"{entry}: key '{key}': expected {expected}, found {name!r}")
        return tuple(names)

    def _error(self, line: int, problem: str) -> BudgetError:
        return BudgetError(f"{self.file}, line {line}: {problem}")

    def _wrong(self, entry: _Entry, key: str, problem: str) -> BudgetError:
        return self._error(self._line_of_key(key, entry.line), problem)

    def _line_of_header(self, table: str, index: int) -> int:
        """The line of the index-th [[table]]; 1 when the file writes its tables in another way."""
        found = [n for n, text in enumerate(self.lines, 1) if re.match(rf"\s*\[+\s*{table}\s*\]+", text)]
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


def _one_of(values: Iterable[StrEnum]) -> str:
    """The values as a sentence lists them."""
    *rest, last = [f'"{value}"' for value in values]
    return f"{', '.join(rest)} or {last}"
