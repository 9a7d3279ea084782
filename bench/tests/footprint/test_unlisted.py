# SPDX-License-Identifier: MIT
"""What no row names, in the object files of the rows: it is found however the image was built."""

import os
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from pic32bench.footprint import Report, measure
from pic32bench.footprint.budget import What
from pic32bench.footprint.names import file_name

from .conftest import Link, row
from .sources import SERVER_C, SOURCES, STYLES

Write = Callable[[str], Path]
AUTHOR = Path(__file__).with_name("author.toml")
ROWS = "".join(
    [
        row("function", "server_task", 500),
        row("function", "server_send", 500),
        row("variable", "server_buffer", 4000),
        row("variable", "server_clients", 4),
    ]
)


def found(report: Report) -> dict[str, tuple[int, str]]:
    """The unlisted by name, without numbers: size and object file."""
    return {re.sub(r"\.\d+", "", entry.label): (entry.size, file_name(entry.piece.file)) for entry in report.unlisted}


@pytest.mark.parametrize("style", STYLES)
def test_a_static_buffer_in_a_function_is_found(link: Link, budget: Write, style: str) -> None:
    report = measure(link(SOURCES, *STYLES[style]), budget(ROWS))
    entries = found(report)
    function = " in server_send" if "-g" in STYLES[style] else ""
    assert entries[f"forgotten{function}"] == (5000, "server.o")
    assert entries["server_port"] == (2, "server.o")
    assert entries["names"] == (40, "server.o")
    assert "digest" in entries
    assert report.unlisted[0].size == 5000
    assert not [entry for entry in report.unlisted if entry.piece.file == "other.o"]
    assert "server_buffer" not in entries


def test_a_map_has_it_without_a_name(link: Link, budget: Write) -> None:
    image = link(SOURCES, "-ffunction-sections", "-fcommon")
    report = measure(image.with_suffix(".map"), budget(ROWS))
    nameless = [entry for entry in report.unlisted if not entry.piece.name and entry.piece.where == ".bss"]
    # As in the original's MAP: how much there is without a name, in which section of which object file.
    assert [file_name(entry.piece.file) for entry in nameless] == ["server.o"]
    assert 5024 <= nameless[0].size < 5040
    assert found(report)["digest"][1] == "server.o"


def test_a_map_of_data_sections_names_it(link: Link, budget: Write) -> None:
    image = link(SOURCES, "-ffunction-sections", "-fdata-sections")
    assert 5000 <= found(measure(image.with_suffix(".map"), budget(ROWS)))["forgotten"][0] < 5008


def test_common_symbols(link: Link, budget: Write) -> None:
    source = SERVER_C.replace("int server_clients;", "int server_clients; char server_spare[600];")
    image = link({**SOURCES, "server.c": source}, "-fcommon")
    for path in (image, image.with_suffix(".map")):
        report = measure(path, budget(ROWS))
        assert found(report)["server_spare"] == (600, "server.o")
        assert {e.piece.where for e in report.unlisted if e.piece.name == "server_spare"} == {"COMMON"}


def test_string_literals_and_what_merging_left_of_them(link: Link, budget: Write) -> None:
    text = 'const char *a(void) { return "%s"; } int main(void) { return a()[0]; }'
    sources = {
        "one.c": text % "the same text in both",
        "two.c": (text % "the same text in both").replace("main", "b").replace("a(", "c("),
    }
    report = measure(link(sources), budget(row("function", "a", 100) + row("function", "c", 100)))
    literals = [entry for entry in report.unlisted if entry.piece.literals]
    # The linker keeps one copy and counts it as the first file's, so of the second nothing is left.
    assert [(entry.size, file_name(entry.piece.file)) for entry in literals] == [(24, "one.o")]
    assert literals[0].label.startswith("(string literals")


def test_aliases_and_copies_of_a_row_are_not_unlisted(link: Link, budget: Write) -> None:
    report = measure(link(SOURCES), budget(row("function", "idle", 100) + row("variable", "log_lines", 300)))
    entries = found(report)
    assert "also_idle" not in entries
    assert "main" in entries


def test_renamed_rows(link: Link, budget: Write, tmp_path: Path) -> None:
    renamed = tmp_path / "renamed.elf"
    names = ["server_buffer=rx_area", "server_send=push"]
    image = link(SOURCES, "-g")
    command = ["mipsel-linux-gnu-objcopy", *(f"--redefine-sym={name}" for name in names), image, renamed]
    subprocess.run(command, check=True)
    table = budget(row("variable", "Buffer", 4000, '["rx_*"]') + row("function", "Send", 500, '["push"]'))
    report = measure(renamed, table)
    assert report.totals[What.VARIABLE].size == 4000
    assert found(report)["forgotten in server_send"] == (5000, "server.c")  # the source still says so
    assert report.notes == ()


