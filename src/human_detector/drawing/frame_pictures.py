"""Pictures that are cut out of a video: the analysed frames, and the best view of everybody."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import cv2

from human_detector.errors import PermanentError, VideoError
from human_detector.results.exports.data_sets import picture_name
from human_detector.values import Image
from human_detector.video.source import VideoSource

JPEG_QUALITY = 95
TIME_TOLERANCE_SECONDS = 0.05

AnalysedFrame = Mapping[str, Any]
"""An analysed frame, as the result file has it."""
Take = Callable[[Image, AnalysedFrame], None]


def take_pictures(video: Path, frames: Sequence[AnalysedFrame], takers: Sequence[Take]) -> None:
    """Hand the picture of every analysed frame to all who want it; the video is decoded once.

    Args:
        video: what was analysed.
        frames: of its result.
        takers: called with each picture, RGB uint8 [height, width, 3], and its frame.

    Raises:
        VideoError: the video can no longer be read, or it has other frames: it is another one.
    """
    wanted = {frame["index"]: frame for frame in frames}
    for index, timestamp, image in _pictures(video, wanted):
        frame = wanted.pop(index)
        check_time(index, timestamp, frame["timestamp"])
        for take in takers:
            take(image, frame)
    if wanted:
        raise VideoError(f"the video is not the one of the result: it has no frame {min(wanted)}")


def _pictures(video: Path, wanted: Mapping[int, AnalysedFrame]) -> Iterator[tuple[int, float, Image]]:
    with VideoSource(video, is_sampled=wanted.__contains__) as source:
        last = max(wanted, default=-1)
        for frame in source.frames():
            yield frame.index, frame.timestamp, frame.image
            if frame.index == last:
                return


def check_time(index: int, found: float, expected: float) -> None:
    """Return if a frame is when the result says.

    Raises:
        VideoError: it is not: the video is another one.
    """
    if abs(found - expected) > TIME_TOLERANCE_SECONDS:
        raise VideoError(
            f"the video is not the one of the result: frame {index} is at {found:.3f} s, "
            f"in the result it is at {expected:.3f} s"
        )


class FramePictures:
    """Writes the frames as JPEG, under the names that the labels have for them.

    Args:
        folders: each gets all pictures; they are made if need be.
        name: of the result, without suffix.
    """

    def __init__(self, folders: Sequence[Path], name: str) -> None:
        self._folders = folders
        self._name = name
        for folder in folders:
            folder.mkdir(parents=True, exist_ok=True)

    def take(self, image: Image, frame: AnalysedFrame) -> None:
        """Write a frame."""
        data = encoded(image)
        for folder in self._folders:
            (folder / picture_name(self._name, frame["index"])).write_bytes(data)


def encoded(image: Image) -> bytes:
    """A picture as JPEG."""
    options = [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY]
    is_encoded, data = cv2.imencode(".jpg", cv2.cvtColor(image, cv2.COLOR_RGB2BGR), options)
    if not is_encoded:
        raise PermanentError(f"a picture of {image.shape[1]}x{image.shape[0]} cannot be written as JPEG")
    return data.tobytes()
