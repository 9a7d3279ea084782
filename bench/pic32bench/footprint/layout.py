# SPDX-License-Identifier: MIT
"""Every byte of an image once: the section it is in, the object file it is of, and the name it has, if any.

A MAP knows the object files, an ELF the names and sizes of what is local, so a MAP of the same build beside an ELF is
read with it. Without one, debug information tells the source file, and the symbol table that of local symbols.
"""

from __future__ import annotations

import bisect
import contextlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from pic32bench.errors import ImageError
from pic32bench.footprint.budget import Access, Memory, What
from pic32bench.footprint.linkmap import InputSection, LinkMap, holds_literals
from pic32bench.footprint.names import readable
from pic32bench.footprint.sections import Nature, Section, memory_sections, section_at
from pic32bench.footprint.symbols import Symbol, read_elf_or_map, symbols_of_elf, symbols_of_map
from pic32bench.footprint.units import Units

_LTO_OBJECT = re.compile(r"\.ltrans\d*(\.ltrans)?\.o$")
_TEMPORARY_OBJECT = re.compile(r"(^|[\\/])cc\w{6}\.o$")  # what GCC calls it when it compiles and links at once
_PADDING_BELOW = 64  # bytes: no alignment that a compiler asks for leaves a bigger hole


@dataclass(frozen=True)
class Piece:
    """Bytes that have one name, or none: ``name`` is empty then.

    ``section`` is the output section, ``part`` the input section in it, if known; ``file`` the object or source file,
    if known. ``merged_from`` is the size of ``part`` before the linker merged equal literals; what is left of those of
    several files it counts as the first one's.
    """

    address: int
    size: int
    section: Section
    nature: Nature
    part: str = ""
    file: str = ""
    name: str = ""
    what: What | None = None
    access: Access | None = None
    padding: bool = False
    merged_from: int | None = None

    @property
    def end(self) -> int:
        """The address behind its last byte."""
        return self.address + self.size

    @property
    def where(self) -> str:
        """The name of its input section, or else of its section."""
        return self.part or self.section.name

    @property
    def literals(self) -> bool:
        """Whether it is known to hold string literals and the like."""
        return not self.name and holds_literals(self.part)

    def counts_as(self, memory: Memory) -> bool:
        """Whether its bytes are of that kind."""
        return self.section.counts_as(memory, self.nature)


@dataclass(frozen=True)
class Layout:
    """An image: ``symbols`` and ``pieces`` by address. ``from_elf`` and ``from_map`` say what was read: one or both."""

    path: Path
    sections: tuple[Section, ...]
    symbols: tuple[Symbol, ...]
    pieces: tuple[Piece, ...]
    from_elf: bool
    from_map: bool
    units: Units | None = None

    def total(self, memory: Memory) -> int:
        """Bytes of a kind in the whole image."""
        return sum(piece.size for piece in self.pieces if piece.counts_as(memory))

    def piece_at(self, address: int) -> Piece | None:
        """The piece that holds an address."""
        index = bisect.bisect_right(self.pieces, address, key=lambda piece: piece.address) - 1
        return self.pieces[index] if index >= 0 and address < self.pieces[index].end else None

    def section_name(self, symbol: Symbol) -> str:
        """The output section that a symbol is in."""
        section = section_at(self.sections, symbol.address)
        return section.name if section else symbol.section

    def holder(self, piece: Piece) -> str:
        """The function that a static variable is inside of; empty if none, or if the image does not say."""
        if self.units is None or piece.what is not What.VARIABLE or piece.access is not Access.LOCAL:
            return ""
        return self.units.holder_of(piece.address, piece.file)


def read_layout(image: str | Path) -> Layout:
    """Read an ELF, with the MAP of the same build beside it if there is one, or a MAP.

    Raises:
        ImageError: no such file, neither ELF nor MAP, truncated, or without symbols.
    """
    path = Path(image)
    source = read_elf_or_map(path)
    if isinstance(source, LinkMap):
        symbols = symbols_of_map(source, path)
        pieces = _Builder(source.sections, symbols, source.pieces, {}, ()).build()
        return Layout(path, source.sections, symbols, pieces, False, True)
    symbols = symbols_of_elf(source, path)
    sections = memory_sections(list(source.sections))
    linkmap = _map_beside(path, sections, symbols)
    units = Units(path)
    inputs = linkmap.pieces if linkmap else ()
    symbols = tuple(replace(symbol, file=_file_of(symbol, inputs, units)) for symbol in symbols)
    lasting = _lasting_names(inputs, symbols)
    symbols = tuple(replace(symbol, file=lasting.get(symbol.file, symbol.file)) for symbol in symbols)
    inputs = tuple(replace(held, file=lasting.get(held.file, held.file)) for held in inputs)
    labels = tuple((address, units.named(file)) for address, file in source.labels)
    builder = _Builder(sections, symbols, inputs, source.contents, labels)
    return Layout(path, sections, symbols, builder.build(), True, linkmap is not None, units)


def _map_beside(path: Path, sections: tuple[Section, ...], symbols: tuple[Symbol, ...]) -> LinkMap | None:
    """The MAP of the same build: same sections, and what it names is where the ELF has it."""
    beside = path.with_suffix(".map")
    linkmap = None
    with contextlib.suppress(ImageError):
        linkmap = read_elf_or_map(beside)
    if not isinstance(linkmap, LinkMap):
        return None
    if {(s.name, s.address, s.size) for s in linkmap.sections} != {(s.name, s.address, s.size) for s in sections}:
        return None
    places: dict[str, set[int]] = {}
    for symbol in symbols:
        places.setdefault(readable(symbol.name), set()).add(symbol.address)  # as the linker writes C++ names
    named = [item for item in linkmap.items if item.listed and item.name in places]
    return linkmap if named and all(item.address in places[item.name] for item in named) else None


