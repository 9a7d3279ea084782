# SPDX-License-Identifier: MIT
"""Patches to upstream QEMU fit exactly or are refused by name: a misplaced hunk would be a wrong CPU."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from types import ModuleType

import pytest

FILE = "one\ntwo\nthree\nfour\nfive\n"


@pytest.fixture(scope="module")
def patcher(program: Callable[[str], ModuleType]) -> ModuleType:
    return program("qemu/strict_patch.py")


def diff(body: str, index: str = "") -> str:
    return f"words above are ignored\n{index}--- a/dir/f.c\n+++ b/dir/f.c\n{body}"


def applied(patcher: ModuleType, text: str, before: str = FILE) -> str:
    result: dict[str, str] = patcher.apply("x.patch", text, {"dir/f.c": before}.__getitem__)
    return result["dir/f.c"]


def refused(patcher: ModuleType, text: str, before: str = FILE) -> str:
    with pytest.raises(patcher.PatchError) as caught:
        applied(patcher, text, before)
    message = str(caught.value)
    assert "\n" not in message
    return message


def test_zero_context_replacement(patcher: ModuleType) -> None:
    hunks = "@@ -2 +2,2 @@ heading\n-two\n+2\n+2b\n@@ -4 +5,0 @@\n-four\n"
    assert applied(patcher, diff(hunks)) == "one\n2\n2b\nthree\nfive\n"


def test_context_is_kept(patcher: ModuleType) -> None:
    assert applied(patcher, diff("@@ -2,2 +2,3 @@\n two\n+new\n three\n")) == "one\ntwo\nnew\nthree\nfour\nfive\n"


def test_an_empty_context_line_may_have_lost_its_space(patcher: ModuleType) -> None:
    assert applied(patcher, diff("@@ -1,2 +1,3 @@\n one\n+new\n\n"), "one\n\n") == "one\nnew\n\n"


def test_moved_text_is_followed_when_there_is_only_one_of_it(patcher: ModuleType) -> None:
    assert applied(patcher, diff("@@ -2 +2 @@\n-four\n+4\n")) == "one\ntwo\nthree\n4\nfive\n"


def test_text_at_several_other_places_is_refused(patcher: ModuleType) -> None:
    message = refused(patcher, diff("@@ -2 +2 @@\n-same\n+other\n"), "same\ntwo\nsame\n")
    assert (
        message == "x.patch: dir/f.c line 2: expected 'same', found 'two'; the expected text stands at 2 other places"
    )


def test_text_that_is_gone_is_refused_by_name(patcher: ModuleType) -> None:
    message = refused(patcher, diff("@@ -2 +2 @@\n-gone\n+other\n"))
    assert message == "x.patch: dir/f.c line 2: expected 'gone', found 'two'; the expected text is nowhere in the file"
    assert "the end of the file" in refused(patcher, diff("@@ -99 +99 @@\n-gone\n+other\n"))


def test_white_space_counts(patcher: ModuleType) -> None:
    refused(patcher, diff("@@ -2 +2 @@\n-two \n+other\n"))


def test_an_insertion_needs_the_very_file_it_was_made_for(patcher: ModuleType) -> None:
    hunk = "@@ -2,0 +3 @@\n+new\n"
    assert "repeat a neighbour as context" in refused(patcher, diff(hunk))
    data = FILE.encode()
    blob = hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()
    index = f"index {blob[:10]}..0123456789 100644\n"
    assert applied(patcher, diff(hunk, index)) == "one\ntwo\nnew\nthree\nfour\nfive\n"
    refused(patcher, diff(hunk, index), FILE + "six\n")


def test_hunks_do_not_overlap(patcher: ModuleType) -> None:
    refused(patcher, diff("@@ -2,2 +2 @@\n-two\n-three\n+x\n@@ -3 +2 @@\n-three\n+y\n"))


def test_two_patches_to_one_file_build_on_each_other(patcher: ModuleType) -> None:
    both = diff("@@ -1 +1 @@\n-one\n+1\n") + diff("@@ -1 +1 @@\n-1\n+uno\n")
    assert applied(patcher, both) == "uno\ntwo\nthree\nfour\nfive\n"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "no hunk in it"),
        ("--- a/dir/f.c\n@@ -1 +1 @@\n", "without its '+++' line"),
        ("--- a/dir/f.c\n+++ b/dir/other.c\n@@ -1 +1 @@\n-one\n+1\n", "only changes to a file are possible"),
        ("--- a/dir/f.c\n+++ b/dir/f.c\n@@ -1,2 +1 @@\n-one\n+1\n", "the hunk ends early"),
        ("--- a/dir/f.c\n+++ b/dir/f.c\n@@ nonsense\n", "no hunk header"),
    ],
)
def test_damaged_diffs_are_refused(patcher: ModuleType, text: str, reason: str) -> None:
    assert reason in refused(patcher, text)


def test_a_file_that_is_not_there(patcher: ModuleType) -> None:
    def read(path: str) -> str:
        raise FileNotFoundError(path)

    with pytest.raises(patcher.PatchError, match=r"dir/f\.c does not exist in this QEMU"):
        patcher.apply("x.patch", diff("@@ -1 +1 @@\n-one\n+1\n"), read)
