#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Builds newlib's C library for the firmware, once per machine, and prints the directory it is installed in.

The result is kept outside the tree, in ``${XDG_CACHE_HOME:-~/.cache}/pic32bench/newlib/KEY``. KEY is a hash of the
source's version, the compiler and the flags. That directory holds ``include/`` and ``lib/libc.a``.
"""

import argparse
import fcntl
import hashlib
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

TARGET = "mipsel-none-elf"
OPTIONS = (
    "--disable-libgloss",
    "--disable-multilib",
    "--disable-nls",
    "--disable-newlib-supplied-syscalls",
    "--disable-newlib-multithread",
    "--disable-newlib-wide-orient",
    "--disable-newlib-fvwrite-in-streamio",
    "--disable-newlib-fseek-optimization",
    "--disable-newlib-unbuf-stream-opt",
    "--disable-newlib-io-float",
    "--enable-newlib-reent-small",
    "--enable-newlib-nano-malloc",
    "--enable-newlib-nano-formatted-io",
    "--enable-newlib-global-atexit",
    "--enable-lite-exit",
)


def cache_root() -> Path:
    """Where results are kept, outside any source tree."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "pic32bench" / "newlib"


def version(source: Path) -> str:
    """The library's version, as its configure script states it."""
    for line in (source / "newlib" / "configure").read_text(errors="replace").splitlines():
        if line.startswith("PACKAGE_VERSION="):
            return line.partition("=")[2].strip("'\"")
    raise ValueError(f"{source}/newlib/configure names no PACKAGE_VERSION")


def compiler_version(prefix: str) -> str:
    """First line of the cross compiler's --version."""
    run = subprocess.run([f"{prefix}gcc", "--version"], check=True, capture_output=True, text=True)
    return run.stdout.splitlines()[0]


def build(source: Path, prefix: str, flags: str, destination: Path) -> None:
    """Configures and builds in a temporary directory, then moves include/ and lib/ to ``destination``."""
    with tempfile.TemporaryDirectory(prefix="newlib-", dir=destination.parent) as scratch:
        work, log = Path(scratch) / "build", Path(scratch) / "build.log"
        work.mkdir()
        tools = {f"{tool.upper()}_FOR_TARGET": f"{prefix}{tool}" for tool in ("ar", "as", "ld", "nm", "ranlib")}
        tools["CC_FOR_TARGET"] = f"{prefix}gcc {flags}"
        tools["CFLAGS_FOR_TARGET"] = "-Os"
        configure = [str(source.resolve() / "configure"), f"--target={TARGET}", f"--prefix={scratch}/install", *OPTIONS]
        steps = [
            configure + [f"{name}={value}" for name, value in tools.items()],
            ["make", f"-j{os.cpu_count() or 1}", "all-target-newlib", "MAKEINFO=true"],
            ["make", "install-target-newlib", "MAKEINFO=true"],
        ]
        # The outer make's job server and options are not this make's.
        environment = {
            k: v for k, v in os.environ.items() if k not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL", "MAKEOVERRIDES")
        }
        with log.open("w") as output:
            for step in steps:
                run = subprocess.run(step, cwd=work, env=environment, stdout=output, stderr=subprocess.STDOUT)
                if run.returncode:
                    kept = destination.parent / f"{destination.name}.log"
                    shutil.copy(log, kept)
                    raise RuntimeError(f"{shlex.join(step[:3])} ... failed, see {kept}")
        result = Path(scratch) / "result"
        (result / "lib").mkdir(parents=True)
        shutil.copytree(Path(scratch) / "install" / TARGET / "include", result / "include")
        shutil.copy(Path(scratch) / "install" / TARGET / "lib" / "libc.a", result / "lib")
        result.rename(destination)


def main() -> int:
    """Exit code 0: built or found; 1: the build failed; 2: wrong use."""
    parser = argparse.ArgumentParser(description="build newlib's libc for the firmware")
    parser.add_argument("source", type=Path, help="newlib's source tree")
    parser.add_argument("--prefix", default="mipsel-linux-gnu-", help="prefix of the cross tools' names")
    parser.add_argument("--flags", required=True, help="compiler flags that choose the target")
    options = parser.parse_args()
    if not (options.source / "newlib" / "configure").is_file():
        print(f"build_newlib.py: {options.source} is no newlib source tree (no newlib/configure)", file=sys.stderr)
        return 2
    try:
        facts = [version(options.source), compiler_version(options.prefix), options.flags, *OPTIONS]
        key = hashlib.sha256("\n".join(facts).encode()).hexdigest()[:16]
        destination = cache_root() / key
        destination.parent.mkdir(parents=True, exist_ok=True)
        with (destination.parent / f"{key}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not destination.is_dir():
                print("Building the C library (newlib), about a minute", file=sys.stderr)
                build(options.source, options.prefix, options.flags, destination)
    except (OSError, RuntimeError, ValueError, subprocess.CalledProcessError) as error:
        print(f"build_newlib.py: {error}", file=sys.stderr)
        return 1
    print(destination)
    return 0


if __name__ == "__main__":
    sys.exit(main())
