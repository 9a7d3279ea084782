# SPDX-License-Identifier: MIT
"""Reads the scope's line back from the pixels of a screenshot, and says whether it shows noise or a ramp.

The line joins values at equal distances, the first at the plot's left edge and the last at its right edge. Only the
line's colour and the plot's place are known beforehand; the page's own opinion of the signal plays no part.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image

Floats = npt.NDArray[np.float64]
Colour = tuple[int, int, int]

# The demo's ramp, as a fraction of the full scale.
RAMP_STEP = 4000 / 65536
# How far a value read from pixels may be off: a line's joint is as high as the line is wide, and steep beside it.
_READING = 0.03


@dataclass(frozen=True)
class Box:
    """A rectangle in pixels of the screenshot."""

    left: float
    top: float
    width: float
    height: float


@dataclass(frozen=True)
class Drawing:
    """What a screenshot shows. ``values`` are fractions of the full scale, one for each value drawn."""

    values: Floats

    @property
    def slope(self) -> float:
        """Mean step from value to value, full scales, of the line that goes on rising where a ramp starts again."""
        return float(np.polyfit(np.arange(len(self.values)), self._unwrapped(), 1)[0])

    @property
    def unevenness(self) -> float:
        """How far the worst value lies from a ramp of constant slope, full scales."""
        unwrapped = self._unwrapped()
        places = np.arange(len(unwrapped))
        return float(np.abs(unwrapped - np.polyval(np.polyfit(places, unwrapped, 1), places)).max())

    @property
    def mean_jump(self) -> float:
        """Mean distance of neighbours, full scales; 1/3 for uniform noise."""
        return float(np.abs(np.diff(self.values)).mean())

    @property
    def turning_points(self) -> float:
        """Share of values that are higher or lower than both neighbours; 2/3 for noise of any distribution."""
        steps = np.diff(self.values)
        return float((steps[1:] * steps[:-1] < 0).mean())

    @property
    def is_ramp(self) -> bool:
        """A sawtooth whose slope is the demo's, within 1 %, and constant."""
        return abs(self.slope / RAMP_STEP - 1) < 0.01 and self.unevenness < _READING

    @property
    def is_noise(self) -> bool:
        """Large jumps, up and down, all over the scale.

        With 100 values, the bounds are five standard deviations of true noise away from its mean.
        """
        return (
            0.2 < self.mean_jump < 0.47
            and 0.45 < self.turning_points < 0.89
            and 0.35 < float(self.values.mean()) < 0.65
            and float(np.ptp(self.values)) > 0.8
        )

    def __str__(self) -> str:
        kind = "a ramp" if self.is_ramp else "noise" if self.is_noise else "neither ramp nor noise"
        return (
            f"{kind}: {len(self.values)} values, mean jump {self.mean_jump:.3f}, turning points "
            f"{self.turning_points:.0%}, slope {self.slope * 65536:+.0f} a value, {self.unevenness:.3f} off at worst"
        )

    def _unwrapped(self) -> Floats:
        """The values with a full scale added wherever the line starts again from below."""
        steps = np.diff(self.values)
        steps = np.where(steps < -_READING, steps + 1, steps)
        return np.concatenate([self.values[:1], self.values[0] + np.cumsum(steps)])


def read(screenshot: Image.Image, plot: Box, line: Colour, background: Colour, count: int) -> Drawing:
    """Reads ``count`` values of the line in the plot. Raises AssertionError where there is no line.

    Where two steep strokes meet, a column of pixels shows both. So each stroke is read where it is alone, in its
    middle, and drawn out to its ends; of the two strokes that meet at a value the flatter one tells it better.
    """
    # Numbers and buttons beyond the plot have the same colours; half of a line's width may lie outside.
    top, bottom = max(0, int(plot.top) - 2), int(plot.top + plot.height) + 3
    pixels = np.asarray(screenshot.convert("RGB"), dtype=np.float64)[top:bottom]
    share = _line_share(pixels, line, background)
    rows = top + np.arange(share.shape[0]) + 0.5
    step = plot.width / (count - 1)
    estimates: list[list[tuple[float, float]]] = [[] for _ in range(count)]
    for index in range(count - 1):
        left = plot.left + index * step
        columns = np.arange(int(np.ceil(left + 0.2 * step - 0.5)), int(left + 0.8 * step - 0.5) + 1)
        weights = share[:, columns]
        drawn = weights.sum(axis=0) > 0.5
        assert drawn.all(), f"no line in the drawing between values {index} and {index + 1} of {count}"
        centres = (weights * rows[:, np.newaxis]).sum(axis=0) / weights.sum(axis=0)
        slope, middle = np.polyfit(columns + 0.5 - (left + step / 2), centres, 1)
        trust = 1 / (1 + slope**2)
        estimates[index].append((middle - slope * step / 2, trust))
        estimates[index + 1].append((middle + slope * step / 2, trust))
    heights = np.array([np.average([e[0] for e in both], weights=[e[1] for e in both]) for both in estimates])
    return Drawing(1 - (heights - plot.top) / plot.height)


def _line_share(pixels: Floats, line: Colour, background: Colour) -> Floats:
    """How much of each pixel the line covers, 0 to 1; 0 where the colour is no mixture of line and background."""
    axis = np.array(line, dtype=np.float64) - background
    offset = pixels - background
    share = (offset @ axis) / float(axis @ axis)
    strange = np.linalg.norm(offset - share[..., np.newaxis] * axis, axis=-1) > 24
    share = np.clip(share, 0, 1)
    # Grid lines are faint mixtures too.
    share[strange | (share < 0.35)] = 0
    return share
