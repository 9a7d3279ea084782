#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Makes the web server's file system: a C file that lwIP's httpd includes (HTTPD_FSDATA_FILE).

Every file carries its whole HTTP header; text is gzip-compressed. A file named with ``--alias`` answers under a second
path, too. ``404.html`` and the like in the directory are the pages of those statuses.
"""

import argparse
import gzip
import sys
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
STATUSES = {"400": "Bad Request", "404": "Not Found", "501": "Not Implemented"}


def response(path: Path) -> bytes:
    """Header and body of ``path``'s answer."""
    body = path.read_bytes()
    status = f"{path.stem} {STATUSES[path.stem]}" if path.stem in STATUSES else "200 OK"
    fields = [f"HTTP/1.1 {status}", "Server: pic32bench", f"Content-Type: {TYPES.get(path.suffix, OTHER_TYPE)}"]
    if path.suffix in COMPRESSED:
        body = gzip.compress(body, 9, mtime=0)
        fields.append("Content-Encoding: gzip")
    fields += [f"Content-Length: {len(body)}", "Cache-Control: no-cache", "X-Content-Type-Options: nosniff"]
    # A status page may answer a request whose end nobody knows: only a good one leaves the connection open.
    fields.append("Connection: keep-alive" if path.stem not in STATUSES else "Connection: close")
    return "\r\n".join(fields).encode("ascii") + b"\r\n\r\n" + body


def array(name: str, content: bytes) -> str:
    """A C array of bytes."""
    rows = [", ".join(map(str, content[i : i + 24])) for i in range(0, len(content), 24)]
    return f"static const unsigned char {name}[{len(content)}] = {{\n" + ",\n".join(rows) + "\n};\n"


def image(entries: list[tuple[str, Path]]) -> str:
    """The C text of a file system with these (server path, file) pairs."""
    names = {path: f"file_{number}" for number, path in enumerate(dict.fromkeys(path for _, path in entries))}
    parts = [
        "/* SPDX-License-Identifier: MIT */",
        "/* Made by make_web_image.py; do not edit. */",
        '#include "lwip/apps/fs.h"',
    ]
    parts += [array(names[path], response(path)) for path in names]
    following = "NULL"
    for number, (where, path) in enumerate(entries):
        flags = "FS_FILE_FLAGS_HEADER_INCLUDED | FS_FILE_FLAGS_HEADER_HTTPVER_1_1"
        if path.stem not in STATUSES:
            flags += " | FS_FILE_FLAGS_HEADER_PERSISTENT"
        parts.append(
            f"static const struct fsdata_file entry_{number}[] = {{{{ {following}, "
            f'(const unsigned char *)"{where}", {names[path]}, sizeof {names[path]}, {flags} }}}};'
        )
        following = f"entry_{number}"
    parts += [f"#define FS_ROOT {following}", f"#define FS_NUMFILES {len(entries)}", ""]
    return "\n".join(parts)


def main() -> int:
    """Exit code 2: a file is missing."""
    parser = argparse.ArgumentParser(description="make the file system image of the web server")
    parser.add_argument("output", type=Path, help="C file to write")
    parser.add_argument("files", nargs="+", type=Path, help="files to serve, each at / and its name")
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
        options.output.write_text(image(entries))
    except OSError as error:
        print(f"make_web_image.py: {error.filename}: {error.strerror}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
