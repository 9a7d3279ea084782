# SPDX-License-Identifier: MIT
"""UART: pin routing, character timing, FIFOs, interrupt conditions (DS60001320 chapter 22, DS60001107)."""

from __future__ import annotations

import pytest
from conftest import ChipFactory
from qtest import Chip

ON, LPBACK, BRGH, STSEL, WAKE, ABAUD = 1 << 15, 1 << 6, 1 << 3, 1 << 0, 1 << 7, 1 << 5
PDSEL_EVEN, PDSEL_9BIT = 1 << 1, 3 << 1
URXDA, OERR, FERR, RIDLE, ADDEN, TRMT, UTXBF = 1 << 0, 1 << 1, 1 << 2, 1 << 4, 1 << 5, 1 << 8, 1 << 9
UTXEN, UTXBRK, URXEN = 1 << 10, 1 << 11, 1 << 12
FIFO_DEPTH = 8


def pbclk_hz(chip: Chip) -> int:
    """The rate of PBCLK2, from FRC and PB2DIV."""
    return 8_000_000 // ((chip.read("PB2DIV") & 0x7F) + 1)


def character_ns(chip: Chip, brg: int, bits: int = 10) -> int:
    return round(bits * 16 * (brg + 1) * 1e9 / pbclk_hz(chip))


def route(chip: Chip) -> None:
    """U2TX to RB14, U2RX to RG6, as on the starter kit."""
    chip.write("ANSELG", 0)
    chip.write("RPB14R", 2)
    chip.write("U2RXR", 1)


def start(chip: Chip, mode: int = 0, sta: int = UTXEN | URXEN, brg: int = 1) -> None:
    route(chip)
    chip.write("U2BRG", brg)
    chip.write("U2STA", sta)
    chip.write("U2MODE", ON | mode)


def sta(chip: Chip) -> int:
    return chip.read("U2STA")


def transmit(chip: Chip, *characters: int) -> None:
    for character in characters:
        chip.write("U2TXREG", character)


def receive(chip: Chip) -> int:
    return chip.read("U2RXREG")


def test_status_after_reset_is_idle(chip: ChipFactory) -> None:
    c = chip()
    assert sta(c) == TRMT | RIDLE
    assert c.read("U2MODE") == 0


def test_character_leaves_when_its_stop_bit_ends(chip: ChipFactory) -> None:
    c = chip()
    start(c, brg=25)
    transmit(c, ord("A"))
    assert not sta(c) & TRMT
    c.step_ns(character_ns(c, 25) - 10)
    assert c.uarts[2].received() == b""
    assert not sta(c) & TRMT
    c.step_ns(20)
    assert c.uarts[2].received() == b"A"
    assert sta(c) & TRMT


@pytest.mark.parametrize(
    ("mode", "bits"),
    [(0, 10), (STSEL, 11), (PDSEL_EVEN, 11), (PDSEL_9BIT, 11), (PDSEL_9BIT | STSEL, 12), (BRGH, 2.5)],
)
def test_format_and_rate_set_the_time_of_a_character(chip: ChipFactory, mode: int, bits: float) -> None:
    c = chip()
    start(c, mode, brg=99)
    transmit(c, 0x55, 0xAA)
    time = round(bits * 16 * 100 * 1e9 / pbclk_hz(c))
    c.step_ns(2 * time - 10)
    assert c.uarts[2].received() == b"\x55"
    c.step_ns(20)
    assert c.uarts[2].received() == b"\xaa"


def test_nothing_leaves_without_a_pin(chip: ChipFactory) -> None:
    c = chip()
    start(c)
    c.write("RPB14R", 0)
    transmit(c, ord("x"))
    c.step(0.01)
    assert sta(c) & TRMT, "the transmitter works all the same"
    assert c.uarts[2].received() == b""
    assert "U2TX is on no pin" in c.log()
    c.write("RPB14R", 2)
    transmit(c, ord("y"))
    c.step(0.01)
    assert c.uarts[2].received() == b"y"


def test_nothing_enters_at_an_analog_pin(chip: ChipFactory) -> None:
    c = chip()
    start(c)
    c.write("ANSELG", 1 << 6)
    c.uarts[2].send(b"x")
    c.step(0.01)
    assert not sta(c) & URXDA
    c.write("ANSELG", 0)
    c.uarts[2].send(b"y")
    c.step(0.01)
    assert receive(c) == ord("y")


def test_transmit_fifo_takes_eight_and_one_in_the_shift_register(chip: ChipFactory) -> None:
    c = chip()
    start(c, brg=25)
    transmit(c, *b"123456789")
    assert sta(c) & UTXBF
    transmit(c, ord("!"))
    c.step(0.1)
    assert c.uarts[2].received() == b"123456789"
    assert "UTXBF is set" in c.log()


