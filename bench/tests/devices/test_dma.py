# SPDX-License-Identifier: MIT
"""DMA controller: cells, blocks, events, chaining, patterns, time (DS60001320 chapter 10, DS60001117)."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest
from conftest import ChipFactory
from dma import (
    CABORT,
    CFORCE,
    CHAED,
    CHAEN,
    CHBCIF,
    CHBUSY,
    CHCCIF,
    CHCHN,
    CHCHNS,
    CHDDIF,
    CHDHIF,
    CHEDET,
    CHEN,
    CHERIF,
    CHPATLEN,
    CHPIGNEN,
    CHSDIF,
    CHSHIF,
    CHTAIF,
    DESTINATION,
    DMABUSY,
    NOWHERE,
    ON,
    PATEN,
    SOURCE,
    SUSPEND,
    TRANSACTION,
    bytes_of,
    enabled,
    flags,
    force,
    irq,
    pointers,
    setup,
)
from qtest import Chip
from test_cru import PLL_FROM_FRC, SPLL_HS, image


def test_reset_values(chip: ChipFactory) -> None:
    with chip() as c:
        for name in ("DMACON", "DMASTAT", "DMAADDR", "DCRCCON", "DCRCDATA", "DCRCXOR"):
            assert c.read(name) == 0
        for n in range(8):
            assert c.read(f"DCH{n}ECON") == 0x00FFFF00
            for name in ("CON", "INT", "SSA", "DSA", "SSIZ", "DSIZ", "SPTR", "DPTR", "CSIZ", "CPTR", "DAT"):
                assert c.read(f"DCH{n}{name}") == 0, name


def test_every_channel_copies_and_interrupts(chip: ChipFactory) -> None:
    with chip() as c:
        for channel in range(8):
            data = bytes_of(64, channel)
            c.memwrite(SOURCE, data)
            c.write(f"DCH{channel}INT", CHBCIF << 16)
            setup(c, channel, sizes=(64, 64, 64))
            force(c, channel)
            c.step_ns(16 * TRANSACTION)
            assert c.memread(DESTINATION, 64) == data
            assert [n for n in range(8) if c.ifs(f"DMA{n}")] == [channel]
            c.clear_ifs(f"DMA{channel}")
            assert c.ifs(f"DMA{channel}") == 1, "the flag in DCHxINT is still set"
            c.write(f"DCH{channel}INTCLR", 0xFF)
            c.clear_ifs(f"DMA{channel}")
            assert c.ifs(f"DMA{channel}") == 0


def test_a_transaction_takes_its_time(chip: ChipFactory) -> None:
    with chip() as c:
        c.memwrite(SOURCE, b"abcd")
        setup(c, sizes=(4, 4, 4))
        c.step_ns(TRANSACTION * 10)
        assert flags(c) == 0, "nothing starts without an event"
        force(c)
        assert c.read("DMACON") & DMABUSY
        c.step_ns(TRANSACTION - 1)
        assert (c.memread(DESTINATION, 4), flags(c)) == (bytes(4), 0)
        c.step_ns(1)
        assert c.memread(DESTINATION, 4) == b"abcd"
        assert not c.read("DMACON") & DMABUSY


def test_a_long_block_is_seen_where_it_is(chip: ChipFactory) -> None:
    with chip() as c:
        data = bytes_of(65536)
        c.memwrite(0x10000, data)
        setup(c, source=0x10000, destination=0x30000, sizes=(0, 0, 0))
        force(c)
        start = c.now
        for count in (1, 7, 100, 8000):
            c.clock_set(start + count * TRANSACTION)
            assert pointers(c) == (4 * count,) * 3
            assert c.memread(0x30000, 4 * count + 4) == data[: 4 * count] + bytes(4)
        c.clock_set(start + 16384 * TRANSACTION - 1)
        assert not flags(c) & CHBCIF
        c.step_ns(1)
        assert flags(c) & CHBCIF
        assert c.memread(0x30000, 65536) == data


def test_sysclk_sets_the_time(chip: ChipFactory) -> None:
    with chip() as c:
        setup(c, sizes=(400, 400, 400))
        c.unlock()
        c.write("OSCCON", c.read("OSCCON") & ~(7 << 24) | 1 << 24)  # FRC / 2
        force(c)
        c.step_ns(100 * 2 * TRANSACTION - 1)
        assert not flags(c) & CHBCIF
        c.step_ns(1)
        assert flags(c) & CHBCIF


def test_interrupt_flags_of_both_ends(chip: ChipFactory) -> None:
    with chip() as c:
        setup(c, sizes=(16, 16, 16))
        force(c)
        seen = []
        for _ in range(4):
            c.step_ns(TRANSACTION)
            seen.append(flags(c))
        half = CHSHIF | CHDHIF
        assert seen == [0, half, half, half | CHSDIF | CHDDIF | CHCCIF | CHBCIF]


def test_half_interrupt_comes_on_time_in_a_long_block(chip: ChipFactory) -> None:
    with chip() as c:
        c.write("DCH0INT", CHSHIF << 16)
        setup(c, sizes=(4000, 4000, 4000))
        force(c)
        c.step_ns(500 * TRANSACTION - 1)
        assert c.ifs("DMA0") == 0
        c.step_ns(1)
        assert c.ifs("DMA0") == 1


def test_each_flag_has_its_enable(chip: ChipFactory) -> None:
    with chip() as c:
        for flag in (1 << n for n in range(8)):
            c.write("DCH3INT", flag | (0xFF & ~flag) << 16)
            c.clear_ifs("DMA3")
            assert c.ifs("DMA3") == 0
            c.write("DCH3INTSET", flag << 16)
            assert c.ifs("DMA3") == 1


def test_cells_wait_for_events(chip: ChipFactory) -> None:
    with chip() as c:
        data = bytes_of(12)
        c.memwrite(SOURCE, data)
        setup(c, sizes=(12, 12, 5))
        for done in (5, 10):
            force(c)
            c.step_ns(10 * TRANSACTION)
            assert flags(c) & (CHCCIF | CHBCIF) == CHCCIF
            assert pointers(c) == (done, done, 0)
            assert c.memread(DESTINATION, 12) == data[:done] + bytes(12 - done)
            c.write("DCH0INTCLR", 0xFF)
        force(c)
        c.step_ns(10 * TRANSACTION)
        assert flags(c) & (CHCCIF | CHBCIF) == CHCCIF | CHBCIF
        assert (pointers(c), enabled(c)) == ((0, 0, 0), False)
        assert c.memread(DESTINATION, 12) == data


def test_the_larger_size_ends_the_block(chip: ChipFactory) -> None:
    """The smaller side starts over as often as it must."""
    with chip() as c:
        c.memwrite(SOURCE, b"abcdefgh")
        for sizes in ((3, 8, 8), (8, 3, 8), (1, 4, 4), (4, 1, 4), (5, 7, 100)):
            c.write("DCH0INTCLR", 0xFF)
            setup(c, sizes=sizes)
            force(c)
            c.step_ns(20 * TRANSACTION)
            assert flags(c) & CHBCIF
            destination = bytearray(sizes[1])
            for n in range(max(sizes[:2])):
                destination[n % sizes[1]] = b"abcdefgh"[n % sizes[0]]
            assert c.memread(DESTINATION, sizes[1]) == bytes(destination)


def test_any_alignment(chip: ChipFactory) -> None:
    with chip() as c:
        for source, destination, count in itertools.product(range(4), range(4), (1, 2, 3, 5, 14)):
            data = bytes_of(count)
            c.memwrite(SOURCE + source, data)
            c.memwrite(DESTINATION, bytes(20))
            setup(c, source=SOURCE + source, destination=DESTINATION + destination, sizes=(count, count, count))
            force(c)
            c.step_ns(20 * TRANSACTION)
            assert c.memread(DESTINATION, 20) == bytes(destination) + data + bytes(20 - count - destination)


def test_flash_can_be_read_and_not_written(chip: ChipFactory) -> None:
    with chip() as c:
        c.memwrite(DESTINATION, b"....")
        setup(c, source=0x1D000000, sizes=(4, 4, 4))
        force(c)
        c.step_ns(TRANSACTION)
        assert c.memread(DESTINATION, 4) == b"\xff" * 4
        setup(c, destination=0x1D000000, sizes=(4, 4, 4))
        c.write("DCH0INTCLR", 0xFF)
        force(c)
        c.step_ns(TRANSACTION)
        assert flags(c) == CHERIF
        assert c.read(0x1D000000) == 0xFFFFFFFF


@pytest.mark.parametrize(("source", "destination", "read"), [(NOWHERE, DESTINATION, 1), (SOURCE, NOWHERE, 0)])
def test_address_error(chip: ChipFactory, source: int, destination: int, read: int) -> None:
    with chip() as c:
        c.write("DCH5INT", CHERIF << 16)
        setup(c, 5, source=source, destination=destination, sizes=(64, 64, 64), con=CHAEN)
        force(c, 5)
        c.step_ns(20 * TRANSACTION)
        assert (flags(c, 5), enabled(c, 5), c.ifs("DMA5")) == (CHERIF, False, 1)
        assert (c.read("DMASTAT"), c.read("DMAADDR")) == (read << 31 | 5, NOWHERE)


def test_auto_enable_stays_on_and_waits_for_the_next_event(chip: ChipFactory) -> None:
    with chip() as c:
        setup(c, sizes=(4, 4, 4), con=CHAEN)
        for text in (b"once", b"more"):
            c.memwrite(SOURCE, text)
            force(c)
            c.step_ns(5 * TRANSACTION)
            assert c.memread(DESTINATION, 4) == text
            assert enabled(c)
            c.memwrite(SOURCE, b"stop")


def test_busy_follows_the_enable_bit_and_the_bus(chip: ChipFactory) -> None:
    with chip() as c:
        setup(c, sizes=(8, 8, 8))
        assert c.read("DCH0CON") & CHBUSY
        force(c)
        c.write("DCH0CONCLR", CHEN)
        assert c.read("DCH0CON") & CHBUSY, "its transaction is on the bus"
        c.step_ns(TRANSACTION)
        assert not c.read("DCH0CON") & (CHBUSY | CHEN)
        assert pointers(c) == (4, 4, 4)
        c.step_ns(5 * TRANSACTION)
        c.write("DCH0CONSET", CHEN)  # goes on where it was
        c.step_ns(TRANSACTION)
        assert flags(c) & CHBCIF


def test_suspend_and_on_hold_everything(chip: ChipFactory) -> None:
    with chip() as c:
        for stop, go in (("DMACONSET", "DMACONCLR"), ("DMACONCLR", "DMACONSET")):
            bit = SUSPEND if stop.endswith("SET") else ON
            c.write("DCH0INTCLR", 0xFF)
            setup(c, sizes=(8, 8, 8))
            force(c)
            c.write(stop, bit)
            c.step_ns(TRANSACTION)
            assert not c.read("DMACON") & DMABUSY
            c.step_ns(100 * TRANSACTION)
            assert pointers(c) == (4, 4, 4)
            c.write(go, bit)
            c.step_ns(TRANSACTION)
            assert flags(c) & CHBCIF


def test_event_before_on_is_kept(chip: ChipFactory) -> None:
    with chip() as c:
        setup(c, sizes=(4, 4, 4))
        c.write("DMACON", 0)
        force(c)
        assert c.read("DCH0CON") & CHEDET
        c.step_ns(10 * TRANSACTION)
        assert flags(c) == 0
        c.write("DMACON", ON)
        c.step_ns(TRANSACTION)
        assert flags(c) & CHBCIF
        assert not c.read("DCH0CON") & CHEDET


@pytest.mark.parametrize("chaed", [0, CHAED])
def test_events_of_a_disabled_channel(chip: ChipFactory, chaed: int) -> None:
    with chip() as c:
        setup(c, sizes=(4, 4, 4))
        c.write("DCH0CON", chaed)
        force(c)
        assert bool(c.read("DCH0CON") & CHEDET) == bool(chaed)
        c.write("DCH0CONSET", CHEN)
        c.step_ns(10 * TRANSACTION)
        assert bool(flags(c) & CHBCIF) == bool(chaed)


def test_abort_by_software(chip: ChipFactory) -> None:
    with chip() as c:
        c.write("DCH0INT", CHTAIF << 16)
        setup(c, sizes=(64, 64, 64), con=CHAEN)
        force(c)
        c.step_ns(3 * TRANSACTION)
        assert pointers(c) == (12, 12, 12)
        c.write("DCH0ECONSET", CABORT)
        assert c.read("DCH0ECON") & (CABORT | CFORCE) == 0
        assert (pointers(c), enabled(c), flags(c), c.ifs("DMA0")) == ((0, 0, 0), False, CHTAIF, 1)
        c.step_ns(10 * TRANSACTION)
        assert c.read("DCH0CON") & (CHEN | CHBUSY) == 0
        assert pointers(c) == (0, 0, 0)


def test_abort_by_interrupt(chip: ChipFactory) -> None:
    with chip() as c:
        c.write("PR3", 9)
        setup(c, sizes=(64, 64, 64), econ=irq("TIMER_2", abort="TIMER_3"))
        force(c)
        c.step_ns(2 * TRANSACTION)
        c.write("T3CON", 0x8000)
        c.step_ns(10 * 250 + 1)
        assert (enabled(c), flags(c), pointers(c)) == (False, CHTAIF, (0, 0, 0))


def test_new_addresses_rewind_a_channel(chip: ChipFactory) -> None:
    with chip() as c:
        setup(c, sizes=(64, 64, 64))
        force(c)
        c.step_ns(3 * TRANSACTION)
        c.write("DCH0CONCLR", CHEN)
        c.step_ns(TRANSACTION)
        c.write("DCH0SSA", SOURCE)
        assert pointers(c) == (0, 0, 0)
        c.write("DCH0CONSET", CHEN)
        c.step_ns(10 * TRANSACTION)
        assert pointers(c) == (0, 0, 0), "a new cell waits for its event"


def test_timer_triggers_cells(chip: ChipFactory) -> None:
    """The timer's interrupt is not enabled, and nobody clears its flag."""
    with chip() as c:
        c.write("PR2", 99)
        setup(c, 2, source="TMR2", sizes=(2, 8, 2), econ=irq("TIMER_2"))
        c.write("T2CON", 0x8000)
        values = []
        for _ in range(4):
            c.step_ns(100 * 250)
            values.append(c.read("DCH2DPTR"))
        c.step_ns(10 * TRANSACTION)
        assert values == [0, 2, 4, 6]
        assert flags(c, 2) & CHBCIF
        data = c.memread(DESTINATION, 8)
        ticks = TRANSACTION // 250
        assert [int.from_bytes(data[n : n + 2], "little") for n in range(0, 8, 2)] == [ticks] * 4


