"""Label Studio (https://labelstud.io/guide/predictions): tasks with boxes to correct, and what to label."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element, ElementTree, SubElement, indent

from human_detector.harmless_text import harmless
from human_detector.results.document import PRODUCER
from human_detector.results.exports.data_sets import (
    detections_of,
    labels_in_order,
    picture_folder,
    picture_name,
)
from human_detector.results.writer import compact

BOXES, PICTURE = "label", "image"
"""Names that the tasks and the labelling interface share."""
ADDRESS = "/data/local-files/?d="
"""Where Label Studio serves files of its own disk, below LABEL_STUDIO_LOCAL_FILES_DOCUMENT_ROOT."""
DIGITS = 3
"""Of a per cent: a tenth of a pixel at 8K."""


def export_label_studio(document: Mapping[str, Any], folder: Path, name: str) -> list[Path]:
    """Write `<name>.labelstudio.json`, the tasks, and `<name>.labelstudio.xml`, the labelling interface.

    Args:
        document: a result.
        folder: where to.
        name: of the files, without suffix.
    """
    tasks_path, interface_path = folder / f"{name}.labelstudio.json", folder / f"{name}.labelstudio.xml"
    tasks_path.write_text(compact([_task(document, frame, name) for frame in document["frames"]]))
    view = Element("View")
    SubElement(view, "Image", name=PICTURE, value=f"${PICTURE}")
    boxes = SubElement(view, "RectangleLabels", name=BOXES, toName=PICTURE)
    for label in labels_in_order(document):
        SubElement(boxes, "Label", value=harmless(label))  # XML has no control characters
    indent(view)
    ElementTree(view).write(interface_path, encoding="utf-8")
    return [tasks_path, interface_path]


def _task(document: Mapping[str, Any], frame: Mapping[str, Any], name: str) -> dict[str, Any]:
    address = f"{ADDRESS}{picture_folder(name)}/{picture_name(name, frame['index'])}"
    found = list(detections_of(frame))
    prediction = {
        "model_version": " ".join(PRODUCER.values()),
        "result": [_region(each, number, document["video"]) for number, each in enumerate(found, 1)],
    }
    return {
        "data": {PICTURE: address, "frame_index": frame["index"], "timestamp": frame["timestamp"]},
        "predictions": [prediction],
    }


def _region(found: Mapping[str, Any], number: int, video: Mapping[str, Any]) -> dict[str, Any]:
    box = found["box"]
    per_cent = {
        "x": box["x_min"],
        "y": box["y_min"],
        "width": box["x_max"] - box["x_min"],
        "height": box["y_max"] - box["y_min"],
    }
    return {
        "id": str(number),
        "type": "rectanglelabels",
        "from_name": BOXES,
        "to_name": PICTURE,
        "original_width": video["width"],
        "original_height": video["height"],
        "image_rotation": 0,
        "score": found["score"],
        "value": {
            **{side: round(100 * share, DIGITS) for side, share in per_cent.items()},
            "rotation": 0,
            "rectanglelabels": [harmless(found["label"])],
        },
    }
