"""YOLO (https://docs.ultralytics.com/datasets/detect/): a line of text for each box, for training."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from human_detector.errors import PermanentError
from human_detector.results.exports.data_sets import PICTURES, detections_of, labels_in_order, picture_name

LABELS = "labels"
DIGITS = 6


def export_yolo(document: Mapping[str, Any], folder: Path, name: str) -> list[Path]:
    """Write the folder `<name>.yolo` with `data.yaml` and a text file in `labels/` for each analysed frame.

    A line is `class x y width height` in fractions of the frame, x and y of the centre. A frame without
    detections has an empty file: somebody looked, and nothing is there.

    Args:
        document: a result.
        folder: where to.
        name: of the files, without suffix.

    Raises:
        PermanentError: labels of other frames lie there, which would become part of the set.
    """
    data_set = yolo_folder(folder, name)
    labels = labels_in_order(document)
    contents = {
        Path(picture_name(name, frame["index"])).with_suffix(".txt").name: _lines(frame, labels)
        for frame in document["frames"]
    }
    text_folder = data_set / LABELS
    if others := sorted({path.name for path in text_folder.glob("*.txt")} - contents.keys()):
        raise PermanentError(
            f"{text_folder} has labels of another export, such as {others[0]}: remove it first"
        )
    text_folder.mkdir(parents=True, exist_ok=True)
    for file_name, lines in contents.items():
        (text_folder / file_name).write_text("".join(lines))
    description = data_set / "data.yaml"
    names = "".join(f"  {number}: {json.dumps(label)}\n" for number, label in enumerate(labels))
    description.write_text(
        f"path: .\ntrain: {PICTURES}\nval: {PICTURES}\nnc: {len(labels)}\nnames:\n{names}", encoding="utf-8"
    )
    return [description]


def yolo_folder(folder: Path, name: str) -> Path:
    """Where the set of a result lies."""
    return folder / f"{name}.yolo"


def _lines(frame: Mapping[str, Any], labels: Sequence[str]) -> list[str]:
    lines = []
    for found in detections_of(frame):
        box = found["box"]
        numbers = (
            (box["x_min"] + box["x_max"]) / 2,
            (box["y_min"] + box["y_max"]) / 2,
            box["x_max"] - box["x_min"],
            box["y_max"] - box["y_min"],
        )
        text = " ".join(f"{number:.{DIGITS}f}" for number in numbers)
        lines.append(f"{labels.index(found['label'])} {text}\n")
    return lines
