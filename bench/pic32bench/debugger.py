# SPDX-License-Identifier: MIT
"""gdb in a recorded run, forwards and backwards.

The recording is played three times. First as it is, to find the instruction at which gdb is to begin. Then with QEMU's
rr=record, which writes a log of QEMU's own; timers of the virtual clock play all inputs, so that run is the same. Then
with rr=replay: there QEMU goes to any instruction of the log, from the nearest snapshot before it. Snapshots are taken
every 50 million instructions, and closer together near the place where gdb begins, as that is where one looks.
"""

from __future__ import annotations

import socket
import struct
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace as changed
from pathlib import Path
from types import TracebackType
from typing import Any

from pic32bench.emulator import Emulator, EmulatorSpec
from pic32bench.errors import EmulatorError, PortBusyError, UsageError
from pic32bench.network import NoNetwork
from pic32bench.network.user import HOST
from pic32bench.panel_link import NS
from pic32bench.recording import Recording, compare
from pic32bench.replay import ReplayedBoard

SNAPSHOT_EVERY = 50_000_000  # instructions
_NEAR = (10_000_000, 1_000_000, 100_000, 10_000)  # instructions before the place where gdb begins
_LOOK_WALL = 0.01
_IMAGE_BYTES = 1 << 20  # of the disk image that holds nothing but snapshots


