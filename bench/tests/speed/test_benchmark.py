# SPDX-License-Identifier: MIT
"""The benchmark's own arithmetic and errors, on the stand-in for the emulator: no figure of it is a real speed."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from intelhex import IntelHex

from pic32bench import benchmark, board, image
from pic32bench.benchmark import Milestone, Result

Fake = Callable[..., Path]


def result(**changes: float) -> Result:
    milestone = Milestone(wall=1.5, virtual=0.25)
    values = {
        "runs": 3,
        "host_loops_per_second": 10e6,
        "instructions_per_second": 20e6,
        "instructions_per_host_loop": 2.0,
        "first_line_wall_loops": 1.0,
        "address_wall_loops": 1.0,
        "stream_wall_loops": 1.0,
    }
    return Result(first_line=milestone, address=milestone, stream=milestone, **{**values, **changes})  # type: ignore[arg-type]


def test_the_busy_image_fits_the_board_and_loops(tmp_path: Path) -> None:
    path = benchmark.busy_image(tmp_path / "busy.hex")
    assert image.check(path, board.load("ef-starter-kit").chip).format == "HEX"
    contents = IntelHex(str(path))
    words = [int.from_bytes(contents.tobinstr(0x1FC00000 + at, size=4), "little") for at in range(0, 40, 4)]
    branch = words.index(0x1000FFF9)
    target = branch + 1 + (0xFFF9 - 0x10000)
    assert words[target] == 0x25080001, "the branch goes back to the addiu, in front of which are only the two set-ups"
    assert target == 2


def test_instructions_are_virtual_time_over_wall_time(
    fake_emulator: Fake, tiny_image: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = iter([10.0, 10.5])
    monkeypatch.setattr("time.perf_counter", lambda: next(clock))
    speed = benchmark.instructions_per_second("ef-starter-kit", tiny_image, seconds=1.0)
    assert speed == pytest.approx(1e9 / 8 / 0.5), "shift 3: one instruction in 8 ns"


def test_first_line_is_when_the_console_says_it(fake_emulator: Fake, tiny_image: Path) -> None:
    milestone = benchmark.first_line("ef-starter-kit", None)
    assert milestone.virtual == pytest.approx(0.010, abs=2 * benchmark.LOOK), "the stand-in's first line"
    assert milestone.wall > 0


def test_the_address_line_is_a_real_address() -> None:
    assert benchmark.ADDRESS_LINE.search("PIC32INT IP Address: 10.0.2.15")
    assert not benchmark.ADDRESS_LINE.search("PIC32INT IP Address: 0.0.0.0")


def test_medians_are_taken_one_by_one() -> None:
    runs = [Milestone(1.0, 9.0), Milestone(2.0, 7.0), Milestone(30.0, 8.0)]
    assert benchmark.median(runs) == Milestone(2.0, 8.0)


def test_the_table_and_the_file_say_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(benchmark, "measure", lambda *_: result())
    output = tmp_path / "folder" / "bench.json"
    assert benchmark.main(["--output", str(output)]) == 0
    shown = capsys.readouterr().out
    assert "20.0 million/s" in shown
    assert "2.00 per host loop" in shown
    assert len(re.findall(r"1\.500 s wall +0\.250 s virtual", shown)) == 3
    written = json.loads(output.read_text())
    assert written["instructions_per_host_loop"] == 2.0
    assert written["address"] == {"wall": 1.5, "virtual": 0.25}


def test_a_silent_board_is_one_line(
    fake_emulator: Fake, tiny_image: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    fake_emulator("mute")
    monkeypatch.setattr(benchmark, "HOST_ROUNDS", 1000)
    monkeypatch.setattr(benchmark, "BOOT_TIMEOUT", 0.1)
    assert benchmark.main(["--runs", "1"]) == 1
    last = capsys.readouterr().err.splitlines()[-1]
    assert last.startswith("bench: UART2 did not say")


def test_wrong_use_is_exit_2(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        benchmark.main(["--runs", "0"])
    assert caught.value.code == 2
    assert benchmark.main(["--image", "/nonexistent.hex", "--runs", "1", "--board", "nonesuch"]) == 2
    assert "no board named 'nonesuch'" in capsys.readouterr().err
