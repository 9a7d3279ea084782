# SPDX-License-Identifier: MIT
"""The emulator's own loader: HEX and ELF into flash, and one line for what is no image of this chip."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest
from intelhex import IntelHex
from qtest import EmulatorError


def hex_file(path: Path, address: int, data: bytes) -> Path:
    image = IntelHex()
    image.puts(address, data)
    image.write_hex_file(str(path))
    return path


def elf_file(path: Path, segments: list[tuple[int, bytes]], machine: int = 8) -> Path:
    """A little-endian ELF32 with one PT_LOAD segment for each (physical address, contents)."""
    offset = 52 + 32 * len(segments)
    headers, body = b"", b""
    for address, data in segments:
        headers += struct.pack("<8I", 1, offset + len(body), address, address, len(data), len(data), 5, 4)
        body += data
    ident = b"\x7fELF\x01\x01\x01" + bytes(9)
    head = struct.pack("<HHIIIIIHHHHHH", 2, machine, 1, 0, 52, 0, 0, 52, 32, len(segments), 40, 0, 0)
    path.write_bytes(ident + head + headers + body)
    return path


@pytest.mark.parametrize("address", [0x1D000000, 0x9D000000, 0x1D0FFFF8, 0x1FC00000, 0xBFC00000, 0x1FC40000])
def test_hex_lands_in_flash(chip, tmp_path: Path, address: int) -> None:
    data = bytes(range(32))
    with chip(image=hex_file(tmp_path / "a.hex", address, data)) as pic:
        assert pic.memread(address & 0x1FFFFFFF, 32) == data


RECORDS = [
    ":020000041FC01B",  # extended linear address
    ":0400000000000010EC",
    ":04000005BFC0000078",  # start linear address
    ":0400000300000000F9",  # start segment address
    ":020000049D005D",
    ":04001000636F646551",
    ":00000001FF",
]


@pytest.mark.parametrize("end", ["\n", "\r\n", " \r\n\r\n"])
def test_records_that_tools_write(chip, tmp_path: Path, end: str) -> None:
    image = tmp_path / "a.hex"
    image.write_bytes("".join(record + end for record in RECORDS).encode())
    with chip(image=image) as pic:
        assert pic.memread(0x1FC00000, 4) == b"\0\0\0\x10"
        assert pic.memread(0x1D000010, 4) == b"code"


def test_boot_flash_is_seen_through_its_alias(chip, tmp_path: Path) -> None:
    with chip(image=hex_file(tmp_path / "a.hex", 0x1FC40010, b"boot panel 1")) as pic:
        assert pic.memread(0x1FC00010, 12) == b"boot panel 1"
        assert pic.memread(0x1FC20010, 4) == b"\xff" * 4


def test_the_higher_valid_sequence_number_boots(chip, tmp_path: Path) -> None:
    image = IntelHex()
    image.puts(0x1FC40000, b"one ")
    image.puts(0x1FC60000, b"two ")
    image.puts(0x1FC4FFF0, struct.pack("<HH", 1, 0xFFFE))
    image.puts(0x1FC6FFF0, struct.pack("<HH", 2, 0xFFFD))
    image.write_hex_file(str(tmp_path / "a.hex"))
    with chip(image=tmp_path / "a.hex") as pic:
        assert pic.memread(0x1FC00000, 4) == b"two "
        assert pic.memread(0x1FC20000, 4) == b"one "


def test_an_application_leaves_its_bootloader_alone(chip, tmp_path: Path) -> None:
    bootloader = hex_file(tmp_path / "boot.hex", 0x1FC00000, b"boot loader     ")
    application = elf_file(tmp_path / "app.elf", [(0x9D000000, b"application"), (0x9FC0000C, b"jump here")])
    with chip(image=bootloader, arguments=["-initrd", str(application)]) as pic:
        assert pic.memread(0x1FC00000, 21) == b"boot loader     " + b" here"
        assert pic.memread(0x1D000000, 11) == b"application"
    with pytest.raises(EmulatorError, match="none.hex"):
        chip(image=bootloader, arguments=["-initrd", str(tmp_path / "none.hex")])


def test_an_image_survives_resets(chip, tmp_path: Path) -> None:
    with chip(image=hex_file(tmp_path / "a.hex", 0x1D000000, b"code")) as pic:
        pic.qmp("system_reset")
        pic.panel.send({"power": "cycle"})
        assert pic.memread(0x1D000000, 4) == b"code"


def test_elf_loads_flash_only(chip, tmp_path: Path) -> None:
    segments = [(0x9D000000, b"code"), (0x80000000, b"ram!"), (0xBF810540, b"sfr!")]
    with chip(image=elf_file(tmp_path / "a.elf", segments)) as pic:
        assert pic.memread(0x1D000000, 4) == b"code"
        assert pic.memread(0, 4) == bytes(4)
        assert pic.read("OFF000") == 0


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"hello\n", "a.img:1: not an Intel HEX record"),
        (b":0400000001020304F3\n:00000001FF\n", "a.img:1: not an Intel HEX record"),
        (b":020000041D00DD\n:0400000001020304F2\n", "has no end record"),
        (b":020000040800F2\n:0400000001020304F2\n:00000001FF\n", "outside this chip's flash"),
        (b"\x7fELF\x01\x01\x01", "truncated"),
        (b"\x7fELF\x02\x01\x01" + bytes(60), "not a 32-bit little-endian MIPS ELF file"),
    ],
)
def test_what_is_no_image_is_refused_in_one_line(chip, tmp_path: Path, content: bytes, complaint: str) -> None:
    path = tmp_path / "a.img"
    path.write_bytes(content)
    with pytest.raises(EmulatorError, match=complaint) as error:
        chip(image=path)
    assert "\n" not in str(error.value).strip()


def test_a_truncated_elf_is_refused(chip, tmp_path: Path) -> None:
    whole = elf_file(tmp_path / "a.elf", [(0x9D000000, bytes(1000))])
    whole.write_bytes(whole.read_bytes()[:500])
    with pytest.raises(EmulatorError, match="truncated"):
        chip(image=whole)


def test_flash_beyond_a_smaller_chip_is_refused(chip, tmp_path: Path) -> None:
    with pytest.raises(EmulatorError, match="is the image for another chip"):
        chip(chip="PIC32MZ0512EFE064", image=hex_file(tmp_path / "a.hex", 0x1D100000, b"far"))


def test_no_such_file(chip, tmp_path: Path) -> None:
    with pytest.raises(EmulatorError, match="No such file"):
        chip(image=tmp_path / "none.hex")
