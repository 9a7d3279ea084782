# SPDX-License-Identifier: MIT
"""SPI1 to SPI6: DS60001320 chapter 19, PIC32 Family Reference Manual section 23 (DS60001106)."""

from __future__ import annotations

import pytest
from qtest import Chip, ChipFactory

BIT = 500  # ns: BRG 0 and PBCLK2 after reset, FRC / 2 = 4 MHz
ON, MSTEN, CKE, CKP, DISSDI, SSEN = 1 << 15, 1 << 5, 1 << 8, 1 << 6, 1 << 4, 1 << 7
MODE16, MODE32, DISSDO, ENHBUF, MCLKSEL, MSSEN, FRMPOL = 1 << 10, 1 << 11, 1 << 12, 1 << 16, 1 << 23, 1 << 28, 1 << 29
RBF, TBF, TBE, RBE, ROV, SRMT, TUR, BUSY = 1 << 0, 1 << 1, 1 << 3, 1 << 5, 1 << 6, 1 << 7, 1 << 8, 1 << 11
AUDMONO, AUDEN, IGNTUR, IGNROV, TUREN, ROVEN, SGNEXT = 1 << 3, 1 << 7, 1 << 8, 1 << 9, 1 << 10, 1 << 11, 1 << 15
MASTER = ON | MSTEN | CKE
ALL = range(1, 7)
SIZES = [(0, 8), (MODE16, 16), (MODE32, 32)]

# SDOx and SDIx on one pin: the pin's RPnR, its value for SDOx, the pin's number as SDIxR counts.
SAME_PIN = {
    1: ("RPD2R", 5, 0),
    2: ("RPD3R", 6, 0),
    3: ("RPD2R", 7, 0),
    4: ("RPD3R", 8, 0),
    5: ("RPD2R", 9, 0),
    6: ("RPD1R", 10, 0),
}


def loop(c: Chip, n: int = 1, con: int = 0, brg: int = 0) -> None:
    """SPIn is a master that hears itself."""
    register, value, pin = SAME_PIN[n]
    c.write(register, value)
    c.write(f"SDI{n}R", pin)
    c.write(f"SPI{n}BRG", brg)
    c.write(f"SPI{n}CON", MASTER | con)


def stat(c: Chip, n: int = 1) -> int:
    """The flags of SPInSTAT, without the element counts."""
    return c.read(f"SPI{n}STAT") & 0xFFFF


def counts(c: Chip, n: int = 1) -> tuple[int, int]:
    """Words in the transmit and in the receive FIFO."""
    value = c.read(f"SPI{n}STAT")
    return value >> 16 & 31, value >> 24 & 31


def flags(c: Chip, n: int = 1) -> tuple[int, int]:
    """Receive and transmit flag as they are now: a condition that holds sets its flag again."""
    c.clear_ifs(f"SPI{n}_RX")
    c.clear_ifs(f"SPI{n}_TX")
    return c.ifs(f"SPI{n}_RX"), c.ifs(f"SPI{n}_TX")


def put(c: Chip, *words: int, n: int = 1) -> None:
    for word in words:
        c.write(f"SPI{n}BUF", word)


def take(c: Chip, count: int, n: int = 1) -> list[int]:
    return [c.read(f"SPI{n}BUF") for _ in range(count)]


@pytest.mark.parametrize("n", ALL)
def test_reset_values(chip: ChipFactory, n: int) -> None:
    with chip() as c:
        values = [c.read(f"SPI{n}{name}") for name in ("CON", "STAT", "BUF", "BRG", "CON2")]
        assert values == [0, TBE | RBE, 0, 0, ROVEN | TUREN]
        assert flags(c, n) == (0, 0)


def test_unimplemented_bits_read_zero(chip: ChipFactory) -> None:
    with chip() as c:
        c.write("SPI1CON", 0xFFFFFFFF & ~ON)
        assert c.read("SPI1CON") == 0xFF833FFF
        for name, bits in (("BRG", 0x1FFF), ("CON2", 0x9F8B)):
            c.write(f"SPI1{name}", 0xFFFFFFFF)
            assert c.read(f"SPI1{name}") == bits


