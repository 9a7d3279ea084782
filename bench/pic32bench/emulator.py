# SPDX-License-Identifier: MIT
"""The emulator process: started, talked to over QMP, and gone without a trace in every case.

Nothing of it is in the file system: QMP, the UARTs, the panel and the wire are socket pairs handed over by number,
and its log comes through a pipe. The kernel kills it when the bench dies, however the bench dies (its machine's
``parent``), so there is nothing to clean up after a SIGKILL either.
"""

from __future__ import annotations

import collections
import logging
import os
import signal
import socket
import subprocess
import tempfile
import threading
import time
import weakref
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from qemu.qmp import QMPClient, QMPError
from qemu.qmp.qmp_client import ExecInterruptedError, ExecuteError

from pic32bench.channel import Channel, IoThread
from pic32bench.errors import EmulatorDiedError, EmulatorError, EmulatorStuckError

UART_COUNT = 6
_LOG_LINES = 2000
# What goes wrong on QMP is raised; the library need not print it as well.
logging.getLogger("qemu.qmp").addHandler(logging.NullHandler())


@dataclass(frozen=True)
class EmulatorSpec:
    """What to start."""

    binary: Path
    kernel: Path
    machine: Mapping[str, str | int]
    icount_shift: int = 3
    wire: bool = False
    arguments: tuple[str, ...] = ()
    pass_fds: tuple[int, ...] = field(default=())
    application: Path | None = None
    mute: bool = False  # no serial ports: of a run that is only walked through
    icount_options: str = ""  # such as rr=replay,rrfile=...
    incoming: int | None = None  # an open file that stands at the state that the machine goes on from
    earlier_inputs: bytes = b""  # the list of inputs up to that state

    def command(self, qmp_fd: int, record_fd: int, serial_fds: Mapping[str, int]) -> list[str]:
        """The command line, as platforms/qemu/README.md describes it."""
        machine = {**self.machine, "record": f"/proc/self/fd/{record_fd}", "parent": os.getpid()}
        options = ",".join(f"{key}={_escaped(value)}" for key, value in machine.items())
        command = [str(self.binary), "-M", f"pic32mz,{options}", "-kernel", str(self.kernel)]
        if self.application is not None:
            command += ["-initrd", str(self.application)]
        command += ["-nodefaults", "-no-user-config", "-display", "none", "-S"]
        command += ["-icount", f"shift={self.icount_shift},sleep=off{self.icount_options}"]
        command += ["-d", "guest_errors,unimp"]
        command += ["-chardev", f"socket,id=qmp,fd={qmp_fd}", "-mon", "chardev=qmp,mode=control"]
        for name, fd in serial_fds.items():
            command += ["-chardev", f"socket,id={name},fd={fd}", "-serial", f"chardev:{name}"]
        if self.incoming is not None:
            command += ["-incoming", f"fd:{self.incoming}"]
        return [*command, *self.arguments]

    def serials(self) -> list[str]:
        """Serial ports in the order of the machine: UART1 to UART6, the panel, the wire."""
        if self.mute:
            return []
        names = [f"uart{number}" for number in range(1, UART_COUNT + 1)]
        return [*names, "panel", *(["wire"] if self.wire else [])]


