# SPDX-License-Identifier: MIT
"""A TCP/IP stack whose clock is told, not read: lwIP, built for this computer by ``make -C platforms/peer``.

The same calls give the same frames, so a stack is frozen by keeping its calls and thawed by making them again.
"""

from __future__ import annotations

import _ctypes
import ctypes
import json
import os
from enum import IntEnum
from ipaddress import IPv4Address
from typing import Any

from pic32bench import paths
from pic32bench.errors import UsageError

_FRAME_ROOM = 2048
_READ_ROOM = 65536
_NONE = 2**64 - 1

Call = tuple[Any, ...]


class State(IntEnum):
    """Of a connection; ``enum station_state`` in platforms/peer/station.h."""

    CONNECTING = 0
    OPEN = 1
    ENDED = 2
    RESET = 3
    LOST = 4
    CLOSED = 5


class Stack:
    """One interface with one IPv4 address. All times are virtual, ns, and never go back; `output` says what to send.

    Raises NotBuiltError when the library is not there.
    """

    def __init__(self, mac: str, address: str, netmask: str, seed: int) -> None:
        self.calls: list[Call] = []
        # lwIP's state is in static variables, so every stack has a copy of the library: one file, one copy. The file
        # stays open, and so its name belongs to nobody else.
        self._file: int | None = os.memfd_create("libstation.so", os.MFD_CLOEXEC)
        os.write(self._file, paths.station_library().read_bytes())
        self._library = ctypes.PyDLL(f"/proc/self/fd/{self._file}")
        for name, arguments, result in (
            ("start", (ctypes.c_char_p, ctypes.c_uint32, ctypes.c_uint32, ctypes.c_uint32), None),
            ("input", (ctypes.c_uint64, ctypes.c_char_p, ctypes.c_uint32), None),
            ("output", (ctypes.c_char_p, ctypes.c_uint32), ctypes.c_uint32),
            ("next", (), ctypes.c_uint64),
            ("connect", (ctypes.c_uint32, ctypes.c_uint16), ctypes.c_int),
            ("connection", (ctypes.c_int,), ctypes.c_int),
            ("write", (ctypes.c_int, ctypes.c_char_p, ctypes.c_uint32), ctypes.c_uint32),
            ("waiting", (ctypes.c_int,), ctypes.c_int),
            ("read", (ctypes.c_int, ctypes.c_char_p, ctypes.c_uint32), ctypes.c_uint32),
            ("unacknowledged", (ctypes.c_int,), ctypes.c_uint32),
            ("shutdown", (ctypes.c_int,), None),
            ("close", (ctypes.c_int,), None),
            ("abort", (ctypes.c_int,), None),
            ("ping", (ctypes.c_uint32, ctypes.c_uint16), None),
            ("echoed", (), ctypes.c_uint16),
        ):
            function = getattr(self._library, f"station_{name}")
            function.argtypes, function.restype = arguments, result
        self._frame = ctypes.create_string_buffer(_FRAME_ROOM)
        self._data = ctypes.create_string_buffer(_READ_ROOM)
        addresses = (_in_network_order(address), _in_network_order(netmask))
        self._call("start", bytes.fromhex(mac.replace(":", "")), *addresses, seed)

    def _call(self, name: str, *arguments: Any) -> Any:
        """A call that changes the state, kept for `freeze`."""
        if self._file is None:
            raise UsageError("the station is gone, as its board is: start another")
        self.calls.append((name, *arguments))
        if name == "read":
            arguments += (self._data, _READ_ROOM)
        return getattr(self._library, f"station_{name}")(*arguments)

    def input(self, now_ns: int, frame: bytes = b"") -> None:
        """Moves the clock, does what is due, and takes a frame in."""
        self._call("input", now_ns, frame, len(frame))

    def output(self) -> list[bytes]:
        """The frames that are to be sent now."""
        frames = []
        while length := self._library.station_output(self._frame, _FRAME_ROOM):
            frames.append(self._frame.raw[:length])
        return frames

    def next_ns(self) -> int | None:
        """When `input` must be called though no frame has come."""
        due: int = self._library.station_next()
        return None if due == _NONE else due

    def connect(self, address: str, port: int) -> int:
        """Begins to open a connection, and returns its number; -1: there are too many."""
        return int(self._call("connect", _in_network_order(address), port))

    def state(self, number: int) -> State:
        """Of a connection; all are closed with the stack."""
        if self._file is None:
            return State.CLOSED
        return State(self._library.station_connection(number))

    def write(self, number: int, data: bytes) -> int:
        """How many of the bytes were taken."""
        return int(self._call("write", number, data, len(data)))

    def read(self, number: int) -> bytes:
        """What has come; reading it opens the receive window again."""
        pieces = []
        while self._library.station_waiting(number):
            length = self._call("read", number)
            pieces.append(self._data.raw[:length])
        return b"".join(pieces)

    def unacknowledged(self, number: int) -> int:
        """Bytes written that the board has not acknowledged."""
        return int(self._library.station_unacknowledged(number))

    def shutdown(self, number: int) -> None:
        """Ends what goes out on a connection; what comes can still be read."""
        self._call("shutdown", number)

    def end(self, number: int) -> None:
        """Closes a connection: what was written still goes out."""
        self._call("close", number)

    def abort(self, number: int) -> None:
        """Resets a connection."""
        self._call("abort", number)

    def ping(self, address: str, sequence: int) -> None:
        """Sends an echo request."""
        self._call("ping", _in_network_order(address), sequence)

    def echoed(self) -> int:
        """The sequence number of the newest echo reply, 0 before any."""
        return int(self._library.station_echoed())

    def freeze(self) -> bytes:
        """Its state, for the `thaw` of a new stack that was made with the same arguments."""
        return json.dumps([[name, *map(_as_text, arguments)] for name, *arguments in self.calls[1:]]).encode()

    def thaw(self, state: bytes) -> None:
        """Takes over the state of another stack; what that one had to send, it has sent."""
        for name, *arguments in json.loads(state):
            self._call(name, *(bytes.fromhex(each) if isinstance(each, str) else each for each in arguments))
            self.output()

    def close(self) -> None:
        """Gives up the library's copy; safe to call twice."""
        if self._file is not None:
            _ctypes.dlclose(self._library._handle)
            os.close(self._file)
            self._file = None


def _in_network_order(address: str) -> int:
    return int.from_bytes(IPv4Address(address).packed, "little")


def _as_text(argument: bytes | int) -> str | int:
    return argument.hex() if isinstance(argument, bytes) else argument
