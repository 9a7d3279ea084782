# SPDX-License-Identifier: MIT
"""The web server's reader of requests, compiled for this machine. RFC 9112 and RFC 9110, by section."""

from __future__ import annotations

import ctypes
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

SOURCES = Path(__file__).resolve().parents[3] / "firmware" / "src"
HEAD_MAX = 8192
PATH_MAX = 32


class Request(ctypes.Structure):
    """struct http_request"""

    _fields_ = [
        *((name, ctypes.c_uint8) for name in ("part", "field", "version", "token_length", "path_length", "escaped")),
        *((name, ctypes.c_bool) for name in ("head_only", "return_seen")),
        *((name, ctypes.c_uint16) for name in ("seen", "refusal", "length")),
        ("token", ctypes.c_char * 20),
        ("path", ctypes.c_char * PATH_MAX),
    ]


@dataclass(frozen=True)
class Verdict:
    """What became of a request; ``used`` bytes belong to it."""

    done: bool
    used: int
    refusal: int = 0
    path: bytes = b""
    head_only: bool = False
    gzip: bool = False
    persists: bool = False


@pytest.fixture(scope="session")
def parser(tmp_path_factory: pytest.TempPathFactory) -> ctypes.CDLL:
    """The reader as a library of this machine, with the sanitizers' traps on."""
    compiler = shutil.which("cc")
    if compiler is None:
        pytest.skip("no C compiler (cc) on this machine")
    library = tmp_path_factory.mktemp("parser") / "http_request.so"
    command = [compiler, "-std=gnu11", "-O1", "-Wall", "-Wextra", "-Werror", "-fPIC", "-shared"]
    command += ["-fsanitize=undefined,bounds", "-fsanitize-undefined-trap-on-error"]
    subprocess.run([*command, str(SOURCES / "http_request.c"), "-o", str(library)], check=True)
    loaded = ctypes.CDLL(str(library))
    loaded.http_request_read.restype = ctypes.c_size_t
    for name in ("accepts_gzip", "persists"):
        getattr(loaded, f"http_request_{name}").restype = ctypes.c_bool
    return loaded


def read(parser: ctypes.CDLL, head: bytes, step: int = 100_000) -> Verdict:
    """Gives it the head in pieces of ``step`` bytes."""
    request, done, used = Request(), ctypes.c_bool(False), 0
    at = ctypes.byref(request)
    while used < len(head) and not done.value:
        piece = head[used : used + step]
        used += parser.http_request_read(at, piece, ctypes.c_size_t(len(piece)), ctypes.byref(done))
    if not done.value:
        return Verdict(False, used)
    return Verdict(
        True,
        used,
        parser.http_request_refusal(at),
        request.path,
        request.head_only,
        parser.http_request_accepts_gzip(at),
        parser.http_request_persists(at),
    )


def get(target: str = "/", *fields: str, version: str = "HTTP/1.1", method: str = "GET") -> bytes:
    """A request with Host and these fields."""
    return "\r\n".join([f"{method} {target} {version}", "Host: board", *fields, "", ""]).encode("latin-1")


@pytest.mark.parametrize("step", [1, 2, 7, 100_000])
def test_a_request_however_it_is_cut(parser: ctypes.CDLL, step: int) -> None:
    head = get("/scope.css?v=1", "User-Agent: " + 2000 * "x", "Accept-Encoding: br, gzip", "Cookie: " + 4000 * "c")
    verdict = read(parser, head + b"GET", step)
    assert verdict == Verdict(True, len(head), path=b"/scope.css", gzip=True, persists=True)


@pytest.mark.parametrize(
    ("target", "path"),
    [
        ("/", b"/"),
        ("/?start=no", b"/"),
        ("/%73cope.css", b"/scope.css"),  # RFC 3986 6.2.2.2
        ("/a%2Fb%2fc", b"/a/b/c"),
        ("http://board/scope.css?x", b"/scope.css"),  # 3.2.2: a server takes the whole address
        ("HTTP://user@board:80/a", b"/a"),
        ("http://board", b"/"),
        ("http://board?x/y", b"/"),
        ("//board/a", b"//board/a"),
        ("/../a", b"/../a"),
        ("/%2e%2e/a", b"/../a"),
        ("/\\..\\a", b"/\\..\\a"),
        ("/" + 30 * "a", b"/" + 30 * b"a"),
    ],
)
def test_path_of_a_target(parser: ctypes.CDLL, target: str, path: bytes) -> None:
    verdict = read(parser, get(target))
    assert (verdict.refusal, verdict.path) == (0, path)


