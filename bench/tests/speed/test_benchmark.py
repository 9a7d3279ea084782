# SPDX-License-Identifier: MIT
"""The benchmark's own arithmetic, reports and errors, and tiny runs of what it measures. No figure here is real."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from intelhex import IntelHex

import pic32bench
from pic32bench import board, image, paths
from pic32bench.benchmark import boards, boot, command, guests, instructions, interrupts
from pic32bench.benchmark.figures import RATIO, SPEED, WALL, Figure, Session, Setup, Subject
from pic32bench.benchmark.report import as_json, comparison, load, table
from pic32bench.benchmark.suites import booting_seconds
from pic32bench.errors import NotBuiltError, UsageError

Fake = Callable[..., Path]
ABOUT = {"processor": "made up", "cores": "2", "commit": "new", "emulator": "k2", "taken": "now"}


@pytest.fixture
def setup(tmp_path: Path) -> Setup:
    return Setup(paths.DEFAULT_BOARD, None, None, tmp_path)


@pytest.fixture
def real(setup: Setup) -> Setup:
    """The real emulator and firmware, or a skip that says what is missing."""
    try:
        paths.everything_built(None)
    except NotBuiltError as error:
        pytest.skip(str(error))
    return setup


def session(**figures: tuple[float, ...]) -> Session:
    kinds = {"speed": SPEED, "ratio": RATIO, "wall": WALL}
    return Session({name: Figure(name, kinds[name], list(samples)) for name, samples in figures.items()})


class Counter(Subject):
    """Each sample is the next number."""

    name = "counter"
    kinds = {"speed": SPEED}  # noqa: RUF012
    numbers: Iterator[int] = iter(())

    def sample(self) -> dict[str, float]:
        return {"speed": next(Counter.numbers)}


class Absent(Counter):
    name = "absent"

    def missing(self) -> str | None:
        return "it is not there"


@pytest.fixture
def counted(fake_emulator: Fake, tiny_image: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The command measures a counter, and something that is not there."""
    monkeypatch.setattr(command, "SUBJECTS", (Counter, Absent))
    monkeypatch.setattr(Counter, "numbers", iter(range(1, 100)))


def test_subjects_take_turns_and_the_middle_counts(setup: Setup) -> None:
    Counter.numbers = iter([3, 30, 9, 1, 2, 8])
    said: list[str] = []
    found = Session()
    found.measure([Counter(setup), Absent(setup), Counter(setup)], 3, said.append)
    figure = found.figures["speed"]
    assert figure.samples == [3, 30, 9, 1, 2, 8]
    assert (figure.median, figure.low, figure.high) == (5.5, 1, 30)
    assert found.missing == {"absent": "it is not there"}
    assert said == [f"run {run} of 3: counter" for run in (1, 1, 2, 2, 3, 3)]


