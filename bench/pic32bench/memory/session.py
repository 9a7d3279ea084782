# SPDX-License-Identifier: MIT
"""What a board is put through to see what RAM it needs: a normal session, or a function of the user's own.

A normal session is what a person does with the demo: wait for an address, look at the page, watch the stream, press
SW1, set the rate, send a few messages, type a few commands. What a firmware has not (no address, no page, no
WebSocket, no prompt) is said and left out: no step is an error.
"""

from __future__ import annotations

import importlib.util
import sys
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from urllib.parse import urljoin, urlsplit

from pic32bench.bench import Board
from pic32bench.errors import BenchError, EmulatorError, UsageError
from pic32bench.network.station import Station
from pic32bench.network.wire import WireNetwork
from pic32bench.page import fetch, way_to
from pic32bench.stream.client import StreamClient

ALONE = 10.0  # virtual seconds that a board runs with nothing to do
_ADDRESS = 20.0  # virtual seconds for an address
_BOOT = 5.0  # virtual seconds for a prompt, from power-on
_REST = 0.5  # virtual seconds for what is still to come at the end
_PAGES = ("/", "/chart/ws_realtime.html")
_PROMPT = ">"
_COMMANDS = ("help", "netinfo")
_FRAMES = 64
_DELAY = 5  # ms
# RFC 6455 5.2: up to 125 bytes the length is a part of the first two bytes, from 126 on it has two of its own.
_ECHOES = (1, 20, 125)
_LONG_ECHOES = (126, 1000)
_SWITCH = "SW1"
_NO_SUITE = "scenario"
# What Chromium 156 sends with a request beside what the request needs. A server's buffer has to hold it, too.
_BROWSER = {
    "User-Agent": "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/156.0.0.0 Safari/537.36",
    "Accept-Language": "en-US,en;q=0.9",
}
_OF_A_PAGE = {
    **_BROWSER,
    "Upgrade-Insecure-Requests": "1",
    "Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,image/jxl,image/avif,image/webp,image/apng,"
    "*/*;q=0.8,application/signed-exchange;v=b3;q=0.7",
}
_OF_A_WEBSOCKET = {
    **_BROWSER,
    "Pragma": "no-cache",
    "Cache-Control": "no-cache",
    "Accept-Encoding": "gzip, deflate",
}


@dataclass(frozen=True)
class Step:
    """A step of a session: what was done, or why that was left out."""

    what: str
    left_out: str = ""

    def __str__(self) -> str:
        return f"{self.what}: {self.left_out}" if self.left_out else self.what


class ScenarioError(BenchError):
    """A scenario of the user's own ended with an error; the message says where."""


Session = Callable[[Board], Iterator[Step]]


def normal_session(board: Board) -> Iterator[Step]:
    """Does what there is to do with a board that has just been powered up; yields what it has done, step by step."""
    if isinstance(board.network, WireNetwork):
        Station(board.network, dhcp=True)
    try:
        board.console.wait_for_prompt(_PROMPT, _BOOT)
        prompt = True
    except EmulatorError:
        raise
    except BenchError:
        prompt = False
    yield Step("boot")
    yield from _on_the_network(board)
    yield from _at_the_terminal(board, prompt)


def _on_the_network(board: Board) -> Iterator[Step]:
    try:
        url = _address(board)
    except EmulatorError:
        raise
    except BenchError as error:
        yield Step("address, page, stream", f"{_short(error)}")
        board.run_for(ALONE)
        yield Step(f"ran for {board.time:g} s")
        return
    yield Step(f"address {urlsplit(url).hostname}")
    for path in _PAGES:
        yield _attempt(f"page {path} with its parts", lambda path=path: _page(board, path))  # type: ignore[misc]
    yield from _stream(board)


def _address(board: Board) -> str:
    """The URL of its page, as soon as it has an address."""
    if isinstance(board.network, WireNetwork):
        return f"http://{board.station.board_address(_ADDRESS)}/"
    url, _ = way_to(board)
    board.run_for(_ADDRESS / 2)
    return url


def _attempt(what: str, do: Callable[[], str | None]) -> Step:
    """Does a step, or says why not; ``do`` may say so itself."""
    try:
        return Step(what, do() or "")
    except EmulatorError:
        raise
    except (BenchError, OSError) as error:
        return Step(what, f"{_short(error)}")


def _short(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]


def _page(board: Board, path: str) -> str | None:
    """Fetches a page and what of it the board itself has."""
    url, station = way_to(board)
    waiting, found = [urljoin(url, path)], set()
    while waiting:
        address = waiting.pop(0)
        if address in found or urlsplit(address).netloc != urlsplit(url).netloc:
            continue
        found.add(address)
        response = fetch(address, station=station, headers=_OF_A_PAGE)
        if len(found) == 1 and response.status != 200:
            return f"the answer is HTTP {response.status}"
        waiting += [urljoin(address, need) for need in response.needs() if not need.startswith("data:")]
    return None


