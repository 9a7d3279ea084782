# SPDX-License-Identifier: MIT
"""When the board sent its WebSocket text frames, from packets stamped with virtual time.

Time stamps come from inside the emulator (a pcap written by QEMU's filter-dump or by the bench), so the rate is the
board's own, whatever the host was doing. Only the packets that the board sends are looked at.
"""

from __future__ import annotations

import statistics
import struct
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

from scapy.error import Scapy_Exception
from scapy.utils import RawPcapNgReader, RawPcapReader

from pic32bench.errors import UsageError
from pic32bench.stream.client import PORT
from pic32bench.stream.frames import is_frame

_ETHERTYPE_IPV4 = 0x0800
_PROTOCOL_TCP = 6
_SYN, _RST = 0x02, 0x04
_TEXT, _CONTINUATION, _CONTROL = 1, 0, 8


class PcapError(UsageError):
    """A packet capture cannot be read, or holds too little."""


@dataclass(frozen=True)
class TextFrame:
    """A text message and the time, in seconds of the capture's clock, of the segment with its last byte."""

    time: float
    text: str


def stream_times(pcap: str | Path, port: int = PORT) -> list[float]:
    """When each of the stream's frames was sent, seconds; echoes and other texts are left out.

    Raises:
        PcapError: the file cannot be read.
    """
    return [frame.time for frame in text_frames(read_pcap(pcap), port) if is_frame(frame.text)]


def median_period(times: Sequence[float]) -> float:
    """Median time between neighbours, seconds: late frames and gaps do not move it.

    Raises:
        PcapError: fewer than two times.
    """
    if len(times) < 2:
        raise PcapError(
            f"{len(times)} stream frame(s) in the capture, at least 2 are needed for a period: was it started?"
        )
    return statistics.median(later - earlier for earlier, later in pairwise(times))


def read_pcap(pcap: str | Path) -> Iterator[tuple[float, bytes]]:
    """(seconds, Ethernet frame) of each packet of a pcap or pcapng; one cut off at the end is left out.

    Raises:
        PcapError: no such file, no capture, or not of Ethernet.
    """
    path = Path(pcap)
    try:
        reader = RawPcapReader(str(path))
    except OSError as error:
        raise PcapError(f"{path}: {error.strerror or error}: expected a packet capture") from None
    except (Scapy_Exception, EOFError, struct.error):
        raise PcapError(f"{path}: not a packet capture: expected pcap or pcapng") from None
    with reader:
        if isinstance(reader, RawPcapNgReader):
            for data, meta in reader:
                ticks = (meta.tshigh << 32) + meta.tslow
                yield ticks / meta.tsresol, data
            return
        if reader.linktype != 1:
            raise PcapError(f"{path}: link type {reader.linktype}: expected a capture of Ethernet (1)")
        unit = 1e-9 if reader.nano else 1e-6
        for data, meta in reader:
            if meta.caplen <= len(data):
                yield meta.sec + meta.usec * unit, data


def text_frames(packets: Iterable[tuple[float, bytes]], port: int = PORT) -> list[TextFrame]:
    """The text messages that a WebSocket server sent, in the order of their last bytes.

    Segments that come twice count once, at the first time; segments out of order and messages over several segments
    (or several in one) are put together. What follows bytes that are in no packet is not counted. A connection whose
    opening is not in the capture counts from its first segment that begins with a frame's header.

    Args:
        packets: (seconds, Ethernet frame), as from :func:`read_pcap` or from the wire.
        port: the server's TCP port.
    """
    found: list[TextFrame] = []
    flows: dict[bytes, _Flow] = {}
    for time, packet in packets:
        segment = _segment(packet, port)
        if segment is None:
            continue
        if segment.flags & _SYN:
            flows[segment.flow] = _Flow(next=(segment.sequence + 1) & 0xFFFFFFFF, opened=True)
            continue
        if segment.flags & _RST:
            flows.pop(segment.flow, None)
            continue
        if segment.payload:
            if segment.flow not in flows:
                if not _looks_like_frame(segment.payload):
                    continue
                flows[segment.flow] = _Flow(next=segment.sequence, opened=False)
            found += flows[segment.flow].feed(segment, time)
    return found


