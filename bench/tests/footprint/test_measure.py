# SPDX-License-Identifier: MIT
"""Images against footprint tables: sizes come from the image, rows from the table."""

import os
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from pic32bench.errors import ImageError
from pic32bench.footprint import BudgetError, measure, read_symbols
from pic32bench.footprint.budget import Access, What

from .conftest import Build, compiler, row

Write = Callable[[str], Path]
AUTHOR = Path(__file__).with_name("author.toml")


def sizes_by_nm(image: Path) -> dict[str, list[int]]:
    """What binutils says, as a second opinion."""
    nm = compiler().removesuffix("gcc") + "nm"
    output = subprocess.run([nm, "-S", image], capture_output=True, text=True, check=True).stdout
    found: dict[str, list[int]] = {}
    for size, name in re.findall(r"^[0-9a-f]+ ([0-9a-f]+) \w (\S+)$", output, re.MULTILINE):
        found.setdefault(name, []).append(int(size, 16))
    return found


def test_sizes_are_those_of_the_image(image: Path, budget: Write) -> None:
    report = measure(image, budget(row("function", "worker", 0) + row("variable", "buffer", 100)))
    worker, buffer = report.rows
    assert worker.size == sizes_by_nm(image)["worker"][0] > 0
    assert (buffer.size, buffer.difference, buffer.over) == (100, 0, False)
    assert (worker.over, report.fits) == (True, False)
    assert [measured.row.name for measured in report.over] == ["worker"]
    assert f"worker {worker.size} > 0 (+{worker.size})" in report.complaint()


def test_one_byte_decides(image: Path, budget: Write) -> None:
    assert measure(image, budget(row("variable", "buffer", 100))).fits
    assert not measure(image, budget(row("variable", "buffer", 99))).fits


def test_local_symbols_of_one_name_all_count(image: Path, budget: Write) -> None:
    report = measure(image, budget(row("variable", "again", 8) + row("function", "helper", 1000)))
    helper, again = report.rows
    assert (again.size, again.access, len(again.symbols)) == (8, Access.LOCAL, 2)
    assert {symbol.file for symbol in again.symbols} == {"one.c", "two.c"}
    assert helper.size == sum(sizes_by_nm(image)["helper"])
    assert len(helper.symbols) == 2


def test_static_variables_of_functions_count_under_their_name(image: Path, budget: Write) -> None:
    seen = measure(image, budget(row("variable", "seen", 24))).rows[0]
    assert seen.size == 24
    assert re.fullmatch(r"seen\.\d+", seen.symbols[0].name)


def test_parts_that_gcc_split_off_count_under_their_name(tmp_path: Path, image: Path, budget: Write) -> None:
    objcopy = compiler().removesuffix("gcc") + "objcopy"
    renamed = tmp_path / "renamed.elf"
    names = ["idle=worker.part.0", "other=worker.constprop.1.cold", "also_idle=workers"]
    subprocess.run([objcopy, *(f"--redefine-sym={name}" for name in names), image, renamed], check=True)
    worker = measure(renamed, budget(row("function", "worker", 0))).rows[0]
    whole = sizes_by_nm(image)
    assert worker.size == whole["worker"][0] + whole["idle"][0] + whole["other"][0]
    assert "workers" not in {symbol.name for symbol in worker.symbols}


def test_aliases_share_their_bytes(image: Path, budget: Write) -> None:
    idle = measure(image, budget(row("function", "idle", 999, '["*idle"]'))).rows[0]
    assert {symbol.name for symbol in idle.symbols} == {"idle", "also_idle"}
    assert idle.size == sizes_by_nm(image)["idle"][0]


def test_wildcards_and_lists(image: Path, budget: Write) -> None:
    job = measure(image, budget(row("function", "job", 0, '["work*", "help[e]r", "gone"]')))
    whole = sizes_by_nm(image)
    assert job.rows[0].size == whole["worker"][0] + sum(whole["helper"])
    assert job.notes == ("function job: no symbol 'gone' in this image",)


def test_a_function_is_no_variable(image: Path, budget: Write) -> None:
    report = measure(image, budget(row("variable", "worker", 5) + row("function", "idle", 500)))
    assert [measured.present for measured in report.rows] == [True, False]
    assert [measured.row.name for measured in report.absent] == ["worker"]


def test_rows_without_symbols_are_absent_and_fit(image: Path, budget: Write) -> None:
    report = measure(image, budget(row("function", "worker", 5000) + row("variable", "ws_r", 20, "[]")))
    absent = report.rows[1]
    assert (absent.present, absent.size, absent.difference, absent.over) == (False, 0, -20, False)
    assert report.fits
    assert report.notes == ()


