# SPDX-License-Identifier: MIT
"""A board is data: what board files may say, and how a wrong one is told."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from pic32bench import board
from pic32bench.errors import BoardFileError, UsageError

KIT = """
name = "Test"
chip = "PIC32MZ2048EFH144"
[console]
uart = 2
[ethernet]
mac = "00:04:A3:00:00:01"
[switches.SW1]
pin = "RB12"
active = "low"
[analog.POT]
pin = "RB8"
[leds.LED1]
pin = "RH0"
active = "high"
"""


@pytest.fixture
def board_file(tmp_path: Path) -> Callable[[str, str], Path]:
    """Writes the board file above with one text replaced by another."""

    def write(old: str = "", new: str = "") -> Path:
        assert old in KIT
        path = tmp_path / "board.toml"
        path.write_text(KIT.replace(old, new) if old else KIT + new)
        return path

    return write


def test_the_starter_kit_is_as_its_users_guide_says() -> None:
    kit = board.load("ef-starter-kit")
    assert kit.chip.flash_size == 2048 * 1024
    assert kit.chip.ram_size == 512 * 1024
    assert kit.console == board.ConsolePort(2, 115_200)
    assert [(s.name, s.pin, s.pressed_level) for s in kit.switches.values()] == [
        ("SW1", "RB12", 0),
        ("SW2", "RB13", 0),
        ("SW3", "RB14", 0),
    ]
    assert [(led.pin, led.lit_level, led.colour) for led in kit.leds.values()] == [
        ("RH0", 1, "red"),
        ("RH1", 1, "yellow"),
        ("RH2", 1, "green"),
    ]


def test_ram_on_the_external_bus(board_file: Callable[[str, str], Path]) -> None:
    assert board.load("ef-starter-kit").ebi_ram == 0
    assert board.load(board_file("", "[ebi]\nram = 2048\n")).ebi_ram == 2048
    with pytest.raises(BoardFileError, match=r"ebi.ram: expected a whole number from 0 to 65536, found 70000"):
        board.load(board_file("", "[ebi]\nram = 70000\n"))


def test_another_board_is_another_file() -> None:
    mini = board.load("mini")
    assert mini.chip.name == "PIC32MZ1024EFH064"
    assert mini.chip.flash_size == 1024 * 1024
    assert mini.console.uart == 4
    assert mini.switch("user").pressed_level == 1
    assert mini.led("Status").lit_level == 0


def test_defaults_and_paths(board_file: Callable[..., Path]) -> None:
    loaded = board.load(board_file())
    assert loaded.clocks == board.Clocks(24_000_000, 32_768, 3)
    assert loaded.ethernet.phy == "lan8740a"
    assert loaded.can.modules == ()


def test_can_modules_on_a_bus(board_file: Callable[..., Path]) -> None:
    assert board.load(board_file("[console]", "[can]\nbus = [1, 2]\n[console]")).can.modules == (1, 2)


def test_pwm_outputs_have_names(board_file: Callable[..., Path]) -> None:
    loaded = board.load(board_file("", '[pwm.FAN]\npin = "RD0"\n'))
    assert [loaded.output_pin(name) for name in ("fan", "LED1", "rd1")] == ["RD0", "RH0", "RD1"]
    with pytest.raises(UsageError, match="has no pin 'PUMP'"):
        loaded.output_pin("PUMP")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("", "\nturbo = 1\n", "unknown key leds.LED1.turbo"),
        ("", '[pwm.FAN]\npin = "RB16"\n', "pwm.FAN.pin: PIC32MZ2048EFH144 has no pin 'RB16'"),
        ("uart = 2", "uart = 7", "console.uart: expected a whole number from 1 to 6, found 7"),
        ("uart = 2", "", "console.uart is missing"),
        ("uart = 2", "uart = true", "console.uart: expected a whole number"),
        ('pin = "RB12"', 'pin = "RB16"', "switches.SW1.pin: PIC32MZ2048EFH144 has no pin 'RB16'"),
        ('pin = "RB12"', 'pin = "RJ2"\ncolour = "red"', "unknown key switches.SW1.colour"),
        ('active = "low"', "active = 0", "switches.SW1.active: expected a text, found 0"),
        ('active = "low"', 'active = "up"', 'expected "low" or "high"'),
        ('pin = "RB8"', 'pin = "AN48"', "analog.POT.pin: PIC32MZ2048EFH144 has no pin 'AN48'"),
        ('pin = "RB8"', "", "analog.POT.pin is missing"),
        ('pin = "RB8"', 'pin = "RB8"\nvolts = 2', "unknown key analog.POT.volts"),
        ("EFH144", "EFH999", "unknown chip 'PIC32MZ2048EFH999'"),
        ("2048EFH144", "1024EFH064", "leds.LED1.pin: PIC32MZ1024EFH064 has no pin 'RH0'"),
        ("00:04:A3:00:00:01", "00:04:A3", "expected six hex bytes"),
        ("00:04:A3:00:00:01", "01:04:A3:00:00:01", "group address"),
        ("[console]", "[can]\nbus = [3]\n[console]", "can.bus: expected the modules on the bus"),
        ("[console]", "[console", "not valid TOML"),
        ("[console]\nuart = 2", "console = 2\n", "console: expected a table"),
        ("", '[spi.7.RD4]\ndevice = "w25q80"', "spi.7: expected spi.1 to spi.6"),
        ("", "[spi.2.RD4]", "spi.2.RD4.device is missing"),
        ("", '[spi.2.RD8]\ndevice = "w25q80"', "spi.2.RD8: PIC32MZ2048EFH144 has no pin 'RD8'"),
        ("", '[spi.2]\ndevice = "w25q80"', "spi.2.device: expected a table [spi.2.device]"),
        ("", '[spi.2.RD4]\ndevice = "w25q80"\nspeed = 1', "unknown key spi.2.RD4.speed"),
        ("", '[spi.2.RD4]\ndevice = "w25;q"', "spi.2.RD4.device: expected a part such as w25q80"),
        ("", '[spi.2.RD4]\ndevice = "w25q80"\nimage = "nix.bin"', "spi.2.RD4.image: no file"),
        ("", '[spi.2.RD4]\ndevice = "w25q80"\nkeep = true', "spi.2.RD4.keep: there is no image"),
        ("", '[spi.2.RD4]\ndevice = "w25q80"\nkeep = 1', "spi.2.RD4.keep: expected true or false, found 1"),
        ("", '[i2c.1.0x80]\ndevice = "24c02"', "i2c.1.0x80: expected a 7-bit address"),
        ("", '[i2c.1.50]\ndevice = "24c02"', "i2c.1.50: expected a 7-bit address"),
        ("", '[jumpers]\nA = ["RD3"]', "jumpers.A: expected two pins"),
        ("", '[jumpers]\nA = ["RD3", []]', "jumpers.A: expected two pins"),
        ("", '[jumpers]\nA = ["RD3", "RD8"]', "jumpers.A: PIC32MZ2048EFH144 has no pin 'RD8'"),
        ("", '[jumpers]\nA = ["RD3", "RG7"]\nB = ["RG7", "RG8"]', "jumpers.B: RG7 is already joined by jumpers.A"),
    ],
)
def test_a_wrong_board_file_is_one_clear_line(board_file: Callable[..., Path], old: str, new: str, said: str) -> None:
    with pytest.raises(BoardFileError) as caught:
        board.load(board_file(old, new))
    assert said in str(caught.value)
    assert "board.toml" in str(caught.value)
    assert "\n" not in str(caught.value)


BUSES = """
[spi.2.RD4]
device = "w25q80"
image = "flash, 1.bin"
[spi.2.RD5]
device = "sst26vf032b"
[i2c.1.0x50]
device = "24c02"
image = "settings.bin"
keep = true
[jumpers]
LOOP = ["RD3", "RG7"]
SELECT = ["RB1", "RB2"]
"""


def test_parts_on_the_buses_become_machine_properties(board_file: Callable[..., Path], tmp_path: Path) -> None:
    (tmp_path / "flash, 1.bin").write_bytes(b"")
    loaded = board.load(board_file("", BUSES))
    assert loaded.devices == (
        board.BusDevice("spi2", "RD4", "w25q80", tmp_path / "flash, 1.bin"),
        board.BusDevice("spi2", "RD5", "sst26vf032b"),
        board.BusDevice("i2c1", "0x50", "24c02", tmp_path / "settings.bin", keep=True),
    )
    assert loaded.bus_properties() == {
        "spi2": f"w25q80@RD4:ro={tmp_path}/flash, 1.bin;sst26vf032b@RD5",
        "i2c1": f"24c02@0x50:rw={tmp_path}/settings.bin",
        "jumpers": "RD3-RG7;RB1-RB2",
    }


def test_an_unknown_board_names_those_there_are() -> None:
    with pytest.raises(BoardFileError, match=r"no board named 'nix': .*ef-starter-kit, mini"):
        board.load("nix")
    with pytest.raises(BoardFileError, match=r"no board file nix\.toml"):
        board.load("nix.toml")


def test_unknown_names_on_a_board() -> None:
    kit = board.load("ef-starter-kit")
    with pytest.raises(UsageError, match="no switch 'SW9': it has SW1, SW2, SW3"):
        kit.switch("SW9")
    with pytest.raises(UsageError, match="no LED 'SW1'"):
        kit.led("SW1")
    with pytest.raises(UsageError, match="no pin 'RZ1'"):
        kit.pin("RZ1")
    assert kit.pin("rb12") == "RB12"


def test_analog_inputs_have_names_and_pins(board_file: Callable[..., Path]) -> None:
    loaded = board.load(board_file())
    assert loaded.analog_pin("pot") == "RB8"
    assert loaded.analog_pin("rb4") == "RB4"
    with pytest.raises(UsageError, match="no analog input 'LDR': it has POT"):
        loaded.analog_pin("LDR")
    with pytest.raises(UsageError, match="no analog input 'POT'"):
        board.load("ef-starter-kit").analog_pin("POT")