@pytest.mark.parametrize("n", ALL)
@pytest.mark.parametrize(("mode", "bits"), SIZES)
def test_a_word_takes_its_time_and_comes_back(chip: ChipFactory, n: int, mode: int, bits: int) -> None:
    word = 0x89ABCDEF & ((1 << bits) - 1)
    with chip() as c:
        loop(c, n, mode, brg=2)
        put(c, 0x89ABCDEF, n=n)
        assert stat(c, n) == BUSY | TBE | RBE
        c.step_ns(bits * 3 * BIT - 1)
        assert stat(c, n) == BUSY | TBE | RBE
        c.step_ns(1)
        assert stat(c, n) == RBF | SRMT | TBE
        assert (take(c, 1, n), stat(c, n)) == ([word], TBE | RBE | SRMT)
        assert [x for x in ALL if c.read(f"SPI{x}STAT") != TBE | RBE] == [n]


def test_one_word_waits_behind_the_one_being_sent(chip: ChipFactory) -> None:
    with chip() as c:
        loop(c)
        put(c, 0x11, 0x22)
        assert stat(c) == BUSY | TBF | RBE
        put(c, 0x33)  # no room: lost
        assert "SPI1BUF written while SPITBF is set" in c.log()
        c.step_ns(8 * BIT)
        assert (stat(c), take(c, 1)) == (BUSY | TBE | RBF, [0x11])
        c.step_ns(8 * BIT)
        assert (stat(c), take(c, 1)) == (SRMT | TBE | RBF, [0x22])
        c.step(1.0)
        assert stat(c) == SRMT | TBE | RBE


@pytest.mark.parametrize(("mode", "bits"), SIZES)
def test_fifos_hold_128_bits(chip: ChipFactory, mode: int, bits: int) -> None:
    depth = 128 // bits
    with chip() as c:
        loop(c, con=mode | ENHBUF)
        put(c, *range(1, depth + 2))  # the first is in the shift register
        assert (counts(c), stat(c)) == ((depth, 0), BUSY | TBF | RBE)
        c.step_ns(bits * BIT)
        assert (counts(c), stat(c)) == ((depth - 1, 1), BUSY)
        c.step_ns((depth - 1) * bits * BIT)
        assert (counts(c), stat(c)) == ((0, depth), BUSY | TBE | RBF)
        assert take(c, 1) == [1]
        c.step_ns(bits * BIT)
        assert take(c, depth) == list(range(2, depth + 2))
        assert stat(c) == SRMT | TBE | RBE


def test_receive_interrupt_conditions(chip: ChipFactory) -> None:
    """SRXISEL: empty, not empty, half full or more, full; DS60001320 register 19-1."""
    with chip() as c:
        for isel, holds in enumerate(
            (lambda n: n == 0, lambda n: n > 0, lambda n: n >= 8, lambda n: n == 16),
        ):
            c.write("SPI1CON", 0)
            loop(c, con=ENHBUF | isel)
            seen = [flags(c)[0]]
            for word in range(16):
                put(c, word)
                c.step_ns(8 * BIT)
                seen.append(flags(c)[0])
            assert seen == [int(holds(n)) for n in range(17)]


def test_transmit_interrupt_conditions(chip: ChipFactory) -> None:
    """STXISEL: all sent, empty, half empty or more, not full."""
    with chip() as c:
        for isel, holds in enumerate(
            (lambda n: n == -1, lambda n: n <= 0, lambda n: n <= 8, lambda n: n < 16),
        ):
            c.write("SPI1CON", 0)
            loop(c, con=ENHBUF | isel << 2)
            put(c, *range(17))
            seen = [flags(c)[1]]
            for _ in range(17):
                c.step_ns(8 * BIT)
                seen.append(flags(c)[1])
            assert seen == [int(holds(n)) for n in range(16, -2, -1)]


