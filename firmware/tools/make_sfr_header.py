#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Make the C header of the chip's registers from the bench's register and interrupt tables.

For a register NAME with a field FIELD the header holds:

* ``NAME``: the register, as a volatile uint32_t at its uncached (KSEG1) address;
* ``NAMECLR``, ``NAMESET``, ``NAMEINV``: its atomic aliases, where the chip has them;
* ``NAME_FIELD_MASK`` and ``NAME_FIELD_POSITION``;
* ``IRQ_SOURCE``: the vector number of each interrupt source.
"""

import argparse
import csv
import sys
from pathlib import Path

KSEG1 = 0xA0000000
"""Uncached, unmapped alias of physical memory (MIPS32)."""

ALIASES = ("CLR", "SET", "INV")


def register_lines(table: Path) -> list[str]:
    """The macros of every register in ``table``, a CSV with physical_address, register, has_clr_set_inv, fields."""
    lines: list[str] = []
    with table.open(newline="") as rows:
        for row in csv.DictReader(rows):
            name = row["register"].split("/")[0]
            address = int(row["physical_address"], 16) | KSEG1
            lines.append(f"#define {name} SFR(0x{address:08X})")
            if row["has_clr_set_inv"] == "1":
                lines += [f"#define {name}{alias} SFR(0x{address + 4 * n:08X})" for n, alias in enumerate(ALIASES, 1)]
            for field in row["fields"].split():
                label, _, place = field.partition("@")
                bit, _, width = place.partition(":")
                mask = ((1 << int(width)) - 1) << int(bit)
                lines.append(f"#define {name}_{label}_MASK 0x{mask & 0xFFFFFFFF:08X}u")
                lines.append(f"#define {name}_{label}_POSITION {bit}")
    return lines


def vector_lines(table: Path) -> list[str]:
    """The vector numbers in ``table``, a CSV with vector, source."""
    with table.open(newline="") as rows:
        return [f"#define IRQ_{row['source']} {row['vector']}" for row in csv.DictReader(rows)]


def main() -> int:
    """Write the header; exit code 2 when a table cannot be read."""
    parser = argparse.ArgumentParser(description="make the register header of the chip")
    parser.add_argument("sfr", type=Path, help="register table (CSV)")
    parser.add_argument("irq", type=Path, help="interrupt table (CSV)")
    parser.add_argument("header", type=Path, help="header to write")
    options = parser.parse_args()
    try:
        body = register_lines(options.sfr) + vector_lines(options.irq)
    except (OSError, KeyError, ValueError) as error:
        print(f"make_sfr_header.py: cannot read the tables: {error}", file=sys.stderr)
        return 2
    head = [
        "/* SPDX-License-Identifier: MIT */",
        f"/* Made by make_sfr_header.py from {options.sfr.name} and {options.irq.name}; do not edit. */",
        "#ifndef PIC32MZ_SFR_H",
        "#define PIC32MZ_SFR_H",
        "#include <stdint.h>",
        "#define SFR(address) (*(volatile uint32_t *)(address))",
    ]
    options.header.write_text("\n".join([*head, *body, "#endif", ""]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
