# SPDX-License-Identifier: MIT
"""The cheap trial: what a visitor's browsers and a few rude clients do, on network ``wire`` in the board's own time.

The board boots once; every check goes on from that moment in a board of its own, so none suffers from what another
has left, and the figures are there for an image that fails a check, too. All times are virtual, and the same image
says the same in every run.
"""

from __future__ import annotations

import gzip
import hashlib
import http.client
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidMessage

from pic32bench import bench, resume, throughput
from pic32bench.errors import BenchError, NotBuiltError
from pic32bench.network.station import LEASED, Connection, Station
from pic32bench.network.wire import WireNetwork
from pic32bench.page import fetch, fetch_with_parts
from pic32bench.shrink.task import Outcome, Settings
from pic32bench.stream import judge
from pic32bench.stream.client import PATH, PORT, StreamClient, StreamTimeoutError
from pic32bench.stream.frames import is_frame
from pic32bench.stream.rate import median_period, text_frames
from pic32bench.stream.station_websocket import StationWebSocket

QUANTUM = 0.02
# The browsers' habit (and HTTP 1.1's once): six connections to a host.
BROWSER_CONNECTIONS = 6
WEBSOCKET_CLIENTS = 3
FRAME_RATE_SECONDS = 0.25
ECHO_BYTES = 128 * 1024
IMPAIRED_SECONDS = 20.0
IMPAIRED_DELAY = 10  # ms, the board's own
IMPAIRED_SHARE = 0.9  # of the frames of a clean link
_UNREAD_BYTES = 80_000  # more than all windows and buffers on the way hold
_PATIENCE = 10.0
_NOTHING = f"not there after {_PATIENCE:g} s"
_LEASE_PATIENCE = 20.0
_TROUBLE = "\n***"  # how the reference firmware begins its last words


class CheckError(BenchError):
    """A check has found something wrong; the message says what was expected and what came."""


@dataclass
class Visit:
    """A board that has an address, and what is known of its image. ``figures`` are for checks that measure."""

    board: bench.Board
    settings: Settings
    figures: dict[str, float] = field(default_factory=dict)

    @property
    def station(self) -> Station:
        """Who visits."""
        return self.board.station

    @property
    def paths(self) -> list[str]:
        """What the board serves, as far as that is known; the page first."""
        return [path for path, _ in self.settings.assets] or ["/"]

    def get(self, path: str) -> bytes:
        """The decoded body of a file that the board serves. Raises BenchError."""
        answer = fetch(f"http://{LEASED}{path}", station=self.station)
        if answer.status != 200:
            raise CheckError(f"GET {path} was answered with HTTP {answer.status}: expected 200")
        return answer.body

    def frame_times(self) -> list[float]:
        """When each frame of any stream left the board, seconds."""
        packets = ((frame.time_ns / 1e9, frame.data) for frame in _wire(self.board).frames if frame.from_board)
        return [frame.time for frame in text_frames(packets) if is_frame(frame.text)]

    def websocket(self) -> StationWebSocket:
        """An open WebSocket."""
        url = f"ws://{LEASED}:{PORT}{PATH}"
        return StationWebSocket(self.station.connect(LEASED, PORT), url, _PATIENCE)

    def stream(self) -> StreamClient:
        """An open stream client."""
        return StreamClient.of(self.board).connect()


Check = Callable[[Visit], None]


def noise(size: int, salt: str = "") -> bytes:
    """Bytes that look like chance, the same each time."""
    return hashlib.shake_128(f"shrink {salt}".encode()).digest(size)


def page(visit: Visit) -> None:
    """Every file comes byte for byte; if the files are not known, the page comes with all its parts."""
    if not visit.settings.assets:
        for part in fetch_with_parts(f"http://{LEASED}/", station=visit.station):
            if part.status != 200:
                raise CheckError(f"GET {part.url} was answered with HTTP {part.status}: expected 200")
    for path, digest in visit.settings.assets:
        body = visit.get(path)
        if hashlib.sha256(body).hexdigest() != digest:
            raise CheckError(f"GET {path} brought {len(body)} bytes that are not the file's")


