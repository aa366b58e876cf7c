"""Finds out before any work whether a video is the one that a result tells of."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from human_detector.errors import VideoError
from human_detector.values import VideoInfo
from human_detector.video.file import VideoFile
from human_detector.video.source import VideoSource
from human_detector.video.timestamps import Timestamps

FRAMES_TOLERANCE = (2, 0.1)
"""At least, and as a share: not every packet is a frame, some codecs have hidden ones."""
SECONDS_TOLERANCE = (0.5, 0.02)


def check_same_video(video: Path, document: Mapping[str, Any]) -> None:
    """Compare what a result says of its video with a file: the size, the frames and the duration.

    One frame is decoded. The others are only counted as they lie in the file, which takes no longer than to
    read it.

    Args:
        video: the file.
        document: the result.

    Raises:
        VideoError: the file is no video, or another one; says what differs.
    """
    expected, found = document["video"], _measure(video)
    is_partial = not expected["complete"]
    differences = []
    if (found.width, found.height) != (expected["width"], expected["height"]):
        sizes = [f"{each['width']}x{each['height']}" for each in (found.to_dict(), expected)]
        differences.append("it is {}, in the result it is {}".format(*sizes))
    if _differ(found.frame_count, expected["frame_count"], *FRAMES_TOLERANCE, is_partial):
        differences.append(
            f"it has {found.frame_count} frames, in the result it has {expected['frame_count']}"
        )
    if _differ(found.duration, expected["duration"], *SECONDS_TOLERANCE, is_partial):
        differences.append(
            f"it lasts {found.duration:.1f} s, in the result it lasts {expected['duration']:.1f} s"
        )
    if differences:
        raise VideoError(f"the video is not the one of the result: {'; '.join(differences)}")


def _measure(video: Path) -> VideoInfo:
    """What a file seems to hold: the size of its first frame, and its packets."""
    with VideoSource(video) as source:
        next(source.frames())
        first = source.info()
    timestamps = Timestamps(None)
    with VideoFile(video) as file:
        unit = file.stream.time_base or 0
        for packet in file.packets():
            if packet.stream_index == file.stream.index and packet.size and not packet.is_discard:
                stamp = None if packet.dts is None else float(packet.dts * unit)
                timestamps.add(stamp, float((packet.duration or 0) * unit))
    return VideoInfo(
        first.width, first.height, timestamps.fps, timestamps.duration, timestamps.frame_count, first.complete
    )


def _differ(found: float, expected: float, least: float, share: float, is_partial: bool) -> bool:
    """Whether two numbers are further apart than a tolerance; of a partial result only if it has more."""
    tolerance = max(least, share * expected)
    return expected - found > tolerance or (not is_partial and found - expected > tolerance)
