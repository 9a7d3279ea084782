# SPDX-License-Identifier: MIT
"""The board's frame rate from captures made up with scapy."""

import random
from collections.abc import Iterable
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scapy.layers.inet import IP, TCP
from scapy.layers.l2 import ARP, Ether
from scapy.packet import Raw
from scapy.utils import PcapNgWriter, PcapWriter

from pic32bench.stream.rate import PcapError, TextFrame, median_period, read_pcap, stream_times, text_frames

BOARD, PEER = "169.254.97.179", "169.254.1.1"
UPGRADE = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n"

Packets = list[tuple[float, bytes]]


def segment(sequence: int, payload: bytes, flags: str = "PA", sport: int = 8088, dport: int = 50000) -> bytes:
    tcp = TCP(sport=sport, dport=dport, seq=sequence % 2**32, flags=flags)
    packet = Ether(src="00:04:a3:00:00:01", dst="02:00:00:00:00:01") / IP(src=BOARD, dst=PEER) / tcp
    return bytes(packet / Raw(payload) if payload else packet).ljust(60, b"\x55")


def text(content: str | bytes, first: int = 0x81) -> bytes:
    data = content.encode() if isinstance(content, str) else content
    if len(data) < 126:
        return bytes([first, len(data)]) + data
    if len(data) < 65536:
        return bytes([first, 126]) + len(data).to_bytes(2, "big") + data
    return bytes([first, 127]) + len(data).to_bytes(8, "big") + data


def connection(chunks: Iterable[tuple[float, bytes]], isn: int = 1000) -> Packets:
    """A connection from its SYN on: each chunk a segment."""
    packets = [(0.0, segment(isn, b"", "SA")), (0.1, segment(isn + 1, UPGRADE))]
    sequence = isn + 1 + len(UPGRADE)
    for time, chunk in chunks:
        packets.append((time, segment(sequence, chunk)))
        sequence += len(chunk)
    return packets


def every_10_ms(count: int) -> list[tuple[float, bytes]]:
    return [(1 + index / 100, text(f"{index} 2 3 4")) for index in range(count)]


def test_each_frame_has_its_time() -> None:
    frames = text_frames(connection(every_10_ms(5)))
    assert frames == [TextFrame(1 + index / 100, f"{index} 2 3 4") for index in range(5)]


@pytest.mark.parametrize("isn", [0, 2**32 - 100, 2**31 - 30])
def test_sequence_numbers_wrap(isn: int) -> None:
    assert len(text_frames(connection(every_10_ms(50), isn))) == 50


def test_retransmissions_count_once_at_their_first_time() -> None:
    packets = connection(every_10_ms(5))
    again = [*packets[:4], (1.5, packets[3][1]), (1.6, packets[2][1]), *packets[4:]]
    assert text_frames(again) == text_frames(packets)


def test_a_retransmission_that_carries_more() -> None:
    whole = text("1 2 3 4") + text("5 6 7 8")
    packets = connection([(1.0, whole[:9])])
    packets.append((1.2, segment(1001 + len(UPGRADE), whole)))
    assert text_frames(packets) == [TextFrame(1.0, "1 2 3 4"), TextFrame(1.2, "5 6 7 8")]


def test_a_shorter_copy_takes_nothing_away_from_a_segment_that_waits() -> None:
    first, second = connection(every_10_ms(2))[2:]
    start = 1001 + len(UPGRADE) + len(text("0 2 3 4"))
    short = (1.1, segment(start, text("1 2 3 4")[:4]))
    assert len(text_frames([*connection([]), second, short, (1.2, first[1])])) == 2


@pytest.mark.parametrize("isn", [1000, 2**32 - len(UPGRADE) - 12])
def test_segments_out_of_order_count_when_complete(isn: int) -> None:
    first, second, third = connection(every_10_ms(3), isn)[2:]
    opening = connection([], isn)
    frames = text_frames([*opening, (2.0, third[1]), (2.1, first[1]), (2.2, second[1])])
    assert [(frame.time, frame.text[0]) for frame in frames] == [(2.1, "0"), (2.2, "1"), (2.2, "2")]


def test_several_frames_in_a_segment_and_one_across_segments() -> None:
    data = text("1 2 3 4") + text("5 6 7 8") + text("9 10 11 12")
    frames = text_frames(connection([(1.0, data[:20]), (2.0, data[20:21]), (3.0, data[21:])]))
    assert [(frame.time, frame.text) for frame in frames] == [(1.0, "1 2 3 4"), (1.0, "5 6 7 8"), (3.0, "9 10 11 12")]


