# SPDX-License-Identifier: MIT
"""The thread that listens to the emulator, and the byte channels it drains.

QEMU stops the whole machine, its monitor included, while a socket chardev is full. So every channel is drained all
the time by one thread, whether or not anybody wants its bytes.
"""

from __future__ import annotations

import asyncio
import contextlib
import select
import socket
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import CancelledError, Future
from typing import Any, TypeVar

_T = TypeVar("_T")
_CHUNK = 65536


class IoThread:
    """An asyncio loop in a daemon thread of its own."""

    def __init__(self, name: str) -> None:
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._serve, name=name, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        asyncio.set_event_loop(self.loop)
        try:
            self.loop.run_forever()
        finally:
            self.loop.close()

    def run(self, begin: Callable[[], Coroutine[Any, Any, _T]], timeout_wall: float) -> _T:
        """Calls ``begin`` in the thread, runs the coroutine that it returns and returns its result.

        The coroutine is made in the thread, so that a Ctrl-C on the way there leaves none that nobody awaits.
        Raises TimeoutError after ``timeout_wall`` seconds, and whatever the coroutine raises.
        """
        result: Future[_T] = Future()
        tasks: list[asyncio.Task[_T]] = []

        def finish(task: asyncio.Task[_T]) -> None:
            if task.cancelled():
                result.set_exception(CancelledError())
            elif error := task.exception():
                result.set_exception(error)
            else:
                result.set_result(task.result())

        def start() -> None:
            tasks.append(self.loop.create_task(begin()))
            tasks[0].add_done_callback(finish)

        self.loop.call_soon_threadsafe(start)
        try:
            return result.result(timeout_wall)
        except CancelledError as error:
            raise ConnectionError("cancelled") from error
        except BaseException:
            self.loop.call_soon_threadsafe(lambda: [task.cancel() for task in tasks])
            raise

    def call(self, function: Callable[[], _T], timeout_wall: float = 30.0) -> _T:
        """Runs a plain function in the thread and returns its result."""

        async def wrapper() -> _T:
            return function()

        return self.run(wrapper, timeout_wall)

    def stop(self) -> None:
        """Ends the thread; safe to call twice."""
        if not self._thread.is_alive():
            return

        async def cancel_all() -> None:
            tasks = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

        with contextlib.suppress(TimeoutError, RuntimeError):
            self.run(cancel_all, 5.0)
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(5.0)


class Channel:
    """One end of a chardev: bytes out by `write`, bytes in to the listener, which the I/O thread calls."""

    def __init__(self, name: str, sock: socket.socket, io: IoThread, activity: threading.Condition) -> None:
        self.name = name
        self._sock = sock
        self._io = io
        self._activity = activity
        self._lock = threading.RLock()
        self._listener: Callable[[bytes], None] | None = None
        self._early = bytearray()
        self._open = True
        sock.setblocking(False)
        io.call(lambda: io.loop.add_reader(sock.fileno(), self.drain))

    def listen(self, listener: Callable[[bytes], None]) -> None:
        """Hands every byte, those received so far included, to ``listener``."""
        with self._lock:
            self._listener = listener
            early, self._early = bytes(self._early), bytearray()
            if early:
                listener(early)

    def drain(self) -> None:
        """Takes in everything that the emulator has written up to now; callable from any thread."""
        got = False
        with self._lock:
            while self._open:
                try:
                    data = self._sock.recv(_CHUNK)
                except BlockingIOError:
                    break
                except OSError:
                    data = b""
                if not data:
                    self._shut()
                    break
                got = True
                if self._listener:
                    self._listener(data)
                else:
                    self._early += data
        if got:
            with self._activity:
                self._activity.notify_all()

    def write(self, data: bytes, timeout_wall: float = 30.0) -> None:
        """Sends bytes to the emulator.

        Raises TimeoutError when it takes none for ``timeout_wall`` seconds, ConnectionError when it is gone.
        """
        view = memoryview(data)
        while view:
            if not self._open:
                raise ConnectionError(f"the {self.name} channel is closed")
            try:
                sent = self._sock.send(view)
            except BlockingIOError:
                if not select.select([], [self._sock], [], timeout_wall)[1]:
                    raise TimeoutError(f"the emulator does not read its {self.name} channel") from None
                continue
            view = view[sent:]

    def close(self) -> None:
        """Closes the channel; safe to call twice."""
        with self._lock:
            self._shut()

    def _shut(self) -> None:
        if self._open:
            self._open = False
            try:
                self._io.loop.call_soon_threadsafe(self._forget)
            except RuntimeError:  # the loop has ended already
                self._sock.close()

    def _forget(self) -> None:
        self._io.loop.remove_reader(self._sock.fileno())
        self._sock.close()


class LineSplitter:
    """Cuts a byte stream into lines."""

    def __init__(self, on_line: Callable[[bytes], None]) -> None:
        self._on_line = on_line
        self._rest = b""

    def __call__(self, data: bytes) -> None:
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            if line.strip():
                self._on_line(line)
