# SPDX-License-Identifier: MIT
"""The TCP/IP station of network ``wire``: HTTP and WebSocket in the board's own time."""

from __future__ import annotations

import gzip
import json
import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import pic32bench
from pic32bench import Board, UsageError, paths
from pic32bench.network import WireNetwork
from pic32bench.network.stack import Stack, State
from pic32bench.network.station import LEASED, Connection, Station
from pic32bench.page import PageError, fetch, fetch_with_parts, way_to
from pic32bench.stream import judge
from pic32bench.stream.client import StreamClient, StreamClosedError, StreamConnectError, StreamTimeoutError

pytestmark = pytest.mark.board(network="wire", quantum=0.02)
REQUEST = b"GET /scope.css HTTP/1.1\r\nHost: board\r\nAccept-Encoding: gzip\r\n\r\n"


@pytest.fixture
def board(start_board: Callable[..., Board]) -> Board:
    """A board with an address from the station's DHCP server."""
    board = start_board()
    Station(board.network, dhcp=True)
    board.console.wait_for_line(f"IP Address: {LEASED}")
    return board


@pytest.fixture
def connection(board: Board) -> Connection:
    """A connection to the web server."""
    return board.station.connect(LEASED, 80)


def answer(connection: Connection) -> bytes:
    """The web server's answer to REQUEST."""
    connection.sendall(REQUEST)
    data = b""
    while b"\r\n\r\n" not in data:
        data += connection.recv()
    head, _, body = data.partition(b"\r\n\r\n")
    length = next(int(line.split()[1]) for line in head.splitlines() if line.startswith(b"Content-Length"))
    while len(body) < length:
        body += connection.recv()
    return gzip.decompress(body)


def test_dhcp_gives_the_address_and_the_board_answers_ping(board: Board) -> None:
    assert board.station.board_address() == LEASED
    seconds = board.station.ping(LEASED)
    assert seconds is not None
    # Two frames of 102 bytes with preamble and FCS take 18 us; the rest is the firmware's.
    assert 18e-6 < seconds < 1e-3
    assert board.station.ping("10.0.2.77", timeout=2) is None


def test_page_and_all_its_parts(board: Board) -> None:
    url, station = way_to(board)
    page, *parts = fetch_with_parts(url, station=station)
    assert page.status == 200
    assert {part.status for part in parts} == {200}
    assert len(parts) >= 4
    assert fetch(url + "nothing", station=station).status == 404
    assert station is not None
    assert station.connections == {}  # none is left open


def test_a_page_that_nobody_serves(board: Board) -> None:
    with pytest.raises(PageError, match="refuses connections to port 81"):
        fetch(f"http://{LEASED}:81/", station=board.station)
    board.panel.unplug_cable()
    begin = board.time
    with pytest.raises(PageError, match="does not answer on port 80 within 10 s"):
        fetch(f"http://{LEASED}/", station=board.station)
    assert board.time == pytest.approx(begin + 10)
    assert board.station.connections == {}


def test_bytes_come_and_go_as_over_a_socket(board: Board, connection: Connection) -> None:
    assert answer(connection).startswith(b"/*")
    connection.flush()
    begin = board.time
    with pytest.raises(TimeoutError, match="nothing came from the board within 0.5 s"):
        connection.recv(timeout=0.5)
    assert board.time == pytest.approx(begin + 0.5)
    connection.close()
    with pytest.raises(OSError, match="closed"):
        connection.sendall(b"x")
    connection.close()


def test_a_peer_that_does_not_read_holds_the_board_up(board: Board) -> None:
    def sent() -> int:
        return sum(len(frame.data) for frame in board.network.frames if frame.from_board and len(frame.data) > 100)

    message = bytes(range(256)) * 800
    with StreamClient.of(board) as stream:
        (connection,) = board.station.connections.values()
        connection.reading = False
        before = sent()
        stream.send(message)
        board.run_for(2)
        assert 50_000 < sent() - before < 80_000  # about the window of 65535 bytes
        connection.reading = True
        assert stream.receive().message == message


