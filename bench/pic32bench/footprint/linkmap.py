# SPDX-License-Identifier: MIT
"""The MAP of GNU ld, and of XC32, which is a GNU ld with a memory report in front.

Names and sizes come from three places: sections of one function or object each (``.text.NAME`` and the like, made by
-ffunction-sections and -fdata-sections), the list of common symbols with their sizes, and global names within
a section that holds several, where a size is the distance to the next name (alignment counts to the one before it, and
so does what is local and has no name).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from pic32bench.errors import ImageError
from pic32bench.footprint.sections import Nature, RawSection, Section, memory_sections, section_at

MAP_SIGN = b"Linker script and memory map"

_XC32_SIGN = "Microchip PIC32 Memory-Usage Report"
_XC32_RESERVED = (".stack", ".heap")  # what is to be left free at least; its report counts them apart, too
_NO_MEMORY = (".debug", ".comment", ".mdebug", ".gnu.attributes", ".pdr", ".stab", ".note.GNU", "/DISCARD/")

_OUTPUT = re.compile(r"^([^\s(][^\s(]*)(?:\s+0x([0-9a-f]+)\s+0x([0-9a-f]+)(?:\s+load address 0x([0-9a-f]+))?)?$")
_OUTPUT_WRAPPED = re.compile(r"^\s{10,}0x([0-9a-f]+)\s+0x([0-9a-f]+)(?:\s+load address 0x([0-9a-f]+))?$")
_INPUT = re.compile(r"^ ([.\w$][^\s]*)(?:\s+0x([0-9a-f]+)\s+0x([0-9a-f]+)(?:\s+(\S.*))?)?$")
_INPUT_WRAPPED = re.compile(r"^\s{10,}0x([0-9a-f]+)\s+0x([0-9a-f]+)\s+(\S.*)$")
_BEFORE = re.compile(r"^\s{10,}0x([0-9a-f]+) \(size before relaxing\)$")
_NAME = re.compile(r"^\s{10,}0x([0-9a-f]+)\s{2,}(\S.*)$")
_NO_NAME = re.compile(r"^\.\s|^(PROVIDE|PROVIDE_HIDDEN|HIDDEN|ASSERT)\s*\(|\s[-+*/|&^]?=\s|^\[!provide\]|^0x")
_COMMON = re.compile(r"^(\S+)\s+0x([0-9a-f]+)\s+\S")
_OWN_SECTION = re.compile(
    r"^(?:\.text\.(?:unlikely|startup|hot|exit)|\.gnu\.linkonce\.[a-z]\d?|\.data\.rel(?:\.ro)?(?:\.local)?"
    r"|\.(?:text|data|bss|sdata|sbss|rodata|srodata|sdata2|noinit|persist|ramfunc))\.(?P<name>.+)$"
)
_LITERALS = re.compile(r"\.(?:str|cst)\d+(?:\.\d+)?$")
"""Input sections of string literals and other constants that the linker may merge: GCC names them so."""


@dataclass
class InputSection:
    """One input section: ``size`` bytes of ``file``, and the names the linker lists in it.

    ``before`` is its size before equal constants of all files were merged; the linker counts what is left of all as
    the first file's. None: nothing was merged.
    """

    section: str
    address: int
    size: int
    file: str
    before: int | None = None
    names: list[tuple[int, str]] = field(default_factory=list)

    @property
    def own_name(self) -> str:
        """The function or object that a section of its own is named after; empty if it is no such section."""
        match = _OWN_SECTION.match(self.section)
        if match is None or self.literals:
            return ""
        name = match["name"]
        # XC32: `.bss.readBuff.readBuff` for a variable with attributes.
        half = name[: len(name) // 2]
        return half if name == f"{half}.{half}" else name

    @property
    def literals(self) -> bool:
        """Whether it holds string literals or other constants without a name."""
        return holds_literals(self.section)


@dataclass(frozen=True)
class Item:
    """A name in the MAP; ``listed``: the linker lists it, so it is global; ``exact``: the size is its own."""

    name: str
    address: int
    size: int
    is_code: bool
    piece: InputSection
    listed: bool
    exact: bool


@dataclass(frozen=True)
class LinkMap:
    """A MAP: its output sections with an address, the input sections in them by address, and the names in those."""

    sections: tuple[Section, ...]
    pieces: tuple[InputSection, ...]
    items: tuple[Item, ...]


def read_map(text: str, name: str) -> LinkMap:
    """Read a MAP; ``name`` is for errors.

    Raises:
        ImageError: the MAP ends before any input section.
    """
    head, _, body = text.partition(MAP_SIGN.decode())
    reader = _Reader(xc32=_XC32_SIGN in head)
    reader.read(body)
    if not reader.pieces:
        raise ImageError(f"{name}: truncated MAP, nothing after '{MAP_SIGN.decode()}': link again")
    common = _commons(head)
    sections = memory_sections(reader.sections)
    pieces = sorted(
        (piece for piece in reader.pieces if section_at(sections, piece.address)), key=lambda piece: piece.address
    )
    items = tuple(item for piece in pieces for item in _items(piece, common, sections))
    return LinkMap(sections, tuple(pieces), items)


def holds_literals(section: str) -> bool:
    """Whether an input section holds string literals or other constants without a name."""
    return _LITERALS.search(section) is not None


def _commons(head: str) -> dict[str, int]:
    """Exact sizes from 'Allocating common symbols'."""
    found = {}
    pending = ""
    _, _, block = head.partition("Allocating common symbols")
    for line in block.splitlines()[1:]:
        if line.startswith(("Discarded", "Memory Configuration", "Microchip")):
            break
        match = _COMMON.match(f"{pending} {line.strip()}" if pending else line)
        pending = ""
        if match:
            found[match[1]] = int(match[2], 16)
        elif re.fullmatch(r"\S+", line):
            pending = line
    return found


class _Reader:
    """Goes through the lines: an output section stands at the margin, what is in it is indented."""

    def __init__(self, xc32: bool) -> None:
        self.sections: list[RawSection] = []
        self.pieces: list[InputSection] = []
        self._xc32 = xc32
        self._in_memory = False
        self._piece: InputSection | None = None
        self._wrapped = ""

    def read(self, body: str) -> None:
        for raw in body.splitlines():
            line = raw.rstrip()
            if line == "Cross Reference Table":
                break
            wrapped, self._wrapped = self._wrapped, ""
            if not line:
                self._piece = None
            elif not line.startswith(" "):
                self._output(line)
            elif wrapped and self._continued(wrapped, line):
                pass
            elif match := _INPUT.match(line):
                self._input(line, match)
            elif self._piece is not None:
                self._detail(self._piece, line)

    def _output(self, line: str) -> None:
        self._piece = None
        self._in_memory = False
        match = _OUTPUT.match(line)
        if match and match[2] is None:
            self._wrapped = line
        elif match:
            self._start(match[1], match[2], match[3], match[4])

    def _start(self, name: str, address: str, size: str, load: str | None) -> None:
        place = int(address, 16)
        left_out = name.startswith(_NO_MEMORY) or (self._xc32 and name in _XC32_RESERVED)
        self._in_memory = place != 0 and not left_out
        if self._in_memory and int(size, 16):
            load_address = int(load, 16) if load else place
            self.sections.append(RawSection(name, place, int(size, 16), None, None, None, load_address))

    def _continued(self, wrapped: str, line: str) -> bool:
        """The second half of a line whose first was only a long name; False if it is none."""
        if wrapped.startswith(" "):
            match = _INPUT_WRAPPED.match(line)
            if match:
                self._add(wrapped.strip(), match[1], match[2], match[3])
        else:
            match = _OUTPUT_WRAPPED.match(line)
            if match:
                self._start(wrapped, match[1], match[2], match[3])
        return match is not None

    def _input(self, line: str, match: re.Match[str]) -> None:
        self._piece = None
        if match[2] is None:
            self._wrapped = line
        elif match[4]:
            self._add(match[1], match[2], match[3], match[4])

    def _add(self, section: str, address: str, size: str, file: str) -> None:
        self._piece = None
        if self._in_memory and int(size, 16):
            self._piece = InputSection(section, int(address, 16), int(size, 16), file)
            self.pieces.append(self._piece)

    def _detail(self, piece: InputSection, line: str) -> None:
        if match := _BEFORE.match(line):
            piece.before = int(match[1], 16)
        elif (match := _NAME.match(line)) and not _NO_NAME.search(match[2]):
            piece.names.append((int(match[1], 16), match[2]))


def _items(piece: InputSection, common: dict[str, int], sections: tuple[Section, ...]) -> Iterator[Item]:
    section = section_at(sections, piece.address)
    is_code = section is not None and section.nature_of(piece.section) is Nature.CODE
    end = piece.address + piece.size
    # The address of microMIPS code is listed with its bit 0.
    listed = sorted((address & ~is_code, name) for address, name in piece.names if piece.address <= address < end)
    places = sorted({address for address, _ in listed} | {end})
    own = piece.own_name
    if own and not listed:
        yield Item(own, piece.address, piece.size, is_code, piece, False, True)
    for address, name in listed:
        if piece.section == "COMMON" and name in common:
            yield Item(name, address, common[name], is_code, piece, True, True)
        else:
            following = places[places.index(address) + 1]
            exact = bool(own) and len(places) == 2
            yield Item(name, address, following - address, is_code, piece, True, exact)
