"""Writes proposals of labels for pictures of several videos, as labelling tools open them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from human_detector.results.exports.coco import DIGITS, category_numbers
from human_detector.results.exports.cvat import write_cvat
from human_detector.results.exports.data_sets import LabelledPicture
from human_detector.results.exports.yolo import write_yolo
from human_detector.results.writer import compact

Writer = Callable[[Sequence[LabelledPicture], Sequence[str], Path], Path]
"""Takes the pictures, all labels, and a folder that has the pictures in `images/`; returns what it wrote."""


def _write_coco(pictures: Sequence[LabelledPicture], labels: Sequence[str], folder: Path) -> Path:
    categories = category_numbers(labels)
    everything = [
        (image, picture, found) for image, picture in enumerate(pictures, 1) for found in picture.found
    ]
    document = {
        "images": [
            {
                "id": image,
                "file_name": picture.name,
                "width": picture.size[0],
                "height": picture.size[1],
                "frame_index": picture.index,
            }
            for image, picture in enumerate(pictures, 1)
        ],
        "categories": [{"id": number, "name": label} for label, number in categories.items()],
        "annotations": [
            {
                "id": number,
                "image_id": image,
                "category_id": categories[found["label"]],
                **_box(found["box"], picture.size),
                "iscrowd": 0,
                "score": found["score"],
            }
            for number, (image, picture, found) in enumerate(everything, 1)
        ],
    }
    path = folder / "coco.json"
    path.write_text(compact(document))
    return path


WRITERS: Mapping[str, Writer] = {
    "cvat": lambda pictures, labels, folder: write_cvat(pictures, labels, folder / "annotations.xml"),
    "coco": _write_coco,
    "yolo": write_yolo,
}


def _box(box: Mapping[str, float], size: tuple[int, int]) -> dict[str, Any]:
    x, y = box["x_min"] * size[0], box["y_min"] * size[1]
    width, height = box["x_max"] * size[0] - x, box["y_max"] * size[1] - y
    return {
        "bbox": [round(side, DIGITS) for side in (x, y, width, height)],
        "area": round(width * height, DIGITS),
    }