def test_a_board_that_starts_again_resets_the_connection(board: Board, connection: Connection) -> None:
    board.reset()
    board.console.wait_for_line(f"IP Address: {LEASED}")
    with pytest.raises(ConnectionResetError, match="the board reset the connection"):
        answer(connection)
    assert connection.state is State.RESET


def test_stream_and_echo(board: Board) -> None:
    with StreamClient.of(board) as stream:
        stream.set_delay(5)
        stream.start()
        assert judge(stream.collect(frames=64)).is_noise
        board.panel.press("SW1")
        board.run_for(0.1)
        stream.catch_up()
        assert judge(stream.collect(frames=64)).is_ramp
        stream.stop()
        assert stream.listen(0.5) == []
        big = bytes(range(256)) * 400
        assert stream.echo(big) == big
        assert stream.echo("\u00e4" * 500) == "\u00e4" * 500
        with pytest.raises(StreamTimeoutError, match=r"0 of 1 stream messages within 2 s \(virtual\)"):
            stream.receive(timeout=2)


def test_what_a_websocket_client_is_told(board: Board) -> None:
    with pytest.raises(StreamConnectError, match="answered HTTP 404, not 101"):
        StreamClient.of(board, path="/nothing").connect()
    with pytest.raises(StreamConnectError, match="port 81: is the board up and its WebSocket server listening"):
        StreamClient(LEASED, 81, station=board.station).connect()
    stream = StreamClient.of(board).connect()
    stream.reset()
    board.console.wait_for_line(f"IP Address: {LEASED}")
    with pytest.raises(StreamClosedError, match="the reset command had been sent: connect again"):
        stream.echo("who is there?", timeout=60)
    board.panel.unplug_cable()
    with pytest.raises(StreamConnectError, match=r"no TCP connection within 5 s \(virtual\)"):
        StreamClient.of(board).connect()


def test_a_board_that_is_switched_off_leaves_nothing_of_its_station(start_board: Callable[..., Board]) -> None:
    def open_files() -> int:
        return sum("libstation" in str(path.resolve()) for path in Path("/proc/self/fd").iterdir())

    before = open_files()
    board = start_board()
    connection = StreamClient.of(board, timeout=20).connect()
    assert open_files() == before + 1
    board.close()
    assert open_files() == before
    connection.close()
    with pytest.raises(UsageError, match="the station is gone"):
        board.station.connect(LEASED, 80)
    killed = start_board()
    connection = StreamClient.of(killed, timeout=20).connect()
    os.kill(killed.emulator.pid, signal.SIGKILL)
    connection.close()


def test_station_of_another_network(start_board: Callable[..., Board]) -> None:
    with pytest.raises(UsageError, match="network none has no station: start the board with network wire"):
        assert start_board(network="none").station


def test_an_open_stream_goes_on_from_a_snapshot(board: Board, tmp_path: Path) -> None:
    def go_on(board: Board, stream: StreamClient) -> list[object]:
        taken: list[object] = [*stream.collect(frames=30), stream.echo(b"x" * 3000)]
        stream.close()
        return [*taken, board.panel.log(), board.network.frames]

    stream = StreamClient.of(board).connect()
    stream.set_delay(5)
    stream.start()
    stream.collect(frames=10)
    stream.send(bytes(6000))  # its echo comes in pieces, and is on its way
    board.run_for(0.0006)
    with pytest.raises(StreamTimeoutError):
        stream.receive(timeout=0)
    frozen = json.loads(json.dumps(stream.freeze()))
    assert frozen["websocket"]["parts"] or frozen["websocket"]["rest"]
    pic32bench.save(board, tmp_path / "moment")
    went_on = go_on(board, stream)
    with pic32bench.restore(tmp_path / "moment") as again:
        assert go_on(again, StreamClient.thaw(again, frozen)) == went_on


