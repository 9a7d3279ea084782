# SPDX-License-Identifier: MIT
"""Checks a firmware image before it is started, so that a wrong file is one clear line and not a silent board."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from elftools.common.exceptions import ELFError
from elftools.elf.elffile import ELFFile
from intelhex import HexRecordError, IntelHex, IntelHexError

from pic32bench.chip import Chip
from pic32bench.errors import ImageError

# DS60001320 section 4: after reset the core fetches from virtual 0xBFC00000. The lower boot alias shows boot
# flash 1 there, so code in either place is code at the reset vector.
_RESET_VECTORS = (0x1FC00000, 0x1FC40000)
_PHYSICAL = 0x1FFFFFFF


@dataclass(frozen=True)
class Image:
    """A firmware image that fits its chip. ``flash_bytes`` counts what it puts into flash."""

    path: Path
    format: str
    flash_bytes: int


@dataclass(frozen=True)
class _Piece:
    """Bytes at a physical address."""

    address: int
    data: bytes


def check(path: Path, chip: Chip) -> Image:
    """Reads a .hex or .elf image and makes sure it can run on the chip.

    The kind is told by content, not by name. Raises ImageError, one line, for a file that is neither, is damaged,
    is for another machine or a bigger or other chip, or has no code at the reset vector.
    """
    try:
        with path.open("rb") as file:
            head = file.read(4096)
    except OSError as error:
        raise ImageError(f"cannot read {path}: {error.strerror}") from error
    if head[:4] == b"\x7fELF":
        kind, pieces = "ELF", list(_elf_pieces(path, chip))
    elif head.lstrip()[:1] == b":":
        kind, pieces = "HEX", list(_hex_pieces(path, chip))
    elif not head.strip():
        raise ImageError(f"{path} is empty: expected an Intel HEX or ELF image")
    else:
        raise ImageError(f"{path} is neither Intel HEX nor ELF: give a .hex or .elf firmware image")
    if not any(_code_at(pieces, vector) for vector in _RESET_VECTORS):
        raise ImageError(
            f"{path} has no code at the reset vector (0x1FC00000): expected an image with start-up code; "
            "one made for a bootloader cannot run alone"
        )
    return Image(path, kind, sum(len(piece.data) for piece in pieces))


def _hex_pieces(path: Path, chip: Chip) -> Iterator[_Piece]:
    contents = IntelHex()
    try:
        contents.loadhex(str(path))
    except (HexRecordError, IntelHexError) as error:
        raise ImageError(f"{path} is damaged: {str(error).rstrip('.')}: build it again") from error
    except UnicodeDecodeError as error:
        raise ImageError(f"{path} is damaged: it is not plain text after byte {error.start}") from error
    for start, end in contents.segments():
        address = start & _PHYSICAL
        if not _in_flash(chip, address, end - start):
            raise ImageError(
                f"{path} is a HEX for another chip: it has data at 0x{start:08X} to 0x{end - 1:08X}, "
                f"outside the flash of {chip.name}"
            )
        yield _Piece(address, bytes(contents.tobinarray(start=start, size=end - start)))


def _elf_pieces(path: Path, chip: Chip) -> Iterator[_Piece]:
    size = path.stat().st_size
    with path.open("rb") as file:
        try:
            elf: Any = ELFFile(file)
            machine, bits, little = elf["e_machine"], elf.elfclass, elf.little_endian
            kind, segments = elf["e_type"], list(elf.iter_segments())
        except (ELFError, ValueError, TypeError, KeyError, AttributeError) as error:
            raise ImageError(f"{path} is damaged: its ELF headers cannot be read: build it again") from error
        if machine != "EM_MIPS" or bits != 32 or not little:
            order = "little" if little else "big"
            raise ImageError(
                f"{path} is an ELF for another machine ({str(machine).removeprefix('EM_')}, {bits}-bit "
                f"{order}-endian): expected 32-bit little-endian MIPS"
            )
        if kind != "ET_EXEC":
            raise ImageError(f"{path} is no linked program ({kind}): give the ELF that the linker wrote")
        for segment in segments:
            if segment["p_type"] != "PT_LOAD" or not segment["p_filesz"]:
                continue
            end = segment["p_offset"] + segment["p_filesz"]
            if end > size:
                raise ImageError(
                    f"{path} is truncated: a segment ends at byte {end}, the file at {size}: build it again"
                )
            address = segment["p_paddr"] & _PHYSICAL
            if any(r.holds(address, segment["p_filesz"]) for r in chip.filled_by_startup):
                continue
            if not _in_flash(chip, address, segment["p_filesz"]):
                raise ImageError(
                    f"{path} is an ELF for another chip: it has a segment of {segment['p_filesz']} bytes at "
                    f"0x{segment['p_paddr']:08X}, outside the flash of {chip.name}"
                )
            yield _Piece(address, segment.data())


def _in_flash(chip: Chip, address: int, size: int) -> bool:
    return any(region.holds(address, size) for region in chip.flash)


def _code_at(pieces: list[_Piece], vector: int) -> bool:
    for piece in pieces:
        offset = vector - piece.address
        if 0 <= offset <= len(piece.data) - 4:
            return piece.data[offset : offset + 4] != b"\xff\xff\xff\xff"
    return False
