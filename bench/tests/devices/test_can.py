# SPDX-License-Identifier: MIT
"""CAN1 and CAN2: FIFOs, filters, modes, the bus with its arbitration and errors (FRM section 34, DS60001154)."""

from __future__ import annotations

from pathlib import Path

import pytest
from conftest import ChipFactory
from qtest import Chip, address_of, registers
from snapshot import restore, save, wait_for_migration

ON, CANCAP, ABAT = 1 << 15, 1 << 20, 1 << 27
NORMAL, DISABLE, LOOPBACK, LISTEN_ONLY, CONFIGURATION, LISTEN_ALL = 0, 1, 2, 3, 4, 7
# CxFIFOCON
RTREN, TXREQ, TXERR, TXLARB, TXABAT, TXEN, DONLY, UINC, FRESET = (1 << n for n in (2, 3, 4, 5, 6, 7, 12, 13, 14))
# CxFIFOINT
RXNEMPTY, RXHALF, RXFULL, RXOVFL, TXEMPTY, TXHALF, TXNFULL = (1 << n for n in (0, 1, 2, 3, 8, 9, 10))
# CxINT
TB, RB, CTMR, MOD, RBOV, SERR, CERR, WAK, IVR = (1 << n for n in (0, 1, 2, 3, 11, 12, 13, 14, 15))
# CxTREC
EWARN, RXWARN, TXWARN, RXBP, TXBP, TXBO = (1 << n for n in range(16, 22))
MIDE = EXID = 1 << 19
IDE, SRR, RTR = 1 << 28, 1 << 29, 1 << 9

CLOCK_NS = 250  # PBCLK5 of an erased chip: FRC 8 MHz / 2
CFG_8TQ = 0x28000 | 2 << 11  # SEG2PHTS, three quanta in both phase segments, one to propagate
BIT_NS = 8 * 2 * CLOCK_NS  # 250 kbit/s
BUFFERS = 0x1000, 0x3000  # physical, of CAN1 and CAN2
ONE_BUS = ("-object", "can-bus,id=can"), {"can1": "can", "can2": "can"}


def stuffed_bits(bits: list[int]) -> int:
    """Bits from start of frame to the CRC's end, with a stuff bit after every five equal ones (ISO 11898-1)."""
    crc = 0
    for bit in bits:
        crc = (crc << 1 & 0x7FFF) ^ (0x4599 if bit ^ crc >> 14 else 0)
    line = ""
    for bit in bits + [crc >> n & 1 for n in range(14, -1, -1)]:
        line += str(bit)
        if line[-5:] in ("00000", "11111"):
            line += str(1 - bit)
    return len(line)


def frame_bits(identifier: int, data: bytes, extended: bool = False, remote: bool = False) -> int:
    """As stuffed_bits, of a whole frame."""

    def field(value: int, width: int) -> list[int]:
        return [value >> n & 1 for n in range(width - 1, -1, -1)]

    head = field(identifier >> 18 if extended else identifier, 11)
    head += [1, 1, *field(identifier, 18), int(remote), 0, 0] if extended else [int(remote), 0, 0]
    body = [] if remote else [bit for byte in data for bit in field(byte, 8)]
    return stuffed_bits([0, *head, *field(len(data), 4), *body])


