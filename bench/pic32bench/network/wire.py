# SPDX-License-Identifier: MIT
"""Raw Ethernet frames between the board and the bench, in lock-step and with virtual time stamps.

The bench is the only other station on the cable. The machine stops at each frame that the board sends, so a
responder answers at the very virtual time the frame left, and a run is the same to the nanosecond every time.
"""

from __future__ import annotations

import base64
import importlib
import json
from abc import ABC, abstractmethod
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self, TypeVar

from scapy.utils import PcapWriter

from pic32bench.channel import LineSplitter
from pic32bench.clock import Clock, LockStepClock
from pic32bench.emulator import Emulator
from pic32bench.errors import EmulatorError, UsageError, WaitTimeoutError
from pic32bench.network.base import Network
from pic32bench.network.frame import Frame
from pic32bench.network.hub import Hub
from pic32bench.panel_link import NS

DEFAULT_TIMEOUT = 10.0
# IEEE 802.3 clause 3: 64 to 1518 bytes with the FCS, which the wire does not carry; 4 more for a VLAN tag.
_SHORTEST, _LONGEST = 60, 1518

Filter = Callable[[Any], bool]
Responder = Callable[[Frame], Any]


class WirePeer(ABC):
    """A station on the wire that goes into snapshots with all it knows, which a plain responder cannot.

    `WireNetwork.join` puts it on the cable. Its class stands at the top level of a module.
    """

    @abstractmethod
    def answer(self, frame: Frame) -> Any:
        """What it sends back for a frame of the board; see `WireNetwork.respond`."""

    @abstractmethod
    def freeze(self) -> bytes:
        """All that it knows, while the machine stands still. Raises UsageError if that cannot be saved just now."""

    @classmethod
    @abstractmethod
    def thaw(cls, wire: WireNetwork, state: bytes) -> Self:
        """A peer that goes on from what `freeze` gave, and that has joined the wire.

        The wire is up and its clock shows the time of the snapshot. What the peer had sent is on its way already.
        """

    def close(self) -> None:  # noqa: B027  (most peers need not)
        """The board is gone; safe to call twice."""


_Peer = TypeVar("_Peer", bound=WirePeer)


