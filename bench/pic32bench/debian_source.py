#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Fetches a Debian source package, once per machine and without root.

Stock Debian lists only binary packages, so a source list of our own is derived from the machine's apt
sources: same mirrors, same keys, `deb-src` instead of `deb`. apt does the download and checks the archive's
signature; dpkg-source unpacks and applies Debian's patches. The result is kept in
`${XDG_CACHE_HOME:-~/.cache}/pic32bench/sources/`.

Standard library only: it runs before anything is installed. As a command:
`python3 -P bench/pic32bench/debian_source.py PACKAGE [DEST]` prints the directory, and links DEST to it.
Nobody may write into that directory: it is shared by every clone on the machine.
"""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import functools
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

# Options that say which of a source's files apt reads, rather than how it trusts them.
_DROPPED_OPTIONS = {
    "arch",
    "architectures",
    "lang",
    "languages",
    "target",
    "targets",
    "pdiffs",
    "by-hash",
    "enabled",
}

_APT_CONFIG = """\
Dir::Etc::sourcelist "/dev/null";
Dir::Etc::sourceparts "{home}/sources.d";
Dir::State "{home}/state";
Dir::State::lists "{home}/lists";
Dir::State::status "/var/lib/dpkg/status";
Dir::Cache "{home}/cache";
Acquire::Languages "none";
APT::Get::Only-Source "true";
#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
"""


class SourceError(Exception):
    """A source package that cannot be had; the message is one line that says what to do."""


@dataclass(frozen=True)
class AptSource:
    """One archive, suite and its components, as apt's sources.list(5) describes them."""

    uri: str
    suite: str
    components: tuple[str, ...]
    options: tuple[tuple[str, str], ...] = field(default=())
    """Options in deb822 spelling, such as ("signed-by", "/usr/share/keyrings/...")."""

    def stanza(self) -> str:
        """The source's index of source packages, as a deb822 stanza."""
        lines = ["Types: deb-src", f"URIs: {self.uri}", f"Suites: {self.suite}"]
        if self.components:
            lines.append(f"Components: {' '.join(self.components)}")
        lines += [f"{name.title()}: {value}" for name, value in self.options]
        return "\n".join(lines) + "\n"


def parse_one_line(text: str) -> list[AptSource]:
    """Reads a `.list` file: `deb [option=value ...] uri suite component ...`. Other lines are left out."""
    sources = []
    for line in text.splitlines():
        line = line.split("#", 1)[0].strip()
        match = re.fullmatch(r"(deb|deb-src)\s+(?:\[([^\]]*)\]\s*)?(\S+)\s+(\S+)\s*(.*)", line)
        if match is None or match[3].startswith("cdrom:"):
            continue
        pairs = (option.split("=", 1) for option in (match[2] or "").split() if "=" in option)
        sources.append(AptSource(match[3], match[4], tuple(match[5].split()), _kept_options(pairs)))
    return sources


def parse_deb822(text: str) -> list[AptSource]:
    """Reads a `.sources` file: stanzas of `Field: value` with continuation lines. Disabled ones are left out."""
    sources = []
    kept = "\n".join(line for line in text.splitlines() if not line.startswith("#"))
    for stanza in re.split(r"\n[ \t]*\n", kept):
        fields: dict[str, str] = {}
        name = ""
        for line in stanza.splitlines():
            if line[:1] in (" ", "\t") and name:
                fields[name] += "\n" + line
            elif ":" in line:
                name, value = line.split(":", 1)
                name = name.strip().lower()
                fields[name] = value.strip()
        if fields.get("enabled", "yes").lower() in ("no", "false", "0", "off", "without", "disable"):
            continue
        if not {"deb", "deb-src"} & set(fields.get("types", "").split()):
            continue
        options = _kept_options((k, v) for k, v in fields.items() if k not in ("types", "uris", "suites", "components"))
        components = tuple(fields.get("components", "").split())
        for uri in fields.get("uris", "").split():
            for suite in fields.get("suites", "").split():
                if not uri.startswith("cdrom:"):
                    sources.append(AptSource(uri, suite, components, options))
    return sources


def _kept_options(pairs: Iterable[Iterable[str]]) -> tuple[tuple[str, str], ...]:
    named = ((name.lower(), value) for name, value in pairs)
    return tuple((name, value) for name, value in named if name not in _DROPPED_OPTIONS and not name.startswith("x-"))


