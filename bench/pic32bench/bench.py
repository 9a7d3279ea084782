# SPDX-License-Identifier: MIT
"""The bench: a board that is powered, with its console, panel and network at hand.

with pic32bench.start(network="none") as board:
    board.console.wait_for_line("Initialization Ended - success")
    board.panel.press("SW1")
"""

from __future__ import annotations

import functools
import json
import os
import re
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from pic32bench import image as images
from pic32bench import paths
from pic32bench.board import BoardDescription, load
from pic32bench.chip import Chip
from pic32bench.clock import DEFAULT_QUANTUM, Clock, FreeRunningClock, LockStepClock
from pic32bench.console import Console
from pic32bench.core import Core
from pic32bench.emulator import UART_COUNT, Emulator, EmulatorSpec
from pic32bench.errors import BenchError, BoardFileError, EmulatorError, UsageError
from pic32bench.link import Link
from pic32bench.network import Network, TapNetwork, WireNetwork, choose
from pic32bench.network.station import Station
from pic32bench.panel import Panel
from pic32bench.panel_link import PanelLink, Waveform
from pic32bench.recording import Recording
from pic32bench.snapshot.file import Snapshot, write_end, write_head

DEFAULT_BACKSTOP_WALL = 30.0
CAN_BUS = "can"  # the id of the board's CAN bus on the emulator's command line


@dataclass(frozen=True)
class RegisterUse:
    """A special function register that the firmware touched.

    ``kind`` is ``modelled``, ``storage`` (it keeps what is written and nothing comes of it) or ``reserved`` (the chip
    has no register there, and ``register`` is empty). ``device`` is the emulator's name of what answers.
    ``first_pc`` is where the first access was made, 0 when not by the core.
    """

    register: str
    address: int
    reads: int
    writes: int
    first_pc: int
    kind: str
    device: str = ""

    @property
    def name(self) -> str:
        """The register's name, its address if it has none."""
        return self.register or f"0x{self.address:08X}"


@dataclass(frozen=True)
class Register:
    """A special function register of the chip: ``kind`` and ``device`` as in RegisterUse."""

    register: str
    address: int
    kind: str
    device: str


@dataclass(frozen=True)
class Setup:
    """What a board is started with: all that `start` was told, checked.

    ``network_settings`` is what the network froze to before anything was done with it, None if it could not.
    """

    description: BoardDescription
    image: images.Image
    network: Network
    seed: int
    quantum: float
    backstop_wall: float
    application: Path | None
    network_settings: bytes | None
    play: Path | None = None  # a list of inputs that the machine takes instead of any others
    ram_fill: int = 0  # every byte of RAM at power-on
    arguments: tuple[str, ...] = ()  # more for the emulator
    pass_fds: tuple[int, ...] = ()  # open files that these name by number


