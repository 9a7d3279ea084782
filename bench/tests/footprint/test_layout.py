# SPDX-License-Identifier: MIT
"""Every byte of an image once, with its section, object file and name, however the image was built."""

import itertools
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from intelhex import IntelHex

from pic32bench.footprint.budget import Access, Memory, What
from pic32bench.footprint.layout import Layout, cut_section, read_layout
from pic32bench.footprint.names import file_matches, file_name, file_stem, readable, section_group, symbol_matches
from pic32bench.footprint.sections import Nature, Section
from pic32bench.footprint.symbols import Symbol, bytes_covered

from .conftest import Link
from .sources import SOURCES, STYLES


@pytest.fixture(scope="module", params=list(STYLES))
def style(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def firmware(link: Link, style: str) -> Path:
    return link(SOURCES, *STYLES[style])


def only(layout: Layout, name: str) -> list[str]:
    """The object files of the pieces of a name."""
    return [file_name(piece.file) for piece in layout.pieces if symbol_matches(piece.name, name)]


def tool(name: str, *arguments: str | Path) -> str:
    command = [f"mipsel-linux-gnu-{name}", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def test_the_sums_are_those_of_binutils(firmware: Path) -> None:
    text, data, bss = map(int, tool("size", firmware).splitlines()[1].split()[:3])
    for image in (firmware, firmware.with_suffix(".map")):
        layout = read_layout(image)
        assert layout.total(Memory.RAM) == data + bss
        assert layout.total(Memory.FLASH) == text + data
        assert layout.total(Memory.CODE) + layout.total(Memory.RODATA) == text
        assert sum(piece.size for piece in layout.pieces) == text + data + bss


def test_flash_is_what_a_hex_holds(firmware: Path) -> None:
    hex_file = firmware.with_suffix(".hex")
    tool("objcopy", "-O", "ihex", firmware, hex_file)
    assert read_layout(firmware).total(Memory.FLASH) == len(IntelHex(str(hex_file)))


def test_each_byte_is_there_once(firmware: Path) -> None:
    layout = read_layout(firmware)
    for section in layout.sections:
        pieces = [piece for piece in layout.pieces if piece.section is section]
        assert pieces[0].address == section.address
        assert pieces[-1].end == section.end
        assert all(one.end == following.address for one, following in itertools.pairwise(pieces))


def test_object_files_are_those_of_the_map(firmware: Path) -> None:
    layout = read_layout(firmware)
    assert only(layout, "server_send") == ["server.o"]
    assert only(layout, "server_buffer") == ["server.o"]
    assert only(layout, "forgotten") == ["server.o"]
    assert only(layout, "log_lines") == ["other.o"]
    assert sorted(only(layout, "digest")) == ["other.o", "server.o"]
    literals = [
        piece for piece in layout.pieces if piece.literals or (not piece.name and piece.nature == Nature.CONSTANTS)
    ]
    assert any(piece.size >= 25 and piece.file == "other.o" for piece in literals)


def test_a_map_alone_knows_object_files(firmware: Path) -> None:
    layout = read_layout(firmware.with_suffix(".map"))
    assert only(layout, "server_send") == ["server.o"]
    assert only(layout, "server_buffer") == ["server.o"]
    ram = sum(p.size for p in layout.pieces if p.file == "server.o" and p.counts_as(Memory.RAM))
    assert ram >= 4000 + 5000 + 24 + 4 + 2


@pytest.mark.parametrize("style", ["debug", "everything", "small data", "micromips"], indirect=True)
def test_without_a_map_debug_information_tells_the_source_file(firmware: Path, tmp_path: Path) -> None:
    layout = read_layout(shutil.copy(firmware, tmp_path))
    assert only(layout, "server_send") == ["server.c"]
    assert only(layout, "server_buffer") == ["server.c"]
    assert only(layout, "log_lines") == ["other.c"]
    forgotten = next(piece for piece in layout.pieces if symbol_matches(piece.name, "forgotten"))
    assert (file_name(forgotten.file), layout.holder(forgotten)) == ("server.c", "server_send")


@pytest.mark.parametrize("style", ["plain"], indirect=True)
def test_without_either_only_local_symbols_have_a_file(firmware: Path, tmp_path: Path) -> None:
    layout = read_layout(shutil.copy(firmware, tmp_path))
    assert only(layout, "server_send") == [""]
    assert sorted(only(layout, "digest")) == ["other.c", "server.c"]


@pytest.mark.parametrize("style", ["debug"], indirect=True)
def test_a_map_of_another_build_is_passed_over(firmware: Path, link: Link, tmp_path: Path) -> None:
    image = Path(shutil.copy(firmware, tmp_path))
    linkmap = image.with_suffix(".map")
    shutil.copy(firmware.with_suffix(".map"), linkmap)
    assert only(read_layout(image), "server_send") == ["server.o"]
    bigger = SOURCES["other.c"].replace("300", "340")
    first, second = "char server_buffer[4000];\n", "int server_clients;\n"
    moved = SOURCES["server.c"].replace(first + second, second + first)
    for another in ({**SOURCES, "other.c": bigger}, {**SOURCES, "server.c": moved}):
        shutil.copy(link(another, "-g").with_suffix(".map"), linkmap)
        assert only(read_layout(image), "server_send") == ["server.c"]
    linkmap.write_text("no map at all")
    assert only(read_layout(image), "server_send") == ["server.c"]


@pytest.mark.parametrize("style", ["micromips"], indirect=True)
def test_bit_0_of_micromips_code_is_no_part_of_its_address(firmware: Path) -> None:
    for image in (firmware, firmware.with_suffix(".map")):
        functions = [symbol for symbol in read_layout(image).symbols if symbol.what is What.FUNCTION]
        assert functions
        assert all(symbol.address % 2 == 0 for symbol in functions)


@pytest.mark.parametrize("style", ["small data"], indirect=True)
def test_small_data_sections(firmware: Path) -> None:
    layout = read_layout(firmware)
    parts = {piece.name: piece.part for piece in layout.pieces}
    assert (parts["server_port"], parts["server_clients"]) == (".sdata", ".sbss")
    assert all(piece.counts_as(Memory.RAM) for piece in layout.pieces if piece.part.startswith(".s"))


def test_what_was_optimised_at_link_time_has_its_source_file(link: Link) -> None:
    image = link(SOURCES, "-flto", "-g")
    layout = read_layout(image)
    assert set(only(layout, "server_buffer")) == {"server.c"}
    assert set(only(layout, "log_lines")) == {"other.c"}


def test_names_of_c_plus_plus(link: Link) -> None:
    if shutil.which("mipsel-linux-gnu-g++") is None:
        # The C compiler does for names: the linker shows them as a C++ compiler would have made them.
        source = 'int send(int x) __asm__("_ZN6server4sendEi"); int send(int x) { return x; } '
        image = link({"server.c": source + "int main(void) { return send(1); }"}, "-ffunction-sections")
    else:
        image = link(
            {"server.cc": "namespace server { int send(int x) { return x; } } int main() { return server::send(1); }"}
        )
    assert readable("_ZN6server4sendEi") == "server::send(int)"
    for layout in (read_layout(image), read_layout(image.with_suffix(".map"))):
        found = [symbol for symbol in layout.symbols if symbol_matches(symbol.name, "server::send*")]
        assert [readable(symbol.name) for symbol in found] == ["server::send(int)"]
        assert found[0].size > 0


def test_xc32_names_sections_after_functions_and_words() -> None:
    assert section_group(".text.WS_SERVER_Tasks") == ".text"
    assert section_group(".config_BFC0FFC0") == ".config"
    assert section_group(".bss") == ".bss"
    assert section_group("COMMON") == "COMMON"


@pytest.mark.parametrize(
    ("file", "name", "stem"),
    [
        ("build/src/server.o", "server.o", "server"),
        (r"C:\firmware\src\server.c", "server.c", "server"),
        (r"c:/xc32\libc.a(memcpy.o)", "libc.a(memcpy.o)", "memcpy"),
        ("start.S", "start.S", "start"),
        ("", "", ""),
    ],
)
def test_names_of_files(file: str, name: str, stem: str) -> None:
    assert (file_name(file), file_stem(file)) == (name, stem)
    if file:
        assert all(file_matches(file, pattern) for pattern in (name, f"*{stem}*", f"{stem}.o", "*"))
        assert not file_matches(file, "server2.o")


SECTION = Section(".bss", 0x80000000, 200, Nature.CLEARED, True, False)


@given(st.lists(st.tuples(st.integers(0, 199), st.integers(0, 120)), max_size=12))
def test_any_symbols_cut_a_section_into_all_of_it(places: list[tuple[int, int]]) -> None:
    """Symbols may overlap, be empty, or reach beyond the section."""
    symbols = sorted(
        (
            Symbol(What.VARIABLE, f"v{number}", SECTION.address + offset, size, Access.GLOBAL, ".bss")
            for number, (offset, size) in enumerate(places)
        ),
        key=lambda symbol: (symbol.address, symbol.name),
    )
    pieces = list(cut_section(SECTION, symbols))
    place = SECTION.address
    for piece in pieces:
        assert piece.address == place
        assert piece.size > 0
        place = piece.end
    assert place == SECTION.end
    named = sum(piece.size for piece in pieces if piece.name)
    inside = [s for s in symbols if s.size]
    cut = [Symbol(s.what, s.name, s.address, min(s.end, SECTION.end) - s.address, s.access, "") for s in inside]
    assert named == bytes_covered(cut)


def test_demangled_names_with_blanks_are_names_in_a_map(link: Link) -> None:
    sources = {
        "server.c": 'int send(int x, char y) __asm__("_ZN6server4sendEic");'
        "int send(int x, char y) { return x + y; } int main(void) { return send(1, 2); }"
    }
    linkmap = link(sources).with_suffix(".map")
    assert re.search(r"0x[0-9a-f]+ +server::send\(int, char\)", linkmap.read_text())
    assert "server::send(int, char)" in {symbol.name for symbol in read_layout(linkmap).symbols}
