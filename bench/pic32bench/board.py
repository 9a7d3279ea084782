# SPDX-License-Identifier: MIT
"""Board descriptions: what a TOML file in platforms/ says about a board. A board is data, never code."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from pic32bench import paths
from pic32bench.chip import Chip, chip
from pic32bench.errors import BoardFileError, UsageError

_T = TypeVar("_T")
_MAC = re.compile(r"(?:[0-9A-Fa-f]{2}:){5}[0-9A-Fa-f]{2}")
_PART = re.compile(r"[0-9A-Za-z-]+")
_BUSES = {"spi": 6, "i2c": 5}  # how many of each the chip has
_I2C_ADDRESSES = range(0x08, 0x78)  # those that the I2C specification leaves to devices


@dataclass(frozen=True)
class Clocks:
    """Crystals in Hz (0: not fitted); one instruction takes 2**icount_shift ns of virtual time."""

    posc: int = 24_000_000
    sosc: int = 32_768
    icount_shift: int = 3


@dataclass(frozen=True)
class ConsolePort:
    """Which UART (1 to 6) the board's terminal hangs on, and its rate in bit/s."""

    uart: int
    baud: int = 115_200


@dataclass(frozen=True)
class Ethernet:
    """The factory MAC address, the PHY's model and its address on the MII management bus."""

    mac: str
    phy: str = "lan8740a"
    phy_address: int = 0


@dataclass(frozen=True)
class CanBus:
    """Which CAN modules (1, 2) are on the board's one CAN bus; another module hears nobody."""

    modules: tuple[int, ...] = ()


@dataclass(frozen=True)
class Switch:
    """A push button: its pin, and the level (0 or 1) that pressing it drives. Released, it lets the pin go."""

    name: str
    pin: str
    pressed_level: int


@dataclass(frozen=True)
class Led:
    """A LED: its pin, the level (0 or 1) that lights it, and its colour."""

    name: str
    pin: str
    lit_level: int
    colour: str = ""


@dataclass(frozen=True)
class AnalogInput:
    """Something that gives a pin a voltage: a potentiometer, a sensor, a terminal block."""

    name: str
    pin: str


@dataclass(frozen=True)
class BusDevice:
    """A part on one of the chip's buses, ``spi1`` to ``spi6`` or ``i2c1`` to ``i2c5``.

    ``place`` is its select pin (SPI) or its 7-bit address (I2C, such as 0x50). ``image`` is a raw image of all it
    holds at the start, None: it is erased; with ``keep`` the file also gets what the chip writes.
    """

    bus: str
    place: str
    part: str
    image: Path | None = None
    keep: bool = False

    def __str__(self) -> str:
        """The part as the machine property of its bus names it (platforms/qemu/README.md)."""
        file = f":{'rw' if self.keep else 'ro'}={self.image.absolute()}" if self.image else ""
        return f"{self.part}@{self.place}{file}"


