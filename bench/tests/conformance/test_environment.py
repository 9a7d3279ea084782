# SPDX-License-Identifier: MIT
"""A Python 2.7 is found wherever it is, and the environment that is made of it is whole or not there."""

from __future__ import annotations

from pathlib import Path

import pytest

from pic32bench.conformance import environment
from pic32bench.conformance.environment import environment as made
from pic32bench.conformance.environment import find_python2
from pic32bench.errors import UsageError


def interpreter(path: Path, version: str) -> Path:
    """What says of itself that it is a Python of this version; with none, a command that does not work."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\necho {version} {path}\n" if version else "#!/bin/sh\necho not found >&2\nexit 127\n")
    path.chmod(0o755)
    return path


@pytest.fixture
def computer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A computer without any Python 2: ``bin`` is in PATH, ``home`` is the user's."""
    (tmp_path / "bin").mkdir()
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/bin")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    for name in ("PYENV_ROOT", "PYTHON2"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def test_none_is_told_in_one_line(computer: Path) -> None:
    interpreter(computer / "bin" / "python2", "3.11")  # some distributions have that
    with pytest.raises(UsageError, match=r"^no Python 2\.7 found in PATH or .*PYTHON2=FILE$") as told:
        find_python2()
    assert told.value.exit_code == 2
    assert "\n" not in str(told.value)


def test_in_path(computer: Path) -> None:
    interpreter(computer / "bin" / "python2.7", "")
    found = interpreter(computer / "bin" / "python2", "2.7")
    assert find_python2() == found


def test_of_pyenv_behind_a_shim_that_does_not_work(computer: Path) -> None:
    interpreter(computer / "bin" / "python2.7", "")
    versions = computer / "home" / ".pyenv" / "versions"
    found = interpreter(versions / "2.7.18" / "bin" / "python2.7", "2.7")
    interpreter(versions / "2.7.9" / "bin" / "python2.7", "")  # of another kind of computer
    assert find_python2() == found


def test_named(computer: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    interpreter(computer / "bin" / "python2.7", "2.7")
    other = interpreter(computer / "other", "2.7")
    assert find_python2(str(other)) == other
    monkeypatch.setenv("PYTHON2", str(other))
    assert find_python2() == other
    monkeypatch.setenv("PYTHON2", str(interpreter(computer / "new", "3.12")))
    with pytest.raises(UsageError, match=r"/new is no Python 2\.7: it is 3\.12$"):
        find_python2()
    with pytest.raises(UsageError, match=r"/absent is no Python 2\.7: it does not run$"):
        find_python2(str(computer / "absent"))


def kept(computer: Path) -> set[str]:
    """What is in the cache, but the lock."""
    return {path.name for path in (computer / "cache" / "pic32bench" / "autobahn").iterdir()} - {"lock"}


@pytest.mark.parametrize("how", [UsageError("pip: no network"), KeyboardInterrupt()])
def test_nothing_half_made_is_left(computer: Path, monkeypatch: pytest.MonkeyPatch, how: BaseException) -> None:
    python2 = interpreter(computer / "bin" / "python2", "2.7")

    def run(*command: str | Path) -> None:
        if "pip" in command:
            raise how
        (Path(command[-1]) / "bin").mkdir(parents=True)

    monkeypatch.setattr(environment, "_run", run)
    with pytest.raises(type(how)):
        made(python2)
    assert kept(computer) == set()


def test_what_does_not_work_is_made_anew(computer: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    python2 = interpreter(computer / "bin" / "python2", "2.7")
    times: list[str] = []

    def run(*command: str | Path) -> None:
        if "virtualenv" in command:
            times.append("made")
            interpreter(Path(command[-1]) / "bin" / "python", "2.7")

    monkeypatch.setattr(environment, "_run", run)
    python = made(python2)
    assert made(python2) == python
    assert times == ["made"]
    python.unlink()
    assert made(python2) == python
    assert times == ["made", "made"]
    assert python.is_file()
    assert kept(computer) == {python.parents[1].name}


def test_a_failed_command_is_one_line() -> None:
    says = "echo collecting; echo 'ERROR: no matching distribution' >&2; echo 'WARNING: old' >&2; exit 1"
    with pytest.raises(
        UsageError, match=r"^Autobahn's testsuite cannot be installed: ERROR: no matching distribution$"
    ):
        environment._run("sh", "-c", says)
