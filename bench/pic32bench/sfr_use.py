# SPDX-License-Identifier: MIT
"""What a firmware leaned on: the special function registers it touched, and how much of them the emulator models.

A register is *modelled*; or *storage*: it keeps what is written and nothing comes of it; or *reserved*: the chip has no
register there. Firmware that leans on the last two may behave differently on the chip.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pic32bench.bench import Board, Register, RegisterUse
from pic32bench.code_map import Place, code_maps, find

MODELLED, STORAGE, RESERVED = "modelled", "storage", "reserved"
_NAMED = 4  # registers that a note names; of the rest it tells the number


def short_name(device: str) -> str:
    """The emulator's name of a device without what all have in common: uart of pic32mz-uart."""
    return re.sub(r"^pic32mz[-.]", "", device)


@dataclass(frozen=True)
class Touched:
    """A register that was touched, and the place of the first access."""

    use: RegisterUse
    place: Place

    @property
    def first(self) -> str:
        """Who touched it first, for people."""
        if not self.use.first_pc:
            return "DMA or a debugger"
        return f"0x{self.use.first_pc:08X} {self.place}".rstrip()


@dataclass(frozen=True)
class SfrReport:
    """The registers touched in a run of virtual ``seconds``, by address."""

    registers: tuple[Touched, ...]
    seconds: float

    def of_kind(self, *kinds: str) -> list[Touched]:
        """Those that are modelled, storage or reserved."""
        return [touched for touched in self.registers if touched.use.kind in kinds]

    @property
    def leaned_on(self) -> list[Touched]:
        """Those without a model."""
        return self.of_kind(STORAGE, RESERVED)

    def per_device(self) -> dict[str, list[Touched]]:
        """The modelled registers by the device that models them."""
        found: dict[str, list[Touched]] = {}
        for touched in self.of_kind(MODELLED):
            found.setdefault(touched.use.device, []).append(touched)
        return dict(sorted(found.items()))

    def as_json(self) -> dict[str, Any]:
        """The report as plain data."""
        return {
            "seconds": self.seconds,
            "touched": {kind: len(self.of_kind(kind)) for kind in (MODELLED, STORAGE, RESERVED)},
            "registers": [_as_json(touched) for touched in self.registers],
        }


def _as_json(touched: Touched) -> dict[str, Any]:
    use = touched.use
    return {
        "register": use.register or None,
        "address": use.address,
        "kind": use.kind,
        "device": use.device,
        "reads": use.reads,
        "writes": use.writes,
        "first_pc": use.first_pc or None,
        "function": touched.place.function or None,
        "file": touched.place.file or None,
        "line": touched.place.line or None,
    }


def sfr_report(board: Board, symbols: str | Path | None = None) -> SfrReport:
    """What the firmware of a running board has touched up to now.

    ``symbols`` is an ELF or MAP that names its functions, besides what lies beside the images. Raises EmulatorError,
    and ImageError when ``symbols`` has none.
    """
    return SfrReport(_touched(board, board.sfr_report(), symbols), board.time)


def _touched(board: Board, uses: Iterable[RegisterUse], symbols: str | Path | None = None) -> tuple[Touched, ...]:
    images = [board.image.path, *([board.application] if board.application else [])]
    maps = code_maps(images, symbols)
    return tuple(Touched(use, find(maps, use.first_pc)) for use in sorted(uses, key=lambda use: use.address))


def leaning_notes(board: Board) -> list[str]:
    """Lines that say what the firmware leaned on that has no model; none when all is well. Raises EmulatorError."""
    uses = [use for use in board.sfr_report() if use.kind != MODELLED]
    if not uses:
        return []
    touched = _touched(board, uses)
    notes = []
    for kind, what in ((STORAGE, "without a model (storage only)"), (RESERVED, "where the chip has no register")):
        some = [each for each in touched if each.use.kind == kind]
        if some:
            notes.append(f"the firmware used {_count(some, kind)} {what}: {_first_accesses(some)}")
    return notes


def _count(some: Sequence[Touched], kind: str) -> str:
    noun = "register" if kind == STORAGE else "address"
    plural = "" if len(some) == 1 else "s" if kind == STORAGE else "es"
    return f"{len(some)} {noun}{plural}"


def _first_accesses(some: Sequence[Touched]) -> str:
    named = [f"{each.use.name} first by {each.first}" for each in some[:_NAMED]]
    rest = [f"{len(some) - _NAMED} more (`pic32bench sfr` lists them)"] if len(some) > _NAMED else []
    return ", ".join([*named, *rest])


def shares(registers: Iterable[Register]) -> dict[str, dict[str, int]]:
    """How many registers of each kind there are, by device; devices of one kind (timer1, timer2) count together."""
    found: dict[str, dict[str, int]] = {}
    for register in registers:
        device = re.sub(r"\d+$", "", short_name(register.device))
        kinds = found.setdefault(device, {MODELLED: 0, STORAGE: 0})
        kinds[register.kind] = kinds.get(register.kind, 0) + 1
    return dict(sorted(found.items()))
