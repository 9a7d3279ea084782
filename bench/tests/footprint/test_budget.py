# SPDX-License-Identifier: MIT
"""Footprint tables: what is read, and errors that name file, line, row and key."""

from collections.abc import Callable
from pathlib import Path

import pytest

from pic32bench.footprint import BudgetError, BufferLimit, HeapLimit, Limit, PoolLimit, StackLimit, load_budget
from pic32bench.footprint.budget import Access, Memory, Scope, What

from .conftest import row

Write = Callable[[str], Path]


def test_the_authors_table() -> None:
    table = load_budget(Path(__file__).with_name("author.toml"))
    functions = [entry for entry in table.rows if entry.what is What.FUNCTION]
    variables = [entry for entry in table.rows if entry.what is What.VARIABLE]
    assert (len(functions), sum(entry.size for entry in functions)) == (16, 6816)
    assert (len(variables), sum(entry.size for entry in variables)) == (7, 65661)
    assert table.title == "The author's table"
    assert (functions[4].name, functions[4].address, functions[4].access) == ("ws_sha1", 0x9D0A6DA0, Access.LOCAL)
    assert functions[0].patterns == ("WS_clientWorker",)


def test_symbols_take_the_place_of_the_name(budget: Write) -> None:
    table = load_budget(budget(row("function", "a", 1, '["b", "c*"]') + row("variable", "a", 1, "[]")))
    assert [entry.patterns for entry in table.rows] == [("b", "c*"), ()]


def test_a_row_needs_only_a_name_and_a_size(budget: Write) -> None:
    only = load_budget(budget("[[variable]]\nname = 'a'\nsize = 4\n")).rows[0]
    assert (only.name, only.size, only.address, only.access, only.patterns) == ("a", 4, None, None, ("a",))


def test_limits(budget: Write) -> None:
    table = load_budget(
        budget(
            "limit = [{ symbol = 'ws_*', max = 4_096, what = 'variable', each = true }, "
            "{ object = 'a.o', max = 0, what = 'ram' }, "
            "{ section = '.bss', max = 0x10, except = 'a*', with_symbol = 'main' }, "
            "{ total = 'flash', max = 7 }, { unlisted = '*', max = 9, what = 'rodata' }]"
        )
    )
    assert table.rows == ()
    assert table.limits == (
        Limit(Scope.SYMBOL, "ws_*", 4096, What.VARIABLE, True, None, None, 1),
        Limit(Scope.OBJECT, "a.o", 0, Memory.RAM, False, None, None, 1),
        Limit(Scope.SECTION, ".bss", 16, None, False, "a*", "main", 1),
        Limit(Scope.TOTAL, "flash", 7, None, False, None, None, 1),
        Limit(Scope.UNLISTED, "*", 9, Memory.RODATA, False, None, None, 1),
    )
    assert [limit.name for limit in table.limits] == [
        "variable of symbol ws_*",
        "ram of object a.o",
        "section .bss except a*",
        "total flash",
        "rodata of unlisted *",
    ]


OWN = "[[heap]]\nname = 'h'\nallocate = ['g']\n"


def test_a_heap_of_ones_own(budget: Write) -> None:
    (heap,) = load_budget(budget(OWN + "free = ['f', 'g2']\nsize = 3\n")).heaps
    assert heap == HeapLimit("h", None, None, 1, ("g",), ("f", "g2"), 3, 0)


def test_limits_in_a_run(budget: Write) -> None:
    table = load_budget(
        budget(
            "[[stack]]\nname = 'main'\nmax = 2048\n[[buffer]]\nname = 'ws_buffer'\nmax = 160\n"
            "[[heap]]\nname = 'lwip'\nfailures = 0\n[[heap]]\nname = 'libc'\nmax = 100\n[[pool]]\nname = 'P'\nmax = 3\n"
        )
    )
    assert table.stacks == (StackLimit("main", 2048, 1),)
    assert table.buffers == (BufferLimit("ws_buffer", 160, 4),)
    assert table.heaps == (HeapLimit("lwip", None, 0, 7), HeapLimit("libc", 100, None, 10))
    assert table.pools == (PoolLimit("P", 3, 13),)
    assert (table.rows, table.limits) == ((), ())


GOOD = row("function", "good", 1)
LIMIT = "[[limit]]\n"