def test_without_fifos_a_word_that_has_come_is_a_request_whatever_srxisel_says(chip: ChipFactory) -> None:
    with chip() as c:
        loop(c)
        assert flags(c) == (0, 1)
        put(c, 1)
        assert flags(c) == (0, 0)  # STXISEL 0: not all is sent
        c.step_ns(8 * BIT)
        assert flags(c) == (1, 1)
        take(c, 1)
        assert flags(c) == (0, 1)
        c.write("SPI1CONCLR", ON)
        assert flags(c) == (0, 0)


def test_overflow_keeps_what_was_there_and_is_a_fault(chip: ChipFactory) -> None:
    with chip() as c:
        loop(c)
        for word in (1, 2, 3):
            put(c, word)
            c.step_ns(8 * BIT)
        assert stat(c) == ROV | RBF | TBE | SRMT
        assert c.ifs("SPI1_FAULT") == 1
        c.clear_ifs("SPI1_FAULT")
        assert c.ifs("SPI1_FAULT") == 1
        c.write("SPI1CON2CLR", ROVEN)
        c.clear_ifs("SPI1_FAULT")
        assert c.ifs("SPI1_FAULT") == 0
        assert take(c, 1) == [1]
        c.write("SPI1STATSET", TUR | ROV)  # software cannot set them
        c.write("SPI1STATCLR", ROV)
        assert stat(c) == RBE | TBE | SRMT


def test_off_empties_and_aborts(chip: ChipFactory) -> None:
    with chip() as c:
        loop(c, con=ENHBUF)
        put(c, *range(17))
        c.step_ns(17 * 8 * BIT)
        put(c, 1, 2, 3)
        c.write("SPI1CONCLR", ON)
        assert c.read("SPI1STAT") == TBE | RBE
        c.step(1.0)
        assert c.read("SPI1STAT") == TBE | RBE
        put(c, 5)
        assert "SPI1BUF written while the SPI is off" in c.log()
        c.write("SPI1CONSET", ON)
        c.step(1.0)
        assert stat(c) == TBE | RBE | SRMT


def test_fifos_and_clock_are_chosen_while_off(chip: ChipFactory) -> None:
    with chip() as c:
        c.write("SPI1CON", MASTER | ENHBUF)
        c.write("SPI1CONCLR", ENHBUF)
        c.write("SPI1CONSET", MCLKSEL)
        assert c.read("SPI1CON") == MASTER | ENHBUF
        c.write("SPI1CON", MSTEN | MCLKSEL)
        assert c.read("SPI1CON") == MSTEN | MCLKSEL


def test_clock_change_applies_to_the_next_word(chip: ChipFactory) -> None:
    with chip() as c:
        loop(c)
        put(c, 1, 2)
        c.unlock()
        c.write("PB2DIV", ON | 7)  # 8 MHz / 8
        c.step_ns(8 * BIT)
        assert take(c, 1) == [1]
        c.step_ns(8 * 2000 - 1)
        assert stat(c) & RBF == 0
        c.step_ns(1)
        assert take(c, 1) == [2]


def test_a_word_written_by_bytes_goes_out_with_its_last_one(chip: ChipFactory) -> None:
    with chip() as c:
        loop(c, con=MODE32)
        for offset, byte in enumerate((0xEF, 0xCD, 0xAB, 0x89)):
            assert stat(c) & BUSY == 0
            c.write("SPI1BUF", byte, size=1, offset=offset)
        c.step_ns(32 * BIT)
        assert take(c, 1) == [0x89ABCDEF]
        c.write("SPI1CON", MASTER)
        c.write("SPI1BUF", 0x55, size=1, offset=3)  # beyond a word of 8 bits
        assert stat(c) & BUSY == 0
        c.write("SPI1BUF", 0x77, size=1)
        c.step_ns(8 * BIT)
        assert take(c, 1) == [0x77]


