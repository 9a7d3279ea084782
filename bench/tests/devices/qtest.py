# SPDX-License-Identifier: MIT
"""The emulator under QEMU's qtest protocol: registers by name, no firmware, no running CPU.

`Chip` starts one emulator and talks to it over unix sockets in a temporary directory of its own: the qtest
channel (bus accesses and the virtual clock), QMP, and the chardevs of the UARTs, the panel and the wire.
Virtual time stands still until `Chip.step_ns` or `Chip.clock_set` moves it. Protocol: softmmu/qtest.c of QEMU.
"""

from __future__ import annotations

import csv
import json
import os
import select
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import Any, Self

PROJECT = Path(__file__).resolve().parents[3]
FACTS = PROJECT / "platforms" / "pic32mz"
TIMEOUT_WALL = 20.0  # seconds; only a dead or hung emulator comes near it
ALIASES = {"CLR": 4, "SET": 8, "INV": 12}

Json = dict[str, Any]


class EmulatorError(RuntimeError):
    """The emulator could not be started, died, or refused a command; one line says why."""


def emulator_path() -> Path:
    """The emulator binary: $PIC32BENCH_QEMU, else the one that `make` builds."""
    return Path(os.environ.get("PIC32BENCH_QEMU") or PROJECT / "build/emulator/qemu-system-mipsel")


@cache
def registers() -> Mapping[str, tuple[int, bool]]:
    """Register name -> (physical address, has CLR/SET/INV aliases)."""
    with (FACTS / "pic32mz2048efh144_sfr.csv").open(newline="") as file:
        rows = csv.DictReader(file)
        return {
            name: (int(row["physical_address"], 16), row["has_clr_set_inv"] == "1")
            for row in rows
            for name in row["register"].split("/")  # a register of two names stands as U2MODE/UCDMODE
        }


@cache
def vectors() -> Mapping[str, int]:
    """Interrupt source name, such as TIMER_2 -> vector number."""
    with (FACTS / "pic32mz2048efh144_irq.csv").open(newline="") as file:
        return {row["source"]: int(row["vector"]) for row in csv.DictReader(file)}


def address_of(register: str | int) -> int:
    """Physical address of a register, of an alias such as LATHSET, or the given address itself.

    Raises KeyError for a name that the chip does not have.
    """
    if isinstance(register, int):
        return register
    known = registers()
    if register in known:
        return known[register][0]
    base, alias = register[:-3], register[-3:]
    if alias in ALIASES and known.get(base, (0, False))[1]:
        return known[base][0] + ALIASES[alias]
    raise KeyError(f"no register {register} in pic32mz2048efh144_sfr.csv")


class Channel:
    """One chardev of the emulator: this side listens, the emulator connects when it starts."""

    def __init__(self, directory: Path, name: str) -> None:
        self.name = name
        self.path = directory / name
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._listener.bind(str(self.path))
        self._listener.listen(1)
        self._listener.settimeout(0.1)
        self._socket: socket.socket | None = None
        self._buffer = b""

    def accept(self, process: subprocess.Popen[bytes]) -> None:
        """Waits for the emulator's connection. Raises EmulatorError when it ends before."""
        deadline = time.monotonic() + TIMEOUT_WALL
        while True:
            try:
                self._socket = self._listener.accept()[0]
                return
            except TimeoutError:
                if process.poll() is not None or time.monotonic() > deadline:
                    raise EmulatorError(f"the emulator never connected its {self.name} channel") from None

    @property
    def connection(self) -> socket.socket:
        if self._socket is None:
            raise EmulatorError(f"the {self.name} channel is not connected")
        return self._socket

    def send_bytes(self, data: bytes) -> None:
        try:
            self.connection.sendall(data)
        except OSError as error:
            raise EmulatorError(f"the emulator closed its {self.name} channel: {error}") from None

    def _receive(self) -> bytes:
        try:
            return self.connection.recv(65536)
        except ConnectionError:
            return b""

    def drain(self) -> bytes:
        """Everything that has arrived, without waiting."""
        while select.select([self.connection], [], [], 0)[0]:
            data = self._receive()
            if not data:
                break
            self._buffer += data
        data, self._buffer = self._buffer, b""
        return data

    def line(self) -> bytes:
        """The next line, without its newline; waits for it. Raises EmulatorError at the channel's end."""
        deadline = time.monotonic() + TIMEOUT_WALL
        while b"\n" not in self._buffer:
            rest = deadline - time.monotonic()
            if rest <= 0 or not select.select([self.connection], [], [], rest)[0]:
                raise EmulatorError(f"no answer on the {self.name} channel within {TIMEOUT_WALL} s")
            data = self._receive()
            if not data:
                raise EmulatorError(f"the emulator closed its {self.name} channel")
            self._buffer += data
        line, _, self._buffer = self._buffer.partition(b"\n")
        return line

    def close(self) -> None:
        for each in (self._socket, self._listener):
            if each is not None:
                each.close()


