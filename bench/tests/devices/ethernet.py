# SPDX-License-Identifier: MIT
"""What an Ethernet driver does, from the test's side: MAC set-up, descriptors, MII management, frames.

Register and descriptor fields as in DS60001155 (PIC32 Family Reference Manual, section 35). Times are ns.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from qtest import Chip

# ETHCON1
BUFCDEC, MANFC, AUTOFC, RXEN, TXRTS, ON = 1 << 0, 1 << 4, 1 << 7, 1 << 8, 1 << 9, 1 << 15
# ETHRXFC
BCEN, MCEN, NOTMEEN, UCEN, RUNTEN, RUNTERREN, CRCOKEN, CRCERREN = (1 << n for n in range(8))
NOTPM, MPEN, HTEN = 1 << 12, 1 << 14, 1 << 15
# ETHIRQ
RXOVFLW, RXBUFNA, TXABORT, TXDONE, RXACT, PKTPEND, RXDONE, FWMARK, EWMARK, RXBUSE, TXBUSE = (
    1 << n for n in (0, 1, 2, 3, 5, 6, 7, 8, 9, 13, 14)
)
# ETHSTAT
RXBUSY, TXBUSY, BUSY = 1 << 5, 1 << 6, 1 << 7
# EMAC1CFG1, EMAC1CFG2
RXENABLE, PASSALL, RXPAUSE, TXPAUSE, LOOPBACK, SOFTRESET = 1 << 0, 1 << 1, 1 << 2, 1 << 3, 1 << 4, 1 << 15
FULLDPLX, LENGTHCK, HUGEFRM, CRCENABLE, PADENABLE, VLANPAD, AUTOPAD = (1 << n for n in (0, 1, 2, 4, 5, 6, 7))
SPEEDRMII, RESETRMII = 1 << 8, 1 << 11
# descriptor
EOWN, NPV, EOP, SOP = 1 << 7, 1 << 8, 1 << 30, 1 << 31
# RSV and TSV
CRC_ERROR, LENGTH_ERROR, LENGTH_RANGE, STATUS_OK, MULTICAST, BROADCAST = (1 << n for n in range(20, 26))

STATION = bytes.fromhex("0004a3000001")
PEER = bytes.fromhex("020000000002")
EVERYONE = b"\xff" * 6
LINK_NS = 2_000_000_000  # more than auto-negotiation takes

RX_RING, RX_BUFFERS = 0x4000, 0x8000
TX_RING, TX_BUFFERS = 0x6000, 0x20000


def frame_to(destination: bytes, payload: bytes = b"", ethertype: int = 0x88B5, source: bytes = PEER) -> bytes:
    """A frame without FCS, not padded; 0x88B5 is the local experimental Ethertype of IEEE 802."""
    return destination + source + ethertype.to_bytes(2, "big") + payload


def padded(frame: bytes, size: int = 60) -> bytes:
    return frame.ljust(size, b"\0")


def fcs(frame: bytes) -> bytes:
    """The frame check sequence as it travels (IEEE 802.3 3.2.9)."""
    return zlib.crc32(frame).to_bytes(4, "little")


def wire_ns(size: int, mbit: int = 100) -> int:
    """How long a frame of `size` bytes, without FCS, takes from its preamble to its last bit."""
    return (8 + size + 4) * 8000 // mbit


def slot_ns(size: int, mbit: int = 100) -> int:
    """How long it keeps the wire from the next frame: the same and the gap of 12 bytes."""
    return wire_ns(size, mbit) + 12 * 8000 // mbit


@dataclass(frozen=True)
class Descriptor:
    """An Ethernet descriptor as found in memory."""

    address: int
    header: int
    buffer: int
    status1: int
    status2: int

    @property
    def owned(self) -> bool:
        """It belongs to the controller."""
        return bool(self.header & EOWN)

    @property
    def count(self) -> int:
        return self.header >> 16 & 0x7FF

    @property
    def starts(self) -> bool:
        return bool(self.header & SOP)

    @property
    def ends(self) -> bool:
        return bool(self.header & EOP)

    @property
    def match(self) -> int:
        """RXF_RSV: the receive filters that the frame met."""
        return self.status1 >> 24


class Ethernet:
    """The Ethernet controller of a chip with the wire connected."""

    def __init__(self, chip: Chip) -> None:
        self.chip = chip
        self.rx_step = 20
        self.tx_address = TX_RING
        self.tx_buffer = TX_BUFFERS

    def read(self, register: str) -> int:
        return self.chip.read(register)

    def write(self, register: str, value: int) -> None:
        self.chip.write(register, value)

    def irq(self) -> int:
        return self.read("ETHIRQ")

    def bufcnt(self) -> int:
        return self.read("ETHSTAT") >> 16 & 0xFF

    # --- set-up

    def start(
        self,
        *,
        filters: int = CRCOKEN | RUNTEN | UCEN | MCEN | BCEN,
        buffers: int = 8,
        size: int = 1536,
        linked: bool = True,
        cfg1: int = RXENABLE,
        cfg2: int = FULLDPLX | LENGTHCK | CRCENABLE | PADENABLE | AUTOPAD,
        mbit: int = 100,
        receive: bool = True,
        link: bool = True,
    ) -> None:
        """Sets the MAC up as a driver does, gives it receive buffers, and waits for the link."""
        self.write("ETHCON1SET", ON)
        self.write("EMAC1CFG1SET", SOFTRESET)
        self.write("EMAC1CFG1", cfg1)
        self.write("EMAC1CFG2", cfg2)
        self.write("EMAC1IPGT", 0x15)
        self.write("EMAC1MAXF", 0x600)
        self.write("EMAC1SUPP", SPEEDRMII if mbit == 100 else 0)
        self.write("ETHRXFC", filters)
        if link:
            self.chip.step_ns(LINK_NS)
        if receive:
            self.receive_ring(buffers, size, linked)
            self.write("ETHCON1SET", RXEN)

    def receive_ring(self, buffers: int, size: int, linked: bool = True) -> None:
        """A ring of receive descriptors; not linked: a row, with one of the software's at its end."""
        self.rx_step = 20 if linked else 16
        self.write("ETHCON2", size)
        for i in range(buffers):
            following = RX_RING + (i + 1) % buffers * self.rx_step
            header = EOWN | (NPV if linked else 0)
            self.put_descriptor(
                RX_RING + i * self.rx_step, header, RX_BUFFERS + i * size, following if linked else None
            )
        if not linked:
            self.put_descriptor(RX_RING + buffers * self.rx_step, 0, 0)
        self.write("ETHRXST", RX_RING)

    def put_descriptor(self, address: int, header: int, buffer: int, following: int | None = None) -> None:
        words = [header, buffer, 0, 0] + ([] if following is None else [following])
        self.chip.memwrite(address, struct.pack(f"<{len(words)}I", *words))

    def descriptor(self, address: int) -> Descriptor:
        return Descriptor(address, *struct.unpack("<4I", self.chip.memread(address, 16)))

    # --- receiving

    def rx(self, index: int) -> Descriptor:
        return self.descriptor(RX_RING + index * self.rx_step)

    def rx_data(self, index: int) -> bytes:
        """What the controller has stored in a receive buffer, with FCS."""
        found = self.rx(index)
        return self.chip.memread(found.buffer, found.count)

    def give_back(self, index: int) -> None:
        """The software is done with a receive buffer."""
        found = self.rx(index)
        self.chip.memwrite(found.address, (found.header & NPV | EOWN).to_bytes(4, "little"))

    def arrive(self, frame: bytes, *, check: bytes | None = None, at: int | None = None) -> None:
        """A frame begins on the wire; `check`: with this FCS, and not padded."""
        message: dict[str, Any] = {"frame": frame.hex()}
        if check is not None:
            message["fcs"] = check.hex()
        if at is not None:
            message["at"] = at
        self.chip.wire.send(message)

    def deliver(self, frame: bytes, check: bytes | None = None) -> None:
        """A frame comes whole; virtual time goes on until it is stored or refused."""
        self.arrive(frame, check=check)
        self.chip.step_ns(slot_ns(max(len(frame), 60)))

    def accepts(self, frame: bytes, check: bytes | None = None) -> bool:
        """The frame passes the receive filters."""
        self.write("ETHRXST", RX_RING)
        self.chip.memwrite(RX_RING, (NPV | EOWN).to_bytes(4, "little"))
        self.deliver(frame, check)
        return not self.rx(0).owned

    # --- sending

    def queue(self, *pieces: bytes, linked: bool = False, last: bool = True) -> int:
        """Puts a packet of one or more buffers into the transmit list; returns its first descriptor's address.

        Linked descriptors are 20 bytes apart and may not follow ones that are not. A descriptor of the software's
        ends the list, unless `last` is False.
        """
        first = self.tx_address
        step = 20 if linked else 16
        headers = []
        for i, piece in enumerate(pieces):
            self.chip.memwrite(self.tx_buffer, piece)
            header = EOWN | len(piece) << 16 | (NPV if linked else 0)
            header |= (SOP if i == 0 else 0) | (EOP if i == len(pieces) - 1 else 0)
            headers.append((self.tx_address, header, self.tx_buffer))
            self.tx_address += step
            self.tx_buffer += (len(piece) + 3) & ~3
        if last:
            self.put_descriptor(self.tx_address, 0, 0)
        for address, header, buffer in headers:
            self.put_descriptor(address, header, buffer, address + step if linked else None)
        return first

    def send(self, *pieces: bytes, linked: bool = False) -> int:
        """Queues a packet and starts it; the first time also sets ETHTXST. Returns its descriptor's address."""
        first = self.queue(*pieces, linked=linked)
        if first == TX_RING:
            self.write("ETHTXST", TX_RING)
        self.write("ETHCON1SET", TXRTS)
        return first

    def frames(self) -> list[tuple[int, bytes]]:
        """(time of the last bit, frame without FCS) of what has left since the last call."""
        events = self.chip.wire.events()
        assert not [event for event in events if "error" in event], events
        return [(event["t"], bytes.fromhex(event["frame"])) for event in events]

    def sent(self, *pieces: bytes) -> bytes:
        """Sends one packet and returns the frame that leaves."""
        self.send(*pieces)
        self.chip.step_ns(slot_ns(2000))
        frames = self.frames()
        assert len(frames) == 1, frames
        return frames[0][1]

    # --- MII management

    def miim(self, phy: int, register: int) -> None:
        self.write("EMAC1MADR", phy << 8 | register)

    def phy_read(self, register: int, phy: int = 0) -> int:
        """Reads a PHY register; virtual time goes on until the bus is idle."""
        self.miim(phy, register)
        self.write("EMAC1MCMD", 1)
        self.finish()
        self.write("EMAC1MCMD", 0)
        return self.read("EMAC1MRDD")

    def phy_write(self, register: int, value: int, phy: int = 0) -> None:
        self.miim(phy, register)
        self.write("EMAC1MWTD", value)
        self.finish()

    def finish(self) -> None:
        for _ in range(100):
            if not self.read("EMAC1MIND") & 1:
                return
            self.chip.clock_step()
        raise AssertionError("MIIMBUSY stays")


def internet_checksum(data: Sequence[int] | bytes) -> int:
    """RFC 1071, a zero byte added to an odd number."""
    values = bytes(data) + b"\0" * (len(data) % 2)
    total: int = sum(struct.unpack(f">{len(values) // 2}H", values))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF
