# SPDX-License-Identifier: MIT
"""A station on the wire with a TCP/IP stack of its own, whose clock is the board's.

It answers ARP and ping, gives the board an address by DHCP if it shall, and opens TCP connections to it. Its answers
and time-outs come at exact virtual times, so HTTP and WebSocket are the same to the nanosecond in every run.
"""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Callable
from typing import Any, Self, TypeVar

from pic32bench.clock import LockStepClock
from pic32bench.errors import WaitTimeoutError
from pic32bench.network.dhcp import DhcpServer
from pic32bench.network.frame import Frame
from pic32bench.network.stack import Stack, State
from pic32bench.network.wire import WireNetwork, WirePeer

_T = TypeVar("_T")
MAC = "02:00:00:00:00:02"  # locally administered
LINK_LOCAL = ("169.254.1.2", "255.255.0.0")
# As in QEMU's user network: what a suite says of addresses is true on both.
WITH_DHCP = ("10.0.2.2", "255.255.255.0")
LEASED = "10.0.2.15"
DEFAULT_TIMEOUT = 10.0


class Station(WirePeer):
    """On the cable from the moment it is made. ``dhcp``: serves DHCP, and lives in the network that it gives out.

    ``seed`` decides what a stack leaves to chance, such as port numbers. Times are virtual seconds.
    """

    def __init__(self, wire: WireNetwork, dhcp: bool = False, mac: str = MAC, seed: int = 1) -> None:
        address, netmask = WITH_DHCP if dhcp else LINK_LOCAL
        if dhcp:
            DhcpServer(wire, mac, address, netmask, LEASED)
        self._join(wire, [mac, address, netmask, seed])
        self._advance(b"")

    def _join(self, wire: WireNetwork, about: list[Any]) -> None:
        self.mac, self.address, *_ = self._about = about
        self.connections: dict[int, Connection] = {}
        self._wire = wire
        self.clock = wire.clock
        self._board_address: str | None = None
        self._pings = 0
        self.stack = Stack(*about)
        wire.join(self)
        self.clock.alarms.append(self.stack.next_ns)
        self.clock.after_stop.append(self._tick)

    def freeze(self) -> bytes:
        connections = [connection._freeze() for connection in self.connections.values()]
        own = [self._about, self._board_address, self._pings, connections]
        return json.dumps(own).encode() + b"\n" + self.stack.freeze()

    @classmethod
    def thaw(cls, wire: WireNetwork, state: bytes) -> Self:
        station = cls.__new__(cls)
        own, _, calls = state.partition(b"\n")
        about, board_address, pings, connections = json.loads(own)
        station._join(wire, about)
        station._board_address, station._pings = board_address, pings
        station.stack.thaw(calls)
        for number, reading, incoming, outgoing in connections:
            station.connections[number] = connection = Connection(station, number)
            connection._reading = reading
            connection._incoming += base64.b64decode(incoming)
            connection._outgoing += base64.b64decode(outgoing)
        return station

    def close(self) -> None:
        self.stack.close()

    def answer(self, frame: Frame) -> None:
        self._board_address = frame.sender or self._board_address
        self._advance(frame.data)

    def _tick(self, now_ns: int) -> None:
        due = self.stack.next_ns()
        if due is not None and due <= now_ns:
            self._advance(b"")

    def _advance(self, frame: bytes) -> None:
        self.stack.input(self.clock.last_ns, frame)
        self.transmit()
        for connection in list(self.connections.values()):
            connection._serve()
        self.transmit()

    def transmit(self) -> None:
        """Puts on the cable what the stack has made."""
        for data in self.stack.output():
            self._wire.send(data)

    def board_address(self, timeout: float = DEFAULT_TIMEOUT) -> str:
        """The board's newest address, as its frames show it; waits for one. Raises WaitTimeoutError."""
        return self.wait(lambda: self._board_address, timeout, "the board has no address")

    @property
    def seen_address(self) -> str | None:
        """The board's newest address, as its frames show it; None before the first that shows one."""
        return self._board_address

    def connect(self, address: str, port: int, timeout: float = DEFAULT_TIMEOUT) -> Connection:
        """A TCP connection to the board.

        Raises ConnectionRefusedError, or TimeoutError when nobody answers.
        """
        self.stack.input(self.clock.last_ns)
        number = self.stack.connect(address, port)
        if number < 0:
            raise OSError("the station has had too many connections")
        connection = Connection(self, number)
        self.connections[number] = connection
        self.transmit()
        self.clock.wait_until(lambda: connection.state is not State.CONNECTING or None, timeout)
        state = connection.state
        if state in (State.RESET, State.CONNECTING, State.LOST):
            connection.abort()
        if state is State.RESET:
            raise ConnectionRefusedError(f"{address} refuses connections to port {port}")
        if state in (State.CONNECTING, State.LOST):
            raise TimeoutError(f"{address} does not answer on port {port} within {timeout:g} s")
        return connection

    def ping(self, address: str, timeout: float = 1.0) -> float | None:
        """Sends an echo request; virtual seconds to the answer, None without one."""
        self._pings = self._pings % 0xFFFF + 1
        begin = self.clock.now
        self.stack.input(self.clock.last_ns)
        self.stack.ping(address, self._pings)
        self.transmit()
        if self.clock.wait_until(lambda: self.stack.echoed() == self._pings or None, timeout) is None:
            return None
        return self.clock.now - begin

    def wait(self, done: Callable[[], _T | None], timeout: float, otherwise: str) -> _T:
        """What ``done`` returns when it returns something. Raises WaitTimeoutError."""
        result = self.clock.wait_until(done, timeout)
        if result is None:
            raise WaitTimeoutError(
                f"{otherwise} within {timeout:g} s (virtual time {self.clock.now:.3f} s)", self._wire.report()
            )
        return result


