# SPDX-License-Identifier: MIT
"""The first process in the namespaces of a `Pc`: while it lives they do, and with it everything in them ends.

It opens what must be opened inside and hands it out: sockets, and the far ends of cables. It ends when the bench
closes the socket between them, or when the bench is gone, however that happens. Run as a script with two open files:
that socket, and a pidfd of the bench. Standard library only, and nothing of the bench: it has to be there at once.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import select
import signal
import socket
import struct
import sys

# linux/if_tun.h
_TUNSETIFF, _IFF_TAP, _IFF_NO_PI = 0x400454CA, 0x0002, 0x1000


def _open_tap(name: str) -> int:
    descriptor = os.open("/dev/net/tun", os.O_RDWR | os.O_CLOEXEC | os.O_NONBLOCK)
    try:
        fcntl.ioctl(descriptor, _TUNSETIFF, struct.pack("16sH22x", name.encode(), _IFF_TAP | _IFF_NO_PI))
    except OSError:
        os.close(descriptor)
        raise
    return descriptor


def _open(request: dict[str, list[int] | str]) -> int:
    if "tap" in request:
        return _open_tap(str(request["tap"]))
    family, kind, protocol = (int(number) for number in request["socket"])
    return socket.socket(family, kind, protocol).detach()


def main(control_fd: int, bench_fd: int) -> None:
    """Serves until the bench wants no more."""
    # Orphans of this process space are its children: none may stay as a zombie.
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    control = socket.socket(fileno=control_fd)
    control.send(b'{"ready": true}')
    ready = select.poll()
    for descriptor in (control_fd, bench_fd):
        ready.register(descriptor, select.POLLIN)
    while bench_fd not in dict(ready.poll()) and (data := control.recv(4096)):
        try:
            descriptor = _open(json.loads(data))
        except OSError as error:
            control.send(json.dumps({"errno": error.errno}).encode())
            continue
        socket.send_fds(control, [b"{}"], [descriptor])
        os.close(descriptor)


if __name__ == "__main__":
    with contextlib.suppress(OSError):  # the bench is gone
        main(int(sys.argv[1]), int(sys.argv[2]))
