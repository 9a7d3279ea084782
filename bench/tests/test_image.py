# SPDX-License-Identifier: MIT
"""Images are checked before the board is powered: each wrong one is one clear line."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest
from intelhex import IntelHex

from pic32bench import image
from pic32bench.chip import chip
from pic32bench.errors import ImageError, NotBuiltError
from pic32bench.paths import image_file

KIT = chip("PIC32MZ2048EFH144")
MINI = chip("PIC32MZ1024EFH064")
CODE = b"\x00\x00\x00\x10\x00\x00\x00\x00"


def elf(segments: list[tuple[int, bytes]], machine: int = 8, bits: int = 1, order: int = 1, kind: int = 2) -> bytes:
    """A minimal ELF32 file: System V ABI, chapters 4 and 5."""
    end = "<" if order == 1 else ">"
    ident = b"\x7fELF" + bytes([bits, order, 1]) + bytes(9)
    offset = 52 + 32 * len(segments)
    header = struct.pack(end + "HHIIIIIHHHHHH", kind, machine, 1, 0xBFC00000, 52, 0, 0, 52, 32, len(segments), 40, 0, 0)
    table, body = b"", b""
    for address, data in segments:
        table += struct.pack(end + "IIIIIIII", 1, offset + len(body), address, address, len(data), len(data), 5, 4)
        body += data
    return ident + header + table + body


def write(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


def hexfile(path: Path, *pieces: tuple[int, bytes]) -> Path:
    contents = IntelHex()
    for address, data in pieces:
        contents.puts(address, data)
    contents.write_hex_file(str(path))
    return path


def refused(path: Path, part: object = KIT) -> str:
    with pytest.raises(ImageError) as caught:
        image.check(path, part)  # type: ignore[arg-type]
    text = str(caught.value)
    assert "\n" not in text
    assert str(path) in text
    return text


def test_a_hex_of_this_chip(tmp_path: Path) -> None:
    path = hexfile(tmp_path / "a.hex", (0x1FC00000, CODE), (0x1D000000, b"1234"), (0x1D1FFFFC, b"abcd"))
    assert image.check(path, KIT) == image.Image(path, "HEX", 16)


@pytest.mark.parametrize("vector", [0x1FC00000, 0xBFC00000, 0x9FC00000, 0x1FC40000])
def test_code_at_the_reset_vector_however_addressed(tmp_path: Path, vector: int) -> None:
    assert image.check(hexfile(tmp_path / "a.hex", (vector, CODE)), KIT).format == "HEX"


def test_an_elf_of_this_chip_with_ram_and_register_segments(tmp_path: Path) -> None:
    data = elf([(0xBFC00000, CODE), (0x9D000000, b"code"), (0x80000000, b"ram!"), (0xBF810540, b"sfr!")])
    assert image.check(write(tmp_path / "a.elf", data), KIT) == image.Image(tmp_path / "a.elf", "ELF", 12)


def test_content_counts_not_the_name(tmp_path: Path) -> None:
    assert image.check(write(tmp_path / "a.hex", elf([(0xBFC00000, CODE)])), KIT).format == "ELF"


def test_a_hex_for_another_chip(tmp_path: Path) -> None:
    path = hexfile(tmp_path / "a.hex", (0x1FC00000, CODE), (0x1D180000, b"far"))
    assert image.check(path, KIT)
    assert "HEX for another chip: it has data at 0x1D180000" in refused(path, MINI)
    assert "PIC32MZ1024EFH064" in refused(path, MINI)
    arm = hexfile(tmp_path / "b.hex", (0x08000000, CODE))
    assert "HEX for another chip" in refused(arm)


def test_damaged_hex(tmp_path: Path) -> None:
    good = hexfile(tmp_path / "a.hex", (0x1FC00000, CODE)).read_text()
    bad_sum = good.replace(":08000000", ":08000100")
    assert bad_sum != good
    assert "damaged" in refused(write(tmp_path / "sum.hex", bad_sum.encode()))
    assert "damaged" in refused(write(tmp_path / "cut.hex", good[:-20].encode()))
    assert "damaged" in refused(write(tmp_path / "bin.hex", b":08" + bytes(range(256))))


def test_truncated_elf(tmp_path: Path) -> None:
    whole = elf([(0xBFC00000, CODE * 100)])
    assert "truncated: a segment ends at byte 884, the file at 500" in refused(write(tmp_path / "a.elf", whole[:500]))
    for size in (5, 20, 51, 60):
        assert "damaged" in refused(write(tmp_path / "b.elf", whole[:size]))


def test_elf_for_another_machine(tmp_path: Path) -> None:
    arm = write(tmp_path / "arm.elf", elf([(0xBFC00000, CODE)], machine=40))
    assert "another machine (ARM, 32-bit little-endian)" in refused(arm)
    big = write(tmp_path / "big.elf", elf([(0xBFC00000, CODE)], order=2))
    assert "another machine (MIPS, 32-bit big-endian)" in refused(big)


def test_elf_that_is_no_program(tmp_path: Path) -> None:
    assert "no linked program" in refused(write(tmp_path / "a.o", elf([(0xBFC00000, CODE)], kind=1)))


def test_elf_for_another_chip(tmp_path: Path) -> None:
    path = write(tmp_path / "a.elf", elf([(0xBFC00000, CODE), (0x9D180000, b"far")]))
    assert image.check(path, KIT)
    assert "ELF for another chip" in refused(path, MINI)


def test_no_code_at_the_reset_vector(tmp_path: Path) -> None:
    assert "no code at the reset vector" in refused(hexfile(tmp_path / "a.hex", (0x1D000000, CODE)))
    blank = hexfile(tmp_path / "b.hex", (0x1FC00000, b"\xff" * 16), (0x1D000000, CODE))
    assert "no code at the reset vector" in refused(blank)


def test_an_application_without_its_bootloader(tmp_path: Path) -> None:
    application = hexfile(tmp_path / "app.hex", (0x1D010000, CODE))
    assert "Give both then, the bootloader first: pic32bench run BOOTLOADER APPLICATION" in refused(application)
    bootloader = hexfile(tmp_path / "boot.hex", (0x1FC00000, CODE))
    assert image.check(bootloader, KIT, application) == image.Image(bootloader, "HEX", 8)
    assert image.check(application, KIT, bootloader).path == application
    with pytest.raises(ImageError, match=r"neither .*app\.hex nor .*app\.hex has code at the reset vector"):
        image.check(application, KIT, application)
    far = hexfile(tmp_path / "far.hex", (0x1D200000, CODE))
    with pytest.raises(ImageError, match=r"far\.hex is a HEX for another chip"):
        image.check(bootloader, KIT, far)


def test_a_chip_that_would_hold_it_is_named(tmp_path: Path) -> None:
    path = hexfile(tmp_path / "a.hex", (0x1FC00000, CODE), (0x1D0FFFFE, b"two panels"))
    assert "outside the flash of PIC32MZ1024EFH064: it needs a chip with 2048 KiB, and a --board" in refused(path, MINI)
    assert "it needs" not in refused(hexfile(tmp_path / "b.hex", (0x1FC00000, CODE), (0x1D200000, b"far")), MINI)
    program = write(tmp_path / "a.elf", elf([(0xBFC00000, CODE), (0x9D180000, b"far")]))
    assert "it needs a chip with 2048 KiB" in refused(program, MINI)


@pytest.mark.parametrize("words", [0x1FC02FF0, 0x1FC02FF4, 0x1FC00BF0])
def test_a_hex_for_a_pic32mx(tmp_path: Path, words: int) -> None:
    data = b"\xff\xff\xff\x7f" * (4 - words % 16 // 4)
    path = hexfile(tmp_path / "a.hex", (0x1FC00000, CODE), (words, data))
    assert f"HEX for a PIC32MX: it has configuration words at 0x{words:08X}" in refused(path)
    both = hexfile(tmp_path / "b.hex", (0x1FC00000, CODE), (words, data), (0x1FC0FFC0, bytes(16)))
    assert image.check(both, KIT)
    code = hexfile(tmp_path / "c.hex", (0x1FC00000, CODE * 4000))
    assert image.check(code, KIT)


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b" \r\n\r\n"])
def test_records_that_tools_write(tmp_path: Path, end: bytes) -> None:
    start = [b":04000005BFC0000078", b":0400000300000000F9"]
    records = [b":020000041FC01B", b":0400000000000010EC", *start, b":020000049D005D", b":04001000636F646551"]
    path = write(tmp_path / "a.hex", b"".join(record + end for record in [*records, b":00000001FF"]))
    assert image.check(path, KIT) == image.Image(path, "HEX", 8)


def test_neither_hex_nor_elf(tmp_path: Path) -> None:
    assert "neither Intel HEX nor ELF" in refused(write(tmp_path / "a.hex", b"MZ\x90"))
    assert "is empty" in refused(write(tmp_path / "b.hex", b""))


def test_files_that_are_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ImageError, match="no firmware image .*nix.hex"):
        image_file(tmp_path / "nix.hex")
    with pytest.raises(ImageError, match="is no file"):
        image_file(tmp_path)
    monkeypatch.setenv("PIC32BENCH_IMAGE", str(tmp_path / "nix.elf"))
    with pytest.raises(NotBuiltError, match=r"\$PIC32BENCH_IMAGE points"):
        image_file(None)
