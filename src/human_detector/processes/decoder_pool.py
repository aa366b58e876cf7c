"""Decoder processes, from the side of whoever starts them: one is always started ahead."""

from __future__ import annotations

import socket
import subprocess
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from typing import Any

from human_detector.errors import DecoderCrashed
from human_detector.processes.cage.environments import decoder_environment
from human_detector.processes.cage_rule import PREFERRED, CageRule
from human_detector.processes.messages import FROM_CAGE, checked
from human_detector.processes.start import start_program
from human_detector.processes.wire import BadWire, Channel, ChannelClosed, pair
from human_detector.video.limits import DEFAULT_LIMITS, VideoLimits

PROGRAM = "human_detector.processes.decoder_main"
POLL_SECONDS = 0.2
START_SECONDS = 60
"""How long a decoder may take to import its modules and to close its door."""
END_SECONDS = 2
"""How long a decoder that is done may take to end by itself."""


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


class Decoder:
    """One decoder process: it sees one video, and ends.

    Args:
        settings: see there.
        program: the module that is run.

    Raises:
        OSError: no process can be started.
    """

    def __init__(self, settings: DecoderSettings, program: str = PROGRAM) -> None:
        self._settings = settings
        ours, its = pair()
        self._channel = Channel(ours)
        with its:
            self._process = start_program(
                program,
                [str(its.fileno()), str(settings.memory_mb)],
                decoder_environment(),
                its.fileno(),
                silent=True,
            )
        self._began = time.monotonic()
        self._caged: Mapping[str, Any] | None = None

    @property
    def pid(self) -> int:
        """Process id."""
        return self._process.pid

    @property
    def is_alive(self) -> bool:
        """Whether it has not ended."""
        return self._process.poll() is None

    def wait_until_caged(self, check: Callable[[], None]) -> Mapping[str, Any]:
        """Wait until it has closed its door.

        Args:
            check: called several times a second; what it raises ends the wait.

        Returns:
            A message that says what could not be put in force.

        Raises:
            DecoderCrashed: it did not get that far.
        """
        try:
            while self._caged is None:
                check()
                if (message := self._channel.receive(POLL_SECONDS)) is not None:
                    self._caged = checked(message, FROM_CAGE)
                elif time.monotonic() - self._began > START_SECONDS:
                    raise DecoderCrashed(f"the decoder was not ready after {START_SECONDS} s")
            return self._caged
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
        job = {"say": "decode", "limits": asdict(self._settings.limits)}
        try:
            self._channel.send(job, (video, analysis.fileno()))
        except ChannelClosed as error:
            raise DecoderCrashed(f"the decoder died before it saw the video{self.how_it_ended()}") from error

    def how_it_ended(self) -> str:
        """What became of it, in brackets; it is given a moment to end."""
        try:
            code = self._process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            return ""
        return f" (signal {-code})" if code < 0 else f" (status {code})"

    def end(self) -> None:
        """End it, whatever it does."""
        self._process.kill()
        self._process.wait()
        self._channel.close()


class DecoderPool:
    """Starts decoders, each before it is needed: the next video does not wait for an import.

    Args:
        settings: see there.
        program: the module that is run.
    """

    def __init__(self, settings: DecoderSettings, program: str = PROGRAM) -> None:
        self._settings = settings
        self._program = program
        self._ahead: Decoder | None = None
        self._cage = CageRule(settings.cage)

    @property
    def settings(self) -> DecoderSettings:
        """How decoders are run."""
        return self._settings

    def start(self) -> None:
        """Start one ahead, if there is none."""
        if self._ahead is None or not self._ahead.is_alive:
            self.stop()
            self._ahead = Decoder(self._settings, self._program)

    def take(self, check: Callable[[], None]) -> Decoder:
        """A decoder that has closed its door, for one video; the caller ends it.

        Args:
            check: called several times a second; what it raises ends the wait.

        Raises:
            ConfigurationError: a cage is required, and there is none.
            DecoderCrashed: no decoder starts.
        """
        decoder, self._ahead = self.require_cage(check), None
        with suppress(OSError):  # For want of memory, which is no failure of this video.
            self.start()
        return decoder

    def require_cage(self, check: Callable[[], None]) -> Decoder:
        """See that decoders start, and close their doors.

        Args:
            check: see `take`.

        Returns:
            The one that waits for the next video.

        Raises:
            ConfigurationError: a cage is required, and there is none.
            DecoderCrashed: no decoder starts.
        """
        self.start()
        assert self._ahead is not None
        try:
            self._cage.judge("the decoder", self._ahead.wait_until_caged(check))
        except BaseException:
            self.stop()
            raise
        return self._ahead

    def stop(self) -> None:
        """End the one that was started ahead."""
        if self._ahead is not None:
            self._ahead.end()
            self._ahead = None
