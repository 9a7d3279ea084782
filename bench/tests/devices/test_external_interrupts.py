# SPDX-License-Identifier: MIT
"""INT0 to INT4 and the interrupt controller's proximity timer: FRM section 8 (DS60001108), DS60001320 chapter 7."""

from __future__ import annotations

import pytest
from qtest import Chip, ChipFactory, vectors

TICK = 250  # ns: PBCLK3 after reset is FRC / 2 = 4 MHz
ON = 0x8000
PINS = {0: "RD0", 1: "RD1", 2: "RD9", 3: "RD2", 4: "RD3"}  # value 0 of INTnR


@pytest.mark.parametrize("rising", [0, 1])
@pytest.mark.parametrize("n", range(5))
def test_polarity(chip: ChipFactory, n: int, rising: int) -> None:
    with chip() as c:
        c.write("INTCON", rising << n)
        for level in (1, 0):
            c.clear_ifs(f"EXTERNAL_{n}")
            c.panel.send({"pin": PINS[n], "level": level})
            assert [c.ifs(f"EXTERNAL_{m}") for m in range(5)] == [int(m == n and level == rising) for m in range(5)]


def test_external_interrupt_on_a_selected_pin(chip: ChipFactory) -> None:
    with chip() as c:
        c.write("ANSELB", 0)
        c.write("INTCON", 2)
        c.write("INT1R", 2)  # RB14
        c.panel.send({"pin": "RD1", "level": 1})
        assert c.ifs("EXTERNAL_1") == 0
        c.panel.send({"pin": "RB14", "level": 1})
        assert c.ifs("EXTERNAL_1") == 1


def test_the_chips_own_output_interrupts(chip: ChipFactory) -> None:
    with chip() as c:
        c.write("INTCON", 1)
        c.write("TRISDCLR", 1)
        c.write("LATDSET", 1)
        assert c.ifs("EXTERNAL_0") == 1


def test_edges_of_a_waveform_whenever_the_flag_is_clear(chip: ChipFactory) -> None:
    with chip() as c:
        c.write("INTCON", 1)
        c.write("RPD0R", 12)  # OC1
        c.write("PR2", 99)
        c.write("OC1RS", 50)
        c.write("OC1CON", ON | 6)
        c.write("T2CON", ON)
        c.clock_set(100 * TICK)
        assert c.ifs("EXTERNAL_0") == 1
        c.clock_set(1020 * TICK)
        c.clear_ifs("EXTERNAL_0")
        assert c.ifs("EXTERNAL_0") == 0
        c.clock_set(1100 * TICK - 1)
        assert c.ifs("EXTERNAL_0") == 0
        c.clock_set(1100 * TICK)
        assert c.ifs("EXTERNAL_0") == 1


def test_reset_makes_no_edges(chip: ChipFactory) -> None:
    with chip() as c:
        c.write("CNPUDSET", 1)
        assert c.read("PORTD") & 1
        c.panel.send({"power": "cycle"})
        assert c.read("IFS0") == 0


def set_priority(c: Chip, source: str, priority: int) -> None:
    vector = vectors()[source]
    shift = vector % 4 * 8
    c.write(f"IPC{vector // 4}CLR", 0x1F << shift)
    c.write(f"IPC{vector // 4}SET", priority << 2 << shift)


def test_proximity_registers(chip: ChipFactory) -> None:
    with chip() as c:
        c.write("IPTMR", 0x12345678)
        c.write("INTCON", 0x700)
        assert (c.read("IPTMR"), c.read("INTCON")) == (0x12345678, 0x700)
