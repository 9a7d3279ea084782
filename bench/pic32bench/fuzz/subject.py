# SPDX-License-Identifier: MIT
"""The board that is fuzzed: up with an address, frames in batches, and whether it still is what it was.

A batch is queued with a time for each frame, and then the machine goes once: a round trip to the emulator costs more
than what a firmware does with a frame. What goes wrong is a `FirmwareError`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

from pic32bench.bench import Board, Setup
from pic32bench.errors import EmulatorError, UsageError
from pic32bench.fuzz import packets
from pic32bench.fuzz.coverage import CoverageLog, Way
from pic32bench.fuzz.pools import Pools
from pic32bench.network.dhcp import DhcpServer
from pic32bench.network.frame import Frame
from pic32bench.network.wire import WireNetwork
from pic32bench.panel_link import NS

PANIC = re.compile(r"^\*\*\*.*", re.MULTILINE)
_FRAME_GAP = 300_000  # ns from frame to frame, in which a firmware is done with one
_BYTE_NS = 80  # at 100 Mbit/s
_LINK_POLL = 0.11  # virtual seconds in which a firmware has looked at its PHY
_ANSWER = 0.005  # virtual seconds for an answer that needs no waiting
_BOOT = 60.0
_LINES_AT_ONCE = 500
_RUN_NS = NS  # a firmware that has failed is not let run on, as it may be busy
_LAST_WORDS = 0.05  # virtual seconds in which a line on the console comes to its end
# Virtual seconds after which a board may answer again: whatever was half done is given up by then.
_PATIENCE = (1.0, 5.0, 30.0, 150.0)
IMPATIENCE = (1.0, 5.0)
# Virtual seconds of silence, one after the other, in which TIME_WAIT ends (RFC 9293: 2 MSL, 2 minutes), vanished
# clients are given up, and at last those with a closed window.
_RESTS = (150.0, 250.0, 600.0)
_LEAKS = 3  # looks, one after the other, at which something is missing


class FirmwareError(Exception):
    """The firmware has failed. ``kind`` is exception, silence, leak, reset or emulator; ``what`` is one line."""

    def __init__(self, kind: str, what: str) -> None:
        super().__init__(what)
        self.kind = kind
        self.what = what

    @property
    def identity(self) -> str:
        """What faults of one cause have in common: no times and no contents of registers but the place."""
        place = re.search(r"EPC=([0-9a-fA-F]+)", self.what)
        return f"{self.kind} at {place[1]}" if place else f"{self.kind}: {re.sub(r'[0-9]+(?![a-z])', 'N', self.what)}"


@dataclass(frozen=True)
class Service:
    """Something that the board offered when it was up, and shall go on to offer."""

    name: str
    answers: Callable[[Subject], bool]


class FuzzCable(WireNetwork):
    """A wire on which nothing is kept: a session has more frames than memory should hold.

    While it is ``silent`` nobody on it answers the board.
    """

    silent = False

    def queue(self, lines: Iterable[str]) -> None:
        """Hands lines for the wire to the emulator in one piece."""
        emulator, _ = self._up()
        emulator.send("wire", "".join(lines).encode())

    def _after_stop(self, now_ns: int) -> None:
        if self.silent:
            self._answered = len(self._inbox)
        super()._after_stop(now_ns)

    def take(self) -> list[Frame]:
        """What the board has sent since the last call."""
        taken = self._inbox
        self._inbox, self.frames, self._read, self._answered = [], [], 0, 0
        return taken


class Subject:
    """A board under test. ``panic`` is what its console says when it has failed.

    Raises FirmwareError when it does not even start, UsageError for an image that cannot be fuzzed, such as one that
    asks for no address. A context manager that switches it off.
    """

    def __init__(self, setup: Setup, panic: re.Pattern[str] = PANIC, covered: bool = True) -> None:
        self.coverage = CoverageLog() if covered else None
        self.panic = panic
        self.may_reset = False
        self.patience: tuple[float, ...] = _PATIENCE
        self._lines: list[str] = []
        self._said = ""
        self._resets = 1
        self._leaks = 0
        self._echoed = self._echoes = False  # it has answered a ping; it has to
        self._ports = 20000
        cable = FuzzCable()
        setup = replace(setup, network=cable)
        if self.coverage is not None:
            setup = replace(setup, arguments=self.coverage.arguments, pass_fds=self.coverage.pass_fds)
        self.cable = cable
        self.board = Board(setup)
        try:
            self.mac = bytes.fromhex(self.board.description.ethernet.mac.replace(":", ""))
            self.clock = self.cable.clock
            self.at = 0  # virtual ns, when the next frame is sent
            self.board.console.follow(self._hear)
            self._serve_dhcp()
            self.services: list[Service] = []
            self._boot()
            self.pools = Pools(self.board)
        except BaseException:
            self.close()
            raise

    def _serve_dhcp(self) -> None:
        def text(address: bytes) -> str:
            return ".".join(map(str, address))

        self._dhcp = DhcpServer(
            self.cable, packets.PEER_MAC.hex(":"), text(packets.PEER), text(packets.NETMASK), text(packets.BOARD)
        )
        self.cable.respond(self._answer_arp)

    def honest_dhcp(self, honest: bool) -> None:
        """Whether the DHCP server that means well is there; a fuzzer of DHCP takes its place."""
        if honest and self._dhcp not in self.cable.peers:
            self.cable.join(self._dhcp)
        elif not honest and self._dhcp in self.cable.peers:
            self.cable.leave(self._dhcp)

    def _boot(self) -> None:
        limit = self.clock.last_ns + round(_BOOT * NS)
        while not self.answers():
            if self.clock.last_ns > limit:
                raise UsageError(
                    f"{self.board.image.path.name} does not answer ARP for the address that it was offered by DHCP "
                    f"within {_BOOT:g} s: there is nothing to be fuzzed"
                )
            self.run(0.5)
        self.cable.queue(['{"stop-on-frame":false}\n'])
        self.booted_ns = self.clock.last_ns

    def learn(self, services: Iterable[Service]) -> None:
        """Finds out which of these the board has, and whether it answers a ping."""
        self.answers()
        self._echoes = self._echoed
        self.services = [service for service in services if service.answers(self)]
        self.pools.at_first = self.pools.now()

    # --- frames

    def next_port(self) -> int:
        """A TCP port of ours that was not used lately."""
        self._ports = self._ports + 1 if self._ports < 60000 else 20000
        return self._ports

    def send(self, frame: bytes, gap_ns: int = _FRAME_GAP, fcs: bytes = b"") -> int:
        """Queues a frame behind those before it; returns its time, virtual ns."""
        at = self.at = max(self.at, self.clock.last_ns + 1000)
        own = f'","fcs":"{fcs.hex()}' if fcs else ""
        self._lines.append(f'{{"frame":"{packets.with_mac(frame, self.mac).hex()}{own}","at":{at}}}\n')
        self.at = at + gap_ns + len(frame) * _BYTE_NS
        return at

    def run(self, seconds: float = 0.0) -> list[Frame]:
        """Sends what is queued, lets virtual time pass behind it, and returns what the board has sent.

        Raises FirmwareError.
        """
        if self._lines:
            self.cable.queue(self._lines)
            self._lines.clear()
        end_ns = max(self.at, self.clock.last_ns) + round(seconds * NS)
        try:
            while self.clock.last_ns < end_ns:
                self.clock.run_to(min(end_ns, self.clock.last_ns + _RUN_NS))
                if self.panic.search(self._said):
                    self.clock.run_for(_LAST_WORDS)
                    break
        except EmulatorError as error:
            raise FirmwareError("emulator", error.message) from error
        if found := self.panic.search(self._said):
            raise FirmwareError("exception", found[0].strip())
        self._said = self._said[-200:]
        return self.cable.take()

    def play(self, inputs: Iterable[Mapping[str, Any]]) -> None:
        """Gives the board recorded inputs of wire and panel at their times, and nothing else. Raises FirmwareError."""
        answers, self.cable.silent = self.cable.silent, True
        for entry in inputs:
            line = json.dumps({**entry["data"], "at": entry["t"]}) + "\n"
            if entry["channel"] == "wire":
                self._lines.append(line)
            else:
                self.board.emulator.send("panel", line.encode())
            self.at = max(self.at, entry["t"])
            if len(self._lines) >= _LINES_AT_ONCE:
                self.run()
        self.run()
        self.cable.silent = answers

    def new_ways(self) -> list[Way]:
        """The ways through the firmware taken for the first time since the last call; none without coverage."""
        return self.coverage.new() if self.coverage else []

    def _hear(self, text: str) -> None:
        self._said += text.replace("\r", "")

    def _answer_arp(self, frame: Frame) -> bytes | None:
        """Whoever the board asks for is there, but for itself."""
        data = frame.data
        if data[12:14] != b"\x08\x06" or data[20:22] != b"\0\1" or data[38:42] in (packets.BOARD, data[28:32]):
            return None
        if data[28:32] == packets.NOBODY:  # a probe
            return None
        reply = packets.arp(2, data[38:42], data[28:32], target_mac=data[22:28])
        return packets.ethernet(packets.ARP, reply, to=data[6:12]).ljust(packets.SHORTEST, b"\0")

    # --- whether all is well

    def answers(self) -> bool:
        """Whether the board answers an ARP request, and a ping if it has answered one when it was up."""
        asked = packets.arp(1, packets.PEER, packets.BOARD)
        self.send(packets.ethernet(packets.ARP, asked, to=packets.BROADCAST))
        echo = bytes((8, 0, 0, 0)) + b"\x70\x32\0\1" + b"pic32bench"
        self.send(packets.ethernet(packets.IPV4, packets.ipv4(packets.ICMP, echo)))
        self.cable.take()
        frames = [frame.data for frame in self.run(_ANSWER)]
        arp = any(
            data[12:14] == b"\x08\x06" and data[20:22] == b"\0\2" and data[28:32] == packets.BOARD for data in frames
        )
        echoed = any(
            data[23] == packets.ICMP and data[34:36] == b"\0\0" and data[38:42] == echo[4:8] for data in frames
        )
        self._echoed |= echoed
        return arp and (echoed or not self._echoes)

    def check(self, everything: bool = False) -> None:
        """Makes sure that the board answers, with ``everything`` on each service. Raises FirmwareError."""
        self._check_resets()
        services = [
            Service("ARP and ping" if self._echoes else "ARP", Subject.answers),
            *(self.services if everything else ()),
        ]
        for service in services:
            if not service.answers(self) and not self._recovers(service):
                raise FirmwareError(
                    "silence", f"no answer on {service.name} within {sum(self.patience):g} s of virtual time"
                )

    def _recovers(self, service: Service) -> bool:
        for seconds in self.patience:
            self.run(seconds)
            if service.answers(self):
                return True
        return False

    def _check_resets(self) -> None:
        resets = self.board.panel.resets()
        if len(resets) > self._resets and not self.may_reset:
            raise FirmwareError("reset", f"the board was reset: {resets[-1].what}")
        self._resets = len(resets)

    def replug(self) -> None:
        """Pulls the cable and plugs it in again; the board asks for an address anew, and `run` returns its question."""
        at = (max(self.at, self.clock.last_ns) + 1_000_000) / NS
        self.board.panel.unplug_cable(at=at)
        self.board.panel.plug_cable(at=at + _LINK_POLL)
        self.at = round((at + 2 * _LINK_POLL) * NS)

    def check_leaks(self) -> None:
        """Waits until nothing is under way, and compares the pools with how they were at the last look.

        What a firmware takes once and keeps, such as the state of AutoIP when there is need of it, is no leak: a pool
        has to have lost something between all of several looks. Raises FirmwareError.
        """
        for rest in _RESTS:
            self.run(rest)
            leaks = self.pools.leaks()
            if not leaks:
                return
        self._leaks += 1
        if self._leaks == _LEAKS:
            raise FirmwareError("leak", f"{leaks} than before, {sum(_RESTS):g} s after the last frame")
        self.pools.at_first = self.pools.now()

    @property
    def leaked(self) -> bool:
        """Whether it was seen to have lost something, which only another look can say of what kind it is."""
        return self._leaks > 0

    def close(self) -> None:
        """Switches it off; safe to call twice."""
        self.board.close()
        if self.coverage is not None:
            self.coverage.close()
            self.coverage = None

    def __enter__(self) -> Subject:
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(EmulatorError):
            self.close()
