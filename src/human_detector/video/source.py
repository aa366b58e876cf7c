"""Reads a local video file frame by frame: RGB images of the sampled frames, and facts about all of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Self, cast

import av
import numpy as np
from av.packet import Packet
from av.video.stream import VideoStream
from numpy.typing import NDArray

from human_detector.errors import VideoError
from human_detector.values import VideoInfo
from human_detector.video.damage import Damage
from human_detector.video.file import OUT_OF_MEMORY, VideoFile
from human_detector.video.frame_converter import FrameConverter
from human_detector.video.integrity import IntegrityCheck
from human_detector.video.limits import NO_LIMITS, VideoLimits
from human_detector.video.timestamps import Timestamps

# AV1's decoder drops a damaged frame without an error. In other formats a packet may rightly show nothing.
_FRAME_PER_PACKET = {"av1"}

# A thread that cannot be started for want of memory is an operation that would block.
_LACK_OF_MEMORY = (MemoryError, av.BlockingIOError)


@dataclass(frozen=True)
class Frame:
    """One frame of a video.

    Attributes:
        index: counts decoded frames in presentation order, from 0.
        timestamp: seconds from the first frame, from the stream's own time stamps.
        image: RGB, uint8 [height, width, 3], rotated for display, C-contiguous.
    """

    index: int
    timestamp: float
    image: NDArray[np.uint8]


def every_frame(index: int) -> bool:  # noqa: ARG001 (the signature of FrameSampler.is_sampled)
    """Samples every frame."""
    return True


class VideoSource:
    """The frames of one local video file, in one pass. A context manager.

    Memory does not grow with the length of the video. Damage does not end the pass: every frame that can be
    decoded is given, and `info().complete` is False.

    Args:
        file: the path of a local file, or the descriptor of an opened one, which stays open and its owner's.
            A name is only a name: no addresses, patterns or playlists.
        is_sampled: tells for the index of a frame whether to give it. The others are decoded, since later
            frames build on them, but not converted to RGB.
        limits: what the video may ask for.

    Raises:
        VideoError: the file holds no video that can be decoded, or one that asks for too much; why, in a
            sentence that does not name it.
    """

    def __init__(
        self,
        file: Path | str | int,
        *,
        is_sampled: Callable[[int], bool] = every_frame,
        limits: VideoLimits = NO_LIMITS,
    ) -> None:
        self._given = file
        self._is_sampled = is_sampled
        self._limits = limits
        self._file = VideoFile(file, limits)
        self._integrity = IntegrityCheck(self._file)
        stream = self._file.stream
        # Kept here, since a stream must not be touched once its container is closed.
        self._codec = stream.codec_context.codec.canonical_name
        self._time_base = stream.time_base or Fraction(0)
        self._timestamps = Timestamps(_declared_rate(stream))
        self._start_stamp = stream.start_time
        self._converter: FrameConverter | None = None
        self._origin: float | None = None
        self._last_stamp: int | None = None
        self._missing = 0  # packets that have neither become a frame nor failed
        self._damage = Damage()
        self._progress = 0.0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        error_type: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Closes the file. `info()` and `progress` stay valid, `frames()` must not be read on."""
        self._file.close()
        # A callable that looks at `progress` refers back to this object, and the ring would keep the decoder
        # with its threads until the garbage collector comes by.
        self._is_sampled = every_frame

    @property
    def given(self) -> Path | str | int:
        """The path or the descriptor."""
        return self._given

    @property
    def origin(self) -> float:
        """Where time 0 lies on the file's own clock, in seconds; known once the first frame was given."""
        return self._origin or 0.0

    @property
    def progress(self) -> float:
        """The share of the file that has been read, 0 to 1. It never falls; 1.0 is the end of `frames()`."""
        return self._progress

    def info(self) -> VideoInfo:
        """Returns the facts about the video; before `frames()` is exhausted, about what was read so far."""
        width, height = self._converter.size if self._converter else (0, 0)
        timestamps, damage = self._timestamps, self._damage.describe()
        return VideoInfo(
            width=width,
            height=height,
            fps=timestamps.fps,
            duration=timestamps.duration,
            frame_count=timestamps.frame_count,
            complete=not damage,
            damage=damage,
        )

    def frames(self) -> Iterator[Frame]:
        """Decodes the video and gives the sampled frames, in presentation order.

        Raises:
            VideoError: not one frame can be decoded, its pixels cannot be converted to RGB, or there are too
                many frames or too little memory for them.
        """
        for decoded in self._decoded_frames():
            index = self._timestamps.frame_count
            if reason := self._limits.why_too_many_frames(index + 1):
                raise VideoError(reason)
            timestamp = self._place(decoded)
            if self._converter is None:
                self._converter = FrameConverter(decoded, self._codec)
            if self._is_sampled(index):
                yield Frame(index, timestamp, _to_rgb(self._converter, decoded))
        if not self._timestamps.frame_count:
            raise VideoError(self._why_no_frame())
        self._progress = 1.0

    def _why_no_frame(self) -> str:
        sentence = f"not one frame of the file's video stream ({self._codec}) can be decoded"
        return f"{sentence}: {self._damage.describe()}" if self._damage.too_large else sentence

    def _decoded_frames(self) -> Iterator[av.VideoFrame]:
        yield from self._decode(self._file)
        self._integrity.report(self._damage)
        if self._codec in _FRAME_PER_PACKET:
            self._damage.lost += max(self._missing, 0)
        if self._missing > 0:
            yield from self._decode_tail(self._last_stamp, self._timestamps.frame_count)

    def _decode_tail(self, last_stamp: int | None, given: int) -> Iterator[av.VideoFrame]:
        """Decodes the end again, one frame at a time, and gives the frames that are still missing.

        Frame threads hold back as many frames as there are threads. At the end of the stream PyAV fetches
        them in one call, which gives up at the first damaged frame and loses the good ones with it. With a
        cut MP4 that happens every time.

        Args:
            last_stamp: of the frames that were given; None where the stream has no stamps.
            given: how many these were.
        """
        with VideoFile(self._given, self._limits) as file:
            file.stream.thread_type = "SLICE"
            if last_stamp is not None:
                try:
                    file.container.seek(last_stamp, stream=file.stream)
                except av.FFmpegError:
                    return
            seen_before = replace(self._damage)
            for number, frame in enumerate(self._decode(file)):
                stamp = _stamp(frame)
                if number >= given if last_stamp is None else stamp is not None and stamp > last_stamp:
                    yield frame
            if seen_before.describe():  # Else what the end was missing was not noticed before.
                self._damage = seen_before

    def _decode(self, file: VideoFile) -> Iterator[av.VideoFrame]:
        """Gives all frames that can be decoded from where the file stands; takes note of the others."""
        for packet in self._video_packets(file):
            try:
                frames = file.stream.decode(packet)
            except av.FFmpegError as error:
                self._note_lost_frame(file, error)
                self._missing -= packet is not None  # lost for good, unlike what follows an error at the end
                frames = []
            if packet is not None:
                self._damage.damaged_packets += packet.is_corrupt
                self._missing += not packet.is_discard  # samples outside of an MP4's edit list yield no frame
            self._missing -= len(frames)
            for frame in frames:
                self._damage.damaged_frames += frame.is_corrupt
                yield frame

    def _note_lost_frame(self, file: VideoFile, error: av.FFmpegError) -> None:
        """Counts a frame that a decoder refused; what it lacked memory for is no damage of the file."""
        context = file.stream.codec_context
        # Some decoders tell a frame that is too large from one that there is no memory for, others do not.
        if self._limits.why_frame_too_large(context.width, context.height):
            self._damage.too_large += 1
        elif isinstance(error, _LACK_OF_MEMORY):
            raise VideoError(OUT_OF_MEMORY) from error
        else:
            self._damage.lost += 1

    def _video_packets(self, file: VideoFile) -> Iterator[Packet[VideoStream] | None]:
        """Gives the packets of the video stream, then None: the decoder is to hand out what it holds back."""
        try:
            for packet in file.packets():
                self._integrity.watch(packet)
                if packet.pos is not None:
                    self._progress = max(self._progress, min(packet.pos / file.size, 1.0))
                # An empty packet, such as PyAV's own last ones, would end the decoding.
                if packet.stream_index == file.stream.index and packet.size:
                    yield cast("Packet[VideoStream]", packet)
        except MemoryError as error:
            raise VideoError(OUT_OF_MEMORY) from error
        except av.FFmpegError:
            self._damage.cannot_be_read = True
        yield None

    def _place(self, frame: av.VideoFrame) -> float:
        """Puts the frame on the time line; returns its seconds from the first frame."""
        stamp = _stamp(frame)
        if stamp is not None:
            self._last_stamp = max(stamp, self._last_stamp if self._last_stamp is not None else stamp)
        seconds = None if stamp is None else float(stamp * self._time_base)
        if self._origin is None:
            # A decoding stamp is later than the frame by what the decoder held back; where the stream starts
            # is where its first frame is shown.
            start = frame.pts if frame.pts is not None else self._start_stamp
            self._origin = float((start or 0) * self._time_base)
        return self._timestamps.add(seconds, float(frame.duration * self._time_base))


def _stamp(frame: av.VideoFrame) -> int | None:
    """Returns the frame's stamp in units of the stream's time base.

    Some containers, AVI for one, know decoding stamps only. A decoder hands out frames in presentation order,
    each with the decoding stamp of the packet that released it, so these serve as well.
    """
    return frame.pts if frame.pts is not None else frame.dts


def _to_rgb(converter: FrameConverter, frame: av.VideoFrame) -> NDArray[np.uint8]:
    try:
        return converter.convert(frame)
    except MemoryError as error:
        raise VideoError(OUT_OF_MEMORY) from error
    except (av.FFmpegError, ValueError) as error:
        name = frame.format.name
        raise VideoError(f"the video's pixel format ({name}) cannot be converted to RGB") from error


def _declared_rate(stream: VideoStream) -> float | None:
    rate = stream.average_rate or stream.guessed_rate
    return float(rate) if rate else None
