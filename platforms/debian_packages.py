#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Installs the Debian packages of debian-packages.txt, or those named, that this machine lacks, if it lacks any.

Standard library only. Exit code 2 when something is missing and there is neither root nor a sudo without
a password: it never asks.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

LIST = Path(__file__).resolve().with_name("debian-packages.txt")
# Another apt may be at work; a prompt would hang an unattended run.
INSTALL = ["-q", "-y", "-o", "DPkg::Lock::Timeout=600", "install", "--no-install-recommends"]


def parse(text: str) -> list[tuple[str, str]]:
    """Packages and the commands that make each superfluous (empty: none)."""
    found = []
    for line in text.splitlines():
        package, _, command = re.sub(r"(^|\s)#.*", "", line).partition(" : ")
        if package.strip():
            found.append((package.strip(), command.strip()))
    return found


def missing(wanted: list[tuple[str, str]]) -> list[str]:
    """Those packages that are neither installed nor made superfluous."""
    query = [
        "dpkg-query",
        "-W",
        "-f",
        "${Package} ${db:Status-Status}\n",
        *(package for package, _ in wanted),
    ]
    shown = subprocess.run(query, capture_output=True, text=True, check=False).stdout
    installed = {line.split()[0] for line in shown.splitlines() if line.endswith(" installed")}
    return [package for package, command in wanted if package not in installed and not (command and succeeds(command))]


def succeeds(command: str) -> bool:
    """Whether a shell command exits with 0."""
    return not subprocess.run(
        command, shell=True, stdin=subprocess.DEVNULL, capture_output=True, check=False
    ).returncode


def main() -> int:
    """Installs what is missing; returns the exit code."""
    parser = argparse.ArgumentParser(description="Install the Debian packages that this machine lacks.")
    parser.add_argument("--list", action="store_true", help="only print what is missing")
    parser.add_argument("packages", nargs="*", help="these, not those of the list")
    options = parser.parse_args()
    only_list = options.list
    if shutil.which("dpkg-query") is None:
        print(f"setup: this is no Debian, so install by hand what {LIST.name} lists", file=sys.stderr)
        return 0
    packages = missing([(name, "") for name in options.packages] or parse(LIST.read_text()))
    if only_list:
        print("\n".join(packages))
    if only_list or not packages:
        return 0
    if os.geteuid() == 0:
        prefix = []
    elif succeeds("sudo -n true"):
        prefix = ["sudo", "-n"]
    else:
        print(f"setup: run as root, then try again: apt-get install {' '.join(packages)}", file=sys.stderr)
        return 2
    print(f"setup: installing {' '.join(packages)}", file=sys.stderr, flush=True)
    prefix += ["env", "DEBIAN_FRONTEND=noninteractive", "apt-get"]
    for command in ([*prefix, "-q", "update"], [*prefix, *INSTALL, *packages]):
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        if done.returncode:
            last = "\n".join(done.stdout.splitlines()[-15:])
            print(f"{last}\nsetup: {' '.join(command[len(prefix) - 1 :])} failed", file=sys.stderr)
            if command[-1] != "update":  # a third party's broken archive is not our concern
                return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
