# SPDX-License-Identifier: MIT
"""The stream client against a small server that behaves like the board."""

import itertools
import socket
import threading
import time
from collections.abc import Iterator
from http import HTTPStatus

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response
from websockets.sync.server import Server, ServerConnection, serve

from pic32bench.errors import UsageError
from pic32bench.stream import judge
from pic32bench.stream.client import (
    Deadline,
    StreamClient,
    StreamClosedError,
    StreamConnectError,
    StreamTimeoutError,
)

from .streams import messages, ramp


class Board:
    """Echoes everything; streams a ramp between StartStream and StopStream; breaks off after reset."""

    def __init__(self) -> None:
        self.commands: list[str | bytes] = []
        self.server: Server = serve(self.talk, "127.0.0.1", 0, process_request=self.check, compression=None)
        self.port: int = self.server.socket.getsockname()[1]
        self.thread = threading.Thread(target=self.server.serve_forever)
        self.thread.start()

    @staticmethod
    def check(connection: ServerConnection, request: Request) -> Response | None:
        return None if request.path == "/echo" else connection.respond(HTTPStatus.NOT_FOUND, "no")

    def talk(self, connection: ServerConnection) -> None:
        frames = itertools.cycle(messages(ramp(8192)))
        streaming = False
        try:
            while True:
                if streaming:
                    connection.send(next(frames))
                try:
                    message = connection.recv(0.001 if streaming else None)
                except TimeoutError:
                    continue
                self.commands.append(message)
                connection.send(message)
                if message in ("StartStream", "StopStream"):
                    streaming = message == "StartStream"
                if message == "mute":
                    connection.recv()
                if message == "reset":
                    connection.socket.shutdown(socket.SHUT_RDWR)
                if message == "bye":
                    connection.close(1001)
        except ConnectionClosed:
            pass

    def close(self) -> None:
        self.server.shutdown()
        self.thread.join()


@pytest.fixture
def board() -> Iterator[Board]:
    board = Board()
    yield board
    board.close()


def test_a_stream_is_collected_and_stopped(board: Board) -> None:
    with StreamClient(port=board.port) as client:
        client.start()
        assert judge(client.collect(frames=50)).is_ramp
        assert len(client.collect(values=41)) == 11
        client.set_delay(20)
        client.stop()
        client.drain()
        assert client.listen(0.1) == []
    assert board.commands == ["StartStream", "SetDelay 20", "StopStream"]
    assert not client.connected


def test_echoes_are_no_part_of_the_stream(board: Board) -> None:
    with StreamClient(port=board.port) as client:
        client.start()
        assert client.echo("hello") == "hello"
        assert client.echo(b"\x00\xff") == b"\x00\xff"
        client.stop()
        stream = client.listen(0.1)
    assert len(stream) > 0
    assert judge([*stream, *messages(ramp(40, 16_000 * len(stream)))]).is_ramp


def test_text_is_no_echo_of_binary(board: Board) -> None:
    with StreamClient(port=board.port) as client:
        client.send("12")
        assert client.echo(b"12") == b"12"
        assert client.drain() == ["12"]


def test_receipt_times_rise(board: Board) -> None:
    with StreamClient(port=board.port) as client:
        client.start()
        first, second = client.receive(), client.receive()
    assert first.at_wall <= second.at_wall <= time.monotonic()


def test_drain_leaves_nothing_old(board: Board) -> None:
    with StreamClient(port=board.port) as client:
        client.send("old")
        client.echo("new")
        assert client.drain() == ["old"]
        assert client.drain() == []


def test_catching_up_waits_for_what_is_on_its_way(board: Board) -> None:
    with StreamClient(port=board.port) as client:
        for number in range(100):
            client.send(f"old {number}")
        assert client.catch_up() == [f"old {number}" for number in range(100)]
        assert client.catch_up() == []


def test_refused_is_one_line_at_once() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
        began = time.monotonic()
        with pytest.raises(StreamConnectError, match=r"Connection refused.*listening\?") as raised:
            StreamClient(port=port).connect()
    assert time.monotonic() - began < 5
    assert f"ws://127.0.0.1:{port}/echo" in str(raised.value)
    assert "\n" not in str(raised.value)


