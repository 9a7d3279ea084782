# SPDX-License-Identifier: MIT
"""Who counts as a peer on the host, for whom the governor paces: TCP connections and UDP datagrams on the cable."""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterator
from pathlib import Path

import pytest
from ethernet import PEER, STATION, Ethernet, frame_to, internet_checksum, slot_ns
from qtest import Chip, ChipFactory

HOST, BOARD = bytes([10, 0, 2, 2]), bytes([10, 0, 2, 15])
TCP, UDP = 6, 17
FIN, SYN, RST, ACK = 1, 2, 4, 16
SECOND = 1_000_000_000


class Cable:
    """A board whose network is this test: frames come and go as datagrams."""

    def __init__(self, chip: Chip, near: socket.socket, far: Path) -> None:
        self.chip = chip
        self.board = Ethernet(chip)
        self._near, self._far = near, str(far)
        self.board.start()

    @property
    def peers(self) -> int:
        return int(self.chip.qmp("qom-get", path="/machine", property="peers"))

    def come(self, packet: bytes, destination: bytes = STATION) -> None:
        """A packet from the host."""
        self._near.sendto(frame_to(destination, packet, 0x0800).ljust(60, b"\0"), self._far)
        self.chip.settle()

    def go(self, packet: bytes) -> None:
        """A packet from the board."""
        self.board.send(frame_to(PEER, packet, 0x0800, STATION))
        self.chip.step_ns(slot_ns(2000))


def ip(protocol: int, payload: bytes, from_host: bool, fragment: int = 0) -> bytes:
    source, target = (HOST, BOARD) if from_host else (BOARD, HOST)
    header = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(payload), 0, fragment, 64, protocol, 0) + source + target
    return header[:10] + internet_checksum(header).to_bytes(2, "big") + header[12:] + payload


def tcp(flags: int, *, from_host: bool = True, port: int = 40000, data: bytes = b"", fragment: int = 0) -> bytes:
    ports = (port, 80) if from_host else (80, port)
    return ip(TCP, struct.pack(">HHIIBBHHH", *ports, 1, 1, 5 << 4, flags, 8192, 0, 0) + data, from_host, fragment)


def udp(source: int, target: int, from_host: bool = True) -> bytes:
    return ip(UDP, struct.pack(">HHHH", source, target, 12, 0) + b"data", from_host)


@pytest.fixture
def cable(chip: ChipFactory, tmp_path: Path) -> Iterator[Cable]:
    near, far = tmp_path / "near", tmp_path / "far"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as test:
        test.bind(str(near))
        netdev = f"dgram,id=net0,local.type=unix,local.path={far},remote.type=unix,remote.path={near}"
        with chip(wire=False, arguments=("-netdev", netdev, "-net", "nic,netdev=net0")) as pic:
            yield Cable(pic, test, far)


def test_a_connection_counts_from_its_syn_to_both_fins(cable: Cable) -> None:
    assert cable.peers == 0
    cable.come(tcp(SYN))
    assert cable.peers == 1
    cable.go(tcp(SYN | ACK, from_host=False))
    cable.come(tcp(ACK))
    cable.come(tcp(ACK, data=b"GET /"))
    cable.come(tcp(SYN, port=40001))
    assert cable.peers == 2
    cable.go(tcp(FIN | ACK, from_host=False))
    cable.come(tcp(ACK))
    assert cable.peers == 2
    cable.come(tcp(FIN | ACK))
    assert cable.peers == 1
    cable.go(tcp(ACK, from_host=False))
    assert cable.peers == 1


@pytest.mark.parametrize("who", ["host", "board"])
def test_a_connection_ends_with_a_reset(cable: Cable, who: str) -> None:
    cable.come(tcp(SYN))
    if who == "host":
        cable.come(tcp(RST))
    else:
        cable.go(tcp(RST | ACK, from_host=False))
    assert cable.peers == 0


def test_a_connection_that_the_board_opens(cable: Cable) -> None:
    cable.go(tcp(SYN, from_host=False))
    assert cable.peers == 1


def test_a_silent_connection_counts_for_ever_one_half_closed_five_seconds(cable: Cable) -> None:
    cable.come(tcp(SYN))
    cable.chip.step_ns(100 * SECOND)
    assert cable.peers == 1
    cable.come(tcp(FIN | ACK))
    cable.chip.step_ns(4 * SECOND)
    assert cable.peers == 1
    cable.chip.step_ns(2 * SECOND)
    assert cable.peers == 0


def test_a_board_that_was_reset_has_no_connections_until_the_host_insists(cable: Cable) -> None:
    cable.come(tcp(SYN))
    cable.chip.panel.send({"power": "cycle"})
    assert cable.peers == 0
    cable.board.start()
    cable.come(tcp(ACK))
    assert cable.peers == 0
    cable.come(tcp(ACK, data=b"hello?"))
    assert cable.peers == 1
    cable.go(tcp(RST, from_host=False))
    assert cable.peers == 0


def test_with_the_cable_out_nobody_is_there(cable: Cable) -> None:
    cable.come(tcp(SYN))
    cable.chip.panel.send({"link": "down"})
    assert cable.peers == 0
    cable.come(tcp(SYN, port=40001))
    cable.chip.panel.send({"link": "up"})
    assert cable.peers == 1  # the second SYN was never on the cable


def test_datagrams_count_for_two_seconds(cable: Cable) -> None:
    cable.come(udp(40000, 137))
    assert cable.peers == 1
    cable.chip.step_ns(SECOND)
    cable.go(udp(137, 40000, from_host=False))
    cable.chip.step_ns(3 * SECOND // 2)
    assert cable.peers == 1
    cable.chip.step_ns(SECOND)
    assert cable.peers == 0


@pytest.mark.parametrize(
    "packet",
    [
        udp(67, 68),
        tcp(ACK),
        tcp(SYN, fragment=100),
        ip(1, bytes(28), True),
        tcp(SYN, data=bytes(100))[:40],
        ip(TCP, b"short", True),
        b"\x41" + tcp(SYN)[1:],
    ],
    ids=["DHCP", "no SYN", "fragment", "ICMP", "cut off", "no TCP header", "no IP header"],
)
def test_what_is_no_peer(cable: Cable, packet: bytes) -> None:
    cable.come(packet)
    assert cable.peers == 0


def test_a_broadcast_is_no_conversation(cable: Cable) -> None:
    cable.come(udp(40000, 137), destination=b"\xff" * 6)
    assert cable.peers == 0


def test_of_too_many_the_one_that_was_silent_longest_is_forgotten(cable: Cable) -> None:
    for port in range(1000, 1070):
        cable.chip.step_ns(1000)
        cable.come(tcp(SYN, port=port))
    assert cable.peers == 64
    cable.come(tcp(RST, port=1000))
    assert cable.peers == 64
    cable.come(tcp(RST, port=1069))
    assert cable.peers == 63
