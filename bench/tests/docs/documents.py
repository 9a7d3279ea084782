# SPDX-License-Identifier: MIT
"""Documents of the project: their code, and the commands whose output they show."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from dataclasses import dataclass

from pic32bench.paths import project_root

ROOT = project_root()
_FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_PORT = re.compile(r"(127\.0\.0\.1:|ws=)\d+")


@dataclass(frozen=True)
class Shown:
    """A command and the output that a document shows for it; ``start`` and ``end`` are the output's place."""

    command: str
    output: str
    start: int
    end: int


def read(name: str) -> str:
    """The text of a document, by its path in the project."""
    return (ROOT / name).read_text()


def code(name: str, language: str) -> list[str]:
    """The blocks of a document in this language."""
    return [block[2] for block in _FENCE.finditer(read(name)) if block[1] == language]


def shown(name: str) -> list[Shown]:
    """Commands of the bench itself, with the output shown. Those that take a whole test run are left out."""
    return [
        Shown(command[1], block[2][command.end() :], block.start(2) + command.end(), block.end(2))
        for block in _FENCE.finditer(read(name))
        if block[1] == "console" and (command := re.match(r"\$ (pic32bench .*)\n", block[2]))
    ]


def run(command: str) -> str:
    """What a command prints, without what differs from run to run: this project's path, and end-of-line spaces."""
    words = shlex.split(command)
    assert words[0] == "pic32bench", f"only commands of the bench: {command}"
    done = subprocess.run(
        [sys.executable, "-m", "pic32bench.cli", *words[1:]],
        cwd=ROOT,
        env={**os.environ, "COLUMNS": "120"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=120,
        check=False,
    )
    lines = [line.rstrip() for line in done.stdout.replace(f"{ROOT}/", "").splitlines()]
    return "\n".join(lines) + "\n"


def comparable(output: str) -> str:
    """An output without the ports, which are any that were free."""
    return _PORT.sub(r"\1PORT", output)


def replace(name: str, outputs: list[tuple[Shown, str]]) -> None:
    """Writes other outputs into a document."""
    text = read(name)
    for one, output in reversed(outputs):
        text = text[: one.start] + output + text[one.end :]
    (ROOT / name).write_text(text)
