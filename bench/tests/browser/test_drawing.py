# SPDX-License-Identifier: MIT
"""The reader of screenshots is right about drawings whose values are known."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image, ImageDraw

from pic32bench.browser import Box, Drawing, read

COUNT = 100
BOX = Box(80, 30, 960, 320)
LINE, BACKGROUND = (15, 118, 110), (255, 255, 255)


def drawn(values: npt.NDArray[np.float64]) -> Drawing:
    """Values 0 to 65535 drawn as a line over a grid, smoothed as a browser does, and read back."""
    smooth = 4
    image = Image.new("RGB", (1100 * smooth, 400 * smooth), BACKGROUND)
    pen = ImageDraw.Draw(image)
    for row in range(5):
        y = smooth * (BOX.top + BOX.height * row / 4)
        pen.line([(smooth * BOX.left, y), (smooth * (BOX.left + BOX.width), y)], fill=(219, 226, 234), width=smooth)
    points = [
        (smooth * (BOX.left + BOX.width * i / (len(values) - 1)), smooth * (BOX.top + BOX.height * (1 - v / 65535)))
        for i, v in enumerate(values)
    ]
    pen.line(points, fill=LINE, width=round(1.5 * smooth))
    return read(image.resize((1100, 400), Image.Resampling.BOX), BOX, LINE, BACKGROUND, len(values))


def ramp(step: int, start: int = 777) -> npt.NDArray[np.float64]:
    return np.array([(start + step * i) % 65536 for i in range(COUNT)], dtype=np.float64)


@pytest.mark.parametrize("seed", range(20))
def test_noise_is_noise(seed: int) -> None:
    drawing = drawn(np.random.default_rng(seed).integers(0, 65536, COUNT).astype(np.float64))
    assert drawing.is_noise, drawing
    assert not drawing.is_ramp, drawing


@pytest.mark.parametrize("start", [0, 777, 30000, 65535])
def test_the_ramp_is_a_ramp(start: int) -> None:
    drawing = drawn(ramp(4000, start))
    assert drawing.is_ramp, drawing
    assert not drawing.is_noise, drawing


@pytest.mark.parametrize("step", [0, 1, 1000, 3900, 4100, 8000, -4000, 61536 - 4000])
def test_another_step_is_not_the_ramp(step: int) -> None:
    drawing = drawn(ramp(step))
    assert not drawing.is_ramp, drawing
    assert not drawing.is_noise, drawing


def test_one_wrong_value_is_not_the_ramp() -> None:
    values = ramp(4000)
    values[50] += 8000 if values[50] < 50000 else -8000
    drawing = drawn(values)
    assert not drawing.is_ramp, drawing


def test_half_noise_half_ramp_is_neither() -> None:
    values = np.random.default_rng(3).integers(0, 65536, COUNT).astype(np.float64)
    values[COUNT // 2 :] = ramp(4000)[COUNT // 2 :]
    drawing = drawn(values)
    assert not drawing.is_ramp, drawing
    assert not drawing.is_noise, drawing


def test_no_line_is_an_error() -> None:
    with pytest.raises(AssertionError, match="no line in the drawing"):
        read(Image.new("RGB", (1100, 400), BACKGROUND), BOX, LINE, BACKGROUND, COUNT)
