# SPDX-License-Identifier: MIT
"""How the firmware came to where it is: the calls and interrupts on its stack, with file and line.

A step from a function to its caller is made in one of these ways, and each step says which it was if it is not plain:

- An interrupt or exception handler: its code is walked to its ERET, with the core's registers as they are, so what it
  saved where need not be known (walk.py).
- The call frame information that the compiler wrote into the ELF (frame_info.py).
- Without that, the code is walked to the function's return, in the same way.
- A handler that never returns: the code is walked from the exception vector to the handler, to see where it keeps the
  registers of what it interrupted.

Where none of them leads on, the trace ends and says why. It never guesses.
"""

from pic32bench.backtrace.unwind import Backtrace, Frame, backtrace, board_backtrace

__all__ = ["Backtrace", "Frame", "backtrace", "board_backtrace"]
