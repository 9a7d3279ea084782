# SPDX-License-Identifier: MIT
"""Checks a firmware image before it is started, so that a wrong file is one clear line and not a silent board."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from elftools.common.exceptions import ELFError
from elftools.elf.elffile import ELFFile
from intelhex import HexRecordError, IntelHex, IntelHexError

from pic32bench.chip import Chip, Region
from pic32bench.errors import ImageError

# DS60001320 section 4: after reset the core fetches from virtual 0xBFC00000. The lower boot alias shows boot
# flash 1 there, so code in either place is code at the reset vector.
_RESET_VECTORS = (0x1FC00000, 0x1FC40000)
ELF_MAGIC = b"\x7fELF"
PHYSICAL = 0x1FFFFFFF  # kseg0, kseg1 and the physical address are one place
# DEVCFG0 of a PIC32MZ (DS60001320 table 34-1), and where DEVCFG3 to DEVCFG0 of PIC32MX parts are: with 12 KiB of boot
# flash (DS60001156) and with 3 KiB (DS60001168).
_MZ_WORDS = 0x1FC0FFCC
_MX_WORDS = (0x1FC02FF0, 0x1FC00BF0)


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


def check(path: Path, chip: Chip, application: Path | None = None) -> Image:
    """Reads a .hex or .elf image and makes sure it can run on the chip, with the application beside it if given.

    The kind is told by content, not by name. Raises ImageError, one line, for a file that is neither, is damaged,
    is for another machine or a bigger or other chip, or when there is no code at the reset vector.
    """
    image, pieces = _read(path, chip)
    if application is not None:
        pieces = [*pieces, *_read(application, chip)[1]]
    if not any(_code_at(pieces, vector) for vector in _RESET_VECTORS):
        raise ImageError(
            f"{path} has no code at the reset vector (0x1FC00000): is it an application for a bootloader? "
            "Give both then, the bootloader first: pic32bench run BOOTLOADER APPLICATION"
            if application is None
            else f"neither {path} nor {application} has code at the reset vector (0x1FC00000): "
            "give the bootloader's image and its application's"
        )
    return image


def _read(path: Path, chip: Chip) -> tuple[Image, list[_Piece]]:
    try:
        with path.open("rb") as file:
            head = file.read(4096)
    except OSError as error:
        raise ImageError(f"cannot read {path}: {error.strerror}") from error
    if head.startswith(ELF_MAGIC):
        kind, pieces = "ELF", list(_elf_pieces(path, chip))
    elif head.lstrip()[:1] == b":":
        kind, pieces = "HEX", list(_hex_pieces(path, chip))
    elif not head.strip():
        raise ImageError(f"{path} is empty: expected an Intel HEX or ELF image")
    else:
        raise ImageError(f"{path} is neither Intel HEX nor ELF: give a .hex or .elf firmware image")
    return Image(path, kind, sum(len(piece.data) for piece in pieces)), pieces


def contents(path: Path, chip: Chip) -> Iterator[tuple[int, bytes]]:
    """What an image puts into flash: physical addresses and bytes. Raises ImageError."""
    for piece in _read(path, chip)[1]:
        yield piece.address, piece.data


def load_hex(path: Path) -> IntelHex:
    """The contents of an Intel HEX file. Raises ImageError, one line, for a damaged one, and OSError."""
    contents = IntelHex()
    try:
        # A start address says nothing to a chip that starts at its reset vector, and merged files have two.
        lines = path.read_text().splitlines()
        contents.loadhex(io.StringIO("\n".join("" if line[7:9] in ("03", "05") else line.rstrip() for line in lines)))
    except (HexRecordError, IntelHexError) as error:
        raise ImageError(f"{path} is damaged: {str(error).rstrip('.')}: build it again") from error
    except UnicodeDecodeError as error:
        raise ImageError(f"{path} is damaged: it is not plain text after byte {error.start}") from error
    return contents


def _hex_pieces(path: Path, chip: Chip) -> Iterator[_Piece]:
    contents = load_hex(path)
    segments = contents.segments()
    if (words := _pic32mx_words(segments)) is not None:
        raise ImageError(
            f"{path} is a HEX for a PIC32MX: it has configuration words at 0x{words:08X}, where a PIC32MZ has none"
        )
    for start, end in segments:
        address = start & PHYSICAL
        if not _in_flash(chip, address, end - start):
            raise ImageError(
                f"{path} is a HEX for another chip: it has data at 0x{start:08X} to 0x{end - 1:08X}, "
                f"outside the flash of {chip.name}{_bigger(chip, address, end - start)}"
            )
        yield _Piece(address, bytes(contents.tobinarray(start=start, size=end - start)))


def linked_elf(path: Path, file: BinaryIO) -> ELFFile:
    """The headers of an ELF that is a linked program for this core. Raises ImageError, one line, for any other."""
    try:
        elf: Any = ELFFile(file)
        machine, bits, little, kind = elf["e_machine"], elf.elfclass, elf.little_endian, elf["e_type"]
        list(elf.iter_segments())
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
    return elf


def _elf_pieces(path: Path, chip: Chip) -> Iterator[_Piece]:
    size = path.stat().st_size
    with path.open("rb") as file:
        segments = linked_elf(path, file).iter_segments()
        for segment in segments:
            if segment["p_type"] != "PT_LOAD" or not segment["p_filesz"]:
                continue
            end = segment["p_offset"] + segment["p_filesz"]
            if end > size:
                raise ImageError(
                    f"{path} is truncated: a segment ends at byte {end}, the file at {size}: build it again"
                )
            address = segment["p_paddr"] & PHYSICAL
            if any(r.holds(address, segment["p_filesz"]) for r in chip.filled_by_startup):
                continue
            if not _in_flash(chip, address, segment["p_filesz"]):
                raise ImageError(
                    f"{path} is an ELF for another chip: it has a segment of {segment['p_filesz']} bytes at "
                    f"0x{segment['p_paddr']:08X}, outside the flash of {chip.name}"
                    f"{_bigger(chip, address, segment['p_filesz'])}"
                )
            yield _Piece(address, segment.data())


def _pic32mx_words(segments: list[tuple[int, int]]) -> int | None:
    """Where the HEX has the configuration words of a PIC32MX, standing alone, and none of a PIC32MZ."""
    physical = [(start & PHYSICAL, end - start) for start, end in segments]
    if any(start <= _MZ_WORDS < start + size for start, size in physical):
        return None
    for words in _MX_WORDS:  # not every part has a DEVCFG3
        for start, size in physical:
            if words <= start and start + size == words + 16:
                return start
    return None


def _bigger(chip: Chip, address: int, size: int) -> str:
    """What to add when a chip of the family with more flash would hold the data."""
    for kib in (1024, 2048):
        if kib * 1024 > chip.flash_size and Region("program flash", 0x1D000000, kib * 1024).holds(address, size):
            return f": it needs a chip with {kib} KiB, and a --board that has it"
    return ""


def _in_flash(chip: Chip, address: int, size: int) -> bool:
    return any(region.holds(address, size) for region in chip.flash)


def _code_at(pieces: list[_Piece], vector: int) -> bool:
    for piece in pieces:
        offset = vector - piece.address
        if 0 <= offset <= len(piece.data) - 4:
            return piece.data[offset : offset + 4] != b"\xff\xff\xff\xff"
    return False