def test_a_path_longer_than_any_file_is_not_cut_to_one(parser: ctypes.CDLL) -> None:
    assert len(read(parser, get("/" + 31 * "a")).path) == PATH_MAX
    assert len(read(parser, get("/" + 5000 * "a")).path) == PATH_MAX


BAD = {
    "no method": b" / HTTP/1.1\r\n",
    "only a line": b"hello\r\n",
    "no version": b"GET /\r\n",  # HTTP/0.9
    "no target": b"GET  HTTP/1.1\r\n",
    "no HTTP": b"GET / FTP/1.1\r\n",
    "version cut": b"GET / HTTP/1\r\n",
    "lower case version": b"GET / http/1.1\r\n",
    "four words": b"GET / / HTTP/1.1\r\n",
    "NUL in the method": b"GE\0T / HTTP/1.1\r\n",
    "NUL in the target": b"GET /\0 HTTP/1.1\r\n",
    "NUL, encoded": b"GET /scope.css%00.html HTTP/1.1\r\n",
    "NUL in a value": b"GET / HTTP/1.1\r\nHost: a\0b\r\n",
    "control character": b"GET / HTTP/1.1\r\nHost: a\x1b[2J\r\n",
    "CR alone in the line": b"GET / HTTP/1.1\rHost: x\r\n",
    "CR alone in a value": b"GET / HTTP/1.1\r\nHost: x\rX: y\r\n",
    "line end in the target": b"GET /\nscope HTTP/1.1\r\n",
    "bytes beyond ASCII in the target": b"GET /\xc3\xa4 HTTP/1.1\r\n",
    "bad percent": b"GET /%zz HTTP/1.1\r\n",
    "half a percent": b"GET /% HTTP/1.1\r\n",
    "fragment": b"GET /#top HTTP/1.1\r\n",
    "asterisk": b"GET * HTTP/1.1\r\n",
    "other scheme": b"GET gopher://board/ HTTP/1.1\r\n",
    "blank before the colon": b"GET / HTTP/1.1\r\nHost : x\r\n",  # 5.1
    "folded line": b"GET / HTTP/1.1\r\nHost: x\r\n folded\r\n",  # 5.2
    "blank before the first field": b"GET / HTTP/1.1\r\n Host: x\r\n",  # 2.2
    "no colon": b"GET / HTTP/1.1\r\nHost\r\n",
    "no field name": b"GET / HTTP/1.1\r\n: x\r\n",
    "two hosts": b"GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n",
    "no host": b"GET / HTTP/1.1\r\n\r\n",
    "negative length": b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n",
    "length of letters": b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: many\r\n",
    "two lengths": b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n",
    "list of lengths": b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 5, 6\r\n\r\n",
    "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc",
}


@pytest.mark.parametrize("head", BAD.values(), ids=BAD)
@pytest.mark.parametrize("step", [1, 100_000])
def test_what_is_no_request(parser: ctypes.CDLL, head: bytes, step: int) -> None:
    verdict = read(parser, head, step)
    assert (verdict.done, verdict.refusal, verdict.persists) == (True, 400, False)


@pytest.mark.parametrize("version", ["HTTP/0.9", "HTTP/2.0", "HTTP/3.0"])
def test_other_versions(parser: ctypes.CDLL, version: str) -> None:
    assert read(parser, get(version=version)).refusal == 505
    assert read(parser, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").refusal == 505


def test_empty_lines_and_single_line_feeds_are_forgiven(parser: ctypes.CDLL) -> None:
    assert read(parser, b"\r\n\n\r\n" + get()).refusal == 0  # 2.2
    assert read(parser, b"GET / HTTP/1.1\nHost: x\n\n") == Verdict(True, 24, path=b"/", persists=True)


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "CONNECT", "TRACE", "PATCH"])
def test_methods_that_everybody_knows(parser: ctypes.CDLL, method: str) -> None:
    for target in ("/", "*", "board:80"):
        assert read(parser, get(target, method=method)).refusal == 405


