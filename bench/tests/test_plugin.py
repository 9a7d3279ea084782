# SPDX-License-Identifier: MIT
"""The pytest plugin, by running an inner pytest."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest


@pytest.fixture
def inner(pytester: pytest.Pytester, fake_emulator: object, tiny_image: Path) -> pytest.Pytester:
    """An inner pytest whose boards run on the stand-in."""
    return pytester


def test_a_board_for_each_test(inner: pytest.Pytester) -> None:
    inner.makepyfile(
        """
        def test_one(board):
            board.console.wait_for_line("Ended")
            assert board.network.name == "none" and board.seed == 5

        def test_two(board):
            assert board.time == 0
        """
    )
    inner.runpytest_subprocess("--network", "none", "--seed", "5").assert_outcomes(passed=2)


def test_the_marker_overrides_the_options_nearest_last(inner: pytest.Pytester) -> None:
    inner.makepyfile(
        """
        import pytest
        pytestmark = pytest.mark.board(network="none", seed=2)

        def test_module(board):
            assert (board.network.name, board.seed) == ("none", 2)

        @pytest.mark.board(network="wire")
        def test_function(board):
            assert (board.network.name, board.seed) == ("wire", 2)

        def test_factory(start_board):
            one, two = start_board(), start_board(board="mini")
            assert one.description.name != two.description.name
        """
    )
    inner.runpytest_subprocess("--network", "user", "-W", "error").assert_outcomes(passed=3)


def test_a_failure_shows_everything_and_where_the_files_are(inner: pytest.Pytester) -> None:
    inner.makepyfile(
        """
        def test_fails(board):
            board.console.wait_for_line("Ended")
            board.panel.press("SW1")
            board.run_for(0.2)
            assert 1 == 2
        """
    )
    result = inner.runpytest_subprocess("--network", "user")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            "*console (UART2)*",
            "*Initialization Ended - success",
            "*RB12=0*",
            "*panel*",
            "SW1=pressed*",
            "*hand press SW1",
            "*emulator log*",
            "*unimplemented register read*",
            "*backtrace*",
            "#0  BFC00000",
            "*failure bundle*",
            "*to run failed tests again*",
            "pic32bench replay *",
        ]
    )
    (path,) = (inner.path / "build/pytest").iterdir()
    assert re.fullmatch(r"test_.*\.py-test_fails-[0-9a-f]{6}\.zip", path.name)
    with zipfile.ZipFile(path) as bundle:
        assert {"README.txt", "console-uart2.txt", "panel.txt", "network.pcap", "backtrace.txt"} <= set(
            bundle.namelist()
        )
        assert "Failed:    assert 1 == 2" in bundle.read("README.txt").decode()


def test_each_failed_test_has_a_bundle_of_its_own_that_junit_names(inner: pytest.Pytester) -> None:
    inner.makepyfile(
        """
        import pytest

        @pytest.mark.parametrize("text", ["a/b", "a-b", "x" * 300, "a b"])
        def test_fails(start_board, text):
            start_board()
            start_board()
            assert not text
        """
    )
    inner.runpytest_subprocess("--network", "none", "--junitxml=out.xml", "-n2").assert_outcomes(failed=4)
    paths = set((inner.path / "build/pytest").iterdir())
    assert len(paths) == 8
    properties = ET.parse(inner.path / "out.xml").iter("property")
    assert {item.attrib["value"] for item in properties if item.attrib["name"] == "failure bundle"} == set(
        map(str, paths)
    )


def test_a_passed_test_leaves_nothing(inner: pytest.Pytester) -> None:
    inner.makepyfile("def test_ok(board): board.run_for(0.1)")
    inner.runpytest_subprocess("--network", "user").assert_outcomes(passed=1)
    assert not (inner.path / "build").exists()


def test_a_missing_image_is_one_line_without_a_traceback(inner: pytest.Pytester) -> None:
    inner.makepyfile("def test_it(board): pass")
    result = inner.runpytest_subprocess("--image", "nix.hex")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["no firmware image nix.hex: *"])
    result.stdout.no_fnmatch_line("*bench.py*")


def test_the_emulators_death_is_told(inner: pytest.Pytester, fake_emulator: object) -> None:
    fake_emulator("die=0.1")  # type: ignore[operator]
    inner.makepyfile("def test_it(board): board.console.wait_for('never')")
    result = inner.runpytest_subprocess("--network", "none")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*EmulatorDiedError: the emulator died at 0.* (SIGSEGV)*"])


def test_the_summary_says_what_has_no_model(inner: pytest.Pytester, fake_emulator: Callable[[str], Path]) -> None:
    fake_emulator("leaning")
    inner.makepyfile("def test_one(board): pass\ndef test_two(board): pass\ndef test_three(): pass")
    result = inner.runpytest_subprocess("--network", "none")
    result.assert_outcomes(passed=3)
    result.stdout.fnmatch_lines(
        [
            "*registers that the emulator does not model*",
            "*::test_one and 1 more: the firmware used 1 register without a model (storage only): SQI1CFG first by *",
        ]
    )
    fake_emulator("")
    assert "does not model" not in inner.runpytest_subprocess("--network", "none").stdout.str()
