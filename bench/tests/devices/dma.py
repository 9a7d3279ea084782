# SPDX-License-Identifier: MIT
"""What tests of the DMA controller share: register bits, and a channel set up as a driver does it."""

from __future__ import annotations

import random

from qtest import Chip, address_of, vectors

CLOCKS = 5  # SYSCLK clocks of a transaction, the model's estimate
TRANSACTION = CLOCKS * 125  # ns: SYSCLK after reset is FRC, 8 MHz
SOURCE, DESTINATION = 0x1000, 0x20000
NOWHERE = 0x0800_0000

ON, SUSPEND, DMABUSY = 1 << 15, 1 << 12, 1 << 11
CHEDET, CHAEN, CHCHN, CHAED, CHEN, CHCHNS = 1 << 2, 1 << 4, 1 << 5, 1 << 6, 1 << 7, 1 << 8
CHPATLEN, CHPIGNEN, CHBUSY = 1 << 11, 1 << 13, 1 << 15
AIRQEN, SIRQEN, PATEN, CABORT, CFORCE = 1 << 3, 1 << 4, 1 << 5, 1 << 6, 1 << 7
CHERIF, CHTAIF, CHCCIF, CHBCIF, CHDHIF, CHDDIF, CHSHIF, CHSDIF = (1 << n for n in range(8))
CRCTYP, CRCAPP, CRCEN, BITO, WBO, BYTO = 1 << 5, 1 << 6, 1 << 7, 1 << 24, 1 << 27, 28


def setup(
    c: Chip,
    channel: int = 0,
    *,
    source: int | str = SOURCE,
    destination: int | str = DESTINATION,
    sizes: tuple[int, int, int],
    con: int = 0,
    econ: int = 0,
) -> None:
    """One channel with its source, destination and cell `sizes` in bytes, enabled last."""
    c.write("DMACON", ON)
    c.write(f"DCH{channel}ECON", econ)
    c.write(f"DCH{channel}SSA", address_of(source))
    c.write(f"DCH{channel}DSA", address_of(destination))
    for name, size in zip(("SSIZ", "DSIZ", "CSIZ"), sizes, strict=True):
        c.write(f"DCH{channel}{name}", size & 0xFFFF)
    c.write(f"DCH{channel}CON", con | CHEN)


def force(c: Chip, channel: int = 0) -> None:
    c.write(f"DCH{channel}ECONSET", CFORCE)


def flags(c: Chip, channel: int = 0) -> int:
    return c.read(f"DCH{channel}INT") & 0xFF


def pointers(c: Chip, channel: int = 0) -> tuple[int, int, int]:
    """Bytes that source, destination and cell have gone."""
    source, destination, cell = (c.read(f"DCH{channel}{end}PTR") for end in "SDC")
    return source, destination, cell


def irq(source: str, *, abort: str | None = None) -> int:
    """DCHxECON for a start and an abort source."""
    econ = SIRQEN | vectors()[source] << 8
    return econ | (AIRQEN | vectors()[abort] << 16 if abort else 0)


def enabled(c: Chip, channel: int = 0) -> bool:
    return bool(c.read(f"DCH{channel}CON") & CHEN)


def bytes_of(count: int, seed: int = 0) -> bytes:
    return random.Random(seed).randbytes(count)
