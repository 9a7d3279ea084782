# SPDX-License-Identifier: MIT
"""Keywords for the WebSocket stream and for the footprint table."""

from __future__ import annotations

from urllib.parse import urlsplit

from pic32bench import paths
from pic32bench.errors import UsageError
from pic32bench.footprint import measure
from pic32bench.robot.emulation import EmulationKeywords
from pic32bench.stream import Verdict, judge
from pic32bench.stream.client import StreamClient


class StreamKeywords(EmulationKeywords):
    """What the scope page shows: is it noise, is it a ramp. All times are virtual seconds."""

    def open_stream(self, timeout: float = 15.0, path: str = "/echo") -> None:
        """Opens the board's WebSocket; keeps trying for ``timeout`` seconds while the board boots."""
        self.close_stream()
        address = urlsplit(self.board.ws_url)
        assert address.hostname is not None
        assert address.port is not None
        client = StreamClient(address.hostname, address.port, path, now=lambda: self.board.time)
        client.connect(timeout)
        self._stream = client

    def close_stream(self) -> None:
        """Closes the WebSocket, if it is open."""
        if self._stream is not None:
            self._stream.close()
            self._stream = None

    def send_stream_command(self, command: str, timeout: float = 10.0) -> None:
        """Sends a command, such as ``StartStream`` or ``SetDelay 20``, and waits for the board's echo of it."""
        self._client().echo(command, timeout)

    def message_should_be_echoed(self, message: str | bytes, timeout: float = 10.0) -> None:
        """Sends a text, or binary if it is bytes, and fails unless the very same comes back."""
        self._client().echo(message, timeout)

    def collect_stream(self, frames: int, timeout: float = 30.0) -> list[str | bytes]:
        """So many messages of the stream, raw, from now on."""
        client = self._client()
        client.drain()
        return client.collect(frames=frames, timeout=timeout)

    def stream_should_be_noise(self, frames: int = 200, settle: float = 0.2, timeout: float = 30.0) -> Verdict:
        """Fails unless the stream is noise, and says what it is instead.

        What comes in the first ``settle`` seconds may still be from before the switch moved and is not judged. True
        noise is called something else once in 100,000 times.
        """
        verdict = self._judge(frames, settle, timeout)
        if not verdict.is_noise:
            raise AssertionError(f"the stream is not noise but {verdict}")
        return verdict

    def stream_should_be_ramp(self, frames: int = 100, settle: float = 0.2, timeout: float = 30.0) -> Verdict:
        """Fails unless every step of the stream, within and across frames, is +4000; says what it is instead.

        What comes in the first ``settle`` seconds may still be from before the switch moved and is not judged.
        """
        verdict = self._judge(frames, settle, timeout)
        if not verdict.is_ramp:
            raise AssertionError(f"the stream is not a ramp but {verdict}")
        return verdict

    def stream_should_be_silent(self, seconds: float = 1.0, settle: float = 0.2) -> None:
        """Fails if a message comes within ``seconds``, after ``settle`` seconds for what was on its way."""
        client = self._client()
        client.listen(settle)
        messages = client.listen(seconds)
        if messages:
            raise AssertionError(f"{len(messages)} messages came in {seconds:g} s of silence, first {messages[0]!r}")

    def footprint_should_fit(self, image: str | None = None, budget: str | None = None) -> None:
        """Fails if a function or variable of an ELF or MAP is bigger than the footprint table says.

        ``image`` is the reference firmware, ``budget`` firmware/footprint.toml, unless given.
        """
        report = measure(paths.image_file(image), budget)
        if not report.fits:
            raise AssertionError(report.complaint())

    def _judge(self, frames: int, settle: float, timeout: float) -> Verdict:
        client = self._client()
        client.listen(settle)
        return judge(client.collect(frames=frames, timeout=timeout))

    def _client(self) -> StreamClient:
        if self._stream is None:
            raise UsageError("the stream is not open: use `Open Stream` first")
        return self._stream
