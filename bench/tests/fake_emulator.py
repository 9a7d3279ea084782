# SPDX-License-Identifier: MIT
"""A stand-in for the emulator that speaks its QMP, panel, UART and wire, for tests that need no real board.

Its "firmware" prints a boot log and a prompt, blinks RH0 and RE4 (on 100 ms, off 150 ms), echoes what is typed and
answers `help`, shows switch levels on the console, sends one ARP-like frame a second, and answers frames.
Modes, the first argument, comma separated: refuse, no-greeting, die=SECONDS, hang=SECONDS, qmp-silent, mute,
busy (any user port is taken), panic=SECONDS, frozen (virtual time stands still), uart=N, leaning (its firmware uses
registers that have no model), pwm (RD0 carries 20 kHz, 25 % high, and RH1 1 kHz, 30 %, from 0.2 s to 0.8 s).
"""

from __future__ import annotations

import contextlib
import ctypes
import heapq
import json
import os
import re
import select
import signal
import socket
import sys
import time
from collections.abc import Callable
from typing import Any

NS = 1_000_000_000
TOUCHED = {"register": "U2MODE", "kind": "modelled", "device": "pic32mz-uart", "address": 0x1F822200, "reads": 9}
LEANED_ON = [
    {"register": "SQI1CFG", "kind": "storage", "device": "pic32mz-storage", "address": 0x1F8E2008, "reads": 2},
    {"kind": "reserved", "device": "pic32mz-storage", "address": 0x1F8B0000, "reads": 0},
]
CHIP = [
    {"register": "U2MODE", "kind": "modelled", "device": "pic32mz-uart", "address": 0x1F822200},
    {"register": "SQI1CFG", "kind": "storage", "device": "pic32mz-storage", "address": 0x1F8E2008},
]
# The core stands in an endless loop at the reset vector: b .; nop
LOOP = dict(enumerate(bytes.fromhex("ffff0010 00000000"), 0x1FC00000))
CORE = {
    "instructions": 1,
    "pc": 0xBFC00000,
    "micromips": False,
    "delay-slot": False,
    "waits": False,
    "fcr31": 0,
    "gpr": [[0] * 32] * 8,
    "hi": [0] * 4,
    "lo": [0] * 4,
    "fpr": [0] * 32,
    "cp0": dict.fromkeys(("BadVAddr", "Status", "SRSCtl", "Cause", "EPC", "ErrorEPC", "EBase", "Config3"), 0),
}
VERSION = {"qemu": {"major": 7, "minor": 2, "micro": 0}, "package": ""}
BOOT_LOG = [
    (0.010, "TCP/IP Stack: Initialization Started\r\n"),
    (0.020, "TCP/IP Stack: Initialization Ended - success\r\n"),
    (0.030, "Waiting for Client Connection on port: 8088\r\n"),
    (0.035, "> "),
    (0.500, "\r\nPIC32INT IP Address: 10.0.2.15\r\n> "),
]


