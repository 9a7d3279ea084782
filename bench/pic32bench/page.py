# SPDX-License-Identifier: MIT
"""The board's web page: fetched as a browser fetches it, and looked through for what it needs beside itself.

With a station of network ``wire`` or the PC of network ``tap`` an address is the board's own; from a station all is in
virtual time. Without either it is of this computer.
"""

from __future__ import annotations

import gzip
import http.client
import re
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from html.parser import HTMLParser
from urllib.parse import urljoin, urlsplit

from pic32bench.bench import Board
from pic32bench.errors import BenchError
from pic32bench.network import Pc, TapNetwork, WireNetwork
from pic32bench.network.station import Station

# Elements that a browser fetches something for, and the attribute that says what (HTML living standard, 4).
_LOADS = {"script": "src", "link": "href", "img": "src", "iframe": "src", "source": "src", "video": "src"}
_CSS_LOADS = re.compile(r"""url\(\s*['"]?([^'")]+)|@import\s+['"]([^'"]+)""")
# A string of a script that is an address elsewhere; names of XML namespaces are never fetched.
_SCRIPT_LOADS = re.compile(r"""['"`]((?:https?:|wss?:)?//(?!www\.w3\.org/)[A-Za-z0-9][^'"`\s]*)['"`]""")


class PageError(BenchError):
    """The page could not be fetched at all."""


@dataclass(frozen=True)
class Response:
    """What the board answered. ``body`` is decoded if it came compressed; ``content_type`` has no parameters."""

    url: str
    status: int
    content_type: str
    headers: dict[str, str]
    body: bytes

    @property
    def text(self) -> str:
        """The body as UTF-8 text."""
        return self.body.decode(errors="replace")

    def needs(self) -> list[str]:
        """What a browser fetches for this page, style sheet or script, as written there."""
        if self.content_type == "text/html":
            reader = _Reader()
            reader.feed(self.text)
            return reader.found
        if self.content_type == "text/css":
            return _css_needs(self.text)
        if "javascript" in self.content_type:
            return _SCRIPT_LOADS.findall(self.text)
        return []


def way_to(board: Board) -> tuple[str, Station | Pc | None]:
    """The address of the board's page and, on networks ``wire`` and ``tap``, the station from which to go there.

    Raises UsageError on a network from which nobody can.
    """
    if isinstance(board.network, WireNetwork):
        return f"http://{board.station.board_address()}/", board.station
    if isinstance(board.network, TapNetwork):
        return f"http://{board.network.board_address()}/", board.network.pc
    return board.url, None


def fetch(
    url: str,
    timeout_wall: float = 20.0,
    station: Station | Pc | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """GETs an address, with ``headers`` beside the usual; an HTTP error is a response like others. Raises PageError."""
    sent = {"Accept-Encoding": "gzip", **(headers or {})}
    try:
        answer = _from_here(url, sent, timeout_wall) if station is None else _from_station(url, sent, station)
    except http.client.HTTPException as error:
        raise PageError(f"no page from {url}: the answer is no HTTP: {error!r}") from None
    except (OSError, EOFError) as error:
        reason = getattr(error, "reason", None) or getattr(error, "strerror", None) or error
        raise PageError(f"no page from {url}: {reason}: is the board up and its web server listening?") from None
    status, received, body = answer
    if received.get("content-encoding") == "gzip":
        try:
            body = gzip.decompress(body)
        except (OSError, EOFError) as error:
            raise PageError(f"{url} is not the gzip that its header says: {error}") from None
    content_type = received.get("content-type", "").partition(";")[0].strip().lower()
    return Response(url, status, content_type, received, body)


_Answer = tuple[int, dict[str, str], bytes]


def _from_here(url: str, headers: dict[str, str], timeout_wall: float) -> _Answer:
    request = urllib.request.Request(url, headers=headers)
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        answer = opener.open(request, timeout=timeout_wall)
    except urllib.error.HTTPError as error:
        answer = error
    with answer:
        return int(answer.status), {name.lower(): value for name, value in answer.headers.items()}, answer.read()


def _from_station(url: str, headers: dict[str, str], station: Station | Pc) -> _Answer:
    """Over a connection of its own; HTTP is the standard library's, on the station's socket."""
    address = urlsplit(url)
    client = http.client.HTTPConnection(address.hostname or "", address.port or http.client.HTTP_PORT)
    connection = station.connect(client.host, client.port)
    client.sock = connection
    try:
        client.request("GET", address.path or "/", headers={**headers, "Connection": "close"})
        answer = client.getresponse()
        return answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()
    finally:
        client.close()


def fetch_with_parts(url: str, timeout_wall: float = 20.0, station: Station | Pc | None = None) -> list[Response]:
    """The page and everything it needs, and that needs, each once; the page first.

    Raises PageError, also when something is to come from another host: that would not work without the Internet.
    """
    found: dict[str, Response] = {}
    waiting = [url]
    while waiting:
        address = waiting.pop(0)
        if address in found:
            continue
        found[address] = response = fetch(address, timeout_wall, station)
        for need in response.needs():
            if need.startswith("data:"):
                continue
            part = urljoin(address, need)
            if urlsplit(need).netloc or urlsplit(part).netloc != urlsplit(url).netloc:
                raise PageError(
                    f"{urlsplit(address).path} needs {need}, which the board does not have: no Internet here"
                )
            waiting.append(part)
    return list(found.values())


class _Reader(HTMLParser):
    """Collects what an HTML page makes a browser fetch."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self._inside = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._inside = tag
        value = dict(attrs).get(_LOADS.get(tag, ""))
        if value:
            self.found.append(value)
        if style := dict(attrs).get("style"):
            self.found += _css_needs(style)

    def handle_endtag(self, tag: str) -> None:
        self._inside = ""

    def handle_data(self, data: str) -> None:
        if self._inside == "style":
            self.found += _css_needs(data)
        elif self._inside == "script":
            self.found += _SCRIPT_LOADS.findall(data)


def _css_needs(text: str) -> list[str]:
    return [first or second for first, second in _CSS_LOADS.findall(text)]