def test_utxen_off_throws_away_what_waits(chip: ChipFactory) -> None:
    c = chip()
    start(c)
    transmit(c, *b"abc")
    c.write("U2STA", URXEN)
    assert sta(c) & TRMT
    c.write("U2STA", URXEN | UTXEN)
    c.step(0.01)
    assert c.uarts[2].received() == b""


def test_characters_wait_for_utxen(chip: ChipFactory) -> None:
    c = chip()
    start(c, sta=0)
    transmit(c, ord("w"))
    c.step(0.01)
    assert c.uarts[2].received() == b""
    c.write("U2STA", UTXEN)
    c.step(0.01)
    assert c.uarts[2].received() == b"w"


@pytest.mark.parametrize(("utxisel", "requests"), [(0, [0, 1, 1, 1]), (1, [0, 0, 0, 1]), (2, [0, 0, 1, 1])])
def test_transmit_interrupt_conditions(chip: ChipFactory, utxisel: int, requests: list[int]) -> None:
    """Full FIFO, one place free, FIFO empty but TSR busy, all sent."""
    c = chip()
    start(c, sta=UTXEN | utxisel << 14, brg=25)
    transmit(c, *range(FIFO_DEPTH + 1))
    time = character_ns(c, 25)
    seen = []
    for characters in (0, 1, FIFO_DEPTH - 1, 1):
        c.step_ns(characters * time)
        c.clear_ifs("UART2_TX")
        seen.append(c.ifs("UART2_TX"))
    assert seen == requests


@pytest.mark.parametrize(("urxisel", "first"), [(0, 1), (1, 4), (2, 6)])
def test_receive_interrupt_conditions(chip: ChipFactory, urxisel: int, first: int) -> None:
    c = chip()
    start(c, sta=URXEN | urxisel << 6, brg=25)
    c.uarts[2].send(bytes(range(FIFO_DEPTH)))
    c.step_ns(10)
    seen = []
    for _ in range(FIFO_DEPTH):
        c.step_ns(character_ns(c, 25))
        seen.append(c.ifs("UART2_RX"))
    assert seen.index(1) + 1 == first


def test_receive_flag_comes_back_until_the_fifo_is_read(chip: ChipFactory) -> None:
    """The classic: clearing IFS without reading U2RXREG does not help."""
    c = chip()
    start(c)
    c.uarts[2].send(b"k")
    c.step(0.01)
    c.clear_ifs("UART2_RX")
    assert c.ifs("UART2_RX") == 1
    assert receive(c) == ord("k")
    c.clear_ifs("UART2_RX")
    assert c.ifs("UART2_RX") == 0