def test_without_debug_information_all_of_the_image_is_suspect(link: Link, budget: Write, tmp_path: Path) -> None:
    report = measure(shutil.copy(link(SOURCES), tmp_path), budget(ROWS))
    entries = found(report)
    assert entries["forgotten"] == (5000, "server.c")
    assert entries["log_lines"] == (300, "")
    assert "all of the image that no row names is listed" in report.notes[0]


def test_a_row_found_by_its_own_name_where_its_symbols_are_not(link: Link, budget: Write) -> None:
    table = budget(row("variable", "server_buffer", 4000, '["ws_buffer"]') + row("variable", "log_lines", 300, "[]"))
    report = measure(link(SOURCES), table)
    assert [m.size for m in report.rows] == [4000, 300]
    assert report.notes == ()


def test_a_name_that_another_row_takes_is_not_taken_again(link: Link, budget: Write) -> None:
    table = budget(row("variable", "log_lines", 300, '["gone"]') + row("variable", "all", 400, '["log_*"]'))
    report = measure(link(SOURCES), table)
    assert [(m.row.name, m.present) for m in report.rows] == [("log_lines", False), ("all", True)]
    assert report.notes == ("variable log_lines: no symbol 'gone' in this image",)


def test_a_local_variable_is_found_in_a_map_by_the_place_in_the_table(link: Link, budget: Write) -> None:
    """As ws_rn of the author's table: three bytes that only the address tells."""
    image = link(
        {
            **SOURCES,
            "server.c": SERVER_C.replace("short server_port = 8088", "char server_port[3] = {1, 2, 3}").replace(
                "server_send(server_port)", "server_send(server_port[x])"
            ),
        }
    )
    address = next(
        symbol.address for symbol in measure(image, budget(ROWS)).layout.symbols if symbol.name == "server_port"
    )
    text = row("variable", "server_port", 3, access="LOCAL").replace("0x80000000", f"{address:#x}")
    linkmap = image.with_suffix(".map")
    report = measure(linkmap, budget(ROWS + text))
    port = report.rows[-1]
    assert (port.size, port.difference, [file_name(file) for file in port.files]) == (3, 0, ["server.o"])
    assert "taken for it are" in report.notes[0]
    assert not [entry for entry in report.unlisted if entry.piece.address == address]
    elsewhere = measure(linkmap, budget(ROWS + text.replace(f"{address:#x}", f"{address + 4:#x}")))
    assert not elsewhere.rows[-1].present


def test_the_originals_second_buffer() -> None:
    original = os.environ.get("PIC32BENCH_ORIGINAL_ELF")
    if not original:
        pytest.skip("PIC32BENCH_ORIGINAL_ELF does not name the original demo's ELF of revision a27d11b")
    for table in (AUTHOR, None):
        report = measure(original, table)
        assert report.totals[What.FUNCTION].size == 6816
        assert [m.row.name for m in report.absent] == ["ws_w", "ws_ServerKey", "ws_r"]
        first = report.unlisted[0]
        assert first.size == 65535
        assert re.fullmatch(r"gBufferStream\.\d+ in WS_SendDataCallback", first.label)
        assert report.fits


def test_the_originals_second_buffer_in_its_map() -> None:
    original = os.environ.get("PIC32BENCH_ORIGINAL_MAP")
    if not original:
        pytest.skip("PIC32BENCH_ORIGINAL_MAP does not name the original demo's MAP of revision 5ea59dd")
    for table in (AUTHOR, None):
        report = measure(original, table)
        functions = [m for m in report.rows if m.row.what is What.FUNCTION]
        assert [m.size for m in functions] == [m.row.size for m in functions]
        assert report.totals[What.FUNCTION].size == 6816
        assert [m.row.name for m in report.absent] == ["ws_w", "ws_ServerKey", "ws_r"]
        first = report.unlisted[0]
        assert (first.size, first.piece.where, first.label) == (0x10000, ".bss", "(no name)")
        assert file_name(first.piece.file) == "websocket_thread.o"
        text = Path(original).read_text(errors="replace")
        total = re.search(r"Total Data Memory used +: +0x([0-9a-f]+)", text)
        assert total
        assert f"{report.image_totals['ram']:x}" == total[1]  # type: ignore[index]
