# SPDX-License-Identifier: MIT
"""The core's instructions: read from memory (instructions.py), and what they do to registers (execute.py)."""
