#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Makes what the web server has: a C file with whole answers, as src/web_image.h declares them.

Text is there twice, as it is and compressed with gzip, since not everybody who asks takes gzip. A file named with
``--alias`` answers under a second path, too. ``--refusal`` is the page of every error status.
"""

import argparse
import gzip
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".ico": "image/x-icon",
    ".png": "image/png",
}
OTHER_TYPE = "application/octet-stream"
COMPRESSED = (".html", ".css", ".js", ".svg")
# RFC 9110 15 and RFC 6585 5, with what else belongs to the status. The last one answers whatever is not here.
REFUSALS = {
    404: ("Not Found", ()),
    405: ("Method Not Allowed", ("Allow: GET, HEAD",)),
    414: ("URI Too Long", ()),
    431: ("Request Header Fields Too Large", ()),
    501: ("Not Implemented", ()),
    505: ("HTTP Version Not Supported", ()),
    400: ("Bad Request", ()),
}
PERSISTENT = (200, 404)  # where it is known where the next request begins


@dataclass(frozen=True)
class Answer:
    """Head, with the empty line that ends it, and body."""

    head: bytes
    body: bytes

    def declare(self, name: str) -> str:
        """C code of an array with the answer."""
        content = self.head + self.body
        rows = [",".join(map(str, content[i : i + 32])) for i in range(0, len(content), 32)]
        return f"static const uint8_t {name}[{len(content)}] = {{\n" + ",\n".join(rows) + "\n};\n"

    def refer(self, name: str) -> str:
        """C code of a ``struct web_answer``."""
        return f"{{ {name}, {len(self.head)}, sizeof {name} }}"


def answer(body: bytes, suffix: str, status: int = 200, reason: str = "OK", fields: Iterable[str] = ()) -> Answer:
    """An answer; ``suffix`` of the file's name says what is in it."""
    lines = [f"HTTP/1.1 {status} {reason}", "Server: pic32bench", f"Content-Type: {TYPES.get(suffix, OTHER_TYPE)}"]
    lines += [f"Content-Length: {len(body)}", "Cache-Control: no-cache", "X-Content-Type-Options: nosniff", *fields]
    if status not in PERSISTENT:
        lines.append("Connection: close")
    return Answer("\r\n".join(lines).encode("ascii") + b"\r\n\r\n", body)


def answers(path: Path) -> tuple[Answer, Answer | None]:
    """A file as it is, and compressed if that is worth it."""
    content = path.read_bytes()
    if path.suffix not in COMPRESSED:
        return answer(content, path.suffix), None
    fields = ["Vary: Accept-Encoding"]  # RFC 9110 12.5.5
    compressed = gzip.compress(content, 9, mtime=0)
    return (
        answer(content, path.suffix, fields=fields),
        answer(compressed, path.suffix, fields=[*fields, "Content-Encoding: gzip"]),
    )


def image(entries: list[tuple[str, Path]], refusal: str) -> str:
    """The C text with these (server path, file) pairs; ``{status}`` in ``refusal`` becomes status and reason."""
    longest = max((where for where, _ in entries), key=len)
    parts = [
        "/* SPDX-License-Identifier: MIT */",
        "/* Made by make_web_image.py; do not edit. */",
        '#include <stddef.h>\n#include "http_request.h"\n#include "web_image.h"\n',
        f'_Static_assert(sizeof "{longest}" <= HTTP_PATH_MAX, "too long for the web server: {longest}");',
    ]
    files = {}
    for number, path in enumerate(dict.fromkeys(path for _, path in entries)):
        plain, compressed = answers(path)
        parts.append(plain.declare(f"plain_{number}"))
        files[path] = [plain.refer(f"plain_{number}"), "{ NULL, 0, 0 }"]
        if compressed is not None:
            parts.append(compressed.declare(f"gzip_{number}"))
            files[path][1] = compressed.refer(f"gzip_{number}")
    parts.append("const struct web_file web_files[] = {")
    parts += [f'    {{ "{where}", {", ".join(files[path])} }},' for where, path in entries]
    parts.append("    { NULL, { NULL, 0, 0 }, { NULL, 0, 0 } },\n};\n")

    rows = []
    for status, (reason, fields) in REFUSALS.items():
        refused = answer(refusal.replace("{status}", f"{status} {reason}").encode(), ".html", status, reason, fields)
        parts.append(refused.declare(f"refusal_{status}"))
        rows.append((status, refused.refer(f"refusal_{status}")))
    rows[-1] = (0, rows[-1][1])
    parts.append("const struct web_refusal web_refusals[] = {")
    parts += [f"    {{ {status}, {refer} }}," for status, refer in rows]
    return "\n".join([*parts, "};", ""])


def main() -> int:
    """Exit code 2: a file is missing."""
    parser = argparse.ArgumentParser(description="make the files of the web server")
    parser.add_argument("output", type=Path, help="C file to write")
    parser.add_argument("files", nargs="+", type=Path, help="files to serve, each at / and its name")
    parser.add_argument("--refusal", type=Path, required=True, help="page of every error, with {status} in it")
    parser.add_argument("--alias", action="append", default=[], metavar="PATH=NAME", help="serve NAME at PATH, too")
    options = parser.parse_args()
    by_name = {path.name: path for path in options.files}
    entries = [(f"/{name}", path) for name, path in by_name.items()]
    for alias in options.alias:
        where, _, name = alias.partition("=")
        if name not in by_name:
            print(f"make_web_image.py: --alias {alias}: no file {name} among those given", file=sys.stderr)
            return 2
        entries.append((where, by_name[name]))
    try:
        options.output.write_text(image(entries, options.refusal.read_text()))
    except OSError as error:
        print(f"make_web_image.py: {error.filename}: {error.strerror}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
