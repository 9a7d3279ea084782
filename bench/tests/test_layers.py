# SPDX-License-Identifier: MIT
"""Arrows point one way: no module of the bench imports from a layer above its own."""

from __future__ import annotations

import ast
from pathlib import Path

import pic32bench

PACKAGE = Path(pic32bench.__file__).parent
# From the bottom up; a name stands for a module or a package with all in it.
LAYERS = [
    ["errors"],
    ["paths", "chip", "debian_source"],
    ["board", "image"],
    ["channel", "emulator", "snapshot", "recording"],
    ["panel_link", "core", "pin_trace", "clock"],
    ["machine_code"],
    ["console", "panel", "network"],
    ["link"],
    ["bench"],
    ["resume", "replay"],
    ["debugger", "watch"],
    ["stream", "footprint", "page", "browser"],
    ["throughput"],
    ["code_map"],
    ["sfr_use", "backtrace", "callgraph"],
    ["memory"],
    ["bundle"],
    ["conformance"],
    ["plugin", "robot", "benchmark", "shrink", "fuzz"],
    ["cli"],
]
LEVEL = {name: level for level, names in enumerate(LAYERS) for name in names}


def imports(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module == "pic32bench":
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("pic32bench."):
            found.add(str(node.module).split(".")[1])
    return {name for name in found if name in LEVEL}


def test_nothing_imports_from_above() -> None:
    wrong = []
    for path in sorted(PACKAGE.rglob("*.py")):
        name = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
        if name == "__init__":
            continue
        assert name in LEVEL, f"{path.name} is in no layer: add it to the list in this test"
        wrong += [
            f"{path.relative_to(PACKAGE)} imports {other}" for other in imports(path) if LEVEL[other] > LEVEL[name]
        ]
    assert wrong == []
