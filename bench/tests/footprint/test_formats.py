# SPDX-License-Identifier: MIT
"""The same report as a table, in Markdown, as JSON, and as a page that needs nothing else."""

import io
import json
import re
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path

import pytest

from pic32bench.footprint import measure
from pic32bench.footprint.table import write_table
from pic32bench.footprint.view import report_view

from .conftest import Link, row
from .sources import SERVER_C, SOURCES
from .test_cli import run

Write = Callable[[str], Path]
ROWS = row("function", "server_send", 500) + row("variable", "server_buffer", 3999)
VOID = {"meta", "br", "img", "input", "link"}


@pytest.fixture(scope="module")
def old(link: Link) -> Path:
    return link(SOURCES, "-g")


@pytest.fixture(scope="module")
def new(link: Link) -> Path:
    return link({**SOURCES, "server.c": SERVER_C.replace("[5000]", "[5100]")}, "-g")


class Page(HTMLParser):
    """Checks that tags are closed in their order; collects what the page draws and what it wants to load."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.wanted: list[str] = []
        self.tiles: list[tuple[set[str], str]] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in VOID:
            self.open.append(tag)
        values = dict(attrs)
        self.wanted += [str(values[name]) for name in ("src", "href") if name in values]
        if "data-is" in values and tag == "div":
            self.tiles.append((set(str(values["class"]).split()), str(values["data-is"])))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


class Terminal(io.StringIO):
    """A terminal, as wide as COLUMNS says."""

    def isatty(self) -> bool:
        return True


def test_a_narrow_terminal_shows_all(old: Path, budget: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("TERM", "dumb")
    terminal = Terminal()
    write_table(report_view(measure(old, budget(ROWS))), terminal)
    text = terminal.getvalue()
    assert "…" not in text
    assert "server_buffer" in text
    assert all(len(line) <= 80 for line in text.splitlines() if "/" not in line)


def test_markdown_begins_with_what_is_wrong(old: Path, budget: Write, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(old, "--budget", budget(ROWS), "--format", "markdown") == 1
    text = capsys.readouterr().out
    head, _, folded = text.partition("<details>")
    assert head.startswith("### Footprint: over\n")
    assert "server_buffer 4,000 > 3,999 (+1)" in head
    assert "| 80000" in head
    assert "`server_buffer` |" in head
    assert "`server_send`" not in head
    assert "`forgotten" in folded
    assert folded.count("</details>") == text.count("<details>")
    table = [line for line in text.splitlines() if line.startswith("| address")]
    assert table
    for header in table:
        lines = text.partition(header)[2].split("\n\n")[0].splitlines()[1:]
        assert {len(re.findall(r"(?<!\\)\|", line)) for line in lines} == {header.count("|")}


def test_markdown_of_what_fits_is_short(old: Path, budget: Write, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(old, "--budget", budget(row("variable", "server_buffer", 4000)), "--format", "markdown") == 0
    head, _, _ = capsys.readouterr().out.partition("<details>")
    assert head.startswith("### Footprint: fits\n")
    assert len(head.splitlines()) < 8


def test_json_has_everything(old: Path, budget: Write, capsys: pytest.CaptureFixture[str]) -> None:
    limit = "[[limit]]\ntotal = 'ram'\nmax = 1\n"
    assert run(old, "--format", "json", "--budget", budget(ROWS + limit)) == 1
    report = json.loads(capsys.readouterr().out)
    assert report["over"] == ["server_buffer", "total ram"]
    assert report["limits"][0]["over"] is True
    first = report["unlisted"][0]
    assert (first["size"], first["function"], first["file"], first["ram"]) == (5000, "server_send", "server.o", True)
    assert report["rows"][1]["files"] == ["server.o"]
    assert report["rows"][1]["sections"] == [".bss"]
    assert sum(section["size"] for section in report["sections"] if section["ram"]) == report["image_totals"]["ram"]


def test_the_page_needs_nothing_and_draws_every_byte(old: Path, budget: Write, tmp_path: Path) -> None:
    path = tmp_path / "page.html"
    limit = "[[limit]]\nobject = 'a<b>&\"'\nmax = 1\n"
    assert run(old, "--budget", budget(ROWS + limit), "--format", "html", "--output", path) == 1
    text = path.read_text()
    page = Page(text)
    assert page.wanted == []
    assert "http" not in text
    assert "prefers-color-scheme: dark" in text
    assert "a&lt;b&gt;&amp;" in text
    tiles = {about.split("\n")[1]: (css, about) for css, about in page.tiles}
    assert {"row", "over"} <= tiles["server_buffer"][0]
    (forgotten,) = [name for name in tiles if name.startswith("forgotten")]
    assert "unlisted" in tiles[forgotten][0]
    assert "unlisted" not in tiles["log_lines"][0]
    sizes = [int(about.split(" ")[0].replace(",", "")) for _, about in page.tiles]
    totals = [int(number.replace(",", "")) for number in re.findall(r"<h2>\w+: ([\d,]+) bytes", text)]
    assert sum(sizes) == sum(totals)
    assert [entry.name for entry in tmp_path.iterdir() if entry.name.startswith(".")] == []


def test_a_difference_in_every_format(old: Path, new: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--diff", old, new) == 0
    table = capsys.readouterr().out
    assert re.search(
        r"\| 5000 \| 5100 \| +\+100 \| grown +\| \.bss +\| server\.o +\| forgotten\.\d+ in server_send", table
    )
    assert table.splitlines()[-1] == "changed: ram +96 bytes"  # sections are aligned
    assert run("--diff", old, new, "--format", "markdown") == 0
    assert "changed" in capsys.readouterr().out.splitlines()[0]
    assert run("--diff", old, new, "--json") == 0
    report = json.loads(capsys.readouterr().out)
    assert report["totals"]["ram"]["difference"] == 96
    assert [(entry["difference"], entry["file"]) for entry in report["symbols"]] == [(100, "server.o")]
    assert run("--diff", old, new, "--format", "html") == 0
    page = Page(capsys.readouterr().out)
    assert [about.split(" ")[0] for css, about in page.tiles if "changed" in css] == ["5,100"]


def test_a_difference_has_limits_too(old: Path, new: Path, budget: Write, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--diff", old, new, "--max-growth", "96") == 0
    assert run("--diff", old, new, "--max-growth", "95") == 1
    assert "grown by more than 95 bytes: ram +96 bytes" in capsys.readouterr().out.splitlines()[-1]
    assert run("--diff", old, new, "--max-growth", "95", "--json") == 1
    assert json.loads(capsys.readouterr().out)["fits"] is False
    table = budget("[[limit]]\nsymbol = 'forgotten'\nmax = 5000\n")
    assert run("--diff", new, old, "--budget", table) == 0
    assert run("--diff", old, new, "--budget", table) == 1
    assert "symbol forgotten 5,100 > 5,000 (+100)" in capsys.readouterr().out
    assert run("--diff", old, new, "--budget", table, "--json") == 1
    assert json.loads(capsys.readouterr().out)["budget"]["over"] == ["symbol forgotten"]


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        ((), "give an IMAGE, or --diff OLD NEW"),
        (("OLD", "--diff", "OLD", "NEW"), "--diff takes no other IMAGE"),
        (("OLD", "--max-growth", "3"), "--max-growth goes with --diff OLD NEW"),
        (("OLD", "--json", "--format", "html"), "--json does not go with --format html"),
        (("--diff", "OLD", "gone.elf"), "gone.elf: No such file or directory"),
        (("OLD", "--output", "gone/page.html"), "gone/page.html: No such file or directory"),
        (("OLD", "--output", "."), "expected a file that can be written"),
    ],
)
def test_wrong_use_is_one_line(
    old: Path, new: Path, arguments: tuple[str, ...], problem: str, budget: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    given = [{"OLD": old, "NEW": new}.get(argument, argument) for argument in arguments]
    table = () if "--diff" in arguments else ("--budget", budget(ROWS))
    assert run(*given, *table) == 2
    output = capsys.readouterr()
    assert output.out == ""
    assert problem in output.err
    assert output.err.count("\n") == 1


@pytest.mark.parametrize("number", ["-1", "many", "1.5"])
def test_growth_is_a_number_of_bytes(number: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        run("--diff", "a", "b", "--max-growth", number)
    assert ended.value.code == 2
    assert "expected a number of bytes" in capsys.readouterr().err
