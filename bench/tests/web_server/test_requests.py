# SPDX-License-Identifier: MIT
"""What the web server answers. After every test the board still serves its page, and lwIP's pools are as before."""

from __future__ import annotations

import gzip
from collections.abc import Callable

from pic32bench import Board
from pic32bench.network.station import LEASED
from pic32bench.page import fetch_with_parts

from .conftest import PATIENCE, Answer, Talk

New = Callable[[], Talk]
HEAD_MAX = 8192


def get(target: str = "/", *fields: str, method: str = "GET", version: str = "HTTP/1.1") -> bytes:
    """A request with Host and these fields."""
    return "\r\n".join([f"{method} {target} {version}", "Host: board", *fields, "", ""]).encode("latin-1")


def ask(talk: Talk, request: bytes, method: str = "GET") -> Answer:
    """The one answer to a request, after which the connection is closed at once."""
    begin = talk.board.time
    (answer,) = talk.send(request).listen().answers(method)
    assert talk.end == "closed"
    assert talk.board.time - begin < 1
    return answer


TYPES = {
    "/": "text/html; charset=utf-8",
    "/chart/ws_realtime.html": "text/html; charset=utf-8",
    "/scope.js": "text/javascript; charset=utf-8",
    "/uPlot.iife.min.js": "text/javascript; charset=utf-8",
    "/scope.css": "text/css; charset=utf-8",
    "/icon.svg": "image/svg+xml",
}


def test_files_with_and_without_compression(talk: New) -> None:
    for path, content_type in TYPES.items():
        plain = ask(talk(), get(path, "Connection: close"))
        packed = ask(talk(), get(path, "Connection: close", "Accept-Encoding: gzip, br"))
        for answer in (plain, packed):
            assert answer.status == 200
            assert answer.fields["content-type"] == content_type
            assert answer.fields["x-content-type-options"] == "nosniff"
            assert answer.fields["vary"] == "Accept-Encoding"
        assert "content-encoding" not in plain.fields
        assert packed.fields["content-encoding"] == "gzip"
        assert gzip.decompress(packed.body) == plain.body
        assert len(packed.body) < len(plain.body)


def test_head_is_get_without_the_body(talk: New) -> None:
    for path, encoding in (("/", "identity"), ("/", "gzip"), ("/nothing", "gzip")):
        fields = ("Connection: close", f"Accept-Encoding: {encoding}")
        full = ask(talk(), get(path, *fields))
        only = ask(talk(), get(path, *fields, method="HEAD"), "HEAD")
        assert (only.status, only.fields) == (full.status, full.fields)


