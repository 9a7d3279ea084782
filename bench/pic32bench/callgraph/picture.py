# SPDX-License-Identifier: MIT
"""A part of a call graph as a picture: in graphviz's DOT language, as SVG, or as a tree of text."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from pic32bench.callgraph.bound import Bounds
from pic32bench.callgraph.flow import Kind
from pic32bench.callgraph.graph import CallGraph, How
from pic32bench.errors import UsageError

_FONT = "DejaVu Sans, Helvetica, sans-serif"
_PLAIN, _ROOT, _HANDLER = "#eef3f8", "#ffe9b3", "#f7dada"
_UNSEEN, _POINTER = "#8a8a8a", "#b03a2e"


@dataclass(frozen=True)
class Node:
    """A function in a picture: ``size`` of its code and ``frame`` on the stack in bytes; ``most`` with all it calls.

    ``bounded`` tells whether ``most`` is all. ``cut``: it calls more than is drawn.
    """

    key: int
    name: str
    size: int
    frame: int
    most: int
    bounded: bool
    cut: bool = False


@dataclass(frozen=True)
class Link:
    """Calls of one function from another: ``places`` of them in the code, ``count`` in a run (None: without a run).

    ``open``: at least one goes through a pointer, and the code does not tell that it goes there.
    """

    caller: int
    target: int
    places: int
    count: int | None
    open: bool
    jump: bool


@dataclass
class Picture:
    """What is drawn. ``opens`` are numbers of calls by function whose targets are not known."""

    root: int
    nodes: dict[int, Node] = field(default_factory=dict)
    links: list[Link] = field(default_factory=list)
    opens: dict[int, int] = field(default_factory=dict)
    callers: bool = False
    seen: bool = False


def picture(
    graph: CallGraph,
    bounds: Bounds,
    root: int,
    depth: int | None = None,
    callers: bool = False,
    counts: Mapping[tuple[int, int], int] | None = None,
) -> Picture:
    """What a function calls, or who calls it, ``depth`` calls away at most.

    ``counts`` are calls of a run, by the functions' keys: (caller, target). Calls that only a run has shown are drawn.
    """
    drawn = Picture(root, callers=callers, seen=counts is not None)
    links = _links(graph, counts)
    ahead: dict[int, list[Link]] = {}
    for link in links:
        ahead.setdefault(link.target if callers else link.caller, []).append(link)
    level, reached = [root], {root: 0}
    while level:
        following = []
        for key in level:
            for link in ahead.get(key, ()):
                other = link.caller if callers else link.target
                if other not in reached and (depth is None or reached[key] < depth):
                    reached[other] = reached[key] + 1
                    following.append(other)
        level = following
    for key, far in reached.items():
        outside = [link for link in ahead.get(key, ()) if (link.caller if callers else link.target) not in reached]
        drawn.nodes[key] = _node(graph, bounds, key, bool(outside) and far == depth)
    drawn.links = [link for link in links if link.caller in reached and link.target in reached]
    for key in reached:
        if count := sum(not one.closed for one in graph.opens.get(key, ())):
            drawn.opens[key] = count
    return drawn


def _node(graph: CallGraph, bounds: Bounds, key: int, cut: bool) -> Node:
    function, flow = graph.function(key), graph.flows.get(key)
    return Node(
        key,
        function.name,
        function.size or (flow.bytes if flow else 0),
        flow.deepest if flow else 0,
        bounds.depth(key).bytes if flow else 0,
        bounds.bounded(key),
        cut,
    )


def _links(graph: CallGraph, counts: Mapping[tuple[int, int], int] | None) -> list[Link]:
    places: dict[tuple[int, int], list[tuple[How, Kind]]] = {}
    for key, edges in sorted(graph.edges.items()):
        for edge in edges:
            places.setdefault((key, edge.target), []).append((edge.how, edge.kind))
    for pair in counts or ():
        places.setdefault(pair, [])
    return [
        Link(
            caller,
            target,
            len(known),
            None if counts is None else counts.get((caller, target), 0),
            not known or any(how is not How.CODE for how, _ in known),
            bool(known) and all(kind is not Kind.CALL for _, kind in known),
        )
        for (caller, target), known in sorted(places.items())
        if caller in graph.program.functions and target in graph.program.functions
    ]


def dot(drawn: Picture) -> str:
    """The picture in DOT, to be read by graphviz."""
    lines = [
        "digraph calls {",
        f'  graph [rankdir=LR, fontname="{_FONT}", nodesep=0.12, ranksep=0.5];',
        f'  node [shape=box, style="filled,rounded", fillcolor="{_PLAIN}", fontname="{_FONT}", fontsize=10, '
        'margin="0.1,0.04"];',
        f'  edge [fontname="{_FONT}", fontsize=9, arrowsize=0.6, color="#44546a"];',
    ]
    for node in sorted(drawn.nodes.values(), key=lambda node: node.key):
        colour = f', fillcolor="{_ROOT}", penwidth=1.6' if node.key == drawn.root else ""
        more = [f"{node.size} B, frame {node.frame}, stack {node.most}{'' if node.bounded else '+'}"]
        if opens := drawn.opens.get(node.key):
            more.append(f"{opens} open call{'s' if opens > 1 else ''}")
            colour += f', color="{_POINTER}"'
        if node.cut:
            more.append("...")
        label = "\\n".join([_quoted(node.name), *more])
        lines.append(f'  f{node.key:08x} [label="{label}"{colour}];')
    for link in drawn.links:
        style = []
        if link.count == 0:
            style += ["style=dashed", f'color="{_UNSEEN}"']
        elif link.open:
            style += [f'color="{_POINTER}"']
        if link.count:
            style += [f'label="{link.count:,}"', f"penwidth={min(1 + len(str(link.count)) * 0.4, 4):.1f}"]
        elif link.count is None and link.places > 1:
            style += [f'label="{link.places}x"']
        if link.jump:
            style += ["arrowhead=empty"]
        lines.append(f"  f{link.caller:08x} -> f{link.target:08x} [{', '.join(style)}];")
    lines.append("}")
    return "\n".join(lines) + "\n"


def _quoted(name: str) -> str:
    return name.replace("\\", "\\\\").replace('"', '\\"')


def svg(text: str) -> str:
    """DOT as SVG, drawn by graphviz. Raises UsageError when it is not installed."""
    if shutil.which("dot") is None:
        raise UsageError("an SVG needs graphviz, which is not installed: apt-get install graphviz, or --format dot")
    done = subprocess.run(["dot", "-Tsvg"], input=text, capture_output=True, text=True, check=False)
    if done.returncode:
        raise UsageError(f"graphviz could not draw it: {done.stderr.strip().splitlines()[-1:] or done.returncode}")
    return done.stdout


def tree(drawn: Picture) -> Iterator[str]:
    """The picture as lines of text; what was shown above is not shown again below."""
    ahead: dict[int, list[Link]] = {}
    for link in drawn.links:
        ahead.setdefault(link.target if drawn.callers else link.caller, []).append(link)
    shown: set[int] = set()

    def lines(key: int, link: Link | None, before: str, stem: str) -> Iterator[str]:
        node = drawn.nodes[key]
        again = key in shown and key in ahead
        yield f"{before}{node.name}{_notes(node, link, drawn)}{', see above' if again else ''}"
        if again:
            return
        shown.add(key)
        links = ahead.get(key, [])
        for number, one in enumerate(links):
            last = number == len(links) - 1
            other = one.caller if drawn.callers else one.target
            yield from lines(other, one, stem + ("└─ " if last else "├─ "), stem + ("   " if last else "│  "))

    yield from lines(drawn.root, None, "", "")


def _notes(node: Node, link: Link | None, drawn: Picture) -> str:
    notes = [f"{node.size} B, frame {node.frame}, stack {node.most}{'' if node.bounded else '+'}"]
    if link is not None and link.count is not None:
        notes.append(f"{link.count:,} call{'s' if link.count > 1 else ''}" if link.count else "not seen")
    elif link is not None and link.places > 1:
        notes.append(f"{link.places} places")
    if link is not None and link.open:
        notes.append("through a pointer")
    if link is not None and link.jump:
        notes.append("jump")
    if opens := drawn.opens.get(node.key):
        notes.append(f"{opens} open call{'s' if opens > 1 else ''}")
    if node.cut:
        notes.append("...")
    return f" ({'; '.join(notes)})"


def as_json(drawn: Picture) -> dict[str, Any]:
    """The picture as data."""
    return {
        "root": drawn.nodes[drawn.root].name,
        "direction": "callers" if drawn.callers else "callees",
        "functions": [
            {
                "name": node.name,
                "address": node.key | 0x80000000,
                "size": node.size,
                "frame": node.frame,
                "stack": node.most,
                "bounded": node.bounded,
                "open_calls": drawn.opens.get(node.key, 0),
                "calls_more": node.cut,
            }
            for node in sorted(drawn.nodes.values(), key=lambda node: node.key)
        ],
        "calls": [
            {
                "from": drawn.nodes[link.caller].name,
                "to": drawn.nodes[link.target].name,
                "places": link.places,
                "jump": link.jump,
                "through_pointer": link.open,
                **({} if link.count is None else {"count": link.count}),
            }
            for link in drawn.links
        ],
    }