@pytest.mark.parametrize(
    ("text", "line", "problem"),
    [
        ("", 1, "no row"),
        ("titel = 'x'\n" + GOOD, 1, "unknown key 'titel'"),
        ("title = 5\n" + GOOD, 1, "title: expected text"),
        ("\nfunction = 3\n", 1, "function: expected tables written [[function]]"),
        (GOOD + "sice = 4\n", 6, "function good: unknown key 'sice'"),
        (GOOD.replace("size = 1\n", ""), 1, "function good: key 'size' is missing"),
        (GOOD.replace("size = 1", 'size = "1"'), 4, "function good: key 'size': expected a whole number, found '1'"),
        (GOOD.replace("size = 1", "size = true"), 4, "key 'size': expected a whole number, found True"),
        (GOOD.replace("size = 1", "size = -1"), 4, "key 'size': -1 is out of range"),
        (GOOD.replace("0x80000000", "0x100000000"), 3, "key 'address': 4294967296 is out of range"),
        (GOOD.replace("GLOBAL", "global"), 5, 'key \'access\': expected "GLOBAL" or "LOCAL", found "global"'),
        (GOOD + row("function", "bad", 1, '"x"'), 11, "function bad: key 'symbols': expected a list"),
        (
            GOOD + row("variable", "bad", 1, '["x", 5]'),
            11,
            "variable bad: key 'symbols': expected symbol names, found 5",
        ),
        (GOOD + GOOD, 6, "function good: already in line 1"),
        (GOOD + "\n[[function]]\nsize = 3\n", 7, "[[function]]: key 'name' is missing"),
        (GOOD.replace('"good"', '""'), 2, "key 'name': expected text, found nothing"),
        ("limit = 3\n", 1, "limit: expected tables written [[limit]]"),
        ("limits = []\n", 1, "unknown key 'limits': expected title, function, variable, limit, stack"),
        ("function = []\n", 1, "no row and no limit"),
        (GOOD + LIMIT + "max = 3\n", 6, "expected one of symbol, object, section, total, unlisted, found none"),
        (LIMIT + "symbol = 'a'\nobject = 'b'\nmax = 3\n", 1, "found symbol and object"),
        (LIMIT + "symbol = 'a'\n", 1, "[[limit]]: key 'max' is missing"),
        (LIMIT + "symbol = 'a'\nmax = '3'\n", 3, "key 'max': expected a whole number, found '3'"),
        (LIMIT + "symbol = 'a'\nmax = -3\n", 3, "key 'max': -3 is out of range"),
        (LIMIT + "symbol = ['a']\nmax = 3\n", 2, "key 'symbol': expected text, found ['a']"),
        (LIMIT + "total = 'rom'\nmax = 3\n", 2, 'expected "ram", "flash", "code" or "rodata", found "rom"'),
        (LIMIT + "total = 'ram'\nmax = 3\nwhat = 'ram'\n", 4, "key 'what' does not go with total"),
        (LIMIT + "total = 'ram'\nmax = 3\neach = true\n", 4, "key 'each' does not go with total"),
        (LIMIT + "object = 'a'\nmax = 3\nwhat = 'function'\n", 4, 'or "rodata", found "function"'),
        (LIMIT + "symbol = 'a'\nmax = 3\nwhat = 'bss'\n", 4, '"function" or "variable", found "bss"'),
        (LIMIT + "symbol = 'a'\nmax = 3\neach = 1\n", 4, "key 'each': expected true or false, found 1"),
        ("[[stack]]\nname = 'main'\n", 1, "stack main: key 'max' is missing"),
        ("[[heap]]\nname = 'lwip'\n", 1, "heap lwip: expected max or failures, found neither"),
        (OWN + "free = ['f', 1]\n", 4, "heap h: key 'free': expected function names, found 1"),
        (OWN + "size = 4\n", 4, "key 'size': expected the number of an argument from 0 to 3, found 4"),
        ("[[heap]]\nname = 'h'\nmax = 1\npointer = 1\n", 4, "key 'pointer' goes with allocate, which is missing"),
        ("[[pool]]\nname = 'P'\nmax = 1\n[[pool]]\nname = 'P'\nmax = 2\n", 4, "pool P: already in line 1"),
        ("[[buffer]]\nname = 'b'\nmax = 1\nsize = 3\n", 4, "buffer b: unknown key 'size': expected name, max"),
    ],
)
def test_errors_name_line_and_key(budget: Write, text: str, line: int, problem: str) -> None:
    with pytest.raises(BudgetError) as raised:
        load_budget(budget(text))
    assert f"table.toml, line {line}: " in str(raised.value)
    assert problem in str(raised.value)
    assert "\n" not in str(raised.value)


def test_bad_toml_says_where(budget: Write) -> None:
    with pytest.raises(BudgetError, match=r"table\.toml: bad TOML: .*line 2"):
        load_budget(budget('title = "x"\n[[function\n'))


def test_no_such_table() -> None:
    with pytest.raises(BudgetError, match=r"gone\.toml: No such file or directory"):
        load_budget("gone.toml")


def test_a_table_that_is_no_text(tmp_path: Path) -> None:
    path = tmp_path / "table.toml"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(BudgetError, match="not a text file in UTF-8"):
        load_budget(path)


def test_without_a_name_it_is_the_projects_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pic32bench.footprint.budget.project_root", lambda: tmp_path)
    with pytest.raises(BudgetError, match="--budget FILE"):
        load_budget()
    (tmp_path / "firmware").mkdir()
    (tmp_path / "firmware" / "footprint.toml").write_text(GOOD)
    assert load_budget().rows[0].name == "good"
