"""The strongest moments of a result, with pictures."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2

from human_detector.drawing.annotation import annotate, scale_to_width
from human_detector.errors import Interrupted
from human_detector.values import Image
from human_detector.video.source import VideoSource

PER_DETECTOR = 6
LEAST_GAP_SECONDS = 1.0
PICTURE_WIDTH = 320
JPEG_QUALITY = 80

Frame = Mapping[str, Any]
"""An analysed frame, as the result file has it."""


@dataclass(frozen=True, slots=True)
class Moment:
    """A frame in which a detector found much.

    Attributes:
        frame: the analysed frame.
        detector: whose moment it is.
    """

    frame: Frame
    detector: str

    @property
    def scores(self) -> list[float]:
        """Of what was found, the best first."""
        return sorted((found["score"] for found in self.frame["detections"][self.detector]), reverse=True)


def strongest_moments(document: Mapping[str, Any]) -> list[Moment]:
    """The best frames of each detector, in the order of time.

    A frame is as strong as the sum of its scores. The moments of one detector lie at least a second and a
    fiftieth of the video apart, so that they are different scenes where there are some.

    Args:
        document: a result.
    """
    gap = max(LEAST_GAP_SECONDS, document["video"]["duration"] / 50)
    moments: list[Moment] = []
    for detector in document["summary"]["detectors"]:
        candidates = [
            Moment(frame, detector) for frame in document["frames"] if frame["detections"][detector]
        ]
        candidates.sort(key=lambda moment: sum(moment.scores), reverse=True)
        moments += _apart(candidates, gap)
    return sorted(moments, key=lambda moment: float(moment.frame["timestamp"]))


def take_pictures(
    video: Path, moments: Sequence[Moment], progress: Callable[[float], None], stop: Callable[[], bool]
) -> list[str]:
    """A small picture of each moment with its boxes, as `data:` addresses.

    Args:
        video: what was analysed.
        moments: of its result.
        progress: called with the share of the video that is read, 0 to 1.
        stop: asked for every frame.

    Raises:
        VideoError: the video can no longer be read.
        Interrupted: `stop` said so.
    """
    wanted = {moment.frame["index"] for moment in moments}
    if not wanted:
        return []

    def is_wanted(index: int) -> bool:
        if stop():
            raise Interrupted("stopped while the pictures of the report were taken")
        progress(source.progress)
        return index in wanted

    images: dict[int, Image] = {}
    with VideoSource(video, is_sampled=is_wanted) as source:
        for frame in source.frames():
            images[frame.index] = scale_to_width(frame.image, PICTURE_WIDTH)
            if len(images) == len(wanted):
                break
    return [_draw(images[moment.frame["index"]], moment) for moment in moments]


def _apart(candidates: Sequence[Moment], gap: float) -> list[Moment]:
    """The first few candidates that keep their distance from the ones before."""
    chosen: list[Moment] = []
    for moment in candidates:
        time = moment.frame["timestamp"]
        if all(abs(time - other.frame["timestamp"]) >= gap for other in chosen):
            chosen.append(moment)
            if len(chosen) == PER_DETECTOR:
                break
    return chosen


def _draw(image: Image, moment: Moment) -> str:
    # With all detectors, so that each has the colour that it has elsewhere.
    others: dict[str, list[Any]] = {name: [] for name in moment.frame["detections"]}
    picture = annotate(image, {**others, moment.detector: moment.frame["detections"][moment.detector]})
    options = [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY]
    _, data = cv2.imencode(".jpg", cv2.cvtColor(picture, cv2.COLOR_RGB2BGR), options)
    return "data:image/jpeg;base64," + base64.b64encode(data.tobytes()).decode()
