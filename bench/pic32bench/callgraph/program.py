# SPDX-License-Identifier: MIT
"""A firmware image as code: its bytes, its functions, and where their entries are."""

from __future__ import annotations

import bisect
import difflib
import functools
import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from elftools.common.exceptions import ELFError
from elftools.elf.constants import SH_FLAGS

from pic32bench.code_map import Place, code_maps, find, symbols_beside
from pic32bench.errors import ImageError, UsageError
from pic32bench.footprint.budget import What
from pic32bench.footprint.linkmap import MAP_SIGN
from pic32bench.footprint.symbols import read_symbols
from pic32bench.image import ELF_MAGIC, PHYSICAL, linked_elf, load_hex
from pic32bench.machine_code.instructions import Instruction, Isa, decode

# Program and boot flash (DS60001320 figure 4-1), physical: what is there does not change while the firmware runs.
_FLASH = ((0x1D000000, 0x1E000000), (0x1FC00000, 0x1FC80000))
MOST_RAM = 0x80000  # bytes; no part has more
_MICROMIPS = 0x80  # STO_MICROMIPS of a symbol's st_other (MIPS ABI supplement)
_NOTYPE, _OBJECT, _FUNC, _FILE, _LOCAL = 0, 1, 2, 4, 0
_SPLIT = re.compile(r"\.(cold|part)\b")


@dataclass(frozen=True)
class Function:
    """A function: ``address`` of its first instruction, ``size`` in bytes (0: not known), ``isa`` None: not known.

    ``name`` is its own among all functions: where several have one name, the file is in front of it.
    ``names`` are all by which it can be called for.
    """

    address: int
    name: str
    size: int = 0
    isa: Isa | None = None
    file: str = ""
    names: tuple[str, ...] = ()

    @property
    def key(self) -> int:
        """What tells it from others: its physical address."""
        return self.address & PHYSICAL

    def holds(self, address: int) -> bool:
        """Whether an address is in it, as far as its size is known."""
        return 0 <= (address & PHYSICAL) - self.key < self.size

    def is_piece_of(self, other: Function) -> bool:
        """Whether the compiler split it from the other (name.cold, name.part.0)."""
        return bool(_SPLIT.search(self.name)) and _SPLIT.split(self.name)[0] == _SPLIT.split(other.name)[0]


@dataclass(frozen=True)
class _Bytes:
    start: int  # physical
    data: bytes


