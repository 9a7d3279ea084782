# SPDX-License-Identifier: MIT
"""The Robot Framework library: `Library    pic32bench.robot.Pic32Bench`."""

from pic32bench.robot.library import Pic32Bench

__all__ = ["Pic32Bench"]
