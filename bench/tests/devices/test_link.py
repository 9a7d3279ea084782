# SPDX-License-Identifier: MIT
"""The way of frames to the board and from it: each impairment alone, several at once, chance, and snapshots."""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import Any

import pytest
from conftest import ChipFactory
from ethernet import (
    CRC_ERROR,
    CRCERREN,
    CRCOKEN,
    EVERYONE,
    LINK_NS,
    PEER,
    RX_BUFFERS,
    RX_RING,
    STATION,
    UCEN,
    Ethernet,
    fcs,
    frame_to,
    padded,
    wire_ns,
)
from qtest import Chip
from scapy.layers.inet import IP, TCP, UDP
from scapy.layers.l2 import Ether
from snapshot import restore, save

MS = 1_000_000
GAP_NS = 10_000  # from one frame to the next: more than the shortest one takes on the cable
BUFFERS = 400  # as many as have room below the transmit list
FRAMES = list(range(BUFFERS - 1))


@pytest.fixture
def eth(chip: ChipFactory) -> Ethernet:
    """A receiver for many short frames."""
    return started(chip(wire=True))


def started(chip: Chip) -> Ethernet:
    ethernet = Ethernet(chip)
    ethernet.start(buffers=BUFFERS, size=64)
    return ethernet


def impair(eth: Ethernet, **impairments: Any) -> None:
    eth.chip.panel.send({"impair": {name.replace("_", "-"): value for name, value in impairments.items()}})
    assert [event for event in eth.chip.panel.events() if "error" in event] == []


def counts(eth: Ethernet, direction: str = "to board") -> dict[str, int]:
    found: dict[str, dict[str, int]] = json.loads(eth.chip.qmp("qom-get", path="/machine", property="paths"))
    return found[direction]


def numbered(number: int) -> bytes:
    return frame_to(STATION, number.to_bytes(2, "big"))


def deliver(eth: Ethernet, numbers: list[int] = FRAMES, wait: int = 100 * MS) -> list[int]:
    """Sends numbered frames to the board; returns those that it has stored, in their order."""
    begin = eth.chip.now
    for place, number in enumerate(numbers):
        eth.chip.wire.send({"frame": numbered(number).hex(), "at": begin + (place + 1) * GAP_NS})
    eth.chip.clock_set(begin + (len(numbers) + 1) * GAP_NS + wait)
    return stored(eth)


def stored(eth: Ethernet) -> list[int]:
    ring = eth.chip.memread(RX_RING, BUFFERS * 20)
    buffers = eth.chip.memread(RX_BUFFERS, BUFFERS * 64)
    owned = [ring[i * 20] & 0x80 for i in range(BUFFERS)]
    return [int.from_bytes(buffers[i * 64 + 14 : i * 64 + 16], "big") for i in range(BUFFERS) if not owned[i]]


def test_a_clean_link_changes_nothing(eth: Ethernet) -> None:
    assert deliver(eth) == FRAMES
    assert counts(eth) == {
        **dict.fromkeys(("lost", "duplicated", "corrupted", "damaged", "reordered", "clamped", "overflowed"), 0),
        "frames": len(FRAMES),
        "on the way": 0,
    }


def test_loss_is_as_frequent_as_said(eth: Ethernet) -> None:
    """399 frames, a quarter lost: 63 to 140 but once in 100,000 seeds (binomial)."""
    impair(eth, loss=0.25, seed=1)
    come = deliver(eth)
    assert 63 <= len(FRAMES) - len(come) <= 140
    assert come == sorted(come)
    assert counts(eth)["lost"] == len(FRAMES) - len(come)


def test_chance_is_the_seeds(chip: ChipFactory) -> None:
    def lost(seed: int, **others: Any) -> list[int]:
        eth = started(chip(wire=True))
        impair(eth, loss=0.25, seed=seed, **others)
        return sorted(set(FRAMES) - set(deliver(eth)))

    first = lost(1)
    assert lost(1) == first
    assert lost(1, delay=MS, jitter=MS, reordering=0.2) == first, "whatever else is switched on"
    assert lost(2) != first


