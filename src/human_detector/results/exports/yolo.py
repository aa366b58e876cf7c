"""YOLO (https://docs.ultralytics.com/datasets/detect/): a line of text for each box, for training."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from human_detector.errors import PermanentError
from human_detector.results.exports.data_sets import (
    PICTURES,
    LabelledPicture,
    labelled_pictures,
    labels_in_order,
)

LABELS = "labels"
DIGITS = 6


def export_yolo(document: Mapping[str, Any], folder: Path, name: str) -> list[Path]:
    """Write the folder `<name>.yolo` with `data.yaml` and a text file in `labels/` for each analysed frame.

    Of an earlier export of the result, frames that are no longer in it go, with their pictures: they would
    stay a part of the set.

    Args:
        document: a result.
        folder: where to.
        name: of the files, without suffix.

    Raises:
        PermanentError: labels of something else lie there, which would become part of the set.
    """
    pictures, data_set = labelled_pictures(document, name), yolo_folder(folder, name)
    now = {_text_name(picture) for picture in pictures}
    others = sorted(path for path in (data_set / LABELS).glob("*.txt") if path.name not in now)
    if foreign := [path.name for path in others if not re.fullmatch(rf"{re.escape(name)}_\d+", path.stem)]:
        raise PermanentError(
            f"{data_set / LABELS} has labels of something else, such as {foreign[0]}: remove it"
        )
    for path in others:
        path.unlink()
        (data_set / PICTURES / f"{path.stem}.jpg").unlink(missing_ok=True)
    return [write_yolo(pictures, labels_in_order(document), data_set)]


def yolo_folder(folder: Path, name: str) -> Path:
    """Where the set of a result lies."""
    return folder / f"{name}.yolo"


def write_yolo(pictures: Sequence[LabelledPicture], labels: Sequence[str], data_set: Path) -> Path:
    """Write `data.yaml`, and a text file in `labels/` for each picture.

    A line is `class x y width height` in fractions of the picture, x and y of the centre. A picture without
    anything has an empty file: somebody looked, and nothing is there.

    Args:
        pictures: they lie in `images/`, or will.
        labels: all that there may be; the place of one is its class.
        data_set: the folder; it is made if need be.

    Returns:
        The description, `data.yaml`.
    """
    (data_set / LABELS).mkdir(parents=True, exist_ok=True)
    for picture in pictures:
        lines = "".join(_line(found, labels) for found in picture.found)
        (data_set / LABELS / _text_name(picture)).write_text(lines)
    description = data_set / "data.yaml"
    names = "".join(f"  {number}: {json.dumps(label)}\n" for number, label in enumerate(labels))
    description.write_text(
        f"path: .\ntrain: {PICTURES}\nval: {PICTURES}\nnc: {len(labels)}\nnames:\n{names}", encoding="utf-8"
    )
    return description


def _text_name(picture: LabelledPicture) -> str:
    return Path(picture.name).with_suffix(".txt").name


def _line(found: Mapping[str, Any], labels: Sequence[str]) -> str:
    box = found["box"]
    numbers = (
        (box["x_min"] + box["x_max"]) / 2,
        (box["y_min"] + box["y_max"]) / 2,
        box["x_max"] - box["x_min"],
        box["y_max"] - box["y_min"],
    )
    text = " ".join(f"{number:.{DIGITS}f}" for number in numbers)
    return f"{labels.index(found['label'])} {text}\n"