def _file_of(symbol: Symbol, inputs: Sequence[InputSection], units: Units) -> str:
    found = _input_at(inputs, symbol.address)
    if found is not None and not _LTO_OBJECT.search(found.file) and not _TEMPORARY_OBJECT.search(found.file):
        return found.file
    source = units.source_of(symbol.address, symbol.what is What.FUNCTION) or units.named(symbol.file, symbol.address)
    return source or (found.file if found else "")


def _lasting_names(inputs: Sequence[InputSection], symbols: Sequence[Symbol]) -> dict[str, str]:
    """The source files of temporary object files, by any symbol whose source file is known."""
    sources = {}
    for symbol in symbols:
        held = _input_at(inputs, symbol.address)
        if held is not None and _TEMPORARY_OBJECT.search(held.file) and symbol.file not in ("", held.file):
            sources[held.file] = symbol.file
    return sources


def _input_at(inputs: Sequence[InputSection], address: int) -> InputSection | None:
    index = bisect.bisect_right(inputs, address, key=lambda piece: piece.address) - 1
    return inputs[index] if index >= 0 and address < inputs[index].address + inputs[index].size else None


def cut_section(section: Section, symbols: Sequence[Symbol]) -> tuple[Piece, ...]:
    """The pieces of a section of which nothing but its symbols (by address) is known."""
    return _Builder((section,), tuple(symbols), (), {}, ()).build()


@dataclass(frozen=True)
class _Builder:
    """Cuts the sections into pieces."""

    sections: tuple[Section, ...]
    symbols: tuple[Symbol, ...]
    inputs: tuple[InputSection, ...]
    contents: dict[int, bytes]
    labels: tuple[tuple[int, str], ...]

    def build(self) -> tuple[Piece, ...]:
        return tuple(piece for section in self.sections for piece in self._in_section(section))

    def _in_section(self, section: Section) -> Iterator[Piece]:
        first = bisect.bisect_left(self.symbols, section.address, key=lambda symbol: symbol.address)
        last = bisect.bisect_left(self.symbols, section.end, key=lambda symbol: symbol.address)
        # Of names for the same bytes the longest comes first, and a global one before a local one.
        inside = sorted(
            (symbol for symbol in self.symbols[first:last] if symbol.size),
            key=lambda symbol: (symbol.address, -symbol.size, symbol.access, symbol.name),
        )
        place = section.address
        before: Symbol | None = None
        for symbol in inside:
            end = min(symbol.end, section.end)
            if end <= place:
                continue
            yield from self._unnamed(section, place, symbol.address, before, symbol)
            yield self._named(section, max(place, symbol.address), end, symbol)
            place = end
            before = symbol
        yield from self._unnamed(section, place, section.end, before, None)

    def _named(self, section: Section, start: int, end: int, symbol: Symbol) -> Piece:
        held = _input_at(self.inputs, start)
        if symbol.what is What.FUNCTION:
            nature = Nature.CODE
        else:
            nature = section.nature_of(held.section) if held else section.nature
            if nature is Nature.CODE:
                nature = Nature.DATA if section.in_ram else Nature.CONSTANTS
        return Piece(
            start,
            end - start,
            section,
            nature,
            held.section if held else "",
            symbol.file,
            symbol.name,
            symbol.what,
            symbol.access,
        )

    def _unnamed(
        self, section: Section, start: int, end: int, before: Symbol | None, after: Symbol | None
    ) -> Iterator[Piece]:
        """The bytes between two symbols: of one object file after the other where a MAP tells."""
        place = start
        while place < end:
            held = _input_at(self.inputs, place)
            if held is not None:
                stop = min(end, held.address + held.size)
                whole = place == held.address and stop == held.address + held.size
                padding = not whole and self._is_padding(section, place, stop)
                literals = held.before if whole and held.before != held.size else None
                nature = section.nature_of(held.section)
                yield Piece(
                    place, stop - place, section, nature, held.section, held.file, padding=padding, merged_from=literals
                )
            else:
                index = bisect.bisect_right(self.inputs, place, key=lambda piece: piece.address)
                stop = min(end, self.inputs[index].address) if index < len(self.inputs) else end
                padding = self._is_padding(section, place, stop)
                guess = not (padding or self.inputs or section.nature is Nature.CODE)
                file = self._guessed_file(place, stop, before, after) if guess else ""
                yield Piece(place, stop - place, section, section.nature, file=file, padding=padding)
            place = stop

    def _guessed_file(self, start: int, end: int, before: Symbol | None, after: Symbol | None) -> str:
        """Without a MAP: the file whose labels are there, or whose symbols are on both sides."""
        index = bisect.bisect_left(self.labels, start, key=lambda label: label[0])
        if index < len(self.labels) and self.labels[index][0] < end:
            return self.labels[index][1]
        if before is not None and after is not None and before.file == after.file:
            return before.file
        return ""

    def _is_padding(self, section: Section, start: int, end: int) -> bool:
        """Whether bytes are there only because what follows is aligned: few, up to a round address, all zero."""
        size = end - start
        if size >= _PADDING_BELOW or (end % (1 << size.bit_length()) and end != section.end):
            return False
        content = self.contents.get(section.address, b"")[start - section.address : end - section.address]
        return not any(content) or section.nature is Nature.CODE
