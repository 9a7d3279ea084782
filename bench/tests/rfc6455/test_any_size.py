# SPDX-License-Identifier: MIT
"""Messages of any size pass through a small fixed buffer: mebibytes through one of 512 bytes.

Half a minute of a quiet computer for 16 MiB, so 1 MiB is the rule: PIC32BENCH_MESSAGE_MIB=16 sends more.
"""

from __future__ import annotations

import hashlib
import os

import pytest

from .raw import Client, Opcode, frame

SIZE = int(os.environ.get("PIC32BENCH_MESSAGE_MIB", "1")) << 20
_AT_A_TIME = 1 << 16


@pytest.fixture(scope="module")
def variant() -> str:
    return "ws512"


@pytest.mark.parametrize(
    ("size", "fragment", "chop"),
    [
        pytest.param(SIZE, SIZE, _AT_A_TIME, id="one frame"),
        pytest.param(SIZE // 4, 65_535, _AT_A_TIME, id="fragments"),
        pytest.param(SIZE // 8, 1_000, _AT_A_TIME, id="small fragments"),
        pytest.param(SIZE // 16, SIZE, 997, id="small segments"),
    ],
)
@pytest.mark.parametrize("opcode", [Opcode.BINARY, Opcode.TEXT], ids=["binary", "text"])
def test_a_long_message_comes_back(client: Client, opcode: Opcode, size: int, fragment: int, chop: int) -> None:
    payload = hashlib.shake_128(b"any size").digest(size)
    if opcode is Opcode.TEXT:
        payload = ("κόσμε " * (size // 12)).encode()
    data = b""
    for start in range(0, len(payload), fragment):
        part, fin = payload[start : start + fragment], start + fragment >= len(payload)
        data += frame(Opcode.CONTINUATION if start else opcode, part, fin=fin)
    for start in range(0, len(data), chop):
        client.send(data[start : start + chop])
        client.connection.flush()
    client.echoes(opcode, payload)