def http_speed(visit: Visit) -> None:
    """The largest file, by one client; if it is not known, the page with all its parts."""
    if not visit.settings.large_asset:
        begin = visit.board.time
        parts = fetch_with_parts(f"http://{LEASED}/", station=visit.station)
        payload = sum(int(part.headers.get("content-length", len(part.body))) for part in parts)
        visit.figures["http"] = payload * 8 / (visit.board.time - begin) / 1e6
        return
    visit.figures["http"] = throughput.http_throughput(visit.board, visit.settings.large_asset).megabits_per_second


def echo_speed(visit: Visit) -> None:
    """A long message to and fro, by one client."""
    try:
        echoed = throughput.websocket_throughput(visit.board, ECHO_BYTES)
    except StreamTimeoutError:
        raise CheckError(f"the echo of a binary message of {ECHO_BYTES} bytes does not come") from None
    visit.figures["websocket"] = echoed.megabits_per_second


def frame_rate(visit: Visit) -> None:
    """Frames a second when all clients stream as fast as they may ask for."""
    with ExitStack() as stack:
        clients = [stack.enter_context(visit.stream()) for _ in range(WEBSOCKET_CLIENTS)]
        clients[0].set_delay(1)
        for client in clients:
            client.start()
        for client in clients:
            client.catch_up()
        begin = visit.board.time
        visit.board.run_for(FRAME_RATE_SECONDS)
        frames = sum(time >= begin for time in visit.frame_times())
        visit.figures["frame_rate"] = frames / FRAME_RATE_SECONDS