class Fake:
    def __init__(self, modes: dict[str, str], arguments: list[str]) -> None:
        self.modes = modes
        text = " ".join(arguments)
        self.uart = int(modes.get("uart", "2"))
        self.free_running = False
        self.socks = {name: socket.socket(fileno=int(fd)) for name, fd in re.findall(r"socket,id=(\w+),fd=(\d+)", text)}
        self.forwards: list[tuple[socket.socket, str]] = []
        for host, guest in re.findall(r"hostfwd=tcp:127.0.0.1:(\d+)-:(\d+)", text):
            self.forward(int(host), guest)
        dump = re.search(r"file=(/proc/self/fd/\d+)", text)
        if dump:
            with open(dump[1], "wb") as file:
                file.write(bytes.fromhex("d4c3b2a1020004000000000000000000ffff000001000000") + b"\0" * 16)
        self.rest = dict.fromkeys(self.socks, b"")
        self.now = 0
        self.queue: list[tuple[int, int, Callable[[], None]]] = []
        self.count = 0
        self.target: int | None = None
        self.waiting = False
        self.quantum = self.quantum_end = 0
        self.heard = False
        self.wall_start: float | None = None
        self.stop_on_frame = False
        self.frame_sent = False
        self.levels: dict[str, int | None] = {}
        self.typed = ""
        self.generation = 0
        self.held = False
        self.boot("power-on")
        if "die" in modes:
            self.after(float(modes["die"]), lambda: os.kill(os.getpid(), signal.SIGSEGV))

    def forward(self, host: int, guest: str) -> None:
        server = socket.socket()
        try:
            if "busy" in self.modes:
                raise OSError
            server.bind(("127.0.0.1", host))
        except OSError:
            rule = f"tcp:127.0.0.1:{host}-:{guest}"
            fail(f"fake: -netdev user: Could not set up host forwarding rule '{rule}'")
        server.listen()
        self.forwards.append((server, guest))

    def after(self, seconds: float, action: Callable[[], None]) -> None:
        self.count += 1
        heapq.heappush(self.queue, (self.now + round(seconds * NS), self.count, action))

    def boot(self, why: str) -> None:
        self.generation += 1
        generation = self.generation
        if self.held:
            return

        def alive(action: Callable[[], None]) -> Callable[[], None]:
            return lambda: action() if self.generation == generation else None

        self.panel(reset=why)
        if "mute" not in self.modes:
            for at, line in BOOT_LOG:
                self.after(at, alive(lambda line=line: self.say(line)))
        if "panic" in self.modes:
            self.after(float(self.modes["panic"]), alive(lambda: self.say("\r\n*** exception 4 at 9d001234\r\n")))

        def blink(level: int) -> None:
            self.panel(pin="RH0", level=level)
            self.panel(pin="RE4", level=level)
            self.after(0.1 if level else 0.15, alive(lambda: blink(1 - level)))

        self.after(0.1, alive(lambda: blink(1)))

        if "pwm" in self.modes:
            for pin, waveform in (
                ("RD0", {"period": 50_000, "high": 12_500}),
                ("RH1", {"period": 1_000_000, "high": 300_000}),
            ):
                self.after(0.2, alive(lambda pin=pin, waveform=waveform: self.panel(pin=pin, **waveform)))
                self.after(0.8, alive(lambda pin=pin: self.panel(pin=pin, level=0)))

        def announce() -> None:
            self.transmit(b"\xff" * 6 + bytes.fromhex("0004a3000001 0806") + b"\0" * 46)
            self.after(1.0, alive(announce))

        self.after(0.25, alive(announce))

    def write(self, name: str, data: bytes) -> None:
        if name != "qmp" and not self.heard:
            self.heard = True
            if self.quantum and self.target is not None:
                self.target = min(self.target, max(-(-self.now // self.quantum) * self.quantum, self.quantum_end))
        if name in self.socks:
            with contextlib.suppress(BrokenPipeError):
                self.socks[name].sendall(data)

    def say(self, text: str) -> None:
        self.write(f"uart{self.uart}", text.encode())

    def panel(self, **event: Any) -> None:
        self.write("panel", json.dumps({"t": self.now, **event}).encode() + b"\n")

    def transmit(self, frame: bytes) -> None:
        if "wire" in self.socks:
            self.write("wire", json.dumps({"t": self.now, "frame": frame.hex()}).encode() + b"\n")
            self.frame_sent = True

    def on_panel(self, command: dict[str, Any]) -> None:
        if "run" in command:
            self.begin(command["run"], command.get("quantum", 0))
            if command["run"] < self.now:
                self.target = None
                self.panel(error="run: the time is in the past")
        elif "wait" in command:
            self.end_wait()
            if command["wait"] is None:
                self.end("waited")
            else:
                self.waiting = True
                self.begin(command["wait"], command.get("quantum", 0))
        elif command.keys() & {"pin", "link", "power", "mclr", "crystal"}:
            at = max(command.pop("at", 0), self.now + 1)  # not before the next instruction
            self.after((at - self.now) / NS, lambda: self.act(command))
        else:
            self.panel(error=f"unknown command {command}")

    def act(self, command: dict[str, Any]) -> None:
        if "pin" in command:
            if "millivolts" in command:
                self.say(f"{command['pin']}={command['millivolts']}mV\r\n")
                return
            self.levels[command["pin"]] = command["level"]
            self.say(f"{command['pin']}={command['level']}\r\n")
        elif "link" in command:
            self.say(f"link {command['link']}\r\n")
        elif command.get("power") in ("cycle", "brown-out"):
            self.boot("power-on" if command["power"] == "cycle" else "brown-out")
        elif command.get("mclr") in ("low", "high"):
            if self.held != (command["mclr"] == "low"):
                self.held = not self.held
                self.boot("mclr")
        elif command.get("mclr") == "push":
            if not self.held:
                self.boot("mclr")
        elif command.get("crystal") in ("posc", "sosc") and command.get("state") in ("stopped", "running"):
            self.say(f"{command['crystal']} {command['state']}\r\n")
        else:
            self.panel(error=f"unknown command {command}")

    def begin(self, until: int, quantum: int) -> None:
        self.quantum = quantum
        self.quantum_end = (self.now // quantum + 1) * quantum if quantum else until
        self.target = min(until, self.quantum_end) if self.heard else until

    def end(self, how: str, **more: Any) -> None:
        self.panel(**{how: True}, **more)
        self.heard = False

    def end_wait(self) -> None:
        if self.waiting:
            self.waiting = False
            self.target = None
            self.end("waited")

    def on_uart(self, text: str) -> None:
        self.say(text.replace("\r", "\r\n"))
        self.typed += text
        while "\r" in self.typed:
            line, self.typed = self.typed.split("\r", 1)
            answer = "commands: help reset" if line == "help" else f"unknown command: {line}"
            self.after(0.002, lambda answer=answer: self.say(f"{answer}\r\n> "))

    def on_wire(self, message: dict[str, Any]) -> None:
        if "stop-on-frame" in message:
            self.stop_on_frame = message["stop-on-frame"]
            return
        if "run" in message:
            self.on_panel(message)
            return
        data = bytes.fromhex(message["frame"])
        delay = max(0.0, (message.get("at", self.now) - self.now) / NS) + 0.001
        if data[12:14] == b"\x88\xb5":  # IEEE 802 local experimental: echoed
            self.after(delay, lambda: self.transmit(data[6:12] + data[:6] + data[12:]))

    def on_qmp(self, message: dict[str, Any]) -> None:
        if "qmp-silent" in self.modes and message["execute"] != "qmp_capabilities":
            return
        arguments = message.get("arguments", {})
        command = message["execute"]
        answer: Any = {}
        if command == "qom-get":
            touched = [TOUCHED, *(LEANED_ON if "leaning" in self.modes else [])]
            properties = {
                "virtual-time": self.now,
                "sums": json.dumps(dict.fromkeys(("uart", "panel", "frames"), "0" * 16)),
                "core": json.dumps(CORE | {"virtual-time": self.now}),
                "sfr-report": json.dumps([{**row, "writes": 1, "first-pc": 0x9FC00000} for row in touched]),
                "sfr-map": json.dumps(CHIP),
            }
            answer = properties.get(arguments["property"])
        elif command == "human-monitor-command":
            answer = self.monitor(arguments["command-line"])
        elif command == "query-version":
            answer = VERSION
        elif command == "query-status":
            answer = {"running": False}
        elif command == "qom-set":
            self.free_running = arguments == {"path": "/machine", "property": "paced", "value": True}
        elif command == "cont":
            self.wall_start = time.monotonic() - self.now / NS
        elif command == "stop":
            self.wall_start = None
        elif command == "system_reset":
            self.boot("mclr")
        reply: dict[str, Any] = {"return": answer}
        if command == "nonsense":
            reply = {"error": {"class": "CommandNotFound", "desc": "no such command"}}
        if "id" in message:
            reply["id"] = message["id"]
        self.write("qmp", json.dumps(reply).encode() + b"\n")
        if command == "quit":
            sys.exit(0)

    def monitor(self, line: str) -> str:
        if examined := re.fullmatch(r"xp /(\d+)xb 0x([0-9a-f]+)", line):
            size, address = int(examined[1]), int(examined[2], 16)
            memory = bytes(LOOP.get(address + i, 0) for i in range(size))
            return f"{address:016x}: {' '.join(f'0x{byte:02x}' for byte in memory)}\r\n"
        if line != "info usernet":
            return f"fake monitor: {line}\r\n"
        rows = [
            f"  TCP[HOST_FORWARD]  12       127.0.0.1 {s.getsockname()[1]}       10.0.2.15    {g}     0     0"
            for s, g in self.forwards
        ]
        return "\r\n".join(["Hub -1 (net0):", *rows])

    def advance(self) -> None:
        """Runs the board as far as it may go now."""
        limit = 0
        if self.free_running and self.wall_start is not None and "frozen" not in self.modes:
            limit = round((time.monotonic() - self.wall_start) * NS)
        hang = float(self.modes.get("hang", "1e9"))
        while self.queue and self.queue[0][0] <= self.goal(limit):
            self.now, _, action = heapq.heappop(self.queue)
            if self.now >= hang * NS:
                signal.pause()
            self.frame_sent = False
            action()
            if self.frame_sent and self.stop_on_frame:
                self.target = None
                self.end("stopped", frame=True)
                return
        if self.goal(limit) >= hang * NS:
            signal.pause()
        self.now = max(self.now, self.goal(limit))
        if self.target is not None and self.now >= self.target:
            if self.waiting:
                self.end_wait()
            else:
                self.target = None
                self.end("stopped")

    def goal(self, limit: int) -> int:
        """How far the board may go: to the end of a run, or as far as wall time has come."""
        return limit if self.free_running else -1 if self.target is None else self.target

    def serve(self) -> None:
        greeting = {"QMP": {"version": VERSION, "capabilities": []}}
        self.write("qmp", json.dumps(greeting).encode() + b"\n")
        while True:
            ready, _, _ = select.select(list(self.socks.values()), [], [], 0.005 if self.free_running else None)
            for name, sock in list(self.socks.items()):
                if sock in ready:
                    data = sock.recv(65536)
                    if not data:  # as QEMU does, live on without it
                        del self.socks[name]
                        continue
                    self.take(name, data)
            self.advance()

    def take(self, name: str, data: bytes) -> None:
        if name.startswith("uart"):
            self.on_uart(data.decode())
            return
        if name == "qmp":  # its messages need no line ends
            text = self.rest[name].decode() + data.decode()
            while text.strip():
                message, end = json.JSONDecoder().raw_decode(text)
                text = text[end:].lstrip()
                self.on_qmp(message)
            return
        *lines, self.rest[name] = (self.rest[name] + data).split(b"\n")
        handler = {"panel": self.on_panel, "wire": self.on_wire}[name]
        for line in lines:
            if line.strip():
                handler(json.loads(line))


def fail(message: str) -> None:
    print(message, file=sys.stderr)
    sys.exit(1)


def main() -> None:
    modes = dict(part.partition("=")[::2] for part in sys.argv[1].split(",") if part)
    if parent := re.search(r"[, ]parent=(\d+)", " ".join(sys.argv)):
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG, linux/prctl.h
        if os.getppid() != int(parent[1]):
            sys.exit(1)
    if "refuse" in modes:
        fail("fake: the chip property is wrong")
    print("fake: unimplemented register read", file=sys.stderr, flush=True)
    if "no-greeting" in modes:
        signal.pause()
    Fake(modes, sys.argv[2:]).serve()


main()
