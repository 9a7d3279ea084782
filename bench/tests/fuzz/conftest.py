# SPDX-License-Identifier: MIT
"""The reference firmware for the fuzzer, and one with a fault planted in it."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from pic32bench import paths
from pic32bench.errors import NotBuiltError

_PLANTED = Path(__file__).with_name("planted.c")
_COMPILER = "mipsel-linux-gnu-gcc"


@pytest.fixture
def firmware() -> Path:
    """The reference firmware; skips, saying so, when something is not built."""
    try:
        paths.watch_plugin()
        return paths.everything_built(None)
    except NotBuiltError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="session")
def planted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The reference firmware linked again with planted.c."""
    folder = tmp_path_factory.mktemp("planted")
    built = paths.project_root() / "build" / "firmware"
    if shutil.which(_COMPILER) is None or not (built / "link_flags").is_file():
        pytest.skip(f"{_COMPILER} or build/firmware is missing: run `make firmware`")
    flags = [flag for flag in (built / "link_flags").read_text().split() if not flag.startswith("-Wl,-Map")]
    listed = (built / "src" / "network.d").read_text()
    libraries = {name: re.search(rf"(\S+)/{name}", listed) for name in ("include/stdio.h", "src/include/lwip/pbuf.h")}
    assert all(libraries.values()), "src/network.d does not say where the C library and lwIP are"
    libc, lwip = (match[1] for match in libraries.values() if match)
    include = [f"{libc}/include", f"{lwip}/src/include", built / "generated", "src", "websocket"]
    machine = [flag for flag in flags if flag.startswith(("-EL", "-m", "-f", "-G"))]
    output = folder / "planted.elf"
    objects = sorted(path for path in built.rglob("*.o") if path.relative_to(built).parts[0] != "web")
    compiled = folder / "planted.o"
    for command in (
        [_COMPILER, *machine, "-Os", "-g", *(f"-I{path}" for path in include), "-c", _PLANTED, "-o", compiled],
        [_COMPILER, *flags, "-Wl,--wrap=udp_input", *objects, compiled, f"-L{libc}/lib", "-lc", "-o", output],
    ):
        done = subprocess.run(command, cwd=paths.project_root() / "firmware", capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
    return output