def echoes(visit: Visit) -> None:
    """Text and binary messages of the lengths where something changes: in the protocol, in TCP and in the buffer."""
    size = visit.settings.buffer_size
    lengths = {0, 1, 125, 126, 127, 1400, 1460, 1461, 65535, 65536, size - 1, size, size + 1, 2 * size}
    lengths |= {size - room for room in range(2, 9)}
    with visit.stream() as client:
        for length in sorted(length for length in lengths if length >= 0):
            _echo(client, noise(length))
            _echo(client, ("äx€" * (length // 6 + 1)).encode()[:length].decode(errors="ignore"))


def echoes_in_a_row(visit: Visit) -> None:
    """Messages of about a segment, each after a short one, so that TCP's window stands differently each time."""
    with visit.stream() as client:
        for number in range(120):
            _echo(client, noise(number * 97 % 1460))
            _echo(client, noise(1456 - number % 8 * 36))


def fragments_and_pings(visit: Visit) -> None:
    """Messages in fragments, with pings between them, and pings alone."""
    size = visit.settings.buffer_size
    websocket = visit.websocket()
    for lengths in ((1, 1, 1), (0, 0, 5), (size, 0, size + 1), (100, 3000, 7)):
        parts = [noise(length, str(number)) for number, length in enumerate(lengths)]
        websocket.send_fragments(parts, b"between")
        _same("a fragmented message", b"".join(parts), websocket.recv(_PATIENCE))
        _same("a ping between fragments", b"between", websocket.pong(_PATIENCE))
    for length in (0, 1, 125):
        websocket.ping(noise(length))
        _same("a ping", noise(length), websocket.pong(_PATIENCE))
    websocket.close()


def noise_and_ramp(visit: Visit) -> None:
    """The stream is noise, a ramp while SW1 is pressed, and noise again."""
    with visit.stream() as client:
        client.set_delay(2)
        client.start()
        _stream_is(client, "noise")
        visit.board.panel.press("SW1")
        visit.board.run_for(0.1)
        _stream_is(client, "ramp")
        visit.board.panel.release("SW1")
        visit.board.run_for(0.1)
        _stream_is(client, "noise")


def delay(visit: Visit) -> None:
    """Frames come as often as SetDelay says."""
    with visit.stream() as client:
        client.start()
        for milliseconds in (20, 3):
            client.set_delay(milliseconds)
            client.catch_up()
            begin = visit.board.time
            client.collect(frames=20)
            period = median_period([time for time in visit.frame_times() if time > begin]) * 1e3
            if abs(period - milliseconds) > 0.5:
                raise CheckError(f"a frame came every {period:.2f} ms: expected {milliseconds}")


def two_streams_and_an_echo(visit: Visit) -> None:
    """Two clients stream while a third sends long messages: nobody waits for ever, no frame is damaged."""
    with visit.stream() as one, visit.stream() as other, visit.stream() as third:
        one.set_delay(5)
        one.start()
        other.start()
        for length in (10, 5000, 40_000):
            _echo(third, noise(length))
        for client in (one, other):
            _stream_is(client, "noise")


def impaired_link(visit: Visit) -> None:
    """A stream over a link that loses 5% of the frames and delays each by 20 ms has nearly all its frames, and none is
    missing between two; echo and page come whole.
    """
    with visit.stream() as client:
        visit.board.panel.press("SW1")
        client.set_delay(IMPAIRED_DELAY)
        client.start()
        _stream_is(client, "ramp")
        visit.board.link.impair(loss="5%", delay="20ms", seed=1)
        come = client.listen(IMPAIRED_SECONDS)
        least = round(IMPAIRED_SHARE * IMPAIRED_SECONDS * 1000 / IMPAIRED_DELAY)
        if not (verdict := judge(come)).is_ramp:
            raise CheckError(f"the stream over an impaired link is not a ramp: {verdict.sentence}")
        if len(come) < least:
            raise CheckError(f"{len(come)} frames over an impaired link in {IMPAIRED_SECONDS:g} s: expected {least}")
        client.stop(_PATIENCE)
        _echo(client, noise(3000))
        visit.get(visit.paths[0])


def many_connections(visit: Visit) -> None:
    """A browser's six connections at once, while a client streams, twice over."""
    with visit.stream() as client:
        client.start()
        for _ in range(2):
            paths = visit.paths
            _get_at_once(visit, [paths[number % len(paths)] for number in range(BROWSER_CONNECTIONS)])
        client.catch_up()


def clients_that_do_not_read(visit: Visit, size: int) -> None:
    """Three clients send messages of this size and read nothing; the page still comes, and they get all in the end.

    What is left of a heap that has been filled to the brim depends on the sizes of its pieces, hence several of them.
    """
    with ExitStack() as stack:
        before = set(visit.station.connections)
        clients = [stack.enter_context(visit.stream()) for _ in range(WEBSOCKET_CLIENTS)]
        lazy = [one for number, one in visit.station.connections.items() if number not in before]
        messages = [noise(size, str(number)) for number in range(_UNREAD_BYTES // size)]
        for connection, client in zip(lazy, clients, strict=True):
            connection.reading = False
            for message in messages:
                client.send(message)
        visit.board.run_for(1.0)
        _get_at_once(visit, visit.paths[:2])
        for connection in lazy:
            connection.reading = True
        for client in clients:
            for message in messages:
                try:
                    come = client.receive(_PATIENCE).message
                except StreamTimeoutError:
                    raise CheckError(f"a message of {size} bytes to a client that reads late: {_NOTHING}") from None
                _same("a message to a client that reads late", message, come)


def come_and_go(visit: Visit) -> None:
    """Forty visits that break off in the middle leave nothing behind: the page comes as at first."""
    for number in range(40):
        connection = visit.station.connect(LEASED, PORT if number % 2 else 80)
        connection.sendall(b"GET /scope.js HTTP/1.1\r\nHost: board\r\n\r\n"[: 10 + number])
        visit.board.run_for(0.002)
        connection.abort()
    page(visit)
    with visit.stream() as client:
        _echo(client, noise(3000))


# In this order; a new one is another line.
CHECKS: tuple[tuple[str, Check], ...] = (
    ("page", page),
    ("http speed", http_speed),
    ("echo speed", echo_speed),
    ("frame rate", frame_rate),
    ("echoes", echoes),
    ("echoes in a row", echoes_in_a_row),
    ("fragments and pings", fragments_and_pings),
    ("noise and ramp", noise_and_ramp),
    ("delay", delay),
    ("two streams and an echo", two_streams_and_an_echo),
    ("impaired link", impaired_link),
    ("many connections", many_connections),
    *(
        (f"clients that do not read, {size}", partial(clients_that_do_not_read, size=size))
        for size in (_UNREAD_BYTES, 1456, 1000, 100)
    ),
    ("come and go", come_and_go),
)


def cheap(image: Path, board: str | Path, settings: Settings, folder: Path) -> Outcome:
    """Boots the image and makes all checks; the first that fails is the reason."""
    figures: dict[str, float] = {}
    passed: list[str] = []
    reason = ""
    try:
        with _trouble_told("boot"), _powered(image, board, settings) as powered:
            _has_address(powered)
            figures["boot"] = powered.time
            resume.save(powered, folder / "address.snapshot")
    except CheckError as error:
        return Outcome(False, error.message, figures)
    seconds = figures["boot"]
    for name, check in CHECKS:
        if settings.checks and name not in settings.checks:
            continue
        with resume.restore(folder / "address.snapshot") as here:
            try:
                with _trouble_told(name, here):
                    check(Visit(here, settings, figures))
                passed.append(name)
            except CheckError as error:
                reason = reason or error.message
            seconds += here.clock.last_ns / 1e9 - figures["boot"]
    return Outcome(not reason, reason, {**figures, "seconds": seconds}, tuple(passed))


@contextmanager
def _powered(image: Path, board: str | Path, settings: Settings) -> Iterator[bench.Board]:
    with bench.start(board, image, "wire", settings.seed, QUANTUM) as powered:
        Station(_wire(powered), dhcp=True)
        yield powered


def _has_address(board: bench.Board) -> None:
    with _trouble_told("boot", board):
        if board.clock.wait_until(lambda: board.station.seen_address == LEASED or None, _LEASE_PATIENCE) is None:
            raise CheckError(f"no frame of a board that has taken its address, {LEASED}, in {_LEASE_PATIENCE:g} s")
        board.station.ping(LEASED)  # both know each other's MAC address now


def _wire(board: bench.Board) -> WireNetwork:
    assert isinstance(board.network, WireNetwork)
    return board.network


@contextmanager
def _trouble_told(name: str, board: bench.Board | None = None) -> Iterator[None]:
    """Whatever goes wrong is one line with the check's name; the firmware's own last words come first."""
    what = None
    try:
        yield
    except NotBuiltError:  # says nothing of the image
        raise
    except CheckError as error:
        what = error.message
    except (ConnectionClosed, InvalidHandshake, InvalidMessage, http.client.HTTPException, EOFError) as error:
        what = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    except OSError as error:
        what = error.strerror or str(error) or type(error).__name__
    except BenchError as error:
        what = error.message.splitlines()[0]
    words = None if board is None else _last_words(board)
    if words or what:
        said = words or what or ""
        raise CheckError(said if said.startswith(f"{name}: ") else f"{name}: {said}")


def _last_words(board: bench.Board) -> str | None:
    """The line with which the firmware halted, if it did."""
    _, trouble, rest = board.console.text.replace("\r", "").partition(_TROUBLE)
    return f"the firmware halted: {rest.splitlines()[0].strip()}" if trouble and rest else None


def _same(what: str, expected: bytes, come: str | bytes) -> None:
    if come != expected:
        raise CheckError(f"{what} of {len(expected)} bytes came back as {len(come)} other ones")


def _echo(client: StreamClient, message: str | bytes) -> None:
    try:
        client.echo(message, _PATIENCE)
    except StreamTimeoutError:
        kind = "binary" if isinstance(message, bytes) else "text"
        length = len(message) if isinstance(message, bytes) else len(message.encode())
        raise CheckError(f"the echo of a {kind} message of {length} bytes: {_NOTHING}") from None


def _stream_is(client: StreamClient, expected: str) -> None:
    """What the board sends from now on is noise, or a ramp."""
    client.catch_up()
    verdict = judge(client.collect(frames=64))
    if not (verdict.is_noise if expected == "noise" else verdict.is_ramp):
        raise CheckError(f"the stream is not {expected}: {verdict.sentence}")


def _get_at_once(visit: Visit, paths: list[str]) -> None:
    """GETs files over a connection each, all at the same time."""
    expected = dict(visit.settings.assets)
    with ExitStack() as stack:
        clients: list[tuple[str, http.client.HTTPConnection]] = []
        for path in paths:
            client = http.client.HTTPConnection(LEASED)
            connection: Connection = visit.station.connect(LEASED, http.client.HTTP_PORT)
            client.sock = connection
            stack.callback(client.close)
            client.request("GET", path, headers={"Connection": "close"})
            clients.append((path, client))
        for path, client in clients:
            answer = client.getresponse()
            body = answer.read()
            digest = hashlib.sha256(_decoded(answer, body)).hexdigest()
            if answer.status != 200 or digest != expected.get(path, digest):
                raise CheckError(f"GET {path}, one of {len(paths)}, brought HTTP {answer.status} or wrong bytes")


def _decoded(answer: http.client.HTTPResponse, body: bytes) -> bytes:
    return gzip.decompress(body) if answer.getheader("Content-Encoding") == "gzip" else body