class Can:
    """One CAN module of a chip, at 250 kbit/s; `receive` filters everything into FIFO 1."""

    def __init__(self, chip: Chip, number: int = 1, *, receive: bool = True, routed: bool = True) -> None:
        self.chip, self.number = chip, number
        self.buffers = BUFFERS[number - 1]
        self.write("CON", ON | CONFIGURATION << 24)
        self.write("CFG", CFG_8TQ)
        self.write("FIFOBA", self.buffers)
        self.write("FIFOCON0", 7 << 16 | TXEN)
        self.write("FIFOCON1", 3 << 16)
        if receive:
            self.write("FLTCON0", 0x81)
        if routed:
            chip.write("RPD2R" if number == 1 else "RPD1R", 15)  # CxTX; CxRX is on RD3 or RD9

    def read(self, name: str) -> int:
        return self.chip.read(f"C{self.number}{name}")

    def write(self, name: str, value: int) -> None:
        self.chip.write(f"C{self.number}{name}", value)

    @property
    def opmod(self) -> int:
        return self.read("CON") >> 21 & 7

    def request(self, mode: int) -> None:
        self.write("CON", self.read("CON") & ~(7 << 24) | mode << 24)

    def enter(self, mode: int) -> None:
        self.request(mode)
        self.chip.step_ns(11 * BIT_NS)
        assert self.opmod == mode
        self.write("INTCLR", MOD)

    def queue(self, identifier: int, data: bytes = b"", flags: int = 0, fifo: int = 0) -> None:
        """Puts a message into a transmit FIFO, as a driver does; an identifier over 11 bits is extended."""
        words = [identifier, flags | len(data)]
        if identifier > 0x7FF:
            words = [identifier >> 18, flags | IDE | (identifier & 0x3FFFF) << 10 | len(data)]
        message = b"".join(word.to_bytes(4, "little") for word in words) + data.ljust(8, b"\0")
        self.chip.memwrite(self.read(f"FIFOUA{fifo}"), message)
        self.write(f"FIFOCON{fifo}SET", UINC)

    def send(self, identifier: int, data: bytes = b"", flags: int = 0, fifo: int = 0) -> None:
        self.queue(identifier, data, flags, fifo)
        self.write(f"FIFOCON{fifo}SET", TXREQ)

    def wait(self, bits: int = 160) -> None:
        self.chip.step_ns(bits * BIT_NS)

    def received(self, fifo: int = 1) -> list[tuple[int, bytes]]:
        """Identifier and data of what is in a receive FIFO; takes it out."""
        messages = []
        while self.read(f"FIFOINT{fifo}") & RXNEMPTY:
            raw = self.chip.memread(self.read(f"FIFOUA{fifo}"), 16)
            sid, eid = (int.from_bytes(raw[n : n + 4], "little") for n in (0, 4))
            identifier = (sid & 0x7FF) << 18 | eid >> 10 & 0x3FFFF if eid & IDE else sid & 0x7FF
            messages.append((identifier, raw[8 : 8 + (eid & 15)]))
            self.write(f"FIFOCON{fifo}SET", UINC)
        return messages


def two_on_a_bus(chip: ChipFactory) -> tuple[Chip, Can, Can]:
    arguments, properties = ONE_BUS
    c = chip(arguments=arguments, properties=properties)
    return c, Can(c, 1), Can(c, 2)


# --- registers


@pytest.mark.parametrize("number", [1, 2])
def test_reset_values(chip: ChipFactory, number: int) -> None:
    """DS60001320 table 29-1."""
    known = {"CON": 0x04800000, "VEC": 0x40}
    c = chip()
    base = address_of(f"C{number}CON")
    names = [name for name, (address, _) in registers().items() if base <= address < base + 0x1000]
    assert len(names) == 181
    for name in names:
        if "FIFOUA" not in name:  # not valid in configuration mode
            assert c.read(name) == known.get(name[2:], 0), name


def test_configuration_is_locked_outside_of_configuration_mode(chip: ChipFactory) -> None:
    can = Can(chip())
    for name in ("CFG", "FIFOBA", "RXM0", "RXM3"):
        can.write(name, 0)
    can.enter(LOOPBACK)
    for name in ("CFG", "FIFOBA", "RXM0", "RXM3"):
        can.write(name, 0x00010000)
        assert can.read(name) == 0
    can.write("FIFOCON2", 0x1F1081)  # FSIZE, DONLY, TXEN, TXPRI
    assert can.read("FIFOCON2") == 1
    can.enter(CONFIGURATION)
    for name in ("CFG", "FIFOBA", "RXM0", "RXM3"):
        can.write(name, 0x00010000)
        assert can.read(name) == 0x00010000
    can.write("FIFOCON2", 0x1F1081)
    assert can.read("FIFOCON2") == 0x1F1081


def test_a_filter_changes_only_while_it_is_off(chip: ChipFactory) -> None:
    can = Can(chip(), receive=False)
    can.write("RXF5", 0x12200000)
    can.write("FLTCON1", 0xE300)  # enabled, mask 3, FIFO 3
    can.write("RXF5", 0)
    can.write("FLTCON1", 0x8100)
    assert (can.read("RXF5"), can.read("FLTCON1")) == (0x12200000, 0xE300)
    can.write("FLTCON1CLR", 0x8000)
    can.write("RXF5", 0x45600000)
    can.write("FLTCON1", 0x8100)
    assert (can.read("RXF5"), can.read("FLTCON1")) == (0x45600000, 0x8100)