def test_an_event_during_a_cell_is_kept_and_only_one(chip: ChipFactory) -> None:
    with chip() as c:
        setup(c, sizes=(64, 64, 16))
        force(c)
        force(c)
        force(c)
        assert c.read("DCH0CON") & CHEDET
        c.step_ns(30 * TRANSACTION)
        assert pointers(c) == (32, 32, 0)


def uart_start(c: Chip, mode: int = 0) -> None:
    c.write("RPB14R", 2)  # U2TX to RB14
    c.write("U2BRG", 0)
    c.write("U2STA", 0x1400)
    c.write("U2MODE", 0x8000 | mode)


def test_uart_transmits_a_block_at_the_rate_of_the_line(chip: ChipFactory) -> None:
    """No CFORCE: the transmit flag is a level that is high already."""
    with chip() as c:
        text = bytes(range(65, 65 + 40))
        c.memwrite(SOURCE, text)
        uart_start(c)
        start = c.now
        setup(c, source=SOURCE, destination="U2TXREG", sizes=(40, 1, 1), econ=irq("UART2_TX"))
        character = 160 * 250  # ns: 10 bits of 16 clocks of PBCLK2
        c.clock_set(start + 2 * character)
        assert 9 <= c.read("DCH0SPTR") <= 11, "FIFO and shift register are full"
        c.clock_set(start + 40 * character)
        assert flags(c) & CHBCIF
        c.step_ns(2 * TRANSACTION)
        assert c.uarts[2].received() == text
        assert "UTXBF" not in c.log()


