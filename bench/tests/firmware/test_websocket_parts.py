# SPDX-License-Identifier: MIT
"""The WebSocket server's pure parts, compiled for this machine: handshake, frames, UTF-8, SHA-1, base64."""

from __future__ import annotations

import base64
import ctypes
import hashlib
import random
import shutil
import subprocess
from pathlib import Path

import pytest

SOURCES = Path(__file__).resolve().parents[3] / "firmware" / "websocket"
PARTS = ("base64.c", "sha1.c", "utf8.c", "websocket_frame.c", "websocket_handshake.c")

KEY = "dGhlIHNhbXBsZSBub25jZQ=="  # RFC 6455 1.3, with its answer
ACCEPT = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
FIELDS = {
    "Host": "board:8088",
    "Upgrade": "websocket",
    "Connection": "keep-alive, Upgrade",
    "Sec-WebSocket-Key": KEY,
    "Sec-WebSocket-Version": "13",
}


class Frame(ctypes.Structure):
    """struct websocket_frame"""

    _fields_ = [("opcode", ctypes.c_uint8), ("mask", ctypes.c_uint32), ("length", ctypes.c_uint64)]


@pytest.fixture(scope="session")
def parts(tmp_path_factory: pytest.TempPathFactory) -> ctypes.CDLL:
    """The parts as a library of this machine, with the sanitizers' traps on."""
    compiler = shutil.which("cc")
    if compiler is None:
        pytest.skip("no C compiler (cc) on this machine")
    library = tmp_path_factory.mktemp("parts") / "parts.so"
    command = [compiler, "-std=gnu11", "-O1", "-Wall", "-Wextra", "-Werror", "-Wno-attributes", "-fPIC", "-shared"]
    command += ["-fsanitize=undefined,bounds", "-fsanitize-undefined-trap-on-error", "-Dsniprintf=snprintf"]
    subprocess.run([*command, *(str(SOURCES / name) for name in PARTS), "-o", str(library)], check=True)
    return ctypes.CDLL(str(library))


def request(line: str = "GET /echo HTTP/1.1", **changes: str | None) -> bytes:
    """A request whose fields are FIELDS with ``changes`` (underscores for hyphens, None: left out)."""
    fields: dict[str, str | None] = {**FIELDS, **{name.replace("_", "-"): value for name, value in changes.items()}}
    lines = [line, *(f"{name}: {value}" for name, value in fields.items() if value is not None)]
    return "\r\n".join(lines).encode() + b"\r\n\r\n"


def answer(parts: ctypes.CDLL, head: bytes, step: int = 10_000, full: bool = False) -> tuple[int, str, int]:
    """Status, text of the answer, and bytes used, with the head given in pieces of ``step`` bytes."""
    state, used = ctypes.create_string_buffer(256), 0
    while piece := head[used : used + step]:
        taken = parts.websocket_parse_handshake(state, piece, ctypes.c_size_t(len(piece)))
        if not taken:
            break
        used += taken
    text, length = ctypes.create_string_buffer(160), ctypes.c_size_t()
    status = parts.websocket_handshake_answer(state, ctypes.c_bool(full), text, ctypes.byref(length))
    assert length.value < 160, "the answer was cut off"
    return status, text.raw[: length.value].decode(), used


@pytest.mark.parametrize("step", [1, 7, 10_000])
def test_handshake_is_accepted_however_it_is_cut(parts: ctypes.CDLL, step: int) -> None:
    head = request()
    status, text, used = answer(parts, head + b"\x81\x80frame", step)
    assert (status, used) == (101, len(head))
    assert f"Sec-WebSocket-Accept: {ACCEPT}\r\n\r\n" in text


def test_handshake_is_not_over_before_its_empty_line(parts: ctypes.CDLL) -> None:
    assert answer(parts, request()[:-1])[0] == 0


@pytest.mark.parametrize(
    ("head", "status"),
    [
        (request(Upgrade="WebSocket", Connection="UPGRADE"), 101),
        (request("GET /echo?id=1 HTTP/1.1"), 101),
        (request(Cookie="c" * 4000), 101),
        (request(Sec_WebSocket_Key=f"  {KEY}  "), 101),
        (request("GET / HTTP/1.1"), 404),
        (request("GET /echoes HTTP/1.1"), 404),
        (request("GET /echo/" + 99 * "x" + " HTTP/1.1"), 404),
        (request("POST /echo HTTP/1.1"), 405),
        (request("GET /echo HTTP/1.0"), 400),
        (request("GET /echo"), 400),
        (request(Host=None), 400),
        (request(Upgrade=None), 426),
        (request(Upgrade="web socket"), 426),
        (request(Connection="close"), 426),
        (request(Sec_WebSocket_Version="8"), 426),
        (request(Sec_WebSocket_Version=None), 426),
        (request(Sec_WebSocket_Key=None), 400),
        (request(Sec_WebSocket_Key="dGhlIHNhbXBsZQ=="), 400),
        (request(Sec_WebSocket_Key="dGhlIHNhbXBsZSBub25jZR=="), 400),
        (request(Sec_WebSocket_Key="dGhlIHNhbXBsZSBub25jZ!=="), 400),
        (request()[:-2] + f"sec-websocket-key: {KEY}\r\n\r\n".encode(), 400),
        (request()[:-2] + b"host: again\r\n\r\n", 400),
        (request()[:-2] + b" folded\r\n\r\n", 400),
        (request()[:-2] + b"Bad Name: x\r\n\r\n", 400),
        (request(X="a" * 9000), 431),
        (b"\x16\x03\x01\x02\x00", 400),
    ],
)
def test_every_request_gets_its_status(parts: ctypes.CDLL, head: bytes, status: int) -> None:
    assert answer(parts, head)[0] == status
    assert answer(parts, head, 1)[0] == status


