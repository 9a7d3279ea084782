# SPDX-License-Identifier: MIT
"""dnsmasq(8) on the PC: a DHCP server of the real world, with leases that end."""

from __future__ import annotations

import shutil
from dataclasses import dataclass

from pic32bench.errors import UsageError
from pic32bench.network.pc import CABLE, Pc, search_path

SHORTEST_LEASE = 120  # seconds; dnsmasq gives none that is shorter (its man page, --dhcp-range)
# As in QEMU's user network.
SERVER, PREFIX = "10.0.2.2", 24
RANGE = ("10.0.2.15", "10.0.2.30")
_LEASES, _LOG, _PID = "/run/dnsmasq.leases", "/run/dnsmasq.log", "/run/dnsmasq.pid"
_STOP = f"pid=$(cat {_PID}); kill $pid; while kill -0 $pid 2>/dev/null; do sleep 0.02; done"


@dataclass(frozen=True)
class Lease:
    """A lease: until when, seconds since 1970 by this computer's clock, of whom, and what ``name`` it has said."""

    until_wall: int
    mac: str
    address: str
    name: str


class Dnsmasq:
    """A server that is stopped until `start`. It remembers its leases. ``lease`` is how long one lasts, seconds."""

    def __init__(self, pc: Pc, lease: int = SHORTEST_LEASE) -> None:
        if lease < SHORTEST_LEASE:
            raise UsageError(f"a lease of {lease} s: dnsmasq gives none of less than {SHORTEST_LEASE} s")
        self._pc = pc
        self._lease = lease

    def start(self) -> None:
        """Starts serving; returns when it does. Raises UsageError, one line, when it cannot."""
        if shutil.which("dnsmasq", path=search_path()) is None:
            raise UsageError("dnsmasq is not there: install the package dnsmasq-base")
        self._pc.add_address(SERVER, PREFIX)
        first, last = RANGE
        options = {
            "conf-file": "/dev/null",
            "port": "0",  # no DNS
            "interface": CABLE,
            "user": "root",
            "group": "",  # none: to change it is a right that root in a user's namespace has not
            "dhcp-range": f"{first},{last},{self._lease}",
            "dhcp-leasefile": _LEASES,
            "log-facility": _LOG,
            "pid-file": _PID,
        }
        started = self._pc.run(["dnsmasq", "--log-dhcp", *(f"--{name}={value}" for name, value in options.items())])
        if started.returncode:
            raise UsageError(f"dnsmasq does not start: {started.stderr.strip() or self.log()}")

    def stop(self) -> None:
        """Stops serving; returns when it has."""
        self._pc.run(["sh", "-c", _STOP])

    def leases(self) -> list[Lease]:
        """The leases that it knows of."""
        found = []
        for line in self._pc.run(["cat", _LEASES]).stdout.splitlines():
            until, mac, address, name, *_ = line.split()
            found.append(Lease(int(until), mac, address, name))
        return found

    def log(self) -> str:
        """What it has said."""
        return self._pc.run(["cat", _LOG]).stdout
