# SPDX-License-Identifier: MIT
"""`pic32bench fuzz`: it finds what is wrong and nothing else, and says it so that somebody can mend it."""

from __future__ import annotations

import json
import random
import re
from pathlib import Path

import pytest

from pic32bench import bench
from pic32bench.cli.main import main
from pic32bench.fuzz import client, packets
from pic32bench.fuzz.corpus import SUFFIX, Corpus, kept_folder
from pic32bench.fuzz.packets import ACK, PSH, SYN
from pic32bench.fuzz.protocol import SERVICES
from pic32bench.fuzz.protocols import PROTOCOLS
from pic32bench.fuzz.subject import FirmwareError, Subject


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_kept_corpus_does_no_harm(
    protocol: str, firmware: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The short form of a campaign: every input that ever showed something new, once."""
    assert main(["fuzz", protocol, "--corpus-only", "--findings", str(tmp_path), "--json"]) == 0
    result = json.loads(capsys.readouterr().out)
    kept = Corpus.load(kept_folder() / f"{protocol}{SUFFIX}")
    assert result["executions"] == len(kept.inputs) > 10
    assert result["findings"] == []
    assert list(tmp_path.iterdir()) == []


def test_planted_fault_is_found_and_can_be_had_again(
    planted: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    corpus, findings = tmp_path / "corpus", tmp_path / "findings"
    command = ["fuzz", "nbns", str(planted), "--corpus", str(corpus), "--findings", str(findings)]
    assert main([*command, "--executions", "1000", "--json"]) == 1
    result = json.loads(capsys.readouterr().out)
    assert result["executions"] >= 1000, "the session goes on behind a finding"
    finding = result["findings"][0]
    assert finding["kind"] == "exception"
    assert re.match(r"\*\*\* EXCEPTION: (TLB refill|address error) on load", finding["what"])
    assert "remember_name (planted.c:" in finding["backtrace"]
    assert "__wrap_udp_input (planted.c:" in finding["backtrace"]
    assert finding["frames"] == 1, "one frame is enough, and what is not needed is left out"
    assert result["total_executions"] == 0, "what was executed before a finding does not count"

    assert finding["command"] == f"pic32bench fuzz --reproduce {finding['path']}"
    assert main(["fuzz", "--reproduce", finding["path"]]) == 1
    shown = capsys.readouterr().out
    assert finding["what"] in shown
    assert finding["backtrace"] in shown
    assert "the same run, to the nanosecond" in shown

    assert main(["replay", finding["path"]]) == 0, "a finding is a recording as any other"


def test_silence_is_a_finding(firmware: Path) -> None:
    """A board whose core hangs answers nothing, and says nothing either."""
    with Subject(bench.check(network="wire"), covered=False) as subject:
        subject.learn(SERVICES)
        subject.check(everything=True)
        subject.board.panel.hold_reset()
        subject.may_reset = True
        with pytest.raises(FirmwareError, match="no answer on ARP and ping within 186 s"):
            subject.check()


def test_reset_is_a_finding(firmware: Path) -> None:
    with Subject(bench.check(network="wire"), covered=False) as subject:
        subject.board.reset()
        with pytest.raises(FirmwareError, match="the board was reset: mclr"):
            subject.check()


def test_leak_is_a_finding(firmware: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A pool that has less at every look; one that has less once, and no less at the next, is none."""
    monkeypatch.setattr("pic32bench.fuzz.subject._RESTS", (0.01,))
    with Subject(bench.check(network="wire"), covered=False) as subject:
        free = subject.pools.now()
        assert free["PBUF_POOL"] > 0
        subject.pools.at_first = {**free, "PBUF_POOL": free["PBUF_POOL"] + 1}
        subject.check_leaks()
        assert subject.leaked
        subject.check_leaks()
        for look in range(2):
            subject.pools.at_first = {**free, "PBUF_POOL": free["PBUF_POOL"] + 2}
            if look == 0:
                subject.check_leaks()
        with pytest.raises(FirmwareError, match="PBUF_POOL: 2 more in use than before"):
            subject.check_leaks()


def test_coverage_says_when_the_firmware_went_where(firmware: Path) -> None:
    echo = packets.ipv4(packets.ICMP, bytes((8, 0, 0, 0, 0, 1, 0, 1)) + b"something", options=b"\1\1\1\1")
    with Subject(bench.check(network="wire")) as subject:
        subject.learn(SERVICES)
        assert subject.new_ways()
        subject.run(0.1)
        subject.new_ways()
        at = subject.send(packets.ethernet(packets.IPV4, echo), gap_ns=5_000_000)
        again = subject.send(packets.ethernet(packets.IPV4, echo))
        subject.run(0.01)
        ways = subject.new_ways()
        assert ways, "an echo request with options was never sent before"
        assert all(at < way.time_ns < again for way in ways)


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_inputs_are_the_same_with_the_same_seed(protocol: str) -> None:
    def made() -> list[tuple[bytes, ...]]:
        of = PROTOCOLS[protocol](random.Random(5))
        pool = list(of.seeds())
        for _ in range(200):
            pool.append(of.mutate(of.rng.choice(pool), of.rng.choice(pool)))
        return pool

    assert made() == made()


@pytest.mark.parametrize("answers", ["page", "WebSocket"])
def test_segment_that_overlaps_what_has_come(answers: str, firmware: Path) -> None:
    """Found by fuzzing TCP: what is trimmed of it leaves an empty pbuf, and its reader stood still there."""
    port = client.HTTP_PORT if answers == "page" else client.WEBSOCKET_PORT
    asks = b"GET /none HTTP/1.1\r\nHost: x\r\n" if answers == "page" else client.HANDSHAKE[:-2]
    asks += b"X-Filler: " + b"y" * 500 + b"\r\n\r\n"
    with Subject(bench.check(network="wire"), covered=False) as subject:
        (peer,) = client.connect(subject, [port])
        peer.send(subject, ACK | PSH, asks[:300])
        peer.seq -= 300
        peer.send(subject, ACK | PSH, asks)
        client.take_in([peer], subject.run(0.05))
        assert peer.received.startswith(b"HTTP/1.1 404" if answers == "page" else b"HTTP/1.1 101")
        subject.check(everything=True)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ((), "expected a protocol, one of ethernet, arp, ip, tcp, udp, dhcp, nbns, http, websocket, found none"),
        (("smtp",), "found 'smtp'"),
        (("arp", "no.elf"), "no firmware image no.elf"),
        (("arp", "--any-emulator"), "--any-emulator is for --reproduce"),
        (("arp", "--reproduce", "x"), "it takes no protocol"),
        (("--reproduce", "no.zip"), "cannot read no.zip"),
        (("arp", "--corpus-only", "--findings", "/proc/none"), "cannot make the folder /proc/none"),
    ],
)
def test_wrong_use_is_one_line(
    arguments: tuple[str, ...], says: str, firmware: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["fuzz", *arguments]) == 2
    error = capsys.readouterr().err
    assert says in error
    assert error.count("\n") == 1