def test_chance_goes_on_without_a_seed(chip: ChipFactory) -> None:
    """It begins with the board's seed; saying the same again does not begin it anew."""

    def come(seed: int) -> tuple[list[int], list[int]]:
        eth = started(chip(wire=True, properties={"rng-seed": seed}))
        impair(eth, loss=0.5)
        first = deliver(eth, FRAMES[:100])
        impair(eth, loss=0.5)
        return first, deliver(eth, FRAMES[:100])[len(first) :]

    assert come(1) == come(1)
    assert come(1)[0] != come(2)[0]
    assert come(1)[0] != come(1)[1]


def test_directions_have_chances_of_their_own(eth: Ethernet) -> None:
    impair(eth, loss=1, direction="from board")
    assert deliver(eth, [1, 2]) == [1, 2]
    eth.send(frame_to(EVERYONE))
    eth.chip.step_ns(MS)
    assert eth.frames() == []
    impair(eth, loss=1, direction="to board")
    eth.send(frame_to(EVERYONE))
    eth.chip.step_ns(MS)
    assert eth.frames() == [], "the other direction stays as it was"
    assert deliver(eth, [3]) == [1, 2]
    impair(eth)
    assert deliver(eth, [4]) == [1, 2, 4], "both are clean"


def test_delay_to_the_board_is_exact(eth: Ethernet) -> None:
    impair(eth, delay=20 * MS)
    begin = eth.chip.now
    eth.arrive(numbered(7))
    eth.chip.clock_set(begin + 20 * MS + wire_ns(60) - 1)
    assert stored(eth) == []
    assert counts(eth)["on the way"] == 0, "it is on the cable"
    eth.chip.step_ns(1)
    assert stored(eth) == [7]


def test_delay_from_the_board_is_exact(eth: Ethernet) -> None:
    impair(eth, delay=20 * MS)
    begin = eth.chip.now
    frame = frame_to(EVERYONE, bytes(100))
    eth.send(frame)
    eth.chip.step_ns(MS)
    assert counts(eth, "from board")["on the way"] == 1
    eth.chip.step_ns(30 * MS)
    assert eth.frames() == [(begin + wire_ns(114) + 20 * MS, frame)]


def test_jitter_keeps_the_order(eth: Ethernet) -> None:
    """Each of 40 frames that are 2 ms apart is 5 to 10 ms on its way, and none passes another."""
    impair(eth, delay=5 * MS, jitter=5 * MS, direction="from board")
    left = []
    for number in range(40):
        left.append(eth.chip.now + wire_ns(60))
        eth.send(frame_to(EVERYONE, bytes([number])))
        eth.chip.step_ns(2 * MS)
    eth.chip.step_ns(20 * MS)
    come = eth.frames()
    assert [frame[14] for _, frame in come] == list(range(40))
    delays = [time - before for (time, _), before in zip(come, left, strict=True)]
    assert 5 * MS <= min(delays) < 6 * MS
    assert 9 * MS < max(delays) <= 10 * MS


def test_duplication(eth: Ethernet) -> None:
    impair(eth, duplication=1)
    assert deliver(eth, [1, 2, 3]) == [1, 1, 2, 2, 3, 3]
    impair(eth, duplication=0.25)
    before = counts(eth)["duplicated"]
    come = deliver(eth, FRAMES[:200])[6:]
    assert len(come) == 200 + counts(eth)["duplicated"] - before
    assert 22 <= len(come) - 200 <= 80


def test_a_reordered_frame_lets_the_next_one_pass(eth: Ethernet) -> None:
    impair(eth, reordering=0.25, seed=3)
    come = deliver(eth)
    assert sorted(come) == FRAMES
    late = [number for number, following in itertools.pairwise(come) if following < number]
    assert 50 <= len(late) <= 110
    expected: list[int] = []
    held: list[int] = []
    for number in FRAMES:
        if number in come[: come.index(number) + 1] and any(later > number for later in come[: come.index(number)]):
            held.append(number)
        else:
            expected += [number, *held]
            held = []
    assert come == expected + held
    assert counts(eth)["reordered"] >= len(late)