class Connection:
    """A TCP connection of the station, with what the standard library wants of a socket.

    All that comes is taken in as it comes, so the board is never held up, unless ``reading`` is set to False. Waits
    let virtual time pass; time-outs are virtual seconds.
    """

    def __init__(self, station: Station, number: int) -> None:
        self.number = number
        self._reading = True
        self.timeout: float = DEFAULT_TIMEOUT
        self._station = station
        self._incoming = bytearray()
        self._outgoing = bytearray()
        self._files = 0
        self._closing = False

    @property
    def state(self) -> State:
        """How far it is."""
        return self._station.stack.state(self.number)

    @property
    def reading(self) -> bool:
        """Whether what comes is taken in. If not, the board can send no more than one receive window."""
        return self._reading

    @reading.setter
    def reading(self, reading: bool) -> None:
        self._reading = reading
        self._station.stack.input(self.clock.last_ns)
        self._serve()
        self._station.transmit()

    @property
    def clock(self) -> LockStepClock:
        """The clock that it lives by."""
        return self._station.clock

    def _serve(self) -> None:
        """Moves bytes between the stack and here."""
        stack = self._station.stack
        if self._outgoing:
            del self._outgoing[: stack.write(self.number, bytes(self._outgoing))]
        if self._reading:
            self._incoming += stack.read(self.number)

    def sendall(self, data: bytes) -> None:
        """Sends bytes; returns at once. What the window does not take waits here."""
        if self.state in (State.RESET, State.LOST):
            raise ConnectionResetError(self._how())
        if self.state is State.CLOSED:
            raise OSError("the connection is closed")
        self._outgoing += data
        self._station.stack.input(self.clock.last_ns)
        self._serve()
        self._station.transmit()

    def flush(self, timeout: float | None = None) -> None:
        """Waits until the board has acknowledged everything. Raises TimeoutError, ConnectionResetError."""

        def acknowledged() -> bool | None:
            if self.state in (State.RESET, State.LOST):
                raise ConnectionResetError(self._how())
            return (not self._outgoing and not self._station.stack.unacknowledged(self.number)) or None

        limit = self.timeout if timeout is None else timeout
        if not self.clock.wait_until(acknowledged, limit):
            raise TimeoutError(f"the board did not take everything within {limit:g} s")

    def shutdown(self) -> None:
        """Tells the board that nothing more will be sent, and goes on receiving. All must have been sent: `flush`."""
        self._station.stack.input(self.clock.last_ns)
        self._station.stack.shutdown(self.number)
        self._station.transmit()

    def recv(self, size: int = 65536, timeout: float | None = None) -> bytes:
        """Up to ``size`` bytes as soon as there are any; b"" at the end. Raises TimeoutError, ConnectionResetError."""
        limit = self.timeout if timeout is None else timeout

        def something() -> bool | None:
            return bool(self._incoming) or self.state is not State.OPEN or None

        if not self.clock.wait_until(something, limit):
            raise TimeoutError(f"nothing came from the board within {limit:g} s")
        if not self._incoming and self.state in (State.RESET, State.LOST):
            raise ConnectionResetError(self._how())
        data = bytes(self._incoming[:size])
        del self._incoming[:size]
        return data

    def _freeze(self) -> list[Any]:
        waiting = (base64.b64encode(data).decode() for data in (self._incoming, self._outgoing))
        return [self.number, self._reading, *waiting]

    def _how(self) -> str:
        return "the board reset the connection" if self.state is State.RESET else "the board does not answer any more"

    def makefile(self, mode: str = "rb", *_: Any, **__: Any) -> io.BufferedReader:
        """A file that reads from the connection, for `http.client`."""
        self._files += 1
        return io.BufferedReader(_File(self))

    def settimeout(self, timeout: float | None) -> None:
        """Sets the time-out of `recv` and `flush`."""
        self.timeout = DEFAULT_TIMEOUT if timeout is None else timeout

    def close(self) -> None:
        """Closes it, after what is still to be sent and when its files are closed; safe to call twice."""
        self._closing = True
        if not self._files and self.state is not State.CLOSED:
            self._station.stack.input(self.clock.last_ns)
            self._serve()
            self._station.stack.end(self.number)
            self._station.transmit()
            self._forget()

    def abort(self) -> None:
        """Resets it."""
        if self.state is not State.CLOSED:
            self._station.stack.input(self.clock.last_ns)
            self._station.stack.abort(self.number)
            self._station.transmit()
            self._forget()

    def _file_closed(self) -> None:
        self._files -= 1
        if self._closing:
            self.close()

    def _forget(self) -> None:
        self._station.connections.pop(self.number, None)


class _File(io.RawIOBase):
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def close(self) -> None:
        if not self.closed:
            super().close()
            self._connection._file_closed()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data = self._connection.recv(len(buffer))
        buffer[: len(data)] = data
        return len(data)
