# SPDX-License-Identifier: MIT
"""RFC 6455 section 4: the opening handshake, on the wire. Its parser alone is tested in bench/tests/firmware."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from .raw import ACCEPT, KEY, Client, Opcode, frame, request

Connect = Callable[[], Client]


def test_the_answer(connect: Connect) -> None:
    """4.2.2: 101, and the digest of the key; no extension and no subprotocol was asked for."""
    client = connect()
    client.send(request())
    status, *fields = client.answer().split("\r\n")
    assert status == "HTTP/1.1 101 Switching Protocols"
    assert sorted(fields) == ["", "", "Connection: Upgrade", f"Sec-WebSocket-Accept: {ACCEPT}", "Upgrade: websocket"]


@pytest.mark.parametrize(
    "more",
    [
        "Sec-WebSocket-Protocol: chat, superchat\r\n",
        "Sec-WebSocket-Extensions: permessage-deflate; x=10\r\n",
    ],
)
def test_what_is_offered_is_declined(connect: Connect, more: str) -> None:
    """4.2.2, 9.1: a server that names no subprotocol and no extension takes none."""
    client = connect()
    client.send(request(more=more))
    answer = client.answer()
    assert answer.startswith("HTTP/1.1 101")
    assert "Sec-WebSocket-Protocol" not in answer
    assert "Sec-WebSocket-Extensions" not in answer


@pytest.mark.parametrize(
    "good",
    [
        request(Upgrade="WebSocket", Connection="UPGRADE"),
        request(Upgrade="h2c, websocket", Connection="keep-alive , Upgrade"),
        request(Connection="keep-alive", more="connection: upgrade\r\n"),
        request(Upgrade="foo/2", more="upgrade: websocket\r\n"),
        request().replace(b"Sec-WebSocket-Key", b"SEC-WEBSOCKET-KEY").replace(b"Host", b"hOST"),
        request(Sec_WebSocket_Key=f" \t{KEY}\t "),
        request(Origin="http://example.com", Cookie="c=" + 3000 * "x", User_Agent='"quoted, text"'),
        request("GET /echo?id=1&to=/x HTTP/1.1"),
        request("GET http://board:8088/echo HTTP/1.1"),
        request("GET HTTPS://board/echo?x HTTP/1.1"),
        request("GET /echo HTTP/1.2"),
        b"\r\n" + request(),
        request().replace(b"\r\n", b"\n"),
    ],
    ids=lambda head: head[:40].decode(),
)
def test_every_form_of_a_good_request(connect: Connect, good: bytes) -> None:
    """4.2.1; RFC 9110 5.3 and 7.8: names in any case, lists, fields that come again; RFC 9112 2.2 and 3.2.2."""
    client = connect()
    client.send(good)
    assert client.answer().startswith("HTTP/1.1 101")
    client.send(frame(Opcode.TEXT, b"here?"))
    client.echoes(Opcode.TEXT, b"here?")


@pytest.mark.parametrize(
    ("bad", "status"),
    [
        (request("GET /echo HTTP/1.0"), 400),
        (request("GET /echo HTTP/2.0"), 400),
        (request("GET /echo"), 400),
        (request("GET  /echo HTTP/1.1"), 400),
        (request(Host=None), 400),
        (request(Host=""), 400),
        (request(more="Host: again\r\n"), 400),
        (request(Sec_WebSocket_Key=None), 400),
        (request(Sec_WebSocket_Key=""), 400),
        (request(Sec_WebSocket_Key="dG9vIHNob3J0"), 400),
        (request(Sec_WebSocket_Key="not/base64/but/22/chr!=="), 400),
        (request(Sec_WebSocket_Key=KEY + "AA=="), 400),
        (request(Sec_WebSocket_Key=f"{KEY}, {KEY}"), 400),
        (request(more=f"Sec-WebSocket-Key: {KEY}\r\n"), 400),
        (request(more="Sec-WebSocket-Version: 13\r\n"), 400),
        (request(more=" folded: line\r\n"), 400),
        (request(more="Bad Name: x\r\n"), 400),
        (request(more="Name : x\r\n"), 400),
        (request(more="no colon\r\n"), 400),
        (request(more="Name(: x\r\n"), 400),
        (request(more="Name: \x00\r\n"), 400),
        (request(more="Name: a\rb\r\n"), 400),
        (request("GET / HTTP/1.1"), 404),
        (request("GET /Echo HTTP/1.1"), 404),
        (request("GET /echo/ HTTP/1.1"), 404),
        (request("GET http://board HTTP/1.1"), 404),
        (request("GET * HTTP/1.1"), 404),
        (request("POST /echo HTTP/1.1"), 405),
        (request("HEAD /echo HTTP/1.1"), 405),
        (request("get /echo HTTP/1.1"), 405),
        (request(Upgrade=None), 426),
        (request(Upgrade="web socket"), 426),
        (request(Connection=None), 426),
        (request(Connection="close"), 426),
        (request(Sec_WebSocket_Version=None), 426),
        (request(Sec_WebSocket_Version="8"), 426),
        (request(Sec_WebSocket_Version="14"), 426),
        (request(Sec_WebSocket_Version="8, 13"), 426),
        (request(Cookie="c=" + 9000 * "x"), 431),
        (b"\x16\x03\x01\x02\x00\x01\x00", 400),
    ],
    ids=lambda value: value[:60].decode("latin-1") if isinstance(value, bytes) else str(value),
)
def test_every_bad_request_gets_its_status(connect: Connect, bad: bytes, status: int) -> None:
    """4.2.1, 4.2.2, 4.4; and a refusal ends the connection without a reset, though the request was longer than read."""
    client = connect()
    client.send(bad)
    assert client.status() == status


@pytest.mark.parametrize(
    ("bad", "fields"),
    [
        (request("PUT /echo HTTP/1.1"), {"Allow: GET"}),
        (
            request(Upgrade=None),
            {"Sec-WebSocket-Version: 13", "Upgrade: websocket", "Connection: Upgrade"},
        ),
    ],
)
def test_a_refusal_says_what_would_do(connect: Connect, bad: bytes, fields: set[str]) -> None:
    """RFC 9110 15.5.6 and 15.5.22, RFC 6455 4.4."""
    client = connect()
    client.send(bad)
    assert fields <= set(client.answer().split("\r\n"))


def test_frames_right_behind_the_request(connect: Connect) -> None:
    """4.1: a client may not, but TCP may bring it all at once once it is open."""
    client = connect().open(frame(Opcode.TEXT, b"one") + frame(Opcode.PING, b"two") + frame(Opcode.BINARY, b"three"))
    client.echoes(Opcode.TEXT, b"one")
    assert client.frame().payload == b"two"
    client.echoes(Opcode.BINARY, b"three")


@pytest.mark.parametrize("step", [1, 2, 7])
def test_a_request_in_crumbs(connect: Connect, step: int) -> None:
    client = connect()
    client.send_slowly(request(), step)
    assert client.answer().startswith("HTTP/1.1 101")


def test_a_request_cut_at_every_byte(connect: Connect) -> None:
    head = request("GET /echo HTTP/1.1", Origin=None)
    for cut in range(1, len(head)):
        client = connect()
        client.send(head[:cut])
        client.connection.flush()
        client.send(head[cut:] + frame(Opcode.TEXT, b"x"))
        assert client.answer().startswith("HTTP/1.1 101")
        client.echoes(Opcode.TEXT, b"x")
        client.connection.abort()


def test_a_request_that_never_ends_is_given_up(connect: Connect) -> None:
    client = connect()
    client.send(request()[:-2])
    begin = client.connection.clock.now
    assert client.connection.recv(timeout=15) == b""
    assert client.connection.clock.now - begin > 9
