# SPDX-License-Identifier: MIT
"""`pic32bench stack` and `pic32bench calls`: output, exit codes, wrong use."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest

from pic32bench.cli.main import main

from .conftest import PROGRAMS, Compile, stripped, to_hex

PLACES = ("-Wl,--section-start=.boot=0xbfc00000", "-Wl,--section-start=.vectors=0x9d010000", "-Wl,-Tbss=0x80000100")


@pytest.fixture
def elf(compiled: Compile) -> Path:
    return compiled("calls.c", "-mno-micromips", "-Os", "-fcallgraph-info=su")


def told(capsys: pytest.CaptureFixture[str], *arguments: object) -> dict[str, dict]:  # type: ignore[type-arg]
    assert main([*map(str, arguments), "--json"]) in (0, 1)
    return {each["name"]: each for each in json.loads(capsys.readouterr().out)["stacks"]}


def test_stacks(handlers: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["stack", str(handlers)]) == 0
    out = capsys.readouterr().out
    assert re.search(r"\| 1024 \|\s*552 \|\s*232 \|\s*320 \|\s*472 \| Sampler", out)
    assert "Sampler: sampler 152 > big 80" in out
    assert "+" not in out
    assert "third_entry" in out


def test_functions(elf: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["stack", str(elf), "all"]) == 0
    out = capsys.readouterr().out
    assert re.search(r"\d+\+ \|.*\| all .*\| 3 open calls, recursion, dynamic frame", out)
    assert "recursion: direct > direct" in out
    assert re.search(r"dynamic frame: variable \(calls\.c:\d+\)", out)
    assert re.search(r"open call: [0-9a-f]{8} by_table \(calls\.c:41\): jalr \$\w+, perhaps one, two, three", out)


def test_closing_everything(elf: Path, capsys: pytest.CaptureFixture[str]) -> None:
    calls = ["--calls", "by_table=one,two,three", "--calls", "by_pointer=two,three", "--calls", "by_object=two"]
    found = told(capsys, "stack", elf, "all", *calls, "--depth", "direct=4", "--depth", "even=2")["all"]
    assert found["open_calls"] == []
    assert found["recursions"] == []
    assert not found["bounded"]  # the dynamic frame
    assert main(["stack", str(elf), "by_table", "--strict"]) == 1
    assert main(["stack", str(elf), "by_table", "--strict", *calls[:2]]) == 0


@pytest.mark.parametrize(("grown", "code"), [(0, 0), (256, 1)], ids=["as it is", "1 KiB more"])
def test_a_frame_grown_by_1_kib_is_caught(
    compiled: Compile, tmp_path: Path, capsys: pytest.CaptureFixture[str], grown: int, code: int
) -> None:
    source = tmp_path / "handlers.c"
    text = (PROGRAMS / "handlers.c").read_text()
    assert "words[30]" in text
    source.write_text(text.replace("words[30]", f"words[{30 + grown}]"))
    table = tmp_path / "table.toml"
    table.write_text('# limits\n[[stack]]\nname = "Sam*"\nmax = 600\n')
    image = compiled(f"handlers.S {source}", "-Os", *PLACES)
    assert main(["stack", str(image), "--budget", str(table)]) == code
    out = capsys.readouterr().out
    assert ("over: stack Sampler:" in out) == bool(code)
    if code:
        assert "over its limit of 600" in out
        assert "table.toml, line 2" in out


def test_a_stack_too_small_for_its_task(compiled: Compile, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = tmp_path / "handlers.c"
    source.write_text((PROGRAMS / "handlers.c").read_text().replace('"Sender", 128', '"Sender", 32'))
    assert main(["stack", str(compiled(f"handlers.S {source}", "-Os", *PLACES))]) == 1
    assert re.search(r"over: stack Sender: \d+ bytes where there are 128, \d+ short", capsys.readouterr().out)


def test_a_limit_for_no_stack_is_told(handlers: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    table = tmp_path / "table.toml"
    table.write_text('[[stack]]\nname = "nobody"\nmax = 600\n')
    assert main(["stack", str(handlers), "--budget", str(table)]) == 0
    assert "note: stack nobody: there is none" in capsys.readouterr().out


def test_the_compilers_list(elf: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["stack", str(elf), "all", "--callgraph-info", str(elf.parent)]) == 0
    out = capsys.readouterr().out
    assert re.search(r"the compiler's list of \d\d functions agrees", out)
    (info,) = elf.parent.glob("*.ci")
    other = re.sub(r"(title: \"with_locals\" label: [^}]*n)\d+( bytes)", r"\g<1>216\2", info.read_text())
    (tmp_path / "other.ci").write_text(other)
    assert main(["stack", str(elf), "all", "--callgraph-info", str(tmp_path)]) == 0
    assert re.search(r"with_locals: a frame of 2\d\d bytes in the code, 216 says the compiler", capsys.readouterr().out)


def test_a_tree(elf: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["calls", str(elf), "by_switch"]) == 0
    first, *rest = capsys.readouterr().out.splitlines()
    assert re.fullmatch(r"by_switch \(\d+ B, frame \d+, stack \d+\)", first)
    assert any(line.startswith("├─ leaf (") and "3 places" in line for line in rest)
    assert any(line.startswith("└─ with_locals (") for line in rest)
    assert any(line.startswith("   └─ leaf (") for line in rest)


def test_callers(elf: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["calls", str(elf), "with_locals", "--callers", "--levels", "1", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert {each["from"] for each in found["calls"] if each["to"] == "with_locals"} == {"by_switch", "tail"}
    assert {each["name"] for each in found["functions"]} == {"by_switch", "tail", "with_locals"}


def test_a_picture(elf: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["calls", str(elf), "all", "--levels", "2", "-o", str(tmp_path / "all.dot")]) == 0
    text = (tmp_path / "all.dot").read_text()
    assert text.startswith("digraph calls {")
    assert '"by_table\\n' in text
    assert "1 open call" in text
    assert capsys.readouterr().out == ""
    if shutil.which("dot") is None:
        pytest.skip("no graphviz: `make setup` installs it")
    assert main(["calls", str(elf), "all", "--levels", "2", "--format", "svg"]) == 0
    drawn = capsys.readouterr().out
    assert "<svg" in drawn
    assert all(name in drawn for name in ("by_table", "by_switch", "variable"))


def test_without_graphviz(elf: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    assert main(["calls", str(elf), "all", "--format", "svg"]) == 2
    assert "graphviz" in capsys.readouterr().err
    assert main(["calls", str(elf), "all", "--format", "dot"]) == 0


def test_a_hex_and_no_symbols(handlers: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What is reached from reset is known even then, by its addresses."""
    main_stack = told(capsys, "stack", handlers)["main"]
    assert told(capsys, "stack", to_hex(handlers, tmp_path))["main"]["bytes"] == main_stack["bytes"]
    assert told(capsys, "stack", stripped(handlers, tmp_path))["main"]["bytes"] == main_stack["bytes"]
    assert main(["stack", str(to_hex(handlers, tmp_path)), "sampler"]) == 2
    assert "--symbols" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["stack", "{elf}", "nobody"], "there is no function nobody"),
        (["stack", "{elf}", "with_local"], "did you mean with_locals"),
        (["stack", "{elf}", "0x9d400000"], "there is no code at 0x9d400000"),
        (["stack", "{elf}"], "name a FUNCTION"),
        (["calls", "{elf}"], "name a FUNCTION"),
        (["stack", "{map}", "all"], "is a MAP and holds no code"),
        (["stack", "/nowhere.elf"], "cannot read"),
        (["stack", "{empty}"], "is empty"),
        (["stack", "{text}"], "neither Intel HEX nor ELF"),
        (["stack", "{cut}"], "cut.elf"),
        (["stack", "{elf}", "all", "--calls", "by_table"], "expected PLACE=FUNCTION"),
        (["stack", "{elf}", "all", "--calls", "by_table=nobody"], "there is no function nobody"),
        (["stack", "{elf}", "all", "--depth", "direct=0"], "expected FUNCTION=N"),
        (["stack", "{elf}", "all", "--level", "leaf=3"], "is no interrupt handler"),
        (["stack", "{elf}", "all", "--level", "leaf=8"], "N from 1 to 7"),
        (["stack", "{elf}", "all", "--seen", "{text}"], "text.elf"),
        (["stack", "{elf}", "all", "--depth", "leaf=2"], "leaf is in no recursion"),
        (["stack", "{elf}", "all", "--budget", "{table}"], "no [[stack]] in it"),
        (["stack", "{elf}", "all", "--callgraph-info", "{folder}"], "no .ci file"),
        (["calls", "{elf}", "all", "-o", "/nowhere/x.dot"], "cannot write"),
        (["calls", "{elf}", "all", "--json", "--format", "dot"], "does not go with"),
    ],
)
def test_wrong_use(
    elf: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], message: str
) -> None:
    (tmp_path / "empty.elf").write_bytes(b"")
    (tmp_path / "text.elf").write_text("no image")
    (tmp_path / "cut.elf").write_bytes(elf.read_bytes()[: elf.stat().st_size // 2])
    (tmp_path / "table.toml").write_text('[[function]]\nname = "one"\nsize = 5\n')
    (tmp_path / "folder").mkdir()
    names = {"elf": elf, "map": elf.with_suffix(".map"), "folder": tmp_path / "folder"}
    names["table"] = tmp_path / "table.toml"
    names |= {name: tmp_path / f"{name}.elf" for name in ("empty", "text", "cut")}
    assert main([argument.format(**names) for argument in arguments]) == 2
    err = capsys.readouterr().err
    assert message in err
    assert err.count("\n") == 1
