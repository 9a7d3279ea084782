# SPDX-License-Identifier: MIT
"""The cable is out for half a minute: the board keeps its address, whoever gave it, and its connections go on."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from pic32bench import Board
from pic32bench.network.station import LEASED, Station
from pic32bench.stream import judge
from pic32bench.stream.client import StreamClient

OWN = "169.254.97.179"


@pytest.mark.parametrize(("dhcp", "address"), [(True, LEASED), (False, OWN)])
def test_a_stream_outlives_a_cable_that_is_out(start_board: Callable[..., Board], dhcp: bool, address: str) -> None:
    board = start_board(network="wire", quantum=0.02)
    Station(board.network, dhcp=dhcp)
    board.console.wait_for_line(f"IP Address: {address}", timeout=20)
    with StreamClient.of(board) as stream:
        stream.start()
        stream.collect(frames=10)
        board.panel.press("SW1")
        board.run_for(0.2)
        stream.catch_up()
        said = len(board.console.text)
        board.panel.unplug_cable()
        board.run_for(30)
        board.panel.plug_cable()
        board.run_for(5)
        assert "IP Address" not in board.console.text[said:], "it has lost its address, or taken another"
        assert judge(stream.collect(frames=500)).is_ramp, "from before the cable was out to long after it"
        assert stream.echo(b"still there") == b"still there"
    board.console.write_line("netinfo")
    board.console.wait_for_line(f"IP address:  {address} ({'DHCP' if dhcp else 'AutoIP'})")