def test_damaged_corpus_is_one_line(firmware: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / f"arp{SUFFIX}").write_text("# fine\nnot hex\n")
    assert main(["fuzz", "arp", "--corpus-only", "--corpus", str(tmp_path)]) == 2
    assert "expected lines of hex digits" in capsys.readouterr().err


@pytest.mark.parametrize("distance", [0x7FFFFFFF, 0x80000000, 0x80000001])
def test_byte_half_the_sequence_space_away(distance: int, firmware: Path) -> None:
    """Found by fuzzing TCP: lwIP's comparison of numbers has no answer there, and stopped at "insane offset!"."""
    with Subject(bench.check(network="wire"), covered=False) as subject:
        (peer,) = client.connect(subject, [client.HTTP_PORT])
        peer.send(subject, ACK)
        for number in ("seq", "ack"):
            right = getattr(peer, number)
            setattr(peer, number, right + distance & 0xFFFFFFFF)
            subject.send(peer.frame(ACK | PSH, b"x"))
            setattr(peer, number, right)
        peer.send(subject, ACK | PSH, b"GET /none HTTP/1.1\r\nHost: x\r\n\r\n")
        client.take_in([peer], subject.run(0.05))
        assert peer.received.startswith(b"HTTP/1.1 404"), "the connection is what it was"
        subject.check(everything=True)


def test_mss_option_without_syn(firmware: Path) -> None:
    """Found by fuzzing TCP: lwIP took it, and stopped at "mss_local is too small" when longer data was waiting."""
    with Subject(bench.check(network="wire"), covered=False) as subject:
        (peer,) = client.connect(subject, [client.HTTP_PORT])
        peer.send(subject, ACK)
        asks = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
        subject.send(peer.frame(ACK | PSH, asks, window=100))
        peer.seq += len(asks)
        for options in (b"\1\1\x02\x04\0\1\1\1", b"\x02\x04\0\1"):
            subject.send(peer.frame(ACK, window=200, options=options))
        subject.run(0.5)
        for _ in range(20):
            peer.send(subject, ACK)
            client.take_in([peer], subject.run(0.01))
        assert len(peer.received) > 2000, "the page comes as fast as before"
        subject.check(everything=True)


def test_handshake_that_ends_with_a_syn(firmware: Path) -> None:
    """Found by fuzzing TCP: the window stayed a byte short, so closing freed the connection, and so did its owner."""
    asks = b"no handshake at all\r\n\r\n"
    with Subject(bench.check(network="wire"), covered=False) as subject:
        subject.learn(SERVICES)
        for _ in range(8):
            (peer,) = client.connect(subject, [client.WEBSOCKET_PORT])
            subject.send(peer.frame(SYN | ACK | PSH, asks))
            subject.run(0.01)
        subject.run(60)
        pools = subject.pools.now()
        assert pools["TCP_PCB"] <= subject.pools.at_first["TCP_PCB"], "none is free twice"
        subject.check(everything=True)
        assert not subject.pools.leaks()
