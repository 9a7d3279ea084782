# SPDX-License-Identifier: MIT
"""A host on a cable in namespaces of our own: programs of this computer, run as if they ran there."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from typing import Any

DEFAULT_TIMEOUT_WALL = 60.0


class Host:
    """``name``, ``mac`` and ``address`` are for the reader; ``_prefix`` is the command that runs another one there."""

    def __init__(self, name: str, mac: str, address: str, prefix: Sequence[str]) -> None:
        self.name = name
        self.mac = mac
        self.address = address
        self._prefix = tuple(prefix)

    def command(self, *command: str) -> list[str]:
        """The command line that runs a command at this host, in the folder where the caller is."""
        # nsenter(1) would go on when it is ended; setpriv(1) ends what it runs with it.
        return [*self._prefix, "setpriv", "--pdeathsig", "TERM", *command]

    def run(
        self, command: Sequence[str], timeout_wall: float = DEFAULT_TIMEOUT_WALL, check: bool = False, **options: Any
    ) -> subprocess.CompletedProcess[str]:
        """Runs a command to its end; what it printed is text. Like `subprocess.run`, with its ``options``.

        Raises subprocess.TimeoutExpired, and with ``check`` CalledProcessError.
        """
        chosen = {"capture_output": True, "text": True, "stdin": subprocess.DEVNULL, **options}
        if "input" in chosen:
            del chosen["stdin"]
        return subprocess.run(self.command(*command), timeout=timeout_wall, check=check, **chosen)

    def popen(self, command: Sequence[str], **options: Any) -> subprocess.Popen[str]:
        """Starts a command. Like `subprocess.Popen`, with its ``options``.

        What still runs when the cable goes ends with it.
        """
        return subprocess.Popen(self.command(*command), **{"text": True, "stdin": subprocess.DEVNULL, **options})

    def has_address(self, address: str) -> bool:
        """Whether an IPv4 address is one of its own."""
        return f" {address}/" in self.run(["ip", "-4", "-o", "address"]).stdout
