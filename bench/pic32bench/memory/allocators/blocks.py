# SPDX-License-Identifier: MIT
"""What an allocator has given and not got back, from moment to moment."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from pic32bench.code_map import CodeMap, Place
from pic32bench.image import PHYSICAL
from pic32bench.memory.allocators.calls import site
from pic32bench.memory.report import Failure, Held
from pic32bench.watch import CallEvent

_NAMED = 3  # places that a note names


@dataclass
class Blocks:
    """The blocks of one allocator by physical address, with the ``size`` that counts: bytes, or 1 for a pool's element.

    ``lowest`` and ``highest`` are the ends of all blocks that ever were.
    """

    code: CodeMap
    live: dict[int, tuple[int, CallEvent]] = field(default_factory=dict)
    now: int = 0
    most: int = 0
    most_time_ns: int | None = None
    calls: int = 0
    largest: int = 0
    lowest: int | None = None
    highest: int | None = None
    failed: list[Failure] = field(default_factory=list)
    strange: Counter[int] = field(default_factory=Counter)  # return addresses of those who gave back what was not out

    def give(self, call: CallEvent, size: int, extent: int | None = None) -> None:
        """A request of ``size`` that was answered with ``call.result``, or with nothing; ``extent`` are its bytes."""
        self.calls += 1
        self.largest = max(self.largest, size)
        if not call.result:
            self.failed.append(Failure(call.time_ns, size, site(self.code, call.ra)))
            return
        self._put(call, size, size if extent is None else extent)

    def resize(self, call: CallEvent, old: int, size: int) -> None:
        """A block that got another size, and perhaps another place; both are there while it is copied."""
        if not call.result:
            self.give(call, size)
            return
        moved = self._place(old) != self._place(call.result)
        if not moved:
            self._take(old)
        self.calls += 1
        self.largest = max(self.largest, size)
        self._put(call, size, size)
        if moved:
            self._take(old)

    def trim(self, address: int, size: int) -> None:
        """A block that gave a part of itself back."""
        place = self._place(address)
        if place in self.live:
            old, call = self.live[place]
            self.now += size - old
            self.live[place] = (size, call)

    def take_back(self, call: CallEvent, address: int) -> None:
        """A block that came back; no block comes back at address 0."""
        if address and not self._take(address):
            self.strange[call.ra] += 1

    def forget(self) -> None:
        """The firmware began anew."""
        self.live, self.now = {}, 0

    def _put(self, call: CallEvent, size: int, extent: int) -> None:
        assert call.result is not None
        place = self._place(call.result)
        self._take(place)  # given twice: how it came back was not seen
        self.live[place] = (size, call)
        self.now += size
        if self.now > self.most:
            self.most, self.most_time_ns = self.now, call.end_ns
        self.lowest = place if self.lowest is None else min(self.lowest, place)
        self.highest = max(self.highest or 0, place + extent)

    def _take(self, address: int) -> bool:
        size, _ = self.live.pop(self._place(address), (None, None))
        self.now -= size or 0
        return size is not None

    @staticmethod
    def _place(address: int) -> int:
        return address & PHYSICAL

    @property
    def span(self) -> int:
        """Bytes from the lowest block that ever was to the end of the highest."""
        return 0 if self.lowest is None or self.highest is None else self.highest - self.lowest

    def held(self) -> tuple[Held, ...]:
        """What never came back, by who asked for it, most first."""
        places = {call.ra: site(self.code, call.ra) for _, call in self.live.values()}
        sums: dict[Place, list[int]] = {}
        for size, call in self.live.values():
            sums.setdefault(places[call.ra], []).append(size)
        found = [Held(place, len(sizes), sum(sizes)) for place, sizes in sums.items()]
        return tuple(sorted(found, key=lambda held: (-held.size, str(held.place))))

    def notes(self) -> tuple[str, ...]:
        """What deserves a second look."""
        if not self.strange:
            return ()
        total = sum(self.strange.values())
        places = [str(site(self.code, ra)) or f"0x{ra:08x}" for ra, _ in self.strange.most_common(_NAMED)]
        return (f"{total} of what came back was not out (given back twice, or never given): {', '.join(places)}",)
