# SPDX-License-Identifier: MIT
"""The source list made of the machine's own: both formats of sources.list(5), and the archive's odd corners.

No network: what apt and dpkg-source would say is played by small scripts in PATH.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pic32bench import debian_source
from pic32bench.debian_source import AptSource, SourceError

ONE_LINE = """\
# a comment
deb http://mirror.example/debian bookworm main contrib  # trailing comment
deb [arch=amd64 signed-by=/keys/a.gpg] https://mirror.example/debian-security bookworm-security main
#deb http://mirror.example/old old main
deb cdrom:[Debian 12]/ bookworm main
deb http://flat.example/ ./
nonsense
"""

DEB822 = """\
Types: deb
# a comment in the middle
URIs: http://mirror.example/debian http://second.example/debian/
Suites: bookworm bookworm-updates
Components: main
Signed-By:
 -----BEGIN PGP PUBLIC KEY BLOCK-----
 .
 abcd
 -----END PGP PUBLIC KEY BLOCK-----

Types: deb
Enabled: no
URIs: http://disabled.example/
Suites: bookworm
Components: main

Types: deb deb-src
URIs: http://third.example/
Suites: bookworm
Components: main
Architectures: amd64
Signed-By: /keys/b.gpg
"""


def test_one_line_sources() -> None:
    assert debian_source.parse_one_line(ONE_LINE) == [
        AptSource("http://mirror.example/debian", "bookworm", ("main", "contrib")),
        AptSource(
            "https://mirror.example/debian-security",
            "bookworm-security",
            ("main",),
            (("signed-by", "/keys/a.gpg"),),
        ),
        AptSource("http://flat.example/", "./", ()),
    ]


def test_deb822_sources() -> None:
    sources = debian_source.parse_deb822(DEB822)
    assert [(source.uri, source.suite) for source in sources] == [
        ("http://mirror.example/debian", "bookworm"),
        ("http://mirror.example/debian", "bookworm-updates"),
        ("http://second.example/debian/", "bookworm"),
        ("http://second.example/debian/", "bookworm-updates"),
        ("http://third.example/", "bookworm"),
    ]
    assert sources[4].options == (("signed-by", "/keys/b.gpg"),), "architectures say nothing about sources"
    assert sources[0].options[0][1].endswith(" -----END PGP PUBLIC KEY BLOCK-----"), "the key is in the file itself"


def test_stanzas_read_back_as_they_were() -> None:
    sources = debian_source.parse_deb822(DEB822)
    assert debian_source.parse_deb822(debian_source.source_list(sources)) == sources


def test_each_index_is_named_once() -> None:
    twice = [
        AptSource("http://mirror.example/debian", "bookworm", ("main",)),
        AptSource("http://mirror.example/debian/", "bookworm", ("main", "contrib")),
        AptSource("http://mirror.example/debian", "bookworm", ("contrib",)),
    ]
    text = debian_source.source_list(twice)
    assert [line for line in text.splitlines() if line.startswith("Components")] == [
        "Components: main",
        "Components: contrib",
    ]
    assert "Types: deb-src" in text


def test_files_that_apt_would_not_read_are_not_read(tmp_path: Path) -> None:
    parts = tmp_path / "parts"
    parts.mkdir()
    (parts / "a.list").write_text("deb http://a.example/ bookworm main\n")
    (parts / "b.sources").write_text("Types: deb\nURIs: http://b.example/\nSuites: bookworm\nComponents: main\n")
    (parts / "c.list.disabled").write_text("deb http://c.example/ bookworm main\n")
    found = debian_source.machine_sources(tmp_path / "missing.list", parts)
    assert [source.uri for source in found] == ["http://a.example/", "http://b.example/"]


class FakeApt:
    """apt, dpkg and dpkg-source as scripts, and a record of their calls."""

    def __init__(self, directory: Path) -> None:
        self.bin = directory / "bin"
        self.calls = directory / "calls"
        self.bin.mkdir()
        self.calls.touch()
        self.script("apt-config", "echo \"MAIN='/nonexistent'\"; echo \"PARTS='$FAKE_PARTS/'\"")
        self.script("dpkg", 'test "$2" \\< "$4"')
        self.script("dpkg-source", "mkdir tree && cp *.dsc tree/description")

    def script(self, name: str, body: str) -> None:
        path = self.bin / name
        path.write_text(f'#!/bin/sh\necho "{name} $*" >> {self.calls}\n{body}\n')
        path.chmod(0o755)

    def archive(self, versions: list[str], gone: str = "") -> None:
        """What the archive lists, and of it a version whose files are not there any more."""
        listed = "; ".join(f"echo Package: demo; echo Version: {version}" for version in versions) or "true"
        self.script("apt-cache", listed)
        fail = f'case "$*" in *=*{gone}) echo "E: Failed to fetch demo.dsc  404  Not Found" >&2; exit 100;; esac'
        body = 'case "$*" in *source*) for last; do :; done; echo "$last" > demo.dsc;; esac'
        self.script("apt-get", f"{fail if gone else ''}\n{body}")


@pytest.fixture
def apt(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeApt:
    fake = FakeApt(tmp_path)
    parts = tmp_path / "parts"
    parts.mkdir()
    (parts / "a.list").write_text("deb http://mirror.example/debian bookworm main\n")
    monkeypatch.setenv("PATH", f"{fake.bin}:{os.environ['PATH']}")
    monkeypatch.setenv("FAKE_PARTS", str(parts))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return fake


def test_the_newest_version_is_fetched_once(apt: FakeApt) -> None:
    apt.archive(["1:7.2+a-1", "1:7.2+a-3", "1:7.2+a-2"])
    directory = debian_source.fetch("demo")
    assert directory.name == "demo_7.2+a-3", "without the epoch, as Debian names files"
    assert (directory / "description").read_text() == "demo=1:7.2+a-3\n"
    before = apt.calls.read_text()
    assert debian_source.fetch("demo") == directory
    assert apt.calls.read_text() == before, "a source that is here needs neither apt nor network"


def test_an_older_version_when_the_newest_is_gone(apt: FakeApt) -> None:
    apt.archive(["7.2-1", "7.2-2"], gone="7.2-2")
    assert debian_source.fetch("demo").name == "demo_7.2-1"


def test_all_versions_gone_is_one_line_and_leaves_nothing(apt: FakeApt, capsys: pytest.CaptureFixture[str]) -> None:
    apt.archive(["7.2-2"], gone="7.2-2")
    assert debian_source.main(["demo"]) == 2
    assert (
        capsys.readouterr().err.splitlines()[-1].startswith("debian_source: source package demo cannot be downloaded")
    )
    assert [path.name for path in (debian_source.cache_root() / "sources").iterdir()] == [".lock"]


def test_a_backport_is_not_taken_for_the_series(apt: FakeApt) -> None:
    apt.archive(["1:9.1-1", "1:7.2-5"])
    assert debian_source.fetch("demo", series="7.2").name == "demo_7.2-5"
    with pytest.raises(SourceError, match=r"apt offers demo .*, but 8 is needed"):
        debian_source.fetch("demo", series="8")


def test_a_machine_without_sources_says_so(apt: FakeApt, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    apt.archive(["7.2-1"])
    monkeypatch.setenv("FAKE_PARTS", str(tmp_path / "nowhere"))
    with pytest.raises(SourceError, match="add Debian's archive"):
        debian_source.fetch("demo")


def test_the_link_never_replaces_a_directory(apt: FakeApt, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    apt.archive(["7.2-1"])
    taken = tmp_path / "taken"
    taken.mkdir()
    assert debian_source.main(["demo", str(taken)]) == 2
    assert "exists and is no link" in capsys.readouterr().err
    assert debian_source.main(["demo", str(tmp_path / "sub" / "link")]) == 0
    assert (tmp_path / "sub" / "link" / "description").is_file()