def test_the_table_and_the_file_say_the_same(counted: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    output = tmp_path / "folder" / "bench.json"
    assert command.main(["--runs", "3", "--output", str(output)]) == 0
    shown = capsys.readouterr().out.splitlines()
    assert shown[1].split() == ["speed", "2.0", "million/s", "1.0", "3.0", "3"]
    assert shown[2] == "not measured: absent: it is not there"
    written = json.loads(output.read_text())
    assert written["figures"]["speed"]["samples"] == [1, 2, 3]
    assert written["conditions"]["commit"]
    assert written["missing"] == {"absent": "it is not there"}


def test_compared_with_itself_nothing_has_changed(
    counted: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "bench.json"
    assert command.main(["--runs", "3", "--output", str(output)]) == 0
    monkeypatch.setattr(Counter, "numbers", iter(range(1, 100)))
    assert command.main(["--runs", "3", "--output", str(output), "--compare", str(output)]) == 0
    assert capsys.readouterr().out.splitlines()[-1].endswith("the same")


def test_changes_beyond_the_spread_are_told_from_those_within() -> None:
    then = session(speed=(90, 100, 110), ratio=(1.0, 1.1, 1.2), wall=(1.0, 1.1, 1.2))
    old = as_json(then, {**ABOUT, "commit": "old"})
    new = session(speed=(200, 210, 220), ratio=(1.1, 1.15, 1.3), wall=(2.0, 2.1, 2.2))
    lines = comparison(new, ABOUT, old).splitlines()
    assert "old" in lines[0]
    assert lines[1].split()[-7:] == ["100.0", "->", "210.0", "million/s", "+110.0", "%", "better"]
    assert lines[2].endswith("within the spread")
    assert lines[3].endswith("WORSE")


def test_figures_that_only_one_session_has() -> None:
    old = as_json(session(speed=(1,), wall=(1,)), {**ABOUT, "processor": "another", "cores": "64"})
    lines = comparison(session(speed=(1,), ratio=(1,)), ABOUT, old).splitlines()
    assert lines[1] == "on another computer (processor, cores): only ratios and virtual times can be compared"
    assert lines[3].split() == ["ratio", "is", "new"]
    assert lines[4].split() == ["wall", "was", "not", "measured", "now"]


def test_a_figure_in_another_unit_is_not_compared() -> None:
    old = as_json(session(speed=(1,)), ABOUT)
    old["figures"]["speed"]["unit"] = "thousand/s"
    line = comparison(session(speed=(1,)), ABOUT, old).splitlines()[1]
    assert line.endswith("was in thousand/s then: cannot be compared")


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"figures": {"a": 1}, "conditions": {}}'])
def test_what_is_no_result_is_one_line(text: str, tmp_path: Path) -> None:
    path = tmp_path / "old.json"
    path.write_text(text)
    with pytest.raises(UsageError, match=r"old\.json is no result of `make bench`"):
        load(path)


def test_wrong_use_is_exit_2(counted: None, capsys: pytest.CaptureFixture[str]) -> None:
    for wrong in (["--runs", "0"], ["--only", "nonesuch"]):
        with pytest.raises(SystemExit) as caught:
            command.main(wrong)
        assert caught.value.code == 2
    capsys.readouterr()
    for wrong, line in (
        (["--compare", "/nonexistent.json"], "cannot read /nonexistent.json"),
        (["--original", "/nonexistent.hex"], "no original demo's image /nonexistent.hex"),
        (["--image", "/nonexistent.hex"], "no firmware image /nonexistent.hex"),
    ):
        assert command.main(wrong) == 2
        assert line in capsys.readouterr().err.splitlines()[-1]


def test_a_silent_board_is_one_line(
    fake_emulator: Fake, tiny_image: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    fake_emulator("mute")
    monkeypatch.setattr(boot, "TIMEOUT", 0.1)
    assert command.main(["--runs", "1", "--only", "boot"]) == 1
    assert capsys.readouterr().err.splitlines()[-1].startswith("bench: UART2 did not say")


def test_without_stock_qemu_the_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(instructions, "STOCK", "no-such-qemu")
    assert "install Debian's package qemu-system-mips" in str(instructions.stock_missing())


def test_the_loop_is_the_same_for_the_board_and_for_malta(tmp_path: Path) -> None:
    path = guests.loop_hex(tmp_path / "loop.hex", 0x12345678)
    assert image.check(path, board.load("ef-starter-kit").chip).format == "HEX"
    bios = guests.loop_bios(tmp_path / "loop.bios", 0x12345678).read_bytes()
    contents = IntelHex(str(path))
    words = [int.from_bytes(contents.tobinstr(0x1FC00000 + at, size=4), "little") for at in range(0, len(bios), 4)]
    assert b"".join(word.to_bytes(4, "big") for word in words) == bios
    assert words[4] == 0, "QEMU's Malta board writes there"
    branch = words.index(0x150FFFF9)
    assert branch + 1 - 7 == words.index(0x25080001), "the branch goes back to the addiu"
    assert branch + 2 - words.index(0x25080001) == guests.LOOP_INSTRUCTIONS
    assert words[branch - 8 : branch - 6] == [0x3C0F1234, 0x35EF5678], "so many rounds"


def test_instructions_are_counted(real: Setup, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(instructions, "LOOP_SECONDS", 0.01)
    found = instructions.Loop(real).sample()
    stock = instructions.stock_missing() is None
    assert set(found) == (set(instructions.Loop.kinds) if stock else {instructions.LOOP})
    assert found[instructions.LOOP] > 0


@pytest.mark.parametrize("waits", [True, False])
def test_there_is_an_interrupt_in_each_virtual_microsecond(real: Setup, waits: bool) -> None:
    program = guests.interrupts_hex(real.folder / "i.hex", waits)
    with pic32bench.start(real.board, program, "none", quantum=0.01) as started:
        started.run_for(0.001)
        begin = interrupts.count(started)
        started.run_for(0.01)
        assert interrupts.count(started) - begin == pytest.approx(10_000, abs=1)


def test_what_is_measured_is_what_is_named(real: Setup, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(instructions, "REFERENCE_SECONDS", 0.1)
    monkeypatch.setattr(interrupts, "SECONDS", 0.001)
    monkeypatch.setattr(boards, "BOARDS", 1)
    for subject in command.SUBJECTS:
        if subject.name not in ("tight loop", "original HEX", "boot", "suites"):
            found = subject(real).sample() if subject(real).missing() is None else {}
            assert set(found) in (set(subject.kinds), set())
            assert all(value > 0 for value in found.values()), found


def test_booting_is_the_outermost_keyword_that_starts_a_board(tmp_path: Path) -> None:
    path = tmp_path / "output.xml"
    path.write_text(
        """<robot><suite><kw name="Power Up And Wait"><kw name="Start Emulation"><status elapsed="1"/></kw>
        <status elapsed="2.5"/></kw><test><kw name="Requires"><status elapsed="0.25"/></kw><kw name="Run For">
        <status elapsed="9"/></kw><kw name="Start Emulation"><status starttime="20260101 00:00:01.000"
        endtime="20260101 00:00:02.500"/></kw></test></suite></robot>"""
    )
    assert booting_seconds(path) == pytest.approx(2.5 + 0.25 + 1.5)


def test_the_address_line_is_a_real_address() -> None:
    assert boot.ADDRESS_LINE.search("PIC32INT IP Address: 10.0.2.15")
    assert not boot.ADDRESS_LINE.search("PIC32INT IP Address: 0.0.0.0")


def test_the_table_has_units_and_spread() -> None:
    found = session(wall=(1.0, 3.0, 2.0))
    found.missing["thing"] = "no thing here"
    assert table(found).splitlines()[1].split() == ["wall", "2.000", "s", "wall", "1.000", "3.000", "3"]
    assert table(found).splitlines()[-1] == "not measured: thing: no thing here"