def _stream(board: Board) -> Iterator[Step]:
    try:
        origin = way_to(board)[0].rstrip("/")
        client = StreamClient.of(board, headers={**_OF_A_WEBSOCKET, "Origin": origin}, compression=True)
        client.connect(1.0)
    except EmulatorError:
        raise
    except (BenchError, OSError) as error:
        yield Step("WebSocket", f"{_short(error)}")
        return
    yield Step("WebSocket handshake")
    with client:
        yield _attempt("StartStream, noise", lambda: _watch(client))
        if _SWITCH in board.description.switches:
            board.panel.press(_SWITCH)
            yield _attempt(f"{_SWITCH} pressed, ramp", lambda: _collect(client))
            board.panel.release(_SWITCH)
        yield _attempt(f"SetDelay {_DELAY}", lambda: _set_delay(client))
        for size in _ECHOES:
            yield _attempt(f"echo of {_bytes(size)}", lambda size=size: _echo(client, size))  # type: ignore[misc]
        yield _attempt("StopStream", lambda: client.stop())
        for size in _LONG_ECHOES:
            step = _attempt(f"echo of {_bytes(size)}", lambda size=size: _echo(client, size))  # type: ignore[misc]
            yield step
            if step.left_out:
                break
    yield Step("WebSocket closed")


def _watch(client: StreamClient) -> None:
    client.start()
    _collect(client)


def _set_delay(client: StreamClient) -> None:
    client.set_delay(_DELAY)
    _collect(client)


def _collect(client: StreamClient) -> None:
    client.collect(frames=_FRAMES)


def _echo(client: StreamClient, size: int) -> None:
    client.echo(("The quick brown fox jumps over the lazy dog. " * (size // 45 + 1))[:size])


def _bytes(size: int) -> str:
    return "1 byte" if size == 1 else f"{size} bytes"


def _at_the_terminal(board: Board, prompt: bool) -> Iterator[Step]:
    if not prompt:
        yield Step("terminal", f"no prompt {_PROMPT!r} was seen")
        return
    for command in _COMMANDS:
        yield _attempt(f"terminal: {command}", lambda command=command: _type(board, command))  # type: ignore[misc]
    board.run_for(_REST)


def _type(board: Board, command: str) -> None:
    board.console.skip()
    board.console.write_line(command)
    board.console.wait_for_prompt(_PROMPT, _BOOT)


def own_session(place: str) -> Session:
    """A function in a file of the user's own, ``FILE.py`` or ``FILE.py:FUNCTION``, as a session of one step.

    Without FUNCTION it is ``scenario``, or the file's only function. Raises UsageError when there is no such thing,
    and the session ScenarioError when the function does not end well.
    """
    path, name = _split(place)
    module = _load(path)
    own = {
        key: value
        for key, value in vars(module).items()
        if callable(value) and getattr(value, "__module__", None) == module.__name__ and not isinstance(value, type)
    }
    if name is None:
        public = [key for key in own if not key.startswith("_")]
        name = _NO_SUITE if _NO_SUITE in own or len(public) != 1 else public[0]
    function = own.get(name)
    if function is None:
        known = ", ".join(key for key in own if not key.startswith("_")) or "none"
        raise UsageError(f"{path} has no function {name}: it has {known}; name one with {path}:FUNCTION")

    def session(board: Board) -> Iterator[Step]:
        try:
            function(board)
        except EmulatorError:
            raise
        except Exception as error:
            raise ScenarioError(f"{_where(error, path)}: {type(error).__name__}: {_short(error)}") from error
        yield Step(f"{path.name}:{name}")

    return session


def _split(place: str) -> tuple[Path, str | None]:
    path, colon, name = place.rpartition(":")
    if colon and name.isidentifier():
        return Path(path), name
    return Path(place), None


def _load(path: Path) -> ModuleType:
    if not path.is_file():
        raise UsageError(f"--scenario {path}: there is no such file")
    name = f"pic32bench_scenario_{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise UsageError(f"--scenario {path}: expected a Python file, FILE.py or FILE.py:FUNCTION")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        raise UsageError(f"--scenario {_where(error, path)}: {type(error).__name__}: {_short(error)}") from error
    return module


def _where(error: BaseException, path: Path) -> str:
    """The line of the user's file that an error came from."""
    if isinstance(error, SyntaxError) and error.lineno is not None:
        return f"{path}:{error.lineno}"
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == str(path)]
    return f"{path}:{lines[-1]}" if lines else str(path)