def test_no_place_left_is_503_but_only_for_a_good_request(parts: ctypes.CDLL) -> None:
    assert answer(parts, request(), full=True)[0] == 503
    assert answer(parts, request("GET / HTTP/1.1"), full=True)[0] == 404


@pytest.mark.parametrize(("status", "field"), [(405, "Allow: GET"), (426, "Sec-WebSocket-Version: 13")])
def test_a_refusal_says_what_would_do(parts: ctypes.CDLL, status: int, field: str) -> None:
    head = request("PUT /echo HTTP/1.1") if status == 405 else request(Sec_WebSocket_Version="7")
    assert field in answer(parts, head)[1].split("\r\n")


def parse_frame(parts: ctypes.CDLL, header: bytes) -> tuple[int, Frame]:
    """The header's length as the parser sees it, and what it read."""
    frame = Frame()
    return parts.websocket_parse_frame(header, ctypes.c_size_t(len(header)), ctypes.byref(frame)), frame


@pytest.mark.parametrize("length", [0, 1, 125, 126, 65535, 65536, 2**63 - 1])
def test_frame_header_of_any_length(parts: ctypes.CDLL, length: int) -> None:
    size, form = (1, 0) if length < 126 else (2, 126) if length < 65536 else (8, 127)
    short = length if form == 0 else form
    header = bytes([0x82, 0x80 | short]) + (b"" if form == 0 else length.to_bytes(size, "big")) + b"mask"
    for cut in range(len(header)):
        assert parse_frame(parts, header[:cut])[0] == 0, f"{cut} bytes are no header"
    used, frame = parse_frame(parts, header + b"payload")
    assert (used, frame.opcode, frame.length, frame.mask.to_bytes(4, "little")) == (len(header), 0x82, length, b"mask")


@pytest.mark.parametrize(
    "header",
    [
        b"\x81\x05",  # not masked
        b"\xc1\x80",  # RSV1
        b"\x83\x80",  # reserved opcodes
        b"\x8b\x80",
        b"\x09\x80",  # control frame in fragments
        b"\x89\xfe\x00\x7e",  # control frame above 125 bytes
        b"\x82\xfe\x00\x7dmask",  # not the shortest form
        b"\x82\xff\x00\x00\x00\x00\x00\x00\xff\xffmask",
        b"\x82\xff\x80\x00\x00\x00\x00\x00\x00\x00mask",  # top bit of the length
    ],
)
def test_frames_that_no_client_may_send(parts: ctypes.CDLL, header: bytes) -> None:
    assert parse_frame(parts, header)[0] == -1


def test_close_codes(parts: ctypes.CDLL) -> None:
    valid = [code for code in range(65536) if parts.websocket_close_code_valid(code) & 1]
    assert valid == [*range(1000, 1004), *range(1007, 1015), *range(3000, 5000)]


def utf8(parts: ctypes.CDLL, text: bytes, step: int) -> bool:
    """True for a whole valid text, given in pieces of ``step`` bytes."""
    state = (ctypes.c_uint32 * 1)()
    for start in range(0, len(text), step):
        piece = text[start : start + step]
        if not parts.utf8_valid(state, piece, ctypes.c_size_t(len(piece))) & 1:
            return False
    return state[0] & 0xFF == 0


def test_utf8_agrees_with_python(parts: ctypes.CDLL) -> None:
    """On every sequence of up to two bytes, and on 20,000 longer ones made of the bytes where the rules change."""
    edges = bytes(
        [0x41, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC1, 0xC2, 0xDF, 0xE0, 0xED, 0xEF, 0xF0, 0xF4, 0xF5]
    )
    source = random.Random(6455)
    texts = [bytes([a]) for a in range(256)] + [bytes([a, b]) for a in range(256) for b in range(256)]
    texts += [bytes(source.choices(edges, k=source.randint(3, 6))) for _ in range(20_000)]
    for text in texts:
        try:
            text.decode()
            expected = True
        except UnicodeDecodeError:
            expected = False
        assert utf8(parts, text, 100) == utf8(parts, text, 1) == expected, text.hex()


@pytest.mark.parametrize("length", [0, 1, 55, 56, 63, 64, 119])
def test_sha1_and_base64_agree_with_python(parts: ctypes.CDLL, length: int) -> None:
    message = random.Random(length).randbytes(length)
    digest = ctypes.create_string_buffer(20)
    parts.sha1(message, ctypes.c_size_t(length), digest)
    assert digest.raw == hashlib.sha1(message).digest()
    text = ctypes.create_string_buffer(2000)
    parts.base64_encode(message, ctypes.c_size_t(length), text)
    assert text.value == base64.b64encode(message)
