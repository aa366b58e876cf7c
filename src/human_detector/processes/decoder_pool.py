"""Decoders, from the side of whoever has videos to decode."""

from __future__ import annotations

import logging
import socket
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from human_detector.errors import DecoderCrashed
from human_detector.processes.cage.environments import decoder_environment
from human_detector.processes.cage_rule import CageRule
from human_detector.processes.messages import FROM_CAGE, FROM_DECODER_SOURCE, checked
from human_detector.processes.program import Program
from human_detector.processes.wire import BadWire, Channel, ChannelClosed, pair
from human_detector.values import PREFERRED
from human_detector.video.limits import DEFAULT_LIMITS, VideoLimits

log = logging.getLogger(__name__)

PROGRAM = "human_detector.processes.decoder_main"
POLL_SECONDS = 0.2
START_SECONDS = 60
"""How long it may take to import what decoders need, or a decoder to close its door."""
ANSWER_SECONDS = 10
"""How long it may take to be told what became of a decoder, beyond what that one is given to end."""
END_SECONDS = 0.3
"""How long a decoder that is done may take to end by itself."""
MOST_THREADS = 1000
"""More than decoding takes on any machine. So many that compute without end leave the worker no processor."""
_THREADS = 17  # proc_pid_stat(5): the twentieth field, the third being the first behind the name


@dataclass(frozen=True)
class DecoderSettings:
    """How decoders are run.

    Attributes:
        cage: see CageRule.
        memory_mb: what a decoder may take, in MiB, beyond what it has before it sees a video.
        max_frame_pixels: see VideoLimits.
        max_frames: see VideoLimits.
    """

    cage: str = PREFERRED
    memory_mb: int = 3072
    max_frame_pixels: int = DEFAULT_LIMITS.max_frame_pixels
    max_frames: int = DEFAULT_LIMITS.max_frames

    @property
    def limits(self) -> VideoLimits:
        """What a video may ask for."""
        return VideoLimits(self.max_frame_pixels, self.max_frames)


class DecoderPool:
    """Gives a decoder for each video, from a process that is started ahead.

    For one thread at a time.

    Args:
        settings: see there.
        program: the module that decoders come from.
    """

    def __init__(self, settings: DecoderSettings, program: str = PROGRAM) -> None:
        self._settings = settings
        self._program = program
        self._cage = CageRule(settings.cage)
        self._source: Program | None = None

    @property
    def settings(self) -> DecoderSettings:
        """How decoders are run."""
        return self._settings

    def start(self) -> None:
        """Start the process that decoders come from, if it does not run."""
        if self._source is not None and self._source.is_alive:
            return
        self.stop()
        self._source = Program(
            self._program, str(self._settings.memory_mb), environment=decoder_environment(), silent=True
        )

    def take(self, check: Callable[[], None]) -> Decoder:
        """A decoder that has closed its door, for one video; the caller ends it.

        Args:
            check: called several times a second; what it raises ends the wait.

        Raises:
            ConfigurationError: a cage is required, and there is none.
            DecoderCrashed: no decoder starts.
        """
        self.start()
        ours, its = pair()
        with its:
            try:
                started = self.ask({"say": "start"}, "started", check, [its.fileno()])
            except BaseException:
                ours.close()
                raise
        decoder = Decoder(self, started["pid"], ours)
        try:
            self._cage.judge("the decoder", decoder.wait_until_caged(check))
        except BaseException:
            decoder.end()
            raise
        return decoder

    def require_cage(self, check: Callable[[], None]) -> None:
        """See that decoders start, and close their doors.

        Args:
            check: see `take`.

        Raises:
            ConfigurationError: a cage is required, and there is none.
            DecoderCrashed: no decoder starts.
        """
        self.take(check).end()

    def stop(self) -> None:
        """End the process that decoders come from; and with it all decoders."""
        if self._source is not None:
            self._source.end()
            self._source = None

    def ask(
        self,
        request: Mapping[str, Any],
        wanted: str,
        check: Callable[[], None] = lambda: None,
        descriptors: list[int] | None = None,
        patience: float = START_SECONDS,
    ) -> Mapping[str, Any]:
        """Ask the process that decoders come from.

        Raises:
            DecoderCrashed: it has ended, or does not answer.
        """
        deadline = time.monotonic() + patience
        try:
            if self._source is None:
                raise ChannelClosed
            self._source.channel.send(request, descriptors or ())
            while (answer := self._source.channel.receive(POLL_SECONDS)) is None:
                check()
                if time.monotonic() > deadline:
                    raise DecoderCrashed(
                        f"the process that decoders come from did not answer in {patience:g} s"
                    )
            return checked(answer, {wanted: FROM_DECODER_SOURCE[wanted]})
        except (ChannelClosed, BadWire) as error:
            self.stop()
            raise DecoderCrashed("the process that decoders come from has died") from error
        except BaseException:
            self.stop()  # Its answer is still to come, and would be taken for that to the next question.
            raise


