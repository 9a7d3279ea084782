# SPDX-License-Identifier: MIT
"""The memory that an image takes: its sections, and what their bytes count as.

Where a PIC32MZ has flash, RAM and registers: DS60001320, figure 4-1 and following (`pic32bench.chip`). Sections
elsewhere (external memory, an image for another machine) count by what they are: what can be written is RAM.
"""

from __future__ import annotations

import bisect
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from pic32bench.chip import Region, chip
from pic32bench.footprint.budget import Memory
from pic32bench.image import PHYSICAL

_LARGEST = chip("PIC32MZ2048EFH144")
_RAM, _REGISTERS = _LARGEST.filled_by_startup
_KSEG0, _KSEG2 = 0x80000000, 0xC0000000  # between them, kseg0 and kseg1 show the physical addresses

_CODE_NAMES = (".text", ".init", ".fini", ".vector", ".reset", ".boot", ".startup", ".cache_init", ".plt")
_CONSTANT_NAMES = (".rodata", ".dinit", ".config", ".lit", ".srodata", ".sdata2", ".tlb_init_values", ".user_init")
_CLEARED_NAMES = (".bss", ".sbss", ".dynbss", "COMMON", ".scommon", ".noinit", ".persist", ".stack", ".heap", ".dma")
_DATA_NAMES = (".data", ".sdata", ".ramfunc", ".ram_")
_XC32_INITIAL_VALUES = ".dinit"


class Nature(StrEnum):
    """What the bytes of a section are."""

    CODE = "code"
    CONSTANTS = "read-only data"
    DATA = "initialised data"
    CLEARED = "data without initial value"


@dataclass(frozen=True)
class Section:
    """An output section: ``in_ram`` while the firmware runs, ``in_flash`` as a whole or as the values to start with."""

    name: str
    address: int
    size: int
    nature: Nature
    in_ram: bool
    in_flash: bool

    @property
    def end(self) -> int:
        """The address behind its last byte."""
        return self.address + self.size

    def nature_of(self, input_section: str) -> Nature:
        """What the bytes of an input section in it are: linker scripts may put constants into .text."""
        if input_section.startswith(_CONSTANT_NAMES):
            return Nature.CONSTANTS
        if input_section.startswith(_CODE_NAMES):
            return Nature.CODE
        return self.nature

    def counts_as(self, memory: Memory, nature: Nature) -> bool:
        """Whether bytes of that nature in it are of that kind."""
        match memory:
            case Memory.RAM:
                return self.in_ram
            case Memory.FLASH:
                return self.in_flash
            case Memory.CODE:
                return nature is Nature.CODE
            case Memory.RODATA:
                return nature is Nature.CONSTANTS


@dataclass(frozen=True)
class RawSection:
    """What an ELF or a MAP says of a section; None where it does not say.

    ``load_address`` is where its bytes lie before the start-up code copies them; the address itself if they stay.
    """

    name: str
    address: int
    size: int
    executable: bool | None
    writable: bool | None
    has_content: bool | None
    load_address: int


def memory_sections(raw: list[RawSection]) -> tuple[Section, ...]:
    """The sections that take memory, by address. Registers that XC32 fills like a section do not."""
    # XC32 packs all initial values into one section, and then there is no other copy of them.
    packed = any(section.name == _XC32_INITIAL_VALUES for section in raw)
    found = [_section(section, packed) for section in raw if section.size and not _within(section.address, _REGISTERS)]
    return tuple(sorted(found, key=lambda section: section.address))


def section_at(sections: Sequence[Section], address: int) -> Section | None:
    """The one of the sections (by address) that holds an address."""
    index = bisect.bisect_right(sections, address, key=lambda section: section.address) - 1
    return sections[index] if index >= 0 and address < sections[index].end else None


def _section(raw: RawSection, packed: bool) -> Section:
    in_ram = _in_ram(raw)
    nature = _nature(raw, in_ram)
    if not in_ram:
        in_flash = True
    elif nature is Nature.CLEARED:
        in_flash = False
    else:
        in_flash = not packed
    return Section(raw.name, raw.address, raw.size, nature, in_ram, in_flash)


def _in_ram(raw: RawSection) -> bool:
    if _within(raw.address, _RAM):
        return True
    if _within(raw.address, *_LARGEST.flash):
        return False
    if raw.writable is not None:
        return raw.writable
    return raw.name.startswith(_CLEARED_NAMES + _DATA_NAMES)


def _nature(raw: RawSection, in_ram: bool) -> Nature:
    # By name first: XC32 gives executable flags to sections of constants.
    if raw.name.startswith(_CONSTANT_NAMES):
        return Nature.CONSTANTS
    if raw.executable or (raw.executable is None and (raw.name.startswith(_CODE_NAMES) or _by_contents(raw, in_ram))):
        return Nature.CODE
    if not in_ram:
        return Nature.CONSTANTS
    if raw.has_content is not None:
        return Nature.DATA if raw.has_content else Nature.CLEARED
    if raw.name.startswith(_CLEARED_NAMES):
        return Nature.CLEARED
    copied = raw.load_address != raw.address and _within(raw.load_address, *_LARGEST.flash)
    return Nature.DATA if copied or raw.name.startswith(_DATA_NAMES) else Nature.CLEARED


def _by_contents(raw: RawSection, in_ram: bool) -> bool:
    """XC32's handlers in the exception vectors: code under names such as .app_excpt and ._debug_exception."""
    return not in_ram and raw.name.endswith(("_excpt", "_exception"))


def _within(address: int, *regions: Region) -> bool:
    mapped = address if address < _KSEG0 else address & PHYSICAL if address < _KSEG2 else None
    return mapped is not None and any(region.holds(mapped) for region in regions)