class WireNetwork(Network):
    """The bench as the other station. All times are virtual seconds.

    With ``beside``, the cable of another board, both are joined by a hub: the boards hear each other, and each the
    stations on the other's cable. Time then passes for both, whichever is waited for.
    """

    name = "wire"
    lock_step = True
    wire = True

    def __init__(self, beside: WireNetwork | None = None) -> None:
        self.frames: list[Frame] = []
        self._beside = beside
        self.hub: Hub | None = None
        self._inbox: list[Frame] = []
        self._read = 0
        self._answered = 0
        self._broken = b""
        self._responders: list[Responder] = []
        self.peers: list[WirePeer] = []
        self._thawed: dict[str, Any] | None = None
        self._emulator: Emulator | None = None
        self._clock: LockStepClock | None = None
        self.report: Callable[[], str] = lambda: ""

    def attach(self, emulator: Emulator, clock: Clock) -> None:
        if not isinstance(clock, LockStepClock):
            raise UsageError("the wire runs in lock-step only")
        self._emulator, self._clock = emulator, clock
        emulator.channels["wire"].listen(LineSplitter(self._line))
        clock.after_stop.append(self._after_stop)
        if self._beside is not None:
            if self._beside.hub is None:
                self._beside.hub = Hub()
                self._beside.hub.join(self._beside)
            self.hub = self._beside.hub
            self.hub.join(self)
        if self._thawed is None:  # else the machine knows it
            emulator.send("wire", b'{"stop-on-frame":true}\n')
            return
        for kind, state in self._thawed["peers"]:
            _peer_class(kind).thaw(self, base64.b64decode(state))

    def freeze(self) -> bytes:
        """Frames, what has been received of them, and the peers.

        Raises UsageError when there are plain responders, or another board on the cable.
        """
        if self.hub is not None or self._beside is not None:
            raise UsageError("a board that shares its cable cannot be in a snapshot: the others would not be in it")
        own = [peer.answer for peer in self.peers]
        for responder in self._responders:
            if responder not in own:
                name = getattr(responder, "__qualname__", responder)
                raise UsageError(
                    f"responder {name} on the wire is a function and cannot be in a snapshot: take it away before and "
                    "put it back after, or make it a WirePeer"
                )
        state = {
            "frames": [(frame.time_ns, frame.data.hex(), frame.from_board) for frame in self.frames],
            "read": self._read,
            "answered": self._answered,
            "peers": [(_peer_kind(peer), base64.b64encode(peer.freeze()).decode()) for peer in self.peers],
        }
        return json.dumps(state).encode()

    def thaw(self, state: bytes) -> None:
        self._thawed = thawed = json.loads(state)
        self.frames = [Frame(time_ns, bytes.fromhex(data), board) for time_ns, data, board in thawed["frames"]]
        self._inbox = [frame for frame in self.frames if frame.from_board]
        self._read, self._answered = thawed["read"], thawed["answered"]

    @property
    def clock(self) -> LockStepClock:
        """The board's clock. Raises UsageError before there is a board."""
        return self._up()[1]

    def send(self, frame: Any, at: float | None = None) -> None:
        """Sends a frame, a scapy packet or bytes without FCS, to the board, now or at a time still to come.

        A frame shorter than Ethernet allows is padded with zeros, as a sender's MAC does. Raises UsageError.
        """
        data = bytes(frame)
        if not 14 <= len(data) <= _LONGEST:
            raise UsageError(f"a frame of {len(data)} bytes: expected 14 to {_LONGEST}, without FCS")
        data = data.ljust(_SHORTEST, b"\0")
        self.send_raw(data, at)

    def send_raw(self, data: bytes, at: float | None = None) -> None:
        """Sends bytes as they are, also runts and giants that no sender should send."""
        time_ns = self._put(data, at)
        if self.hub is not None:
            self.hub.carry(self, time_ns, data)

    def _put(self, data: bytes, at: float | None = None) -> int:
        """Sends bytes to this board; when, ns."""
        emulator, clock = self._up()
        message: dict[str, str | int] = {"frame": data.hex()}
        time_ns = clock.now_ns
        if at is not None:
            time_ns = round(at * NS)
            if time_ns < clock.now_ns:
                raise UsageError(f"cannot send a frame at {at:g} s: it is {clock.now:.6f} s already")
            message["at"] = time_ns
        emulator.send("wire", json.dumps(message, separators=(",", ":")).encode() + b"\n")
        self.frames.append(Frame(time_ns, data, from_board=False))
        return time_ns

    def hear(self, data: bytes) -> None:
        """A frame comes from the hub, for the board and the stations on its cable."""
        self._put(data)
        self._answer(self.frames[-1])

    def beside(self) -> WireNetwork:
        return WireNetwork(beside=self)

    def respond(self, responder: Responder) -> Callable[[], None]:
        """Calls ``responder(frame)`` for every frame of the board, at the time it left.

        What it returns, a packet, bytes, a list of them or None, is sent back at that time. Returns a function that
        takes the responder away.
        """
        self._responders.append(responder)
        return lambda: self._responders.remove(responder) if responder in self._responders else None

    def join(self, peer: WirePeer) -> None:
        """Puts a station on the cable of this board, and of every board that comes from a snapshot of it."""
        _peer_kind(peer)
        self.peers.append(peer)
        self.respond(peer.answer)

    def close(self) -> None:
        if self.hub is not None:
            self.hub.leave(self)
        for peer in self.peers:
            peer.close()

    def leave(self, peer: WirePeer) -> None:
        """Takes a station off the cable."""
        self.peers.remove(peer)
        self._responders.remove(peer.answer)

    def peer(self, kind: type[_Peer]) -> _Peer | None:
        """The station of this class that is on the cable, the first if there are several, or None."""
        return next((peer for peer in self.peers if isinstance(peer, kind)), None)

    def receive(self, match: Filter | None = None, timeout: float = DEFAULT_TIMEOUT) -> Frame:
        """The next frame of the board, not received before, for whose packet ``match`` is true; skips others.

        Raises WaitTimeoutError.
        """
        _, clock = self._up()

        def look() -> Frame | None:
            while self._read < len(self._inbox):
                frame = self._inbox[self._read]
                self._read += 1
                if match is None or match(frame.packet):
                    return frame
            return None

        frame = clock.wait_until(look, timeout)
        if frame is None:
            raise WaitTimeoutError(
                f"the board did not send {'any frame' if match is None else 'the expected frame'} within "
                f"{timeout:g} s (virtual time {clock.now:.3f} s): {self._last()}",
                self.report(),
            )
        return frame

    def sniff(self, seconds: float, match: Filter | None = None) -> list[Frame]:
        """Lets time pass and returns the board's frames of that time, those that match."""
        _, clock = self._up()
        first = len(self._inbox)
        clock.run_for(seconds)
        return [frame for frame in self._inbox[first:] if match is None or match(frame.packet)]

    def save_pcap(self, path: Path) -> bool:
        if not self.frames:
            return False
        with PcapWriter(str(path), linktype=1, nano=True, sync=True) as writer:
            writer.write_header(None)
            for frame in sorted(self.frames, key=lambda frame: frame.time_ns):
                seconds, nanoseconds = divmod(frame.time_ns, NS)
                writer.write_packet(frame.data, sec=seconds, usec=nanoseconds)
        return True

    def _line(self, line: bytes) -> None:
        try:
            message = json.loads(line)
            frame = Frame(int(message["t"]), bytes.fromhex(message["frame"]), from_board=True)
        except (ValueError, KeyError, TypeError):
            self._broken = line
            return
        self.frames.append(frame)
        self._inbox.append(frame)

    def _after_stop(self, now_ns: int) -> None:
        if self._broken:
            raise EmulatorError(f"the emulator's wire said something unknown: {self._broken[:80]!r}")
        while self._answered < len(self._inbox):
            frame = self._inbox[self._answered]
            self._answered += 1
            if self.hub is not None:
                self.hub.carry(self, frame.time_ns, frame.data)
            self._answer(frame)

    def _answer(self, frame: Frame) -> None:
        for responder in list(self._responders):
            answer = responder(frame)
            for packet in answer if isinstance(answer, list) else [] if answer is None else [answer]:
                self.send(packet)

    def _up(self) -> tuple[Emulator, LockStepClock]:
        if self._emulator is None or self._clock is None:
            raise UsageError("the wire is not connected: start a board with this network first")
        return self._emulator, self._clock

    def _last(self) -> str:
        return f"its last frame was {self._inbox[-1].packet.summary()}" if self._inbox else "it has sent none at all"


def _peer_kind(peer: WirePeer) -> str:
    """By what a peer's class is found again. Raises UsageError when it cannot be."""
    kind = type(peer)
    if "<" in kind.__qualname__:
        raise UsageError(f"class {kind.__qualname__} is local to a function: move it to the top level of its module")
    return f"{kind.__module__}:{kind.__qualname__}"


def _peer_class(kind: str) -> type[WirePeer]:
    module, _, name = kind.partition(":")
    try:
        found: Any = importlib.import_module(module)
        for part in name.split("."):
            found = getattr(found, part)
    except (ImportError, AttributeError) as error:
        raise UsageError(f"the snapshot has a station of class {kind}, which cannot be found: {error}") from error
    if not (isinstance(found, type) and issubclass(found, WirePeer)):
        raise UsageError(f"the snapshot has a station of class {kind}, which is no WirePeer")
    return found
