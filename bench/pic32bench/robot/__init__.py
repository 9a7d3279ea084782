# SPDX-License-Identifier: MIT
"""The Robot Framework libraries: `Library    pic32bench.robot.Pic32Bench`, and `pic32bench.robot.ScopePage`."""

from pic32bench.robot.library import Pic32Bench
from pic32bench.robot.scope_page import ScopePage

__all__ = ["Pic32Bench", "ScopePage"]
