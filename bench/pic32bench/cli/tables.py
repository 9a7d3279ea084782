# SPDX-License-Identifier: MIT
"""Tables and JSON as commands print them."""

from __future__ import annotations

import json
import sys
from typing import Any

from rich import box
from rich.console import Console as Terminal
from rich.table import Table

_PIPED_WIDTH = 200


def terminal() -> Terminal:
    """Where tables go: the terminal, or a file or pipe, without colours and as wide as they need."""
    if sys.stdout.isatty():
        return Terminal(file=sys.stdout, highlight=False, emoji=False)
    return Terminal(file=sys.stdout, highlight=False, emoji=False, width=_PIPED_WIDTH, color_system=None)


def table(to: Terminal) -> Table:
    """An empty table: for people, or as Markdown."""
    return Table(box=box.SIMPLE_HEAD if to.is_terminal else box.MARKDOWN)


def print_json(data: dict[str, Any]) -> None:
    """Prints it, and nothing else should be printed."""
    json.dump(data, sys.stdout, indent=2)
    print()
