# SPDX-License-Identifier: MIT
"""Keywords for what can be wrong with the link between the board and the other end of its cable."""

from __future__ import annotations

from pic32bench.errors import UsageError
from pic32bench.link import BOTH, Change, Counts
from pic32bench.robot.emulation import EmulationKeywords


class LinkKeywords(EmulationKeywords):
    """A hostile link, on every network, while the board runs."""

    def impair_link(
        self,
        *others: str,
        loss: str | float | None = None,
        duplication: str | float | None = None,
        corruption: str | float | None = None,
        bit_errors: str | float | None = None,
        reordering: str | float | None = None,
        delay: str | float | None = None,
        jitter: str | float | None = None,
        window: str | int | None = None,
        direction: str = BOTH,
        seed: str | int | None = None,
        at: float | None = None,
    ) -> None:
        """From now on, or from a virtual time still to come, the link has these impairments and no others.

        Without any it is clean, as after `Clear Link`. It works while the board runs and streams, and on every network.
        What is on its way already stays on it.

        | loss        | share of the frames that do not arrive, such as ``5%`` or ``0.05`` |
        | duplication | share of the frames that arrive twice |
        | corruption  | share of the frames that have a bit of their IP packet flipped, and the right FCS |
        | bit_errors  | share of the bits that flip, such as ``1e-6``: the frame's FCS is wrong then |
        | reordering  | share of the frames that let the next one pass first |
        | delay       | how long each frame is on its way, such as ``20ms``, ``0.5s`` or seconds |
        | jitter      | by how much more a frame is delayed at most; frames keep their order |
        | window      | the largest TCP window that gets through, bytes; 0 holds TCP up |

        ``direction`` is ``both``, ``to board`` or ``from board``; the other one stays as it is. ``seed`` begins chance
        anew, so that the same frames are lost again.

        | Impair Link    loss=5%    delay=20ms
        | Impair Link    window=100    direction=to board
        """
        if others:  # Robot takes a name that it does not know for a value
            Change.read(",".join(others))
            raise UsageError(f"impairment {others[0]!r}: expected an argument for each, such as loss=5%")
        self.board.link.impair(
            loss=loss,
            duplication=duplication,
            corruption=corruption,
            bit_errors=bit_errors,
            reordering=reordering,
            delay=delay,
            jitter=jitter,
            window=window,
            direction=direction,
            seed=seed,
            at=at,
        )

    def clear_link(self, direction: str = BOTH, at: float | None = None) -> None:
        """Makes the link clean again, in both directions or in one; now, or at a virtual time still to come."""
        self.board.link.clear(direction, at)

    def link_counts(self, direction: str) -> Counts:
        """What has become of the frames ``to board`` or ``from board`` since the board was started.

        ``frames`` in all, ``lost``, ``duplicated``, ``corrupted``, ``damaged`` (by bit errors), ``reordered``,
        ``clamped`` (with a larger TCP window), ``overflowed`` (too many were on the way) and ``on_the_way`` now.

        | ${counts}=    Link Counts    from board
        | Should Be True    ${counts.lost} > 0
        """
        return self.board.link.counts(direction)