def test_user_address_and_index_follow_the_messages(chip: ChipFactory) -> None:
    """FIFOs lie behind each other; UA is the user's side of a FIFO, CI the module's."""
    can = Can(chip())
    can.write("FIFOCON2", 1 << 16 | DONLY)
    can.write("FIFOCON3", TXEN)
    can.enter(LOOPBACK)
    addresses = [can.read(f"FIFOUA{n}") - can.buffers for n in range(5)]
    assert addresses == [0, 8 * 16, 12 * 16, 12 * 16 + 2 * 8, 13 * 16 + 2 * 8]
    for n in range(3):
        can.queue(n)
    assert (can.read("FIFOUA0"), can.read("FIFOCI0")) == (can.buffers + 48, 0)
    can.write("FIFOCON0SET", TXREQ)
    can.wait(600)
    assert (can.read("FIFOUA0"), can.read("FIFOCI0")) == (can.buffers + 48, 3)
    assert (can.read("FIFOUA1"), can.read("FIFOCI1")) == (can.buffers + 8 * 16, 3)
    can.write("FIFOCON1SET", UINC)
    assert (can.read("FIFOUA1"), can.read("FIFOCI1")) == (can.buffers + 9 * 16, 3)


# --- modes


def test_a_mode_changes_after_eleven_recessive_bits(chip: ChipFactory) -> None:
    can = Can(chip())
    for mode in (NORMAL, LISTEN_ONLY, LOOPBACK, LISTEN_ALL, DISABLE, CONFIGURATION):
        before = can.opmod
        can.request(mode)
        can.chip.step_ns(11 * BIT_NS - 1)
        assert (can.opmod, can.read("INT") & MOD) == (before, 0)
        can.chip.step_ns(1)
        assert (can.opmod, can.read("INT") & MOD) == (mode, MOD)
        can.write("INTCLR", MOD)


def test_a_mode_waits_for_the_frame_on_the_bus(chip: ChipFactory) -> None:
    can = Can(chip())
    can.enter(LOOPBACK)
    can.send(0x123, bytes(8))
    can.wait(5)
    can.request(CONFIGURATION)
    can.wait(60)
    assert (can.opmod, can.read("FIFOCON0") & TXREQ) == (LOOPBACK, TXREQ)
    can.wait()
    assert (can.opmod, can.read("FIFOCON0") & TXREQ, can.read("INT") & IVR) == (CONFIGURATION, 0, 0)


def test_reserved_modes_are_not_entered(chip: ChipFactory) -> None:
    can = Can(chip())
    can.request(5)
    can.wait()
    assert can.opmod == CONFIGURATION


def test_a_module_that_is_off_is_not_busy(chip: ChipFactory) -> None:
    can = Can(chip())
    can.enter(LOOPBACK)
    can.send(0x123, bytes(8))
    can.wait(20)
    can.write("CONCLR", ON)
    assert can.read("CON") & 1 << 11  # CANBUSY: the frame goes on
    can.wait()
    assert not can.read("CON") & 1 << 11


# --- loopback, filters, FIFOs


@pytest.mark.parametrize(
    ("identifier", "data", "flags"),
    [
        (0x123, b"\x11\x22\x33\x44\x55\x66\x77\x88", 0),
        (0x000, bytes(8), 0),  # the most stuff bits
        (0x7FF, b"", 0),
        (0x0ABCDEF1, b"abc", SRR),
        (0x1FFFFFFF, b"\xff" * 8, SRR),
        (0x555, b"", RTR),
        (0x15555555, b"", RTR | SRR),
    ],
)
def test_loopback_takes_the_time_of_the_frame(chip: ChipFactory, identifier: int, data: bytes, flags: int) -> None:
    can = Can(chip())
    can.enter(LOOPBACK)
    can.send(identifier, data, flags)
    extended, remote = identifier > 0x7FF, bool(flags & RTR)
    # a bit to the start of frame; CRC delimiter, acknowledge slot and delimiter, end of frame
    duration = (1 + frame_bits(identifier, data, extended, remote) + 3 + 7) * BIT_NS
    can.chip.step_ns(duration - 1)
    assert (can.read("FIFOINT1") & RXNEMPTY, can.read("FIFOCON0") & TXREQ) == (0, TXREQ)
    can.chip.step_ns(1)
    assert (can.read("FIFOINT1") & RXNEMPTY, can.read("FIFOCON0") & TXREQ) == (1, 0)
    eid = int.from_bytes(can.chip.memread(can.read("FIFOUA1") + 4, 4), "little")
    assert eid & (IDE | RTR) == (IDE if extended else 0) | flags & RTR
    assert bool(eid & SRR) == (extended or remote)
    assert can.received() == [(identifier, data)]


