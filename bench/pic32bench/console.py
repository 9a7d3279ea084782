# SPDX-License-Identifier: MIT
"""A terminal on one of the board's UARTs: wait for what it says, type, and look at the whole log.

Every wait looks at what came after the end of the last match, as expect(1) does, so a suite reads the log once, from
top to bottom. In lock-step a wait ends at the first quantum in which the text is there, so it ends at the same
virtual time in every run.
"""

from __future__ import annotations

import base64
import bisect
import codecs
import re
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from pic32bench.clock import Clock, LockStepClock
from pic32bench.emulator import Emulator
from pic32bench.errors import WaitTimeoutError
from pic32bench.panel_link import NS

DEFAULT_TIMEOUT = 10.0
_T = TypeVar("_T")
_LINE_END = re.compile(r"\r*\n")


@dataclass(frozen=True)
class Match:
    """What a wait found: the text, a regular expression's groups, what stood before it, and when it was seen."""

    text: str
    groups: tuple[str | None, ...]
    before: str
    time: float


@dataclass(frozen=True)
class Line:
    """One line of the console without its line end, and the virtual time, seconds, at which its end was seen.

    ``groups`` are those of the regular expression that found it, if one did.
    """

    text: str
    time: float
    groups: tuple[str | None, ...] = ()