class Board:
    """A powered board. Made by `start`, or from a snapshot; a context manager that switches it off at the end.

    ``description`` is its board file, ``console`` its terminal, ``panel`` its switches, LEDs, cable, power and reset,
    ``network`` the other end of the cable, ``link`` what happens to frames on the way there and back, ``emulator`` the
    process, ``clock`` its virtual time.
    """

    def __init__(self, setup: Setup, snapshot: Snapshot | None = None) -> None:
        """Powers the board up, or lets it go on from a snapshot, from which ``setup.network`` is thawed already."""
        self.setup = setup
        self.application = setup.application
        self.description = description = setup.description
        self.image = setup.image
        self.network = network = setup.network
        self.seed = setup.seed
        # What the parts on its buses hold at power-on: the machine may write into these files.
        self._parts = {
            f"parts/{number}": part.image.read_bytes()
            for number, part in enumerate(description.devices)
            if part.image is not None and part.image.is_file()
        }
        spec_binary = paths.emulator_binary()
        network.prepare()
        try:
            self.emulator = self._start(spec_binary, setup.backstop_wall, snapshot)
        except BaseException:
            network.close()
            raise
        try:
            link = PanelLink(self.emulator)
            self.clock: Clock = (
                LockStepClock(self.emulator, link, setup.quantum)
                if network.lock_step
                else FreeRunningClock(self.emulator, link, setup.quantum)
            )
            self._link = link
            self._consoles: dict[int, Console] = {}
            for number in range(1, UART_COUNT + 1):
                self._consoles[number] = Console(
                    self.emulator, self.clock, number, description.console.baud, self.failure_report
                )
            self.panel = Panel(description, self.emulator, self.clock, link, self.failure_report)
            self.link = Link(self.emulator, self.panel)
            if snapshot is not None:
                self._thaw(snapshot.faces)
            network.attach(self.emulator, self.clock)
            if isinstance(network, WireNetwork | TapNetwork):
                network.report = self.failure_report
            self.clock.start()
        except BaseException:
            self.close()
            raise

    def _start(self, binary: Path, backstop_wall: float, snapshot: Snapshot | None) -> Emulator:
        about = self.description
        incoming = None if snapshot is None else snapshot.open_machine()
        can_bus = ("-object", f"can-bus,id={CAN_BUS}") if about.can.modules else ()
        spec = EmulatorSpec(
            binary=binary,
            kernel=self.image.path,
            application=self.application,
            machine={
                "chip": about.chip.name,
                "posc": about.clocks.posc,
                "sosc": about.clocks.sosc,
                "phy": about.ethernet.phy,
                "phy-address": about.ethernet.phy_address,
                "mac": about.ethernet.mac,
                "rng-seed": self.seed,
                "ebi-ram": about.ebi_ram,
                **({"ram-fill": self.setup.ram_fill} if self.setup.ram_fill else {}),
                **({"play": str(self.setup.play)} if self.setup.play else {}),
                **{f"can{module}": CAN_BUS for module in about.can.modules},
                **about.bus_properties(),
                **self.network.machine(),
            },
            icount_shift=about.clocks.icount_shift,
            wire=self.network.wire,
            arguments=(*self.network.arguments(), *can_bus, *self.setup.arguments),
            pass_fds=(*self.network.pass_fds(), *self.setup.pass_fds),
            incoming=incoming,
            earlier_inputs=b"" if snapshot is None else snapshot.faces["inputs"].encode(),
        )
        try:
            return Emulator(spec, backstop_wall)
        except EmulatorError as error:
            if about_a_part := re.search(r"\b(spi|i2c)\d: .*", error.message):
                raise BoardFileError(f"{about.path}: {about_a_part[0]}") from error
            raise self.network.start_error(error) from error
        finally:
            if incoming is not None:
                os.close(incoming)

    def write_snapshot(self, descriptor: int, about: dict[str, Any]) -> None:
        """Writes the board as it is now into an empty file. ``about`` is for the reader; see `pic32bench.snapshot`.

        In the end the board goes on as if nothing had been. Raises UsageError for what cannot be in a snapshot, such
        as an open TCP connection of this computer.
        """
        self.network.come_to_rest()
        with self.clock.standing_still():
            self.emulator.settle()
            self.emulator.drain()
            write_head(descriptor, about, self._freeze(), self.network.freeze())
            self.emulator.save_machine(descriptor)
            write_end(descriptor)

    def _freeze(self) -> dict[str, Any]:
        return {
            "clock": self.clock.freeze(),
            "panel link": self._link.freeze(),
            "panel": self.panel.freeze(),
            "link": self.link.freeze(),
            "consoles": {str(number): console.freeze() for number, console in self._consoles.items()},
            "emulator log": self.emulator.log(),
            "inputs": self.emulator.inputs().decode(),
        }

    def _thaw(self, faces: dict[str, Any]) -> None:
        self.emulator.drain()  # what it said before it took the snapshot in
        self.clock.thaw(faces["clock"])
        self._link.thaw(faces["panel link"])
        self.panel.thaw(faces["panel"])
        self.link.thaw(faces["link"])
        for number, console in self._consoles.items():
            console.thaw(faces["consoles"][str(number)])
        self.emulator.take_over_log(faces["emulator log"])

    def recording(self) -> Recording:
        """The run from power-on to now, to be replayed; also of a board whose emulator has died."""
        end_ns, instructions, sums = self.clock.last_ns, None, None
        with suppress(EmulatorError), self.clock.standing_still():
            sums = json.loads(self.emulator.get("sums"))
            end_ns, instructions = self.clock.last_ns, self.core().instructions
            inputs = self.emulator.inputs()
        if instructions is None:
            inputs = self.emulator.inputs()
        about = self.description
        files = {
            "board.toml": about.path.read_bytes(),
            f"image{self.image.path.suffix.lower()}": self.image.path.read_bytes(),
            **self._parts,
        }
        if self.application is not None:
            files[f"application{self.application.suffix.lower()}"] = self.application.read_bytes()
        return Recording(
            emulator=paths.file_digest(self.emulator.spec.binary),
            machine=dict(self.emulator.spec.machine),
            icount_shift=about.clocks.icount_shift,
            seed=self.seed,
            network=self.network.name,
            end_ns=end_ns,
            instructions=instructions,
            sums=sums,
            inputs=inputs,
            files=files,
        )

    @property
    def console(self) -> Console:
        """The board's terminal."""
        return self._consoles[self.description.console.uart]

    def uart(self, number: int) -> Console:
        """The terminal on any UART, 1 to 6. Raises UsageError."""
        if number not in self._consoles:
            raise UsageError(f"no UART{number}: expected 1 to {UART_COUNT}")
        return self._consoles[number]

    @property
    def time(self) -> float:
        """Virtual time now, seconds."""
        return self.clock.now

    @property
    def url(self) -> str:
        """The address of the board's page. Raises UsageError on a network that has none."""
        return self._url("http")

    @property
    def ws_url(self) -> str:
        """The address of the board's WebSocket. Raises UsageError on a network that has none."""
        return self._url("ws")

    def _url(self, service: str) -> str:
        urls = self.network.urls()
        if service not in urls:
            if isinstance(self.network, TapNetwork):
                raise UsageError("the board has no address yet: wait for one")
            raise UsageError(f"network {self.network.name} has no {service} address: start the board with network user")
        return urls[service]

    @property
    def station(self) -> Station:
        """On network ``wire``: the station with a TCP/IP stack, on the cable from the first time it is asked for.

        For one that serves DHCP make it yourself, before the board looks for an address:
        ``Station(board.network, dhcp=True)``. Raises UsageError on another network.
        """
        if not isinstance(self.network, WireNetwork):
            raise UsageError(f"network {self.network.name} has no station: start the board with network wire")
        return self.network.peer(Station) or Station(self.network)

    def waveform(self, pin: str) -> Waveform | None:
        """The waveform (``period``, ``frequency``, ``duty``) that a pin carries now; see `Panel.waveform`."""
        return self.panel.waveform(pin)

    def run_for(self, seconds: float) -> None:
        """Lets this much virtual time pass, seconds."""
        self.clock.run_for(seconds)

    def keep_pace(self, keep: bool = True) -> None:
        """Keeps to the wall clock on network ``user`` also in waits with nobody connected, or no longer.

        For what will connect by itself and in its own time, such as a browser that looks for a board that was reset.
        On lock-step networks nothing outside could come, and it does nothing.
        """
        if isinstance(self.clock, FreeRunningClock):
            self.clock.skips = not keep

    def reset(self) -> None:
        """Pushes the reset button (MCLR); memory and flash stay. To hold it: `Panel.hold_reset`.

        Raises UsageError while it is held.
        """
        self.panel.push_reset()

    def power_cycle(self) -> None:
        """Takes power away and gives it back; flash stays."""
        self.panel.power_cycle()

    def sfr_report(self) -> list[RegisterUse]:
        """The registers that the firmware has touched since the board was started."""
        return [RegisterUse(**{"register": "", **row}) for row in self._registers("sfr-report")]

    def sfr_map(self) -> list[Register]:
        """All registers of the chip, touched or not."""
        return [Register(**row) for row in self._registers("sfr-map")]

    def _registers(self, what: str) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = json.loads(self.emulator.get(what) or "[]")
        return [{key.replace("-", "_"): value for key, value in row.items()} for row in rows]

    def core(self) -> Core:
        """The registers of the chip's core. Raises EmulatorError."""
        return Core.parse(self.emulator.get("core"))

    def read_memory(self, address: int, size: int) -> bytes | None:
        """Bytes of RAM or flash, by their address in an unmapped segment (KSEG0 or KSEG1).

        None where the chip has neither: reading a register of a peripheral can change it. Raises EmulatorError.
        """
        physical = address & images.PHYSICAL
        chip = self.description.chip
        if not 0x80000000 <= address < 0xC0000000 or not any(
            region.holds(physical, size) for region in (chip.ram, *chip.flash)
        ):
            return None
        lines = self.monitor(f"xp /{size}xb 0x{physical:x}").splitlines()
        return bytes(int(byte, 16) for line in lines for byte in line.partition(":")[2].split())

    def monitor(self, command: str) -> str:
        """A line for QEMU's human monitor; returns what it prints."""
        return self.emulator.monitor(command)

    def report_sections(self) -> dict[str, str]:
        """What a failure report shows, by title: the consoles, the panel's events, the emulator's log."""
        sections = {}
        for number, console in self._consoles.items():
            if console.text or console is self.console:
                sections[f"console (UART{number})"] = console.log() or "(nothing was received)"
        sections["panel"] = "\n".join(filter(None, [self.panel.state(), self.link.state(), self.panel.log()]))
        sections["emulator log"] = self.emulator.log() or "(empty)"
        return sections

    def failure_report(self, lines: int = 20) -> str:
        """The end of the console, the panel and the end of the emulator's log, for an error's details."""
        return "\n".join(
            [
                f"--- last lines of the console (UART{self.console.uart})",
                self.console.log(lines) or "(nothing was received)",
                "--- panel",
                *filter(None, [self.panel.state(), self.link.state()]),
                self.panel.log(5),
                "--- end of the emulator's log",
                self.emulator.log(lines // 2) or "(empty)",
            ]
        )

    def close(self) -> None:
        """Switches everything off; safe to call twice."""
        self.emulator.close()
        self.network.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def start(
    board: str | Path | BoardDescription = paths.DEFAULT_BOARD,
    image: str | Path | None = None,
    network: str | Network = "user",
    seed: int = 1,
    quantum: float = DEFAULT_QUANTUM,
    backstop_wall: float = DEFAULT_BACKSTOP_WALL,
    application: str | Path | None = None,
    ram_fill: int = 0,
) -> Board:
    """Powers a board up and returns it.

    The arguments, and what is raised, are those of `check`. Raises EmulatorError as well, when the emulator fails, and
    PortBusyError.
    """
    return Board(check(board, image, network, seed, quantum, backstop_wall, application, ram_fill))


def check(
    board: str | Path | BoardDescription = paths.DEFAULT_BOARD,
    image: str | Path | None = None,
    network: str | Network = "user",
    seed: int = 1,
    quantum: float = DEFAULT_QUANTUM,
    backstop_wall: float = DEFAULT_BACKSTOP_WALL,
    application: str | Path | None = None,
    ram_fill: int = 0,
) -> Setup:
    """Checks what a board is to be started with.

    ``board`` is a name in platforms/ or a path to a board file; ``image`` a .hex or .elf, None for the reference
    firmware; ``application`` a second image: what the first, a bootloader, starts; ``network``
    ``none``, ``user``, ``wire`` or a Network; ``seed`` feeds the chip's true random number source. ``quantum``, virtual
    seconds, is how exactly waits look at the board: at multiples of it; ``backstop_wall`` how many seconds of silence
    count as a stuck emulator. ``ram_fill`` is what every byte of RAM holds at power-on: a chip's RAM holds anything.

    Raises NotBuiltError, BoardFileError, ImageError or UsageError, one line each, for what cannot be started.
    """
    description = board if isinstance(board, BoardDescription) else load(board)
    chosen = choose(network)
    if not 0 <= seed < 2**64:
        raise UsageError(f"seed {seed}: expected a whole number from 0 to 2**64 - 1")
    if not 0 <= ram_fill <= 0xFF:
        raise UsageError(f"ram_fill {ram_fill}: expected a byte, 0 to 255")
    if not quantum > 0:
        raise UsageError(f"quantum {quantum}: expected virtual seconds above 0")
    path = paths.everything_built(image)
    second = None if application is None else paths.image_file(application)
    versions = tuple(paths.version(file) for file in (path, second) if file is not None)
    checked = _check_image(path, description.chip, second, versions)
    settings = None
    with suppress(UsageError):
        settings = chosen.freeze()
    return Setup(description, checked, chosen, seed, quantum, backstop_wall, second, settings, ram_fill=ram_fill)


@functools.lru_cache(maxsize=16)
def _check_image(path: Path, chip: Chip, second: Path | None, versions: tuple[tuple[int, ...], ...]) -> images.Image:
    """Checked once as long as the files do not change, as boards are started by the dozen."""
    return images.check(path, chip, second)


__all__ = ["BenchError", "Board", "Register", "RegisterUse", "Setup", "check", "start"]
