# SPDX-License-Identifier: MIT
"""Robot keywords that compare the original demo's web site, as it is served, with the files that it was made from.

Harmony's MPFS2 generator put the files into flash: some compressed, those with dynamic variables (``~name~``) and
includes (``~inc:file~``) as they are. The image was made on Windows, the repository has the files with other line ends,
so line ends of text count as equal.
"""

from __future__ import annotations

import base64
import gzip
import http.client
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from robot.libraries.BuiltIn import BuiltIn

__all__ = ["get_as_user", "site_files", "site_should_be_as_in_its_source"]

_TEXT = {".htm", ".html", ".css", ".js", ".xml", ".inc", ".cgi"}
# Two tildes are Harmony's way to write one, but the newest revision has made a variable with no name of them.
_VARIABLE = re.compile(rb"~([A-Za-z_][^~\s]*)?~")
# Folders that ask for a password (custom_http_app.c), and the demo's user.
_PROTECTED = ("protect/", "snmp/")
_USER = ("admin", "microchip")


@dataclass(frozen=True)
class Answer:
    """What the board sent for a path. ``body`` is unpacked; ``compressed`` says whether it came packed."""

    status: int
    body: bytes
    compressed: bool


def site_files(folder: Path) -> list[str]:
    """The paths of the web site, as in its source."""
    return sorted(file.relative_to(folder).as_posix() for file in folder.rglob("*") if file.is_file())


def get_as_user(path: str, user: str | None = None, password: str = "") -> Answer:
    """GETs a path, with HTTP's basic authentication if a user is given (RFC 7617)."""
    library: Any = BuiltIn().get_library_instance("pic32bench.robot.Pic32Bench")
    address = urlsplit(library.board.url)
    assert address.hostname is not None
    headers = {"Accept-Encoding": "gzip"}
    if user is not None:
        headers["Authorization"] = "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()
    connection = http.client.HTTPConnection(address.hostname, address.port, timeout=30)
    try:
        connection.request("GET", f"/{path}", headers=headers)
        response = connection.getresponse()
        body = response.read()
        compressed = response.headers.get("Content-Encoding") == "gzip"
        return Answer(response.status, gzip.decompress(body) if compressed else body, compressed)
    finally:
        connection.close()


def site_should_be_as_in_its_source(folder: Path) -> dict[str, int]:
    """Fetches every file of the site and compares it; fails with one line for each that differs.

    Returns how many were compared, how many came compressed and how many have dynamic parts.
    """
    differences = []
    counts = {"files": 0, "compressed": 0, "dynamic": 0}
    for path in site_files(folder):
        answer = get_as_user(path, *_USER) if path.startswith(_PROTECTED) else get_as_user(path)
        source, served = _normal(path, (folder / path).read_bytes()), _normal(path, answer.body)
        pieces = [source] if served == source else _pieces(folder, path)
        counts["files"] += 1
        counts["compressed"] += answer.compressed
        counts["dynamic"] += len(pieces) > 1
        if answer.status != 200:
            differences.append(f"{path}: HTTP {answer.status}")
        elif (problem := _difference(pieces, served)) is not None:
            differences.append(f"{path}: {problem}")
    if differences:
        raise AssertionError(f"{len(differences)} of {counts['files']} files differ:\n" + "\n".join(differences))
    return counts


def _normal(path: str, data: bytes) -> bytes:
    return data.replace(b"\r\n", b"\n") if Path(path).suffix in _TEXT else data


def _pieces(folder: Path, path: str) -> list[bytes]:
    """The file cut at its dynamic variables, includes put in: what must come in this order, anything between."""
    file = folder / path
    data = _normal(path, file.read_bytes())
    if file.suffix not in _TEXT:
        return [data]
    pieces, begin = [b""], 0
    for variable in _VARIABLE.finditer(data):
        pieces[-1] += data[begin : variable.start()]
        begin = variable.end()
        name = (variable[1] or b"").decode()
        if name.startswith("inc:"):
            first, *others = _pieces(folder, name.removeprefix("inc:").lstrip("/"))
            pieces[-1] += first
            pieces += others
        else:
            pieces.append(b"")
    pieces[-1] += data[begin:]
    return pieces


def _difference(pieces: list[bytes], served: bytes) -> str | None:
    """None if the served bytes are the pieces with something between them."""
    if len(pieces) == 1:
        if served == pieces[0]:
            return None
        same = next((i for i, (one, other) in enumerate(zip(served, pieces[0], strict=False)) if one != other), None)
        where = "one ends early" if same is None else f"they differ at byte {same}"
        return f"{len(served)} bytes served, {len(pieces[0])} in the source, {where}"
    if not served.startswith(pieces[0]):
        return f"does not begin as its source: {served[:60]!r}"
    place = len(pieces[0])
    for piece in pieces[1:-1]:
        found = served.find(piece, place)
        if found < 0:
            return f"lacks {piece[:60]!r} after byte {place}"
        place = found + len(piece)
    if len(served) - place < len(pieces[-1]) or not served.endswith(pieces[-1]):
        return f"does not end as its source: {served[-60:]!r}"
    return None
