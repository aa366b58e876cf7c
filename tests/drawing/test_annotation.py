"""Boxes and their labels in a picture."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from human_detector.drawing.annotation import annotate
from human_detector.values import Image

GREY = np.full((270, 480, 3), 128, np.uint8)


def found(label: str, x_min: float, y_min: float, x_max: float, y_max: float) -> dict[str, Any]:
    box = {"x_min": x_min, "y_min": y_min, "x_max": x_max, "y_max": y_max}
    return {"label": label, "score": 0.9, "box": box}


def labels(picture: Image) -> np.ndarray[Any, Any]:
    """Where something other than the ground or a box's line is drawn: the dark plates."""
    return (picture < 30).all(axis=2)


def number_of_dark_pixels(*detections: dict[str, Any]) -> int:
    return int(labels(annotate(GREY, {"FaceDetector": detections})).sum())


PERSON = found("person", 0.4, 0.3, 0.6, 0.9)


@pytest.mark.parametrize(
    "face",
    [
        pytest.param(found("face", 0.45, 0.32, 0.55, 0.45), id="inside the other's top"),
        pytest.param(found("face", 0.4, 0.3, 0.5, 0.45), id="in its corner"),
        pytest.param(PERSON, id="the same box"),
    ],
)
def test_a_label_hides_no_other(face: dict[str, Any]) -> None:
    apart = number_of_dark_pixels(PERSON) + number_of_dark_pixels(face)
    # A line of a box may cross a plate.
    assert number_of_dark_pixels(PERSON, face) > 0.9 * apart


@pytest.mark.parametrize("place", [(0.0, 0.0, 0.05, 0.05), (0.95, 0.95, 1.0, 1.0), (0.0, 0.0, 1.0, 1.0)])
def test_a_label_lies_inside_the_picture(place: tuple[float, float, float, float]) -> None:
    in_the_middle = number_of_dark_pixels(PERSON)
    assert number_of_dark_pixels(found("person", *place)) > 0.9 * in_the_middle


def test_a_crowd_has_all_its_labels() -> None:
    """Where there is no room, they lie on each other rather than nowhere."""
    crowd = [PERSON] * 9
    assert number_of_dark_pixels(*crowd) >= 3 * 0.9 * number_of_dark_pixels(PERSON)


def test_the_picture_itself_stays_as_it_is() -> None:
    before = GREY.copy()
    annotate(GREY, {"FaceDetector": [PERSON]}, "a caption")
    assert (before == GREY).all()