class Uart:
    """The line of one UART, as bytes."""

    def __init__(self, chip: Chip, channel: Channel) -> None:
        self._chip = chip
        self._channel = channel

    def send(self, data: bytes) -> None:
        """Gives bytes to the emulator and waits until it has taken them in."""
        self._channel.send_bytes(data)
        self._chip.settle()

    def received(self) -> bytes:
        """What the chip has sent since the last call."""
        return self._channel.drain()


class JsonLines:
    """The panel or the wire: newline-delimited JSON both ways."""

    def __init__(self, chip: Chip, channel: Channel) -> None:
        self._chip = chip
        self._channel = channel
        self._partial = b""

    def send(self, message: Json | bytes) -> None:
        """Gives one line to the emulator and waits until it has handled it; bytes go out as they are."""
        data = message if isinstance(message, bytes) else json.dumps(message).encode() + b"\n"
        self._channel.send_bytes(data)
        self._chip.settle()

    def events(self) -> list[Json]:
        """The lines that have come since the last call."""
        self._chip.settle()
        lines = (self._partial + self._channel.drain()).split(b"\n")
        self._partial = lines.pop()
        return [json.loads(line) for line in lines]

    def until(self, key: str) -> list[Json]:
        """Waits for a line that has `key`; returns the lines up to it. Raises EmulatorError when none comes."""
        lines: list[Json] = []
        while not lines or key not in lines[-1]:
            lines.append(json.loads(self._partial + self._channel.line()))
            self._partial = b""
        return lines


