# SPDX-License-Identifier: MIT
"""Keywords for the WebSocket stream."""

from __future__ import annotations

import tempfile
from pathlib import Path

from pic32bench.errors import UsageError
from pic32bench.robot.emulation import EmulationKeywords
from pic32bench.stream import Verdict, judge, rate
from pic32bench.stream.client import StreamClient


class StreamKeywords(EmulationKeywords):
    """What the scope page shows: is it noise, is it a ramp. All times are virtual seconds."""

    def open_stream(self, timeout: float = 15.0, path: str = "/echo") -> None:
        """Opens the board's WebSocket; keeps trying for ``timeout`` seconds while the board boots."""
        self.close_stream()
        client = StreamClient.of(self.board, path, timeout)
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
        """So many messages of the stream, raw, made from now on."""
        self._settle(0)
        return self._client().collect(frames=frames, timeout=timeout)

    def stream_should_be_noise(self, frames: int = 64, settle: float = 0.05, timeout: float = 30.0) -> Verdict:
        """Fails unless the stream is noise, and says what it is instead.

        What the board made up to ``settle`` seconds from now may still be from before the switch moved and is not
        judged. 64 frames are the fewest that noise can be told by. True noise is called something else once in
        100,000 times.
        """
        verdict = self._judge(frames, settle, timeout)
        if not verdict.is_noise:
            raise AssertionError(f"the stream is not noise but {verdict}")
        return verdict

    def stream_should_be_ramp(self, frames: int = 64, settle: float = 0.05, timeout: float = 30.0) -> Verdict:
        """Fails unless every step of the stream, within and across frames, is +4000; says what it is instead.

        What the board made up to ``settle`` seconds from now may still be from before the switch moved and is not
        judged.
        """
        verdict = self._judge(frames, settle, timeout)
        if not verdict.is_ramp:
            raise AssertionError(f"the stream is not a ramp but {verdict}")
        return verdict

    def stream_should_stay_ramp(self, seconds: float, frames: int = 1) -> int:
        """Listens for so many seconds; fails unless what comes is one ramp without a gap, and at least so many frames.

        It goes on where the last one ended, so no frame is left out between two. Returns the number of frames.
        """
        messages = self._client().listen(seconds)
        verdict = judge(messages)
        if not verdict.is_ramp:
            raise AssertionError(f"the stream did not stay a ramp but is {verdict}")
        if len(messages) < frames:
            raise AssertionError(f"{len(messages)} frames came in {seconds:g} s: expected at least {frames}")
        return len(messages)

    def stream_should_be_silent(self, seconds: float = 0.5) -> None:
        """Fails if the board makes a message of the stream within ``seconds`` from now."""
        client = self._client()
        self._settle(0)
        messages = client.listen(seconds)
        if messages:
            raise AssertionError(f"{len(messages)} messages came in {seconds:g} s of silence, first {messages[0]!r}")

    def stream_period(self, frames: int = 20, timeout: float = 30.0) -> float:
        """Median time between the stream's frames from now on, virtual seconds, over so many frames.

        The times are those at which the frames left the board, taken inside the emulator: when they reached this
        computer says nothing.
        """
        self._settle(0)
        before = len(self._times())
        self._client().collect(frames=frames, timeout=timeout)
        return rate.median_period(self._times()[before : before + frames])

    def _times(self) -> list[float]:
        with tempfile.TemporaryDirectory(prefix="pic32bench-") as folder:
            pcap = Path(folder) / "stream.pcap"
            self.board.network.save_pcap(pcap)
            return rate.stream_times(pcap)

    def _judge(self, frames: int, settle: float, timeout: float) -> Verdict:
        self._settle(settle)
        return judge(self._client().collect(frames=frames, timeout=timeout))

    def _settle(self, seconds: float) -> None:
        """Takes away what the board made of the stream up to ``seconds`` after it has seen all that hands did."""
        client = self._client()
        self.board.emulator.settle()
        self.board.run_for(seconds)
        client.catch_up()

    def _client(self) -> StreamClient:
        if self._stream is None:
            raise UsageError("the stream is not open: use `Open Stream` first")
        return self._stream
