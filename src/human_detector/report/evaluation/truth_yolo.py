"""Reads labels in YOLO's format: a text file for each picture, a line `class x y width height` for each box.

The layouts of Ultralytics (data.yaml, images/, labels/), of Darknet and CVAT (obj.names, obj_train_data/) and
of LabelImg (classes.txt beside the labels) are known.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from human_detector.report.evaluation.frame_names import (
    PICTURE_SUFFIXES,
    VALID_NAMES,
    frame_index,
    names_of_video,
)
from human_detector.report.evaluation.truth import Truth, TruthBox, TruthError, TruthFrame, truth_box
from human_detector.utils import parse_yaml

DESCRIPTIONS = ("data.yaml", "dataset.yaml", "data.yml", "obj.names", "classes.txt", "labels/classes.txt")
"""Files with the names of the classes, the surest first."""
NO_LABELS = {"classes", "train", "val", "valid", "test", "predefined_classes", "requirements", "notes"}
"""Text files that are no labels, whatever folder they are in."""


def read_yolo(folder: Path) -> Truth:
    """The labels of a folder.

    A picture without a text file has nothing in it, and so has one with an empty one.

    Args:
        folder: has the names of the classes, and labels anywhere below it.

    Raises:
        TruthError: something is missing or wrong; says what.
    """
    names = _class_names(folder)
    labels = {_name(path, folder): path for path in folder.rglob("*.txt") if _is_label(path)}
    pictures = {_name(path, folder) for path in folder.rglob("*") if path.suffix.lower() in PICTURE_SUFFIXES}
    if not labels:
        raise TruthError(f"--truth {folder}: there is no label file; valid is a .txt for each picture")
    return Truth(folder, [_frame(name, labels.get(name), names) for name in sorted(labels.keys() | pictures)])


def _class_names(folder: Path) -> list[str]:
    for name in DESCRIPTIONS:
        path = folder / name
        if path.is_file():
            return _names_in_yaml(path) if path.suffix != ".txt" and path.suffix != ".names" else _lines(path)
    raise TruthError(
        f"--truth {folder}: the names of the classes are missing; valid is one of {', '.join(DESCRIPTIONS)}"
    )


def _names_in_yaml(path: Path) -> list[str]:
    try:
        names: Any = parse_yaml(path.read_text(encoding="utf-8"))["names"]
        if isinstance(names, dict):
            return [str(names[number]) for number in range(len(names))]
        return [str(name) for name in names]
    except (KeyError, TypeError, ValueError) as error:
        raise TruthError(
            f"--truth {path}: valid is YAML with names, a list or 0: NAME, 1: NAME ..."
        ) from error


def _lines(path: Path) -> list[str]:
    return [line.strip() for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]


def _is_label(path: Path) -> bool:
    return path.stem.lower() not in NO_LABELS and not path.stem.lower().startswith("readme")


def _name(path: Path, folder: Path) -> str:
    """What a picture and its labels have in common: images/train/clip_1.jpg and labels/train/clip_1.txt."""
    parts = path.relative_to(folder).with_suffix("").parts
    return "/".join(part for part in parts if part not in ("images", "labels"))


def _frame(name: str, path: Path | None, names: Sequence[str]) -> TruthFrame:
    index = frame_index(name)
    if index is None:
        raise TruthError(
            f"--truth {path or name}: no number of a frame at the end of the name; {VALID_NAMES}"
        )
    boxes = []
    for number, line in enumerate(_lines(path) if path else [], 1):
        try:
            boxes.append(_box(line.split(), names))
        except (ValueError, IndexError) as error:
            raise TruthError(
                f"--truth {path}, line {number}: found {line!r}, valid is CLASS X Y WIDTH HEIGHT with a "
                f"class below {len(names)} and the middle and the size of the box in fractions of the picture"
            ) from error
    return TruthFrame(names_of_video(name), index, tuple(filter(None, boxes)))


def _box(words: Sequence[str], names: Sequence[str]) -> TruthBox | None:
    x, y, width, height = map(float, words[1:5])
    # A little over 1 comes from rounding; not a number is not within either.
    in_fractions = all(abs(number) <= 1.5 for number in (x, y, width, height))
    if len(words) not in (5, 6) or int(words[0]) < 0 or not in_fractions:
        raise ValueError(words)
    sides = (x - width / 2, y - height / 2, x + width / 2, y + height / 2)
    return truth_box(names[int(words[0])], sides)