class Emulator:
    """A running emulator, standing still (-S) until the clock lets it run.

    ``channels`` are by name: uart1 to uart6, panel, wire. ``activity`` is notified whenever anything comes in or
    the process ends. With ``ordered``, what is written to several channels is taken in in the order of the writes;
    ``newest`` is then the last of them, until it is known that all is taken in.
    ``backstop_wall``: after that many seconds of silence on QMP the emulator counts as stuck.
    """

    def __init__(self, spec: EmulatorSpec, backstop_wall: float = 30.0) -> None:
        self.spec = spec
        self.activity = threading.Condition()
        self.channels: dict[str, Channel] = {}
        self.backstop_wall = backstop_wall
        self.where: Callable[[], str] = lambda: ""
        self._log: collections.deque[str] = collections.deque(maxlen=_LOG_LINES)
        self._log_rest = b""
        self._exit_status: int | None = None
        self.ordered = False
        self.newest: str | None = None  # the channel written to last, if that may not have been taken in
        self._ended = False
        self._closed = False
        self._verdict: EmulatorError | None = None
        self._io = IoThread("pic32bench-emulator")
        self._qmp = QMPClient("pic32bench")
        # A file without a name, like everything here. It may become too long for memory.
        self._inputs = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115  (lives until close)
        self._inputs.write(spec.earlier_inputs)
        self._process: subprocess.Popen[bytes] | None = None
        try:
            self._start()
        except BaseException:
            self.close()
            raise
        weakref.finalize(self, _kill_group, self._process)

    def _start(self) -> None:
        qmp, qmp_far = socket.socketpair()
        qmp.setblocking(False)
        pairs = {name: socket.socketpair() for name in self.spec.serials()}
        far_fds = {name: far.fileno() for name, (_, far) in pairs.items()}
        record = self._inputs.fileno()
        command = self.spec.command(qmp_far.fileno(), record, far_fds)
        incoming = () if self.spec.incoming is None else (self.spec.incoming,)
        fds = (qmp_far.fileno(), record, *far_fds.values(), *self.spec.pass_fds, *incoming)
        try:
            for name, (near, _) in pairs.items():
                self.channels[name] = Channel(name, near, self._io, self.activity)
            # The death signal comes when the *thread* that forked ends (prctl(2)), so the I/O thread forks.
            self._process = self._io.call(lambda: self._spawn(command, fds))
        finally:
            qmp_far.close()
            for _, far in pairs.values():
                far.close()
        try:
            self._io.run(lambda: self._qmp.connect(qmp), self.backstop_wall)
        except TimeoutError as error:
            raise self.stuck("did not greet on QMP") from error
        except (QMPError, OSError) as error:
            raise self._died("while starting") from error
        if incoming:
            self._wait_while("inmigrate")

    def _spawn(self, command: list[str], fds: tuple[int, ...]) -> subprocess.Popen[bytes]:
        try:
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                pass_fds=fds,
                start_new_session=True,
            )
        except OSError as error:
            raise EmulatorError(f"cannot start the emulator {command[0]}: {error.strerror}") from error
        assert process.stderr is not None
        os.set_blocking(process.stderr.fileno(), False)
        self._io.loop.add_reader(process.stderr.fileno(), self._read_log, process)
        pidfd = os.pidfd_open(process.pid)
        self._io.loop.add_reader(pidfd, self._on_exit, process, pidfd)
        return process

    def _read_log(self, process: subprocess.Popen[bytes]) -> None:
        assert process.stderr is not None
        while True:
            try:
                data = os.read(process.stderr.fileno(), 65536)
            except BlockingIOError:
                return
            if not data:
                self._io.loop.remove_reader(process.stderr.fileno())
                return
            *lines, self._log_rest = (self._log_rest + data).split(b"\n")
            self._log.extend(line.decode(errors="replace") for line in lines)

    def _on_exit(self, process: subprocess.Popen[bytes], pidfd: int) -> None:
        self._io.loop.remove_reader(pidfd)
        os.close(pidfd)
        self._exit_status = process.wait()
        self._read_log(process)
        for channel in self.channels.values():
            channel.drain()
        with self.activity:
            self._ended = True
            self.activity.notify_all()

    @property
    def pid(self) -> int:
        """The process id of the emulator, for tests and for people with a debugger."""
        assert self._process is not None
        return self._process.pid

    @property
    def ended(self) -> bool:
        """Whether the process is gone."""
        return self._ended

    def log(self, lines: int = _LOG_LINES) -> str:
        """The end of what the emulator wrote to its log."""
        rest = [self._log_rest.decode(errors="replace")] if self._log_rest else []
        return "\n".join([*self._log, *rest][-lines:])

    def take_over_log(self, text: str) -> None:
        """Goes on with the log of the emulator that a snapshot is from, in place of what this one has said so far."""
        process = self._process
        assert process is not None
        self._io.call(lambda: self._read_log(process))
        self._log.clear()
        self._log.extend(text.splitlines())

    def check(self) -> None:
        """Raises the error that ended the emulator, if it has ended."""
        if self._verdict:
            raise self._verdict
        if self._ended:
            raise self._died(self.where())

    def execute(self, command: str, **arguments: Any) -> Any:
        """One QMP command; returns what it returns. Raises EmulatorError, also when the emulator is gone or stuck."""
        self.check()
        try:
            return self._io.run(lambda: self._qmp.execute(command, arguments or None), self.backstop_wall)
        except TimeoutError as error:
            raise self.stuck(f"did not answer QMP {command}") from error
        except ExecuteError as error:
            raise EmulatorError(f"the emulator refused {command}: {error}") from error
        except (ExecInterruptedError, QMPError, OSError) as error:
            raise self._died(self.where()) from error

    def get(self, name: str) -> Any:
        """A property of the machine (platforms/qemu/README.md). Raises EmulatorError."""
        return self.execute("qom-get", path="/machine", property=name)

    def monitor(self, line: str) -> str:
        """A line for QEMU's human monitor; returns what it prints. Raises EmulatorError."""
        return str(self.execute("human-monitor-command", **{"command-line": line}))

    def inputs(self) -> bytes:
        """The list of what came from outside and when, as the emulator writes it; also after its end."""
        return os.pread(self._inputs.fileno(), os.fstat(self._inputs.fileno()).st_size, 0)

    def settle(self) -> None:
        """Returns when the emulator has taken in what was written to its channels before.

        QMP commands run as bottom halves of QEMU's main loop. The first may run in a turn of the loop that polled
        the channels before our bytes were there; the second runs a turn later.
        """
        for _ in range(2):
            self.execute("query-status")
        self.newest = None

    def taken_in(self) -> None:
        """Says that the emulator is known to have taken in all that was written to it before."""
        self.newest = None

    def save_machine(self, descriptor: int) -> None:
        """Writes the state of the machine, which stands still, into an open file, from where that stands."""
        try:
            self._io.call(lambda: self._qmp.send_fd_scm(descriptor))
        except (QMPError, OSError) as error:
            raise self._died(self.where()) from error
        self.execute("getfd", fdname="snapshot")
        self.execute("migrate", uri="fd:snapshot")
        limit = time.monotonic() + self.backstop_wall
        while (found := self.execute("query-migrate")).get("status") != "completed":
            if found.get("status") in ("failed", "cancelled"):
                reason = found.get("error-desc", "no reason given")
                raise EmulatorError(f"the emulator could not save its state: {reason}")
            if time.monotonic() > limit:
                raise self.stuck("did not save its state")
        # "completed" is said a moment before the run state follows
        self._wait_while("finish-migrate", "postmigrate")

    def _wait_while(self, *states: str) -> None:
        limit = time.monotonic() + self.backstop_wall
        while (state := self.execute("query-status")["status"]) in states:
            if time.monotonic() > limit:
                raise self.stuck(f"did not leave the state {state}")

    def drain(self) -> None:
        """Takes in everything the emulator has written to its channels up to now."""
        for channel in self.channels.values():
            channel.drain()

    def send(self, channel: str, data: bytes) -> None:
        """Writes to a channel. Raises EmulatorError when the emulator is gone or does not read."""
        self.check()
        if self.ordered and self.newest not in (None, channel):
            self.settle()  # of two channels the emulator's main loop may read the later one first
        self.newest = channel
        try:
            self.channels[channel].write(data, self.backstop_wall)
        except TimeoutError as error:
            raise self.stuck(str(error)) from error
        except OSError as error:
            raise self._died(self.where()) from error

    def stuck(self, what: str) -> EmulatorError:
        """Kills the emulator and returns the error to raise."""
        if self._verdict is None:
            _kill_group(self._process)
            self._verdict = EmulatorStuckError(
                f"the emulator {what} within {self.backstop_wall:g} s of wall time and was killed",
                self.log(20),
            )
        return self._verdict

    def _died(self, when: str) -> EmulatorError:
        if self._verdict is None:
            if not self._wait_for_end(5.0):
                return self.stuck("closed its QMP connection but did not end")
            status = self._exit_status or 0
            how = f"exit status {status}" if status >= 0 else signal.Signals(-status).name
            tail = self.log(8)
            last = next((line for line in reversed(tail.splitlines()) if line.strip()), "it said nothing")
            when = f" {when}" if when else ""
            self._verdict = EmulatorDiedError(f"the emulator died{when} ({how}): {last}", tail)
        return self._verdict

    def close(self) -> None:
        """Ends the emulator and frees everything; safe to call twice and after its death."""
        if self._closed:
            return
        self._closed = True
        if self._process and not self._ended:
            with suppress(Exception):
                self._io.run(lambda: self._qmp.execute("quit"), 2.0)
                self._wait_for_end(2.0)
        _kill_group(self._process)
        if self._process:
            self._wait_for_end(5.0)
        with suppress(Exception):
            self._io.run(self._qmp.disconnect, 2.0)
        for channel in self.channels.values():
            channel.close()
        self._io.stop()
        if self._process and self._process.stderr:
            self._process.stderr.close()
        self._inputs.close()

    def _wait_for_end(self, timeout_wall: float) -> bool:
        with self.activity:
            return self.activity.wait_for(lambda: self._ended, timeout_wall)


def _kill_group(process: subprocess.Popen[bytes] | None) -> None:
    if process and process.returncode is None:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)


def _escaped(value: str | int) -> str:
    """A value in one of QEMU's key=value lists, where a comma is written twice."""
    return str(value).replace(",", ",,")
