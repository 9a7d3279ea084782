# SPDX-License-Identifier: MIT
"""The emulator's build: what is rebuilt, what is left alone, and what a failure says.

QEMU is played by a source tree of four files, whose `configure` and whose `ninja` are small scripts.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

MESON = "mips_ss = ss.source_set()\n\nhw_arch += {'mips': mips_ss}\n"
PATCH = "--- a/target/helper.c\n+++ b/target/helper.c\n@@ -1 +1 @@\n-old\n+new\n"
# Counts its runs, and "links" a program out of the C library's shell utilities.
NINJA = """#!/bin/sh
[ "$1" = -C ] && cd "$2"
echo run >> ninja-runs
[ -e ../fail ] && { echo "[1/2] Compiling"; echo "../hw/mips/pic32mz/a.c:1:2: error: no such thing"; exit 1; }
cp /bin/true qemu-system-mipsel
echo "[2/2] Linking"
"""


class Project:
    """A project folder with an overlay, and the build program working on it."""

    def __init__(self, root: Path, program: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
        self.program = program
        self.source = root / "qemu-source"
        self.overlay = root / "project" / "platforms" / "qemu"
        self.link = root / "project" / "build" / "emulator" / "qemu-system-mipsel"
        self.trees = root / "cache" / "pic32bench" / "emulator" / "trees"
        for path, text in {
            "VERSION": "7.2.99\n",
            "configure": "#!/bin/sh\ntouch build.ninja\n",
            "hw/mips/meson.build": MESON,
            "target/helper.c": "old\n",
        }.items():
            self.write(self.source / path, text)
        (self.source / "configure").chmod(0o755)
        self.write(self.overlay / "src" / "a.c", "int a;\n")
        self.write(self.overlay / "src" / "a.h", "\n")
        self.write(self.overlay / "devices.mak", "CONFIG_SSI=y\n")
        self.write(self.overlay / "patches" / "one.patch", PATCH)
        self.write(root / "bin" / "ninja", NINJA)
        (root / "bin" / "ninja").chmod(0o755)
        monkeypatch.setattr(program, "HERE", self.overlay)
        monkeypatch.setattr(program, "PROJECT", root / "project")
        monkeypatch.setenv("QEMU_SRC", str(self.source))
        monkeypatch.setenv("XDG_CACHE_HOME", str(root / "cache"))
        monkeypatch.setenv("PATH", f"{root / 'bin'}:{os.environ['PATH']}")
        monkeypatch.setattr("sys.argv", ["build.py"])

    @staticmethod
    def write(path: Path, text: str) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def make(self) -> int:
        code: int = self.program.main()
        return code

    @property
    def tree(self) -> Path:
        (tree,) = (path for path in self.trees.iterdir() if path.is_dir())
        return tree

    @property
    def runs(self) -> int:
        return len((self.tree / "build" / "ninja-runs").read_text().splitlines())


@pytest.fixture
def project(tmp_path: Path, program: Callable[[str], ModuleType], monkeypatch: pytest.MonkeyPatch) -> Project:
    monkeypatch.syspath_prepend(str(Path(__file__).resolve().parents[3] / "platforms" / "qemu"))
    return Project(tmp_path, program("qemu/build.py"), monkeypatch)


def test_the_tree_is_the_source_with_the_overlay(project: Project) -> None:
    assert project.make() == 0
    assert (project.tree / "target/helper.c").read_text() == "new\n"
    assert (project.tree / "hw/mips/pic32mz/meson.build").read_text() == "mips_ss.add(files('a.c'))\n"
    assert (project.tree / "configs/devices/mipsel-softmmu/pic32mz.mak").read_text() == "CONFIG_SSI=y\n"
    assert "\nsubdir('pic32mz')\n\nhw_arch" in (project.tree / "hw/mips/meson.build").read_text()
    assert (project.source / "target/helper.c").read_text() == "old\n", "the source is never written to"
    assert project.link.resolve().name == "qemu-system-mipsel"


def test_nothing_is_built_twice(project: Project) -> None:
    assert project.make() == project.make() == 0
    assert project.runs == 1
    first = project.link.resolve()
    project.write(project.overlay / "src" / "a.c", "int b;\n")
    assert project.make() == 0
    assert (project.runs, project.link.resolve() == first) == (2, False)
    project.write(project.overlay / "src" / "a.c", "int a;\n")
    assert project.make() == 0
    assert (project.runs, project.link.resolve() == first) == (2, True)


def test_only_changed_files_get_a_new_time(project: Project) -> None:
    assert project.make() == 0
    watched = ["hw/mips/pic32mz/a.h", "hw/mips/meson.build", "target/helper.c", "VERSION"]
    before = [(project.tree / path).stat().st_mtime_ns for path in watched]
    project.write(project.overlay / "src" / "a.c", "int b;\n")
    assert project.make() == 0
    assert (project.tree / "hw/mips/pic32mz/a.c").read_text() == "int b;\n"
    assert [(project.tree / path).stat().st_mtime_ns for path in watched] == before


def test_what_leaves_the_overlay_leaves_the_tree(project: Project) -> None:
    assert project.make() == 0
    (project.overlay / "patches" / "one.patch").unlink()
    (project.overlay / "src" / "a.h").unlink()
    assert project.make() == 0
    assert (project.tree / "target/helper.c").read_text() == "old\n"
    assert not (project.tree / "hw/mips/pic32mz/a.h").exists()


def test_a_change_in_the_named_source_is_seen(project: Project) -> None:
    assert project.make() == 0
    project.write(project.source / "hw/new.c", "int n;\n")
    assert project.make() == 0
    assert (project.tree / "hw/new.c").is_file()
    assert project.runs == 2


def test_generated_files_join_the_overlay(project: Project) -> None:
    generator = (
        "import pathlib, sys\nchip, overlay = map(pathlib.Path, sys.argv[1:])\n"
        "(overlay / 'generated.h').write_text((chip / 'chip.csv').read_text())\n"
    )
    project.write(project.overlay / "generate.py", generator)
    project.write(project.overlay.parent / "pic32mz" / "chip.csv", "facts\n")
    assert project.make() == 0
    assert (project.tree / "hw/mips/pic32mz/generated.h").read_text() == "facts\n"
    project.write(project.overlay.parent / "pic32mz" / "chip.csv", "other facts\n")
    assert project.make() == 0
    assert (project.tree / "hw/mips/pic32mz/generated.h").read_text() == "other facts\n"


@pytest.mark.parametrize(
    ("listed", "complaint"),
    [("'b.c'", "does not list a.c"), ("'a.c', 'b.c'", "lists a file that is not there: b.c")],
)
def test_a_forgotten_file_is_named(
    project: Project, capsys: pytest.CaptureFixture[str], listed: str, complaint: str
) -> None:
    project.write(project.overlay / "src" / "meson.build", f"mips_ss.add(files({listed}))\n")
    assert project.make() == 1
    assert capsys.readouterr().err == f"emulator: platforms/qemu/src/meson.build {complaint}\n"


def test_a_compile_error_names_the_file_and_the_log(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    project.write(project.source / "fail", "")
    assert project.make() == 1
    error = capsys.readouterr().err
    assert "platforms/qemu/src/a.c:1:2: error: no such thing" in error
    assert f"log: {project.tree / 'build.log'}" in error
    assert not project.link.exists()


@pytest.mark.parametrize(
    ("path", "text", "reason"),
    [
        ("VERSION", "8.0.0\n", "is QEMU 8.0.0, but the overlay is written for 7.2"),
        ("hw/mips/meson.build", "\n", "the overlay does not fit"),
        ("target/helper.c", "other\n", "one.patch: target/helper.c line 1: expected 'old', found 'other'"),
    ],
)
def test_another_qemu_is_refused_in_one_line(
    project: Project, capsys: pytest.CaptureFixture[str], path: str, text: str, reason: str
) -> None:
    project.write(project.source / path, text)
    assert project.make() == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert reason in line


def test_warnings_of_the_overlay_fail_the_check(
    project: Project, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.argv", ["build.py", "--check"])
    project.write(project.source / "include/upstream.h", "static int upstream_is_untidy;\n")
    unit = {
        "directory": "@build@",
        "file": "../hw/mips/pic32mz/a.c",
        "command": "cc -I../include -MD -MF a.d -o a.o -c ../hw/mips/pic32mz/a.c",
    }
    configure = f"""#!/bin/sh
