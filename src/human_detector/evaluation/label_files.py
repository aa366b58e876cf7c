"""Writes proposals of labels for pictures, as labelling tools open them."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from human_detector.evaluation.given_results import Found
from human_detector.results.exports.cvat import write_cvat
from human_detector.results.exports.data_sets import LabelledPicture
from human_detector.results.exports.yolo import write_yolo

Writer = Callable[[Sequence[LabelledPicture], Sequence[str], Path], Path]
"""Takes the pictures, all labels, and a folder that has the pictures in `images/`; returns what it wrote."""


def write_coco(proposals: Sequence[LabelledPicture], labels: Sequence[str], folder: Path) -> Path:
    """Write coco.json."""
    categories = {label: number for number, label in enumerate(labels, 1)}
    annotations: list[dict[str, Any]] = []
    for image, each in enumerate(proposals, 1):
        width, height = each.size
        for found in each.found:
            x_min, y_min, x_max, y_max = _sides(found)
            bbox = [x_min * width, y_min * height, (x_max - x_min) * width, (y_max - y_min) * height]
            annotations.append(
                {
                    "id": len(annotations) + 1,
                    "image_id": image,
                    "category_id": categories[found["label"]],
                    "bbox": [round(side, 2) for side in bbox],
                    "area": round(bbox[2] * bbox[3], 2),
                    "iscrowd": 0,
                    "score": found["score"],
                }
            )
    document = {
        "images": [
            {
                "id": number,
                "file_name": each.name,
                "width": each.size[0],
                "height": each.size[1],
                "frame_index": each.index,
            }
            for number, each in enumerate(proposals, 1)
        ],
        "categories": [{"id": number, "name": label} for label, number in categories.items()],
        "annotations": annotations,
    }
    path = folder / "coco.json"
    path.write_text(json.dumps(document))
    return path


WRITERS: Mapping[str, Writer] = {
    "cvat": lambda pictures, labels, folder: write_cvat(pictures, labels, folder / "annotations.xml"),
    "coco": write_coco,
    "yolo": write_yolo,
}


def _sides(found: Found) -> tuple[float, float, float, float]:
    box = found["box"]
    return box["x_min"], box["y_min"], box["x_max"], box["y_max"]
