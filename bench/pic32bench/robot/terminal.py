# SPDX-License-Identifier: MIT
"""Keywords for the board's terminals, with the names and argument names that Renode's have."""

from __future__ import annotations

import re
from dataclasses import dataclass

from pic32bench.console import Console, Line
from pic32bench.emulator import UART_COUNT
from pic32bench.errors import UsageError
from pic32bench.robot.emulation import EmulationKeywords

DEFAULT_TIMEOUT = 10.0
_LINE_ENDS = {"CarriageReturn": "\r", "LineFeed": "\n", "CarriageReturnLineFeed": "\r\n"}


@dataclass(frozen=True)
class TerminalTesterResult:
    """What a wait found: the line, when its end was seen (``timestamp`` in virtual ms), and a pattern's groups."""

    line: str
    timestamp: float
    groups: tuple[str | None, ...]

    @property
    def time(self) -> float:
        """Virtual seconds."""
        return self.timestamp / 1000


@dataclass(frozen=True)
class Tester:
    """What `Create Terminal Tester` makes. ``uart`` None is the board's console."""

    uart: int | None
    timeout: float
    line_end: str


class TerminalKeywords(EmulationKeywords):
    """Terminal testers. Waits read on from where the last one on the same UART ended."""

    def __init__(self) -> None:
        super().__init__()
        self._testers: list[Tester] = []

    def create_terminal_tester(
        self,
        uart: str = "console",
        timeout: float = DEFAULT_TIMEOUT,
        machine: str | None = None,
        endLineOption: str = "CarriageReturn",  # noqa: N803  (Renode's name)
    ) -> int:
        """Makes a tester for a UART, ``console`` or ``uart1`` to ``uart6``, and returns its id.

        May stand before or after `Start Emulation`. A leading ``sysbus.`` is ignored, as is ``machine``: there is
        one. ``timeout``, virtual seconds, is for waits that name none. ``endLineOption`` is what `Write Line To Uart`
        ends lines with: CarriageReturn, LineFeed or CarriageReturnLineFeed.

        With no tester made, terminal keywords use the board's console and 10 s.
        """
        if endLineOption not in _LINE_ENDS:
            raise UsageError(f"endLineOption {endLineOption!r}: expected one of {', '.join(_LINE_ENDS)}")
        self._testers.append(Tester(_uart_number(uart), timeout, _LINE_ENDS[endLineOption]))
        return len(self._testers) - 1

    def wait_for_line_on_uart(
        self,
        content: str,
        timeout: float | None = None,
        testerId: int | None = None,  # noqa: N803
        treatAsRegex: bool = False,  # noqa: N803
        includeUnfinishedLine: bool = False,  # noqa: N803
        pauseEmulation: bool = False,  # noqa: N803
        matchNextLine: bool = False,  # noqa: N803
    ) -> TerminalTesterResult:
        """Waits for a line that contains ``content``; returns an object with ``line``, ``timestamp``, ``groups``.

        With ``treatAsRegex`` content is a regular expression (Python's); with ``matchNextLine`` the very next line
        must be it. ``timeout`` is in virtual seconds. ``pauseEmulation`` is taken for Renode's sake: without a host
        peer the machine stands still between keywords anyway.

        | ${found}=    Wait For Line On Uart    IP Address: (\\\\S+)    treatAsRegex=true
        | Log    ${found.groups}[0]
        """
        console, default, _ = self._terminal(testerId)
        pattern = re.compile(content) if treatAsRegex else content
        seconds = default if timeout is None else timeout
        if not matchNextLine:
            return _result(console.wait_for_line(pattern, seconds, includeUnfinishedLine))
        line = console.wait_for_next_line(seconds)
        found = re.search(content if treatAsRegex else re.escape(content), line.text)
        if not found:
            raise AssertionError(f"the next line on UART{console.uart} is {line.text!r}, expected {content!r} in it")
        return _result(Line(line.text, line.time, found.groups()))

    def wait_for_next_line_on_uart(
        self,
        timeout: float | None = None,
        testerId: int | None = None,  # noqa: N803
        pauseEmulation: bool = False,  # noqa: N803
    ) -> TerminalTesterResult:
        """Waits for the end of the next line, whatever it says, and returns it."""
        console, default, _ = self._terminal(testerId)
        return _result(console.wait_for_next_line(default if timeout is None else timeout))

    def wait_for_prompt_on_uart(
        self,
        prompt: str = ">",
        testerId: int | None = None,  # noqa: N803
        timeout: float | None = None,
        treatAsRegex: bool = False,  # noqa: N803
        pauseEmulation: bool = False,  # noqa: N803
    ) -> TerminalTesterResult:
        """Waits for a prompt at the start of a line, whose end need not have come."""
        console, default, _ = self._terminal(testerId)
        match = console.wait_for_prompt(
            re.compile(prompt) if treatAsRegex else prompt, default if timeout is None else timeout
        )
        return TerminalTesterResult(match.text, match.time * 1000, match.groups)

    def should_not_be_on_uart(
        self,
        content: str,
        timeout: float | None = None,
        testerId: int | None = None,  # noqa: N803
        treatAsRegex: bool = False,  # noqa: N803
        pauseEmulation: bool = False,  # noqa: N803
    ) -> None:
        """Lets ``timeout`` virtual seconds pass and fails if ``content`` shows up, or has since the last wait."""
        console, default, _ = self._terminal(testerId)
        pattern = re.compile(content) if treatAsRegex else content
        console.should_be_silent(pattern, default if timeout is None else timeout)

    def test_if_uart_is_idle(
        self,
        timeout: float,
        testerId: int | None = None,  # noqa: N803
        pauseEmulation: bool = False,  # noqa: N803
    ) -> None:
        """Fails if anything at all comes within ``timeout`` virtual seconds from now."""
        console, _, _ = self._terminal(testerId)
        console.skip()
        console.should_be_silent(re.compile("(?s)."), timeout)

    def write_line_to_uart(
        self,
        content: str = "",
        testerId: int | None = None,  # noqa: N803
        waitForEcho: bool = True,  # noqa: N803
        pauseEmulation: bool = False,  # noqa: N803
    ) -> None:
        """Types a line and its line end; with ``waitForEcho`` also waits until the board has echoed it."""
        console, timeout, line_end = self._terminal(testerId)
        console.write(content + line_end)
        if waitForEcho and content:
            console.wait_for(content, timeout)

    def write_to_uart(self, content: str, testerId: int | None = None) -> None:  # noqa: N803
        """Types a text as it is."""
        self._terminal(testerId)[0].write(content)

    def write_char_on_uart(self, character: str, testerId: int | None = None) -> None:  # noqa: N803
        """Types one character."""
        if len(character) != 1:
            raise UsageError(f"Write Char On Uart: expected one character, found {character!r}")
        self._terminal(testerId)[0].write(character)

    def console_log(self, testerId: int | None = None) -> str:  # noqa: N803
        """Everything the UART has said so far, each line with the virtual time of its end."""
        return self._terminal(testerId)[0].log()

    def _terminal(self, tester_id: int | None) -> tuple[Console, float, str]:
        """Console, default time-out and line end of a tester."""
        if tester_id is None:
            if len(self._testers) > 1:
                raise UsageError(f"there are {len(self._testers)} terminal testers: say which with testerId=")
            tester = self._testers[0] if self._testers else Tester(None, DEFAULT_TIMEOUT, "\r")
        elif 0 <= tester_id < len(self._testers):
            tester = self._testers[tester_id]
        else:
            raise UsageError(f"no terminal tester {tester_id}: `Create Terminal Tester` returns the ids")
        console = self.board.console if tester.uart is None else self.board.uart(tester.uart)
        return console, tester.timeout, tester.line_end


def _result(line: Line) -> TerminalTesterResult:
    return TerminalTesterResult(line.text, line.time * 1000, line.groups)


def _uart_number(name: str) -> int | None:
    text = name.lower().removeprefix("sysbus.")
    if text == "console":
        return None
    digits = text.removeprefix("uart")
    if not digits.isdigit() or not 1 <= int(digits) <= UART_COUNT:
        raise UsageError(f"no UART {name!r}: expected console, or uart1 to uart{UART_COUNT}")
    return int(digits)
