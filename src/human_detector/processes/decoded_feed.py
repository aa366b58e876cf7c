"""The frames that a decoder process hands over, as the analysis sees them: nothing is taken on trust."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from human_detector.analysis.frame_feed import Progress, SampledFrame, Wanted
from human_detector.analysis.sampling import FrameSampler
from human_detector.analysis.still_scenes import Gap
from human_detector.errors import DecoderCrashed
from human_detector.processes.decoder_pool import Decoder
from human_detector.processes.messages import FROM_DECODER, checked, error_of, video_of
from human_detector.processes.ring import FrameRing, Pictures, SlotLayout
from human_detector.processes.wire import BadWire, Channel, ChannelClosed
from human_detector.values import VideoInfo
from human_detector.video.limits import VideoLimits

STALL_SECONDS = 300
"""How long a decoder may be silent before a command gives its video up. The worker has `stall_timeout`."""


class DecodedFeed:
    """See `FrameFeed`.

    Args:
        channel: to the decoder, which holds the video.
        wanted: which frames, and how.
        progress: called whenever the decoder gives a sign of life.
        limits: what the video may ask for.
        decoder: the one at the other end, to be ended with this; None where somebody else sees to that.
    """

    def __init__(
        self,
        channel: Channel,
        wanted: Wanted,
        progress: Progress,
        limits: VideoLimits,
        decoder: Decoder | None = None,
    ) -> None:
        self._channel = channel
        self._wanted = wanted
        self._report = progress
        self._limits = limits
        self._decoder = decoder
        self._ring: FrameRing | None = None
        self._gap: Gap | None = None
        self._info = VideoInfo(0, 0, 0.0, 0.0, 0, complete=True)
        self._progress = 0.0

    def close(self) -> None:
        """See `FrameFeed`."""
        if self._ring is not None:
            self._ring.close()
        self._channel.close()
        if self._decoder is not None:
            self._decoder.end()

    @property
    def progress(self) -> float:
        """See `FrameFeed`."""
        return self._progress

    def info(self) -> VideoInfo:
        """See `FrameFeed`."""
        return self._info

    def frames(self) -> Iterator[SampledFrame]:
        """See `FrameFeed`."""
        try:
            yield from self._frames()
        except ChannelClosed as error:
            how = self._decoder.how_it_ended() if self._decoder else ""
            raise DecoderCrashed(f"the decoder died{how}") from error
        except BadWire as error:
            raise DecoderCrashed(f"the decoder sent what it must not send: {error}") from error

    def _frames(self) -> Iterator[SampledFrame]:
        self._channel.send(
            {
                "say": "wanted",
                "frame_ratio": self._wanted.frame_ratio,
                "first": self._wanted.first,
                "sizes": list(self._wanted.sizes),
                "skip_still": self._wanted.skip_still,
            }
        )
        last, last_time = self._wanted.first - 1, 0.0
        is_sampled = FrameSampler(self._wanted.frame_ratio).is_sampled
        while True:
            message = self._message()
            match message["say"]:
                case "opened":
                    self._open_ring(message["width"], message["height"])
                case "frame" | "still" as kind:
                    index, timestamp = message["index"], message["timestamp"]
                    if not last < index < self._limits.max_frames or not is_sampled(index):
                        raise BadWire(f"frame {index}, which is none of those that are wanted")
                    if timestamp < last_time:
                        raise BadWire(f"frame {index} at {timestamp} s, before the one before it")
                    last, last_time = index, timestamp
                    is_still = kind == "still"
                    self._watch_gap(index, timestamp, is_still=is_still)
                    yield SampledFrame(index, timestamp, {} if is_still else self._pictures())
                case "ended":
                    return

    def _message(self) -> Any:
        """The decoder's next message, after whose facts the video so far is known."""
        while True:
            received = self._channel.receive(STALL_SECONDS if self._decoder else None)
            if received is None:
                raise DecoderCrashed(f"the decoder gave no sign of life for {STALL_SECONDS:g} s")
            message = checked(received, FROM_DECODER)
            if message["say"] == "failed":
                raise error_of(message)
            if "video" in message:
                self._info = video_of(message)
                is_over = message["say"] == "ended"
                # 1.0 is said once, at the end: whoever stops before it has not seen the whole video.
                share = 1.0 if is_over else min(message["progress"], 1 - 1e-9)
                self._progress = max(self._progress, share)
                self._report(self._progress)
            if message["say"] != "alive":
                return message

    def _open_ring(self, width: int, height: int) -> None:
        """Make the memory for the frames, and hand it to the decoder."""
        if self._ring is not None:
            raise BadWire("a video that is opened twice")
        if width * height > self._limits.max_frame_pixels:
            raise BadWire(f"frames of {width} x {height} pixels")
        self._ring = FrameRing(SlotLayout(self._wanted.sizes, width, height), self._wanted.held + 2)
        memory = {"say": "memory", "slots": self._ring.slots}
        self._channel.send(memory, (self._ring.memory, self._ring.free_slots))

    def _watch_gap(self, index: int, timestamp: float, *, is_still: bool) -> None:
        """See that there is something to carry on to a still frame, and that it is not too old."""
        if self._gap is None:
            self._gap = Gap()
            if self._wanted.first:
                self._gap.analyze(timestamp)  # An earlier analysis has; when, nobody knows any more.
        if not is_still:
            self._gap.analyze(timestamp)
        elif self._wanted.skip_still and self._gap.may_carry(timestamp):
            self._gap.carry()
        else:
            raise BadWire(f"frame {index} without a picture, which must have one")

    def _pictures(self) -> Pictures:
        if self._ring is None:
            raise BadWire("a frame of a video that is not opened")
        return self._ring.take()
