# SPDX-License-Identifier: MIT
"""A debugger's breakpoint is met also by a call into another page that ran many times before it was set."""

from __future__ import annotations

import socket
from pathlib import Path

from guest_program import build
from qtest import TIMEOUT_WALL, ChipFactory

PROGRAM = """
#include "guest.h"
static void __attribute__((noinline, aligned(8192))) far(void)
{
    SFR(0x200)++;
}
int main(void)
{
    SFR(0x204) = (uint32_t)far;
    for (;;) {
        far();
    }
}
"""
CALLS, PLACE = 0x200, 0x204  # physical: how often far() has run, and where it is


class Debugger:
    """The few words of gdb's remote protocol that a breakpoint takes."""

    def __init__(self, path: Path) -> None:
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.settimeout(TIMEOUT_WALL)
        self._socket.connect(str(path))
        self._stream = self._socket.makefile("rb")

    def ask(self, words: str) -> str:
        """Sends a packet and returns the answer's words."""
        self._socket.sendall(b"$%s#%02x" % (words.encode(), sum(words.encode()) % 256))
        while self._stream.read(1) != b"$":
            pass
        answer = b""
        while (character := self._stream.read(1)) != b"#":
            answer += character
        self._stream.read(2)
        self._socket.sendall(b"+")
        return answer.decode()

    def pc(self) -> int:
        """The program counter: register 37 of the MIPS, of 4 bytes each."""
        return int.from_bytes(bytes.fromhex(self.ask("g"))[37 * 4 : 38 * 4], "little")

    def close(self) -> None:
        self._stream.close()
        self._socket.close()


def test_a_breakpoint_in_another_page_is_met(chip: ChipFactory, tmp_path: Path) -> None:
    source, port = tmp_path / "far.c", tmp_path / "gdb"
    source.write_text(PROGRAM)
    arguments = ("-gdb", f"unix:{port},server=on,wait=off")
    with chip(cpu=True, image=build(source, tmp_path), wire=False, uarts=(), arguments=arguments) as pic:
        pic.panel.send({"run": 1_000_008})
        pic.panel.until("stopped")
        far = int.from_bytes(pic.memread(PLACE, 4), "little")
        debugger = Debugger(port)
        try:
            assert debugger.pc() > far + 8, "the core stands behind the call, in main()"
            calls = pic.memread(CALLS, 4)
            assert debugger.ask(f"Z0,{far:x},4") == "OK"
            assert debugger.ask("c")[:3] == "T05"
            assert debugger.pc() == far
            assert pic.memread(CALLS, 4) == calls, "it stops at the very next call"
        finally:
            debugger.close()