@pytest.mark.parametrize(
    ("mask", "filter_", "passes", "fails"),
    [
        (0, 0, (0, 0x7FF, 0x1FFFFFFF), ()),
        (0x7FF << 21, 0x123 << 21, (0x123, 0x123 << 18 | 5), (0x122, 0x124 << 18)),
        (0x7F0 << 21, 0x120 << 21, (0x120, 0x12F), (0x130,)),
        (0x7FF << 21 | MIDE, 0x123 << 21, (0x123,), (0x123 << 18 | 5,)),
        (0x7FF << 21 | MIDE, 0x123 << 21 | EXID, (0x123 << 18 | 5,), (0x123,)),
        (0xFFE3FFFF | MIDE, 0x123 << 21 | EXID | 0x2ABCD, (0x123 << 18 | 0x2ABCD,), (0x123 << 18 | 0x2ABCC, 0x123)),
        (0x3FFFF, 0x2ABCD, (0x7FF, 0x55 << 18 | 0x2ABCD), (0x55 << 18 | 0x0ABCD,)),
    ],
)
def test_filters_and_masks(
    chip: ChipFactory, mask: int, filter_: int, passes: tuple[int, ...], fails: tuple[int, ...]
) -> None:
    can = Can(chip(), receive=False)
    can.write("RXM2", mask)
    can.write("RXF9", filter_)
    can.write("FLTCON2", (0x80 | 2 << 5 | 1) << 8)
    can.enter(LOOPBACK)
    for identifier in (*passes, *fails):
        can.send(identifier)
    can.wait(800)
    assert [identifier for identifier, _ in can.received()] == list(passes)


def test_the_lowest_filter_takes_a_message(chip: ChipFactory) -> None:
    can = Can(chip(), receive=False)
    can.write("FIFOCON2", 0)
    can.write("FLTCON7", 0x81000000)  # filter 31: FIFO 1
    can.write("FLTCON3", 0x00008200)  # filter 13: FIFO 2
    can.enter(LOOPBACK)
    can.send(0x42)
    can.wait()
    word = int.from_bytes(can.chip.memread(can.read("FIFOUA2"), 4), "little")
    assert word >> 11 & 31 == 13  # FILHIT
    assert can.read("VEC") >> 8 == 13
    assert (can.received(2), can.received(1)) == ([(0x42, b"")], [])


def test_devicenet_filters_look_into_the_data(chip: ChipFactory) -> None:
    """EID0 is bit 7 of byte 0, EID17 bit 6 of byte 2."""
    can = Can(chip(), receive=False)
    can.write("RXM0", 0x3FFFF)
    can.write("RXF0", 1 << 0 | 1 << 17)
    can.write("FLTCON0", 0x81)
    can.write("CONSET", 18)
    can.enter(LOOPBACK)
    can.send(0x1, b"\x80\x00\x40")
    can.send(0x2, b"\x80\x00\xbf")
    can.send(0x3, b"\x80\x00\xc0")
    can.send(0x4, b"\x80\x01\x40")
    can.wait(800)
    assert [identifier for identifier, _ in can.received()] == [0x1]
    can.write("CONCLR", 31)
    can.write("CONSET", 17)
    can.send(0x2, b"\x80\x00\xbf")
    can.wait()
    assert [identifier for identifier, _ in can.received()] == []  # EID16 is bit 7 of byte 2
    can.write("CONCLR", 1)
    can.send(0x3, b"\x80\x00\xbf")
    can.wait()
    assert [identifier for identifier, _ in can.received()] == [0x3]


def test_receive_fifo_fills_and_overflows(chip: ChipFactory) -> None:
    can = Can(chip())
    can.enter(LOOPBACK)
    expected = [RXNEMPTY, RXNEMPTY | RXHALF, RXNEMPTY | RXHALF, RXNEMPTY | RXHALF | RXFULL]
    assert can.read("FIFOINT1") == 0
    for n, flags in enumerate(expected):
        can.send(n)
        can.wait()
        assert can.read("FIFOINT1") == flags
    can.send(9)
    can.wait()
    assert can.read("FIFOINT1") == expected[-1] | RXOVFL
    assert (can.read("RXOVF"), can.read("INT") & RBOV) == (1 << 1, RBOV)
    assert [identifier for identifier, _ in can.received()] == [0, 1, 2, 3]
    assert can.read("FIFOINT1") == RXOVFL
    can.write("FIFOINT1SET", RXOVFL)
    can.write("FIFOINT1CLR", RXOVFL)
    assert (can.read("FIFOINT1"), can.read("RXOVF"), can.read("INT") & RBOV) == (0, 0, 0)
    can.write("FIFOCON1SET", UINC)  # of an empty FIFO
    assert can.read("FIFOINT1") == 0


