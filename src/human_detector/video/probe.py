"""How long a file says that it is; and by trying to decode it, whether it is a video at all."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import av

from human_detector.errors import VideoError
from human_detector.video.file import VideoFile

_PHOTOGRAPH = "jpeg_pipe"
"""FFmpeg's reader of JPEG files. What else it finds in one is a preview or a map of brightness."""
STILL_PICTURE = "a still picture, not a video"


def declared_length(file: Path | int) -> tuple[float, float]:
    """How long a file says that it is: seconds and frames, 0 where it does not say.

    Raises:
        VideoError: the file is no video.
    """
    with VideoFile(file) as video:
        seconds = (video.container.duration or 0) / av.time_base
        rate = video.stream.average_rate or video.stream.guessed_rate or 0
        return max(seconds, 0.0), max(video.stream.frames or seconds * float(rate), 0.0)


def why_no_video(file: Path | int) -> str | None:
    """None for a file with moving pictures, else what is wrong with it.

    Args:
        file: that can be opened. Text, sound, subtitles and single pictures are no videos, though FFmpeg
            opens them.
    """
    try:
        with VideoFile(file) as video:
            if video.container.format.name == _PHOTOGRAPH:
                return STILL_PICTURE
            match len(list(islice(_frames(video), 2))):
                case 0:
                    return "not one frame of the file can be decoded"
                case 1:
                    return STILL_PICTURE
            return None
    except VideoError as error:
        return str(error)


def _frames(file: VideoFile) -> Iterator[av.VideoFrame]:
    """Whatever frames can be decoded."""
    try:
        for packet in file.packets():
            if packet.stream_index == file.stream.index and packet.size:
                yield from file.stream.decode(packet)
        yield from file.stream.decode(None)
    except av.FFmpegError:
        return
