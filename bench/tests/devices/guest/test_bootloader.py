# SPDX-License-Identifier: MIT
"""A bootloader in the chip takes a program over its UART, writes it into flash and starts it (STK500v2, AVR068)."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from elftools.elf.elffile import ELFFile
from guest_program import COMPILER, FLAGS, PROGRAMS, build
from qtest import Chip

SOURCES = PROGRAMS.parent / "bootloader"
APPLICATION = 0x1D013F00  # 256 bytes before the end of a page
MESSAGE_START, TOKEN = 0x1B, 0x0E
SIGN_ON, LOAD_ADDRESS, LEAVE_PROGMODE, PROGRAM_FLASH, READ_FLASH = 0x01, 0x06, 0x11, 0x13, 0x14
OK, FAILED, UNKNOWN = 0x00, 0xC0, 0xC9
STEP_NS = 500_000


class Programmer:
    """The host's end of STK500v2."""

    def __init__(self, chip: Chip) -> None:
        self.chip = chip
        self.now = 0
        self.sequence = 0
        self.received = b""

    def run(self, ns: int = STEP_NS) -> None:
        self.now += ns
        self.chip.panel.send({"run": self.now})
        self.chip.panel.until("stopped")
        self.received += self.chip.uarts[2].received()

    def send(self, data: bytes) -> None:
        self.chip.uarts[2].send(data)

    def message(self, body: bytes) -> bytes:
        self.sequence = (self.sequence + 1) & 0xFF
        message = bytes([MESSAGE_START, self.sequence]) + len(body).to_bytes(2, "big") + bytes([TOKEN]) + body
        checksum = 0
        for byte in message:
            checksum ^= byte
        return message + bytes([checksum])

    def command(self, body: bytes, limit_ns: int = 100_000_000) -> bytes:
        """Sends a command and returns the answer's body; virtual time goes on until it is there."""
        self.received = b""
        self.send(self.message(body))
        deadline = self.now + limit_ns
        while len(self.received) < 6 or len(self.received) < self.length():
            assert self.now < deadline, f"no answer to {body[:8].hex()}, only {self.received.hex()!r}"
            self.run()
        answer, self.received = self.received[: self.length()], self.received[self.length() :]
        checksum = 0
        for byte in answer:
            checksum ^= byte
        assert answer[:2] == bytes([MESSAGE_START, self.sequence])
        assert checksum == 0
        return answer[5:-1]

    def length(self) -> int:
        """Of the message that `received` begins with, bytes."""
        return 6 + int.from_bytes(self.received[2:4], "big")

    def load_address(self, physical: int) -> None:
        words = (physical - 0x1D000000) // 2
        assert self.command(bytes([LOAD_ADDRESS]) + words.to_bytes(4, "big")) == bytes([LOAD_ADDRESS, OK])

    def program(self, data: bytes) -> int:
        """Writes up to 256 bytes; returns the status."""
        return self.command(bytes([PROGRAM_FLASH]) + len(data).to_bytes(2, "big") + bytes(7) + data)[1]

    def read(self, size: int) -> bytes:
        answer = self.command(bytes([READ_FLASH]) + size.to_bytes(2, "big") + b"\x20")
        assert answer[:2] == bytes([READ_FLASH, OK])
        assert answer[-1] == OK
        return answer[2:-1]


@pytest.fixture
def programmer(chip, tmp_path: Path) -> Iterator[Programmer]:
    with chip(cpu=True, image=build(SOURCES / "bootloader.c", tmp_path), wire=False, uarts=(2,)) as pic:
        host = Programmer(pic)
        host.run()
        yield host


def application(directory: Path) -> bytes:
    """The program to be loaded, as it goes into flash at APPLICATION."""
    output = directory / "application.elf"
    layout = ["-T", SOURCES / "application.ld", SOURCES / "application.c", "-o", output]
    subprocess.run([COMPILER, *FLAGS, *layout], check=True)
    with output.open("rb") as file:
        image = ELFFile(file).get_section_by_name(".text").data()
    return bytes(image.ljust(-(-len(image) // 16) * 16, b"\xff"))


def test_a_program_is_loaded_and_started(programmer: Programmer, tmp_path: Path) -> None:
    image = application(tmp_path)
    assert len(image) > 0x100
    assert programmer.command(bytes([SIGN_ON])) == bytes([SIGN_ON, OK, 8]) + b"PIC32_BL"
    programmer.load_address(APPLICATION)
    for offset in range(0, len(image), 256):
        assert programmer.program(image[offset : offset + 256]) == OK
    programmer.load_address(APPLICATION)
    assert b"".join(programmer.read(256) for _ in range(0, len(image) - 255, 256)) == image[: len(image) // 256 * 256]
    assert programmer.command(bytes([LEAVE_PROGMODE, 1, 1])) == bytes([LEAVE_PROGMODE, OK])
    programmer.run()
    assert programmer.received == b"application runs\n"


def test_a_page_is_erased_before_it_is_written_again(programmer: Programmer) -> None:
    for data in (bytes(range(16)), bytes(range(16, 32))):
        programmer.load_address(APPLICATION)
        assert programmer.program(data) == OK
        programmer.load_address(APPLICATION)
        assert programmer.read(32) == data + b"\xff" * 16


def test_what_is_wrong_is_refused(programmer: Programmer) -> None:
    programmer.load_address(0x1D000000)  # the bootloader itself
    assert programmer.program(bytes(16)) == FAILED
    programmer.load_address(APPLICATION)
    assert programmer.program(bytes(20)) == FAILED
    assert programmer.command(b"\x77") == b"\x77" + bytes([UNKNOWN])
    damaged = bytearray(programmer.message(bytes([SIGN_ON])))
    damaged[-1] ^= 1
    programmer.received = b""
    programmer.send(bytes(damaged))
    programmer.run()
    assert programmer.received == b""
    assert programmer.command(bytes([SIGN_ON]))[1] == OK