def test_transmit_fifo_empties(chip: ChipFactory) -> None:
    can = Can(chip())
    can.enter(LOOPBACK)
    flags = []
    for n in range(9):
        flags.append(can.read("FIFOINT0"))
        can.queue(n)
    assert flags == [TXEMPTY | TXHALF | TXNFULL] + [TXHALF | TXNFULL] * 4 + [TXNFULL] * 3 + [0]
    can.write("FIFOCON0SET", TXREQ)
    can.wait(2000)
    assert can.read("FIFOINT0") == TXEMPTY | TXHALF | TXNFULL
    can.write("FIFOCON0SET", TXREQ)  # nothing to send
    assert not can.read("FIFOCON0") & TXREQ


def test_data_only_buffers(chip: ChipFactory) -> None:
    can = Can(chip())
    can.write("FIFOCON1", 3 << 16 | DONLY)
    can.enter(LOOPBACK)
    can.send(1, b"first...")
    can.send(2, b"second")
    can.wait(400)
    assert can.chip.memread(can.read("FIFOUA1"), 16) == b"first...second\0\0"
    can.write("FIFOCON1SET", UINC)
    assert can.read("FIFOUA1") == can.buffers + 8 * 16 + 8


def test_reset_of_a_fifo(chip: ChipFactory) -> None:
    can = Can(chip())
    can.enter(LOOPBACK)
    can.send(1)
    can.queue(2)
    can.wait(20)
    can.write("FIFOCON0SET", FRESET)
    assert can.read("FIFOCON0") & (FRESET | TXREQ) == FRESET  # a message is on the bus
    can.wait()
    assert can.read("FIFOCON0") & (FRESET | TXREQ) == 0
    assert (can.read("FIFOINT0"), can.read("FIFOCI0")) == (TXEMPTY | TXHALF | TXNFULL, 0)
    assert can.read("FIFOINT1") & RXNEMPTY
    can.write("FIFOCON1SET", FRESET)
    assert (can.read("FIFOINT1"), can.read("FIFOCON1") & FRESET) == (0, 0)


def test_transmit_priorities(chip: ChipFactory) -> None:
    can = Can(chip())
    for fifo, priority in ((2, 1), (3, 3), (4, 1), (5, 0)):
        can.write(f"FIFOCON{fifo}", TXEN | priority)
    can.enter(LOOPBACK)
    for fifo in (0, 5, 2, 4, 3):
        can.queue(fifo, fifo=fifo)
    for fifo in (0, 5, 2, 4, 3):
        can.write(f"FIFOCON{fifo}SET", TXREQ)
    can.wait(800)
    order = [identifier for identifier, _ in can.received()]
    assert order == [3, 4, 2, 5]  # the higher of two equals first; the last one has overflowed
    assert can.read("RXOVF") == 2


def test_abort(chip: ChipFactory) -> None:
    can = Can(chip())
    can.write("FIFOCON2", TXEN)
    can.enter(LOOPBACK)
    can.queue(1)
    can.queue(2)
    can.write("FIFOCON0SET", TXREQ)
    can.wait(20)
    can.write("FIFOCON0CLR", TXREQ)  # the first is on the bus and gets through
    assert not can.read("FIFOCON0") & TXABAT
    can.wait(400)
    assert can.read("FIFOCON0") & (TXABAT | TXREQ) == TXABAT
    assert [identifier for identifier, _ in can.received()] == [1]
    can.write("FIFOCON0SET", TXREQ)
    assert not can.read("FIFOCON0") & TXABAT
    can.queue(3, fifo=2)
    can.wait(20)
    can.write("FIFOCON2SET", TXREQ)
    can.write("CONSET", ABAT)
    assert can.read("CON") & ABAT
    can.wait(400)
    assert (can.read("CON") & ABAT, can.read("FIFOCON2") & (TXABAT | TXREQ)) == (0, TXABAT)
    assert [identifier for identifier, _ in can.received()] == [2]