@pytest.mark.parametrize(("mode", "bits"), SIZES[:2])
def test_sign_extension(chip: ChipFactory, mode: int, bits: int) -> None:
    with chip() as c:
        c.write("SPI1CON2", SGNEXT)
        loop(c, con=mode)
        seen = []
        for word in (1 << bits - 1, 1):
            put(c, word)
            c.step_ns(bits * BIT)
            seen += take(c, 1)
        assert seen == [0x1_0000_0000 - (1 << bits - 1), 1]


def test_sdi_sees_its_pin_when_nobody_is_there(chip: ChipFactory) -> None:
    with chip() as c:
        c.write("SDI1R", 1)  # RG8, analog after reset
        c.write("SPI1CON", MASTER)
        seen = []
        for ansel, level in ((0x100, 1), (0, 1), (0, 0)):
            c.write("ANSELG", ansel)
            c.panel.send({"pin": "RG8", "level": level})
            put(c, 0x5A)
            c.step_ns(8 * BIT)
            seen += take(c, 1)
        assert seen == [0, 0xFF, 0]
        assert "SDO1 is on no pin" in c.log()


def test_disabled_data_pins(chip: ChipFactory) -> None:
    with chip() as c:
        loop(c, con=DISSDI)
        put(c, 0x5A)
        c.step_ns(8 * BIT)
        assert stat(c) == TBE | RBE | SRMT  # nothing is received
        c.write("SPI1CON", 0)
        loop(c, con=DISSDO)
        put(c, 0x5A)
        c.step_ns(8 * BIT)
        assert take(c, 1) == [0]


def test_a_jumper_on_the_board_joins_data_pins(chip: ChipFactory) -> None:
    for jumpers, heard in (("RD3-RG8", 0x5A), ("RG8-RD3;RB1-RB2", 0x5A), ("RD4-RG8", 0)):
        with chip(properties={"jumpers": jumpers}) as c:
            c.write("ANSELG", 0)
            c.write("RPD3R", 5)  # SDO1
            c.write("SDI1R", 1)  # RG8
            c.write("SPI1CON", MASTER)
            put(c, 0x5A)
            c.step_ns(8 * BIT)
            assert take(c, 1) == [heard]


def test_a_jumper_carries_levels_both_ways(chip: ChipFactory) -> None:
    with chip(properties={"jumpers": "RD3-RG8"}) as c:
        c.write("ANSELG", 0)
        for out, port_in, bit in (("D", "G", 8), ("G", "D", 3)):
            other = 3 if out == "D" else 8
            c.write(f"TRIS{out}CLR", 1 << other)
            seen = []
            for level in (1, 0, 1):
                c.write(f"LAT{out}{'SET' if level else 'CLR'}", 1 << other)
                seen.append(c.read(f"PORT{port_in}") >> bit & 1)
            c.write(f"TRIS{out}SET", 1 << other)
            assert seen == [1, 0, 1]
            assert c.read(f"PORT{port_in}") >> bit & 1 == 0


@pytest.mark.parametrize(("polarity", "active"), [(0, 0), (FRMPOL, 1)])
def test_the_module_drives_its_select_pin(chip: ChipFactory, polarity: int, active: int) -> None:
    with chip() as c:
        c.write("RPD9R", 5)  # SS1
        c.write("SPI1CON", MASTER | MSSEN | ENHBUF | polarity)
        c.panel.events()
        start = c.now
        put(c, 1, 2, 3)
        c.step(1.0)
        c.write("SPI1CON", 0)
        events = [(line["t"] - start, line["level"]) for line in c.panel.events() if line["pin"] == "RD9"]
        assert events[:2] == [(0, active), (3 * 8 * BIT, 1 - active)]
        assert events[2][1] is None


JOINED = "RD1-RG6;RD3-RG7;RG8-RD2;RB1-RD0"  # SCK1-SCK2, SDO1-SDI2, SDO2-SDI1, a pin-SS2


