# SPDX-License-Identifier: MIT
"""Options as they are typed, and the firmware's own: which there are, and what another value costs to build."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Callable

import pytest

from pic32bench import paths
from pic32bench.board import load
from pic32bench.errors import UsageError
from pic32bench.shrink.build import FirmwareBuild
from pic32bench.shrink.options import firmware_options, read_option

KNOWN = {"WS_BUFFER_SIZE": 4096, "MEM_SIZE": 12288}
FIRMWARE = paths.project_root() / "firmware"


@pytest.mark.parametrize(
    ("text", "more", "shipped", "values"),
    [
        ("MEM_SIZE", {}, 12288, range(1, 12289)),
        ("MEM_SIZE=12286..12288", {}, 12288, [12286, 12287, 12288]),
        ("MEM_SIZE=100..1000/400", {}, 12288, [200, 600, 1000]),
        ("MEM_SIZE=7,5,7", {}, 12288, [5, 7]),
        ("MEM_SIZE", {"low": 10, "high": 14, "step": 2}, 12288, [10, 12, 14]),
        ("MEM_SIZE", {"values": "3, 4"}, 12288, [3, 4]),
    ],
)
def test_values(text: str, more: dict, shipped: int, values: list[int]) -> None:
    option = read_option(text, KNOWN, **more)
    assert (option.name, option.shipped, list(option.values)) == ("MEM_SIZE", shipped, list(values))


def test_firmware_of_which_nothing_is_known_ships_with_the_largest() -> None:
    assert read_option("BUF=16..64", None).shipped == 64


@pytest.mark.parametrize(
    ("text", "more", "said"),
    [
        ("BUF", {}, "no integer build option BUF: the firmware has MEM_SIZE, WS_BUFFER_SIZE"),
        ("MEM_SIZE=abc", {}, "MEM_SIZE=abc: 'abc' is no whole number: expected LOW..HIGH or a list"),
        ("MEM_SIZE=-1..5", {}, "'-1..5' is no whole number"),
        ("MEM_SIZE=9..5", {}, "no value is left to try"),
        ("MEM_SIZE=1..9/0", {}, "a step of 0"),
        ("MEM_SIZE=1,,2", {}, "'' is no whole number"),
        ("MEM_SIZE=1..99999999999", {}, "expected 0 to 2147483647"),
        ("MEM_SIZE=1..5", {"low": 2}, "give the values either there, or with --from"),
        ("MEM_SIZE", {"low": 2, "values": "1"}, "--values goes without --from"),
        ("a b", {}, "expected an option's name"),
    ],
)
def test_what_cannot_be_tried(text: str, more: dict, said: str) -> None:
    with pytest.raises(UsageError, match=re.escape(said)):
        read_option(text, KNOWN, **more)


def test_from_where_to_where_has_to_be_said_of_other_firmware() -> None:
    with pytest.raises(UsageError, match="BUF: from where to where"):
        read_option("BUF", None, high=5)


@pytest.fixture(scope="module")
def builder(tmp_path_factory: pytest.TempPathFactory) -> FirmwareBuild:
    """Builds the firmware in a folder of the module's own."""
    if shutil.which("mipsel-linux-gnu-gcc") is None:
        pytest.skip("no cross compiler: run `make setup`")
    # What npm delivered to the firmware that is built already: a registry is not asked for a test.
    web = paths.project_root() / "build" / "firmware" / "web"
    if not web.is_dir():
        pytest.skip("no firmware: run `make firmware`")
    folder = tmp_path_factory.mktemp("shrink")
    shutil.copytree(web, folder / "firmware" / "web", symlinks=True)
    builder = FirmwareBuild(folder, load(paths.DEFAULT_BOARD).chip)
    assert builder.build({}).reason == ""
    return builder


@pytest.fixture(scope="module")
def compiled(builder: FirmwareBuild) -> Callable[..., set[str]]:
    """A function that builds with options and returns what was compiled for it."""

    def make(*options: str) -> set[str]:
        done = subprocess.run([*builder.command, *options], capture_output=True, text=True, check=True)
        return {line.strip().removeprefix("cc ") for line in done.stdout.splitlines() if line.startswith("  cc ")}

    return make


def test_the_options_are_those_of_the_makefile() -> None:
    sizes = {"WS_BUFFER_SIZE": 1460, "MEM_SIZE": 13568, "PBUF_POOL_SIZE": 44, "TCP_WND": 2920, "RX_DESCRIPTORS": 16}
    assert sizes.items() <= firmware_options().items()
    readme = (FIRMWARE / "README.md").read_text()
    assert [
        name for name, value in sizes.items() if not re.search(rf"^\| `{name}` \|.*\| {value} \|$", readme, re.M)
    ] == []


@pytest.mark.parametrize(
    ("option", "expected"),
    [
        ("WS_BUFFER_SIZE=2048", {"websocket/websocket_connection", "websocket/websocket_server"}),
        ("MEM_SIZE=8000", {"core/mem", "src/admission", "websocket/websocket_connection"}),
        (
            "TCP_WND=2800",
            {"websocket/websocket_connection", "core/tcp", "core/tcp_in", "core/tcp_out", "src/admission"},
        ),
        ("STACK_SIZE=3000", set()),
    ],
)
def test_another_value_compiles_only_what_sees_it(
    compiled: Callable[..., set[str]], option: str, expected: set[str]
) -> None:
    compiled()
    assert compiled(option) - {"src/build_options"} == expected
    assert compiled() - {"src/build_options"} == expected  # and back
    assert compiled() == set()


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"WS_BUFFER_SIZE": 159}, "WS_BUFFER_SIZE must be 160 to 65535"),
        ({"MEM_SIZE": 5007}, "MEM_SIZE must be at least 5008"),
        ({"MEM_SIZE": 393217}, "MEM_SIZE must be at most 393216"),
        ({"TCP_WND": 1459}, "TCP_WND must be 1460 (TCP_MSS) to 65535"),
        (
            {"PBUF_POOL_SIZE": 41},
            "PBUF_POOL_SIZE is too small for TCP_WND: three windows in pbufs of 256 bytes, and 6 pbufs",
        ),
        ({"WS_WHOLE_MESSAGES": 2}, "WS_WHOLE_MESSAGES must be 0 or 1"),
        ({"RX_DESCRIPTORS": 3}, "RX_DESCRIPTORS must be 4 to 255"),
        ({"WS_BUFFER_SIZE": 65535, "RX_DESCRIPTORS": 255, "STACK_SIZE": 350000}, "RAM is full"),
    ],
)
def test_values_that_do_not_go_together_are_one_line(builder: FirmwareBuild, values: dict[str, int], said: str) -> None:
    built = builder.build(values)
    assert built.image is None
    assert built.reason == said


def test_an_image_that_is_built_says_what_ram_it_takes(builder: FirmwareBuild) -> None:
    some, more = builder.build({"WS_BUFFER_SIZE": 512}), builder.build({"WS_BUFFER_SIZE": 1024})
    assert some.ram is not None
    assert more.ram == some.ram + 512
    assert some.digest != more.digest
