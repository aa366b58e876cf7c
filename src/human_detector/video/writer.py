"""Writes pictures as an MP4 that every browser plays."""

from __future__ import annotations

import math
from contextlib import suppress
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Self

import av
import numpy as np
from av.video.reformatter import ColorRange, Colorspace
from av.video.stream import VideoStream

from human_detector.values import Image
from human_detector.video.sound import Sound

TICKS_PER_SECOND = 90_000
_BT709 = 1  # the number of ITU-T H.273 for matrix, primaries and transfer alike
_UNKNOWN_RATE = 25
_DAMAGED = (av.InvalidDataError, av.ArgumentError, av.PatchWelcomeError)
"""What FFmpeg says of a packet that fits into no MP4."""


class VideoWriter:
    """An H.264 video in an MP4 file. A context manager.

    Every picture keeps its own time stamp, so a varying frame rate stays as it was. The file appears under
    its name when the block ends without an error, complete; else nothing is left.

    Args:
        path: the file.
        fps: frames per second that the file declares; 0 if unknown.
        sound: what is heard; None for a silent video.
        quality: x264's constant rate factor, lower is better and larger: 18 looks like the original.
        comment: what the file says about itself.
    """

    def __init__(
        self, path: Path, fps: float, sound: Sound | None = None, quality: int = 20, comment: str = ""
    ) -> None:
        self._path = path
        self._part = path.with_name(path.name + ".part")
        self._rate = Fraction(fps or _UNKNOWN_RATE).limit_denominator(1001)
        self._sound = sound
        self._quality = quality
        # With the index in front, a browser starts to play before it has the whole file.
        self._container = av.open(str(self._part), "w", format="mp4", options={"movflags": "+faststart"})
        self._container.metadata["comment"] = comment
        self._stream: VideoStream | None = None
        self._last_stamp = -1

    def write(self, image: Image, timestamp: float) -> None:
        """Add a picture.

        Args:
            image: RGB uint8 [height, width, 3], all of one size.
            timestamp: seconds from the first picture; never less than the one before.
        """
        image = _even(image)
        if self._stream is None:
            self._stream = self._open_stream(image)
            if self._sound:
                self._sound.open_tracks(self._container)
        frame = av.VideoFrame.from_ndarray(image, format="rgb24").reformat(
            format="yuv420p", dst_colorspace=Colorspace.ITU709, dst_color_range=ColorRange.MPEG
        )
        # Some videos show two frames at the same time; a file may not.
        self._last_stamp = max(round(timestamp * TICKS_PER_SECOND), self._last_stamp + 1)
        frame.pts, frame.time_base = self._last_stamp, Fraction(1, TICKS_PER_SECOND)
        self._container.mux(self._stream.encode(frame))
        self._write_sound(timestamp)

    def _open_stream(self, image: Image) -> VideoStream:
        options = {"crf": str(self._quality), "preset": "veryfast"}
        stream = self._container.add_stream("libx264", rate=self._rate, options=options)
        stream.height, stream.width = image.shape[:2]
        stream.pix_fmt = "yuv420p"  # browsers play no other
        context = stream.codec_context
        context.time_base = Fraction(1, TICKS_PER_SECOND)
        context.colorspace = context.color_primaries = context.color_trc = _BT709
        context.color_range = ColorRange.MPEG
        return stream

    def _write_sound(self, until: float) -> None:
        """Keep the sound close to the pictures in the file, so that a player finds both in one place."""
        if self._sound:
            for packet in self._sound.take(until):
                with suppress(*_DAMAGED):  # such a moment is silent
                    self._container.mux(packet)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        is_whole = kind is None and self._stream is not None
        try:
            if is_whole:
                assert self._stream is not None
                self._container.mux(self._stream.encode(None))
                self._write_sound(math.inf)
            self._container.close()
            if is_whole:
                self._part.replace(self._path)
        finally:
            self._part.unlink(missing_ok=True)


def _even(image: Image) -> Image:
    """The picture with its last row and column doubled where needed: yuv420p knows even sizes only."""
    height, width = image.shape[:2]
    if height % 2 or width % 2:
        image = np.pad(image, ((0, height % 2), (0, width % 2), (0, 0)), mode="edge")
    return image