def source_list(sources: Iterable[AptSource]) -> str:
    """A deb822 file of the source indexes of `sources`, each archive, suite and component named once."""
    seen: set[tuple[str, str, str]] = set()
    stanzas = []
    for source in sources:
        names = source.components or ("",)
        fresh = tuple(name for name in names if (source.uri.rstrip("/"), source.suite, name) not in seen)
        seen.update((source.uri.rstrip("/"), source.suite, name) for name in fresh)
        if fresh:
            kept = tuple(name for name in fresh if name)
            stanzas.append(AptSource(source.uri, source.suite, kept, source.options).stanza())
    return "\n".join(stanzas)


def machine_sources(main_list: Path, parts: Path) -> list[AptSource]:
    """The archives this machine's apt uses, from `main_list` and the files in the directory `parts`."""
    sources = parse_one_line(main_list.read_text()) if main_list.is_file() else []
    for path in sorted(parts.glob("*")) if parts.is_dir() else []:
        if path.suffix == ".list":
            sources += parse_one_line(path.read_text())
        elif path.suffix == ".sources":
            sources += parse_deb822(path.read_text())
    return sources


def cache_root() -> Path:
    """The project's cache: `${XDG_CACHE_HOME:-~/.cache}/pic32bench`."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "pic32bench"


def fetch(package: str, series: str = "", refresh: bool = False) -> Path:
    """Returns the directory of a Debian source package, patched by Debian, and fetches it if need be.

    `series` is what the upstream version must start with ("7.2"), so that a backport does not slip in.
    Without `refresh` a version fetched before is good enough and no network is used. Of several versions in
    the archive the newest is taken, and the next older one when its files are gone. Raises SourceError.
    """
    home = cache_root() / "sources"
    home.mkdir(parents=True, exist_ok=True)
    with _lock(home / ".lock", f"the source package {package}"):
        current = home / f"{package}{'-' + series if series else ''}.current"
        if not refresh and current.is_dir():
            return current.resolve()
        for stale in home.glob(".tmp-*"):  # we hold the lock, so whoever made these is gone
            shutil.rmtree(stale, ignore_errors=True)
        for tool, needed in (("apt-get", "apt"), ("apt-cache", "apt"), ("dpkg-source", "dpkg-dev")):
            if shutil.which(tool) is None:
                raise SourceError(f"{tool} is missing, which fetches {package}: apt-get install {needed}")
        apt = _configure_apt(cache_root() / "apt")
        failures = []
        for version in _versions(apt, package, series):
            directory = home / f"{package}_{without_epoch(version)}"
            if not directory.is_dir():
                problem = _download(apt, package, version, home, directory)
                if problem:
                    failures.append(f"{version}: {problem}")
                    continue
            _link(current, directory)
            return directory
        raise SourceError(f"source package {package} cannot be downloaded ({'; '.join(failures)}): check the network")


def without_epoch(version: str) -> str:
    """A Debian version without its epoch: file names and upstream versions have none."""
    return version.split(":", 1)[-1]


def _configure_apt(home: Path) -> Path:
    """Lays out apt directories of our own and returns the configuration file that points apt there."""
    for name in ("sources.d", "state", "lists/partial", "cache/archives/partial"):
        (home / name).mkdir(parents=True, exist_ok=True)
    names = ["MAIN", "Dir::Etc::sourcelist/f", "PARTS", "Dir::Etc::sourceparts/d"]
    shell = _run(["apt-config", "shell", *names]).stdout
    found = dict(re.findall(r"(\w+)='([^']*)'", shell))
    sources = machine_sources(Path(found.get("MAIN", "/etc/apt/sources.list")), Path(found.get("PARTS", "/nowhere")))
    if not sources:
        raise SourceError("apt has no package source: add Debian's archive to /etc/apt/sources.list.d")
    (home / "sources.d" / "pic32bench.sources").write_text(source_list(sources))
    config = home / "apt.conf"
    text = _APT_CONFIG.format(home=home)
    if os.geteuid() == 0:  # the sandbox user cannot enter a home directory
        text += 'APT::Sandbox::User "root";\n'
    config.write_text(text)
    return config


def _versions(apt: Path, package: str, series: str) -> list[str]:
    """Versions of `package` in the archives, newest first."""
    _say(f"looking up the source package {package}")
    update = _run(["apt-get", "-c", str(apt), "-q", "update"])
    shown = _run(["apt-cache", "-c", str(apt), "showsrc", "--only-source", package]).stdout
    found = set(re.findall(r"^Version: (\S+)$", shown, re.MULTILINE))
    fitting = [version for version in found if without_epoch(version).startswith(series)]
    if fitting:
        return sorted(fitting, key=functools.cmp_to_key(_compare), reverse=True)
    if found:
        raise SourceError(f"apt offers {package} {', '.join(sorted(found))}, but {series} is needed: use Debian 12")
    reason = _first_error(update.stderr) if update.returncode else "their archives list no such source package"
    raise SourceError(f"source package {package} not found through this machine's apt sources: {reason}")


def _compare(left: str, right: str) -> int:
    """Debian's order of versions, newest last."""
    if left == right:
        return 0
    return -1 if _run(["dpkg", "--compare-versions", left, "lt", right]).returncode == 0 else 1