def test_a_reordered_frame_that_nothing_passes_goes_on_by_itself(eth: Ethernet) -> None:
    impair(eth, reordering=1)
    begin = eth.chip.now
    eth.arrive(numbered(1))
    eth.chip.clock_set(begin + 50 * MS + wire_ns(60) - 1)
    assert stored(eth) == []
    eth.chip.step_ns(1)
    assert stored(eth) == [1]


def test_frames_with_bit_errors_have_a_wrong_fcs(eth: Ethernet) -> None:
    """64 bytes at one bit in a thousand: two frames of five are damaged; the controller counts and drops them."""
    impair(eth, bit_errors=0.001, seed=1)
    come = deliver(eth)
    damaged = counts(eth)["damaged"]
    assert 115 <= damaged <= 205
    assert len(come) == len(FRAMES) - damaged
    assert eth.read("ETHFCSERR") == damaged


def test_damaged_frames_are_shown_to_who_wants_them(eth: Ethernet) -> None:
    eth.write("ETHRXFC", UCEN | CRCOKEN | CRCERREN)
    impair(eth, bit_errors=0.01)
    eth.deliver(numbered(1))
    sent = padded(numbered(1)) + fcs(padded(numbered(1)))
    come = eth.rx_data(0)
    assert eth.rx(0).status2 & CRC_ERROR
    assert len(come) == len(sent)
    flipped = (int.from_bytes(come, "big") ^ int.from_bytes(sent, "big")).bit_count()
    assert 1 <= flipped <= 20


def test_who_is_behind_the_cable_drops_damaged_frames(eth: Ethernet) -> None:
    impair(eth, bit_errors=0.01, direction="from board")
    eth.send(frame_to(EVERYONE))
    eth.chip.step_ns(MS)
    assert eth.frames() == []
    assert counts(eth, "from board")["damaged"] == 1


def udp_packet() -> bytes:
    return bytes(Ether(src="02:00:00:00:00:02", dst="00:04:a3:00:00:01") / IP() / UDP(sport=1, dport=2) / bytes(8))


