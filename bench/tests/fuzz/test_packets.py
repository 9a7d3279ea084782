# SPDX-License-Identifier: MIT
"""Frames and corpora of the fuzzer, held against scapy, which knows the protocols by itself."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scapy.layers.inet import ICMP, IP, TCP, UDP
from scapy.layers.l2 import ARP, Ether
from scapy.layers.netbios import NBNSHeader, NBNSQueryRequest
from scapy.utils import checksum

from pic32bench.errors import UsageError
from pic32bench.fuzz import packets
from pic32bench.fuzz.corpus import Corpus
from pic32bench.fuzz.mutate import Mutator
from pic32bench.fuzz.protocol import Input
from pic32bench.fuzz.streams import frame


@given(st.binary(max_size=300))
def test_checksum_is_scapys(data: bytes) -> None:
    assert packets.checksum(data) == checksum(data)


@pytest.mark.parametrize("payload", [b"", b"x", b"some data"])
@pytest.mark.parametrize("options", [b"", b"\1\1\1\1"])
def test_packets_are_right(payload: bytes, options: bytes) -> None:
    for made in (
        packets.ipv4(packets.ICMP, b"\x08\0\0\0\0\1\0\1" + payload, options=options),
        packets.ipv4(packets.UDP, packets.udp(5, 137, payload), options=options),
        packets.ipv4(packets.TCP, packets.tcp(5, 80, 1, 2, packets.SYN, payload), options=options),
    ):
        packet = IP(made)
        sums = packet.chksum, packet.payload.chksum
        for layer in (packet, packet.payload):
            layer.chksum = None
        again = IP(bytes(packet))
        assert (again.chksum, again.payload.chksum) == sums
        assert again.len == len(made)
        assert ICMP in again or UDP in again or TCP in again


def test_arp_and_names() -> None:
    asked = Ether(packets.ethernet(packets.ARP, packets.arp(1, packets.PEER, packets.BOARD), packets.BROADCAST))
    assert (asked[ARP].op, asked[ARP].psrc, asked[ARP].pdst) == (1, "10.0.2.2", "10.0.2.15")
    query = NBNSHeader(b"\0\1\1\x10\0\1\0\0\0\0\0\0" + packets.netbios_name("MCHPBOARD_E") + b"\0\x20\0\1")
    assert query[NBNSQueryRequest].QUESTION_NAME.strip() == b"MCHPBOARD_E"


def test_segment_of_a_frame() -> None:
    made = bytes(Ether() / IP(src="10.0.2.15") / TCP(sport=80, dport=9, seq=5, ack=7, flags="PA") / b"data")
    assert packets.segment(made.ljust(60, b"\0")) == packets.Segment(80, 9, 5, 7, packets.PSH | packets.ACK, b"data")
    assert packets.segment(bytes(Ether() / ARP())) is None


@given(st.binary(max_size=80), st.integers(0, 40), st.integers())
def test_mutator_keeps_what_it_shall(data: bytes, keep: int, seed: int) -> None:
    changed = Mutator(random.Random(seed), (b"token",), 200).change(data, keep, b"other")
    assert changed[: min(keep, len(data))] == data[:keep]
    assert len(changed) <= 200


def test_websocket_frames() -> None:
    # RFC 6455 5.7
    assert frame(1, b"Hello", key=b"\x37\xfa\x21\x3d").hex() == "818537fa213d7f9f4d5158"
    assert frame(2, bytes(256), key=None)[:4].hex() == "827e0100"
    assert frame(2, b"", key=None, length=65536).hex() == "827f0000000000010000"
    assert frame(9, b"a", final=False, reserved=4, size=126, key=None).hex() == "497e000161"


@given(st.lists(st.tuples(st.binary(max_size=20), st.binary(max_size=20)), max_size=10, unique=True))
def test_corpus_comes_back(tmp_path_factory: pytest.TempPathFactory, inputs: list[Input]) -> None:
    path = tmp_path_factory.mktemp("corpus") / "arp.corpus"
    corpus = Corpus(inputs, 1000, 12.0, 2)
    corpus.save(path, "arp", "a frame")
    assert Corpus.load(path) == corpus


def test_corpus_that_is_not_there(tmp_path: Path) -> None:
    assert Corpus.load(tmp_path / "arp.corpus") == Corpus()
    with pytest.raises(UsageError, match="cannot read corpus"):
        Corpus.load(tmp_path)
