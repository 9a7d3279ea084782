# SPDX-License-Identifier: MIT
"""The computer at the other end of the cable of network ``tap``: namespaces of our own with a kernel interface in them.

Its network, its processes and its mounts are nobody else's, so real programs run there (a DHCP server, a browser) and
this computer's network knows nothing of it. No root is needed where the kernel lets users make namespaces. Nothing of
it has a name outside: it goes with its first process, and that goes with the bench.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import weakref
from collections.abc import Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import IO, Any

from pic32bench.errors import BenchError, UsageError
from pic32bench.network import pc_keeper
from pic32bench.network.host import Host

CABLE = "cable"  # the interface, a bridge: any number of boards and hosts can be on it
MAC = "02:00:00:00:00:02"  # locally administered
ADDRESS = "169.254.1.2"  # of a link-local cable (RFC 3927)
_START_WALL = 20.0
_CONNECT_WALL = 15.0
_CREDENTIALS = struct.Struct("iII")  # pid, uid, gid: unix(7)
# $1 to $3 start the keeper. Interfaces that talk of their own accord, as with IPv6, would be heard by the board.
_SET_UP = f"""
mount -t tmpfs -o mode=755 tmpfs /run
for which in all default; do
    setting=/proc/sys/net/ipv6/conf/$which/disable_ipv6
    if [ -e $setting ]; then echo 1 > $setting; fi