def test_remote_request_is_answered(chip: ChipFactory) -> None:
    c, one, two = two_on_a_bus(chip)
    two.write("FIFOCON2", TXEN | RTREN)
    two.write("FLTCON0", 0x82)  # into the transmit FIFO
    two.write("FLTCON0", 0)
    two.write("FLTCON0", 0x82)
    one.enter(NORMAL)
    two.enter(NORMAL)
    two.queue(0x222, b"answer", fifo=2)
    one.send(0x222, b"")
    one.wait(400)
    assert one.received() == []  # a data frame is no request
    one.send(0x222, b"", RTR)
    one.wait(400)
    assert one.received() == [(0x222, b"answer")]
    c.close()


def test_buffers_that_are_not_in_memory(chip: ChipFactory) -> None:
    can = Can(chip())
    can.write("FIFOBA", 0x1F880000)
    can.enter(LOOPBACK)
    can.write("INTSET", SERR << 16)
    can.write("FIFOCON0SET", UINC | TXREQ)
    can.wait()
    assert (can.read("INT") & SERR, can.read("VEC") & 0x7F, can.chip.ifs("CAN1")) == (SERR, 0x44, 1)
    can.write("INTCLR", SERR)  # only ON clears it
    assert can.read("INT") & SERR
    can.write("CONCLR", ON)
    assert not can.read("INT") & SERR


# --- time stamps


def test_time_stamps(chip: ChipFactory) -> None:
    can = Can(chip())
    can.write("CONSET", CANCAP)
    can.enter(LOOPBACK)
    can.write("TMR", 0x12340000 | 15)  # a count every 16 clocks: 4 us, as a bit takes here
    can.send(0x55)
    can.wait(1 + frame_bits(0x55, b"") + 10)
    stamp = int.from_bytes(can.chip.memread(can.read("FIFOUA1") + 2, 2), "little")
    assert stamp == 0x1234 + 1 + frame_bits(0x55, b"") + 10
    assert can.read("TMR") == stamp << 16 | 15
    can.write("CONCLR", CANCAP)
    can.wait()
    assert can.read("TMR") == stamp << 16 | 15


def test_time_stamp_timer_turns_over(chip: ChipFactory) -> None:
    can = Can(chip())
    can.write("CONSET", CANCAP)
    can.write("TMR", 0xFFF00000)
    can.chip.step_ns(16 * CLOCK_NS - 1)
    assert (can.read("TMR") >> 16, can.read("INT") & CTMR) == (0xFFFF, 0)
    can.chip.step_ns(1)
    assert (can.read("TMR") >> 16, can.read("INT") & CTMR) == (0, CTMR)
    can.write("INTCLR", CTMR)
    can.write("INTSET", CTMR << 16)
    can.chip.step_ns(0x10000 * CLOCK_NS - 1)
    assert (can.chip.ifs("CAN1"), can.read("VEC")) == (0, 0x40)
    can.chip.step_ns(1)
    assert (can.chip.ifs("CAN1"), can.read("VEC")) == (1, 0x46)


# --- interrupts


def test_interrupts_by_number(chip: ChipFactory) -> None:
    """FIFO interrupts, then the module's; ICODE has the highest, the line is up while one is pending."""
    can = Can(chip())
    can.write("FIFOINT1SET", RXNEMPTY << 16)
    can.write("FIFOINT0SET", TXEMPTY << 16)
    assert (can.read("FSTAT"), can.read("INT") & (TB | RB), can.read("VEC")) == (1, TB, 0)
    assert can.chip.ifs("CAN1") == 0
    can.enter(LOOPBACK)
    can.send(0x10)
    assert (can.read("FSTAT"), can.read("VEC")) == (0, 0x40)
    can.write("INTSET", RB << 16)
    can.wait()
    assert (can.read("FSTAT"), can.read("INT") & (TB | RB), can.read("VEC")) == (3, TB | RB, 1)
    assert can.chip.ifs("CAN1") == 1
    can.chip.clear_ifs("CAN1")
    assert can.chip.ifs("CAN1") == 1  # a level
    can.request(NORMAL)
    can.wait(11)
    can.write("INTSET", MOD << 16)
    assert can.read("VEC") == 0x47
    can.write("INTCLR", MOD)
    assert can.read("VEC") == 1
    can.received()
    can.chip.clear_ifs("CAN1")
    assert (can.chip.ifs("CAN1"), can.read("VEC")) == (0, 0)
    can.write("FIFOINT0CLR", TXEMPTY << 16)
    assert can.read("VEC") == 0x40


def test_software_sets_no_flag(chip: ChipFactory) -> None:
    can = Can(chip())
    can.write("INT", 0xFFFFFFFF)
    assert can.read("INT") == 0xF80F0000


# --- the bus


