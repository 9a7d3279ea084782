# SPDX-License-Identifier: MIT
"""The command `pic32bench`: one module a subcommand, each with `add_parser(subparsers)` and `run(args) -> int`."""
