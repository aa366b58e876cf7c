"""Draws detections into pictures."""

from __future__ import annotations

import base64
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np

from human_detector.values import Image

# RGB. The first two are told apart by people who see colours differently, too.
COLOURS = ((0, 158, 255), (255, 176, 0), (120, 220, 90), (230, 90, 200))
WHITE = (255, 255, 255)
PLATE = (24, 24, 24)
GAP_PIXELS = 8
JPEG_QUALITY = 80


def annotate(image: Image, detections: Mapping[str, Sequence[Mapping[str, Any]]], caption: str = "") -> Image:
    """A copy of a picture with boxes, labels and scores.

    Args:
        image: RGB uint8 [height, width, 3].
        detections: by detector name, as a frame of the result file has them; one without a score has been
            drawn by a person.
        caption: written into the lower left corner.
    """
    picture = image.copy()
    height, width = picture.shape[:2]
    line = max(1, round(min(height, width) / 240))
    plates: list[_Plate] = []
    for i, found in enumerate(detections.values()):
        colour = COLOURS[i % len(COLOURS)]
        for detection in found:
            box = detection["box"]
            left, right = (round(box[side] * (width - 1)) for side in ("x_min", "x_max"))
            top, bottom = (round(box[side] * (height - 1)) for side in ("y_min", "y_max"))
            cv2.rectangle(picture, (left, top), (right, bottom), colour, line, cv2.LINE_AA)
            plate = _free_plate(picture, _describe(detection), left, top, bottom, plates)
            plates.append(plate)
            plate.write(picture, colour)
    if caption:
        _Plate.standing_on(picture, caption, 0, height).write(picture, WHITE)
    return picture


def scale_to_width(image: Image, width: int) -> Image:
    """A picture, RGB uint8 [height, width, 3], scaled to a width in pixels."""
    height = max(1, round(image.shape[0] * width / image.shape[1]))
    smaller = width < image.shape[1]
    scaled = cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA if smaller else cv2.INTER_CUBIC)
    return np.asarray(scaled, np.uint8)


def contact_sheet(pictures: Sequence[Image], columns: int = 4) -> Image:
    """Pictures side by side, row after row.

    Args:
        pictures: at least one, RGB uint8 [height, width, 3], all of one size.
        columns: the most in a row.
    """
    height, width = pictures[0].shape[:2]
    columns = min(columns, len(pictures))
    rows = math.ceil(len(pictures) / columns)
    step_y, step_x = height + GAP_PIXELS, width + GAP_PIXELS
    sheet = np.full((rows * step_y + GAP_PIXELS, columns * step_x + GAP_PIXELS, 3), 32, np.uint8)
    for i, picture in enumerate(pictures):
        y, x = GAP_PIXELS + i // columns * step_y, GAP_PIXELS + i % columns * step_x
        sheet[y : y + height, x : x + width] = picture
    return sheet


def _describe(detection: Mapping[str, Any]) -> str:
    if "person_track_id" in detection:
        number = f" of #{detection['person_track_id']}"
    else:
        number = f" #{detection['track_id']}" if "track_id" in detection else ""
    score = f" {detection['score']:.2f}" if "score" in detection else ""
    return f"{detection['label']}{number}{score}"


def to_address(image: Image) -> str:
    """A picture as a `data:` address."""
    options = [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY]
    _, data = cv2.imencode(".jpg", cv2.cvtColor(image, cv2.COLOR_RGB2BGR), options)
    return "data:image/jpeg;base64," + base64.b64encode(data.tobytes()).decode()


@dataclass(frozen=True)
class _Plate:
    """A text on a dark ground, at its place in a picture, in pixels."""

    text: str
    left: int
    top: int
    width: int
    height: int
    baseline: int
    scale: float
    thickness: int

    @classmethod
    def standing_on(cls, picture: Image, text: str, x: int, y: int) -> _Plate:
        """A plate that begins at x and stands on the line y, moved so that it lies inside the picture."""
        height, width = picture.shape[:2]
        scale = max(0.35, min(height, width) / 700)
        thickness = max(1, round(scale * 2))
        (text_width, text_height), below = cv2.getTextSize(text, cv2.FONT_HERSHEY_SIMPLEX, scale, thickness)
        plate_height = text_height + below + 2
        left = max(0, min(x, width - text_width))
        bottom = min(max(y, plate_height), height)
        return cls(
            text, left, bottom - plate_height, text_width, plate_height, bottom - below, scale, thickness
        )

    def overlaps(self, other: _Plate) -> bool:
        """Whether one hides a part of the other."""
        return (
            abs(2 * self.left + self.width - 2 * other.left - other.width) < self.width + other.width
            and abs(2 * self.top + self.height - 2 * other.top - other.height) < self.height + other.height
        )

    def write(self, picture: Image, colour: tuple[int, int, int]) -> None:
        """Draw it."""
        corner = (self.left + self.width, self.top + self.height)
        cv2.rectangle(picture, (self.left, self.top), corner, PLATE, cv2.FILLED)
        place, font = (self.left, self.baseline), cv2.FONT_HERSHEY_SIMPLEX
        cv2.putText(picture, self.text, place, font, self.scale, colour, self.thickness, cv2.LINE_AA)


def _free_plate(
    picture: Image, text: str, left: int, top: int, bottom: int, taken: Sequence[_Plate]
) -> _Plate:
    """A plate that hides no other: on the box, under it or a line higher; on it where none is free."""
    above = _Plate.standing_on(picture, text, left, top)
    below = _Plate.standing_on(picture, text, left, bottom + above.height)
    higher = _Plate.standing_on(picture, text, left, top - above.height)
    choices = (above, below, higher)
    return next((plate for plate in choices if not any(map(plate.overlaps, taken))), above)
