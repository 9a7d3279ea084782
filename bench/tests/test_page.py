# SPDX-License-Identifier: MIT
"""The page as a browser fetches it, from a small web server of the test's own."""

from __future__ import annotations

import gzip
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from pic32bench import page

Files = dict[str, tuple[str, str]]
GOOD: Files = {
    "/": (
        "text/html; charset=utf-8",
        "<link rel=stylesheet href=a.css><script src='/s/b.js'></script><a href='//x.org'>",
    ),
    "/a.css": ("text/css", ".a { background: url('c.svg') } .b { background: url(data:image/png;base64,AA==) }"),
    "/s/b.js": ("text/javascript", 'const svg = "http://www.w3.org/2000/svg"; // see https://example.org'),
    "/c.svg": ("image/svg+xml", "<svg/>"),
}


@pytest.fixture
def serve() -> Iterator[Callable[[Files], str]]:
    """A function that serves files, gzipped as the board does, and returns the address."""
    servers = []

    def begin(files: Files) -> str:
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                kind, text = files.get(self.path, ("text/html", "<h1>404"))
                self.send_response(200 if self.path in files else 404)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Encoding", "gzip")
                self.end_headers()
                self.wfile.write(gzip.compress(text.encode()))

            def log_message(self, *_: object) -> None: ...

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        servers.append(server)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{server.server_port}/"

    yield begin
    for server in servers:
        server.shutdown()
        server.server_close()


def test_page_with_all_its_parts(serve: Callable[[Files], str]) -> None:
    url = serve(GOOD)
    parts = page.fetch_with_parts(url)
    assert [part.url.removeprefix(url) for part in parts] == ["", "a.css", "s/b.js", "c.svg"]
    assert [part.content_type for part in parts] == ["text/html", "text/css", "text/javascript", "image/svg+xml"]
    assert parts[3].text == "<svg/>"


def test_not_found_is_an_answer(serve: Callable[[Files], str]) -> None:
    assert page.fetch(serve(GOOD) + "nix").status == 404


@pytest.mark.parametrize(
    ("path", "kind", "text", "need"),
    [
        ("/", "text/html", "<script src=https://cdn.example/u.js></script>", "https://cdn.example/u.js"),
        ("/", "text/html", "<img src=//cdn.example/u.png>", "//cdn.example/u.png"),
        ("/", "text/html", "<style>@import 'http://fonts.example/f.css';</style>", "http://fonts.example/f.css"),
        ("/", "text/html", "<p style='background: url(http://b.example/)'>", "http://b.example/"),
        ("/", "text/html", "<script>fetch('https://api.example/x')</script>", "https://api.example/x"),
        ("/s/b.js", "text/javascript", 'new WebSocket("ws://10.0.0.1:8088/echo")', "ws://10.0.0.1:8088/echo"),
        ("/a.css", "text/css", "@font-face { src: url(https://fonts.example/a.woff) }", "https://fonts.example/a.woff"),
    ],
)
def test_what_would_need_the_internet_is_named(
    serve: Callable[[Files], str], path: str, kind: str, text: str, need: str
) -> None:
    with pytest.raises(page.PageError, match="which the board does not have") as caught:
        page.fetch_with_parts(serve({**GOOD, path: (kind, text)}))
    assert str(caught.value).startswith(f"{path} needs {need}, ")


def test_no_server_is_one_line(serve: Callable[[Files], str]) -> None:
    with pytest.raises(page.PageError) as caught:
        page.fetch("http://127.0.0.1:1/")
    assert "\n" not in str(caught.value)
    assert str(caught.value).endswith("is the board up and its web server listening?")
