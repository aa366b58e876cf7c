"""COCO (https://cocodataset.org/#format-data and #format-results): what labelling and scoring tools read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from human_detector.results.detection_arrays import NO_TRACK, Detections
from human_detector.results.exports.coco_categories import COCO_CATEGORIES
from human_detector.results.exports.data_sets import labels_in_order, picture_name
from human_detector.results.writer import compact

FIRST_OWN_ID = 91
"""COCO's categories end at 90."""
DIGITS = 4
"""Of a pixel. With them the fractions of the result, which have 5 digits, come back exactly."""


def export_coco(document: Mapping[str, Any], folder: Path, name: str) -> list[Path]:
    """Write `<name>.coco.json`, a data set, and `<name>.coco_results.json`, its detections as results.

    The images are the analysed frames. An image's id is the frame's index plus 1, as some tools take 0 for
    none.

    Args:
        document: a result.
        folder: where to.
        name: of the files, without suffix.
    """
    table = Detections.from_document(document)
    categories = category_ids(document)
    detections = _detections(table, categories)
    data_set = {
        "info": {"description": f"detections in {name}"},
        "images": [_image(document, frame, name) for frame in document["frames"]],
        "categories": [{"id": number, "name": label} for label, number in categories.items()],
        "annotations": [
            {
                "id": number,
                **detection,
                "area": round(detection["bbox"][2] * detection["bbox"][3], DIGITS),
                "iscrowd": 0,
            }
            for number, detection in enumerate(detections, 1)
        ],
    }
    data_set_path, results_path = folder / f"{name}.coco.json", folder / f"{name}.coco_results.json"
    data_set_path.write_text(compact(data_set))
    results_path.write_text(compact(detections))
    return [data_set_path, results_path]


def category_ids(document: Mapping[str, Any]) -> dict[str, int]:
    """The number of each label, whether it was found or not: so several videos have the same numbers."""
    return category_numbers(labels_in_order(document))


def category_numbers(labels: Iterable[str]) -> dict[str, int]:
    """The number of each label: COCO's own, to be scored against COCO's labels, or a new one."""
    all_labels = {"person", *labels}
    own = sorted(all_labels - COCO_CATEGORIES.keys())
    numbers = {label: COCO_CATEGORIES[label] for label in all_labels & COCO_CATEGORIES.keys()}
    numbers |= {label: FIRST_OWN_ID + place for place, label in enumerate(own)}
    return dict(sorted(numbers.items(), key=lambda pair: pair[1]))


def _image(document: Mapping[str, Any], frame: Mapping[str, Any], name: str) -> dict[str, Any]:
    return {
        "id": frame["index"] + 1,
        "file_name": picture_name(name, frame["index"]),
        "width": document["video"]["width"],
        "height": document["video"]["height"],
        "frame_index": frame["index"],
        "timestamp": frame["timestamp"],
    }


def _detections(table: Detections, categories: Mapping[str, int]) -> list[dict[str, Any]]:
    found = []
    for row, (x_min, y_min, x_max, y_max) in enumerate(table.pixels.tolist()):
        tracks = {name: int(getattr(table, name)[row]) for name in ("track_id", "person_track_id")}
        found.append(
            {
                "image_id": int(table.frame_index[row]) + 1,
                "category_id": categories[str(table.label[row])],
                "bbox": [round(side, DIGITS) for side in (x_min, y_min, x_max - x_min, y_max - y_min)],
                "score": float(table.score[row]),
                "detector": str(table.detector[row]),
                **{name: number for name, number in tracks.items() if number != NO_TRACK},
            }
        )
    return found
