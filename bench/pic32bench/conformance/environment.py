# SPDX-License-Identifier: MIT
"""Where Autobahn's testsuite runs: a Python 2.7 of this computer, and a virtual environment of it, made once.

The environment is kept in ``${XDG_CACHE_HOME:-~/.cache}/pic32bench/autobahn/KEY``. KEY is a hash of the requirements
and of the interpreter. It is there as a whole or not at all, and one that does not work any more is made anew.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path

from pic32bench.debian_source import cache_root
from pic32bench.errors import UsageError

REQUIREMENTS = Path(__file__).with_name("requirements.txt")
VARIABLE = "PYTHON2"  # names the interpreter
VERSION = "2.7"
_ASK_WALL = 20.0
_VERSION_OF = "import sys; print('%d.%d %s' % (sys.version_info[0], sys.version_info[1], sys.executable))"


def find_python2(given: str | None = None) -> Path:
    """A Python 2.7: ``given``, else what $PYTHON2 names, else what is in PATH or below pyenv's folder.

    Raises UsageError, one line, when there is none.
    """
    named = given or os.environ.get(VARIABLE)
    if named:
        version, path = _ask(named)
        if version != VERSION:
            found = f"it is {version}" if version else "it does not run"
            raise UsageError(f"{named} is no Python {VERSION}: {found}")
        return path
    for name in _candidates():
        version, path = _ask(name)
        if version == VERSION:
            return path
    raise UsageError(
        f"no Python {VERSION} found in PATH or in pyenv's versions, and Autobahn's testsuite is a Python 2 program: "
        f"install one (`pyenv install {VERSION}.18`), or name it with {VARIABLE}=FILE"
    )


def _candidates() -> Iterator[str]:
    yield from (f"python{VERSION}", "python2")
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    yield from map(str, sorted(pyenv.glob(f"versions/{VERSION}*/bin/python{VERSION}"), reverse=True))


def _ask(name: str) -> tuple[str, Path]:
    """An interpreter's version and real path, or none; pyenv's shims are commands that may not work."""
    try:
        asked = subprocess.run(
            [name, "-c", _VERSION_OF], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=_ASK_WALL
        )
    except (OSError, subprocess.TimeoutExpired, UnicodeDecodeError):
        return "", Path(name)
    version, _, path = asked.stdout.strip().partition(" ")
    if asked.returncode != 0 or not path or "\n" in path:
        return "", Path(name)
    return version, Path(path)


def environment(python2: Path, say: Callable[[str], None] = lambda text: None) -> Path:
    """The interpreter of the environment with Autobahn's testsuite, which is made if need be.

    ``say`` is told of what takes long. Raises UsageError when it cannot be made.
    """
    folder = cache_root() / "autobahn" / _key(python2)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with (folder.parent / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not _works(folder):
                say("setting up Autobahn's testsuite, once")
                _make(python2, folder)
    except OSError as error:
        raise UsageError(f"no place for Autobahn's testsuite in {folder.parent}: {error.strerror}") from None
    return _python(folder)


def _key(python2: Path) -> str:
    return hashlib.sha256(REQUIREMENTS.read_bytes() + str(python2).encode()).hexdigest()[:16]


def _python(folder: Path) -> Path:
    return folder / "bin" / "python"


def _works(folder: Path) -> bool:
    """Whether all that Autobahn imports is there."""
    try:
        trial = subprocess.run(
            [_python(folder), "-W", "ignore", "-c", "from autobahntestsuite import fuzzing"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_ASK_WALL,
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return trial.returncode == 0


def _make(python2: Path, folder: Path) -> None:
    if find_spec("virtualenv") is None:
        raise UsageError("virtualenv is not installed: pip install 'pic32bench[conformance]'")
    shutil.rmtree(folder, ignore_errors=True)
    with tempfile.TemporaryDirectory(prefix=".new-", dir=folder.parent) as name:
        new = Path(name) / folder.name
        data = ("--app-data", f"{name}/seeds", "--no-periodic-update", "--no-wheel")
        _run(sys.executable, "-m", "virtualenv", "--quiet", "--python", python2, *data, new)
        quiet = ("--quiet", "--disable-pip-version-check", "--no-python-version-warning")
        _run(_python(new), "-m", "pip", "install", *quiet, "--no-deps", "--requirement", REQUIREMENTS)
        new.rename(folder)
    if not _works(folder):
        shutil.rmtree(folder, ignore_errors=True)
        raise UsageError(f"Autobahn's testsuite does not start on {python2}: try another Python {VERSION}")


def _run(*command: str | Path) -> None:
    ran = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace")
    if ran.returncode != 0:
        lines = [line.strip() for line in (ran.stderr + ran.stdout).splitlines() if line.strip()]
        errors = [line for line in lines if line.startswith("ERROR")] or lines or [f"exit code {ran.returncode}"]
        raise UsageError(f"Autobahn's testsuite cannot be installed: {errors[-1]}")
