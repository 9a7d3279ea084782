# SPDX-License-Identifier: MIT
"""The registers of the chip's core, as the emulator tells them (property `core`, platforms/qemu/README.md)."""

from __future__ import annotations

import json
from dataclasses import dataclass

NAMES = (
    *("zero", "at", "v0", "v1", "a0", "a1", "a2", "a3", "t0", "t1", "t2", "t3", "t4", "t5", "t6", "t7"),
    *("s0", "s1", "s2", "s3", "s4", "s5", "s6", "s7", "t8", "t9", "k0", "k1", "gp", "sp", "fp", "ra"),
)
GP, SP, RA = 28, 29, 31
# Cause.ExcCode: MIPS32 PRA volume III, table 9.52
_EXCEPTIONS = {
    0: "interrupt",
    1: "TLB modified",
    2: "TLB refill on load or fetch",
    3: "TLB refill on store",
    4: "address error on load or fetch",
    5: "address error on store",
    6: "bus error on fetch",
    7: "bus error on load or store",
    8: "syscall",
    9: "breakpoint",
    10: "reserved instruction",
    11: "coprocessor unusable",
    12: "arithmetic overflow",
    13: "trap",
    15: "floating point",
    26: "DSP ASE disabled",
}
_HAS_BADVADDR = {1, 2, 3, 4, 5}
_EXL, _ERL, _CU1 = 1 << 1, 1 << 2, 1 << 29


@dataclass(frozen=True)
class Core:
    """The core at one moment: virtual ``time_ns``, ``instructions`` executed since the start of the emulator.

    ``pc`` is the next instruction, of a branch whose delay slot comes next the branch. ``sets`` are all register sets
    of 32, ``cp0`` the system registers by their names in the manuals.
    """

    time_ns: int
    instructions: int
    pc: int
    micromips: bool
    waits: bool
    sets: tuple[tuple[int, ...], ...]
    hi: tuple[int, ...]
    lo: tuple[int, ...]
    fpr: tuple[int, ...]
    fcr31: int
    cp0: dict[str, int]

    @classmethod
    def parse(cls, text: str) -> Core:
        """From the emulator's JSON."""
        data = json.loads(text)
        return cls(
            time_ns=data["virtual-time"],
            instructions=data["instructions"],
            pc=data["pc"],
            micromips=data["micromips"],
            waits=data["waits"],
            sets=tuple(tuple(word(value) for value in registers) for registers in data["gpr"]),
            hi=tuple(data["hi"]),
            lo=tuple(data["lo"]),
            fpr=tuple(value & 0xFFFFFFFF_FFFFFFFF for value in data["fpr"]),
            fcr31=data["fcr31"],
            cp0=dict(data["cp0"]),
        )

    @property
    def current_set(self) -> int:
        """SRSCtl.CSS."""
        return self.cp0["SRSCtl"] & 0xF

    @property
    def gpr(self) -> tuple[int, ...]:
        """The registers of the current set."""
        return self.sets[self.current_set]

    @property
    def in_exception(self) -> bool:
        """Whether Status says that an exception or interrupt is being handled (EXL or ERL)."""
        return bool(self.cp0["Status"] & (_EXL | _ERL))

    @property
    def exception(self) -> str:
        """What Cause says of the last exception: `address error on load or fetch at 0x80000402`."""
        code = self.cp0["Cause"] >> 2 & 0x1F
        where = f" at 0x{self.cp0['BadVAddr']:08X}" if code in _HAS_BADVADDR else ""
        return _EXCEPTIONS.get(code, f"exception {code}") + where

    def __str__(self) -> str:
        """All of it, for people."""
        lines = [
            f"pc   {self.pc:08X}  {'microMIPS' if self.micromips else 'MIPS32'}{', waits' if self.waits else ''}",
            f"at {self.time_ns / 1e9:.9f} s, after {self.instructions} instructions",
            "",
        ]
        for number, registers in enumerate(self.sets):
            # Start-up code often sets gp in all of them.
            if number == self.current_set or any((*registers[:GP], *registers[SP:])):
                lines.append(f"register set {number}{' (current)' if number == self.current_set else ''}")
                lines += _rows([(name, f"{value:08X}") for name, value in zip(NAMES, registers, strict=True)], 4)
                lines.append("")
        lines += _rows([(f"hi{i}", f"{value:08X}") for i, value in enumerate(self.hi)], 4)
        lines += _rows([(f"lo{i}", f"{value:08X}") for i, value in enumerate(self.lo)], 4)
        lines += ["", *_rows([(name, f"{value:08X}") for name, value in sorted(self.cp0.items())], 3)]
        if self.in_exception:
            lines.append(f"handling: {self.exception}")
        if self.cp0["Status"] & _CU1:
            lines += ["", f"fcr31 {self.fcr31:08X}"]
            lines += _rows([(f"f{i}", f"{value:016X}") for i, value in enumerate(self.fpr)], 4)
        return "\n".join(lines)


def word(value: int) -> int:
    """A register's value as an unsigned 32-bit number."""
    return value & 0xFFFFFFFF


def _rows(cells: list[tuple[str, str]], columns: int) -> list[str]:
    width = max(len(name) for name, _ in cells)
    shown = [f"{name:{width}} {value}" for name, value in cells]
    return ["  ".join(shown[i : i + columns]) for i in range(0, len(shown), columns)]