def test_from_one_module_to_the_other(chip: ChipFactory) -> None:
    c, one, two = two_on_a_bus(chip)
    one.enter(NORMAL)
    two.enter(NORMAL)
    one.send(0x123, b"question")
    one.wait()
    assert (two.received(), one.received()) == ([(0x123, b"question")], [])
    two.send(0x1ABCDEF0, b"answer")
    two.wait()
    assert one.received() == [(0x1ABCDEF0, b"answer")]
    assert (one.read("TREC"), two.read("TREC"), one.read("INT") & IVR) == (0, 0, 0)
    c.close()


def test_the_lower_identifier_wins(chip: ChipFactory) -> None:
    """Extended after standard of the same base; a remote frame after its data frame."""
    c, one, two = two_on_a_bus(chip)
    one.enter(NORMAL)
    two.enter(NORMAL)
    one.queue(0x200, b"1")
    two.queue(0x100, b"2")
    one.write("FIFOCON0SET", TXREQ)
    two.write("FIFOCON0SET", TXREQ)
    one.wait(frame_bits(0x100, b"2") + 13)
    assert (one.received(), two.received()) == ([(0x100, b"2")], [])
    assert (one.read("FIFOCON0") & (TXLARB | TXREQ), two.read("FIFOCON0") & (TXLARB | TXREQ)) == (TXLARB | TXREQ, 0)
    one.wait()
    assert two.received() == [(0x200, b"1")]
    for first, second in (((0x111, 0), (0x111 << 18, 0)), ((0x111, 0), (0x111, RTR))):
        one.queue(second[0], b"", second[1])
        two.queue(first[0], b"", first[1])
        one.write("FIFOCON0SET", TXREQ)
        two.write("FIFOCON0SET", TXREQ)
        one.wait(10)
        assert (one.read("FIFOCON0") & TXLARB, two.read("FIFOCON0") & TXLARB) == (TXLARB, 0)
        one.wait(400)
        one.received()
        two.received()
    c.close()


def test_alone_on_the_bus_a_sender_becomes_error_passive(chip: ChipFactory) -> None:
    """Nobody acknowledges: the error counter rises by 8 a try, to 128 and no further (ISO 11898-1)."""
    can = Can(chip())
    can.enter(NORMAL)
    can.write("INTSET", (CERR | IVR) << 16)
    can.send(0x123, b"anybody?")
    # start of frame after a bit; up to the acknowledge slot; the error is known at its end
    can.chip.step_ns((1 + frame_bits(0x123, b"anybody?") + 2) * BIT_NS - 1)
    assert (can.read("TREC"), can.read("INT") & IVR) == (0, 0)
    can.chip.step_ns(1)
    assert (can.read("TREC"), can.read("INT") & IVR) == (8 << 8, IVR)
    assert can.read("FIFOCON0") & (TXERR | TXREQ) == TXERR | TXREQ
    attempt = frame_bits(0x123, b"anybody?") + 2 + 14 + 3
    can.wait(10 * attempt)
    assert (can.read("TREC"), can.read("INT") & CERR) == (88 << 8, 0)
    can.wait(attempt)
    assert (can.read("TREC"), can.read("INT") & CERR) == (EWARN | TXWARN | 96 << 8, CERR)
    can.write("INTCLR", CERR | IVR)
    can.wait(4 * attempt)
    assert (can.read("TREC"), can.read("VEC")) == (TXBP | 128 << 8, 0x48)
    can.write("INTCLR", IVR)
    assert can.read("VEC") == 0x41
    can.wait(50 * attempt)
    assert can.read("TREC") == TXBP | 128 << 8
    can.write("FIFOCON0CLR", TXREQ)
    can.wait(attempt + 8)
    assert can.read("FIFOCON0") & TXABAT
    can.enter(CONFIGURATION)
    assert can.read("TREC") == 0


def test_a_partner_that_comes_later_is_told_all(chip: ChipFactory) -> None:
    c, one, two = two_on_a_bus(chip)
    one.enter(NORMAL)
    one.send(0x123, b"hello")
    one.wait(4000)
    assert one.read("TREC") == TXBP | 128 << 8
    two.request(NORMAL)
    two.wait(400)
    assert two.opmod == NORMAL
    assert two.received() == [(0x123, b"hello")]
    assert one.read("TREC") == EWARN | TXWARN | 127 << 8
    c.close()