class Decoder:
    """One decoder process: it sees one video, and ends.

    Args:
        pool: where it comes from.
        pid: process id.
        control: the socket to it.
    """

    def __init__(self, pool: DecoderPool, pid: int, control: socket.socket) -> None:
        self.pid = pid
        self._pool = pool
        self._channel = Channel(control)
        self._over: Mapping[str, Any] | None = None

    def wait_until_caged(self, check: Callable[[], None]) -> Mapping[str, Any]:
        """Wait until it has closed its door.

        Args:
            check: called several times a second; what it raises ends the wait.

        Returns:
            A message that says what could not be put in force.

        Raises:
            DecoderCrashed: it did not get that far.
        """
        deadline = time.monotonic() + START_SECONDS
        try:
            while (message := self._channel.receive(POLL_SECONDS)) is None:
                check()
                if time.monotonic() > deadline:
                    raise DecoderCrashed(f"the decoder was not ready after {START_SECONDS} s")
            return checked(message, FROM_CAGE)
        except (ChannelClosed, BadWire) as error:
            raise DecoderCrashed(f"the decoder died before it saw a video{self.how_it_ended()}") from error

    def decode(self, video: int, analysis: socket.socket) -> None:
        """Give it the video.

        Args:
            video: descriptor of the file.
            analysis: to whom the frames go.

        Raises:
            DecoderCrashed: it is gone.
        """
        job = {"say": "decode", "limits": asdict(self._pool.settings.limits)}
        try:
            self._channel.send(job, (video, analysis.fileno()))
        except ChannelClosed as error:
            raise DecoderCrashed(f"the decoder died before it saw the video{self.how_it_ended()}") from error

    def require_few_threads(self) -> None:
        """See that it does not take the processors from all others.

        Raises:
            DecoderCrashed: it has so many threads that it cannot mean well.
        """
        try:
            facts = Path(f"/proc/{self.pid}/stat").read_bytes().rpartition(b")")[2].split()
        except OSError:
            return  # It has ended, or this system does not tell.
        if (threads := int(facts[_THREADS])) > MOST_THREADS:
            raise DecoderCrashed(f"the decoder started {threads} threads")

    def how_it_ended(self) -> str:
        """What became of it, in brackets, once it is given a moment to end; nothing if it had to be ended."""
        over = self._end(END_SECONDS)
        if not over["by_itself"]:
            return ""
        code = over["code"]
        return f" (signal {-code})" if code < 0 else f" (status {code})"

    def end(self) -> None:
        """End it, whatever it does."""
        try:
            self._end(0)
        except DecoderCrashed as error:
            log.warning("a decoder could not be ended: %s", error)
        self._channel.close()

    def _end(self, seconds: float) -> Mapping[str, Any]:
        """Give it so many seconds to end, then end it; what became of it."""
        if self._over is None:
            end = {"say": "end", "pid": self.pid, "seconds": seconds}
            self._over = self._pool.ask(end, "over", patience=seconds + ANSWER_SECONDS)
        return self._over
