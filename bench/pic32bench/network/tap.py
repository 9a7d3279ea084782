# SPDX-License-Identifier: MIT
"""A kernel interface at the other end of the cable, in a network namespace of our own: for real peers.

The peers live in wall time, and so does the board while they may have something to say: with a connection open, and
for five seconds after every frame of either side. A wait is skipped only where the cable has been silent for longer.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from pic32bench.clock import Clock
from pic32bench.emulator import Emulator
from pic32bench.errors import UsageError, WaitTimeoutError
from pic32bench.network.base import Network
from pic32bench.network.capture import Capture
from pic32bench.network.frame import Frame
from pic32bench.network.pc import Pc
from pic32bench.network.user import CLOSING, PATHS, SERVICES

_T = TypeVar("_T")
# Seconds. dnsmasq waits for three for an answer to its ping before it offers an address (its man page, --no-ping).
ANSWER_TIME = 5.0
DEFAULT_TIMEOUT = 10.0


class TapNetwork(Network):
    """``pc`` is the computer at the other end, with any number of boards on its cable; a new one unless given.

    One that is given stays when the board goes. ``answer_time`` is how long a host may take to answer, seconds.
    Raises NoNamespaceError, in `prepare`, where there can be no PC.
    """

    name = "tap"
    lock_step = False

    def __init__(self, pc: Pc | None = None, answer_time: float = ANSWER_TIME) -> None:
        self._given = pc
        self._answer_time = answer_time
        self._pc: Pc | None = pc
        self._addresses: list[tuple[str, int]] = []
        self._tap: int | None = None
        self._capture: Capture | None = None
        self._earlier = b""
        self._emulator: Emulator | None = None
        self._clock: Clock | None = None
        self._mac = b""
        self._frames: list[Frame] = []
        self._frames_to = self._address_to = 0  # how far in the capture
        self._read = 0
        self._board_address: str | None = None
        self.report: Callable[[], str] = lambda: ""

    @property
    def pc(self) -> Pc:
        """The computer at the other end. Raises UsageError before there is a board."""
        if self._pc is None:
            raise UsageError("there is no PC on the cable: start a board with network tap first")
        return self._pc

    def prepare(self) -> None:
        self._pc = self._given or Pc()
        try:
            for address, prefix in self._addresses:
                self._pc.add_address(address, prefix)
            self._tap = self._pc.plug()
            self._capture = Capture(self._earlier)
        except BaseException:
            self.close()
            raise

    def machine(self) -> dict[str, str | int]:
        return {"answer-time": round(1000 * self._answer_time)}

    def arguments(self) -> tuple[str, ...]:
        assert self._capture is not None
        return (
            *("-netdev", f"tap,id=net0,fd={self._tap}"),
            *("-net", "nic,netdev=net0"),
            *self._capture.arguments("net0"),
        )

    def pass_fds(self) -> tuple[int, ...]:
        assert self._capture is not None
        assert self._tap is not None
        return (self._tap, self._capture.fileno())

    def attach(self, emulator: Emulator, clock: Clock) -> None:
        self._emulator, self._clock = emulator, clock
        self._mac = bytes.fromhex(str(emulator.spec.machine["mac"]).replace(":", ""))
        if self._tap is not None:  # the port of the cable is the emulator's now, and goes with it
            os.close(self._tap)
            self._tap = None

    @property
    def frames(self) -> list[Frame]:
        """The frames on the board's cable so far, of both directions."""
        if self._capture is not None:
            records, self._frames_to = self._capture.read(self._frames_to)
            self._frames += [self._frame(*record) for record in records]
        return self._frames

    def _frame(self, time_ns: int, data: bytes) -> Frame:
        return Frame(time_ns, data, from_board=data[6:12] == self._mac)

    def receive(self, match: Callable[[Any], bool] | None = None, timeout: float = DEFAULT_TIMEOUT) -> Frame:
        """The next frame of the board, not received before, for whose packet ``match`` is true; skips others.

        Raises WaitTimeoutError.
        """

        def look() -> Frame | None:
            frames = self.frames
            while self._read < len(frames):
                frame = frames[self._read]
                self._read += 1
                if frame.from_board and (match is None or match(frame.packet)):
                    return frame
            return None

        return self._wait(look, timeout, "the board did not send what was waited for")

    @property
    def seen_address(self) -> str | None:
        """The board's newest address, as its frames show it; None before the first that shows one."""
        if self._capture is not None:  # what a long run has sent need not be kept for that
            records, self._address_to = self._capture.read(self._address_to)
            for record in records:
                frame = self._frame(*record)
                if frame.from_board:
                    self._board_address = frame.sender or self._board_address
        return self._board_address

    def board_address(self, timeout: float = DEFAULT_TIMEOUT) -> str:
        """The board's newest address, as its frames show it; waits for one. Raises WaitTimeoutError."""
        return self._wait(lambda: self.seen_address, timeout, "the board has no address")

    def _wait(self, done: Callable[[], _T | None], timeout: float, otherwise: str) -> _T:
        if self._clock is None:
            raise UsageError("the cable is not connected: start a board with network tap first")
        found = self._clock.wait_until(done, timeout)
        if found is None:
            raise WaitTimeoutError(f"{otherwise} within {timeout:g} s", self.report())
        return found

    def urls(self) -> dict[str, str]:
        """Addresses that lead to the board from the PC, once it has one."""
        address = self.seen_address
        if address is None:
            return {}
        ports = {name: "" if name == "http" else f":{port}" for name, port in SERVICES.items()}
        return {name: f"{name}://{address}{port}{PATHS[name]}" for name, port in ports.items()}

    def notes(self) -> list[str]:
        return [f"a shell at the PC on its cable: {self.pc.shell}"]

    def beside(self) -> TapNetwork:
        return TapNetwork(self.pc, self._answer_time)

    def save_pcap(self, path: Path) -> bool:
        return self._capture is not None and self._capture.save(path)

    def come_to_rest(self) -> None:
        """Waits for connections that are closing. Raises UsageError when one is open."""
        assert self._clock is not None
        emulator = self._emulator
        assert emulator is not None
        if self._clock.wait_until(lambda: True if not emulator.get("peers") else None, CLOSING) is None:
            raise UsageError(
                "a snapshot cannot hold connections of the PC's: close them before, and connect again after"
            )

    def freeze(self) -> bytes:
        if self._given is not None:
            raise UsageError("a board that shares its cable cannot be in a snapshot: the others would not be in it")
        addresses = self._pc.addresses() if self._pc is not None else []
        about = {"addresses": addresses, "read": self._read, "answer time": self._answer_time}
        return json.dumps(about).encode() + b"\n" + (self._capture.contents() if self._capture else self._earlier)

    def thaw(self, state: bytes) -> None:
        """The PC has the addresses again that it had; what ran there does not run."""
        about, _, self._earlier = state.partition(b"\n")
        found = json.loads(about)
        self._addresses = [(str(address), int(prefix)) for address, prefix in found["addresses"]]
        self._read, self._answer_time = found["read"], found["answer time"]

    def close(self) -> None:
        if self._tap is not None:
            os.close(self._tap)
            self._tap = None
        if self._capture is not None:
            self._capture.close()
            self._capture = None
        if self._pc is not None and self._given is None:
            self._pc.close()
            self._pc = None
