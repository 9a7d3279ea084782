#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The table of peripherals in README.md, made of the sources: says whether it is up to date, or writes it.

usage: peripherals.py [--update]

What a part is, which manual it follows, what is modelled and what is left out stand in the head of its C file:

    PIC32MZ what it is

    Models: DS60001320 chapter N and the other manuals: what is modelled.

    Left out: what is not, or "nothing known".

How many of its registers are modelled says the emulator itself (its property `sfr-map`), $PIC32BENCH_QEMU or the one in
build/. A register that is only storage must be explained in EXCEPTIONS.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
README = HERE / "README.md"
BEGIN, END = "<!-- made by peripherals.py --update: do not edit -->\n", "<!-- end -->\n"

# Registers that are only storage: the peripheral, its registers, and why.
EXCEPTIONS = [
    ("System Bus", r"SB(FLAG|T\d+)\w*", "one master and no protection here: no access is ever refused"),
    ("serial quad interface", r"SQI1\w*", "needs a quad flash behind it; its window reads as nothing"),
    ("permission groups", r"CFGPG", "no bus master is ever refused"),
    ("in-circuit debugger", r"_ICD\w+", "no debugger is attached through the chip's own interface"),
]


class TableError(Exception):
    """One line that says what is wrong."""


@dataclass(frozen=True)
class Head:
    """The head comment of a C file."""

    file: str
    title: str
    manuals: str
    models: str
    left_out: str


def read_head(path: Path) -> Head:
    """The head of a C file; what it does not say is empty."""
    comment = re.match(r"/\*\n(.*?)\*/", path.read_text(), re.DOTALL)
    paragraphs = re.split(r"\n \*[ ]*\n", comment[1]) if comment else [""]
    texts = [" ".join(line.strip(" *") for line in paragraph.splitlines()).strip() for paragraph in paragraphs]
    models = next((text for text in texts if text.startswith("Models")), "")
    manuals, what = _split_models(models)
    manuals = manuals or manual_numbers(" ".join(texts[1:]))
    left_out = next((text for text in texts if text.startswith("Left out:")), "")
    return Head(path.name, texts[0].removeprefix("PIC32MZ "), manuals, what, _sentence(left_out[len("Left out:") :]))


def _split_models(text: str) -> tuple[str, str]:
    """The manuals' numbers, and what is modelled: the first sentence behind the colon that follows a manual."""
    text = text.removeprefix("Models").lstrip(": ")
    first = re.search(r"(?:DS\d{8}|SNLS\d+|IEEE [\d.]+)", text)
    manuals, _, what = text[first.start() :].partition(": ") if first else ("", "", text)
    return manual_numbers(manuals), _sentence(re.split(r"\. (?=[A-Z])", what)[0])


def manual_numbers(text: str) -> str:
    """The manuals that a text names, with their chapters."""
    text = re.sub(r"\((?![^)]*DS\d)[^)]*\) ?", "", text)
    chapters = r"(?:,? (?:chapter|section)s? \d+(?:(?:,| and|,? to) \d+)*)?"
    return ", ".join(dict.fromkeys(re.findall(rf"DS\d{{8}}{chapters}|SNLS\d+|IEEE [\d.]+\d", text)))


def _sentence(text: str) -> str:
    """Text for a cell: no full stop at its end, and nothing that Markdown takes for a column."""
    return text.strip().removesuffix(".").replace("|", "\\|")


def read_map(emulator: Path) -> list[dict[str, Any]]:
    """All registers of the chip, as the emulator maps them. Raises TableError."""
    command = [str(emulator), "-M", "pic32mz", "-nodefaults", "-display", "none", "-S", "-qmp", "stdio"]
    lines = [
        {"execute": "qmp_capabilities"},
        {"execute": "qom-get", "arguments": {"path": "/machine", "property": "sfr-map"}},
    ]
    try:
        process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
    except OSError as error:
        raise TableError(f"cannot start {emulator}: {error.strerror}; build it with `make emulator`") from None
    with process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stderr is not None
        try:
            process.stdin.write("\n".join(map(json.dumps, lines)) + "\n")
            process.stdin.flush()
            for line in process.stdout:
                answer = json.loads(line).get("return")
                if isinstance(answer, str):
                    found: list[dict[str, Any]] = json.loads(answer)
                    return found
        except BrokenPipeError:
            pass  # it has ended; what it said follows
        finally:
            process.kill()  # told to quit, it would drop what is still in the pipe
        said = process.stderr.read().strip()
    raise TableError(f"{emulator} gave no sfr-map: {said or 'it said nothing'}")


def source_of(device: str) -> str:
    """The C file of a device of the map: pic32mz-timer1 is pic32mz_timer.c."""
    if device.startswith(("pic32mz.boot-flash", "pic32mz.factory")):
        return "pic32mz_flash.c"
    return re.sub(r"\d+$", "", device).replace("-", "_") + ".c"


def tables(heads: Iterable[Head], registers: list[dict[str, Any]]) -> str:
    """Both tables and the share, as Markdown. Raises TableError for a register that nobody explains."""
    counts: dict[str, int] = {}
    storage: dict[str, int] = {}
    for register in registers:
        if register["kind"] == "modelled":
            file = source_of(register["device"])
            counts[file] = counts.get(file, 0) + 1
        else:
            storage[register["register"]] = 1
    lines = ["| part | file | registers | modelled | left out | manuals |", "| --- | --- | --: | --- | --- | --- |"]
    for head in heads:
        number = counts.pop(head.file, 0)
        if not number and (not head.left_out or head.left_out == "nothing known"):
            continue
        cells = (head.title, f"`{head.file}`", str(number or ""), head.models, head.left_out, head.manuals)
        lines.append(f"| {' | '.join(cells)} |")
    if counts:
        raise TableError(f"no file in src/ for the registers of {', '.join(sorted(counts))}")
    lines += ["", "Registers that are only storage:", "", "| peripheral | registers | why |", "| --- | --: | --- |"]
    for name, pattern, why in EXCEPTIONS:
        matched = [each for each in storage if re.fullmatch(pattern, each)]
        for each in matched:
            del storage[each]
        if matched:
            lines.append(f"| {name} | {len(matched)} | {why} |")
    if storage:
        raise TableError(f"storage without a reason in EXCEPTIONS of peripherals.py: {', '.join(storage)}")
    modelled = sum(register["kind"] == "modelled" for register in registers)
    lines += ["", f"Of {len(registers)} registers {modelled} are modelled, {modelled / len(registers):.1%}."]
    return "\n".join(lines) + "\n"


def replaced(text: str, section: str) -> str:
    """The README with this section. Raises TableError."""
    head, begin, rest = text.partition(BEGIN)
    _, end, tail = rest.partition(END)
    if not begin or not end:
        raise TableError(f"{README} has no section between {BEGIN.strip()} and {END.strip()}")
    return head + begin + section + end + tail


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description="The table of peripherals in platforms/qemu/README.md.")
    parser.add_argument("--update", action="store_true", help="write it; without, only say whether it is up to date")
    args = parser.parse_args(arguments)
    emulator = Path(os.environ.get("PIC32BENCH_QEMU") or HERE.parents[1] / "build/emulator/qemu-system-mipsel")
    try:
        heads = [read_head(path) for path in sorted((HERE / "src").glob("*.c"))]
        old = README.read_text()
        new = replaced(old, tables(heads, read_map(emulator)))
    except TableError as error:
        print(f"peripherals: {error}", file=sys.stderr)
        return 2
    if args.update:
        README.write_text(new)
    elif new != old:
        print(f"peripherals: {README} is not up to date: run `platforms/qemu/peripherals.py --update`", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
