# SPDX-License-Identifier: MIT
"""Robot keywords that find the original demo's image, and what is known of the revision that it is."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from intelhex import HexRecordError, IntelHex, IntelHexError
from robot.api import SkipExecution

from pic32bench.errors import UsageError

__all__ = ["find_original_demo", "find_original_source"]

_IMAGE_ENV = "PIC32BENCH_ORIGINAL_HEX"
_SOURCE_ENV = "PIC32BENCH_ORIGINAL_SOURCE"
_WEB_PAGES = Path("firmware", "src", "web_pages")
# What Harmony's file system says at boot, and what the WebSocket server says: both in every image of the demo.
_MARKS = (b"SYS_Initialize: The %s File System is mounted", b"Waiting for Client Connection on port")
# The author's own defaults, each a string of the image.
_FALLBACKS = ("169.254.97.179", "192.168.100.1")
_MAC = re.compile(rb"\0((?:[0-9A-F]{2}:){5}[0-9A-F]{2})\0")


@dataclass(frozen=True)
class OriginalDemo:
    """An image of the original demo.

    ``fallback`` is the address that it takes without DHCP. ``mac`` is the address compiled into it, None if it has the
    chip's factory address. ``answers_ping`` says whether Harmony's ICMP server was built in: the revisions with the
    link-local fallback were built without TCPIP_STACK_USE_ICMP_SERVER.
    """

    path: Path
    fallback: str
    mac: str | None

    @property
    def answers_ping(self) -> bool:
        return not self.fallback.startswith("169.254.")

    @property
    def neighbour(self) -> str:
        """An address for another station on the same net; the mask is 255.255.0.0."""
        return self.fallback.rsplit(".", 2)[0] + ".1.99"

    @property
    def broadcast(self) -> str:
        return self.fallback.rsplit(".", 2)[0] + ".255.255"


def find_original_demo(original: str | None = None, image: str | None = None) -> OriginalDemo:
    """The demo's image: ``original``, or what PIC32BENCH_ORIGINAL_HEX names, or ``image`` if that is the demo.

    Skips the test when there is none. Raises UsageError for a path that is named but is not the demo's .hex.
    """
    named = original or os.environ.get(_IMAGE_ENV)
    if named:
        demo = _read(Path(named))
        if demo is None:
            raise UsageError(f"{named} is not the original demo: expected its .hex, as dist/production/ has it")
        return demo
    demo = _read(Path(image)) if image and str(image).lower().endswith(".hex") else None
    if demo is None:
        raise SkipExecution(f"no image of the original demo: give --variable ORIGINAL:path/to.hex or set {_IMAGE_ENV}")
    return demo


def find_original_source(source: str | None = None) -> Path:
    """The folder of the web site's sources in a checkout of the demo's repository, or skips the test."""
    named = source or os.environ.get(_SOURCE_ENV)
    if not named:
        raise SkipExecution(f"no source of the original demo: give --variable SOURCE:checkout or set {_SOURCE_ENV}")
    folder = Path(named) / _WEB_PAGES
    if not folder.is_dir():
        raise UsageError(f"{named} has no {_WEB_PAGES}: give a checkout of the demo's repository")
    return folder


@cache
def _read(path: Path) -> OriginalDemo | None:
    contents = IntelHex()
    try:
        contents.loadhex(str(path))
    except OSError as error:
        raise UsageError(f"cannot read {path}: {error.strerror}") from None
    except (UnicodeDecodeError, HexRecordError, IntelHexError) as error:
        raise UsageError(f"{path} is no Intel HEX file: {error}") from None
    data = b"\0".join(bytes(contents.tobinarray(start=begin, size=end - begin)) for begin, end in contents.segments())
    if not all(mark in data for mark in _MARKS):
        return None
    fallback = next((address for address in _FALLBACKS if b"\0" + address.encode() + b"\0" in data), None)
    if fallback is None:
        raise UsageError(f"{path} is the demo, but its fallback address is none of {', '.join(_FALLBACKS)}")
    mac = _MAC.search(data)
    return OriginalDemo(path.resolve(), fallback, mac[1].decode().lower() if mac else None)