def test_uart_receives_each_byte_until_the_pattern(chip: ChipFactory) -> None:
    with chip() as c:
        uart_start(c, mode=0x40)
        c.write("DCH1DAT", ord("\n"))
        c.write("DCH1INT", CHBCIF << 16)
        setup(c, 1, source="U2RXREG", destination=DESTINATION, sizes=(1, 100, 1), econ=irq("UART2_RX") | PATEN)
        c.memwrite(SOURCE, b"hello\nworld")
        setup(c, 0, destination="U2TXREG", sizes=(11, 1, 1), econ=irq("UART2_TX"))
        c.step_ns(6 * 160 * 250 + 10 * TRANSACTION)
        assert (flags(c, 1) & CHBCIF, enabled(c, 1), c.ifs("DMA1")) == (CHBCIF, False, 1)
        c.step_ns(10 * 160 * 250)
        assert c.memread(DESTINATION, 10) == b"hello\n" + bytes(4)
        assert c.read("U2STA") & 1, "the rest waits in the FIFO"


@pytest.mark.parametrize(
    ("con", "pattern", "data", "end"),
    [
        (0, 0x63, b"abcdef", 3),
        (0, 0x1263, b"abcdef", 3),  # one byte: the upper one does not matter
        (CHPATLEN, 0x0A0D, b"a\rb\r\ncdef", 5),
        (CHPATLEN, 0x0A0D, b"\r\r\ncdef", 3),
        (CHPATLEN, 0x0A0D, b"\r \ncdef\r\n", 9),
        (CHPATLEN | CHPIGNEN | 0x20 << 24, 0x0A0D, b"\r \ncdef\r\n", 3),
        (CHPIGNEN | 0x63 << 24, 0x63, b"abcdef", 6),
    ],
)
def test_pattern_match(chip: ChipFactory, con: int, pattern: int, data: bytes, end: int) -> None:
    with chip() as c:
        c.memwrite(SOURCE, data)
        c.write("DCH0DAT", pattern)
        setup(c, sizes=(len(data), 1, len(data)), con=con, econ=PATEN)
        force(c)
        c.step_ns(end * TRANSACTION - 1)
        assert not flags(c) & CHBCIF
        c.step_ns(1)
        assert flags(c) & (CHBCIF | CHCCIF) == CHBCIF | CHCCIF
        assert c.memread(DESTINATION, 1)[0] == data[end - 1]
        assert (pointers(c), enabled(c)) == ((0, 0, 0), False)


