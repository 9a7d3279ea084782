# SPDX-License-Identifier: MIT
"""What changed between two images: the same thing is found again under other numbers, and nothing is lost."""

import shutil
import subprocess
from pathlib import Path

import pytest

from pic32bench.footprint.budget import Memory
from pic32bench.footprint.difference import Change, Course, Difference, compare

from .conftest import Link
from .sources import OTHER_C, SERVER_C, SOURCES, STYLES


def courses(difference: Difference) -> dict[str, tuple[Course, int]]:
    return {change.name: (change.course, change.difference) for change in difference.symbols}


@pytest.fixture(scope="module")
def old(link: Link) -> Path:
    return link(SOURCES, "-g")


@pytest.fixture(scope="module")
def new(link: Link) -> Path:
    server = (
        SERVER_C.replace("server_buffer[4000]", "server_buffer[3000]")
        .replace("static char seen[24];", "static char seen[24], extra[640]; extra[x] = seen[x];")
        .replace("seen[x] = 1", "seen[x] = extra[1]")
    )
    other = OTHER_C.replace("int idle(int x)", "char added[16]; int idle(int x)").replace(
        "return x;", "return added[x];"
    )
    return link({"server.c": server, "other.c": other}, "-g")


def test_grown_shrunk_and_new(old: Path, new: Path) -> None:
    difference = compare(old, new)
    found = courses(difference)
    assert found["server_buffer"] == (Course.SHRUNK, -1000)
    assert found["added"] == (Course.NEW, 16)
    (extra,) = [change for change in difference.symbols if change.name.startswith("extra")]
    assert (extra.course, extra.difference, extra.file, extra.section) == (Course.NEW, 640, "server.o", ".bss")
    assert extra.name.endswith("in server_task")
    assert found["server_task"][0] is Course.GROWN
    # These have other numbers than before, and are the same.
    assert not [name for name in found if name.startswith(("seen", "forgotten"))]
    back = courses(compare(new, old))
    assert back["added"] == (Course.GONE, -16)
    assert back["server_buffer"] == (Course.GROWN, 1000)


def test_sums_agree(old: Path, new: Path) -> None:
    difference = compare(old, new)
    ram = difference.totals[Memory.RAM]
    assert ram.old is not None
    assert ram.difference == (ram.new or 0) - ram.old
    memory = sum(change.difference for change in difference.sections)
    assert memory == sum(change.difference for change in difference.files)
    named = sum(change.difference for change in difference.symbols)
    assert abs(memory - named) < 64  # padding
    assert {change.name for change in difference.files} >= {"server.o", "other.o"}


@pytest.mark.parametrize("style", STYLES)
def test_an_image_and_itself(link: Link, style: str, tmp_path: Path) -> None:
    image = link(SOURCES, *STYLES[style])
    difference = compare(image, shutil.copy(image, tmp_path))
    assert (difference.sections, difference.symbols) == ((), ())
    with_map = compare(image, image)
    assert (with_map.sections, with_map.files, with_map.symbols) == ((), (), ())


@pytest.mark.parametrize("style", STYLES)
def test_an_elf_against_its_map(link: Link, style: str) -> None:
    image = link(SOURCES, *STYLES[style])
    for one, other in ((image, image.with_suffix(".map")), (image.with_suffix(".map"), image)):
        difference = compare(one, other)
        assert (difference.sections, difference.files, difference.symbols) == ((), (), ())
        assert len(difference.notes) == 1


def test_a_buffer_grown_in_a_map_against_an_elf(old: Path, new: Path) -> None:
    difference = compare(old.with_suffix(".map"), new)
    assert sum(change.difference for change in difference.symbols if change.file == "server.o") < -200
    assert difference.totals[Memory.RAM] == compare(old, new).totals[Memory.RAM]


def test_static_variables_of_one_name_are_told_by_their_functions(link: Link) -> None:
    first = "int one(int x) { static char box[100]; box[x] = 1; return box[1]; }\n"
    second = "int two(int x) { static char box[200]; box[x] = 1; return box[1]; }\n"
    main = "int one(int), two(int); int main(void) { return one(1) + two(2); }\n"
    between = "int three(int x) { static char box[50]; box[x] = 1; return box[1]; }\n"
    old = link({"main.c": first + second + main}, "-g")
    new = link({"main.c": between + second.replace("200", "260") + first + main}, "-g")
    changes = {(change.name.partition(" in ")[2], change.difference) for change in compare(old, new).symbols}
    assert {("three", 50), ("two", 60)} <= changes
    assert not [function for function, _ in changes if function == "one"]


def test_copies_and_parts_that_gcc_makes_are_the_function(old: Path, tmp_path: Path) -> None:
    copy = tmp_path / "image.elf"
    names = ["server_send=server_send.isra.0", "idle=idle.constprop.3"]
    command = ["mipsel-linux-gnu-objcopy", *(f"--redefine-sym={name}" for name in names), old, copy]
    subprocess.run(command, check=True)
    bare = tmp_path / "old.elf"
    shutil.copy(old, bare)
    assert compare(bare, copy).symbols == ()


def test_what_moved_to_another_file_is_the_same(link: Link) -> None:
    text = "int helper(int x) { return x * 3 + 1; }\n"
    main = "int helper(int); int main(void) { return helper(2); }\n"
    old = link({"main.c": main, "a.c": text}, "-g")
    new = link({"main.c": main, "b.c": text}, "-g")
    difference = compare(old, new)
    assert difference.symbols == ()
    assert {(change.name, change.course) for change in difference.files} == {("a.o", Course.GONE), ("b.o", Course.NEW)}


def test_most_growth(old: Path, new: Path) -> None:
    difference = compare(new, old)  # 1000 bytes more in a buffer, 656 less in others
    growth = difference.totals[Memory.RAM].difference
    assert growth > 300
    assert difference.growth_beyond(growth) == ""
    assert f"ram +{growth:,} bytes" in difference.growth_beyond(growth - 1)


def test_courses() -> None:
    sizes = [(None, 3), (3, None), (3, 4), (4, 3), (3, 3)]
    assert [Change("x", *size).course for size in sizes] == list(Course)
