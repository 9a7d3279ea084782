# SPDX-License-Identifier: MIT
"""Keywords for network ``tap``: the PC at the other end of the cable, and the programs that run there."""

from __future__ import annotations

import shlex
import subprocess

from robot.api import SkipExecution

from pic32bench.errors import UsageError
from pic32bench.network import Pc, TapNetwork
from pic32bench.network.dnsmasq import SHORTEST_LEASE, Dnsmasq, Lease
from pic32bench.network.host import DEFAULT_TIMEOUT_WALL, Host
from pic32bench.network.netbios_names import resolve_netbios_names
from pic32bench.network.pc import why_no_tap
from pic32bench.robot.emulation import EmulationKeywords


class PcKeywords(EmulationKeywords):
    """A PC in network namespaces of our own, with real programs, and other hosts on its cable. Need network ``tap``."""

    def __init__(self) -> None:
        super().__init__()
        self._dhcp: tuple[int, Dnsmasq] | None = None
        self._hosts: dict[str, Host] = {}

    def network_tap_should_be_possible(self) -> None:
        """Skips the test, or as a suite setup the suite, where it is not, with the line that says why."""
        if why := why_no_tap():
            raise SkipExecution(why)

    def run_at_pc(self, command: str, timeout_wall: float = DEFAULT_TIMEOUT_WALL) -> str:
        """Runs a command line at the PC, without a shell; returns what it printed. Fails if it does.

        | ${answer}=    Run At PC    nmblookup MCHPBOARD_E
        """
        return self._run(self._pc(), command, timeout_wall)

    def run_at_host(self, host: str, command: str, timeout_wall: float = DEFAULT_TIMEOUT_WALL) -> str:
        """Runs a command line at another host that `Host Joins Cable` has put there; returns what it printed."""
        if host not in self._hosts:
            raise UsageError(f"no host {host!r} is on the cable: use `Host Joins Cable` first")
        return self._run(self._hosts[host], command, timeout_wall)

    def host_joins_cable(self, host: str, address: str, mac: str = "02:00:00:00:00:03") -> None:
        """Another host is on the cable from now on, with an address in 169.254/16."""
        self._hosts[host] = self._pc().host(host, address, mac=mac)

    def pc_serves_dhcp(self, lease: int = SHORTEST_LEASE) -> None:
        """From now on dnsmasq serves DHCP at the PC, with leases of so many seconds. What it knew it still knows."""
        pc = self._pc()
        if self._dhcp is None or self._dhcp[0] != pc.pid:
            self._dhcp = pc.pid, Dnsmasq(pc, lease)
        self._dhcp[1].start()

    def pc_stops_serving_dhcp(self) -> None:
        """dnsmasq is gone from now on."""
        self._dnsmasq().stop()

    def lease_of_board(self) -> Lease:
        """The board's lease as dnsmasq has it: ``address``, ``mac``, ``name``, ``until_wall``. Fails if it has none."""
        mac = self.board.description.ethernet.mac.lower()
        for lease in self._dnsmasq().leases():
            if lease.mac == mac:
                return lease
        raise AssertionError(f"dnsmasq has given no lease to {mac}")

    def pc_resolves_netbios_names(self) -> None:
        """From now on programs at the PC find hosts by their NetBIOS names, through Samba's name service module."""
        resolve_netbios_names(self._pc())

    def _dnsmasq(self) -> Dnsmasq:
        if self._dhcp is None or self._dhcp[0] != self._pc().pid:
            raise UsageError("nobody serves DHCP at the PC: use `PC Serves DHCP` first")
        return self._dhcp[1]

    def _pc(self) -> Pc:
        network = self.board.network
        if not isinstance(network, TapNetwork):
            raise UsageError(f"network {network.name} has no PC: start the board with network=tap")
        return network.pc

    @staticmethod
    def _run(host: Host, command: str, timeout_wall: float) -> str:
        try:
            done = host.run(shlex.split(command), timeout_wall)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"{command} at {host.name} did not end within {timeout_wall:g} s (wall)") from None
        if done.returncode:
            said = (done.stderr or done.stdout).strip()
            raise AssertionError(f"{command} at {host.name} ended with {done.returncode}: {said or 'it said nothing'}")
        return done.stdout