@given(seed=st.integers(0, 10**9), sizes=st.lists(st.integers(0, 300), min_size=1, max_size=12))
def test_any_cut_into_segments_in_any_order_gives_the_same_texts(seed: int, sizes: list[int]) -> None:
    chance = random.Random(seed)
    texts = ["x" * size for size in sizes]
    data = b"".join(map(text, texts))
    cuts = sorted({0, len(data), *(chance.randrange(len(data)) for _ in range(8))})
    pieces = connection((float(start), data[start:end]) for start, end in pairwise(cuts))
    body = pieces[2:] + chance.choices(pieces[2:], k=3)
    chance.shuffle(body)
    assert [frame.text for frame in text_frames(pieces[:2] + body)] == texts


@pytest.mark.parametrize("size", [125, 126, 65535, 65536])
def test_lengths_in_7_16_and_64_bits(size: int) -> None:
    data = text("a" * size) + text("1 2 3 4")
    chunks = [(1.0 + start, data[start : start + 1400]) for start in range(0, len(data), 1400)]
    assert [len(frame.text) for frame in text_frames(connection(chunks))] == [size, 7]


def test_fragments_make_one_message_and_control_frames_none() -> None:
    parts = [text("1 2 ", 0x01), text("ping", 0x89), text(b"\x03\xe8", 0x8A), text("3 4", 0x80)]
    chunks = [(float(index), part) for index, part in enumerate(parts)]
    assert text_frames(connection(chunks)) == [TextFrame(3.0, "1 2 3 4")]


def test_binary_messages_are_no_text() -> None:
    assert text_frames(connection([(1.0, text("1 2 3 4", 0x82)), (2.0, text("5 6 7 8"))])) == [
        TextFrame(2.0, "5 6 7 8")
    ]


def test_other_traffic_is_left_alone() -> None:
    packets = connection(every_10_ms(3))
    other = [
        (0.5, segment(1, text("9 9 9 9"), sport=80)),
        (0.5, segment(1, text("9 9 9 9"), sport=50000, dport=8088)),
        (0.5, bytes(Ether() / ARP())),
        (0.5, b"\0" * 10),
    ]
    assert text_frames(packets[:3] + other + packets[3:]) == text_frames(packets)


def test_a_refused_handshake_has_no_frames() -> None:
    answer = b"HTTP/1.1 404 Not Found\r\n\r\n" + text("1 2 3 4")
    assert text_frames([(0.0, segment(0, b"", "SA")), (1.0, segment(1, answer))]) == []


def test_a_second_connection_on_the_same_ports() -> None:
    assert len(text_frames(connection(every_10_ms(3)) + connection(every_10_ms(4), isn=77))) == 7


def test_a_capture_that_begins_in_mid_connection() -> None:
    packets = connection(every_10_ms(5))[4:]
    assert [frame.text[0] for frame in text_frames(packets)] == ["2", "3", "4"]


def test_two_connections_side_by_side() -> None:
    one = connection(every_10_ms(3))
    two = [(time, segment(5, text("7 7 7 7"), dport=50001)) for time in (1.005,)]
    assert len(text_frames(one + two)) == 4


@pytest.mark.parametrize("nano", [False, True])
def test_the_period_from_a_file(tmp_path: Path, nano: bool) -> None:
    path = tmp_path / "net.pcap"
    echo = (1.0255, text("SetDelay 10"))
    chunks = sorted([*every_10_ms(6), echo, *((5 + index / 50, text("1 2 3 4")) for index in range(3))])
    with PcapWriter(str(path), linktype=1, nano=nano, sync=True) as writer:
        writer.write_header(None)
        for time, packet in connection(chunks):
            writer.write_packet(packet, sec=int(time), usec=round(time % 1 * (1e9 if nano else 1e6)))
    times = stream_times(path)
    assert len(times) == 9
    assert median_period(times) == pytest.approx(0.01, abs=2e-6)
    whole = path.read_bytes()
    path.write_bytes(whole[:-3])
    assert len(stream_times(path)) == 8


def test_pcapng(tmp_path: Path) -> None:
    path = tmp_path / "net.pcapng"
    with PcapNgWriter(str(path)) as writer:
        for time, packet in connection(every_10_ms(6)):
            ether = Ether(packet)
            ether.time = time
            writer.write(ether)
    assert median_period(stream_times(path)) == pytest.approx(0.01, abs=2e-6)


def test_a_single_frame_has_no_period() -> None:
    with pytest.raises(PcapError, match=r"1 stream frame\(s\) in the capture, at least 2"):
        median_period([1.0])


def test_files_that_are_no_captures(tmp_path: Path) -> None:
    with pytest.raises(PcapError, match=r"gone\.pcap: No such file"):
        stream_times(tmp_path / "gone.pcap")
    for content in (b"", b"hello", b"hello, this is no capture at all"):
        (tmp_path / "x").write_bytes(content)
        with pytest.raises(PcapError, match="not a packet capture"):
            list(read_pcap(tmp_path / "x"))