def test_closed_before_the_handshake_is_one_line() -> None:
    """What QEMU's user network does when the guest refuses: accept, then close."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=lambda: server.accept()[0].close())
        thread.start()
        with pytest.raises(StreamConnectError, match="closed before the handshake") as raised:
            StreamClient(port=server.getsockname()[1]).connect()
        thread.join()
    assert "\n" not in str(raised.value)


def test_a_silent_server_is_given_up() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        client = StreamClient(port=server.getsockname()[1], handshake_wall=0.2)
        with pytest.raises(StreamConnectError, match=r"no answer to the handshake within 0\.2 s"):
            client.connect()
        assert not client.connected


def test_another_path_is_404(board: Board) -> None:
    with pytest.raises(StreamConnectError, match="answered HTTP 404"):
        StreamClient(port=board.port, path="/other").connect()


def test_patience_waits_for_a_server_that_comes_later() -> None:
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    attempts: list[float] = []

    def now() -> float:  # the server starts to listen when the client has asked for the third time
        attempts.append(0.0)
        if len(attempts) == 3:
            listener.listen()
            thread.start()
        return float(len(attempts))

    def answer() -> None:
        server = serve(lambda connection: None, sock=listener)
        servers.append(server)
        server.serve_forever()

    servers: list[Server] = []
    thread = threading.Thread(target=answer)
    with StreamClient(port=port, now=now).connect(patience=1000) as client:
        assert client.connected
    servers[0].shutdown()
    thread.join()


def test_a_reset_board_is_told(board: Board) -> None:
    with StreamClient(port=board.port) as client:
        client.reset()
        with pytest.raises(StreamClosedError, match=r"broke without a close frame.*reset command"):
            client.receive()
        client.close()
        assert client.connect().echo("again") == "again"


def test_a_close_code_is_told(board: Board) -> None:
    with StreamClient(port=board.port) as client:
        client.send("bye")
        with pytest.raises(StreamClosedError, match=r"code 1001, after 1 message"):
            client.collect(frames=2)


def test_time_out_says_what_came(board: Board) -> None:
    with StreamClient(port=board.port) as client:
        client.send("one")
        client.echo("mute")
        with pytest.raises(StreamTimeoutError, match=r"1 of 2 stream messages within 0.1 s \(wall\), the last 'one'"):
            client.collect(frames=2, timeout=0.1)
        with pytest.raises(StreamTimeoutError, match="no echo of 'two' within"):
            client.echo("two", timeout=0.1)


def test_virtual_time_ends_the_wait(board: Board) -> None:
    clock = itertools.count(0.0, 0.5)
    with StreamClient(port=board.port, now=lambda: next(clock)) as client:
        began = time.monotonic()
        with pytest.raises(StreamTimeoutError, match=r"within 3 s \(virtual\)"):
            client.collect(frames=1, timeout=3)
    assert time.monotonic() - began < 2


def test_wall_time_is_the_backstop_when_virtual_time_stands_still(board: Board) -> None:
    client = StreamClient(port=board.port, now=lambda: 7.0, backstop_wall=0.2)
    with client, pytest.raises(StreamTimeoutError, match=r"0.7 s \(wall; virtual time is 0.1 s short"):
        client.collect(frames=1, timeout=0.1)


def test_wrong_use_is_one_line(board: Board) -> None:
    client = StreamClient(port=board.port)
    with pytest.raises(StreamClosedError, match="connect first"):
        client.send("x")
    with client:
        with pytest.raises(UsageError, match="already open"):
            client.connect()
        with pytest.raises(UsageError, match="either frames or values"):
            client.collect()
        with pytest.raises(UsageError, match="from 0 on"):
            client.set_delay(-1)


def test_a_deadline_without_clock_is_wall_time() -> None:
    assert Deadline(0.0, None, 99.0).slice() == 0.0
    assert Deadline(5.0, None, 0.0).slice() > 4.0