def test_listen_only_does_not_acknowledge(chip: ChipFactory) -> None:
    c, one, two = two_on_a_bus(chip)
    one.enter(NORMAL)
    two.enter(LISTEN_ONLY)
    one.send(0x123)
    one.wait()
    assert one.read("TREC") & 0xFFFF != 0
    assert two.received() == []  # no frame without acknowledgement is a whole one
    two.send(0x1)
    two.wait(400)
    assert two.read("FIFOCON0") & TXREQ  # it may not
    c.close()


def test_another_bit_rate_destroys_frames_until_the_sender_is_off(chip: ChipFactory) -> None:
    c, one, two = two_on_a_bus(chip)
    two.write("CFG", CFG_8TQ + 1)  # half the rate
    one.enter(NORMAL)
    two.request(NORMAL)
    two.wait(22)
    assert two.opmod == NORMAL
    one.write("INTCLR", CERR)
    one.send(0x123)
    one.wait(32 * (12 + 14 + 3 + 8))
    assert one.read("TREC") & (TXBO | TXBP) == TXBO
    assert (one.read("INT") & (CERR | IVR), two.read("INT") & IVR) == (CERR | IVR, IVR)
    assert two.read("TREC") == 32
    assert two.received() == []
    c.close()


def test_recovery_from_bus_off(chip: ChipFactory) -> None:
    """Without a pin for CxTX a sender never sees its own bits; after 128 times 11 recessive bits it tries again."""
    can = Can(chip(), routed=False)
    can.enter(NORMAL)
    can.send(0x123)
    # 32 errors; once error passive, it leaves the bus to others for eight bits
    can.wait(1 + 15 * (1 + 14 + 3) + 16 * (1 + 14 + 3 + 8))
    assert not can.read("TREC") & TXBO
    can.wait(1)
    assert can.read("TREC") & TXBO
    can.write("INTCLR", CERR)
    can.write("FIFOCON0CLR", TXREQ)
    can.wait(128 * 11 - 1)
    assert can.read("TREC") & TXBO
    can.wait(1)
    assert (can.read("TREC"), can.read("INT") & CERR) == (0, CERR)


def test_a_disabled_module_wakes_up(chip: ChipFactory) -> None:
    c, one, two = two_on_a_bus(chip)
    one.enter(NORMAL)
    two.enter(DISABLE)
    two.write("INTSET", WAK << 16)
    assert two.read("INT") & WAK == 0
    one.send(0x123)
    one.wait(5)
    assert (two.read("INT") & WAK, two.read("VEC"), c.ifs("CAN2")) == (WAK, 0x42, 1)
    c.close()


def test_reset_in_the_middle_of_a_frame(chip: ChipFactory) -> None:
    c, one, two = two_on_a_bus(chip)
    one.enter(NORMAL)
    two.enter(NORMAL)
    one.send(0x123)
    one.wait(20)
    c.panel.send({"power": "cycle"})
    one.wait(400)
    assert (one.read("CON"), two.read("CON"), one.read("FIFOCON0")) == (0x04800000, 0x04800000, 0)
    one, two = Can(c, 1), Can(c, 2)
    one.enter(NORMAL)
    two.enter(NORMAL)
    one.send(0x7)
    one.wait()
    assert two.received() == [(0x7, b"")]
    c.close()


def test_snapshot_in_the_middle_of_a_frame(chip: ChipFactory, tmp_path: Path) -> None:
    arguments, properties = ONE_BUS
    snapshot = tmp_path / "snapshot"
    c, one, two = two_on_a_bus(chip)
    one.write("CONSET", CANCAP)
    one.enter(NORMAL)
    two.enter(NORMAL)
    one.send(0x123, b"one")
    one.queue(0x124, b"another")
    two.send(0x300, b"back")
    two.wait(50)
    c.qmp("stop")
    moment = c.now
    save(c, snapshot)
    restored = chip(arguments=(*arguments, *restore(snapshot)), properties=properties)
    wait_for_migration(restored)
    restored.clock_set(moment)  # qtest's own clock is in no snapshot
    seen = []
    for pic in (c, restored):
        pic.qmp("cont")
        one.chip = two.chip = pic
        one.wait(500)
        seen.append((one.received(), two.received(), one.read("TMR"), one.read("TREC"), two.read("FIFOINT0")))
    assert seen[0] == seen[1]
    assert seen[0][:2] == ([(0x300, b"back")], [(0x123, b"one"), (0x124, b"another")])


def test_the_machine_says_which_bus_is_not_there(chip: ChipFactory) -> None:
    with pytest.raises(Exception, match="nosuch"):
        chip(properties={"can1": "nosuch"})