class Console:
    """One UART as a terminal. ``baud`` is the rate at which `write` types, in bit/s."""

    def __init__(
        self,
        emulator: Emulator,
        clock: Clock,
        uart: int,
        baud: int,
        report: Callable[[], str] = lambda: "",
        line_end: str = "\r",
    ) -> None:
        self.uart = uart
        self.baud = baud
        self.line_end = line_end
        self._follower: Callable[[str], None] | None = None
        self._follow_lock = threading.Lock()
        self._followed = 0  # length of the text that the follower has been given
        self._emulator = emulator
        self._clock = clock
        self._report = report
        self._lock = threading.Lock()
        self._decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
        self._text = ""
        self._data = bytearray()
        self._stamps: list[tuple[int, int]] = []  # (length of the text before a piece, ns at which it came)
        self._cursor = 0
        self._pending = bytearray()
        # In the middle of a quantum, how much has come is up to the host's scheduler; at its end it is not.
        clock.after_stop.append(self._commit)
        emulator.channels[f"uart{uart}"].listen(self._receive)

    def _receive(self, data: bytes) -> None:
        with self._lock:
            self._pending += data
        if not self._clock.in_quantum:
            self._commit(self._clock.last_ns)

    def _commit(self, time_ns: int) -> None:
        """Makes what has come in visible, as seen at this time."""
        with self._lock:
            text = self._decoder.decode(bytes(self._pending))
            self._data += self._pending
            self._pending.clear()
            if not text:
                return
            if self._stamps:  # a free-running clock guesses between two looks, and may have guessed too much
                time_ns = max(time_ns, self._stamps[-1][1])
            self._stamps.append((len(self._text), time_ns))
            self._text += text
        self._tell_follower()

    def follow(self, follower: Callable[[str], None] | None) -> None:
        """Gives all text received so far, and from now on what comes, to a function; None ends that.

        The function is called in the thread that receives, or in this one.
        """
        with self._follow_lock:
            self._follower = follower
            self._followed = 0
        self._tell_follower()

    def _tell_follower(self) -> None:
        with self._follow_lock:
            if self._follower is None:
                return
            with self._lock:
                text = self._text[self._followed :]
                self._followed = len(self._text)
            if text:
                self._follower(text)

    def freeze(self) -> dict[str, Any]:
        """What goes into a snapshot, as plain data."""
        with self._lock:
            return {
                "data": base64.b64encode(self._data).decode(),
                "pending": base64.b64encode(self._pending).decode(),
                "stamps": self._stamps,
                "cursor": self._cursor,
                "line_end": self.line_end,
            }

    def thaw(self, state: dict[str, Any]) -> None:
        """Takes over what `freeze` gave, in place of all that has come."""
        with self._lock:
            self._data = bytearray(base64.b64decode(state["data"]))
            self._pending = bytearray(base64.b64decode(state["pending"]))
            self._decoder.reset()
            self._text = self._decoder.decode(bytes(self._data))
            self._stamps = [(before, time_ns) for before, time_ns in state["stamps"]]
            self._cursor = state["cursor"]
            self.line_end = state["line_end"]

    @property
    def text(self) -> str:
        """Everything received since power-on of the emulator, with the line ends as they came."""
        if self._emulator.ended:  # last words in the middle of a quantum
            self._commit(self._clock.last_ns)
        with self._lock:
            return self._text

    @property
    def data(self) -> bytes:
        """Everything received since power-on of the emulator, as bytes: for protocols that are no text."""
        if self._emulator.ended:
            self._commit(self._clock.last_ns)
        with self._lock:
            return bytes(self._data)

    @property
    def unread(self) -> str:
        """What came after the end of the last match."""
        with self._lock:
            return self._text[self._cursor :]

    def lines(self) -> list[Line]:
        """Everything received, as lines with the virtual time at which each one's end was seen."""
        text = self.text
        lines, start = [], 0
        for end in _LINE_END.finditer(text):
            lines.append(Line(text[start : end.start()], self._time_at(end.end() - 1)))
            start = end.end()
        if start < len(text):
            lines.append(Line(text[start:], self._time_at(len(text) - 1)))
        return lines

    def log(self, lines: int | None = None) -> str:
        """The console with virtual time stamps, for people; the last ``lines`` of it if given."""
        everything = self.lines()
        chosen = everything if lines is None else everything[-lines:]
        return "\n".join(f"{line.time:11.6f}  {line.text}" for line in chosen)

    def wait_for(self, pattern: str | re.Pattern[str], timeout: float = DEFAULT_TIMEOUT) -> Match:
        """Waits for a text, or for a match of a compiled regular expression, anywhere in what is not read yet.

        Returns the match and goes on reading after it. Raises WaitTimeoutError after ``timeout`` virtual seconds.
        """
        regex = _compiled(pattern)

        def look() -> Match | None:
            with self._lock:
                found = regex.search(self._text, self._cursor)
                if not found:
                    return None
                before = self._text[self._cursor : found.start()]
                self._cursor = found.end()
            at = self._time_at(max(found.start(), found.end() - 1))
            return Match(found[0], found.groups(), before, at)

        return self._wait(look, timeout, _shown(pattern))

    def wait_for_line(
        self,
        pattern: str | re.Pattern[str],
        timeout: float = DEFAULT_TIMEOUT,
        include_unfinished: bool = False,
    ) -> Line:
        """Waits for a line that contains a text or a match of a regular expression; reads on after that line.

        A line counts once its line end has come, or at once with ``include_unfinished``. Raises WaitTimeoutError.
        """
        regex = _compiled(pattern)
        what = f"a line with {_shown(pattern)}"
        return self._wait(lambda: self._next_line(regex, include_unfinished), timeout, what)

    def wait_for_next_line(self, timeout: float = DEFAULT_TIMEOUT) -> Line:
        """Waits for the end of the next line, whatever it says. Raises WaitTimeoutError."""
        return self._wait(lambda: self._next_line(re.compile(""), False), timeout, "another line")

    def wait_for_prompt(self, prompt: str | re.Pattern[str] = ">", timeout: float = DEFAULT_TIMEOUT) -> Match:
        """Waits for a prompt at the start of a line, whose line end need not come. Raises WaitTimeoutError."""
        regex = re.compile(rf"(?:^|(?<=[\r\n]))(?:{_compiled(prompt).pattern})")
        return self.wait_for(regex, timeout)

    def should_be_silent(self, pattern: str | re.Pattern[str], seconds: float) -> None:
        """Lets time pass and raises WaitTimeoutError if the text shows up; reads nothing."""
        regex = _compiled(pattern)
        if self._clock.wait_until(lambda: regex.search(self.unread), seconds):
            raise WaitTimeoutError(
                f"UART{self.uart} said {_shown(pattern)}, which it should not within {seconds:g} s",
                self._report(),
            )

    def skip(self) -> str:
        """Counts everything received so far as read, and returns what was not."""
        with self._lock:
            unread = self._text[self._cursor :]
            self._cursor = len(self._text)
        return unread

    def write(self, text: str) -> None:
        """Types a text. In lock-step this takes as long as the line does: ten bits a character at ``baud``."""
        self.write_bytes(text.encode())

    def write_bytes(self, data: bytes) -> None:
        """Sends bytes, as `write` does a text: for protocols that are no text."""
        if not isinstance(self._clock, LockStepClock):
            self._emulator.send(f"uart{self.uart}", data)
            return
        # One by one: bytes that wait in a socket would be taken in at a moment that the host's scheduler chooses.
        per_character = -(-10 * NS // self.baud)
        for value in data:
            self._emulator.send(f"uart{self.uart}", bytes([value]))
            self._clock.run_to(self._clock.now_ns + per_character)

    def write_line(self, text: str = "") -> None:
        """Types a text and the line end (``line_end``, carriage return unless changed)."""
        self.write(text + self.line_end)

    def _next_line(self, regex: re.Pattern[str], include_unfinished: bool) -> Line | None:
        with self._lock:
            start = self._cursor
            while end := _LINE_END.search(self._text, start):
                line = self._text[start : end.start()]
                if found := regex.search(line):
                    self._cursor = end.end()
                    return Line(line, self._time_at(end.end() - 1), found.groups())
                start = end.end()
            line = self._text[start:]
            if include_unfinished and (found := regex.search(line)):
                self._cursor = len(self._text)
                return Line(line, self._time_at(self._cursor - 1), found.groups())
        return None

    def _wait(self, look: Callable[[], _T | None], timeout: float, what: str) -> _T:
        result = self._clock.wait_until(look, timeout)
        if result is None:
            tail = self.lines()[-1:]
            last = f"the last line was {tail[0].text!r}" if tail else "it has said nothing at all"
            raise WaitTimeoutError(
                f"UART{self.uart} did not say {what} within {timeout:g} s (virtual time {self._clock.now:.3f} s): "
                f"{last}",
                self._report(),
            )
        return result

    def _time_at(self, index: int) -> float:
        """When the character at this place of the text came."""
        after = bisect.bisect_right(self._stamps, index, key=lambda stamp: stamp[0])
        return self._stamps[after - 1][1] / NS if after else 0.0


def _compiled(pattern: str | re.Pattern[str]) -> re.Pattern[str]:
    return re.compile(re.escape(pattern)) if isinstance(pattern, str) else pattern


def _shown(pattern: str | re.Pattern[str]) -> str:
    return repr(pattern) if isinstance(pattern, str) else f"/{pattern.pattern}/"
