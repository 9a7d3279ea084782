#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Builds qemu-system-mipsel with the PIC32MZ overlay and its plugin, unless this machine has built the same before.

The QEMU source is Debian's `qemu` package, or any 7.2 tree named by QEMU_SRC; neither is ever written to.
A copy of it in `${XDG_CACHE_HOME:-~/.cache}/pic32bench/emulator/trees/` gets the overlay (`src/`, what
`generate.py` makes of the chip's tables, `patches/*.patch`) and is built incrementally: a changed C file is
a matter of seconds. Finished emulators are kept beside the trees under a key of everything that went in, so
a second clone builds nothing.

Standard library only: it runs before anything is installed.
"""

from __future__ import annotations

import argparse
import concurrent.futures
import contextlib
import fcntl
import hashlib
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import strict_patch

HERE = Path(__file__).resolve().parent
PROJECT = HERE.parent.parent
OVERLAY = "hw/mips/pic32mz"  # where the overlay lives in QEMU's tree
DEVICES = "configs/devices/mipsel-softmmu/pic32mz.mak"  # which of QEMU's own devices are built
BINARY = "qemu-system-mipsel"
PLUGIN = "libwatch.so"  # of plugin/, beside the emulator
PLUGIN_SOURCES = "contrib/plugins/pic32mz"  # where plugin/ lives in QEMU's tree
SERIES = "7.2"
# No board of ours has a device tree; without debug information the build is a tenth of the size.
CONFIGURE = [
    "--target-list=mipsel-softmmu",
    "--without-default-features",
    "--without-default-devices",
    "--with-devices-mipsel=pic32mz",
    "--enable-tcg",
    "--enable-slirp",
    "--enable-nettle",
    "--enable-plugins",
    "--disable-fdt",
    "--disable-debug-info",
    "--disable-install-blobs",
]
# QEMU's callbacks have fixed signatures, so a device leaves parameters unused all the time.
WARNINGS = ["-Wall", "-Wextra", "-Werror", "-Wno-unused-parameter"]
PLUGIN_FLAGS = ["-shared", "-fPIC", "-O2", "-std=gnu11", "-fvisibility=hidden", "-Wall", "-Wextra"]
UNUSED_DAYS = 30  # emulators nobody asked for in this time are removed


class BuildError(Exception):
    """A build that cannot go on; the message says what to do."""


def say(text: str) -> None:
    """One line on what is going on."""
    print(f"emulator: {text}", file=sys.stderr, flush=True)


def cache_directory() -> Path:
    """Where emulators and their build trees are kept, for all clones of a user."""
    root = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return root / "pic32bench" / "emulator"


def find_source() -> tuple[Path, str]:
    """The QEMU source directory and a text that changes whenever its content does."""
    named = os.environ.get("QEMU_SRC")
    if named:
        source = Path(named).resolve()
        if not (source / "VERSION").is_file():
            raise BuildError(f"QEMU_SRC={named} is no QEMU source tree: it has no VERSION file")
        stats = ((path, (source / path).lstat()) for path in source_files(source))
        identity = f"{source} " + digest(f"{path} {stat.st_size} {stat.st_mtime_ns}" for path, stat in stats)
    else:
        fetcher = PROJECT / "bench" / "pic32bench" / "debian_source.py"
        done = subprocess.run(
            [sys.executable, "-P", str(fetcher), "--series", SERIES, "qemu"],
            stdout=subprocess.PIPE,
            text=True,
            check=False,
        )
        if done.returncode:
            raise BuildError("no QEMU source: see the line above, or name a QEMU 7.2 tree with QEMU_SRC=DIR")
        source = Path(done.stdout.strip())
        identity = source.name
    version = (source / "VERSION").read_text().strip()
    if not version.startswith(f"{SERIES}."):
        raise BuildError(f"{source} is QEMU {version}, but the overlay is written for {SERIES}: name another QEMU_SRC")
    return source, identity


def source_files(source: Path) -> list[str]:
    """Paths of all files in a source tree, without version control's and earlier builds' in it."""
    found = []
    for directory, subdirectories, files in os.walk(source):
        top = Path(directory) == source
        subdirectories[:] = [name for name in subdirectories if name != ".git" and not (top and name == "build")]
        links = [name for name in subdirectories if (Path(directory) / name).is_symlink()]
        found += [os.path.relpath(os.path.join(directory, name), source) for name in files + links]
    return sorted(found)


def digest(parts: Iterator[str]) -> str:
    """A short hash of texts in their order."""
    result = hashlib.sha256()
    for part in parts:
        result.update(part.encode() + b"\0")
    return result.hexdigest()[:16]


def overlaid_files(source: Path) -> dict[str, str]:
    """Every file in which the built tree differs from `source`: its path in QEMU's tree and its text."""
    with tempfile.TemporaryDirectory(prefix="pic32bench-") as scratch:
        overlay = Path(scratch) / "overlay"
        shutil.copytree(HERE / "src", overlay)
        if (HERE / "generate.py").is_file():
            done = subprocess.run(
                [sys.executable, str(HERE / "generate.py"), str(HERE.parent / "pic32mz"), str(overlay)],
                capture_output=True,
                text=True,
                check=False,
            )
            if done.returncode:
                raise BuildError(f"platforms/qemu/generate.py failed: {done.stderr.strip() or done.stdout.strip()}")
        changed = {
            f"{OVERLAY}/{path.relative_to(overlay)}": path.read_text()
            for path in sorted(overlay.rglob("*"))
            if path.is_file()
        }
    changed[DEVICES] = (HERE / "devices.mak").read_text()
    units = sorted(Path(path).name for path in changed if path.endswith(".c"))
    changed.setdefault(f"{OVERLAY}/meson.build", f"mips_ss.add(files({', '.join(repr(unit) for unit in units)}))\n")
    check_list(units, changed[f"{OVERLAY}/meson.build"])
    for path in sorted((HERE / "plugin").glob("*")):
        changed[f"{PLUGIN_SOURCES}/{path.name}"] = path.read_text()
    meson = (source / "hw/mips/meson.build").read_text()
    anchor = "\nhw_arch += {'mips': mips_ss}"
    if anchor not in meson:
        raise BuildError(f"hw/mips/meson.build of {source} has no line {anchor.strip()!r}: the overlay does not fit")
    changed["hw/mips/meson.build"] = meson.replace(anchor, f"\nsubdir('pic32mz')\n{anchor}")

    def read(path: str) -> str:
        return changed.get(path) or (source / path).read_text()

    for patch in sorted((HERE / "patches").glob("*.patch")):
        name = f"platforms/qemu/patches/{patch.name}"
        changed |= strict_patch.apply(name, patch.read_text(), read)
    return changed


def check_list(units: list[str], meson: str) -> None:
    """Raises BuildError unless the overlay's meson.build names every C file there is, and no other."""
    named = re.findall(r"'([^']+\.c)'", meson)
    for unit in sorted(set(units) ^ set(named)):
        what = "does not list" if unit in units else "lists a file that is not there:"
        raise BuildError(f"platforms/qemu/src/meson.build {what} {unit}")


def lay_out(source: Path, identity: str, changed: dict[str, str], tree: Path) -> None:
    """Makes `tree` a copy of `source` with the `changed` files; files that stay the same keep their times."""
    record = tree / ".pic32bench.json"
    known = json.loads(record.read_text()) if record.is_file() else {"identity": "", "changed": []}

    def note(complete: bool, paths: set[str]) -> None:
        fresh = record.with_suffix(".new")
        fresh.write_text(json.dumps({"identity": identity if complete else "", "changed": sorted(paths)}))
        fresh.replace(record)

    note(known["identity"] == identity, {*known["changed"], *changed})  # so that a killed run leaves nothing unknown
    if known["identity"] != identity:
        say(f"copying the QEMU source {source.name}")
        for path in source_files(source):
            if path not in changed:
                copy_if_other(source / path, tree / path)
    for path in set(known["changed"]) - set(changed):
        (tree / path).unlink(missing_ok=True)
        if (source / path).is_file():
            shutil.copy(source / path, tree / path)  # with a new time, so that ninja sees the change
    for path, text in changed.items():
        target = tree / path
        if not target.is_file() or target.read_text() != text:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.unlink(missing_ok=True)
            target.write_text(text)
            if (source / path).is_file():
                shutil.copymode(source / path, target)
    note(True, set(changed))


def copy_if_other(source: Path, target: Path) -> None:
    """Copies a file or link with its times, unless the target has the same size and time already."""
    before = source.lstat()
    with contextlib.suppress(FileNotFoundError):
        now = target.lstat()
        if (now.st_size, now.st_mtime_ns) == (before.st_size, before.st_mtime_ns):
            return
        target.unlink()
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy2(source, target, follow_symlinks=False)


def configure(tree: Path, log: Path) -> None:
    """Configures the tree's build directory, when it has none of these settings yet."""
    build = tree / "build"
    python = "/usr/bin/python3" if Path("/usr/bin/python3").exists() else sys.executable
    meson = shutil.which("meson", path="/usr/bin:/usr/local/bin") or shutil.which("meson")
    if meson is None or shutil.which("ninja") is None:
        raise BuildError("meson or ninja is missing: run `make setup`, or apt-get install meson ninja-build")
    command = ["../configure", *CONFIGURE, f"--meson={meson}"]
    stamp = build / ".configured"
    if stamp.is_file() and stamp.read_text() == shlex.join(command) and (build / "build.ninja").is_file():
        return
    say("configuring QEMU")
    shutil.rmtree(build, ignore_errors=True)
    build.mkdir()
    environment = {
        **os.environ,
        "PYTHON": python,
    }  # meson's own, not a virtual environment's that may go away
    with log.open("w") as out:
        done = subprocess.run(
            command, cwd=build, env=environment, stdin=subprocess.DEVNULL, stdout=out, stderr=out, check=False
        )
    if done.returncode:
        raise BuildError(f"QEMU's configure failed: `make setup` installs what it needs\n{tail(log)}\nlog: {log}")
    stamp.write_text(shlex.join(command))


def compile_tree(tree: Path, log: Path) -> None:
    """Runs ninja, with its counter on the terminal when there is one."""
    say("compiling QEMU (two minutes when all of it is new)")
    terminal = sys.stderr.isatty()
    command = ["ninja", "-C", str(tree / "build"), BINARY]
    environment = {**os.environ, "LC_ALL": "C.UTF-8", "NINJA_STATUS": "[%f/%t] "}
    with (
        log.open("w") as out,
        subprocess.Popen(
            command,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        ) as ninja,
    ):
        try:
            for line in ninja.stdout or ():
                out.write(line)
                match = re.match(r"\[(\d+/\d+)\] ", line)
                if terminal and match:
                    print(f"\remulator: {match[1]} ", end="", file=sys.stderr, flush=True)
        except BaseException:
            ninja.terminate()
            raise
    if terminal:
        print("\r\033[K", end="", file=sys.stderr, flush=True)
    if ninja.returncode:
        raise BuildError(f"QEMU does not compile\n{tail(log)}\nlog: {log}")


def compile_plugin(tree: Path, log: Path, check: bool = False) -> str:
    """Compiles the plugin, if there is one, into the build directory. Returns the compiler's messages.

    With ``check`` its warnings are all that comes of it.
    """
    sources = sorted((tree / PLUGIN_SOURCES).glob("*.c"))
    if not sources:
        (tree / "build" / PLUGIN).unlink(missing_ok=True)
        return ""
    flags = [*PLUGIN_FLAGS, f"-I{tree / OVERLAY}", f"-I{tree / 'include/qemu'}", *(["-Werror"] if check else [])]
    output = "/dev/null" if check else str(tree / "build" / PLUGIN)
    command = [os.environ.get("CC", "cc"), *flags, "-o", output, *map(str, sources)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    messages = done.stderr.replace(f"{tree / PLUGIN_SOURCES}/", "platforms/qemu/plugin/")
    if done.returncode and not check:
        log.write_text(messages)
        raise BuildError(f"the plugin does not compile\n{tail(log)}\nlog: {log}")
    return messages if check else ""


def tail(log: Path) -> str:
    """What matters of a log's end: compiler messages when there are some, else its last lines."""
    lines = [line[:300] for line in log.read_text(errors="replace").splitlines()]
    first = next(
        (at for at, line in enumerate(lines) if re.search(r"\b(fatal )?error:|undefined reference", line)),
        None,
    )
    text = "\n".join(lines[first : first + 20] if first is not None else lines[-20:])
    return text.replace(f"../{OVERLAY}/", "platforms/qemu/src/")


def check_warnings(tree: Path) -> str:
    """Compiles the overlay with WARNINGS, QEMU's headers as system headers. Returns the compiler's messages."""
    build = tree / "build"
    commands = json.loads((build / "compile_commands.json").read_text())
    units = [unit for unit in commands if f"{OVERLAY}/" in unit["file"]]
    if not units:
        raise BuildError(f"no file of {OVERLAY} is compiled: is it missing in the overlay's meson.build?")

    def compile_one(unit: dict[str, str]) -> str:
        words = iter(shlex.split(unit["command"]))
        command = [next(words)]
        for word in words:
            if word in ("-o", "-MF", "-MQ"):
                next(words)
            elif word in ("-I", "-iquote"):
                command += ["-isystem", next(words)]
            elif word.startswith("-I"):
                command += ["-isystem", word[2:]]
            elif word not in ("-MD", "-Werror") and not word.startswith("-W"):
                command.append(word)
        command += [*WARNINGS, "-o", "/dev/null"]
        done = subprocess.run(command, cwd=unit["directory"], capture_output=True, text=True, check=False)
        return done.stderr.replace(f"../{OVERLAY}/", "platforms/qemu/src/") if done.returncode else ""

    say(f"checking {len(units)} files with {' '.join(WARNINGS)}")
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        return "".join(pool.map(compile_one, units))


def publish(tree: Path, finished: Path, key: dict[str, str]) -> None:
    """Puts the stripped emulator into the cache directory `finished`, whole or not at all."""
    work = Path(tempfile.mkdtemp(prefix=".tmp-", dir=finished.parent))
    try:
        for name in (BINARY, PLUGIN):
            if (tree / "build" / name).is_file():
                subprocess.run(["strip", "-o", str(work / name), str(tree / "build" / name)], check=True)
        subprocess.run([str(work / BINARY), "--version"], check=True, stdout=subprocess.DEVNULL)
        (work / "key.json").write_text(json.dumps(key, indent=1))
        work.chmod(0o755)
        work.rename(finished)
    finally:
        shutil.rmtree(work, ignore_errors=True)


def remove_unused(cache: Path) -> None:
    """Removes emulators that no `make emulator` asked for in UNUSED_DAYS."""
    for finished in cache.glob("[0-9a-f]*"):
        if finished.stat().st_mtime < time.time() - UNUSED_DAYS * 86400:
            shutil.rmtree(finished, ignore_errors=True)


@contextlib.contextmanager
def lock(path: Path) -> Iterator[None]:
    """Holds a lock file; who comes second waits, and says so."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("waiting for another build in the same tree")
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def build(check: bool) -> Path:
    """Returns the path of the finished emulator; with `check` its sources compile without a warning."""
    source, identity = find_source()
    changed = overlaid_files(source)
    settings = shlex.join(CONFIGURE)
    key = {"source": identity, "configure": settings, "plugin": shlex.join(PLUGIN_FLAGS)}
    key |= {path: digest(iter([text])) for path, text in changed.items()}
    cache = cache_directory()
    finished = cache / digest(f"{name}={value}" for name, value in sorted(key.items()))
    checked = finished / "checked"
    if finished.is_dir() and (checked.is_file() or not check):
        os.utime(finished)
        return finished / BINARY
    tree = cache / "trees" / digest(iter([identity.split()[0], settings]))
    started = time.monotonic()
    with lock(tree.with_suffix(".lock")):
        tree.mkdir(parents=True, exist_ok=True)
        log = tree / "build.log"
        lay_out(source, identity, changed, tree)
        configure(tree, tree / "configure.log")
        compile_tree(tree, log)
        compile_plugin(tree, tree / "plugin.log")
        if not finished.is_dir():
            publish(tree, finished, key)
            say(f"built in {time.monotonic() - started:.0f} s")
        if check and not checked.is_file():
            messages = check_warnings(tree) + compile_plugin(tree, log, check=True)
            if messages:
                raise BuildError(f"the overlay compiles with warnings\n{messages}")
            checked.touch()
    remove_unused(cache)
    return finished / BINARY


def link(target: Path, path: Path) -> None:
    """Makes `path` a link to `target` in one step."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    fresh.unlink(missing_ok=True)
    fresh.symlink_to(target)
    fresh.replace(path)


def main() -> int:
    """The command line; returns the exit code: 0 done, 1 the build failed."""
    parser = argparse.ArgumentParser(description="Build the emulator, or take it from the cache.")
    parser.add_argument("--check", action="store_true", help="also compile the overlay with -Wall -Wextra -Werror")
    options = parser.parse_args()
    try:
        emulator = build(options.check)
        for path in (emulator, emulator.with_name(PLUGIN)):
            if path.is_file():
                link(path, PROJECT / "build" / "emulator" / path.name)
    except (BuildError, strict_patch.PatchError, OSError, subprocess.CalledProcessError) as error:
        print(f"emulator: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    say(f"build/emulator/{BINARY} is {emulator}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
