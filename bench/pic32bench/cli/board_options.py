# SPDX-License-Identifier: MIT
"""Options of the commands that run an image on a board: which board, which network, and how long."""

from __future__ import annotations

import argparse
import re

from pic32bench import paths
from pic32bench.errors import UsageError
from pic32bench.network import NETWORKS, Network, UserNetwork, choose


def add_board_options(parser: argparse.ArgumentParser) -> None:
    """Adds --board, --network and its ports, --for, --until and --seed."""
    parser.add_argument(
        "--board",
        default=paths.DEFAULT_BOARD,
        metavar="NAME|FILE",
        help="board in platforms/, or a board file (%(default)s)",
    )
    parser.add_argument(
        "--network",
        default="user",
        metavar="NAME",
        help=f"{', '.join(NETWORKS)} (%(default)s): what is at the other end of the cable, see docs/networks.md; "
        "without a host peer idle time is skipped unless a person is there",
    )
    parser.add_argument("--http-port", type=int, metavar="PORT", help="host port of the page (any free one)")
    parser.add_argument("--ws-port", type=int, metavar="PORT", help="host port of the WebSocket (any free one)")
    add_end_options(parser)
    parser.add_argument("--seed", type=int, default=1, metavar="N", help="seed of the random source (%(default)s)")


def add_end_options(parser: argparse.ArgumentParser) -> None:
    """Adds --for and --until."""
    parser.add_argument("--for", dest="seconds", type=seconds, metavar="SECONDS", help="end after virtual seconds")
    parser.add_argument("--until", type=regex, metavar="REGEX", help="end with 0 when seen, with 1 when not")


def network(args: argparse.Namespace) -> Network:
    """The network that the options ask for. Raises UsageError."""
    ports = {name: port for name, port in (("http", args.http_port), ("ws", args.ws_port)) if port is not None}
    if not ports:
        return choose(args.network)
    if args.network != "user":
        raise UsageError(f"--http-port and --ws-port need network user, not {args.network}")
    return UserNetwork(ports)


def seconds(text: str) -> float:
    """Virtual seconds as an option's value."""
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 < value < 1e9:
        raise argparse.ArgumentTypeError(f"expected seconds above 0, found {text!r}")
    return value


def regex(text: str) -> re.Pattern[str]:
    """A regular expression as an option's value."""
    try:
        return re.compile(text, re.MULTILINE)
    except re.error as error:
        raise argparse.ArgumentTypeError(f"not a regular expression: {text!r}: {error}") from error
