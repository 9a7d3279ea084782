# SPDX-License-Identifier: GPL-2.0-or-later
"""Applies unified diffs to upstream files, or says exactly what no longer fits.

`patch` guesses: it moves zero-context hunks to wherever the line number points now, and reports success.
Here a hunk goes where its old lines (removed and context) stand: at the line it names, else at the one other
place in the file that has them. A hunk without any old line fits only when the diff's `index` line names the
very content of the file.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass, field


class PatchError(Exception):
    """A diff that does not fit; the message is one line naming the diff, the upstream file and the place."""


@dataclass
class Hunk:
    """One `@@` section: the `old` lines from line `start` on (none: the line before) become `new`."""

    start: int
    old: list[str] = field(default_factory=list)
    new: list[str] = field(default_factory=list)


@dataclass
class FileDiff:
    """The changes to one file; `blob` abbreviates the git object they were made for, or is empty."""

    path: str
    blob: str
    hunks: list[Hunk] = field(default_factory=list)


def parse(name: str, text: str) -> list[FileDiff]:
    """Reads the unified diff `text`; `name` is what errors call it. Raises PatchError if it is none."""
    diffs: list[FileDiff] = []
    blob = ""
    lines = text.splitlines()
    at = 0
    while at < len(lines):
        line = lines[at]
        at += 1
        if match := re.match(r"index ([0-9a-f]{7,40})\.\.", line):
            blob = match[1]
        elif line.startswith("--- "):
            if at == len(lines) or not lines[at].startswith("+++ "):
                raise PatchError(f"{name}:{at}: a '---' line without its '+++' line")
            target = re.sub(r"^[ab]/", "", lines[at][4:].split("\t")[0].strip())
            source = re.sub(r"^[ab]/", "", line[4:].split("\t")[0].strip())
            if source != target:
                raise PatchError(f"{name}:{at}: {source} becomes {target}, but only changes to a file are possible")
            diffs.append(FileDiff(target, blob))
            blob = ""
            at += 1
        elif line.startswith("@@"):
            match = re.match(r"@@ -(\d+)(?:,(\d+))? \+\d+(?:,(\d+))? @@", line)
            if match is None or not diffs:
                raise PatchError(f"{name}:{at}: no hunk header: {line}")
            hunk, at = _hunk(name, lines, at, int(match[1]), int(match[2] or 1), int(match[3] or 1))
            diffs[-1].hunks.append(hunk)
    if not any(diff.hunks for diff in diffs):
        raise PatchError(f"{name}: no hunk in it: write it with `diff -u` or `git diff`")
    return diffs


def _hunk(name: str, lines: list[str], at: int, start: int, olds: int, news: int) -> tuple[Hunk, int]:
    hunk = Hunk(start)
    while len(hunk.old) < olds or len(hunk.new) < news:
        mark, rest = (lines[at][:1] or " ", lines[at][1:]) if at < len(lines) else ("", "")
        if mark not in ("-", "+", " "):  # an empty line is an empty context line whose space an editor removed
            raise PatchError(f"{name}:{at + 1}: the hunk ends early: {olds} old and {news} new lines were announced")
        if mark != "+":
            hunk.old.append(rest)
        if mark != "-":
            hunk.new.append(rest)
        at += 1
    if (len(hunk.old), len(hunk.new)) != (olds, news):
        raise PatchError(f"{name}:{at}: the hunk has other numbers of lines than its header announces")
    return hunk, at


def apply(name: str, text: str, read: Callable[[str], str]) -> dict[str, str]:
    """Applies the diff `text` to what `read(path)` gives; returns the new texts by path. Raises PatchError."""
    changed: dict[str, str] = {}
    for diff in parse(name, text):
        try:
            before = changed.get(diff.path) or read(diff.path)
        except FileNotFoundError:
            raise PatchError(f"{name}: {diff.path} does not exist in this QEMU") from None
        changed[diff.path] = _apply_to_file(name, diff, before)
    return changed


def _apply_to_file(name: str, diff: FileDiff, before: str) -> str:
    data = before.encode()
    exact = bool(diff.blob) and hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest().startswith(diff.blob)
    lines = before.splitlines()
    result: list[str] = []
    done = 0
    for hunk in diff.hunks:
        place = f"{name}: {diff.path} line {hunk.start}"
        if hunk.old:
            begin = _find(place, lines, hunk, done)
        elif exact:
            begin = hunk.start
        else:
            raise PatchError(f"{place}: the hunk names no line that stands there: repeat a neighbour as context")
        result += lines[done:begin] + hunk.new
        done = begin + len(hunk.old)
    return "\n".join(result + lines[done:]) + "\n"


def _find(place: str, lines: list[str], hunk: Hunk, done: int) -> int:
    """Index of the line where the hunk's old lines stand, not before index `done`."""
    size = len(hunk.old)
    stated = hunk.start - 1
    if stated >= done and lines[stated : stated + size] == hunk.old:
        return stated
    places = [at for at in range(done, len(lines) - size + 1) if lines[at : at + size] == hunk.old]
    if len(places) == 1:
        return places[0]
    found = lines[stated] if 0 <= stated < len(lines) else "the end of the file"
    reason = f"stands at {len(places)} other places" if places else "is nowhere in the file"
    raise PatchError(f"{place}: expected {hunk.old[0].strip()!r}, found {found.strip()!r}; the expected text {reason}")