def test_host_is_paced_at_the_baud_rate(chip: ChipFactory) -> None:
    c = chip()
    start(c, brg=25)
    c.uarts[2].send(b"abcd")
    time = character_ns(c, 25)
    c.step_ns(time // 2)
    assert not sta(c) & (RIDLE | URXDA)
    for character in b"abcd":
        assert not sta(c) & URXDA
        c.step_ns(time)
        assert receive(c) == character


def test_host_that_sends_much_at_once_loses_nothing(chip: ChipFactory) -> None:
    c = chip()
    start(c, brg=25)
    data = bytes(i * 7 & 0xFF for i in range(20_000))
    c.uarts[2].send(data)
    got = bytearray()
    for _ in range(len(data) // FIFO_DEPTH + 1):
        c.step_ns(FIFO_DEPTH * character_ns(c, 25))
        while sta(c) & URXDA:
            got.append(receive(c))
    assert not sta(c) & OERR
    assert got == data


def test_overrun_keeps_eight_and_stops_until_oerr_is_cleared(chip: ChipFactory) -> None:
    c = chip()
    start(c)
    c.uarts[2].send(b"0123456789")
    c.step(0.01)
    assert sta(c) & OERR
    assert c.ifs("UART2_FAULT") == 1
    c.write("U2STA", UTXEN | URXEN | OERR)
    assert sta(c) & OERR, "writing 1 keeps it"
    assert receive(c) == ord("0")
    c.uarts[2].send(b"z")
    c.step(0.01)
    c.write("U2STA", UTXEN | URXEN)
    assert not sta(c) & (OERR | URXDA), "clearing OERR empties the FIFO"
    c.clear_ifs("UART2_FAULT")
    assert c.ifs("UART2_FAULT") == 0
    c.uarts[2].send(b"n")
    c.step(0.01)
    assert receive(c) == ord("n")


def test_oerr_cannot_be_set_by_software(chip: ChipFactory) -> None:
    c = chip()
    start(c)
    c.write("U2STA", UTXEN | URXEN | OERR)
    assert not sta(c) & OERR


def test_off_empties_both_fifos(chip: ChipFactory) -> None:
    c = chip()
    start(c)
    c.uarts[2].send(b"r")
    c.step(0.01)
    transmit(c, *b"tt")
    c.write("U2MODE", 0)
    assert sta(c) & (URXDA | TRMT) == TRMT
    c.write("U2MODE", ON)
    c.step(0.01)
    assert c.uarts[2].received() == b""


def test_what_comes_while_the_receiver_is_off_is_lost(chip: ChipFactory) -> None:
    c = chip()
    start(c, sta=UTXEN)
    c.uarts[2].send(b"early")
    c.write("U2STA", UTXEN | URXEN)
    c.step(0.01)
    assert not sta(c) & URXDA
    assert "what comes in is lost" in c.log()


def test_loopback_needs_no_pin_and_carries_nine_bits(chip: ChipFactory) -> None:
    c = chip()
    start(c, LPBACK | PDSEL_9BIT)
    transmit(c, 0x1A5)
    c.step(0.01)
    assert receive(c) == 0x1A5
    c.uarts[2].send(b"outside")
    c.step(0.01)
    assert not sta(c) & URXDA


def test_address_detect_drops_data_characters(chip: ChipFactory) -> None:
    c = chip()
    start(c, LPBACK | PDSEL_9BIT, sta=UTXEN | URXEN | ADDEN)
    transmit(c, 0x011, 0x122, 0x033)
    c.step(0.01)
    assert receive(c) == 0x122
    assert not sta(c) & URXDA


def test_automatic_address_detect_takes_its_own_address_only(chip: ChipFactory) -> None:
    c = chip()
    start(c, LPBACK | PDSEL_9BIT, sta=1 << 24 | 0x42 << 16 | UTXEN | URXEN | ADDEN)
    transmit(c, 0x141, 0x142)
    c.step(0.01)
    assert receive(c) == 0x142
    assert not sta(c) & URXDA


def test_break_goes_out_once_and_reads_as_a_framing_error(chip: ChipFactory) -> None:
    c = chip()
    start(c, LPBACK, sta=UTXEN | URXEN | UTXBRK, brg=25)
    transmit(c, 0x77)
    c.step_ns(character_ns(c, 25, bits=14) - 10)
    assert sta(c) & UTXBRK
    c.step_ns(20)
    assert not sta(c) & UTXBRK
    assert sta(c) & FERR
    assert c.ifs("UART2_FAULT") == 1
    assert receive(c) == 0
    assert not sta(c) & FERR
    assert c.uarts[2].received() == b""


def test_wake_and_autobaud_end_with_the_first_character(chip: ChipFactory) -> None:
    c = chip()
    start(c, WAKE | ABAUD, brg=25)
    c.uarts[2].send(b"U")
    c.step(0.01)
    assert c.read("U2MODE") == ON
    assert c.read("U2BRG") == 25


def test_byte_writes_send_one_character_each(chip: ChipFactory) -> None:
    c = chip()
    start(c, PDSEL_9BIT | LPBACK)
    transmit(c, 0x1FF)
    c.write("U2TXREG", 0x41, size=1)
    c.step(0.01)
    assert [receive(c), receive(c)] == [0x1FF, 0x41]


def test_clock_divider_slows_the_line(chip: ChipFactory) -> None:
    c = chip()
    start(c, brg=25)
    before = character_ns(c, 25)
    c.unlock()
    c.write("PB2DIV", 0x8000 | 15)
    after = character_ns(c, 25)
    assert after > before
    transmit(c, ord("s"))
    c.step_ns(after - 10)
    assert c.uarts[2].received() == b""
    c.step_ns(20)
    assert c.uarts[2].received() == b"s"


def test_host_that_reads_late_gets_everything_and_stops_nothing(chip: ChipFactory) -> None:
    """A full socket must not stop the machine: the panel and QMP live in the same process."""
    c = chip()
    start(c, BRGH, brg=0)
    time = character_ns(c, 0, bits=3)
    count = 4_000  # more single bytes than a socket buffers
    sent = bytearray()
    while len(sent) < count:
        block = bytes((len(sent) + i) * 31 & 0xFF for i in range(FIFO_DEPTH))
        transmit(c, *block)
        sent += block
        c.step_ns(FIFO_DEPTH * time)
    got = bytearray()
    while len(got) < len(sent):
        c.settle()
        more = c.uarts[2].received()
        assert more, f"{len(sent) - len(got)} of {len(sent)} bytes never came"
        got += more
    assert got == sent
