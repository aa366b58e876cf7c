"""The strongest moments of a result, with pictures."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from human_detector.drawing.annotation import annotate, scale_to_width, to_address
from human_detector.drawing.frame_pictures import check_time
from human_detector.errors import Interrupted, VideoError
from human_detector.values import Image
from human_detector.video.source import VideoSource

PER_DETECTOR = 6
LEAST_GAP_SECONDS = 1.0
PICTURE_WIDTH = 320
STILL_WIDTH = 960

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


def take_images(
    video: Path, moments: Sequence[Moment], progress: Callable[[float], None], stop: Callable[[], bool]
) -> dict[int, Image]:
    """The pictures of moments, by index of the frame, as wide as the page shows one in place of the video.

    Args:
        video: what was analysed.
        moments: of its result.
        progress: called with the share of the video that is read, 0 to 1.
        stop: asked for every frame.

    Raises:
        VideoError: the video can no longer be read, or it has no such frames: it is another one.
        Interrupted: `stop` said so.
    """
    times = {moment.frame["index"]: moment.frame["timestamp"] for moment in moments}
    if not times:
        return {}

    def is_wanted(index: int) -> bool:
        if stop():
            raise Interrupted("stopped while the pictures of the report were taken")
        progress(source.progress)
        return index in times

    images: dict[int, Image] = {}
    with VideoSource(video, is_sampled=is_wanted) as source:
        for frame in source.frames():
            check_time(frame.index, frame.timestamp, times[frame.index])
            images[frame.index] = scale_to_width(frame.image, min(STILL_WIDTH, frame.image.shape[1]))
            if len(images) == len(times):
                return images
        frames = source.info().frame_count
    raise VideoError(
        f"the video is not the one of the result: it has {frames} frames, the result has frame {max(times)}"
    )


def draw_moment(image: Image, moment: Moment) -> str:
    """A small picture of a moment with the boxes of its detector, as a `data:` address."""
    # With all detectors, so that each has the colour that it has elsewhere.
    others: dict[str, list[Any]] = {name: [] for name in moment.frame["detections"]}
    boxes = {**others, moment.detector: moment.frame["detections"][moment.detector]}
    return to_address(annotate(scale_to_width(image, PICTURE_WIDTH), boxes))


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
