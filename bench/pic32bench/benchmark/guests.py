# SPDX-License-Identifier: MIT
"""Guest programs that are measured, as machine code at the reset vector: nothing has to be built for them."""

from __future__ import annotations

from pathlib import Path

from intelhex import IntelHex

_RESET_VECTOR = 0x1FC00000
_HANDLER = 0x1D000200
# DS60001320 34.1: SYSCLK of 200 MHz from FRC and PLL, no watchdog, no deadman timer.
_CONFIGURATION = {0x1FC0FFC4: 0xFFF9B1A8, 0x1FC0FFC8: 0x7F7FDFB9, 0x1FC0FFCC: 0xFFFFFFF7}

LOOP_INSTRUCTIONS = 8
# Never waits: arithmetic, a store, a load and a branch, as compiled firmware has them. It is the same for a Malta
# board, whose QEMU writes a board number to the fifth word and ends at the last store (with -no-reboot).
_LOOP_HEAD = [0x10000007, 0, 0, 0, 0, 0, 0, 0]  # b beyond the fifth word
_LOOP_BEGIN = [
    0x3C098000,  # lui   t1, 0x8000      RAM, cached segment
    0x35291000,  # ori   t1, t1, 0x1000
    0x00004021,  # move  t0, zero
]
_LOOP = [
    0x25080001,  # addiu t0, t0, 1       <- loop
    0xAD280000,  # sw    t0, 0(t1)
    0x8D2A0000,  # lw    t2, 0(t1)
    0x01485821,  # addu  t3, t2, t0
    0x01686026,  # xor   t4, t3, t0
    0x000C68C0,  # sll   t5, t4, 3
    0x150FFFF9,  # bne   t0, t7, loop
    0x00000000,  # nop
    0x3C08BF00,  # lui   t0, 0xbf00      SOFTRES of the Malta board
    0x24090042,  # li    t1, 0x42
    0xAD090500,  # sw    t1, 0x500(t0)
    0x1000FFFF,  # b     .
    0x00000000,  # nop
]

INTERRUPT_COUNT = 0x1000  # where in RAM the handler counts, physical
TICKS = 100  # of the core timer, of 10 ns, between two interrupts
_WAIT, _NOP = 0x42000020, 0
_INTERRUPTS = [
    0x3C080080,  # lui   t0, 0x80
    0x40886800,  # mtc0  t0, cause       IV
    0x3C089D00,  # lui   t0, 0x9d00
    0x40887801,  # mtc0  t0, ebase
    0x3C081000,  # lui   t0, 0x1000
    0x40886000,  # mtc0  t0, status      CU0; BEV and ERL clear
    0x24080020,  # li    t0, 32
    0x40886001,  # mtc0  t0, intctl      VS
    0x000000C0,  # ehb
    0x3C10BF81,  # lui   s0, 0xbf81
    0x3C11A000,  # lui   s1, 0xa000
    0x34081000,  # li    t0, 0x1000
    0xAE080000,  # sw    t0, 0(s0)       INTCON.MVEC
    0x24080200,  # li    t0, 0x200
    0xAE080540,  # sw    t0, 0x540(s0)   OFF000: the core timer
    0x24080004,  # li    t0, 4
    0xAE080140,  # sw    t0, 0x140(s0)   IPC0: priority 1
    0x24080001,  # li    t0, 1
    0xAE0800C8,  # sw    t0, 0xc8(s0)    IEC0SET
    0xAE201000,  # sw    zero, 0x1000(s1)
    0x40084800,  # mfc0  t0, count
    0x25080000 | TICKS,  # addiu t0, t0, TICKS
    0x40885800,  # mtc0  t0, compare
    0x41606020,  # ei
]
_HANDLER_CODE = [
    0x401A5800,  # mfc0  k0, compare
    0x275A0000 | TICKS,  # addiu k0, k0, TICKS
    0x409A5800,  # mtc0  k0, compare
    0x241A0001,  # li    k0, 1
    0xAE1A0044,  # sw    k0, 0x44(s0)    IFS0CLR
    0x8E3B1000,  # lw    k1, 0x1000(s1)
    0x277B0001,  # addiu k1, k1, 1
    0xAE3B1000,  # sw    k1, 0x1000(s1)
    0x8E1A0040,  # lw    k0, 0x40(s0)    IFS0: the write has arrived
    0x42000018,  # eret
]


def _loop(rounds: int) -> list[int]:
    limit = [0x3C0F0000 | rounds >> 16, 0x35EF0000 | rounds & 0xFFFF]  # lui t7; ori t7, t7
    return [*_LOOP_HEAD, *_LOOP_BEGIN, *limit, *_LOOP]


def loop_hex(path: Path, rounds: int = 0xFFFFFFFF) -> Path:
    """Writes the tight loop as a HEX for the board, and returns its path."""
    return _write(path, {_RESET_VECTOR: _loop(rounds)})


def loop_bios(path: Path, rounds: int) -> Path:
    """Writes the tight loop as a BIOS for QEMU's Malta board, and returns its path.

    QEMU swaps the bytes of each word for a little-endian core.
    """
    path.write_bytes(b"".join(word.to_bytes(4, "big") for word in _loop(rounds)))
    return path


def interrupts_hex(path: Path, waits: bool) -> Path:
    """Writes a program with an interrupt in each microsecond, which executes WAIT meanwhile or loops."""
    forever = [_WAIT if waits else _NOP, 0x1000FFFE, _NOP]  # b to the first
    return _write(path, {_RESET_VECTOR: [*_INTERRUPTS, *forever], _HANDLER: _HANDLER_CODE})


def _write(path: Path, code: dict[int, list[int]]) -> Path:
    image = IntelHex()
    for address, words in [*code.items(), *((at, [word]) for at, word in _CONFIGURATION.items())]:
        image.puts(address, b"".join(word.to_bytes(4, "little") for word in words))
    image.write_hex_file(str(path))
    return path
