"""The labels that the models are measured with are of the pictures that benchmarks/labelled_frames.py fetches."""

from __future__ import annotations

import json
import sys
from typing import Any

import pytest

from support.paths import ROOT

sys.path.append(str(ROOT / "benchmarks"))

import labelled_frames

PERSON, FACE = 1, 2


@pytest.fixture(scope="module")
def labels() -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((ROOT / "benchmarks" / "labels.json").read_text())
    return loaded


def test_every_frame_that_is_fetched_is_labelled_and_no_other(labels: dict[str, Any]) -> None:
    fetched = [
        labelled_frames.name_of(clip, index) for clip in labelled_frames.CLIPS for index in clip.frames
    ]
    assert sorted(image["file_name"] for image in labels["images"]) == sorted(fetched)
    assert len(fetched) >= 120


def test_every_box_lies_in_its_picture(labels: dict[str, Any]) -> None:
    sizes = {image["id"]: (image["width"], image["height"]) for image in labels["images"]}
    for box in labels["annotations"]:
        x, y, width, height = box["bbox"]
        assert min(x, y) >= 0
        assert min(width, height) > 0
        assert x + width <= sizes[box["image_id"]][0]
        assert y + height <= sizes[box["image_id"]][1]
        assert box["area"] == width * height


def test_a_face_that_counts_lies_in_a_person_that_counts(labels: dict[str, Any]) -> None:
    people: dict[int, list[Any]] = {image["id"]: [] for image in labels["images"]}
    for box in labels["annotations"]:
        if box["category_id"] == PERSON and not box["iscrowd"]:
            people[box["image_id"]].append(box["bbox"])
    for box in labels["annotations"]:
        if box["category_id"] == FACE and not box["iscrowd"]:
            x, y, width, height = box["bbox"]
            middle = (x + width / 2, y + height / 2)
            assert any(
                left <= middle[0] <= left + w and top <= middle[1] <= top + h
                for left, top, w, h in people[box["image_id"]]
            ), box
