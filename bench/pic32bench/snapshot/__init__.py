# SPDX-License-Identifier: MIT
"""Snapshots of a board: their file, where they are kept, and what stands for the way that led to one."""

from pic32bench.snapshot.file import Snapshot, SnapshotError
from pic32bench.snapshot.store import SnapshotStore, store
from pic32bench.snapshot.way import Way, way

__all__ = ["Snapshot", "SnapshotError", "SnapshotStore", "Way", "store", "way"]
