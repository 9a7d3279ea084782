# SPDX-License-Identifier: MIT
"""No guest access ends or hangs the emulator: registers get random values, DMA finds random descriptors.

What the chip would do is not asked here, only that the emulator goes on. A failure names its seed; run it again
with `-k "seed-7"`.
"""

from __future__ import annotations

import random

import pytest
from conftest import ChipFactory
from qtest import Chip, registers

ACCESSES = 3000
RAM_BYTES = 512 * 1024
# Where a register's value sends DMA or starts something, half of the accesses go.
BUSY = (
    *("ETH", "EMAC1", "NVM", "RNG", "U1", "U2", "T", "PR", "OSC", "SPLL", "PB", "DMT", "WDT", "CN"),
    *("DMACON", "DC"),
    *("C1", "C2", "PM", "USB"),
    *("SPI", "I2C"),
)
POINTERS = (
    *("ETHTXST", "ETHRXST", "NVMADDR", "NVMSRCADDR"),
    *("DCH0SSA", "DCH0DSA", "DCH5SSA", "DCH5DSA"),
    *("C1FIFOBA", "C2FIFOBA"),
)
BOARD = {"spi2": "w25q80@RD4", "spi6": "sst25vf016b@RB1", "i2c1": "24c02@0x50;24c16@0x08", "jumpers": "RD1-RG6;RD3-RG7"}
VALUES = (0, 1, 0xFF, 0x8000, 0xFFFF, 0x8000_8000, 0xFFFF_FFFF)
SPECIAL_ADDRESSES = (0, 0x1D00_0000, 0x1FC0_0000, 0x1F88_2000, 0x0FFF_FFF0, 0xFFFF_FFFC)


def descriptors(random_: random.Random) -> bytes:
    """Rings that nobody would write: owned by hardware, pointing anywhere, also at themselves."""
    words = []
    for _ in range(64):
        header = random_.getrandbits(32) | 0x80 | random_.choice((0, 0x100, 0x8000_0000, 0xC000_0000))
        where = random_.choice((*SPECIAL_ADDRESSES, random_.randrange(0, RAM_BYTES, 4)))
        words += [header, where, random_.getrandbits(32), random_.getrandbits(32), random_.randrange(0, 0x500, 4)]
    return b"".join(word.to_bytes(4, "little") for word in words)


def access(pic: Chip, random_: random.Random, names: list[str], busy: list[str]) -> None:
    name = random_.choice(random_.choice((names, busy)))
    size = random_.choice((1, 2, 4, 4, 4))
    alias = random_.choice((0, 0, 4, 8, 12)) if registers()[name][1] else 0
    offset = alias + random_.randrange(0, 4, size)
    if random_.random() < 0.3:
        pic.read(name, size, offset)
        return
    value = random_.choice((*VALUES, random_.getrandbits(32), 1 << random_.randrange(32)))
    if name in POINTERS:
        value = random_.choice((*SPECIAL_ADDRESSES, random_.randrange(0, 0x500, 4), value))
    pic.write(name, value & ((1 << 8 * size) - 1), size, offset)


@pytest.mark.parametrize("seed", range(4), ids=lambda seed: f"seed-{seed}")
def test_the_emulator_survives_any_access(chip: ChipFactory, seed: int) -> None:
    random_ = random.Random(seed)
    names = [name for name, (address, _) in registers().items() if address < 0x1FC0_0000]
    busy = [name for name in names if name.startswith(BUSY)]
    assert all(name in busy for name in POINTERS)
    with chip(properties=BOARD) as pic:
        for n in range(ACCESSES):
            if n % 100 == 0:
                pic.memwrite(0, descriptors(random_))
                pic.unlock()
                pic.wire.send({"frame": random_.randbytes(random_.randrange(1, 2000)).hex()})
                pic.uarts[2].send(random_.randbytes(random_.randrange(1, 100)))
                pic.panel.events()
                pic.wire.events()
                pic.uarts[2].received()
            access(pic, random_, names, busy)
            if random_.random() < 0.2:
                pic.step_ns(random_.choice((1, 1_000, 100_000, 5_000_000)))
        assert pic.qmp("query-status")["running"]
