# SPDX-License-Identifier: MIT
"""`pic32bench sfr` and `pic32bench run` on the emulator: a program that leans on registers without a model is told on.

And the reference firmware is not.
"""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import guest_program
import pytest

from pic32bench.cli.main import main
from pic32bench.code_map import CodeMap, Place, symbols_beside

SOURCE = """\
#define SFR(address) (*(volatile unsigned *)(address))

__attribute__((noinline)) void protect(unsigned value)
{
    SFR(0xbf8f8028) = value;            /* line 5: SBT0ECON */
}

__attribute__((noinline)) unsigned stray(void)
{
    return SFR(0xbf8b0000);             /* line 10: no register there */
}

int main(void)
{
    protect(1);
    protect(stray());
    return SFR(0xbf822210);             /* U2STA */
}
"""


@pytest.fixture
def elf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The program with line numbers."""
    monkeypatch.setattr(guest_program, "FLAGS", [*guest_program.FLAGS, "-g"])
    source = tmp_path / "lean.c"
    source.write_text(SOURCE)
    return guest_program.build(source, tmp_path)


@pytest.fixture
def image(elf: Path) -> Path:
    """The program as a HEX file, in a folder with no symbols beside it."""
    folder = elf.parent / "hex"
    folder.mkdir()
    path = folder / "lean.hex"
    subprocess.run(["mipsel-linux-gnu-objcopy", "-O", "ihex", elf, path], check=True)
    return path


def sfr(capsys: pytest.CaptureFixture[str], *arguments: object) -> dict[str, dict]:
    """What is not modelled, by kind."""
    assert main(["sfr", "--json", "--network", "none", "--for", "0.01", *map(str, arguments)]) == 0
    rows = json.loads(capsys.readouterr().out)["registers"]
    return {row["kind"]: row for row in rows if row["kind"] != "modelled"}


def test_an_elf_gives_function_file_and_line(elf: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = sfr(capsys, elf)
    storage, reserved = found["storage"], found["reserved"]
    assert (storage["register"], storage["reads"], storage["writes"]) == ("SBT0ECON", 0, 2)
    assert (storage["function"], Path(storage["file"]).name, storage["line"]) == ("protect", "lean.c", 5)
    assert (reserved["register"], reserved["address"], reserved["reads"]) == (None, 0x1F8B0000, 1)
    assert (reserved["function"], reserved["line"]) == ("stray", 10)


def test_a_hex_gives_the_pc_unless_symbols_are_beside_it_or_given(
    elf: Path, image: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    storage = sfr(capsys, image)["storage"]
    assert storage["first_pc"]
    assert storage["function"] is None
    assert sfr(capsys, image, "--symbols", elf)["storage"]["line"] == 5
    (image.parent / "lean.elf").write_bytes(elf.read_bytes())
    assert sfr(capsys, image)["storage"]["function"] == "protect"


def test_symbols_of_another_build_are_not_believed(elf: Path, image: Path) -> None:
    data = bytearray(elf.read_bytes())
    code = data.find(bytes.fromhex("0800e003"))  # jr ra
    assert code > 0
    data[code] ^= 1
    (image.parent / "lean.elf").write_bytes(data)
    assert symbols_beside(image) is None


def test_a_map_gives_the_function(tmp_path: Path) -> None:
    path = tmp_path / "lean.map"
    path.write_text(
        "Linker script and memory map\n\n"
        ".text           0x9d000000      0x110\n"
        " .text.protect  0x9d000100       0x10 lean.o\n"
        "                0x9d000100                protect\n"
    )
    code = CodeMap(path)
    assert code.find(0xBD000108) == Place("protect", "lean.o")
    assert code.find(0x9D000110) == Place()


def test_strict_and_run_tell_on_it(elf: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["sfr", "--strict", "--network", "none", "--for", "0.01", str(elf)]) == 1
    capsys.readouterr()
    assert main(["run", "--network", "none", "--for", "0.01", str(elf)]) == 0
    note = capsys.readouterr().out.splitlines()[-2]
    told = "pic32bench: the firmware used 1 register without a model (storage only): SBT0ECON first by 0x"
    assert note.startswith(told)
    assert note.endswith("protect (lean.c:5)")


def test_the_reference_firmware_leans_on_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["sfr", "--strict", "--network", "none", "--for", "8"]) == 0
    assert ", 0 storage, 0 reserved" in capsys.readouterr().out
