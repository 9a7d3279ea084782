# SPDX-License-Identifier: MIT
"""What Autobahn found out in a case, and what counts as better or worse.

Autobahn grades twice: how the server behaved in the case, and how the connection was closed. The orders are those in
which Autobahn's own report paints them, from green to red.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any, Self

from pic32bench.errors import UsageError

# Best first. OK: as the RFC says. NON-STRICT: conformant, but not as it recommends. INFORMATIONAL: it leaves that open.
BEHAVIORS = ("OK", "NON-STRICT", "INFORMATIONAL", "UNIMPLEMENTED", "FAILED")
# FAILED BY CLIENT: closed properly, but the server left the end of the TCP connection to the client.
CLOSES = ("OK", "INFORMATIONAL", "FAILED BY CLIENT", "WRONG CODE", "UNCLEAN", "FAILED")
GOOD_BEHAVIORS = frozenset(BEHAVIORS[:3])
GOOD_CLOSES = frozenset(CLOSES[:3])
# Of all that there is: without the compression that a server may offer (RFC 7692), 12 and 13.
DEFAULT_CASES = ("1.*", "2.*", "3.*", "4.*", "5.*", "6.*", "7.*", "9.*", "10.*")


@dataclass(frozen=True)
class Grade:
    """``behavior`` is one of BEHAVIORS, ``close`` one of CLOSES.

    ``killed``: after the case the board did not answer any more and had to be started anew. That is the worst.
    """

    behavior: str
    close: str
    killed: bool = False

    @property
    def good(self) -> bool:
        """Whether a conformant server may be graded so."""
        return self.behavior in GOOD_BEHAVIORS and self.close in GOOD_CLOSES and not self.killed

    @property
    def rank(self) -> tuple[int, ...]:
        """For each of the three, how bad it is; 0 is best."""
        return (int(self.killed), _place(BEHAVIORS, self.behavior), _place(CLOSES, self.close))

    def worse_than(self, other: Grade) -> bool:
        """Whether any of the three is worse."""
        return any(here > there for here, there in zip(self.rank, other.rank, strict=True))

    def better_than(self, other: Grade) -> bool:
        """Whether something is better, and nothing worse."""
        return other.worse_than(self) and not self.worse_than(other)

    def __str__(self) -> str:
        words = self.behavior if self.behavior == self.close else f"{self.behavior}, closing {self.close}"
        return f"{words}, and the board did not answer any more" if self.killed else words


@dataclass(frozen=True)
class CaseResult:
    """Of one case. ``said`` and ``close_said`` are Autobahn's own words, ``close_code`` is the server's.

    ``opened``: the opening handshake was completed. ``seconds`` is from there to the end, of whoever is tested.
    """

    case: str
    grade: Grade
    said: str = ""
    close_said: str = ""
    close_code: int | None = None
    opened: bool = True
    seconds: float | None = None

    @classmethod
    def read(cls, case: str, found: Mapping[str, Any]) -> Self:
        """From the client's answer."""
        return cls(
            case=case,
            grade=Grade(found["behavior"], found["behaviorClose"]),
            said=str(found["result"]),
            close_said=str(found["resultClose"]),
            close_code=found["remoteCloseCode"],
            opened=found["opened"],
            seconds=found["seconds"],
        )

    @property
    def why(self) -> str:
        """What Autobahn says about it, where it is not satisfied."""
        said = [self.said] if self.grade.behavior not in GOOD_BEHAVIORS else []
        said += [self.close_said] if self.grade.close not in GOOD_CLOSES else []
        return " ".join(dict.fromkeys(said)) or self.said


def by_number(case: str) -> tuple[int, ...]:
    """The key that sorts cases."""
    return tuple(int(number) for number in case.split("."))


def section(case: str) -> str:
    """The section that a case is in."""
    return case.partition(".")[0]


def chosen(known: Sequence[str], patterns: Iterable[str]) -> tuple[str, ...]:
    """The cases that patterns such as ``6.*`` or ``7.1.1`` mean, in their order. Raises UsageError."""
    found: set[str] = set()
    for pattern in patterns:
        matching = [case for case in known if fnmatchcase(case, pattern)]
        if not matching:
            begins = any(case.startswith(f"{pattern}.") for case in known)
            expected = f"{pattern}.*" if begins else "some such as 1.* or 7.1.1"
            raise UsageError(f"Autobahn has no case {pattern!r}: expected {expected}")
        found.update(matching)
    return tuple(sorted(found, key=by_number))


def _place(order: Sequence[str], word: str) -> int:
    return order.index(word) if word in order else len(order)
