# SPDX-License-Identifier: MIT
"""`pic32bench stack`: how deep the stacks of a firmware can get at most, from its code."""

from __future__ import annotations

import argparse
import textwrap
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from rich.markup import escape

from pic32bench.callgraph import compiler_info
from pic32bench.callgraph.assumptions import Assumptions, parse_calls, parse_depths, parse_levels
from pic32bench.callgraph.bound import Bound, Bounds, StackRange
from pic32bench.callgraph.graph import CallGraph, Open, Root, build
from pic32bench.callgraph.program import MOST_RAM, Program, load
from pic32bench.cli.tables import print_json, table, terminal
from pic32bench.errors import UsageError
from pic32bench.footprint.budget import Budget, load_budget
from pic32bench.recording import Recording

_DESCRIPTION = """\
Reads the code of a firmware and tells the most that each of its stacks can need: of main, of every FreeRTOS task that
is created with a constant function, of interrupt and exception handlers, or of the functions that are named.
What the code does not tell (calls through pointers, recursion, frames whose size depends on data) is listed; the
number is then what the rest needs, and `+` stands behind it."""


def add_parser(subparsers: Any) -> None:
    """Adds the subcommand."""
    parser = subparsers.add_parser(
        "stack",
        help="how deep the stacks can get at most, from the code",
        description=_DESCRIPTION,
        epilog="Exit codes: 0 everything fits; 1 a stack is over its limit or its size, or with --strict may be; "
        "2 wrong use.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("image", metavar="IMAGE", help=".elf or .hex file")
    parser.add_argument("functions", nargs="*", metavar="FUNCTION", help="only what these need, by name or address")
    add_code_options(parser)
    parser.add_argument(
        "--seen", metavar="FILE", help="a recording or bundle: show beside it how deep the stacks went in that run"
    )
    parser.add_argument(
        "--callgraph-info", metavar="DIR", help="compare with the .ci files that GCC -fcallgraph-info=su wrote there"
    )
    parser.add_argument("--strict", action="store_true", help="exit 1 too when a stack may need more than is told")
    parser.add_argument("--json", action="store_true", help="print JSON instead of tables")
    parser.set_defaults(run=run)


def add_code_options(parser: argparse.ArgumentParser) -> None:
    """Adds --symbols, --calls and --depth."""
    parser.add_argument(
        "--symbols", metavar="FILE", help=".elf or .map that names the functions (IMAGE, or one of its name beside it)"
    )
    parser.add_argument(
        "--calls",
        action="append",
        default=[],
        metavar="PLACE=FUNCTION,...",
        help="where calls through a pointer go: PLACE is FILE:LINE, a function, or an address; FUNCTION may be none",
    )
    parser.add_argument(
        "--depth",
        action="append",
        default=[],
        metavar="FUNCTION=N",
        help="a recursion's end: FUNCTION is on the stack N times at most",
    )
    parser.add_argument(
        "--level",
        action="append",
        default=[],
        metavar="FUNCTION=N",
        help="the level, 1 to 7, of an interrupt handler that lets others in, where its code does not tell",
    )
    parser.add_argument(
        "--budget", metavar="FILE", help="a footprint table: its [[call]], [[recursion]], [[interrupt]], [[stack]]"
    )
    parser.add_argument(
        "--candidates", action="store_true", help="take it that open calls go to their candidates and nowhere else"
    )


def assumptions(args: argparse.Namespace, budget: Budget | None) -> Assumptions:
    """What the options and a footprint table tell of the code. Raises UsageError."""
    told = Assumptions(parse_calls(args.calls), parse_depths(args.depth), parse_levels(args.level), args.candidates)
    return told if budget is None else Assumptions.of(budget) | told


def run(args: argparse.Namespace) -> int:
    """Runs it; returns the exit code."""
    budget = load_budget(args.budget) if args.budget is not None else None
    if budget is not None and not budget.stacks:
        raise UsageError(f"{budget.path}: no [[stack]] in it: there is nothing to hold the stacks against")
    known = assumptions(args, budget)
    program = load(args.image, args.symbols)
    graph = build(program, known, args.functions)
    bounds = Bounds(graph, known, _places(program))
    handlers = () if args.functions else bounds.handlers()
    stacks = bounds.chosen() if args.functions else bounds.stacks()
    if not stacks and not handlers:
        raise UsageError(f"{program.path}: nothing begins in its code that is known: name a FUNCTION, or its address")
    over, notes = _held_against(stacks, budget)
    seen = {} if args.seen is None else _seen(args, program)
    for bound in stacks:
        if bound.bounded and seen.get(bound.name, 0) > bound.total:
            over.append(f"stack {bound.name}: {seen[bound.name]} bytes in the run: is it of another build?")
    if args.callgraph_info is not None:
        notes += _compared(graph, args.callgraph_info)
    if args.json:
        print_json(
            {
                "image": str(program.path),
                "symbols": str(program.symbols) if program.symbols else None,
                "stacks": [{**as_json(bound), "seen": seen.get(bound.name)} for bound in stacks],
                "handlers": [as_json(bound) for bound in handlers],
                "over": over,
                "notes": notes,
                "fits": not over,
            }
        )
    else:
        _print(program, stacks, handlers, seen)
        for line in notes:
            print(f"note: {line}")
        for line in over:
            print(f"over: {line}")
    return 1 if over or (args.strict and not all(bound.bounded for bound in stacks)) else 0


def _places(program: Program) -> list[StackRange]:
    """The stacks that the firmware's symbols tell of."""
    from pic32bench.memory.firmware import Firmware
    from pic32bench.memory.stacks import stack_places

    places = stack_places(Firmware.read(program.symbols), MOST_RAM)
    return [StackRange(place.name, place.low, place.high) for place in places]


def _held_against(stacks: tuple[Bound, ...], budget: Budget | None) -> tuple[list[str], list[str]]:
    """What is over a limit or the size of its stack, and what cannot be told."""
    over, notes = [], []
    for bound in stacks:
        if bound.size is not None and bound.total > bound.size:
            short = bound.total - bound.size
            over.append(f"stack {bound.name}: {bound.total} bytes where there are {bound.size}, {short} short")
    for limit in budget.stacks if budget else ():
        meant = [bound for bound in stacks if fnmatchcase(bound.name, limit.name)]
        where = f"{limit.max} ({budget.path if budget else ''}, line {limit.line})"
        if not meant:
            notes.append(f"stack {limit.name}: there is none to hold against {where}")
        for bound in meant:
            more = bound.total - limit.max
            if more > 0:
                over.append(f"stack {bound.name}: {bound.total} bytes, {more} over its limit of {where}")
            elif not bound.bounded:
                notes.append(f"stack {bound.name} keeps to its limit of {where} as far as its code is known")
    return over, notes


def _compared(graph: CallGraph, folder: str) -> list[str]:
    """What the compiler's own list says."""
    functions = compiler_info.read(folder)
    different = list(compiler_info.differences(graph, functions))
    return different or [f"the compiler's list of {len(functions)} functions agrees with the code"]


def _seen(args: argparse.Namespace, program: Program) -> dict[str, int]:
    """How deep stacks went in a recorded run, by name."""
    from pic32bench.memory import measure

    report = measure(Recording.load(args.seen), program.symbols)
    return {stack.name: stack.used for stack in report.stacks}


def _print(
    program: Program, stacks: tuple[Bound, ...], handlers: tuple[Bound, ...], seen: dict[str, int]
) -> None:
    out = terminal()
    out.print(f"{escape(program.path.name)}: the most that its stacks can need, in bytes", soft_wrap=True)
    rows = table(out)
    for column in ("size", "at most", "own code", "interrupts", "free", *(["seen"] if seen else [])):
        rows.add_column(column, justify="right", no_wrap=True)
    rows.add_column("stack", no_wrap=True)
    rows.add_column("it may need more", no_wrap=True)
    for bound in stacks:
        more = "" if bound.bounded else "+"
        rows.add_row(
            "" if bound.size is None else str(bound.size),
            f"{bound.total}{more}",
            f"{bound.bytes}{more}",
            str(bound.interrupts) if bound.entry.kind is not Root.CHOSEN else "",
            "" if bound.size is None else str(bound.size - bound.total),
            *([str(seen.get(bound.name, ""))] if seen else []),
            escape(bound.name),
            _why(bound),
        )
    out.print(rows)
    for bound in stacks:
        print(_filled(f"{bound.name}: {_chain(bound)}"))
    if handlers:
        _print_handlers(out, handlers)
    _print_unknown(program, stacks)


def _why(bound: Bound) -> str:
    why = []
    if count := len(bound.open_calls):
        why.append(f"{count} open call{'s' if count > 1 else ''}")
    if bound.recursions:
        why.append("recursion")
    if bound.dynamic:
        why.append("dynamic frame")
    return ", ".join(why)


def _filled(text: str) -> str:
    """Lines of a list that goes on and on."""
    return textwrap.fill(text, 120, subsequent_indent="    ", break_long_words=False, break_on_hyphens=False)


def _chain(bound: Bound) -> str:
    """The deepest path: each function with what it adds."""
    steps = bound.chain
    ends = [*(step.above for step in steps[1:]), bound.bytes]
    return " > ".join(f"{step.function} {end - step.above}" for step, end in zip(steps, ends, strict=True))


def _print_handlers(out: Any, handlers: tuple[Bound, ...]) -> None:
    rows = table(out)
    rows.add_column("needs", justify="right", no_wrap=True)
    rows.add_column("level", justify="right", no_wrap=True)
    rows.add_column("handler, on the stack that it interrupts", no_wrap=True)
    rows.add_column("it may need more", no_wrap=True)
    for bound in handlers:
        levels = ", ".join("any" if level is None else str(level) for level in bound.entry.levels)
        kind = bound.entry.kind
        name = f"{bound.name} ({kind})" if kind is Root.EXCEPTION else bound.name
        rows.add_row(f"{bound.bytes}{'' if bound.bounded else '+'}", levels or "alone", escape(name), _why(bound))
    out.print(rows)


def _print_unknown(program: Program, stacks: tuple[Bound, ...]) -> None:
    """Why numbers may be more."""
    calls = {one.site.address: one for bound in stacks for one in bound.open_calls}
    for _, one in sorted(calls.items()):
        print(_filled(f"open call: {_describe(one, program)}"))
    for cycle in dict.fromkeys(cycle for bound in stacks for cycle in bound.recursions):
        print(_filled(f"recursion: {' > '.join(cycle)}"))
    for name, place in dict.fromkeys(each for bound in stacks for each in bound.dynamic):
        where = str(place)
        print(f"dynamic frame: {where if name in where else f'{name} {where}'.strip()}")
    if calls:
        print("--calls PLACE=FUNCTION,... tells where an open call goes")


def _describe(one: Open, program: Program) -> str:
    """A line about a call whose targets are not known."""
    text = f"{one.site.address:08x} {one.place}".rstrip() + f": {one.site.text}"
    if one.candidates:
        text += f", perhaps {', '.join(program.functions[key].name for key in one.candidates)}"
    return text


def as_json(bound: Bound) -> dict[str, Any]:
    """A bound as JSON has it."""
    return {
        "name": bound.name,
        "kind": str(bound.entry.kind),
        "size": bound.size,
        "bytes": bound.bytes,
        "interrupts": bound.interrupts,
        "total": bound.total,
        "bounded": bound.bounded,
        "levels": list(bound.entry.levels),
        "chain": [{"function": step.function, "from": step.address, "above": step.above} for step in bound.chain],
        "open_calls": [
            {
                "address": one.site.address,
                "function": one.place.function,
                "file": Path(one.place.file).name,
                "line": one.place.line,
                "text": one.site.text,
            }
            for one in bound.open_calls
        ],
        "recursions": [list(cycle) for cycle in bound.recursions],
        "dynamic": [{"function": name, "file": place.file, "line": place.line} for name, place in bound.dynamic],
    }
