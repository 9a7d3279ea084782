# SPDX-License-Identifier: MIT
"""What can go wrong, as exceptions whose message is one clear line.

The message names the thing, what was expected, what was found and what to do next. Longer material (the last
console lines, the panel, the emulator's log) is kept apart in ``details``, so that a terminal can show the line
alone and a test log can show everything.
"""

from __future__ import annotations


class BenchError(Exception):
    """Anything the bench reports. ``exit_code`` is what a command of the bench then ends with."""

    exit_code = 1
    ROBOT_SUPPRESS_NAME = True  # Robot Framework: show the message without the name of the class

    def __init__(self, message: str, details: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.details = details

    def __str__(self) -> str:
        return f"{self.message}\n{self.details}" if self.details else self.message


class UsageError(BenchError):
    """The bench was asked for something that cannot be: a wrong path, name, pin or port."""

    exit_code = 2


class NotBuiltError(UsageError):
    """The emulator or the reference firmware is not there; the message names the make target that builds it."""


class BoardFileError(UsageError):
    """A board file cannot be found or says something that makes no sense."""


class ImageError(UsageError):
    """A firmware image cannot be found, is damaged, or is for another chip."""


class PortBusyError(UsageError):
    """A host port that was asked for is already taken."""


class EmulatorError(BenchError):
    """The emulator did not do what it was asked."""


class EmulatorDiedError(EmulatorError):
    """The emulator process is gone; ``details`` holds the end of its log."""


class EmulatorStuckError(EmulatorError):
    """The emulator stopped answering and was killed."""


class WaitTimeoutError(BenchError, AssertionError):
    """What a test waited for did not come in time. It is an AssertionError too: the test failed, not the bench."""
