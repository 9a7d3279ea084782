# SPDX-License-Identifier: MIT
"""What GCC 10 and later writes with -fcallgraph-info=su: a second opinion on frames and calls, file by file."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from pic32bench.callgraph.graph import CallGraph
from pic32bench.errors import UsageError

_NODE = re.compile(r'node: \{ title: "([^"]*)" label: "([^"]*)"')
_EDGE = re.compile(r'edge: \{ sourcename: "([^"]*)" targetname: "([^"]*)"')
_FRAME = re.compile(r"(\d+) bytes \((static|dynamic|dynamic,bounded)\)")
_INDIRECT = "__indirect_call"


@dataclass
class Compiled:
    """A function as the compiler had it: ``frame`` in bytes, and whether it may be more (``dynamic``)."""

    name: str
    frame: int
    dynamic: bool
    calls: set[str] = field(default_factory=set)
    indirect: int = 0


def read(folder: str | Path) -> list[Compiled]:
    """The functions of all .ci files under a folder. Raises UsageError when there is none."""
    files = sorted(Path(folder).rglob("*.ci"))
    if not files:
        raise UsageError(f"{folder}: no .ci file: compile with -fcallgraph-info=su (GCC 10 and later)")
    return [function for file in files for function in _read(file)]


def _read(file: Path) -> Iterator[Compiled]:
    try:
        text = file.read_text(errors="replace")
    except OSError as error:
        raise UsageError(f"cannot read {file}: {error.strerror}") from error
    found: dict[str, Compiled] = {}
    for title, label in _NODE.findall(text):
        if frame := _FRAME.search(label):
            found[title] = Compiled(_plain(title), int(frame[1]), frame[2] == "dynamic")
    for source, target in _EDGE.findall(text):
        if source in found and target == _INDIRECT:
            found[source].indirect += 1
        elif source in found:
            found[source].calls.add(_plain(target))
    yield from found.values()


def _plain(title: str) -> str:
    """A function's name without the file that is before a static one's."""
    return title.rsplit(":", 1)[-1]


def differences(graph: CallGraph, compiled: list[Compiled]) -> Iterator[str]:
    """Where the code says otherwise than the compiler, a line each.

    Left out: functions that the linker dropped, several of one name, and calls that assembly code or a pointer makes.
    """
    by_name: dict[str, list[Compiled]] = {}
    for function in compiled:
        by_name.setdefault(function.name, []).append(function)
    for key, flow in sorted(graph.flows.items()):
        known = by_name.get(graph.name(key), [])
        if len(known) != 1:
            continue
        one = known[0]
        if flow.deepest != one.frame and not one.dynamic:
            yield f"{one.name}: a frame of {flow.deepest} bytes in the code, {one.frame} says the compiler"
        if bool(flow.dynamic) != one.dynamic:
            yield f"{one.name}: its frame is {'' if flow.dynamic else 'not '}dynamic in the code"
        called = {name for edge in graph.edges[key] for name in graph.function(edge.target).names}
        if missing := one.calls - called - {one.name}:
            yield f"{one.name}: no call of {', '.join(sorted(missing))} in the code"
