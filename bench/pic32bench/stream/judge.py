# SPDX-License-Identifier: MIT
"""The judge of the stream: is it a ramp, is it noise, and if neither, what is it?

Pure functions: the same frames always get the same verdict.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from pic32bench.stream import noise, structure
from pic32bench.stream.frames import VALUES_PER_FRAME, FlawFound, Frame, Message, examine
from pic32bench.stream.verdict import Kind, Position, Verdict

RAMP_STEP = 4000
MODULUS = 65536
FALSE_ALARM_RATE = 1e-5
"""Default: at most one judgement of true noise in 100,000 says that it is none."""

MIN_VALUES = 8
"""Fewest values after settling that are judged at all: 7 steps."""


def judge(messages: Sequence[Message], *, settle: int = 0, false_alarm_rate: float = FALSE_ALARM_RATE) -> Verdict:
    """Say what a stream is.

    *Ramp*: every step is +4000 modulo 65536, within and across frames, from the value at ``settle``
    on, and there are at least 8 values from there. Where the ramp began before that, ``position``
    says where, so a ramp that starts in mid-frame is accepted.

    *Noise*: at least 256 values after settling, no structure (see
    :mod:`pic32bench.stream.structure`), and every test of :mod:`pic32bench.stream.noise` passes at
    ``false_alarm_rate`` divided by the number of tests. By Bonferroni's inequality, independent
    uniform values are then called something else in at most ``false_alarm_rate`` of all judgements
    (1e-5 unless told otherwise); the structural findings add less than 1e-10. Five tests rest on
    the chi-square or normal approximation; that the rate holds all the same is confirmed on 100,000
    seeded runs (docs/stream-judge.md). High bits of a well-known generator of 32 bits pass every
    test, so those generators are recognised by their arithmetic. Single wrong values cannot be seen
    in noise.

    Everything else is named for what it is, see :class:`Kind`.

    Args:
        messages: the stream's messages as received, in order, commands' echoes taken out.
        settle: values (not frames) at the beginning that may be from before the switch settled.
        false_alarm_rate: how often true noise may be called something else, 0 < rate < 1.

    Raises:
        ValueError: settle is negative or the rate out of range.
    """
    if settle < 0 or not 0 < false_alarm_rate < 1:
        raise ValueError(
            f"judge: expected settle >= 0 and 0 < false_alarm_rate < 1, got {settle} and {false_alarm_rate}"
        )
    if not messages:
        return Verdict(Kind.EMPTY, "no frame at all", 0, 0)
    frames: list[Frame] = []
    flaws: list[tuple[int, FlawFound]] = []
    for index, message in enumerate(messages):
        result = examine(message)
        if isinstance(result, FlawFound):
            flaws.append((index, result))
        else:
            frames.append(result)
    if flaws:
        index, flaw = flaws[0]
        more = "" if len(flaws) == 1 else f"; {len(flaws)} of {len(messages)} frames are malformed"
        return Verdict(
            Kind.MALFORMED,
            f"frame {index} is malformed, {flaw}{more}",
            len(messages),
            len(frames) * VALUES_PER_FRAME,
            position=Position(index, flaw.value or 0),
            wrong=len(flaws),
        )
    return _Judgement(frames, settle, false_alarm_rate).verdict()


def _plural(count: int, noun: str) -> str:
    return f"{count:,} {noun}" + ("" if count == 1 else "s")


class _Judgement:
    """One stream of well-formed frames under judgement."""

    def __init__(self, frames: list[Frame], settle: int, rate: float) -> None:
        self.frames = frames
        self.settle = settle
        self.rate = rate
        self.all = np.array(frames, dtype=np.int64).ravel()
        self.values = self.all[settle:]

    def verdict(self) -> Verdict:
        """The first of the findings, from the most to the least specific."""
        if len(self.values) < MIN_VALUES:
            after = f" after the {self.settle} of settling" if self.settle else ""
            return self._say(
                Kind.TOO_SHORT,
                f"{_plural(max(0, len(self.values)), 'value')}{after}; at least {MIN_VALUES} are "
                f"needed to tell anything",
            )
        return (
            self._steps()
            or self._linear_congruential()
            or self._repeated()
            or self._known_generator()
            or self._statistics()
        )

    def _say(
        self,
        kind: Kind,
        sentence: str,
        *,
        at: int | None = None,
        expected: int | None = None,
        found: int | None = None,
        step: int | None = None,
        wrong: int = 0,
    ) -> Verdict:
        """A verdict; ``at`` is an index into all values."""
        where = None if at is None else Position.of(at)
        return Verdict(
            kind,
            sentence,
            len(self.frames),
            max(0, len(self.values)),
            where,
            expected,
            found,
            step,
            wrong,
        )

    # Constant steps

    def _steps(self) -> Verdict | None:
        steps = structure.steps_of(self.values)
        step, count = structure.commonest(steps)
        if count == len(steps):
            return self._constant_step(step)
        ramp = np.flatnonzero(steps != RAMP_STEP)
        if step == RAMP_STEP and 2 * count >= len(steps):
            return self._late_or_early(ramp, len(steps)) or self._faulty_ramp(ramp)
        if 2 * count >= len(steps):
            return self._faulty_constant_step(step, np.flatnonzero(steps != step))
        first, length = structure.longest_run(steps)
        if length < structure.MIN_RUN_STEPS:
            return None
        return self._late_or_early(ramp, len(steps)) or self._mixture(int(steps[first]), first, length)

    def _constant_step(self, step: int) -> Verdict:
        if step == RAMP_STEP:
            wrong = np.flatnonzero(structure.steps_of(self.all[: self.settle + 1]) != RAMP_STEP)
            start = int(wrong[-1]) + 1 if len(wrong) else 0
            count = len(self.all) - 1 - start
            return self._say(
                Kind.RAMP,
                f"all {_plural(count, 'step')} from {Position.of(start)} on are +{RAMP_STEP}",
                at=start,
                step=RAMP_STEP,
            )
        kind, what = self._name_of(step)
        return self._say(
            kind,
            f"{what} in all {_plural(len(self.values), 'value')}",
            at=self.settle,
            step=self._signed(step),
        )

    @staticmethod
    def _signed(step: int) -> int:
        return structure.signed(step)

    def _name_of(self, step: int) -> tuple[Kind, str]:
        if step == 0:
            return Kind.CONSTANT, f"the value stays {int(self.values[0])}"
        if step == 1:
            return Kind.COUNTER, "every step is +1"
        return Kind.SLOW_RAMP, f"every step is {self._signed(step):+d}, not +{RAMP_STEP}"

    def _faulty_constant_step(self, step: int, wrong: np.ndarray[tuple[int], np.dtype[np.intp]]) -> Verdict:
        kind, what = self._name_of(step)
        at, expected, found = self._fault(int(wrong[0]), step)
        return self._say(
            kind,
            f"{what}, but for {_plural(len(wrong), 'step')} of {len(self.values) - 1:,}, first "
            f"at {Position.of(at)}: "
            f"expected {expected}, found {found}",
            at=at,
            expected=expected,
            found=found,
            step=self._signed(step),
            wrong=len(wrong),
        )

    def _fault(self, index: int, step: int) -> tuple[int, int, int]:
        """Index into all values, value expected and value found after the index-th step."""
        expected = (int(self.values[index]) + step) % MODULUS
        return self.settle + index + 1, expected, int(self.values[index + 1])

    def _late_or_early(self, wrong: np.ndarray[tuple[int], np.dtype[np.intp]], steps: int) -> Verdict | None:
        """A ramp up to or from one place only, with no more than accident on its other side."""
        if not len(wrong):
            return None
        first, last = int(wrong[0]), int(wrong[-1])
        if 2 * len(wrong) < last - first + 1 or len(wrong) < 3:
            return None  # mostly ramp between the wrong steps, or a few slips: wrong steps
        start = last + 1
        if steps - start >= MIN_VALUES - 1 and first < structure.MIN_RUN_STEPS:
            return self._say(
                Kind.LATE_RAMP,
                f"+{RAMP_STEP} in every step only from {Position.of(self.settle + start)} on, "
                f"{_plural(start, 'value')} late",
                at=self.settle + start,
                step=RAMP_STEP,
                wrong=len(wrong),
            )
        if first >= MIN_VALUES - 1 and steps - start < structure.MIN_RUN_STEPS:
            at, expected, found = self._fault(first, RAMP_STEP)
            return self._say(
                Kind.ENDED_RAMP,
                f"+{RAMP_STEP} in every step up to {Position.of(at - 1)}, then no more: expected "
                f"{expected}, found {found}",
                at=at,
                expected=expected,
                found=found,
                step=RAMP_STEP,
                wrong=len(wrong),
            )
        return None

    def _faulty_ramp(self, wrong: np.ndarray[tuple[int], np.dtype[np.intp]]) -> Verdict:
        at, expected, found = self._fault(int(wrong[0]), RAMP_STEP)
        place = f"at {Position.of(at)}: expected {expected}, found {found}"
        last = len(self.values) - 2
        first = int(wrong[0])
        if len(wrong) == 1 and first in (0, last):
            # At an end, nothing tells a wrong value from a slip: the end value alone is off.
            if first == 0:
                at, found = self.settle, int(self.values[0])
                expected = (int(self.values[1]) - RAMP_STEP) % MODULUS
                place = f"at {Position.of(at)}: expected {expected}, found {found}"
            return self._say(
                Kind.WRONG_VALUE,
                f"one wrong value {place}",
                at=at,
                expected=expected,
                found=found,
                step=RAMP_STEP,
                wrong=1,
            )
        neighbours = len(wrong) == 2 and wrong[1] == first + 1
        if neighbours and (self.values[first + 2] - self.values[first]) % MODULUS == 2 * RAMP_STEP:
            return self._say(
                Kind.WRONG_VALUE,
                f"one wrong value in {len(self.values):,} {place}",
                at=at,
                expected=expected,
                found=found,
                step=RAMP_STEP,
                wrong=1,
            )
        doubled = [index for index, earlier in structure.repeats(self.frames) if earlier == index - 1]
        borders = {self.settle + int(index) + 1 for index in wrong}
        if borders == {index * VALUES_PER_FRAME for index in doubled}:
            return self._say(
                Kind.REPEATED_FRAME,
                f"a ramp, but {_plural(len(doubled), 'frame')} came twice, first frame {doubled[0]}",
                at=doubled[0] * VALUES_PER_FRAME,
                expected=expected,
                found=found,
                step=RAMP_STEP,
                wrong=len(doubled),
            )
        return self._say(
            Kind.WRONG_STEP,
            f"{_plural(len(wrong), 'wrong step')} of {len(self.values) - 1:,} in a ramp, first "
            f"{place}" + self._lost(at, expected, found),
            at=at,
            expected=expected,
            found=found,
            step=RAMP_STEP,
            wrong=len(wrong),
        )

    @staticmethod
    def _lost(at: int, expected: int, found: int) -> str:
        """A jump at a frame's first value by a few whole frames looks like lost frames."""
        for lost in range(1, 65):
            if at % VALUES_PER_FRAME == 0 and (expected + lost * VALUES_PER_FRAME * RAMP_STEP - found) % MODULUS == 0:
                return f", as if {_plural(lost, 'frame')} had been lost"
        return ""

    def _mixture(self, step: int, first: int, length: int) -> Verdict:
        what = f"{self._signed(step):+d} in each step" if step else "one value"
        return self._say(
            Kind.MIXED,
            f"{what} for {_plural(length + 1, 'value')} from {Position.of(self.settle + first)}, "
            f"but not in the rest of "
            f"{len(self.values):,}",
            at=self.settle + first,
            step=self._signed(step),
        )

    # Other structure

    def _linear_congruential(self) -> Verdict | None:
        if len(np.unique(self.values)) <= 2 * VALUES_PER_FRAME:
            return None  # a handful of values over and over: repetition says more
        found = structure.find_lcg(self.values)
        if found is None:
            return None
        but = f", but for {_plural(len(found.wrong), 'value')}" if found.wrong else ""
        at = self.settle + (found.wrong[0] if found.wrong else 0)
        return self._say(Kind.LINEAR_CONGRUENTIAL, f"{found}{but}", at=at, wrong=len(found.wrong))

    def _known_generator(self) -> Verdict | None:
        found = structure.find_known_generator(self.values)
        if found is None:
            return None
        return self._say(Kind.LINEAR_CONGRUENTIAL, str(found), at=self.settle)

    def _repeated(self) -> Verdict | None:
        skipped = -(-self.settle // VALUES_PER_FRAME)
        repeats = structure.repeats(self.frames[skipped:])
        if not repeats:
            return None
        index, earlier = repeats[0]
        index, earlier = index + skipped, earlier + skipped
        return self._say(
            Kind.REPEATED_FRAME,
            f"{_plural(len(repeats), 'frame')} of {len(self.frames) - skipped:,} had been seen "
            f"before, first frame "
            f"{index}: the same values as frame {earlier}",
            at=index * VALUES_PER_FRAME,
            wrong=len(repeats),
        )

    # Statistics

    def _statistics(self) -> Verdict:
        if len(self.values) < noise.MIN_VALUES:
            return self._say(
                Kind.TOO_SHORT,
                f"no structure in {_plural(len(self.values), 'value')}, but {noise.MIN_VALUES} "
                f"are needed to call it noise",
            )
        table = noise.noise_tests(self.values.astype(np.uint16)[None, :])
        p_values = {name: float(p[0]) for name, p in table.items()}
        p_value = float(noise.combined(table)[0])
        worst = min(p_values, key=lambda name: p_values[name])
        if p_value < self.rate:
            kind = Kind.BIASED
            sentence = (
                f"{len(self.values):,} values fail the test of {worst}: p = {p_values[worst]:.2g}, "
                f"expected at least {self.rate / len(p_values):.2g}"
            )
        else:
            kind = Kind.NOISE
            sentence = (
                f"{len(self.values):,} values pass all {len(p_values)} tests, "
                f"the smallest p is {p_values[worst]:.2g} ({worst})"
            )
        return Verdict(kind, sentence, len(self.frames), len(self.values), p_value=p_value, p_values=p_values)
