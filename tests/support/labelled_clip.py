"""A clip of real people whose faces were labelled by hand, and the score of tracks against the labels.

A camera pans over a group photo, with a shake, while two people from other photos walk past in front, one
in each direction. The photos are of the npm package face-api. The labels are boxes around the faces of the
photos; where they are in a frame follows from the camera.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from human_detector.video.writer import VideoWriter
from support.clips import face_api_package

FPS, FRAMES = 25, 150
WIDTH, HEIGHT = 640, 480
VIEW = 960
"""Pixels of the photo that the picture's width shows."""

Box = tuple[float, float, float, float]
"""x_min, y_min, x_max, y_max."""

GROUP: Mapping[str, Box] = {
    "on the stairs": (790, 106, 935, 289),
    "behind": (1120, 250, 1260, 435),
    "in red": (1405, 398, 1565, 640),
    "in black": (615, 435, 753, 655),
    "in front": (402, 892, 556, 1130),
}
"""The faces of sample5.jpg, in pixels of the photo."""


@dataclass(frozen=True)
class Walker:
    """Somebody who walks past.

    Attributes:
        photo: file name.
        crop: what is cut out of it, pixels.
        face: in the same pixels.
        scale: pixels of the clip per pixel of the photo.
        start: where the left side is at the beginning of the clip, pixels of the clip.
        speed: pixels of the clip per second, to the right.
    """

    photo: str
    crop: Box
    face: Box
    scale: float
    start: float
    speed: float

    def x(self, index: int) -> float:
        """Where the left side is in a frame, pixels of the clip."""
        return self.start + self.speed * index / FPS

    def place(self, box: Box, index: int) -> Box:
        """A box of the photo in a frame, pixels of the clip."""
        left, top, _, _ = self.crop
        x0, y0, x1, y1 = box
        at = self.x(index)
        return (
            at + (x0 - left) * self.scale,
            (y0 - top) * self.scale,
            at + (x1 - left) * self.scale,
            (y1 - top) * self.scale,
        )


WALKERS: Mapping[str, Walker] = {
    "to the left": Walker("sample6.jpg", (640, 230, 1000, 1190), (705, 344, 845, 581), 0.5, 900, -300),
    "to the right": Walker("sample4.jpg", (630, 10, 930, 1384), (662, 106, 786, 300), 0.35, -300, 200),
}
"""The first is behind the second."""


def make_clip(path: Path) -> None:
    """Write the clip."""
    group = _photo("sample5.jpg")
    parts = {name: _cut_out(walker) for name, walker in WALKERS.items()}
    with VideoWriter(path, FPS) as writer:
        for index in range(FRAMES):
            x, y = _camera(index)
            view = group[y : y + VIEW * HEIGHT // WIDTH, x : x + VIEW]
            picture = np.asarray(cv2.resize(view, (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA), np.uint8)
            for name, walker in WALKERS.items():
                _paste(picture, parts[name], round(walker.x(index)))
            writer.write(picture, index / FPS)


def labels(index: int) -> dict[str, Box]:
    """The faces that can be seen in a frame, by person, in fractions of the picture."""
    x, y = _camera(index)
    scale = WIDTH / VIEW
    faces = {
        name: ((x0 - x) * scale, (y0 - y) * scale, (x1 - x) * scale, (y1 - y) * scale)
        for name, (x0, y0, x1, y1) in GROUP.items()
    }
    for name, walker in WALKERS.items():
        body = walker.place(walker.crop, index)
        faces = {other: face for other, face in faces.items() if _share_inside(face, body) < 0.4}
        faces[name] = walker.place(walker.face, index)
    picture = (0.0, 0.0, float(WIDTH), float(HEIGHT))
    return {
        name: (box[0] / WIDTH, box[1] / HEIGHT, box[2] / WIDTH, box[3] / HEIGHT)
        for name, box in faces.items()
        if _share_inside(box, picture) > 0.7
    }


def score(frames: Sequence[Mapping[str, Any]], detector: str) -> dict[str, float]:
    """How well tracks fit the labels.

    Returns:
        `idf1`: https://arxiv.org/abs/1609.01775, of the detections that are on a labelled face, so that it
        scores the tracks and not the detector; `switches`: how often a person's number changed; `people`: how
        many there are; `found`: the share of the labelled faces that were detected.
    """
    numbers: dict[str, list[int]] = {}
    visible = matched = 0
    for frame in frames:
        truth = labels(frame["index"])
        visible += len(truth)
        for each in frame["detections"][detector]:
            box = tuple(each["box"].values())
            person = max(truth, key=lambda name: _iou(truth[name], box), default=None)
            if person is not None and _iou(truth[person], box) >= 0.3:
                numbers.setdefault(person, []).append(each["track_id"])
                matched += 1
    together = sorted(
        ((ids.count(number), person, number) for person, ids in numbers.items() for number in set(ids)),
        reverse=True,
    )
    people: set[str] = set()
    tracks: set[int] = set()
    right = 0
    for count, person, number in together:
        if person not in people and number not in tracks:
            right += count
            people.add(person)
            tracks.add(number)
    switches = sum(a != b for ids in numbers.values() for a, b in pairwise(ids))
    return {
        "idf1": right / matched,
        "switches": switches,
        "people": len(numbers),
        "found": matched / visible,
    }


def _camera(index: int) -> tuple[int, int]:
    """The upper left corner of the view in the photo."""
    seconds = index / FPS
    x = 470 - 440 * math.cos(math.pi * seconds / 6) + 12 * math.sin(9 * seconds)
    y = 160 - 140 * math.cos(seconds * 1.2) + 8 * math.sin(11 * seconds)
    return round(x), round(y)


def _photo(name: str) -> NDArray[np.uint8]:
    image = cv2.imread(str(face_api_package() / "demo" / name))
    return np.asarray(image, np.uint8)[..., ::-1]


def _cut_out(walker: Walker) -> NDArray[np.uint8]:
    left, top, right, bottom = map(round, walker.crop)
    part = _photo(walker.photo)[top:bottom, left:right]
    return np.asarray(cv2.resize(part, None, fx=walker.scale, fy=walker.scale), np.uint8)


def _paste(picture: NDArray[np.uint8], part: NDArray[np.uint8], at: int) -> None:
    left, right = max(0, at), min(WIDTH, at + part.shape[1])
    if left < right:
        picture[: part.shape[0], left:right] = part[:HEIGHT, left - at : right - at]


def _common(first: Sequence[float], second: Sequence[float]) -> float:
    width = min(first[2], second[2]) - max(first[0], second[0])
    height = min(first[3], second[3]) - max(first[1], second[1])
    return max(width, 0) * max(height, 0)


def _area(box: Sequence[float]) -> float:
    return (box[2] - box[0]) * (box[3] - box[1])


def _share_inside(box: Sequence[float], outer: Sequence[float]) -> float:
    return _common(box, outer) / _area(box)


def _iou(first: Sequence[float], second: Sequence[float]) -> float:
    common = _common(first, second)
    return common / (_area(first) + _area(second) - common)
