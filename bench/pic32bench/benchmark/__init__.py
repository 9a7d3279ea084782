# SPDX-License-Identifier: MIT
"""Speed of the emulator and the bench: what `make bench` runs.

One module a subject, each with the class of what it measures: `sample` measures once. A session asks all subjects in
turn, round after round, so that what else the computer does falls on all of them alike, and shows medians with the
lowest and the highest.
"""
