# SPDX-License-Identifier: MIT
"""Keywords for network ``wire``: what the board sends, and a neighbour on its cable."""

from __future__ import annotations

from pic32bench.errors import UsageError
from pic32bench.network import TapNetwork, WireNetwork
from pic32bench.network.dhcp import DhcpServer, kind_of
from pic32bench.network.frame import Frame
from pic32bench.network.neighbour import Neighbour, is_announcement, is_probe
from pic32bench.network.station import Station
from pic32bench.robot.emulation import EmulationKeywords


class WireKeywords(EmulationKeywords):
    """ARP and NetBIOS as another station sees them (RFC 826, RFC 3927, RFC 1002). Need network ``wire``."""

    def neighbour_has_address(self, address: str) -> None:
        """From now on the neighbour has this address too, and answers for it when it is asked or probed."""
        self._station().addresses.add(address)

    def neighbour_serves_dhcp(
        self, lease: int | None = None, renewal: int | None = None, rebinding: int | None = None
    ) -> None:
        """From now on a DHCP server is on the cable, as the board's peer for page and stream, too.

        It gives what QEMU's user network gives: 10.0.2.15, with 10.0.2.2 at the other end. The first time it stands
        right after `Start Emulation`; without it page and stream are asked for from 169.254.1.2. Again it is for a
        server that has stopped, and for other times: a ``lease`` lasts a day unless other seconds are given, and is to
        be renewed and rebound after ``renewal`` and ``rebinding`` seconds, if given.
        """
        wire = self._wire()
        server = wire.peer(DhcpServer)
        if server is None:
            if wire.peer(Station) is not None:
                raise UsageError("the station on the cable has an address already: say this after Start Emulation")
            Station(wire, dhcp=True)
            server = self._server()
        server.serving = True
        server.seconds = server.seconds if lease is None else lease
        server.renewal, server.rebinding = renewal, rebinding

    def neighbour_stops_serving_dhcp(self) -> None:
        """The DHCP server is silent, until `Neighbour Serves DHCP` is said again."""
        self._server().serving = False

    def neighbour_serves_dhcp_from(self, address: str) -> None:
        """From now on the DHCP server gives addresses from this one on, and refuses (NAK) those that it gave before."""
        self._server().give_from(address)

    def wait_for_dhcp_message(self, kind: str, timeout: float = 10.0) -> Frame:
        """Waits until the board sends a DHCP message, such as ``request``; returns the frame (``time``, ``packet``).

        The kinds of a client are ``discover``, ``request``, ``decline``, ``release`` and ``inform``.
        """
        return self._cable().receive(lambda packet: kind_of(packet) == kind.lower(), timeout)

    def neighbour_announces_address(self, address: str) -> None:
        """The neighbour announces an address by ARP as its own. If it is the board's, that is a conflict."""
        self._station().announce(address)

    def neighbour_probes_for_address(self, address: str) -> None:
        """The neighbour probes for an address by ARP, as if it was about to take it too."""
        self._station().probe(address)

    def wait_for_arp_probe(self, address: str | None = None, timeout: float = 10.0) -> Frame:
        """Waits until the board probes for an address, any or this one; returns the frame (``time``, ``packet``)."""
        return self._cable().receive(lambda packet: is_probe(packet, address), timeout)

    def wait_for_arp_announcement(self, address: str | None = None, timeout: float = 10.0) -> Frame:
        """Waits until the board announces an address, any or this one; returns the frame (``time``, ``packet``)."""
        return self._cable().receive(lambda packet: is_announcement(packet, address), timeout)

    def nothing_should_be_sent(self, seconds: float) -> None:
        """Lets ``seconds`` pass and fails if the board sends a frame in that time."""
        frames = self._wire().sniff(seconds)
        if frames:
            raise AssertionError(
                f"the board sent {len(frames)} frames in {seconds:g} s, first {frames[0].packet.summary()}"
            )

    def frames_on_the_wire(self) -> list[str]:
        """All frames in both directions so far, oldest first: virtual time in ns, direction, and bytes in hex."""
        return [
            f"{frame.time_ns} {'from' if frame.from_board else 'to'} the board {frame.data.hex()}"
            for frame in self._wire().frames
        ]

    def address_should_answer(self, address: str, timeout: float = 1.0) -> str:
        """The neighbour asks by ARP who has the address; fails unless the board answers, from its own MAC address."""
        found = self._station().resolve(address, timeout)
        board = self.board.description.ethernet.mac.lower()
        if found is None:
            raise AssertionError(f"nobody answered ARP for {address} within {timeout:g} s")
        if found != board:
            raise AssertionError(f"{found} answered ARP for {address}: expected the board, {board}")
        return found

    def address_should_not_answer(self, address: str, timeout: float = 1.0) -> None:
        """The neighbour asks by ARP who has the address; fails if the board answers within ``timeout`` seconds."""
        found = self._station().resolve(address, timeout)
        if found is not None:
            raise AssertionError(f"{found} answered ARP for {address}: expected nobody to")

    def address_should_answer_ping(self, address: str, timeout: float = 1.0) -> float:
        """Sends an ICMP echo request; fails without an answer, else returns the virtual seconds that it took."""
        self._wire()
        seconds = self.board.station.ping(address, timeout)
        if seconds is None:
            raise AssertionError(f"no answer to a ping of {address} within {timeout:g} s")
        return seconds

    def ask_for_name(self, name: str, timeout: float = 2.0, port: int = 137, to: str | None = None) -> str:
        """The neighbour broadcasts a NetBIOS query for the name; returns the address in the board's answer.

        It asks from a UDP ``port``, and, if ``to`` is given, that address alone.
        """
        found = self._station().ask_name(name, timeout, port, to)
        if found is None:
            raise AssertionError(f"no NetBIOS answer for {name} within {timeout:g} s")
        return found

    def ask_for_names_of(self, address: str, timeout: float = 2.0, port: int = 137) -> list[str]:
        """The neighbour asks a host for its NetBIOS names (node status), from a UDP ``port``; returns them."""
        found = self._station().node_status(address, timeout, port)
        if found is None:
            raise AssertionError(f"no NetBIOS node status from {address} within {timeout:g} s")
        return found

    def name_should_not_answer(self, name: str, timeout: float = 2.0) -> None:
        """The neighbour broadcasts a NetBIOS query for the name; fails if the board says that it has it."""
        found = self._station().ask_name(name, timeout)
        if found is not None:
            raise AssertionError(f"the board answered NetBIOS name {name} with {found}: expected no answer")

    def _server(self) -> DhcpServer:
        server = self._wire().peer(DhcpServer)
        if server is None:
            raise UsageError("nobody serves DHCP on the cable: use `Neighbour Serves DHCP` first")
        return server

    def _cable(self) -> WireNetwork | TapNetwork:
        network = self.board.network
        if not isinstance(network, WireNetwork | TapNetwork):
            raise UsageError(f"network {network.name} shows no frames: start the board with network=wire or tap")
        return network

    def _wire(self) -> WireNetwork:
        network = self.board.network
        if not isinstance(network, WireNetwork):
            raise UsageError(f"network {network.name} shows no frames: start the board with network=wire")
        return network

    def _station(self) -> Neighbour:
        """The neighbour; it is on the cable from the first time it is spoken of."""
        wire = self._wire()
        return wire.peer(Neighbour) or Neighbour(wire)
