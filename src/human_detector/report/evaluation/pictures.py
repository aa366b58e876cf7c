"""Pictures of mistakes: the part of the frame around each, with what is labelled and what was found."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from human_detector.drawing.annotation import annotate, scale_to_width, to_address
from human_detector.errors import PermanentError
from human_detector.report.evaluation.given_results import GivenResult
from human_detector.report.evaluation.mistakes import Mistake, box_of
from human_detector.report.moments import Moment, take_images
from human_detector.report.same_video import check_same_video
from human_detector.values import Box, Image

PICTURE_WIDTH = 400
CONTEXT = 2.0
"""Around a box is so much of its own size on each side,"""
LEAST_VIEW = 0.3
"""and at least this share of the frame is seen."""

Address = str


class Pictures:
    """Takes pictures of frames out of videos, each video read once.

    Args:
        folder: where the videos are; None for where the results say.
    """

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self._images: dict[tuple[str, int], Image] = {}
        self.problems: dict[str, str] = {}
        """Why there are no pictures of a video, by its name."""

    def take(self, result: GivenResult, video: str, indexes: Sequence[int]) -> None:
        """Take the frames of a video that will be asked for.

        Args:
            result: of the video.
            video: its name.
            indexes: the frames.
        """
        frames = result.frames()
        wanted = sorted({index for index in indexes if (video, index) not in self._images})
        if not wanted or video in self.problems:
            return
        moments = [Moment(frames[index], "") for index in wanted]
        try:
            path = self._find(result)
            check_same_video(path, result.document)
            images = take_images(path, moments, lambda _: None, lambda: False)
        except (PermanentError, OSError) as error:
            self.problems[video] = str(error)
            return
        self._images.update({(video, index): image for index, image in images.items()})

    def draw(self, mistake: Mistake, threshold: float) -> Address | None:
        """The picture of a mistake as a `data:` address; None if its video is not there.

        Args:
            mistake: what to show.
            threshold: detections with less are not drawn.
        """
        image = self._images.get((mistake.frame.video, mistake.frame.index))
        if image is None:
            return None
        view = _view(mistake.box)
        height, width = image.shape[:2]
        part = image[
            int(view.y_min * height) : max(int(view.y_max * height), 1),
            int(view.x_min * width) : max(int(view.x_max * width), 1),
        ]
        return to_address(annotate(scale_to_width(part, PICTURE_WIDTH), _boxes(mistake, view, threshold)))

    def _find(self, result: GivenResult) -> Path:
        """The video of a result.

        Raises:
            PermanentError: it is not where it should be.
        """
        video = result.document["video"]
        place = video.get("file") or video.get("key")
        if self._folder is not None and place:
            path = self._folder / PurePosixPath(place).name
        elif video.get("file"):
            path = Path(result.place).parent / video["file"]
        else:
            raise PermanentError("the result does not say where the video is; --videos DIR does")
        if not path.is_file():
            raise PermanentError(f"the video is not at {path}; --videos DIR says where it is")
        return path


def frames_by_video(mistakes: Sequence[Mistake]) -> Mapping[str, list[int]]:
    """The frames that pictures are needed of."""
    frames: dict[str, list[int]] = defaultdict(list)
    for mistake in mistakes:
        frames[mistake.frame.video].append(mistake.frame.index)
    return frames


def _boxes(mistake: Mistake, view: Box, threshold: float) -> dict[str, list[dict[str, Any]]]:
    """What is drawn, each kind in the colour of its place: missed, false alarm, right."""
    pairing = mistake.pairing
    missed = [
        {"label": "missed", "box": truth.box}
        for truth, score in zip(pairing.truth, pairing.found_by, strict=True)
        if score is None or score < threshold
    ]
    found = [
        ({"label": label, "score": each["score"], "box": box_of(each)}, right)
        for each, right, ignored in zip(pairing.found, pairing.right, pairing.ignored, strict=True)
        if each["score"] >= threshold and not ignored
        for label in ["right" if right else "wrong"]
    ]
    kinds = {
        "missed": missed,
        "wrong": [each for each, right in found if not right],
        "right": [each for each, right in found if right],
    }
    return {
        kind: [{**each, "box": seen} for each in boxes if (seen := _seen(each["box"], view))]
        for kind, boxes in kinds.items()
    }


def _view(box: Box) -> Box:
    """The part of the frame that shows a box and what is around it."""
    return Box.clipped(
        *(_around(box.x_min, box.x_max)[0], _around(box.y_min, box.y_max)[0]),
        *(_around(box.x_min, box.x_max)[1], _around(box.y_min, box.y_max)[1]),
    )


def _around(low: float, high: float) -> tuple[float, float]:
    middle, half = (low + high) / 2, max((high - low) * (0.5 + CONTEXT), LEAST_VIEW / 2)
    return middle - half, middle + half


def _seen(box: Box, view: Box) -> dict[str, float] | None:
    """A box in fractions of the view; None if it lies outside."""
    if (
        box.x_max <= view.x_min
        or box.x_min >= view.x_max
        or box.y_max <= view.y_min
        or box.y_min >= view.y_max
    ):
        return None
    width, height = view.x_max - view.x_min, view.y_max - view.y_min
    return Box.clipped(
        (box.x_min - view.x_min) / width,
        (box.y_min - view.y_min) / height,
        (box.x_max - view.x_min) / width,
        (box.y_max - view.y_min) / height,
    ).to_dict()