ONCE = [
    (get("/nothing", "Connection: close"), 404),
    (get(method="POST"), 405),
    (get("/", "Content-Length: 5", method="POST") + b"hello", 405),
    (get("/", "Transfer-Encoding: chunked", method="POST") + b"5\r\nhello\r\n0\r\n\r\n", 405),
    (get("/", "Expect: 100-continue", "Content-Length: 5", method="PUT"), 405),
    (get("*", method="OPTIONS"), 405),
    (get("board:80", method="CONNECT"), 405),
    (get(method="TRACE"), 405),
    (get(method="BREW"), 501),
    (b"GET /\r\n\r\n", 400),  # HTTP/0.9
    (b"GET / HTTP/1.1\r\n\r\n", 400),  # no Host
    (b"\0" * 100 + b"\r\n\r\n", 400),
    (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc" + bytes(508), 400),  # TLS
    (get("/", "Content-Length: -1"), 400),
    (get("/", "Content-Length: 99999999999999999999"), 200),  # a body that never comes
    (get("/", "Content-Length: 5") + b"hello", 200),
    (get("/", "Transfer-Encoding: chunked") + b"zzz\r\n", 200),
    (get(version="HTTP/3.0"), 505),
    (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes(9), 505),
    (get("/" + HEAD_MAX * "a"), 414),
    (get("/", "X: " + HEAD_MAX * "x"), 431),
    (b"GET / HTTP/1.1\r\n" + 3000 * b"X:y\r\n", 431),
]


def test_what_is_answered_once_and_closed(talk: New) -> None:
    for request, status in ONCE:
        answer = ask(talk(), request)
        assert (answer.status, request) == (status, request)
        assert answer.fields.get("connection") == (None if status in (200, 404) else "close")
        if status == 405:
            assert answer.fields["allow"] == "GET, HEAD"
        if status != 200:
            assert str(status) in answer.text


NOWHERE = [
    *("/../", "/../scope.css", "/%2e%2e/scope.css", "/..%2fscope.css", "//scope.css", "/./scope.css", "/..\\scope.css"),
    *("/%5c..%5cscope.css", "/chart/../scope.css", "/scope.css/", "/scope.css%20", "http://board/../scope.css"),
    *("/" + 60 * "../" + "etc/passwd", "/refusal.html", "/chart/", "/chart", "/index.htm", "/SCOPE.CSS"),
]


def test_no_way_leads_beside_the_files(talk: New) -> None:
    found = {path: ask(talk(), get(path, "Connection: close")).status for path in NOWHERE}
    assert found == dict.fromkeys(NOWHERE, 404)


def test_names_of_a_file(talk: New) -> None:
    css = ask(talk(), get("/scope.css", "Connection: close"))
    for path in ("/scope.css?v=2", "/%73cope%2Ecss", "http://other.example/scope.css", "HTTP://x/scope.css?"):
        assert ask(talk(), get(path, "Connection: close")) == css


def test_a_head_as_browsers_send_it_with_many_cookies(talk: New) -> None:
    fields = [f"Cookie: {'c' * 1500}", f"User-Agent: {'u' * 1500}", f"Referer: {'r' * 4000}", "Accept-Encoding: gzip"]
    assert ask(talk(), get("/", *fields, "Connection: close")).fields["content-encoding"] == "gzip"


def test_one_connection_serves_the_whole_page(board: Board, talk: New) -> None:
    open_one = talk()
    for _ in range(3):
        for path in ("/", "/scope.css", "/nothing", "/uPlot.iife.min.js", "/scope.js"):
            open_one.received = b""
            open_one.send(get(path)).listen(0.5)
            assert open_one.end == "open"
            (answer,) = open_one.answers()
            assert answer.status == (404 if path == "/nothing" else 200)


def test_requests_that_come_at_once_are_answered_in_their_order(talk: New) -> None:
    paths = ["/", "/nothing", "/scope.css", "/uPlot.iife.min.js", "/icon.svg"]
    requests = b"".join(get(path) for path in paths[:-1]) + get(paths[-1], "Connection: close")
    alone = [ask(talk(), get(path, "Connection: close")) for path in paths]
    together = talk().send(requests).listen()
    assert together.answers() == alone
    in_crumbs = talk()
    for byte in requests[:160]:
        in_crumbs.send(bytes([byte]))
        in_crumbs.board.run_for(0.001)
    assert in_crumbs.send(requests[160:]).listen().answers() == alone


def test_more_requests_than_can_wait_are_not_answered_wrongly(talk: New) -> None:
    one = ask(talk(), get("/uPlot.iife.min.js", "Connection: close"))
    flood = talk().send(200 * get("/uPlot.iife.min.js")).listen(60)
    answers = flood.answers()
    assert answers
    assert set(map(repr, answers)) == {repr(one)}
    assert flood.end == "closed"


def test_a_request_split_at_every_byte(talk: New) -> None:
    request = get("/icon.svg", "Connection: close")
    whole = ask(talk(), request)
    for place in range(1, len(request)):
        split = talk().send(request[:place])
        split.board.run_for(0.002)
        assert ask(split, request[place:]) == whole


def test_six_connections_at_once(board: Board) -> None:
    six = [Talk(board) for _ in range(6)]
    for each in six:
        each.send(get("/uPlot.iife.min.js", "Connection: close"))
    bodies = {each.listen().answers()[0].body for each in six}
    assert len(bodies) == 1
    assert {each.end for each in six} == {"closed"}


def test_the_page_and_all_its_parts(board: Board) -> None:
    parts = fetch_with_parts(f"http://{LEASED}/", station=board.station)
    assert {part.status for part in parts} == {200}
    assert len(parts) == 6


def test_an_idle_connection_is_closed(board: Board, talk: New) -> None:
    begin = board.time
    idle = talk().send(get()).listen()
    assert (idle.end, idle.answers()[0].status) == ("closed", 200)
    assert PATIENCE - 2 <= board.time - begin <= PATIENCE + 1