def test_totals(image: Path, budget: Write) -> None:
    rows = row("variable", "buffer", 90) + row("variable", "counter", 4) + row("variable", "gone", 6)
    total = measure(image, budget(rows)).totals
    assert (total[What.VARIABLE].size, total[What.VARIABLE].budget, total[What.VARIABLE].difference) == (102, 100, 2)
    assert total[What.FUNCTION].size == 0


def test_one_symbol_for_two_rows_is_refused(image: Path, budget: Write) -> None:
    table = budget(row("function", "worker", 9) + row("function", "all", 9, '["w*"]'))
    with pytest.raises(BudgetError, match=r"line 6: function worker counts for both worker and all"):
        measure(image, table)


def test_the_wrong_image_is_told(image: Path, budget: Write) -> None:
    with pytest.raises(ImageError, match=r"nothing of .* is in this image"):
        measure(image, budget(row("function", "WS_clientWorker", 1544)))


def test_a_map_says_the_same_where_it_names_things(build: Build) -> None:
    elf = build("-fdata-sections", "-fcommon")
    by_elf = {symbol.name: symbol for symbol in read_symbols(elf)}
    by_map = {symbol.name: symbol for symbol in read_symbols(elf.with_suffix(".map"))}
    for name in ("worker", "other", "main", "helper", "buffer", "counter"):
        assert (by_map[name].address, by_map[name].what) == (by_elf[name].address, by_elf[name].what), name
        assert by_elf[name].size <= by_map[name].size < by_elf[name].size + 16, name
    assert by_map["buffer"].size == 100
    assert by_map["worker"].access is Access.GLOBAL
    assert by_map["helper"].access is Access.LOCAL


def test_no_such_image() -> None:
    with pytest.raises(ImageError, match=r"gone\.elf: No such file or directory") as raised:
        measure("gone.elf", AUTHOR)
    assert raised.value.exit_code == 2


@pytest.mark.parametrize("content", [b"", b":020000041D00DD\n", b"\x7fEL", b"hello"])
def test_what_is_no_elf_is_told(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "image"
    path.write_bytes(content)
    with pytest.raises(ImageError, match="neither an ELF nor a GNU ld MAP"):
        read_symbols(path)


def test_an_elf_cut_off_anywhere_is_one_line(image: Path, tmp_path: Path) -> None:
    whole = image.read_bytes()
    cut = tmp_path / "cut.elf"
    for length in [*range(4, 140, 3), *range(140, len(whole), max(1, len(whole) // 80))]:
        cut.write_bytes(whole[:length])
        with pytest.raises(ImageError, match="truncated") as raised:
            read_symbols(cut)
        assert "\n" not in str(raised.value)


def test_damaged_elves_never_end_in_a_traceback(image: Path, tmp_path: Path) -> None:
    whole = bytearray(image.read_bytes())
    damaged = tmp_path / "damaged.elf"
    for place in range(4, 64):
        for value in (0x00, 0xFF):
            broken = bytearray(whole)
            broken[place] = value
            damaged.write_bytes(broken)
            try:
                read_symbols(damaged)
            except ImageError as error:
                assert "\n" not in str(error)  # noqa: PT017 - either is right, but no other exception


def test_a_stripped_elf_has_no_symbols(image: Path, tmp_path: Path) -> None:
    stripped = tmp_path / "stripped.elf"
    shutil.copy(image, stripped)
    subprocess.run([compiler().removesuffix("gcc") + "strip", stripped], check=True)
    with pytest.raises(ImageError, match="no symbol table"):
        read_symbols(stripped)


def test_an_object_file_is_no_image(image: Path) -> None:
    subprocess.run([compiler(), "-c", "two.c", "-o", "two.o"], cwd=image.parent, check=True)
    with pytest.raises(ImageError, match="object file"):
        read_symbols(image.with_name("two.o"))


def test_a_map_that_ends_early(tmp_path: Path) -> None:
    path = tmp_path / "image.map"
    path.write_text("Memory Configuration\n\nLinker script and memory map\n")
    with pytest.raises(ImageError, match="truncated MAP"):
        read_symbols(path)


def test_the_original_has_exactly_the_authors_sizes() -> None:
    original = os.environ.get("PIC32BENCH_ORIGINAL_ELF")
    if not original:
        pytest.skip("PIC32BENCH_ORIGINAL_ELF does not name the original demo's ELF of revision a27d11b")
    report = measure(original, AUTHOR)
    functions = [measured for measured in report.rows if measured.row.what is What.FUNCTION]
    assert [(m.row.name, m.size, m.access) for m in functions] == [
        (m.row.name, m.row.size, m.row.access) for m in functions
    ]
    assert report.totals[What.FUNCTION].size == 6816
    assert [measured.row.name for measured in report.absent] == ["ws_w", "ws_ServerKey", "ws_r"]
    assert report.totals[What.VARIABLE].size == 65552
