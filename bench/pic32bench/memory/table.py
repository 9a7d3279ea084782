# SPDX-License-Identifier: MIT
"""A report on RAM in motion: for people, as tables, and for programs, as plain data."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, TypeVar

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from pic32bench.backtrace import Backtrace
from pic32bench.memory.remarks import remarks
from pic32bench.memory.report import BufferUse, HeapUse, PoolUse, Report, Role, StackUse

LEAST = 256  # bytes: smaller buffers are only listed on demand
_WIDTH = 200
_FRAMES = 12  # of a stack's deepest moment
_NS = 1e9

_Row = TypeVar("_Row")
# Title of a column, whether it holds numbers, and what stands in it.
_Column = tuple[str, bool, Callable[[_Row], str]]


def as_text(report: Report, all_buffers: bool = False) -> str:
    """Tables as Markdown."""
    text = io.StringIO()
    write(report, Console(file=text, highlight=False, emoji=False, width=_WIDTH, color_system=None), all_buffers)
    return text.getvalue()


def write(report: Report, out: Console, all_buffers: bool = False) -> None:
    """Tables, Markdown unless ``out`` is a terminal; buffers from `LEAST` bytes on unless ``all_buffers``."""
    _line(out, f"{report.image} on network {report.network}, {report.seconds:.6g} virtual seconds")
    _line(out, f"symbols {_from_here(report.symbols) if report.symbols else 'none: nothing in RAM has a name'}")
    if report.session:
        _line(out, f"session: {', '.join(report.session)}")
    for step in report.left_out:
        _line(out, f"left out: {step}")
    # What is said of a stack says its own table.
    buffers = [buffer for buffer in report.buffers if buffer.role is not Role.STACK]
    shown = [buffer for buffer in buffers if all_buffers or buffer.size >= LEAST]
    _table(out, shown, _BUFFER_COLUMNS)
    if len(shown) < len(buffers):
        rest = [buffer for buffer in buffers if buffer not in shown]
        size, used = (sum(getattr(buffer, key) for buffer in rest) for key in ("size", "used"))
        _line(out, f"{len(rest)} smaller ones have {size:,} bytes and used {used:,} of them (--all lists them)")
    _table(out, report.stacks, _STACK_COLUMNS)
    _table(out, [heap for heap in report.heaps if heap.calls], _HEAP_COLUMNS)
    _table(out, report.pools, _POOL_COLUMNS)
    for stack in report.stacks:
        if stack.chain is not None and stack.time_ns is not None:
            _line(out, f"\n{stack.name}, deepest at {stack.time_ns / _NS:.9f} s:")
            _line(out, stack.chain.text(_FRAMES))
    unused = [heap.name for heap in report.heaps if not heap.calls]
    lines = [
        *(line for heap in report.heaps for line in remarks(heap)),
        *(line for pool in report.pools for line in remarks(pool)),
        *([f"nothing was asked of heap {', '.join(unused)}"] if unused else []),
        *report.notes,
        *(f"no limit applies: nothing in this run is {limit}" for limit in report.unmatched),
    ]
    if lines:
        _line(out, "")
    for line in lines:
        _line(out, f"note: {line}")
    _line(out, "")
    for fault in report.faults:
        _line(out, fault)
    if report.fits:
        limits = f"no limit of {_from_here(report.budget)} is exceeded, " if report.budget else ""
        _line(out, f"fits: {limits}no stack and no object overran")


def _from_here(path: str) -> Path:
    """A path as one would type it."""
    full = Path(path).absolute()
    return full.relative_to(Path.cwd()) if full.is_relative_to(Path.cwd()) else Path(path)


def _line(out: Console, text: str) -> None:
    out.print(escape(text), soft_wrap=True)


def _table(out: Console, rows: Sequence[_Row], columns: Iterable[_Column[_Row]]) -> None:
    if not rows:
        return
    columns = list(columns)
    table = Table(box=box.SIMPLE_HEAD if out.is_terminal else box.MARKDOWN)
    for title, number, _ in columns:
        table.add_column(title, justify="right" if number else "left", no_wrap=number, overflow="fold")
    for row in rows:
        table.add_row(*(escape(cell(row)) for _, _, cell in columns))
    out.print(table)


def _number(value: int | None) -> str:
    return "" if value is None else str(value)


def _seconds(time_ns: int | None) -> str:
    return "" if time_ns is None else f"{time_ns / _NS:.6f}"


def _what(buffer: BufferUse) -> str:
    return ", ".join(part for part in (buffer.role, "DMA" if buffer.dma else "") if part)


_BUFFER_COLUMNS: list[_Column[BufferUse]] = [
    ("address", False, lambda row: f"{row.address:08x}"),
    ("size", True, lambda row: str(row.size)),
    ("written", True, lambda row: str(row.written)),
    ("used", True, lambda row: str(row.used)),
    ("share", True, lambda row: f"{row.share:.1%}"),
    ("", False, _what),
    ("buffer", False, lambda row: row.name),
]
_STACK_COLUMNS: list[_Column[StackUse]] = [
    ("size", True, lambda row: "unknown" if row.size is None else str(row.size)),
    ("used", True, lambda row: str(row.used)),
    ("free", True, lambda row: _number(row.free)),
    ("by its code", True, lambda row: "" if row.bound is None else f"{row.bound}{'' if row.bounded else '+'}"),
    ("deepest at, s", True, lambda row: _seconds(row.time_ns)),
    ("stack", False, lambda row: row.name),
    ("deepest in", False, lambda row: str(row.chain.frames[0].place) if row.chain and row.chain.frames else ""),
    ("known by", False, lambda row: row.known_by),
]
_HEAP_COLUMNS: list[_Column[HeapUse]] = [
    ("size", True, lambda row: "unknown" if row.size is None else str(row.size)),
    ("most", True, lambda row: str(row.most)),
    ("at, s", True, lambda row: _seconds(row.most_time_ns)),
    ("left", True, lambda row: str(row.left)),
    ("requests", True, lambda row: str(row.calls)),
    ("failed", True, lambda row: str(row.failures)),
    ("largest", True, lambda row: str(row.largest)),
    ("span", True, lambda row: str(row.span)),
    ("own count", True, lambda row: str(row.own_count[1]) if row.own_count else ""),
    ("heap", False, lambda row: row.name),
]
_POOL_COLUMNS: list[_Column[PoolUse]] = [
    ("element", True, lambda row: str(row.element)),
    ("count", True, lambda row: str(row.count)),
    ("most", True, lambda row: str(row.most)),
    ("at, s", True, lambda row: _seconds(row.most_time_ns)),
    ("left", True, lambda row: str(row.left)),
    ("requests", True, lambda row: str(row.calls)),
    ("failed", True, lambda row: str(row.failures)),
    ("pool", False, lambda row: row.name),
]


def as_json(report: Report) -> dict[str, Any]:
    """The report as plain data: sizes in bytes, times in virtual seconds."""
    return {
        "image": report.image,
        "symbols": report.symbols,
        "network": report.network,
        "seconds": report.seconds,
        "session": list(report.session),
        "left_out": list(report.left_out),
        "fits": report.fits,
        "faults": list(report.faults),
        "buffers": [
            {**_plain(buffer), "share": round(buffer.share, 6), "role": buffer.role or None}
            for buffer in report.buffers
        ],
        "stacks": [
            {
                **_plain(stack),
                "size": stack.size,
                "free": stack.free,
                "overflow": stack.overflow,
                "chain": _chain(stack.chain),
            }
            for stack in report.stacks
        ],
        "heaps": [_plain(heap) for heap in report.heaps],
        "pools": [_plain(pool) for pool in report.pools],
        "overruns": [_plain(overrun) for overrun in report.overruns],
        "budget": report.budget,
        "over": [_plain(breach) for breach in report.breaches],
        "unmatched_limits": list(report.unmatched),
        "notes": list(report.notes),
    }


def _plain(row: Any) -> dict[str, Any]:
    """A dataclass as plain data, times in seconds, places as function, file and line."""
    return _in_seconds({key: value for key, value in asdict(row).items() if key != "chain"})


def _in_seconds(data: dict[str, Any]) -> dict[str, Any]:
    plain: dict[str, Any] = {}
    for key, value in data.items():
        if key.endswith("time_ns"):
            plain[key.removesuffix("time_ns") + "seconds"] = None if value is None else value / _NS
        elif isinstance(value, tuple):
            plain[key] = [_in_seconds(each) if isinstance(each, dict) else each for each in value]
        else:
            plain[key] = value
    return plain


def _chain(chain: Backtrace | None) -> dict[str, Any] | None:
    if chain is None:
        return None
    frames = [
        {
            "address": frame.address,
            "function": frame.place.function or None,
            "file": frame.place.file or None,
            "line": frame.place.line or None,
            "sp": frame.sp,
            "kind": frame.kind,
        }
        for frame in chain.frames
    ]
    return {"frames": frames, "end": chain.end}
