# SPDX-License-Identifier: MIT
"""Names of symbols and files: what a pattern matches, and what is the same thing in another build."""

from __future__ import annotations

import functools
import re
from fnmatch import fnmatchcase

import itanium_demangler

_CLONE = re.compile(r"(\.(isra|part|constprop|cold|lto_priv|localalias|llvm)(\.\d+)?|\.\d+)+$")
"""What GCC appends to the names of a function's parts and copies, and of static variables inside functions."""
_MEMBER = re.compile(r"^(?P<archive>.*)\((?P<member>[^()]+)\)$")
_FILE_KINDS = re.compile(r"\.(o|obj|c|cc|cpp|cxx|C|S|s|asm)$")


def without_clone(name: str) -> str:
    """The name as written in the source: ``send`` for ``send.part.0``, ``seen`` for ``seen.1234``."""
    return _CLONE.sub("", name)


@functools.cache
def readable(name: str) -> str:
    """A C++ symbol as its source names it; any other as it is."""
    if not name.startswith("_Z"):
        return name
    base = without_clone(name)
    try:
        parsed = itanium_demangler.parse(base)
    except (NotImplementedError, ValueError, IndexError, RecursionError, AssertionError, TypeError):
        return name
    return f"{parsed}{name[len(base) :]}" if parsed is not None else name


def symbol_matches(name: str, pattern: str) -> bool:
    """Whether a pattern (* ? [] as in file names) names a symbol, a part or copy of it, or its C++ name."""
    names = {name, without_clone(name)}
    if name.startswith("_Z"):
        names |= {readable(name), readable(without_clone(name))}
    return any(fnmatchcase(each, pattern) for each in names)


def file_matches(file: str, pattern: str) -> bool:
    """Whether a pattern names an object or source file: its path, its last part, or a member of an archive.

    ``worker.o`` and ``worker.c`` name the same file, as an image may know the one or the other.
    """
    names = {file, file_name(file)}
    member = _MEMBER.match(file)
    if member:
        names |= {member["member"], file_name(member["archive"])}
    return any(
        fnmatchcase(name, pattern) or fnmatchcase(_FILE_KINDS.sub("", name), _FILE_KINDS.sub("", pattern))
        for name in names
    )


def file_name(file: str) -> str:
    """The last part of a path of this or another system; ``libc.a(memcpy.o)`` for a member of an archive."""
    member = _MEMBER.match(file)
    if member:
        return f"{file_name(member['archive'])}({member['member']})"
    return re.split(r"[\\/]", file)[-1]


def file_stem(file: str) -> str:
    """What an object file and its source have in common: ``worker`` for ``src/worker.c`` and ``build/worker.o``."""
    member = _MEMBER.match(file)
    return _FILE_KINDS.sub("", file_name(member["member"] if member else file))


def section_group(section: str) -> str:
    """The kind of section: ``.text`` for ``.text.main``, as XC32 makes an output section of each function.

    It also makes one of each configuration word: ``.config`` for ``.config_BFC0FFC0``.
    """
    match = re.match(r"(\.[^.]+?)(?=\.|_[0-9A-F]{8}$)", section)
    return match[1] if match else section