class Program:
    """The code and constants of an image, and its functions. Satisfies CodeAndData."""

    def __init__(self, path: Path, pieces: list[_Bytes], symbols: Path | None) -> None:
        self.path = path
        self.symbols = symbols
        self._pieces = sorted(pieces, key=lambda piece: piece.start)
        self._starts = [piece.start for piece in self._pieces]
        self._instructions: dict[tuple[int, Isa], Instruction | None] = {}
        self.labels: dict[str, int] = {}
        self.code_labels: dict[int, int] = {}  # by physical address: labels of assembly code, without a type or size
        self.functions: dict[int, Function] = {}
        self.objects: list[int] = []  # addresses
        if symbols is not None:
            names = _symbols(symbols)
            self.labels, self.objects = names.labels, names.objects
            self.functions = {function.key: function for function in names.functions}
            self.code_labels = {value & PHYSICAL & ~1: value for value in names.code}
        self._sized = sorted(key for key, function in self.functions.items() if function.size)
        places = {value & PHYSICAL & ~1: name for name, value in sorted(self.labels.items(), reverse=True)}
        self._label_at = {place: name for place, name in places.items() if not name.startswith((".", "$"))}
        self._label_places = sorted(self._label_at)

    # --- bytes ----------------------------------------------------------------------------------------------

    def _read(self, address: int, size: int) -> bytes | None:
        place = address & PHYSICAL
        index = bisect.bisect_right(self._starts, place) - 1
        if index < 0:
            return None
        piece = self._pieces[index]
        return piece.data[place - piece.start : place - piece.start + size] or None

    def code(self, address: int) -> bytes | None:
        """Up to 4 bytes of an instruction."""
        return self._read(address, 4)

    def code_of(self, function: Function) -> bytes:
        """A function's code, as far as it is in the image."""
        return self._read(function.address, function.size) or b""

    def word(self, address: int) -> int | None:
        """A word that never changes."""
        place = address & PHYSICAL
        return self.initial(address) if any(start <= place < end for start, end in _FLASH) else None

    def initial(self, address: int) -> int | None:
        """A word as it is when the firmware starts, of flash or of initialised data."""
        held = None if address % 4 else self._read(address, 4)
        return int.from_bytes(held, "little") if held is not None and len(held) == 4 else None

    def words(self) -> Iterator[int]:
        """All words of the image, code or not."""
        for piece in self._pieces:
            skip = -piece.start % 4
            whole = piece.data[skip : skip + (len(piece.data) - skip) // 4 * 4]
            for (held,) in struct.iter_unpack("<I", whole):
                yield held

    def instruction(self, address: int, isa: Isa) -> Instruction | None:
        """The instruction at an address; of one that the disassembler does not know only the size; None: no code."""
        key = (address, isa)
        if key not in self._instructions:
            code = self.code(address)
            if code is None or len(code) < (2 if isa is Isa.MICROMIPS else 4):
                self._instructions[key] = None
            else:
                self._instructions[key] = decode(code, address, isa) or Instruction(address, _size(code, isa), "?")
        return self._instructions[key]

    def likely_isa(self, function: Function) -> Isa:
        """The instruction set that a function makes more sense in, where no symbol and no call tells it."""
        return min(Isa, key=lambda isa: (self._unknown(function, isa), isa.value))

    def _unknown(self, function: Function, isa: Isa) -> int:
        address, unknown = function.address, 0
        end = address + (function.size or 64)
        while address < end and (instruction := self.instruction(address, isa)) is not None:
            unknown += instruction.name == "?"
            address = instruction.end
        return unknown + (address != end)

    # --- names ----------------------------------------------------------------------------------------------

    def at(self, address: int) -> Function | None:
        """The function that begins at an address."""
        return self.functions.get(address & PHYSICAL & ~1)

    def over(self, address: int) -> Function | None:
        """The function of known size that an address is in."""
        index = bisect.bisect_right(self._sized, address & PHYSICAL) - 1
        function = self.functions[self._sized[index]] if index >= 0 else None
        return function if function is not None and function.holds(address) else None

    def label(self, address: int) -> str:
        """The name that stands at an address, of whatever it is."""
        return self._label_at.get(address & PHYSICAL & ~1, "")

    def label_from(self, address: int, within: int) -> tuple[str, int] | None:
        """The first name at or after an address, and its address, in the segment of the first."""
        index = bisect.bisect_left(self._label_places, address & PHYSICAL)
        if index == len(self._label_places) or self._label_places[index] - (address & PHYSICAL) > within:
            return None
        place = self._label_places[index]
        return self._label_at[place], address & ~PHYSICAL | place

    def add(self, address: int, isa: Isa | None) -> Function:
        """The function at an address that code goes to; a new one if the symbols have none there."""
        if (function := self.at(address)) is None:
            name = self.label(address)
            if not name:
                inside = self.over(address)
                offset = (address & PHYSICAL) - inside.key if inside else 0
                name = f"{inside.name}+0x{offset:x}" if inside else f"{address & ~1:08x}"
            function = Function(address & ~1, name, 0, isa, "", (name,))
            self.functions[function.key] = function
        return function

    def place(self, address: int) -> Place:
        """Where in the source an instruction is."""
        return find(self._maps, address)

    @functools.cached_property
    def _maps(self) -> Any:
        return code_maps([self.path], self.symbols)

    def has(self, name: str) -> bool:
        """Whether `find` finds it."""
        try:
            self.find(name)
        except UsageError:
            return False
        return True

    def find(self, name: str) -> Function:
        """A function by its name, by FILE:NAME, or by its address 0x...; raises UsageError, one line."""
        if re.fullmatch(r"(0x)?[0-9a-fA-F]{8}", name):
            address = int(name, 16)
            if self.code(address) is None:
                raise UsageError(f"{self.path}: there is no code at {name}")
            return self.add(address, Isa(address & 1) if address & 1 else None)
        found = [function for function in self.functions.values() if name == function.name]
        found = found or [function for function in self.functions.values() if name in function.names]
        found = found or [each for each in self.functions.values() if name in map(source_name, each.names)]
        if len(found) == 1:
            return found[0]
        if found:
            names = ", ".join(sorted(function.name for function in found))
            raise UsageError(f"{self.path}: there are several functions {name}: say which: {names}")
        if (value := self.labels.get(name)) is not None and self.code(value) is not None:
            return self.add(value, None)
        if not self.functions:
            raise UsageError(f"{self.path} has no names, so no {name}: give its .elf or .map with --symbols")
        near = difflib.get_close_matches(name, [n for f in self.functions.values() for n in f.names], 3)
        hint = f": did you mean {' or '.join(near)}?" if near else ""
        raise UsageError(f"{self.path}: there is no function {name}{hint}")


def source_name(name: str) -> str:
    """A function's name as the source has it: GCC calls its copies and parts name.isra.0 and the like."""
    return name.partition(".")[0]


def load(image: str | Path, symbols: str | Path | None = None) -> Program:
    """The program in an ELF or HEX; names come from itself, or from ``symbols``, an ELF or MAP, or one beside it.

    Raises:
        ImageError: it cannot be read, is damaged, holds no code, or ``symbols`` has none; one line.
    """
    path = Path(image)
    try:
        head = path.read_bytes()[:1 << 16]
    except OSError as error:
        raise ImageError(f"cannot read {path}: {error.strerror}") from error
    if head.startswith(ELF_MAGIC):
        pieces = _elf_pieces(path)
        own: Path | None = path if _has_symbols(path) else None
    elif head.lstrip()[:1] == b":":
        words = load_hex(path)
        pieces = [_Bytes(start & PHYSICAL, words.tobinstr(start, end - 1)) for start, end in words.segments()]
        own = symbols_beside(path)
    elif MAP_SIGN in head:
        raise ImageError(f"{path} is a MAP and holds no code: give the .elf, or the .hex with --symbols {path.name}")
    elif not head.strip():
        raise ImageError(f"{path} is empty: expected an Intel HEX or ELF image")
    else:
        raise ImageError(f"{path} is neither Intel HEX nor ELF: give a .hex or .elf firmware image")
    if not pieces:
        raise ImageError(f"{path} holds no code: give the firmware's .elf or .hex")
    return Program(path, pieces, own if symbols is None else Path(symbols))


def _size(code: bytes, isa: Isa) -> int:
    """Of an unknown instruction (MIPS32 PRA volume I-B: the low three bits of a microMIPS opcode)."""
    return 4 if isa is Isa.MIPS32 or code[1] >> 2 & 7 == 0 or code[1] >> 2 & 7 >= 4 else 2


def _elf_pieces(path: Path) -> list[_Bytes]:
    with path.open("rb") as file:
        segments: Iterator[Any] = linked_elf(path, file).iter_segments("PT_LOAD")
        size = path.stat().st_size
        pieces = []
        for segment in segments:
            if segment["p_offset"] + segment["p_filesz"] > size:
                raise ImageError(f"{path} is truncated: its code goes on after its end: build it again")
            if segment["p_filesz"]:
                pieces.append(_Bytes(segment["p_vaddr"] & PHYSICAL, segment.data()))
        return pieces


def _has_symbols(path: Path) -> bool:
    with path.open("rb") as file:
        return any(section["sh_type"] == "SHT_SYMTAB" for section in _sections(path, file))


def _sections(path: Path, file: Any) -> list[Any]:
    try:
        return list(linked_elf(path, file).iter_sections())
    except (ELFError, struct.error, ValueError, AttributeError, KeyError) as error:
        raise ImageError(f"{path} is damaged: its section headers cannot be read: build it again") from error


@dataclass(frozen=True)
class _Names:
    """Functions, other names, and of these the addresses of labels in ``code`` and of ``objects``."""

    functions: list[Function]
    labels: dict[str, int]
    code: list[int]
    objects: list[int]


def _symbols(path: Path) -> _Names:
    """The names of an ELF or MAP. Raises ImageError."""
    try:
        with path.open("rb") as file:
            is_elf = file.read(len(ELF_MAGIC)) == ELF_MAGIC
    except OSError as error:
        raise ImageError(f"cannot read {path}: {error.strerror}") from error
    if not is_elf:
        symbols = [symbol for symbol in read_symbols(path) if symbol.what is What.FUNCTION]
        return _Names(_distinct([_Entry(s.name, s.address, s.size, None, s.file, False) for s in symbols]), {}, [], [])
    with path.open("rb") as file:
        sections = _sections(path, file)
        tables = [section for section in sections if section["sh_type"] == "SHT_SYMTAB"]
        has_code = [bool(section["sh_flags"] & SH_FLAGS.SHF_EXECINSTR) for section in sections]
        if not tables:
            raise ImageError(f"{path}: no symbol table: give an ELF that was not stripped")
        try:
            names: bytes = tables[0].stringtable.data()
            rows = list(struct.iter_unpack("<IIIBBH", tables[0].data()))
        except (ELFError, struct.error, ValueError) as error:
            raise ImageError(f"{path} is damaged: its symbols cannot be read: build it again") from error
    entries: list[_Entry] = []
    labels: dict[str, int] = {}
    code, objects = [], []
    source = ""
    for offset, value, size, info, other, section in rows:
        name = names[offset : names.find(b"\0", offset)].decode(errors="replace")
        kind, local = info & 15, info >> 4 == _LOCAL
        if kind == _FILE:
            source = name
        elif kind == _FUNC and section:
            isa = Isa.MICROMIPS if other & 0xF0 == _MICROMIPS or value & 1 else Isa.MIPS32
            entries.append(_Entry(name, value & ~1, size, isa, source if local else "", local))
        elif name and (section or kind != _NOTYPE):
            labels.setdefault(name, value | (other & 0xF0 == _MICROMIPS))
            if kind == _NOTYPE and section < len(has_code) and has_code[section] and name[0] not in ".$":
                code.append(labels[name])
            if kind == _OBJECT:
                objects.append(value)
    return _Names(_distinct(entries), labels, code, objects)


@dataclass(frozen=True)
class _Entry:
    name: str
    address: int
    size: int
    isa: Isa | None
    file: str
    local: bool


def _distinct(entries: list[_Entry]) -> list[Function]:
    """One function an address, under a global name if it has one, each with a name of its own."""
    by_place: dict[int, list[_Entry]] = {}
    for entry in entries:
        by_place.setdefault(entry.address & PHYSICAL, []).append(entry)
    chosen = [(min(held, key=lambda e: (e.local, e.name.startswith("_"), e.name)), held) for held in by_place.values()]
    count: dict[str, int] = {}
    for entry, _ in chosen:
        count[entry.name] = count.get(entry.name, 0) + 1
    functions = []
    for entry, held in chosen:
        file = Path(entry.file).name
        name = entry.name
        if count[entry.name] > 1:
            name = f"{file}:{name}" if file else name
        names = tuple(dict.fromkeys([name, *(one.name for one in held), *([f"{file}:{entry.name}"] if file else [])]))
        size = max(one.size for one in held)
        functions.append(Function(entry.address, name, size, entry.isa, file, names))
    return functions