class Debugger:
    """A recorded run that gdb can walk through: `prepare`, then tell the person the ``command``, then `wait`.

    ``port`` is a TCP port of this computer, 0 for any free one; ``at`` where gdb begins, virtual seconds, None for the
    end of the recording. Raises PortBusyError and UsageError. A context manager.
    """

    def __init__(self, recording: Recording, port: int = 0, at: float | None = None) -> None:
        end = recording.end_ns / NS
        if at is not None and at > end:
            raise UsageError(f"--at {at:g}: the recording ends at {end:.6f} s")
        if not 0 <= port <= 65535:
            raise UsageError(f"--gdb {port}: expected a port from 1 to 65535")
        self.recording = recording
        self._at = at
        self._emulator: Emulator | None = None
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self._folder = tempfile.TemporaryDirectory(prefix="pic32bench-gdb-")
        try:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            self._socket.bind((HOST, port))
            self._socket.listen(1)
        except OSError as error:
            self.close()
            raise PortBusyError(f"port {port} for gdb is busy: choose another, or none to get any free one") from error
        self.port: int = self._socket.getsockname()[1]
        self.time_ns = 0
        self.instructions = 0

    @property
    def command(self) -> str:
        """What to type to get there."""
        target = f"-ex 'target remote {HOST}:{self.port}'"
        if self.image.suffix == ".elf":
            return f"gdb-multiarch {target} {self.image}"
        # A HEX tells gdb nothing about the core.
        return f"gdb-multiarch -ex 'set architecture mips:isa32r2' -ex 'set endian little' {target}"

    @property
    def image(self) -> Path:
        """The firmware image, as long as the debugger is open."""
        return Path(self._folder.name) / self.recording.file("image")

    def prepare(self, note: Callable[[str], None] = lambda text: None) -> None:
        """Gets there; ``note`` is told how far it is. Raises EmulatorError."""
        folder = Path(self._folder.name)
        note("playing the recording")
        spec = self._find()
        note(f"playing it once more, for gdb: {self.instructions / 1e6:.1f} million instructions")
        self._record(spec, folder / "rr.bin")
        _write_empty_qcow2(folder / "snapshots.qcow2")
        self._emulator = self._replay(spec, folder)

    def _find(self) -> EmulatorSpec:
        """Finds the instruction where gdb is to begin; returns what to start the other two emulators with."""
        with ReplayedBoard(self.recording, quantum=1.0) as board:
            board.clock.run_for(board.seconds_left if self._at is None else self._at)
            if difference := board.difference():
                raise EmulatorError(f"this is another run than the recorded one, {difference}")
            self.time_ns, self.instructions = board.clock.last_ns, board.core().instructions
            spec = board.emulator.spec
        folder = Path(self._folder.name)
        self.recording.unpack(folder)

        def moved(value: Any) -> Any:
            return str(value).replace(str(board.folder), str(folder)) if isinstance(value, str) else value

        return changed(
            spec,
            kernel=Path(moved(str(spec.kernel))),
            application=None if spec.application is None else Path(moved(str(spec.application))),
            machine={key: moved(value) for key, value in spec.machine.items()},
            mute=True,
            wire=False,
            arguments=(*NoNetwork().arguments(), *spec.arguments),
            pass_fds=(),
        )

    def _record(self, spec: EmulatorSpec, log: Path) -> None:
        emulator = Emulator(changed(spec, icount_options=f",rr=record,rrfile={log}"))
        try:
            emulator.execute("cont")
            while True:
                # A core that waits executes nothing: then the time says that the place has been passed.
                now_ns = int(emulator.get("virtual-time"))
                if emulator.execute("query-replay")["icount"] > self.instructions or now_ns > self.time_ns + NS:
                    break
                time.sleep(_LOOK_WALL)
            emulator.execute("stop")
            if difference := compare(self.recording.inputs, emulator.inputs(), so_far=True):
                raise EmulatorError(f"the run for gdb is another one than the recorded, {difference}")
        finally:
            emulator.close()

    def _replay(self, spec: EmulatorSpec, folder: Path) -> Emulator:
        far = self._socket.fileno()
        emulator = Emulator(
            changed(
                spec,
                icount_options=f",rr=replay,rrfile={folder / 'rr.bin'}",
                arguments=(
                    *spec.arguments,
                    *("-drive", f"file={folder / 'snapshots.qcow2'},if=none,format=qcow2,id=snapshots"),
                    *("-chardev", f"socket,id=gdb,fd={far},server=on,wait=off,nodelay=on"),
                ),
                pass_fds=(far,),
            )
        )
        try:
            places = {*range(0, self.instructions, SNAPSHOT_EVERY), *(self.instructions - near for near in _NEAR)}
            for place in sorted(place for place in places if place >= 0):
                self._go_to(emulator, place)
                if said := emulator.monitor(f"savevm at{place}").strip():
                    raise EmulatorError(f"the emulator took no snapshot: {said}")
            self._go_to(emulator, self.instructions)
            emulator.monitor("gdbserver chardev:gdb")
        except BaseException:
            emulator.close()
            raise
        return emulator

    def _go_to(self, emulator: Emulator, place: int) -> None:
        if emulator.execute("query-replay")["icount"] == place:
            return
        emulator.execute("replay-break", icount=place)
        emulator.execute("cont")
        while emulator.execute("query-status")["running"]:
            time.sleep(_LOOK_WALL)
        if (now := emulator.execute("query-replay")["icount"]) != place:
            raise EmulatorError(f"the emulator stopped at instruction {now} instead of {place}")

    def wait(self) -> None:
        """Returns when the emulator has ended, because gdb said so."""
        assert self._emulator is not None
        with self._emulator.activity:
            while not self._emulator.ended:
                self._emulator.activity.wait(1.0)

    def close(self) -> None:
        """Ends everything; safe to call twice."""
        if self._emulator is not None:
            self._emulator.close()
        self._socket.close()
        self._folder.cleanup()

    def __enter__(self) -> Debugger:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _write_empty_qcow2(path: Path) -> None:
    """A disk image that QEMU can keep snapshots in: header, refcount table and block, L1 table, a cluster each.

    QEMU's docs/interop/qcow2.txt, version 2.
    """
    bits, version = 16, 2
    cluster = 1 << bits
    header = struct.pack(
        ">4sIQIIQIIQQIIQ",
        *(b"QFI\xfb", version, 0, 0, bits, _IMAGE_BYTES, 0),
        *(1, 3 * cluster),  # entries of the L1 table, and where it is
        *(cluster, 1),  # where the refcount table is, in clusters of its own
        *(0, 0),  # no snapshots yet
    )
    table = struct.pack(">Q", 2 * cluster)
    block = struct.pack(">4H", 1, 1, 1, 1)
    path.write_bytes(b"".join(part.ljust(cluster, b"\0") for part in (header, table, block, b"")))