def test_pattern_match_leaves_an_auto_enabled_channel_on(chip: ChipFactory) -> None:
    with chip() as c:
        c.memwrite(SOURCE, b"abcdef")
        c.write("DCH0DAT", ord("b"))
        setup(c, sizes=(6, 1, 6), con=CHAEN, econ=PATEN)
        force(c)
        c.step_ns(20 * TRANSACTION)
        assert (enabled(c), pointers(c), c.memread(DESTINATION, 1)) == (True, (0, 0, 0), b"b")


@pytest.mark.parametrize(("master", "slave", "chchns"), [(0, 1, 0), (7, 6, CHCHNS)])
def test_chaining_enables_the_neighbour(chip: ChipFactory, master: int, slave: int, chchns: int) -> None:
    with chip() as c:
        setup(c, slave, sizes=(4, 4, 4), destination=DESTINATION + 16, con=CHCHN | chchns)
        c.write(f"DCH{slave}CONCLR", CHEN)
        wrong = 2 if slave == 1 else 5
        setup(c, wrong, sizes=(4, 4, 4), con=CHCHN | chchns)
        c.write(f"DCH{wrong}CONCLR", CHEN)
        setup(c, master, sizes=(8, 8, 4))
        force(c, master)
        c.step_ns(5 * TRANSACTION)
        assert not enabled(c, slave), "a cell is no block"
        force(c, master)
        c.step_ns(5 * TRANSACTION)
        assert enabled(c, slave)
        assert not enabled(c, wrong)
        assert flags(c, slave) == 0, "enabled, not started"
        force(c, slave)
        c.step_ns(5 * TRANSACTION)
        assert flags(c, slave) & CHBCIF