def _download(apt: Path, package: str, version: str, home: Path, directory: Path) -> str:
    """Downloads and unpacks one version into `directory`. Returns what went wrong in the download, if so."""
    work = Path(tempfile.mkdtemp(prefix=".tmp-", dir=home))
    try:
        _say(f"fetching the source package {package} {version}")
        command = ["apt-get", "-c", str(apt), "-q", "--download-only", "source", f"{package}={version}"]
        done = _run(command, cwd=work)
        descriptions = list(work.glob("*.dsc"))
        if done.returncode or not descriptions:
            return _first_error(done.stderr)
        _say(f"unpacking {descriptions[0].stem}")
        done = _run(["dpkg-source", "-x", descriptions[0].name, "tree"], cwd=work)
        if done.returncode:
            raise SourceError(f"dpkg-source cannot unpack {descriptions[0].name}: {_first_error(done.stderr)}")
        (work / "tree").rename(directory)
        return ""
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _first_error(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    errors = [line for line in lines if line.startswith(("E:", "Err:", "dpkg-source: error:"))] or lines
    return errors[0].removeprefix("E: ") if errors else "no reason given"


def _run(command: list[str], cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "LC_ALL": "C.UTF-8", "DEBIAN_FRONTEND": "noninteractive"}
    return subprocess.run(
        command,
        cwd=cwd,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


@contextlib.contextmanager
def _lock(path: Path, subject: str) -> Iterator[None]:
    """Holds an advisory lock; another process that wants the same waits, and says so."""
    with path.open("w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            _say(f"waiting for another process that fetches {subject}")
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def _link(link: Path, target: Path) -> None:
    """Makes `link` a symbolic link to `target`, replacing an older link in one step."""
    if link.exists() and not link.is_symlink():
        raise SourceError(f"{link} exists and is no link: move it away")
    link.parent.mkdir(parents=True, exist_ok=True)
    fresh = link.with_name(f".{link.name}.{os.getpid()}")
    fresh.unlink(missing_ok=True)
    fresh.symlink_to(target)
    fresh.replace(link)


def _say(text: str) -> None:
    print(f"debian_source: {text}", file=sys.stderr, flush=True)


def main(arguments: list[str] | None = None) -> int:
    """The command line; returns the exit code, 0 or 2."""
    parser = argparse.ArgumentParser(
        prog="debian_source.py", description="Fetch a Debian source package, without root."
    )
    parser.add_argument("package", help="name of the source package, such as qemu or lwip")
    parser.add_argument("dest", nargs="?", type=Path, help="make this path a link to the directory")
    parser.add_argument("--series", default="", help="what the upstream version must start with, such as 7.2")
    parser.add_argument("--refresh", action="store_true", help="look for a newer version than the one fetched before")
    options = parser.parse_args(arguments)
    if not re.fullmatch(r"[a-z0-9][a-z0-9+.-]+", options.package):
        parser.error(f"{options.package!r} is no package name: lower-case letters, digits and + - . are")
    try:
        directory = fetch(options.package, options.series, options.refresh)
        if options.dest is not None:
            _link(options.dest, directory)
    except (SourceError, OSError) as error:
        print(f"debian_source: {error}", file=sys.stderr)
        return 2
    print(directory)
    return 0


if __name__ == "__main__":
    sys.exit(main())