done
ip link set lo up
ip link add {CABLE} address {MAC} type bridge mcast_snooping 0
ip address add {ADDRESS}/16 broadcast + dev {CABLE}
ip link set {CABLE} up
exec "$@"
"""
_HOST_NAME = re.compile(r"[A-Za-z][A-Za-z0-9]{0,9}")  # an interface has it in its name, of 15 characters at most
_TOOLS = {"unshare": "util-linux", "nsenter": "util-linux", "setpriv": "util-linux", "ip": "iproute2"}
_ADMINISTRATION = "/usr/sbin:/sbin"  # where Debian keeps ip and dnsmasq, and users do not look


class NoNamespaceError(UsageError):
    """This computer lets us make no network namespace; the message says why."""


class Pc(Host):
    """Up from the moment it is made. Programs run there with `run` and `popen`; sockets are made with `open_socket`.

    ``pid`` is the first process there, for nsenter(1). Raises NoNamespaceError.
    """

    def __init__(self) -> None:
        self._ports = 0
        self._asking = threading.Lock()
        # Root first; a root that may not, as in many containers, may still do as users do.
        ways = [False, True] if os.geteuid() == 0 else [True]
        failures = []
        for rootless in ways:
            try:
                self._start(rootless)
                break
            except NoNamespaceError as error:
                failures.append(error.message)
        else:
            raise NoNamespaceError(
                "network tap needs root, or a kernel that lets users make namespaces: " + "; and ".join(failures)
            )

    def _start(self, rootless: bool) -> None:
        for tool, package in _TOOLS.items():
            if shutil.which(tool, path=search_path()) is None:
                raise NoNamespaceError(f"{tool} is not there: install the package {package}")
        user = ["--user", "--map-root-user"] if rootless else []
        bench = os.pidfd_open(os.getpid())
        near, far = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        near.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
        with far, tempfile.TemporaryFile() as said:
            try:
                self._unshare = self._spawn(user, far.fileno(), bench, said)
            finally:
                os.close(bench)
            far.close()
            self._control = near
            weakref.finalize(self, _end, near, self._unshare)
            near.settimeout(_START_WALL)
            try:
                _, ancillary, _, _ = near.recvmsg(4096, socket.CMSG_SPACE(_CREDENTIALS.size))
            except OSError:
                ancillary = []
            near.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 0)
            found = [data for _, kind, data in ancillary if kind == socket.SCM_CREDENTIALS]
            pid = _CREDENTIALS.unpack(found[0])[0] if found else 0
            if not pid:
                _end(near, self._unshare)
                said.seek(0)
                lines = said.read().decode(errors="replace").strip().splitlines()
                who = "as a user" if rootless else "as root"
                raise NoNamespaceError(f"{who}: {lines[-1] if lines else 'the kernel gave no reason'}")
        self.pid = pid
        entering = ["--user", "--preserve-credentials"] if rootless else []
        self.enter = ["nsenter", "--target", str(pid), *entering, "--mount", "--net", "--pid"]
        super().__init__("PC", MAC, ADDRESS, self.enter)

    @staticmethod
    def _spawn(user: Sequence[str], control: int, bench: int, said: IO[bytes]) -> subprocess.Popen[bytes]:
        keeper = [sys.executable, "-I", "-S", str(Path(pc_keeper.__file__).resolve()), str(control), str(bench)]
        return subprocess.Popen(
            [
                *("unshare", *user, "--net", "--mount", "--pid", "--fork", "--kill-child=KILL", "--mount-proc"),
                *("sh", "-e", "-c", _SET_UP, "sh", *keeper),
            ],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=said,
            pass_fds=(control, bench),
            env={**os.environ, "PATH": search_path()},
            start_new_session=True,
        )

    def command(self, *command: str) -> list[str]:
        prefix = [*self.enter, f"--wd={os.getcwd()}", "env", f"PATH={search_path()}"]
        return [*prefix, "setpriv", "--pdeathsig", "TERM", *command]

    def _ask(self, **request: Any) -> int:
        """A file that the keeper opens. Raises OSError, and BenchError when the keeper is gone."""
        try:
            with self._asking:
                self._control.send(json.dumps(request).encode())
                answer, descriptors, _, _ = socket.recv_fds(self._control, 4096, 1)
        except OSError:
            answer, descriptors = b"", []
        if not answer:
            raise BenchError("the namespace of network tap is gone: somebody has ended its first process")
        if not descriptors:
            number = int(json.loads(answer)["errno"])
            raise OSError(number, os.strerror(number))
        os.set_inheritable(descriptors[0], False)
        return descriptors[0]

    def plug(self) -> int:
        """A new port of the cable, for a board: an open tap device. The port goes when that is closed.

        Raises UsageError.
        """
        self._ports += 1
        name = f"board{self._ports}"
        try:
            descriptor = self._ask(tap=name)
        except OSError as error:
            raise NoNamespaceError(
                f"network tap needs /dev/net/tun, which cannot be opened: {error.strerror}"
            ) from None
        try:
            self.run(["ip", "link", "set", name, "master", CABLE, "up"], check=True)
        except subprocess.CalledProcessError as error:
            os.close(descriptor)
            raise UsageError(f"the board cannot be put on the cable: {error.stderr.strip()}") from None
        return descriptor

    def open_socket(
        self, family: int = socket.AF_INET, kind: int = socket.SOCK_STREAM, protocol: int = 0
    ) -> socket.socket:
        """A socket of the PC's, as `socket.socket` makes one of this computer's. Raises OSError."""
        return socket.socket(fileno=self._ask(socket=[int(family), int(kind), int(protocol)]))

    def connect(self, address: str, port: int, timeout_wall: float = _CONNECT_WALL) -> socket.socket:
        """A TCP connection from the PC, as `socket.create_connection` makes one. Raises OSError."""
        connection = self.open_socket()
        try:
            connection.settimeout(timeout_wall)
            connection.connect((address, port))
        except BaseException:
            connection.close()
            raise
        return connection

    def add_address(self, address: str, prefix: int) -> None:
        """Gives the PC another IPv4 address on the cable, if it has it not. Raises UsageError."""
        if self.has_address(address):
            return
        added = self.run(["ip", "address", "add", f"{address}/{prefix}", "broadcast", "+", "dev", CABLE])
        if added.returncode:
            raise UsageError(f"the PC cannot have address {address}: {added.stderr.strip()}")

    def addresses(self) -> list[tuple[str, int]]:
        """Its IPv4 addresses on the cable, each with the length of its network's prefix."""
        shown = json.loads(self.run(["ip", "-json", "-4", "address", "show", "dev", CABLE]).stdout)
        return [(str(one["local"]), int(one["prefixlen"])) for one in shown[0]["addr_info"]]

    def host(self, name: str, address: str, prefix: int = 16, mac: str = "02:00:00:00:00:03") -> Host:
        """Another host on the cable, in a network namespace inside the PC's. Raises UsageError."""
        if not _HOST_NAME.fullmatch(name):
            raise UsageError(f"host {name!r}: expected up to ten letters and digits, the first a letter")
        inside = ["ip", "netns", "exec", name]
        steps = f"""
        ip netns add {name}
        ip link add port-{name} type veth peer name {CABLE} address {mac} netns {name}
        ip link set port-{name} master {CABLE} up
        {" ".join(inside)} ip address add {address}/{prefix} broadcast + dev {CABLE}
        {" ".join(inside)} ip link set {CABLE} up
        """
        made = self.run(["sh", "-e", "-c", steps])
        if made.returncode:
            raise UsageError(f"host {name} cannot be put on the cable: {made.stderr.strip()}")
        return Host(name, mac, address, [*self.command(), *inside])

    @property
    def shell(self) -> str:
        """The command that opens a shell at the PC."""
        return " ".join([*self.enter, "--wd=."])

    def close(self) -> None:
        """Ends it with all that runs there; safe to call twice."""
        _end(self._control, self._unshare)


def _end(control: socket.socket, process: subprocess.Popen[bytes]) -> None:
    control.close()
    if process.returncode is None:
        with suppress(subprocess.TimeoutExpired):
            process.wait(5)
            return
        process.kill()
        process.wait()


def search_path() -> str:
    """Where the PC's programs are looked for."""
    return f"{os.environ.get('PATH', os.defpath)}:{_ADMINISTRATION}"


@cache
def why_no_tap() -> str:
    """Why there can be no network ``tap`` here, in one line; empty where it can be. Tries it, once."""
    try:
        pc = Pc()
    except NoNamespaceError as error:
        return error.message
    try:
        os.close(pc.plug())
    except UsageError as error:
        return error.message
    finally:
        pc.close()
    return ""
