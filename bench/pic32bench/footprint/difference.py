# SPDX-License-Identifier: MIT
"""What has changed between two images: symbols, sections and object files that grew, shrank, came and went."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path

from pic32bench.footprint.budget import Memory, What
from pic32bench.footprint.layout import Layout, Piece, read_layout
from pic32bench.footprint.names import file_name, file_stem, readable, section_group, without_clone
from pic32bench.footprint.sections import Nature

_ALIGNMENT = 16  # bytes: what a MAP may add to a symbol in a section of its own
_NO_FILE = "(no object file)"
_NUMBERED = re.compile(r"\.\d+$")  # a static variable inside a function


class Course(StrEnum):
    """What became of a thing."""

    NEW = "new"
    GONE = "gone"
    GROWN = "grown"
    SHRUNK = "shrunk"
    SAME = "same"


@dataclass(frozen=True)
class Change:
    """A symbol, section or object file: its bytes in the old and in the new image; None where it is not.

    ``address`` is that of a symbol in the new image.
    """

    name: str
    old: int | None
    new: int | None
    section: str = ""
    file: str = ""
    address: int | None = None

    @property
    def difference(self) -> int:
        """Bytes more, or, negative, less."""
        return (self.new or 0) - (self.old or 0)

    @property
    def course(self) -> Course:
        """What became of it."""
        if self.old is None:
            return Course.NEW
        if self.new is None:
            return Course.GONE
        return Course.GROWN if self.difference > 0 else Course.SHRUNK if self.difference < 0 else Course.SAME


@dataclass(frozen=True)
class Difference:
    """Two images: whole sums for each memory, and what changed, the biggest changes first."""

    old: Layout
    new: Layout
    totals: dict[Memory, Change]
    sections: tuple[Change, ...]
    files: tuple[Change, ...]
    symbols: tuple[Change, ...]

    @property
    def notes(self) -> tuple[str, ...]:
        """What deserves a second look."""
        if _know_the_same(self.old, self.new):
            return ()
        return (
            "one with a MAP and one without: a MAP counts alignment with symbols and does not name all, so what "
            f"differs by less than {_ALIGNMENT} bytes is left out, and what one does not name is compared as a whole",
        )

    def growth_beyond(self, most: int) -> str:
        """One line that names what grew by more than ``most`` bytes, RAM or flash; empty if neither did."""
        grown = [
            f"{memory} +{self.totals[memory].difference:,} bytes"
            for memory in (Memory.RAM, Memory.FLASH)
            if self.totals[memory].difference > most
        ]
        return f"{self.new.path}: grown by more than {most:,} bytes: {', '.join(grown)}" if grown else ""


def _know_the_same(old: Layout, new: Layout) -> bool:
    """Whether both images are an ELF, or a MAP, or an ELF with its MAP."""
    return (old.from_elf, old.from_map) == (new.from_elf, new.from_map)


def compare(old: str | Path, new: str | Path) -> Difference:
    """Compare two images, each an ELF or a MAP.

    Parts and copies of a function (``name.part.0``) and static variables with other numbers than before
    (``name.1234``) are found again; so is what moved to another file and kept its name.

    Raises:
        ImageError: one of them cannot be read.
    """
    return difference(read_layout(old), read_layout(new))


def difference(old: Layout, new: Layout) -> Difference:
    """Compare two images that have been read."""
    totals = {memory: Change(memory, old.total(memory), new.total(memory)) for memory in Memory}
    matcher = _Matcher(old, new)
    return Difference(
        old,
        new,
        totals,
        _sums(old, new, lambda piece: section_group(piece.section.name), lambda name: name),
        _sums(old, new, lambda piece: matcher.file_key(piece.file), matcher.file_names.__getitem__),
        matcher.changes(),
    )


def _sums(old: Layout, new: Layout, key: Callable[[Piece], str], name: Callable[[str], str]) -> tuple[Change, ...]:
    """What changed when bytes are summed by a key."""
    sizes: list[dict[str, int]] = []
    for layout in (old, new):
        sizes.append({})
        for piece in layout.pieces:
            sizes[-1][key(piece)] = sizes[-1].get(key(piece), 0) + piece.size
    before, after = sizes
    return _sorted(Change(name(each), before.get(each), after.get(each)) for each in before | after)


def _sorted(changes: Iterable[Change]) -> tuple[Change, ...]:
    """What is not the same, the biggest changes first."""
    different = (change for change in changes if change.course is not Course.SAME)
    return tuple(sorted(different, key=lambda change: (-abs(change.difference), change.name, change.file)))


@dataclass(frozen=True)
class _Entry:
    """A symbol, or all that has no name in one kind of section of one file."""

    name: str
    size: int
    piece: Piece
    file: str
    section: str


_Key = tuple[str, ...] | None
_Sides = tuple[list[_Entry], list[_Entry]]


class _Matcher:
    """Finds what is the same thing in both images."""

    def __init__(self, old: Layout, new: Layout) -> None:
        self._layouts = (old, new)
        files = [{piece.file for piece in layout.pieces} for layout in self._layouts]
        self._in_both = files[0] & files[1]
        self.file_names = {self.file_key(file): file_name(file) or _NO_FILE for side in files for file in side}

    def file_key(self, file: str) -> str:
        """The same for the same file: its path, or, when that is in one image only, its name without its kind."""
        return file if file in self._in_both else file_stem(file)

    def changes(self) -> tuple[Change, ...]:
        """What is not the same, the biggest changes first."""
        left: _Sides = (self._entries(0), self._entries(1))
        several = self._several(left)
        pairs = [
            *_pair(left, lambda entry, side: self._by_name(entry, several)),
            *_pair(left, self._by_holder),
            *_pair(left, lambda entry, side: self._by_source_name(entry)),
            *_pair(left, lambda entry, side: (entry.name,) if entry.piece.name else None, alone=True),
        ]
        if _know_the_same(*self._layouts):
            pairs += [*((entry, None) for entry in left[0]), *((None, entry) for entry in left[1])]
            return _sorted(self._change(old, new) for old, new in pairs)
        # Without a MAP, what has no name often has no file either.
        lost = {entry.section for entries in left for entry in entries if not entry.piece.name and not entry.file}
        pairs += _pair(
            left, lambda entry, side: (entry.section,) if not entry.piece.name and entry.section in lost else None
        )
        pairs += [*((entry, None) for entry in left[0]), *((None, entry) for entry in left[1])]
        return _sorted(self._coarsely(pairs))

    def _entries(self, side: int) -> list[_Entry]:
        entries: dict[tuple[str, str, str, int], _Entry] = {}
        for piece in self._layouts[side].pieces:
            if piece.padding:
                continue
            file, section = self.file_key(piece.file), section_group(piece.where)
            name = readable(piece.name) if piece.name else "(string literals)" if piece.literals else "(no name)"
            key = (file, section, name, piece.address if piece.name else 0)
            size = piece.size + (entries[key].size if key in entries else 0)
            entries[key] = _Entry(name, size, piece, file, section)
        return list(entries.values())

    @staticmethod
    def _several(left: _Sides) -> set[tuple[str, str]]:
        """Static variables that share their source name with another of the same file: their numbers say nothing."""
        found: set[tuple[str, str]] = set()
        for entries in left:
            seen: set[tuple[str, str]] = set()
            for entry in entries:
                if _NUMBERED.search(entry.name) and entry.piece.what is What.VARIABLE:
                    key = (entry.file, without_clone(entry.name))
                    (found if key in seen else seen).add(key)
        return found

    @staticmethod
    def _by_name(entry: _Entry, several: set[tuple[str, str]]) -> _Key:
        if not entry.piece.name:
            return entry.file, entry.section, entry.name
        if (entry.file, without_clone(entry.name)) in several:
            return None
        return entry.file, str(entry.piece.what), entry.name

    def _by_holder(self, entry: _Entry, side: int) -> _Key:
        if not _NUMBERED.search(entry.name):
            return None
        holder = self._layouts[side].holder(entry.piece)
        return (entry.file, without_clone(entry.name), holder) if holder else None

    @staticmethod
    def _by_source_name(entry: _Entry) -> _Key:
        return (entry.file, str(entry.piece.what), without_clone(entry.name)) if entry.piece.name else None

    def _change(self, old: _Entry | None, new: _Entry | None) -> Change:
        entry = new or old
        assert entry is not None
        holder = self._layouts[1 if new else 0].holder(entry.piece) if _NUMBERED.search(entry.name) else ""
        return Change(
            f"{entry.name} in {holder}" if holder else entry.name,
            old.size if old else None,
            new.size if new else None,
            entry.section,
            self.file_names[entry.file],
            new.piece.address if new else None,
        )

    def _coarsely(self, pairs: list[tuple[_Entry | None, _Entry | None]]) -> Iterator[Change]:
        """The changes between an ELF and a MAP.

        Where one of them has something that the other lacks, the MAP may count it with something else: then all of
        that kind in that file is one change.
        """
        groups: dict[tuple[str, Nature], list[tuple[_Entry | None, _Entry | None]]] = {}
        for old, new in pairs:
            entry = new or old
            assert entry is not None
            groups.setdefault((entry.file, entry.piece.nature), []).append((old, new))
        for (file, nature), group in groups.items():
            if all(old and new for old, new in group):
                for old, new in group:
                    change = self._change(old, new)
                    if abs(change.difference) >= _ALIGNMENT:
                        yield change
                continue
            before = sum(old.size for old, _ in group if old)
            after = sum(new.size for _, new in group if new)
            if abs(after - before) >= _ALIGNMENT:
                yield Change(f"(all {nature})", before or None, after or None, "", self.file_names[file])


def _pair(
    left: _Sides, key: Callable[[_Entry, int], _Key], alone: bool = False
) -> list[tuple[_Entry | None, _Entry | None]]:
    """Takes out of ``left`` what has the same key in both images; with ``alone`` only if it is the only one there."""
    grouped: tuple[dict[_Key, list[_Entry]], dict[_Key, list[_Entry]]] = ({}, {})
    for side, groups in enumerate(grouped):
        for entry in left[side]:
            groups.setdefault(key(entry, side), []).append(entry)
    pairs: list[tuple[_Entry | None, _Entry | None]] = []
    for known in grouped[0].keys() & grouped[1].keys():
        olds, news = grouped[0][known], grouped[1][known]
        if known is None or (alone and (len(olds) > 1 or len(news) > 1)):
            continue
        pairs += zip(olds, news, strict=True) if len(olds) == len(news) else [(_as_one(olds), _as_one(news))]
        for entries, taken in zip(left, (olds, news), strict=True):
            mine = set(map(id, taken))
            entries[:] = [entry for entry in entries if id(entry) not in mine]
    return pairs


def _as_one(entries: list[_Entry]) -> _Entry:
    """Parts and copies under the name that they share in the source."""
    if len(entries) == 1:
        return entries[0]
    return replace(entries[0], name=without_clone(entries[0].name), size=sum(entry.size for entry in entries))