def test_corruption_flips_a_bit_of_the_packet_and_mends_the_fcs(eth: Ethernet) -> None:
    """Somewhere in the 36 bytes that checksums cover, not in the header before nor in the padding behind."""
    impair(eth, corruption=1)
    sent = padded(udp_packet())
    places = set()
    for number in range(60):
        eth.deliver(udp_packet())
        come = eth.rx_data(number)
        assert not eth.rx(number).status2 & CRC_ERROR
        assert come[-4:] == fcs(come[:-4])
        difference = int.from_bytes(come[:-4], "big") ^ int.from_bytes(sent, "big")
        assert difference.bit_count() == 1
        places.add(len(sent) - 1 - (difference.bit_length() - 1) // 8)
    assert min(places) >= 14
    assert max(places) < 14 + 36
    assert len(places) > 15


def test_corruption_spares_what_has_no_checksum(eth: Ethernet) -> None:
    impair(eth, corruption=1)
    assert deliver(eth, [1, 2, 3]) == [1, 2, 3]
    assert counts(eth)["corrupted"] == 0


def segment(window: int, **fields: Any) -> Ether:
    ends = Ether(src="02:00:00:00:00:02", dst="00:04:a3:00:00:01")
    return ends / IP(src="10.0.2.2", dst="10.0.2.15", **fields) / TCP(window=window, flags="A", seq=5) / b"odd"


def right(data: bytes) -> bytes:
    """The same frame with checksums made anew."""
    packet = Ether(data)
    del packet[TCP].chksum
    del packet[IP].chksum
    return bytes(packet)


@pytest.mark.parametrize("limit", [0, 1, 100, 5000, 65535])
@pytest.mark.parametrize("window", [0, 1, 99, 101, 4660, 65535])
def test_the_window_is_clamped_and_its_checksum_mended(eth: Ethernet, limit: int, window: int) -> None:
    impair(eth, window=limit)
    eth.deliver(bytes(segment(window)))
    come = eth.rx_data(0)[:-4]
    assert Ether(come)[TCP].window == min(limit, window)
    assert come[:57] == right(come)[:57]
    assert eth.read("ETHFCSERR") == 0
    assert counts(eth)["clamped"] == (window > limit)


def test_a_wrong_checksum_stays_wrong_and_a_wrong_fcs_too(eth: Ethernet) -> None:
    impair(eth, window=100)
    wrong = segment(5000)
    wrong[TCP].chksum = 0x1234
    eth.deliver(bytes(wrong))
    come = eth.rx_data(0)[:-4]
    assert Ether(come)[TCP].window == 100
    assert come[:57] != right(come)[:57]
    eth.deliver(padded(bytes(segment(5000))), check=b"bad!")
    assert eth.read("ETHFCSERR") == 1


@pytest.mark.parametrize(
    "frame",
    [
        bytes(segment(5000, frag=3)),
        bytes(segment(5000, proto=17)),
        bytes(segment(5000))[:40],
        frame_to(STATION, bytes(segment(5000))[14:], ethertype=0x86DD),
        STATION + PEER + b"\x08\x00" + b"\x4f" + bytes(33),
        STATION + PEER + b"\x08\x00" + b"\x41\0\0\x28" + bytes(5) + b"\x06" + bytes(30),
        STATION,
        b"\x01",
    ],
    ids=["fragment", "udp", "cut", "ipv6", "long header", "short header", "no type", "runt"],
)
def test_what_is_no_segment_stays_as_it_is(eth: Ethernet, frame: bytes) -> None:
    """Shown whole, also runts, to a receiver that takes everything."""
    eth.write("ETHRXFC", UCEN | CRCERREN)
    impair(eth, window=0)
    eth.deliver(frame, check=b"\xff\0\xff\0")
    assert eth.rx_data(0) == frame + b"\xff\0\xff\0"
    assert counts(eth)["clamped"] == 0


def test_windows_are_clamped_from_the_board_too(eth: Ethernet) -> None:
    impair(eth, window=100, direction="from board")
    come = eth.sent(bytes(segment(5000)))
    assert Ether(come)[TCP].window == 100
    assert come[:57] == right(come)[:57]


def test_impairments_compose(eth: Ethernet) -> None:
    """Lost frames are not duplicated, copies are late as well, and each is counted."""
    impair(eth, loss=0.25, duplication=1, delay=20 * MS, seed=1)
    begin = eth.chip.now
    come = deliver(eth, FRAMES[:100], wait=0)
    assert come == []
    eth.chip.clock_set(begin + 30 * MS)
    come = stored(eth)
    kept = sorted(set(come))
    assert come == sorted(kept * 2)
    found = counts(eth)
    assert (found["frames"], found["lost"], found["duplicated"]) == (100, 100 - len(kept), len(kept))


def test_what_is_on_its_way_stays_on_it_and_in_order(eth: Ethernet) -> None:
    impair(eth, delay=20 * MS)
    begin = eth.chip.now
    eth.arrive(numbered(1))
    eth.chip.step_ns(MS)
    impair(eth)
    eth.arrive(numbered(2))
    eth.chip.clock_set(begin + 20 * MS)
    assert stored(eth) == []
    eth.chip.step_ns(MS)
    assert stored(eth) == [1, 2]


def test_an_impairment_may_be_ordered_for_a_time(eth: Ethernet) -> None:
    begin = eth.chip.now
    eth.chip.panel.send({"impair": {"loss": 1}, "at": begin + 2 * MS})
    assert deliver(eth, [1], wait=MS) == [1]
    eth.chip.step_ns(MS)
    assert deliver(eth, [2]) == [1]


def test_resets_change_nothing_on_the_way(eth: Ethernet) -> None:
    impair(eth, delay=20 * MS, direction="from board")
    frame = frame_to(EVERYONE)
    eth.send(frame)
    eth.chip.step_ns(MS)
    eth.chip.qmp("system_reset")
    eth.chip.step_ns(LINK_NS)
    assert [data for _, data in eth.frames()] == [padded(frame)]
    eth = started(eth.chip)
    eth.tx_address += 0x100
    begin = eth.chip.now
    eth.write("ETHTXST", eth.tx_address)
    eth.send(frame)
    eth.chip.step_ns(50 * MS)
    assert eth.frames() == [(begin + wire_ns(60) + 20 * MS, padded(frame))]


def test_frames_do_not_arrive_while_the_cable_is_out(eth: Ethernet) -> None:
    impair(eth, delay=20 * MS)
    eth.arrive(numbered(1))
    eth.send(frame_to(EVERYONE))
    eth.chip.step_ns(MS)
    eth.chip.panel.send({"link": "down"})
    eth.chip.step_ns(50 * MS)
    assert stored(eth) == []
    assert eth.frames() == []


def test_too_much_on_the_way_is_lost(eth: Ethernet) -> None:
    """16 MiB and no more are on their way in one direction."""
    impair(eth, delay=60_000 * MS, direction="to board")
    line = json.dumps({"frame": bytes(16384).hex()}).encode() + b"\n"
    for _ in range(1030):
        eth.chip.wire.send(line)
    for _ in range(100):  # what is in the socket still
        eth.chip.settle()
    eth.chip.step_ns(1)
    found = counts(eth)
    assert found["frames"] == 1030
    assert found["on the way"] == 16 * 1024 * 1024 // 16388
    assert found["overflowed"] == 1030 - found["on the way"]


@pytest.mark.parametrize(
    ("said", "complaint"),
    [
        ({"loss": 1.2}, '"loss" is a share from 0 to 1'),
        ({"duplication": -0.1}, '"duplication" is a share'),
        ({"bit-errors": "1%"}, '"bit-errors" is a share'),
        ({"delay": -1}, '"delay" is a time in whole nanoseconds'),
        ({"delay": 0.02}, '"delay" is a time in whole nanoseconds'),
        ({"jitter": 60_000_000_001}, '"jitter" is a time'),
        ({"window": 65536}, '"window" is a number of bytes'),
        ({"seed": -1}, '"seed" is a whole number'),
        ({"direction": "up"}, '"direction" is'),
        ({"direction": 1}, '"direction" is'),
        ({"los": 0.1}, 'no impairment "los"'),
        (7, '"impair" is an object'),
        (None, '"impair" is an object'),
    ],
)
def test_what_makes_no_sense_gets_one_error_and_changes_nothing(eth: Ethernet, said: Any, complaint: str) -> None:
    eth.chip.panel.events()
    eth.chip.panel.send({"impair": said})
    errors = eth.chip.panel.events()
    assert [complaint in event.get("error", "") for event in errors] == [True], errors
    assert deliver(eth, [1]) == [1]


def test_a_snapshot_holds_what_is_on_its_way(chip: ChipFactory, tmp_path: Path) -> None:
    """Delayed and held frames, both ways, and chance: the machine goes on from it as if nothing had been."""

    def begin(eth: Ethernet) -> None:
        impair(eth, loss=0.2, reordering=0.3, delay=5 * MS, jitter=3 * MS, seed=5)
        for number in range(10):
            eth.arrive(numbered(number), at=eth.chip.now + (number + 1) * MS // 2)
            eth.send(numbered(number))
        eth.chip.step_ns(6 * MS)
        assert min(counts(eth)["on the way"], counts(eth, "from board")["on the way"]) > 2

    def end(eth: Ethernet) -> tuple[list[int], list[tuple[int, bytes]], dict[str, int]]:
        eth.chip.step_ns(100 * MS)
        return deliver(eth, FRAMES[:50]), eth.frames(), counts(eth)

    saved = started(chip(wire=True))
    begin(saved)
    early = saved.frames()
    now = saved.chip.now
    saved.chip.qmp("stop")
    save(saved.chip, tmp_path / "state")
    saved.chip.qmp("cont")
    again = Ethernet(chip(wire=True, arguments=restore(tmp_path / "state")))
    while again.chip.qmp("query-status")["status"] == "inmigrate":
        again.chip.settle()
    again.chip.clock_set(now)
    again.chip.qmp("cont")
    again.rx_step = saved.rx_step
    straight = started(chip(wire=True))
    begin(straight)
    assert early == straight.frames()
    expected = end(straight)
    assert len(expected[1]) > 2
    assert end(again) == expected
    assert end(saved) == expected