def test_what_cannot_be_in_a_snapshot(board: Board) -> None:
    stream = StreamClient.of(board)
    with pytest.raises(UsageError, match="only an open stream on network wire can be in a snapshot"):
        stream.freeze()
    stream.connect()
    stream.reset()
    board.console.wait_for_line(f"IP Address: {LEASED}")
    with pytest.raises(StreamClosedError):
        stream.echo("gone")
    with pytest.raises(UsageError, match="a WebSocket that is about to close cannot be in a snapshot"):
        stream.freeze()


def run_with_a_press(start_board: Callable[..., Board]) -> list[object]:
    board = start_board()
    with StreamClient.of(board, timeout=20) as stream:
        stream.start()
        stream.collect(frames=20)
        board.panel.press("SW1")
        stream.collect(frames=20)
    return [board.panel.log(), board.network.frames]


def test_two_runs_are_the_same_to_the_nanosecond(start_board: Callable[..., Board]) -> None:
    assert run_with_a_press(start_board) == run_with_a_press(start_board)


@pytest.fixture
def stacks() -> Iterator[Callable[[], Stack]]:
    """Makes stacks that are all alike."""
    made: list[Stack] = []

    def make() -> Stack:
        made.append(Stack("02:00:00:00:00:02", "10.0.2.2", "255.255.255.0", 7))
        return made[-1]

    yield make
    for stack in made:
        stack.close()


def test_a_thawed_stack_goes_on_as_the_frozen_one_did(
    board: Board, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    stack = board.station.stack
    answer(connection)
    state, before = stack.freeze(), len(stack.calls)
    outputs: list[list[bytes]] = []
    output = stack.output
    monkeypatch.setattr(stack, "output", lambda: outputs.append(output()) or outputs[-1])
    answer(connection)
    board.run_for(1)
    other = Stack("02:00:00:00:00:02", "10.0.2.2", "255.255.255.0", 1)
    other.thaw(state)
    replayed: list[bytes] = []
    for name, *arguments in stack.calls[before:]:
        other._call(name, *arguments)
        replayed += other.output()
    assert replayed == [frame for frames in outputs for frame in frames]
    assert replayed
    other.close()


def test_a_frozen_station_keeps_its_connections(board: Board, connection: Connection) -> None:
    connection.reading = False
    connection.sendall(REQUEST)
    board.run_for(0.1)
    wire = WireNetwork()
    wire.thaw(board.network.freeze())
    wire.attach(board.emulator, board.clock)
    station = wire.peer(Station)
    assert station is not None
    again = station.connections[connection.number]
    assert (again.state, again.reading) == (State.OPEN, False)
    assert station.board_address() == LEASED
    again.reading = True
    assert again.recv().startswith(b"HTTP/1.1 200 OK")


def test_stacks_do_not_share_what_they_know(stacks: Callable[[], Stack]) -> None:
    one, other = stacks(), stacks()
    one.input(0)
    other.input(0)
    assert one.connect("10.0.2.15", 80) == 0
    announced, asked = one.output()
    assert asked[28:42] == bytes([10, 0, 2, 2, *[0] * 6, 10, 0, 2, 15])  # ARP asks for the board
    assert other.output() == [announced]
    assert other.connect("10.0.2.15", 80) == 0
    assert other.output() == [asked]


def test_a_connection_that_nobody_answers_is_tried_again_at_exact_times(stacks: Callable[[], Stack]) -> None:
    stack = stacks()
    stack.input(0)
    stack.connect("10.0.2.15", 80)
    times, now = [], 0
    while stack.state(0) is State.CONNECTING:
        now = stack.next_ns() or 0
        stack.input(now)
        times += [now for _ in stack.output()]
    assert stack.state(0) is State.LOST
    assert times == sorted(times)
    assert all(time % 1_000_000 == 0 for time in times)


def test_the_library_is_not_built(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIC32BENCH_STATION", "/nowhere/libstation.so")
    with pytest.raises(UsageError, match="the station's TCP/IP stack is not at /nowhere/libstation.so"):
        Stack("02:00:00:00:00:02", "10.0.2.2", "255.255.255.0", 7)
    assert paths.project_root().is_dir()