@dataclass(frozen=True)
class _Segment:
    flow: bytes
    sequence: int
    flags: int
    payload: bytes


def _segment(packet: bytes, port: int) -> _Segment | None:
    """The TCP segment from ``port`` in an Ethernet frame with IPv4 (RFC 791, RFC 9293), or None."""
    if len(packet) < 54 or int.from_bytes(packet[12:14], "big") != _ETHERTYPE_IPV4:
        return None
    ip = packet[14:]
    header = (ip[0] & 15) * 4
    length, offset = int.from_bytes(ip[2:4], "big"), int.from_bytes(ip[6:8], "big")
    if ip[9] != _PROTOCOL_TCP or offset & 0x1FFF or len(ip) < length or length < header + 20:
        return None
    tcp = ip[header:length]  # without the padding of short Ethernet frames
    source, _, sequence = struct.unpack_from(">HHI", tcp)
    if source != port:
        return None
    return _Segment(ip[12:20] + tcp[:4], sequence, tcp[13], tcp[(tcp[12] >> 4) * 4 :])


def _looks_like_frame(data: bytes) -> bool:
    """FIN and text, unmasked (RFC 6455 5.2)."""
    return len(data) >= 2 and data[0] == 0x81 and data[1] < 0x80


@dataclass
class _Flow:
    """One direction of a connection. ``next`` is the sequence number of the first byte that is still missing."""

    next: int
    opened: bool
    early: dict[int, bytes] = field(default_factory=dict)
    data: bytearray = field(default_factory=bytearray)
    message: bytearray = field(default_factory=bytearray)
    kind: int = _CONTINUATION
    dead: bool = False

    def feed(self, segment: _Segment, time: float) -> list[TextFrame]:
        """Take a segment; return the text messages that it completes."""
        kept = self.early.get(segment.sequence, b"")
        if len(segment.payload) > len(kept):
            self.early[segment.sequence] = segment.payload
        progress = True
        while progress:
            progress = False
            for sequence in list(self.early):
                ahead = (sequence - self.next + (1 << 31)) % (1 << 32) - (1 << 31)
                if ahead <= 0:
                    new = self.early.pop(sequence)[-ahead:]
                    self.data += new
                    self.next = (self.next + len(new)) & 0xFFFFFFFF
                    progress = True
        return [TextFrame(time, text) for text in self._texts()]

    def _texts(self) -> Iterator[str]:
        if self.opened:
            head, end, rest = bytes(self.data).partition(b"\r\n\r\n")
            if not end:
                return
            self.opened = False
            self.dead = b" 101 " not in head.splitlines()[0]
            self.data = bytearray(rest)
        while not self.dead and (frame := self._frame()) is not None:
            opcode, final, payload = frame
            if opcode >= _CONTROL:
                continue
            if opcode != _CONTINUATION:
                self.kind = opcode
                self.message.clear()
            self.message += payload
            if final and self.kind == _TEXT:
                yield self.message.decode("utf-8", errors="replace")

    def _frame(self) -> tuple[int, bool, bytes] | None:
        """The next whole frame: opcode, FIN, payload (RFC 6455 5.2)."""
        if len(self.data) < 2:
            return None
        length, start = self.data[1] & 0x7F, 2
        if length >= 126:
            start = 4 if length == 126 else 10
            if len(self.data) < start:
                return None
            length = int.from_bytes(self.data[2:start], "big")
        if self.data[1] & 0x80:
            self.dead = True  # a server must not mask (RFC 6455 5.1): this is no WebSocket, or out of step
            return None
        if len(self.data) < start + length:
            return None
        first, payload = self.data[0], bytes(self.data[start : start + length])
        del self.data[: start + length]
        return first & 15, bool(first & 0x80), payload
