# SPDX-License-Identifier: MIT
"""What every network can do."""

from __future__ import annotations

from abc import ABC, abstractmethod
from pathlib import Path

from pic32bench.clock import Clock
from pic32bench.emulator import Emulator
from pic32bench.errors import EmulatorError, UsageError


class Network(ABC):
    """The other end of the cable, for one run of one board.

    ``name`` is what users choose it by; ``lock_step`` says whether the machine may stand still between calls;
    ``wire`` whether frames come to the bench itself.

    In a snapshot of the board there is also what its network has of its own: `freeze` gives it as bytes, of which
    `thaw` makes another network of the same class the same. So a class that can be in a snapshot is made without
    arguments.
    """

    name: str
    lock_step: bool
    wire = False

    def prepare(self) -> None:  # noqa: B027  (most networks need not)
        """Gets ready for a new emulator; called before `arguments`."""

    def machine(self) -> dict[str, str | int]:
        """Properties of the machine (platforms/qemu/README.md)."""
        return {}

    def arguments(self) -> tuple[str, ...]:
        """What the emulator's command line needs."""
        return ()

    def pass_fds(self) -> tuple[int, ...]:
        """Open files that the emulator inherits."""
        return ()

    def start_error(self, error: EmulatorError) -> EmulatorError | UsageError:
        """A better error for an emulator that did not start because of the network, if it is that."""
        return error

    def attach(self, emulator: Emulator, clock: Clock) -> None:  # noqa: B027  (most networks need not)
        """The emulator is up."""

    @abstractmethod
    def save_pcap(self, path: Path) -> bool:
        """Writes the frames seen so far, stamped with virtual time, as a pcap file; False if nothing was captured."""

    def urls(self) -> dict[str, str]:
        """Addresses on this host that lead to the board: ``http`` and ``ws``, where the network has them."""
        return {}

    def notes(self) -> list[str]:
        """What a person should know who works with the board: a line each."""
        return []

    def come_to_rest(self) -> None:  # noqa: B027  (most networks are)
        """Called while time still goes on, before `freeze`: waits until nothing is open that a snapshot cannot hold.

        Raises UsageError, one line, when something stays open.
        """

    def freeze(self) -> bytes:
        """What this end of the cable has of its own, in any form that `thaw` of the same class understands.

        Called while the machine stands still and all that it has sent is taken in, and once before anything was done
        with a new object. Raises UsageError, one line, for what cannot be in a snapshot.
        """
        raise UsageError(f"a board on network {self.name} cannot be in a snapshot")

    def thaw(self, state: bytes) -> None:
        """Takes over what another network's `freeze` gave; called once, on a new object, before `prepare`.

        `prepare`, `arguments` and `attach` follow as for a new board, only that the emulator goes on from the
        snapshot: in `attach` the clock shows the time of the snapshot. `attach` must not do again what the machine
        has been told before, such as a frame that is on its way, as the machine still knows it.
        """
        raise UsageError(f"a board on network {self.name} cannot come from a snapshot")

    def beside(self) -> Network:
        """A network for another board on the same cable; this one's board is up. Raises UsageError."""
        raise UsageError(f"network {self.name} has a cable for one board: boards share one on wire and tap")

    def close(self) -> None:  # noqa: B027  (most networks need not)
        """Frees what `prepare` took; safe to call twice."""