def test_chained_channel_takes_an_event_that_came_before(chip: ChipFactory) -> None:
    with chip() as c:
        c.memwrite(SOURCE, b"12345678")
        setup(c, 1, source=SOURCE + 4, destination=DESTINATION + 4, sizes=(4, 4, 4), con=CHCHN | CHAED)
        c.write("DCH1CONCLR", CHEN)
        force(c, 1)
        setup(c, 0, sizes=(4, 4, 4))
        force(c, 0)
        c.step_ns(2 * TRANSACTION)
        assert c.memread(DESTINATION, 8) == b"12345678"


def test_one_channel_ends_starts_another(chip: ChipFactory) -> None:
    """A channel's interrupt is an event like any other."""
    with chip() as c:
        c.memwrite(SOURCE, b"relay")
        c.write("DCH0INT", CHBCIF << 16)
        setup(c, 4, source=DESTINATION, destination=DESTINATION + 8, sizes=(5, 5, 5), econ=irq("DMA0"))
        setup(c, 0, sizes=(5, 5, 5))
        force(c, 0)
        c.step_ns(10 * TRANSACTION)
        assert c.memread(DESTINATION + 8, 5) == b"relay"


def order(c: Chip, channels: tuple[int, ...], steps: int) -> list[int]:
    """Which channel's source pointer moved with each transaction."""
    before = {n: c.read(f"DCH{n}SPTR") for n in channels}
    moved = []
    for _ in range(steps):
        c.step_ns(TRANSACTION)
        after = {n: c.read(f"DCH{n}SPTR") for n in channels}
        moved += [n for n in channels if after[n] != before[n]]
        before = after
    return moved