class Chip:
    """One emulated chip under qtest; use as a context manager.

    `panel`, `wire` and `uarts` choose which chardevs are connected; `properties` are machine properties;
    `image` is a -kernel file; `arguments` are passed on as they are. With `cpu` the CPU executes the image in
    instruction-counting time instead, from the panel's first `run` on. Raises EmulatorError.
    """

    def __init__(
        self,
        chip: str | None = None,
        *,
        panel: bool = True,
        wire: bool = True,
        uarts: Sequence[int] = (2,),
        properties: Mapping[str, str | int] | None = None,
        image: Path | None = None,
        cpu: bool = False,
        arguments: Sequence[str] = (),
    ) -> None:
        time = ["-icount", "shift=3,sleep=off", "-S"] if cpu else ["-accel", "qtest"]
        self._directory = tempfile.TemporaryDirectory(prefix="pic32-qtest-")
        self._channels: dict[str, Channel] = {}
        self._process: subprocess.Popen[bytes] | None = None
        self.irq_levels: dict[int, int] = {}
        try:
            self._start(chip, panel, wire, uarts, properties or {}, image, [*time, *arguments])
        except BaseException:
            self.close()
            raise

    def _start(
        self,
        chip: str | None,
        panel: bool,
        wire: bool,
        uarts: Sequence[int],
        properties: Mapping[str, str | int],
        image: Path | None,
        arguments: Sequence[str],
    ) -> None:
        directory = Path(self._directory.name)
        serial = [f"uart{n}" if n in uarts else None for n in range(1, 7)]
        serial += ["panel" if panel else None, "wire" if wire else None]
        while serial and serial[-1] is None:
            serial.pop()
        for name in ["qtest", "qmp", *filter(None, serial)]:
            self._channels[name] = Channel(directory, name)
        machine = ["pic32mz", *([f"chip={chip}"] if chip else []), *(f"{k}={v}" for k, v in properties.items())]
        command = [str(emulator_path()), "-M", ",".join(machine), "-qtest-log", "none", "-nodefaults"]
        command += ["-display", "none", "-d", "guest_errors,unimp", "-D", str(directory / "log")]
        for name, option in (("qtest", "-qtest"), ("qmp", "-qmp")):
            command += [option, f"unix:{self._channels[name].path}"]
        for each in serial:
            if each is None:
                command += ["-serial", "null"]
            else:
                command += ["-chardev", f"socket,id={each},path={self._channels[each].path}"]
                command += ["-serial", f"chardev:{each}"]
        if image is not None:
            command += ["-kernel", str(image)]
        with (directory / "stderr").open("wb") as stderr:
            try:
                self._process = subprocess.Popen(
                    [*command, *arguments], stdin=subprocess.DEVNULL, stdout=stderr, stderr=stderr
                )
            except OSError as error:
                raise EmulatorError(f"cannot start {command[0]}: {error}; build it with `make`") from None
        try:
            for channel in self._channels.values():
                channel.accept(self._process)
            self.qmp_line({"execute": "qmp_capabilities"})
        except EmulatorError as error:
            raise EmulatorError(f"{error}; the emulator said: {self.stderr().strip() or 'nothing'}") from None
        self.uarts = {n: Uart(self, self._channels[f"uart{n}"]) for n in uarts}
        if panel:
            self.panel = JsonLines(self, self._channels["panel"])
        if wire:
            self.wire = JsonLines(self, self._channels["wire"])

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Ends the emulator and removes its files; may be called twice."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
        for channel in self._channels.values():
            channel.close()
        self._directory.cleanup()

    def stderr(self) -> str:
        """What the emulator has written to its standard output and error."""
        return (Path(self._directory.name) / "stderr").read_text(errors="replace")

    def log(self) -> str:
        """The emulator's log of guest errors and things not modelled."""
        path = Path(self._directory.name) / "log"
        return path.read_text(errors="replace") if path.exists() else ""

    # --- the qtest protocol

    def command(self, line: str) -> str:
        """Sends one qtest command and returns what follows OK. Raises EmulatorError on FAIL."""
        channel = self._channels["qtest"]
        try:
            channel.send_bytes(line.encode() + b"\n")
            while True:
                answer = channel.line().decode()
                if not answer.startswith("IRQ "):
                    break
                _, what, number = answer.split()
                self.irq_levels[int(number)] = int(what == "raise")
        except EmulatorError as error:
            raise EmulatorError(f"{error} at `{line}`; it said: {self.stderr().strip() or 'nothing'}") from None
        status, _, value = answer.partition(" ")
        if status != "OK":
            raise EmulatorError(f"qtest refused `{line}`: {answer}")
        return value

    def settle(self) -> None:
        """Waits until the emulator has taken in what was sent to its chardevs.

        Each answer comes from another round of its main loop, and a round serves every channel that has data.
        """
        for _ in range(3):
            self.command("endianness")

    def read(self, register: str | int, size: int = 4, offset: int = 0) -> int:
        """Reads `size` (1, 2 or 4) bytes at a register, alias or physical address, `offset` bytes further."""
        return int(self.command(f"read{ {1: 'b', 2: 'w', 4: 'l'}[size] } {address_of(register) + offset:#x}"), 0)

    def write(self, register: str | int, value: int, size: int = 4, offset: int = 0) -> None:
        """Writes `size` (1, 2 or 4) bytes at a register, alias or physical address, `offset` bytes further."""
        self.command(f"write{ {1: 'b', 2: 'w', 4: 'l'}[size] } {address_of(register) + offset:#x} {value:#x}")

    def memread(self, address: int, size: int) -> bytes:
        return bytes.fromhex(self.command(f"read {address:#x} {size:#x}")[2:])

    def memwrite(self, address: int, data: bytes) -> None:
        self.command(f"write {address:#x} {len(data):#x} 0x{data.hex()}")

    def clock_step(self) -> int:
        """Moves virtual time to the next timer's deadline; returns the time in ns."""
        return int(self.command("clock_step"))

    def clock_set(self, ns: int) -> int:
        """Moves virtual time forward to `ns`; returns the time in ns."""
        return int(self.command(f"clock_set {ns}"))

    def step_ns(self, ns: int) -> int:
        """Moves virtual time by `ns` nanoseconds; returns the time in ns."""
        return int(self.command(f"clock_step {ns}"))

    def step(self, seconds: float) -> int:
        """Moves virtual time by `seconds`; returns the time in ns."""
        return self.step_ns(round(seconds * 1e9))

    @property
    def now(self) -> int:
        """Virtual time, ns."""
        return int(self.qmp("qom-get", path="/machine", property="virtual-time"))

    def irq_intercept(self, path: str, outputs: bool = False) -> None:
        """Reports the levels of a device's GPIO inputs (or outputs) in `irq_levels` from now on."""
        self.command(f"irq_intercept_{'out' if outputs else 'in'} {path}")

    # --- what the chip's programmer thinks in

    def ifs(self, source: str) -> int:
        """The interrupt flag of a source, such as TIMER_2: 0 or 1."""
        vector = vectors()[source]
        return self.read(f"IFS{vector // 32}") >> vector % 32 & 1

    def clear_ifs(self, source: str) -> None:
        """Clears the interrupt flag of a source."""
        vector = vectors()[source]
        self.write(f"IFS{vector // 32}CLR", 1 << vector % 32)

    def unlock(self) -> None:
        """Writes the SYSKEY unlock sequence (DS60001320 section 8, DS60001112)."""
        for key in (0, 0xAA996655, 0x556699AA):
            self.write("SYSKEY", key)

    # --- QMP

    def qmp_line(self, message: Json) -> Any:
        channel = self._channels["qmp"]
        channel.send_bytes(json.dumps(message).encode() + b"\n")
        while True:
            answer: Json = json.loads(channel.line())
            if "error" in answer:
                raise EmulatorError(f"QMP {message['execute']}: {answer['error']['desc']}")
            if "return" in answer:
                return answer["return"]

    def qmp(self, execute: str, **arguments: Any) -> Any:
        """One QMP command; returns its value, raises EmulatorError when it fails. Underscores become dashes."""
        names = {name.replace("_", "-"): value for name, value in arguments.items()}
        return self.qmp_line({"execute": execute, "arguments": names})


ChipFactory = Callable[..., Chip]
"""Type of the fixture `chip`."""
