# SPDX-License-Identifier: MIT
"""The MAP of GNU ld, and of XC32, which is a GNU ld with a memory report in front.

Names and sizes come from three places: sections of one function or object each (``.text.NAME`` and the like, made by
-ffunction-sections and -fdata-sections), the list of common symbols with their sizes, and global names within
a section that holds several, where a size is the distance to the next name (alignment counts to the one before it).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from pic32bench.errors import ImageError

MAP_SIGN = b"Linker script and memory map"

_CODE = (".text", ".vector", ".init", ".fini")
_DATA = (".data", ".bss", ".sdata", ".sbss", ".rodata", ".lit", "COMMON")
_SECTION = re.compile(r"^ (\*fill\*|[.\w$][^\s]*)(?:\s+0x([0-9a-f]+)\s+0x([0-9a-f]+)(?:\s+(\S.*))?)?$")
_WRAPPED = re.compile(r"^\s{10,}0x([0-9a-f]+)\s+0x([0-9a-f]+)\s+(\S.*)$")
_NAME = re.compile(r"^\s{10,}0x([0-9a-f]+)\s+([A-Za-z_$.][\w$.]*)$")
_COMMON = re.compile(r"^(\S+)\s+0x([0-9a-f]+)\s+\S")


@dataclass(frozen=True)
class Item:
    """A name in the MAP; ``listed``: the linker lists it, so it is global."""

    name: str
    address: int
    size: int
    section: str
    code: bool
    listed: bool
    file: str


@dataclass
class _Piece:
    """One input section and the names the linker lists in it."""

    section: str
    address: int
    size: int
    file: str
    names: list[tuple[int, str]] = field(default_factory=list)


def read_map(text: str, name: str) -> list[Item]:
    """Functions and objects of a MAP; ``name`` is for errors.

    Raises:
        ImageError: the MAP ends before any input section.
    """
    head, _, body = text.partition(MAP_SIGN.decode())
    common = _commons(head)
    pieces = list(_pieces(body))
    if not pieces:
        raise ImageError(f"{name}: truncated MAP, nothing after '{MAP_SIGN.decode()}': link again")
    found: list[Item] = []
    for piece in pieces:
        found.extend(_items(piece, common))
    return found


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


def _pieces(body: str) -> Iterator[_Piece]:
    piece: _Piece | None = None
    wrapped = ""
    for raw in body.splitlines():
        line = raw.rstrip()
        match = _WRAPPED.match(line) if wrapped else None
        if match:
            section, (address, size, file) = wrapped, match.groups()
        elif (match := _SECTION.match(line)) and match[2] is None:
            wrapped = match[1]
            continue
        elif match:
            section, address, size, file = match.groups()
        else:
            listed = _NAME.match(line)
            if listed and piece is not None:
                piece.names.append((int(listed[1], 16), listed[2]))
            elif line and not line.startswith(" "):
                wrapped = ""
            continue
        wrapped = ""
        if piece is not None:
            yield piece
            piece = None
        if file and int(size, 16) and int(address, 16) and section.startswith(_CODE + _DATA):
            piece = _Piece(section, int(address, 16), int(size, 16), file)
    if piece is not None:
        yield piece


def _items(piece: _Piece, common: dict[str, int]) -> Iterator[Item]:
    code = piece.section.startswith(_CODE)
    end = piece.address + piece.size
    listed = sorted((address, name) for address, name in piece.names if piece.address <= address < end)
    places = sorted({address for address, _ in listed} | {end})
    own = re.sub(r"^\.(text|data|bss|sdata|sbss|rodata)\.", "", piece.section)
    if own != piece.section and own not in {name for _, name in listed} and not listed:
        yield Item(own, piece.address, piece.size, piece.section, code, False, piece.file)
    for address, name in listed:
        following = places[places.index(address) + 1]
        size = common.get(name, following - address) if piece.section == "COMMON" else following - address
        yield Item(name, address, size, piece.section, code, True, piece.file)