@pytest.mark.parametrize("method", ["BREW", "get", "GETS", "GE", "HEADS", "X" * 500])
def test_methods_that_nobody_knows(parser: ctypes.CDLL, method: str) -> None:
    assert read(parser, get(method=method)).refusal == 501


def test_head_is_told_from_get(parser: ctypes.CDLL) -> None:
    assert read(parser, get(method="HEAD")).head_only
    assert not read(parser, get()).head_only


@pytest.mark.parametrize(
    ("fields", "accepted"),
    [
        ((), False),
        (("Accept-Encoding: gzip, deflate, br, zstd",), True),
        (("accept-encoding: GZIP",), True),
        (("Accept-Encoding: br;q=1.0, gzip;q=0.8, *;q=0.1",), True),
        (("Accept-Encoding: br", "Accept-Encoding: gzip"), True),
        (("Accept-Encoding: *",), True),
        (("Accept-Encoding: gzip;q=0, *",), False),
        (("Accept-Encoding: gzip ; q=0.000",), False),
        (("Accept-Encoding: identity",), False),
        (("Accept-Encoding:",), False),
        (("Accept-Encoding: not-gzip, gzipped",), False),
        (("X-Accept-Encoding: gzip",), False),
    ],
)
def test_who_takes_gzip(parser: ctypes.CDLL, fields: tuple[str, ...], accepted: bool) -> None:
    assert read(parser, get("/", *fields)).gzip == accepted


@pytest.mark.parametrize(
    ("request_head", "persists"),
    [
        (get(), True),
        (get("/", "Connection: keep-alive"), True),
        (get("/", "Connection: close"), False),
        (get("/", "connection: Upgrade, Close"), False),
        (get("/", "Connection: closed"), True),
        (get(version="HTTP/1.0"), False),
        (get("/", "Content-Length: 0"), True),
        (get("/", "Content-Length: 5"), False),  # 9.3: nobody reads it
        (get("/", "Content-Length: 99999999999999999999999999"), False),
        (get("/", "Transfer-Encoding: chunked"), False),
        (get(method="POST"), False),
    ],
)
def test_which_connection_stays(parser: ctypes.CDLL, request_head: bytes, persists: bool) -> None:
    assert read(parser, request_head).persists == persists


def test_http_1_0_needs_no_host(parser: ctypes.CDLL) -> None:
    assert read(parser, b"GET / HTTP/1.0\r\n\r\n").refusal == 0


def test_a_head_is_bounded(parser: ctypes.CDLL) -> None:
    most = HEAD_MAX - len(get("/", "X: "))
    assert read(parser, get("/", "X: " + most * "x")) == Verdict(True, HEAD_MAX, path=b"/", persists=True)
    assert read(parser, get("/", "X: " + (most + 1) * "x")).refusal == 431
    assert read(parser, b"GET / HTTP/1.1\r\n" + 10_000 * b"X: y\r\n").refusal == 431
    assert read(parser, b"GET / HTTP/1.1\r\n" + 10_000 * b"x").refusal == 431
    assert read(parser, b"GET /" + 10_000 * b"a").refusal == 414
    assert read(parser, b"GET /?" + 10_000 * b"a").refusal == 414
    assert read(parser, 10_000 * b"a") == Verdict(True, HEAD_MAX + 1, 414)
    assert read(parser, 10_000 * b"\r\n").refusal == 414


@given(
    st.lists(
        st.one_of(
            st.binary(max_size=40),
            st.sampled_from([b"GET ", b"/", b" HTTP/1.1", b"\r\n", b"Host: x", b"%2e", b"http://", b"Connection: x"]),
        )
    ).map(b"".join),
    st.integers(1, 9),
)
def test_anything_is_the_same_in_pieces(parser: ctypes.CDLL, head: bytes, step: int) -> None:
    assert read(parser, head, step) == read(parser, head)
