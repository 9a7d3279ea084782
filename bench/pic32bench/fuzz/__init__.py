# SPDX-License-Identifier: MIT
"""Fuzzing: hostile input for a firmware's protocols, through its cable, guided by where it leads the firmware."""