touch build.ninja
echo '{json.dumps([unit])}' | sed "s,@build@,$PWD," > compile_commands.json
"""
    project.write(project.source / "configure", configure)
    project.write(project.overlay / "src" / "a.c", '#include "upstream.h"\nint a;\n')
    assert project.make() == 0
    project.write(project.overlay / "src" / "a.c", '#include "upstream.h"\nstatic int forgotten;\n')
    assert project.make() == 1
    (message,) = (line for line in capsys.readouterr().err.splitlines() if "error:" in line)
    assert message.startswith("platforms/qemu/src/a.c:2:12: ")
    assert "forgotten" in message


def test_the_plugin_is_built_beside_the_emulator(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    plugin = project.link.with_name("libwatch.so")
    assert project.make() == 0
    assert not plugin.exists()
    project.write(project.overlay / "plugin" / "one.c", "int one;\n")
    assert project.make() == 0
    first = plugin.resolve()
    assert first.parent == project.link.resolve().parent
    assert first.read_bytes().startswith(b"\x7fELF")
    project.write(project.overlay / "plugin" / "one.c", "int two;\n")
    assert project.make() == 0
    assert plugin.resolve() != first, "it is a part of the key"
    project.write(project.overlay / "plugin" / "one.c", "int three = ;\n")
    assert project.make() == 1
    assert "platforms/qemu/plugin/one.c:1:13: error: " in capsys.readouterr().err
    assert plugin.resolve().exists(), "what was there stays"
