# SPDX-License-Identifier: MIT
"""Strangers on the wire: TCP clients made by hand, each with an address of its own, that may do what no stack does.

They acknowledge or not, announce any window, leave holes, answer ARP or vanish without a word. Nothing is sent twice:
the wire loses no frame. RFC 826, RFC 791, RFC 9293.
"""

from __future__ import annotations

import struct
from itertools import count

from pic32bench.network.frame import Frame
from pic32bench.network.wire import WireNetwork

FIN, SYN, RST, PSH, ACK = 1, 2, 4, 8, 16
_PORTS = count(20_000)
_BROADCAST = b"\xff" * 6


def checksum(data: bytes) -> int:
    """The Internet checksum, RFC 1071."""
    total = sum(struct.unpack(f">{(len(data) + 1) // 2}H", data + b"\0" * (len(data) % 2)))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return total ^ 0xFFFF


class Stranger:
    """A host with one TCP connection to ``address``. It takes in what comes, and acknowledges it while it `acks`."""

    def __init__(self, wire: WireNetwork, address: str, host: str, port: int) -> None:
        self._wire = wire
        self._board = bytes(map(int, address.split(".")))
        self._own = bytes(map(int, host.split(".")))
        self._mac = b"\x02\x00" + self._own
        self._board_mac = next(frame.data[6:12] for frame in wire.frames if frame.from_board)
        self._ports = (next(_PORTS), port)
        self.window = 65_535
        self.largest = 1460  # bytes of a segment that it takes: MSS
        self.acks = True
        self.silent = False  # answers nothing at all, not even ARP
        self.received = b""
        self.opened = self.ended = self.reset = False
        self.sent = 0x1000  # the next sequence number
        self._taken = 0  # the next one expected
        self._leave = wire.respond(self._answer)

    def vanish(self) -> None:
        """Gone, without a word."""
        self.silent = True
        self._leave()

    def connect(self, at: float | None = None) -> None:
        """Asks for a connection, now or at a time to come; `opened` says when it has come about."""
        self.segment(SYN, at=at)
        self.sent += 1

    def send(self, data: bytes, hole: int = 0) -> None:
        """Sends bytes as one segment, ``hole`` bytes further on than they belong."""
        self.segment(PSH | ACK, data, self.sent + hole)
        self.sent += 0 if hole else len(data)

    def end(self) -> None:
        """Sends no more."""
        self.segment(FIN | ACK)
        self.sent += 1

    def abort(self) -> None:
        """Resets the connection."""
        self.segment(RST | ACK)
        self.vanish()

    def segment(self, flags: int, data: bytes = b"", number: int | None = None, at: float | None = None) -> None:
        """Sends a segment, now or at a time to come."""
        number = self.sent if number is None else number
        taken = self._taken if flags & ACK else 0
        options = b"\x02\x04" + self.largest.to_bytes(2, "big") if flags & SYN else b""
        offset = (20 + len(options)) // 4 << 4
        header = struct.pack(">HHIIBBHHH", *self._ports, number, taken, offset, flags, self.window, 0, 0) + options
        pseudo = self._own + self._board + struct.pack(">BBH", 0, 6, len(header) + len(data))
        header = header[:16] + struct.pack(">H", checksum(pseudo + header + data)) + header[18:]
        ip = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(header) + len(data), 0, 0, 64, 6, 0) + self._own + self._board
        ip = ip[:10] + struct.pack(">H", checksum(ip)) + ip[12:]
        self._wire.send(self._board_mac + self._mac + b"\x08\x00" + ip + header + data, at)

    def _answer(self, frame: Frame) -> bytes | None:
        data = frame.data
        if data[12:14] == b"\x08\x06" and data[20:22] == b"\0\x01" and data[38:42] == self._own and not self.silent:
            head = data[6:12] + self._mac + data[12:20] + b"\0\x02"
            return head + self._mac + self._own + data[22:32]
        if data[12:14] == b"\x08\x00" and data[23] == 6 and data[30:34] == self._own:
            length = 20 + int.from_bytes(data[16:18], "big") - 20
            self._take(data[34 : 14 + length])
        return None

    def _take(self, segment: bytes) -> None:
        source, destination, number, _, offset, flags = struct.unpack(">HHIIBB", segment[:14])
        if (destination, source) != self._ports or self.silent:
            return
        payload = segment[(offset >> 4) * 4 :]
        if flags & RST:
            self.reset = True
        elif flags & SYN:
            self.opened, self._taken = True, number + 1
            self._acknowledge()
        elif number == self._taken and (payload or flags & FIN):
            if self.window or not payload:
                self.received += payload
                self._taken += len(payload) + (flags & FIN)
                self.ended = self.ended or bool(flags & FIN)
            self._acknowledge()
        elif payload or flags & FIN:
            self._acknowledge()  # it has come before, or asks whether there is a window again

    def _acknowledge(self) -> None:
        if self.acks:
            self.segment(ACK)


__all__ = ["ACK", "FIN", "PSH", "RST", "SYN", "Stranger"]
