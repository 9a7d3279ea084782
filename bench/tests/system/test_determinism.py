# SPDX-License-Identifier: MIT
"""In lock-step a run is a function of image, seed and what is done to the board, to the nanosecond.

Each story of scenarios.py is told three times: in a process of its own with other hashes, here, and here while all
cores of this computer are busy with something else.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from . import scenarios
from .scenarios import SCENARIOS

_BUSY = [sys.executable, "-c", "while True: pass"]


@pytest.fixture(scope="module")
def elsewhere(images: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the trace of every story, told by another process."""
    folder = tmp_path_factory.mktemp("traces")
    path = os.pathsep.join(entry for entry in sys.path if entry)
    subprocess.run(
        [sys.executable, scenarios.__file__, images, folder, *SCENARIOS],
        env={**os.environ, "PYTHONPATH": path, "PYTHONHASHSEED": "20260704"},
        check=True,
        timeout=120,
    )
    return folder


@pytest.fixture
def all_cores_busy() -> Iterator[None]:
    """As many processes that never rest as there are cores."""
    busy = [subprocess.Popen(_BUSY) for _ in range(os.cpu_count() or 1)]
    yield
    for process in busy:
        process.kill()
        process.wait()


def same(one: str, other: str) -> None:
    """Compares two traces by hash; says where they part."""
    if hashlib.sha256(one.encode()).digest() == hashlib.sha256(other.encode()).digest():
        return
    pairs = zip(one.splitlines(), other.splitlines(), strict=False)
    parts = next(((a, b) for a, b in pairs if a != b), ("one trace", "is longer"))
    pytest.fail(f"two runs part at\n  {parts[0]}\n  {parts[1]}", pytrace=False)


@pytest.mark.parametrize("name", SCENARIOS)
def test_every_run_is_the_same(name: str, images: Path, elsewhere: Path, request: pytest.FixtureRequest) -> None:
    first = (elsewhere / name).read_bytes().decode()
    same(first, SCENARIOS[name](images))
    request.getfixturevalue("all_cores_busy")
    same(first, SCENARIOS[name](images))


def test_the_quantum_is_the_benchs_own(images: Path) -> None:
    """How far the machine moves between two looks says when the bench sees a line, and nothing about the board."""

    def board_side(trace: str) -> list[str]:
        console, _, rest = trace.partition("\npanel\n")
        return [line[11:] for line in console.splitlines()] + rest.splitlines()

    coarse, fine = (scenarios.typing(images, quantum=quantum) for quantum in (0.05, 0.0007))
    assert coarse != fine
    same("\n".join(board_side(coarse)), "\n".join(board_side(fine)))


def test_the_seed_feeds_the_random_numbers(images: Path) -> None:
    one, again, other = (scenarios.address_by_dhcp(images, seed=seed) for seed in (7, 7, 8))
    same(one, again)
    assert one != other
