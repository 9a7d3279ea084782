# SPDX-License-Identifier: MIT
"""QEMU's user network: a DHCP server and port forwards from this host, without root.

The board can be reached at host ports on the loopback address only, and cannot reach the host or the Internet.
"""

from __future__ import annotations

import json
import re
import socket
from collections.abc import Mapping
from pathlib import Path

from pic32bench.clock import Clock
from pic32bench.emulator import Emulator
from pic32bench.errors import EmulatorError, PortBusyError, UsageError
from pic32bench.network.base import Network
from pic32bench.network.capture import Capture

HOST = "127.0.0.1"
# What the demo serves (starter-kit facts): the page, and the WebSocket server with its path.
SERVICES: Mapping[str, int] = {"http": 80, "ws": 8088}
PATHS = {"http": "/", "ws": "/echo"}
# A row of `info usernet` in QEMU's monitor.
_FORWARD = re.compile(r"TCP\[HOST_FORWARD\]\s+\d+\s+(?:127\.0\.0\.1|localhost)\s+(\d+)\s+\S+\s+(\d+)")
_CONNECTION = re.compile(r"TCP\[(\w+)\]\s+\d+\s+\S+\s+\d+\s+\S+\s+(\d+)")
_OVER = ("HOST_FORWARD", "CLOSED", "TIME_WAIT")
_ENDING = ("FIN_WAIT_1", "FIN_WAIT_2", "CLOSING", "LAST_ACK")  # the board closes its end, or has
CLOSING = 1.0  # virtual seconds that a connection gets to end


class UserNetwork(Network):
    """``ports`` asks for host ports by service, ``{"http": 8080}``; others are any free port.

    ``services`` are the board's TCP ports to forward, by name. After the start ``ports`` holds the real host ports.
    """

    name = "user"
    lock_step = False

    def __init__(self, ports: Mapping[str, int] | None = None, services: Mapping[str, int] = SERVICES) -> None:
        self.services = dict(services)
        self._wanted = dict(ports or {})
        for service, port in self._wanted.items():
            if service not in self.services:
                raise UsageError(f"unknown service {service!r}: expected one of {', '.join(self.services)}")
            if not 1 <= port <= 65535:
                raise UsageError(f"host port {port} for {service}: expected 1 to 65535")
        self.ports: dict[str, int] = {}
        self._capture: Capture | None = None
        self._emulator: Emulator | None = None
        self._clock: Clock | None = None
        self._earlier = b""  # the capture of before the snapshot, with the file's header
        self._wished: dict[str, int] = {}  # ports to take if they are free

    def come_to_rest(self) -> None:
        """Waits for connections of this computer that are closing. Raises UsageError when one is open."""
        assert self._emulator is not None
        assert self._clock is not None
        self._clock.wait_until(lambda: True if not self._connections() else None, CLOSING)
        still_open = [row for row in self._connections() if row[0] not in _ENDING]
        if still_open:
            services = {port: name for name, port in self.services.items()}
            names = sorted({services.get(int(port), port) for _, port in still_open})
            raise UsageError(
                f"a snapshot cannot hold TCP connections of this computer ({', '.join(names)}): "
                "close them before, and connect again after"
            )

    def _connections(self) -> list[tuple[str, str]]:
        """State and port of the board of each TCP connection from this computer, but those that are over."""
        found = [row for row in _CONNECTION.findall(self._table()) if row[0] not in _OVER]
        return [(state, port) for state, port in found if int(port) in self.services.values()]

    def _table(self) -> str:
        assert self._emulator is not None
        return self._emulator.monitor("info usernet")

    def freeze(self) -> bytes:
        about = {"services": self.services, "wanted": self._wanted, "ports": self.ports}
        return json.dumps(about).encode() + b"\n" + (self._capture.contents() if self._capture else self._earlier)

    def thaw(self, state: bytes) -> None:
        """Takes the host ports that the frozen board had, or, when they are not free, those that a new one gets."""
        about, _, self._earlier = state.partition(b"\n")
        found = json.loads(about)
        self.services, self._wanted, self._wished = found["services"], found["wanted"], found["ports"]

    def prepare(self) -> None:
        for service, port in self._wanted.items():
            if not _can_bind(port):
                raise _busy(service, port)
        self._wished = {service: port for service, port in self._wished.items() if _can_bind(port)}
        self._capture = Capture(self._earlier)

    def arguments(self) -> tuple[str, ...]:
        assert self._capture is not None
        # Port 0 lets the kernel choose: no port can be taken between a look for a free one and its use.
        forwards = "".join(
            f",hostfwd=tcp:{HOST}:{self._host_port(service)}-:{port}" for service, port in self.services.items()
        )
        return (
            "-netdev",
            f"user,id=net0,restrict=on{forwards}",
            "-net",
            "nic,netdev=net0",
            *self._capture.arguments("net0"),
        )

    def _host_port(self, service: str) -> int:
        return self._wanted.get(service, 0) or self._wished.get(service, 0)

    def pass_fds(self) -> tuple[int, ...]:
        assert self._capture is not None
        return (self._capture.fileno(),)

    def start_error(self, error: EmulatorError) -> EmulatorError | UsageError:
        found = re.search(rf"host forwarding rule 'tcp:{re.escape(HOST)}:(\d+)-:(\d+)'", str(error))
        if not found:
            return error
        service = next(name for name, port in self.services.items() if port == int(found[2]))
        return _busy(service, int(found[1]))

    def attach(self, emulator: Emulator, clock: Clock) -> None:
        self._emulator, self._clock = emulator, clock
        table = self._table()
        forwards = {int(guest): int(host) for host, guest in _FORWARD.findall(table)}
        missing = [name for name, port in self.services.items() if port not in forwards]
        if missing:
            raise EmulatorError(f"the emulator's user network forwards no port for {', '.join(missing)}", table)
        self.ports = {name: forwards[port] for name, port in self.services.items()}

    def urls(self) -> dict[str, str]:
        urls = {
            name: f"{'ws' if name == 'ws' else 'http'}://{HOST}:{port}{PATHS.get(name, '/')}"
            for name, port in self.ports.items()
        }
        if {"http", "ws"} <= self.ports.keys():
            # The page would look for its WebSocket at the board's own port, not at the forwarded one.
            urls["http"] += f"?ws={self.ports['ws']}"
        return urls

    def save_pcap(self, path: Path) -> bool:
        return self._capture is not None and self._capture.save(path)

    def close(self) -> None:
        if self._capture is not None:
            self._capture.close()
            self._capture = None


def _can_bind(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
            probe.listen(1)
        except OSError:
            return False
    return True


def _busy(service: str, port: int) -> PortBusyError:
    return PortBusyError(f"host port {port} for {service} is busy: choose another, or none to get any free one")