@dataclass(frozen=True)
class BoardDescription:
    """One board, as its file describes it."""

    path: Path
    name: str
    chip: Chip
    clocks: Clocks
    console: ConsolePort
    ethernet: Ethernet
    can: CanBus
    switches: Mapping[str, Switch]
    leds: Mapping[str, Led]
    analog: Mapping[str, AnalogInput]
    devices: tuple[BusDevice, ...] = ()
    jumpers: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    pwm: Mapping[str, str] = field(default_factory=dict)
    """Names of PWM outputs, and their pins."""
    ebi_ram: int = 0
    """RAM on the external bus, KiB."""

    def bus_properties(self) -> dict[str, str]:
        """What is on the buses and which pins are joined, as properties of the emulator's machine."""
        properties: dict[str, str] = {}
        for device in self.devices:
            others = properties.get(device.bus)
            properties[device.bus] = f"{others};{device}" if others else str(device)
        if self.jumpers:
            properties["jumpers"] = ";".join("-".join(pins) for pins in self.jumpers.values())
        return properties

    def switch(self, name: str) -> Switch:
        """The switch with this name, in any case. Raises UsageError naming those there are."""
        return _named(self.switches, name, "switch", self.name)

    def led(self, name: str) -> Led:
        """The LED with this name, in any case. Raises UsageError naming those there are."""
        return _named(self.leds, name, "LED", self.name)

    def output_pin(self, name: str) -> str:
        """The pin of a PWM output or a LED by its name in any case, or a pin name. Raises UsageError."""
        for known, pin in (*self.pwm.items(), *((led.name, led.pin) for led in self.leds.values())):
            if known.lower() == name.lower():
                return pin
        return self.pin(name)

    def analog_pin(self, name: str) -> str:
        """The pin of the analog input with this name, in any case, or the pin itself. Raises UsageError."""
        if name.upper() in self.chip.pins:
            return name.upper()
        return _named(self.analog, name, "analog input", self.name).pin

    def crystal(self, name: str) -> str:
        """``posc`` or ``sosc``, from that name in any case. Raises UsageError when the board has no such crystal."""
        fitted = {"posc": self.clocks.posc, "sosc": self.clocks.sosc}
        there = [crystal for crystal, hz in fitted.items() if hz]
        if name.lower() not in there:
            raise UsageError(f"{self.name} has no crystal {name!r}: it has {', '.join(there) or 'none'}")
        return name.lower()

    def pin(self, name: str) -> str:
        """A pin name in its usual spelling, such as RB12. Raises UsageError when the chip has no such pin."""
        pin = name.upper()
        if pin not in self.chip.pins:
            raise UsageError(f"{self.chip.name} has no pin {name!r}: expected a name such as RB12")
        return pin


def load(name: str | Path) -> BoardDescription:
    """Reads the board file with this name in platforms/, or at this path.

    Raises BoardFileError, one line, for a missing file, bad TOML, unknown or missing keys, and bad values.
    """
    path = paths.board_file(name)
    try:
        with path.open("rb") as file:
            data = tomllib.load(file)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BoardFileError(f"{path}: not valid TOML: {error}") from error
    return _Reader(path).board(data)