def test_equal_priorities_take_turns(chip: ChipFactory) -> None:
    with chip() as c:
        for n in (1, 3, 6):
            setup(c, n, sizes=(64, 64, 64), con=1)
        c.write("DMACONSET", SUSPEND)
        for n in (6, 3, 1):
            force(c, n)
        c.write("DMACONCLR", SUSPEND)
        assert order(c, (1, 3, 6), 6) == [1, 3, 6, 1, 3, 6]


def test_higher_priority_goes_first(chip: ChipFactory) -> None:
    with chip() as c:
        setup(c, 0, sizes=(400, 400, 400), con=0)
        setup(c, 4, sizes=(8, 8, 8), con=2, destination=DESTINATION + 1024)
        setup(c, 7, sizes=(8, 8, 8), con=3, destination=DESTINATION + 2048)
        force(c, 0)
        c.step_ns(3 * TRANSACTION + 100)  # in the middle of the fourth
        force(c, 4)
        force(c, 7)
        seen = [0] * 3
        for n in (0, 7, 7, 4, 4, 0):
            before = [c.read(f"DCH{i}SPTR") or 8 * (flags(c, i) & CHBCIF) for i in (0, 4, 7)]
            c.step_ns(TRANSACTION)
            after = [c.read(f"DCH{i}SPTR") or 8 * (flags(c, i) & CHBCIF) for i in (0, 4, 7)]
            seen = [n for n, old, new in zip((0, 4, 7), before, after, strict=True) if old != new]
            assert seen == [n]


def test_registers_get_one_access_for_each_element(chip: ChipFactory) -> None:
    """A cell of four bytes to a register of one byte: four characters."""
    with chip() as c:
        uart_start(c)
        c.memwrite(SOURCE, b"wide")
        setup(c, destination="U2TXREG", sizes=(4, 1, 4))
        force(c)
        c.step_ns(4 * TRANSACTION - 1)
        assert not flags(c) & CHBCIF
        c.step_ns(1)
        assert flags(c) & CHBCIF
        c.step(0.001)
        assert c.uarts[2].received() == b"wide"


def test_a_source_that_never_rests_leaves_the_host_time(chip: ChipFactory) -> None:
    with chip() as c:
        uart_start(c)
        setup(c, sizes=(4, 4, 4), con=CHAEN, econ=irq("UART2_TX"))
        start = c.now
        for _ in range(20):
            c.clock_step()
        assert c.now - start == 20 * TRANSACTION


def test_fast_transactions_with_registers_leave_the_host_time(chip: ChipFactory, tmp_path: Path) -> None:
    """At 200 MHz a byte goes to the port every 25 ns, and the timer fires for many of them at once."""
    with chip(image=image(tmp_path, PLL_FROM_FRC, SPLL_HS)) as c:
        setup(c, destination="LATH", sizes=(1000, 1, 1000))
        force(c)
        start, fired = c.now, 0
        while not flags(c) & CHBCIF:
            c.clock_step()
            fired += 1
        assert 25_000 <= c.now - start <= 25_600
        assert fired <= 25_000 / 600 + 2


def test_dma_can_write_its_own_registers(chip: ChipFactory) -> None:
    with chip() as c:
        c.memwrite(SOURCE, (DESTINATION + 64).to_bytes(4, "little"))
        setup(c, 0, destination="DCH1DSA", sizes=(4, 4, 4))
        c.memwrite(SOURCE + 4, CABORT.to_bytes(4, "little"))
        setup(c, 2, source=SOURCE + 4, destination="DCH2ECONSET", sizes=(4, 4, 4))
        force(c, 0)
        force(c, 2)
        c.step_ns(4 * TRANSACTION)
        assert c.read("DCH1DSA") == DESTINATION + 64
        assert (flags(c, 2), pointers(c, 2)) == (CHTAIF, (0, 0, 0))


def test_reset_stops_everything(chip: ChipFactory) -> None:
    with chip() as c:
        c.write("DCH0INT", CHBCIF << 16)
        setup(c, sizes=(64, 64, 64))
        force(c)
        c.step_ns(3 * TRANSACTION)
        c.panel.send({"power": "cycle"})
        c.step_ns(100 * TRANSACTION)
        assert c.read("DMACON") == 0
        assert (flags(c), pointers(c), c.ifs("DMA0")) == (0, (0, 0, 0), 0)
