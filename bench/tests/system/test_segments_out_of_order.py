# SPDX-License-Identifier: MIT
"""Segments that come out of order and do not fit the board's receive window, made by hand.

lwIP 2.1 keeps such a segment, and its assertion ends the firmware when it is its turn. A link with bit errors found it:
a peer may send beyond the window, when the acknowledgement that said so is older than another.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest
from scapy.layers.inet import IP, TCP
from scapy.layers.l2 import Ether

from pic32bench import Board
from pic32bench.network import WireNetwork
from pic32bench.network.neighbour import Neighbour
from pic32bench.network.station import LEASED, Station

PORT = 8088
PIECE = 200  # bytes, of what fills the window
UPGRADE = (
    b"GET /echo HTTP/1.1\r\nHost: board\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)


class Peer(Neighbour):
    """One TCP connection, segment by segment. ``next`` is the sequence number that the board expects of it."""

    def __init__(self, board: Board) -> None:
        assert isinstance(board.network, WireNetwork)
        super().__init__(board.network, address="10.0.2.9")
        self.board = board.description.ethernet.mac
        self.next = 1000
        self.window = 8192
        self.acknowledged = 0
        self.said = TCP()  # the board's newest segment
        self.send(flags="S")
        self.next += 1
        self.send()

    def send(self, data: bytes = b"", flags: str = "A", gap: int = 0) -> TCP:
        """Sends a segment, ``gap`` bytes beyond the next; returns the board's newest one."""
        ports = TCP(sport=50000, dport=PORT, flags=flags, seq=self.next + gap, ack=self.acknowledged)
        ports.window = self.window
        self.wire.send(Ether(src=self.mac, dst=self.board) / IP(src=self.address, dst=LEASED) / ports / data)
        for frame in self.wire.sniff(0.1):
            if TCP in frame.packet and frame.packet[TCP].dport == 50000:
                self.said = segment = frame.packet[TCP]
                length = frame.packet[IP].len - 20 - segment.dataofs * 4
                self.acknowledged = segment.seq + length + ("S" in segment.flags)
        return self.said


@pytest.mark.board(network="wire", quantum=0.02)
def test_a_segment_beyond_the_window_does_no_harm(start_board: Callable[..., Board]) -> None:
    board = start_board()
    Station(board.network, dhcp=True)
    board.console.wait_for_line(f"IP Address: {LEASED}")
    peer = Peer(board)
    peer.send(UPGRADE)
    peer.next += len(UPGRADE)
    peer.window = 0  # so the board cannot echo, and takes in only what its buffers hold
    header = b"\x82\xff" + (100_000).to_bytes(8, "big") + bytes(4)
    said = peer.send(header)
    peer.next += len(header)
    while said.window > PIECE:
        said = peer.send(bytes(PIECE))
        peer.next += PIECE
        assert said.ack == peer.next
    left = said.window
    peer.send(bytes(left + 500), gap=1)
    said = peer.send(b"\0")
    peer.next += 1
    assert said.ack == peer.next, "of the segment beyond the window nothing is kept"
    assert "ASSERTION" not in board.console.text
    assert board.station.ping(LEASED) is not None
