# SPDX-License-Identifier: MIT
"""Autobahn's client itself, against a WebSocket server of this process: in its own time, and when things go wrong."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.server import Server, ServerConnection, serve

from pic32bench.conformance.client import ClientError, FuzzingClient
from pic32bench.conformance.environment import environment, find_python2
from pic32bench.conformance.results import DEFAULT_CASES, Grade, chosen
from pic32bench.errors import UsageError

ACCEPT = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # RFC 6455 1.3


@pytest.fixture(scope="module")
def python() -> Path:
    try:
        return environment(find_python2())
    except UsageError as error:
        pytest.skip(error.message)


@pytest.fixture(scope="module")
def client(python: Path) -> Iterator[FuzzingClient]:
    with FuzzingClient(python, "this process") as client:
        yield client


@contextmanager
def listening(talk: Callable[[ServerConnection], None]) -> Iterator[str]:
    """The URL of a server."""
    server: Server = serve(talk, "127.0.0.1", 0, compression=None, max_size=None)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"ws://127.0.0.1:{server.socket.getsockname()[1]}/"
    finally:
        server.shutdown()
        thread.join()


def echo(connection: ServerConnection) -> None:
    with suppress(ConnectionClosed):
        for message in connection:
            connection.send(message)


def shouts(connection: ServerConnection) -> None:
    for message in connection:
        connection.send(f"{message}!")


class Time:
    """Passes by a quarter of a second whenever somebody looks; ``looks`` counts that."""

    def __init__(self, step: float = 0.25) -> None:
        self.step, self.looks = step, 0

    def __call__(self) -> float:
        self.looks += 1
        return self.looks * self.step


def test_301_cases_without_those_of_compression(client: FuzzingClient) -> None:
    assert client.version == "0.8.2"
    assert client.sections["6"] == "UTF-8 Handling"
    assert len(chosen(client.cases, DEFAULT_CASES)) == 301


def test_grades_and_the_report(client: FuzzingClient, tmp_path: Path) -> None:
    with listening(echo) as url:
        for case in ("1.1.2", "2.5", "3.1", "6.3.1", "7.9.1"):
            result = client.run(case, url, Time())
            assert result.grade == Grade("OK", "OK"), result
            assert result.opened
    with listening(shouts) as url:
        found = client.run("1.1.1", url, Time()), client.run("1.1.2", url, Time())
    assert [result.grade.behavior for result in found] == ["FAILED", "FAILED"]
    assert found[1].said == "Actual events differ from any expected."
    client.report(tmp_path / "report")
    graded = json.loads((tmp_path / "report" / "index.json").read_text())["this process"]
    assert graded["1.1.2"]["behavior"] == "FAILED"  # the last time counts
    assert graded["2.5"]["behavior"] == "OK"
    assert "Case 2.5" in (tmp_path / "report" / "index.html").read_text()


def test_timeouts_count_in_the_time_of_who_is_tested(client: FuzzingClient) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as silent:
        url = f"ws://127.0.0.1:{silent.getsockname()[1]}/"
        time = Time(1000.0)
        assert not client.run("1.1.1", url, time).opened
        # Its 5 s pass in small steps, so that an answer which is there is not late, however late the look.
        assert time.looks >= 5.0 / 0.1


def test_a_time_that_stands_still_ends_a_case_too(client: FuzzingClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pic32bench.conformance.client._SLOWEST", 1.0)
    over = threading.Event()
    with listening(lambda connection: over.wait() and None) as url:
        result = client.run("1.1.1", url, lambda: 1.0)
        over.set()
    assert result.opened
    assert result.grade.behavior == "FAILED"


def test_a_server_that_breaks_the_protocol_twice_and_reads_nothing(client: FuzzingClient) -> None:
    over = threading.Event()

    def serve_once(server: socket.socket) -> None:
        connection, _ = server.accept()
        with connection, connection.makefile("rb") as lines:
            fields = dict(
                line.split(b": ", 1) for line in iter(lambda: lines.readline().rstrip(), b"") if b": " in line
            )
            key = base64.b64encode(hashlib.sha1(fields[b"Sec-WebSocket-Key"] + ACCEPT).digest())
            head = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            connection.sendall(head + b"Sec-WebSocket-Accept: " + key + b"\r\n\r\n" + 2 * b"\x83\x00")
            over.wait()

    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        thread = threading.Thread(target=serve_once, args=(server,))
        thread.start()
        result = client.run("9.1.6", f"ws://127.0.0.1:{server.getsockname()[1]}/", Time())
        over.set()
        thread.join()
    assert result.grade.behavior == "FAILED"  # Autobahn alone would wait for ever until all is sent


def test_nobody_there(client: FuzzingClient) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        port = server.getsockname()[1]
    result = client.run("1.1.1", f"ws://127.0.0.1:{port}/", Time())
    assert not result.opened
    assert "refused" in result.said


def test_a_client_that_is_gone(python: Path) -> None:
    with FuzzingClient(python, "x") as client:
        os.kill(client._process.pid, signal.SIGKILL)
        with pytest.raises(ClientError, match="^Autobahn's client has ended: "):
            client.run("1.1.1", "ws://127.0.0.1:9/", Time())
    assert client._process.returncode == -signal.SIGKILL


def test_a_python_without_autobahn() -> None:
    with pytest.raises(ClientError, match="^Autobahn's client has ended: .*rror"):
        FuzzingClient(find_any_python(), "x")


def find_any_python() -> Path:
    return Path("/usr/bin/env").resolve().with_name("python3")