def join(c: Chip, slave: int = 0) -> None:
    """SPI1 is the master and SPI2 its slave, over the board's wires."""
    for port in "BG":
        c.write(f"ANSEL{port}", 0)
    c.write("RPD3R", 5)  # SDO1
    c.write("SDI2R", 1)  # RG7
    c.write("RPG8R", 6)  # SDO2
    c.write("SDI1R", 0)  # RD2
    c.write("SPI1CON", MASTER | ENHBUF)
    c.write("SPI2CON", ON | CKE | ENHBUF | slave)


def test_a_slave_is_clocked_by_the_master_it_is_wired_to(chip: ChipFactory) -> None:
    with chip(properties={"jumpers": JOINED}) as c:
        join(c)
        put(c, 0xA1, 0xA2, n=2)
        assert counts(c, 2) == (2, 0)
        c.step(1.0)
        assert counts(c, 2) == (2, 0)  # nobody clocks it
        put(c, 0x51, 0x52, 0x53)
        c.step_ns(3 * 8 * BIT)
        assert take(c, 3) == [0xA1, 0xA2, 0]
        assert take(c, 3, n=2) == [0x51, 0x52, 0x53]


def test_a_slave_with_a_select_pin_answers_when_it_is_low(chip: ChipFactory) -> None:
    with chip(properties={"jumpers": JOINED}) as c:
        join(c, SSEN)
        c.write("SS2R", 3)  # RD0
        c.write("TRISBCLR", 1 << 1)
        seen = []
        for level in (1, 0):
            c.write("LATBSET" if level else "LATBCLR", 1 << 1)
            put(c, 0xA1, n=2)
            put(c, 0x51)
            c.step_ns(8 * BIT)
            seen.append((take(c, 1), take(c, 1, n=2)))
        assert seen == [([0], [0]), ([0xA1], [0x51])]


# --- audio words


@pytest.mark.parametrize(
    ("mode", "bits", "clocks", "depth"),
    [(0, 16, 16, 8), (MODE16, 16, 32, 8), (MODE32 | MODE16, 24, 32, 4), (MODE32, 32, 32, 4)],
)
def test_audio_words(chip: ChipFactory, mode: int, bits: int, clocks: int, depth: int) -> None:
    with chip() as c:
        c.write("SPI1CON2", AUDEN | IGNTUR)
        c.write("SPI1CON", 0)
        loop(c, con=mode | ENHBUF)
        put(c, *(0x80000000 + n for n in range(depth)))
        assert counts(c)[0] == depth  # the clock runs: zeros are on their way
        c.step_ns(clocks * BIT)
        assert (counts(c), take(c, 1)) == ((depth - 1, 1), [0])
        c.step_ns(clocks * BIT)
        assert take(c, 1) == [0x80000000 & ((1 << bits) - 1)]


def test_an_audio_underrun_stops_the_master_unless_it_is_ignored(chip: ChipFactory) -> None:
    for ignored in (0, IGNTUR):
        with chip() as c:
            c.write("SPI1CON2", AUDEN | TUREN | ignored)
            loop(c, con=DISSDI | ENHBUF)
            put(c, 1)
            c.step_ns(2 * 16 * BIT)
            assert (stat(c) & TUR, c.ifs("SPI1_FAULT")) == (TUR, 1)
            put(c, 2)
            c.step_ns(3 * 16 * BIT)
            assert counts(c)[0] == (0 if ignored else 1)
            c.write("SPI1STATCLR", TUR)
            c.step_ns(16 * BIT)
            assert counts(c)[0] == 0


def test_mono_sends_each_word_twice(chip: ChipFactory) -> None:
    with chip() as c:
        c.write("SPI1CON2", AUDEN | AUDMONO | IGNTUR | IGNROV)
        loop(c, con=ENHBUF)
        put(c, 0x1111, 0x2222)
        c.step_ns(6 * 16 * BIT)
        assert take(c, 6) == [0, 0, 0x1111, 0x1111, 0x2222, 0x2222]
