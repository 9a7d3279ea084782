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
    """

    name: str
    lock_step: bool
    wire = False

    def prepare(self) -> None:  # noqa: B027  (most networks need not)
        """Gets ready for a new emulator; called before `arguments`."""

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

    def close(self) -> None:  # noqa: B027  (most networks need not)
        """Frees what `prepare` took; safe to call twice."""
