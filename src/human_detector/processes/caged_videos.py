"""Videos for commands: every file that somebody sent is opened by a decoder in a cage."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from human_detector.analysis.frame_feed import FrameFeed, Progress, Wanted
from human_detector.errors import DecoderCrashed, VideoError
from human_detector.processes.decoded_feed import DecodedFeed
from human_detector.processes.decoder_pool import Decoder, DecoderPool, DecoderSettings
from human_detector.processes.messages import FROM_DECODER, checked, error_of
from human_detector.processes.wire import BadWire, Channel, ChannelClosed, pair
from human_detector.video.opened import OpenedFile

LOOK_SECONDS = 60
"""How long a decoder may look at a file to say whether it is a video."""


class CagedVideos:
    """Opens videos, each in a process of its own.

    Args:
        settings: how decoders are run.
    """

    def __init__(self, settings: DecoderSettings) -> None:
        self._pool = DecoderPool(settings)

    def open(self, path: Path | str, wanted: Wanted, progress: Progress) -> FrameFeed:
        """See `OpenVideo`.

        Raises:
            VideoError: the file cannot be opened.
            DecoderCrashed: there is no decoder.
            ConfigurationError: a cage is required, and there is none.
        """
        decoder, channel = self._decoder_with(Path(path))
        return DecodedFeed(channel, wanted, progress, self._pool.settings.limits, decoder)

    def declared_length(self, path: Path) -> tuple[float, float]:
        """See video/probe.py."""
        looked = self._look(path, decode=False)
        return looked["seconds"], looked["frames"]

    def why_no_video(self, path: Path) -> str | None:
        """See video/probe.py."""
        try:
            return self._look(path, decode=True)["why_no_video"] or None
        except (VideoError, DecoderCrashed) as error:
            return str(error)

    def close(self) -> None:
        """End the process that decoders come from."""
        self._pool.stop()

    def _decoder_with(self, path: Path) -> tuple[Decoder, Channel]:
        """A decoder that holds the file, and the way to it."""
        file = OpenedFile(path)
        try:
            decoder = self._pool.take(lambda: None)
            ours, its = pair()
            try:
                with its:
                    decoder.decode(file.descriptor, its)
            except BaseException:
                ours.close()
                decoder.end()
                raise
        finally:
            file.close()
        return decoder, Channel(ours)

    def _look(self, path: Path, *, decode: bool) -> Mapping[str, Any]:
        decoder, channel = self._decoder_with(path)
        try:
            channel.send({"say": "look", "decode": decode})
            message = channel.receive(LOOK_SECONDS)
            if message is None:
                raise VideoError(f"it could not be told in {LOOK_SECONDS} s whether the file is a video")
            looked = checked(message, {name: FROM_DECODER[name] for name in ("looked", "failed")})
        except ChannelClosed as error:
            raise DecoderCrashed(f"the decoder died{decoder.how_it_ended()}") from error
        except BadWire as error:
            raise DecoderCrashed(f"the decoder sent what it must not send: {error}") from error
        finally:
            channel.close()
            decoder.end()
        if looked["say"] == "failed":
            raise error_of(looked)
        return looked