class _Reader:
    """Turns the file's tables into dataclasses; each complaint names the file and the key."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def fail(self, message: str) -> BoardFileError:
        return BoardFileError(f"{self.path}: {message}")

    def board(self, data: dict[str, Any]) -> BoardDescription:
        faces = {"console", "switches", "leds", "analog", "pwm"}
        self.known(data, "", {"name", "chip", "clocks", "ethernet", "can", "spi", "i2c", "jumpers", "ebi", *faces})
        try:
            part = chip(self.text(data, "chip", ""))
        except ValueError as error:
            raise self.fail(f"chip: {error}") from error
        return BoardDescription(
            path=self.path,
            name=self.text(data, "name", ""),
            chip=part,
            clocks=self.clocks(self.table(data, "clocks")),
            console=self.console(self.table(data, "console")),
            ethernet=self.ethernet(self.table(data, "ethernet")),
            can=self.can(self.table(data, "can")),
            switches={name: self.switch(name, part, entry) for name, entry in self.tables(data, "switches")},
            leds={name: self.led(name, part, entry) for name, entry in self.tables(data, "leds")},
            analog={name: self.analog(name, part, entry) for name, entry in self.tables(data, "analog")},
            devices=tuple(self.devices(data, part)),
            jumpers=self.jumpers(self.table(data, "jumpers"), part),
            pwm={name: self.pwm(name, part, entry) for name, entry in self.tables(data, "pwm")},
            ebi_ram=self.ebi_ram(self.table(data, "ebi")),
        )

    def ebi_ram(self, table: dict[str, Any]) -> int:
        self.known(table, "ebi.", {"ram"})
        return self.number(table, "ram", "ebi.", 0, 65_536, 0)

    def clocks(self, table: dict[str, Any]) -> Clocks:
        self.known(table, "clocks.", {"posc", "sosc", "icount_shift"})
        return Clocks(
            self.number(table, "posc", "clocks.", 0, 64_000_000, Clocks.posc),
            self.number(table, "sosc", "clocks.", 0, 100_000, Clocks.sosc),
            self.number(table, "icount_shift", "clocks.", 0, 10, Clocks.icount_shift),
        )

    def console(self, table: dict[str, Any]) -> ConsolePort:
        self.known(table, "console.", {"uart", "baud"})
        return ConsolePort(
            self.number(table, "uart", "console.", 1, 6),
            self.number(table, "baud", "console.", 50, 25_000_000, ConsolePort.baud),
        )

    def ethernet(self, table: dict[str, Any]) -> Ethernet:
        self.known(table, "ethernet.", {"mac", "phy", "phy_address"})
        mac = self.text(table, "mac", "ethernet.")
        if not _MAC.fullmatch(mac):
            raise self.fail(f"ethernet.mac: expected six hex bytes such as 00:04:A3:00:00:01, found {mac!r}")
        if int(mac[:2], 16) & 1:
            raise self.fail(f"ethernet.mac: {mac} is a group address: a board's own has an even first byte")
        return Ethernet(
            mac,
            self.text(table, "phy", "ethernet.", Ethernet.phy),
            self.number(table, "phy_address", "ethernet.", 0, 31, Ethernet.phy_address),
        )

    def can(self, table: dict[str, Any]) -> CanBus:
        self.known(table, "can.", {"bus"})
        modules = table.get("bus", [])
        if modules not in ([], [1], [2], [1, 2]):
            raise self.fail(f"can.bus: expected the modules on the bus, such as [1, 2], found {modules!r}")
        return CanBus(tuple(modules))

    def switch(self, name: str, part: Chip, entry: dict[str, Any]) -> Switch:
        prefix = f"switches.{name}."
        self.known(entry, prefix, {"pin", "active"})
        return Switch(name, self.pin(entry, prefix, part), self.active(entry, prefix))

    def led(self, name: str, part: Chip, entry: dict[str, Any]) -> Led:
        prefix = f"leds.{name}."
        self.known(entry, prefix, {"pin", "active", "colour"})
        return Led(
            name,
            self.pin(entry, prefix, part),
            self.active(entry, prefix),
            self.text(entry, "colour", prefix, ""),
        )

    def analog(self, name: str, part: Chip, entry: dict[str, Any]) -> AnalogInput:
        prefix = f"analog.{name}."
        self.known(entry, prefix, {"pin"})
        return AnalogInput(name, self.pin(entry, prefix, part))

    def devices(self, data: dict[str, Any], part: Chip) -> Iterator[BusDevice]:
        for kind, count in _BUSES.items():
            for number, places in self.tables(data, kind):
                if number not in {str(n) for n in range(1, count + 1)}:
                    raise self.fail(f"{kind}.{number}: expected {kind}.1 to {kind}.{count}")
                for place, entry in self.tables({number: places}, number, f"{kind}."):
                    yield self.device(kind, number, place, part, entry)

    def device(self, kind: str, number: str, place: str, part: Chip, entry: dict[str, Any]) -> BusDevice:
        prefix = f"{kind}.{number}.{place}."
        self.known(entry, prefix, {"device", "image", "keep"})
        if kind == "spi" and place not in part.pins:
            raise self.fail(f"{prefix[:-1]}: {part.name} has no pin {place!r}: expected the select pin, such as RD4")
        if kind == "i2c" and not (re.fullmatch(r"0x[0-9A-Fa-f]{2}", place) and int(place, 16) in _I2C_ADDRESSES):
            raise self.fail(f"{prefix[:-1]}: expected a 7-bit address from 0x08 to 0x77, such as 0x50")
        name = self.text(entry, "device", prefix)
        if not _PART.fullmatch(name):
            raise self.fail(f"{prefix}device: expected a part such as w25q80 or 24c02, found {name!r}")
        keep = entry.get("keep", False)
        if not isinstance(keep, bool):
            raise self.fail(f"{prefix}keep: expected true or false, found {keep!r}")
        text = self.text(entry, "image", prefix, "")
        if not text:
            if keep:
                raise self.fail(f"{prefix}keep: there is no image to keep it in")
            return BusDevice(kind + number, place, name)
        image = self.path.parent / text
        if ";" in str(image.absolute()):
            raise self.fail(f"{prefix}image: a path with a semicolon cannot be passed on: {image}")
        if not (image.is_file() or (keep and not image.exists())):
            raise self.fail(f"{prefix}image: no file {image}")
        return BusDevice(kind + number, place, name, image, keep)

    def jumpers(self, table: dict[str, Any], part: Chip) -> dict[str, tuple[str, str]]:
        jumpers: dict[str, tuple[str, str]] = {}
        taken: dict[str, str] = {}
        for name, pins in table.items():
            texts = isinstance(pins, list) and all(isinstance(pin, str) for pin in pins)
            if not texts or len(pins) != 2 or pins[0] == pins[1]:
                raise self.fail(f'jumpers.{name}: expected two pins, such as ["RD3", "RG7"], found {pins!r}')
            for pin in pins:
                if pin not in part.pins:
                    raise self.fail(f"jumpers.{name}: {part.name} has no pin {pin!r}: expected a name such as RB12")
                if pin in taken:
                    raise self.fail(f"jumpers.{name}: {pin} is already joined by jumpers.{taken[pin]}")
                taken[pin] = name
            jumpers[name] = (pins[0], pins[1])
        return jumpers

    def pwm(self, name: str, part: Chip, entry: dict[str, Any]) -> str:
        self.known(entry, f"pwm.{name}.", {"pin"})
        return self.pin(entry, f"pwm.{name}.", part)

    def known(self, table: dict[str, Any], prefix: str, keys: set[str]) -> None:
        for key in table:
            if key not in keys:
                raise self.fail(f"unknown key {prefix}{key}: expected one of {', '.join(sorted(keys))}")

    def table(self, data: dict[str, Any], key: str, prefix: str = "") -> dict[str, Any]:
        value = data.get(key, {})
        if not isinstance(value, dict):
            raise self.fail(f"{prefix}{key}: expected a table [{prefix}{key}], found {value!r}")
        return value

    def tables(self, data: dict[str, Any], key: str, prefix: str = "") -> list[tuple[str, dict[str, Any]]]:
        outer = self.table(data, key, prefix)
        return [(name, self.table(outer, name, f"{prefix}{key}.")) for name in outer]

    def text(self, table: dict[str, Any], key: str, prefix: str, default: str | None = None) -> str:
        value = table.get(key, default)
        if value is None:
            raise self.fail(f"{prefix}{key} is missing")
        if not isinstance(value, str):
            raise self.fail(f"{prefix}{key}: expected a text, found {value!r}")
        return value

    def number(
        self, table: dict[str, Any], key: str, prefix: str, low: int, high: int, default: int | None = None
    ) -> int:
        value = table.get(key, default)
        if value is None:
            raise self.fail(f"{prefix}{key} is missing")
        if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
            raise self.fail(f"{prefix}{key}: expected a whole number from {low} to {high}, found {value!r}")
        return value

    def pin(self, table: dict[str, Any], prefix: str, part: Chip) -> str:
        pin = self.text(table, "pin", prefix)
        if pin not in part.pins:
            raise self.fail(f"{prefix}pin: {part.name} has no pin {pin!r}: expected a name such as RB12")
        return pin

    def active(self, table: dict[str, Any], prefix: str) -> int:
        level = self.text(table, "active", prefix)
        if level not in ("low", "high"):
            raise self.fail(f'{prefix}active: expected "low" or "high", found {level!r}')
        return int(level == "high")


def _named(things: Mapping[str, _T], name: str, kind: str, board: str) -> _T:
    for known, thing in things.items():
        if known.upper() == name.upper():
            return thing
    raise UsageError(f"{board} has no {kind} {name!r}: it has {', '.join(things) or 'none'}")
