"""Writes proposals of labels for pictures, as labelling tools open them."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element, ElementTree, SubElement, indent

from human_detector.evaluation.given_results import Found

DIGITS = 6
IMAGES = "images"


@dataclass(frozen=True)
class Proposal:
    """A picture with what was found in it.

    Attributes:
        name: of the file.
        index: of the frame.
        size: width and height, pixels.
        found: the detections.
    """

    name: str
    index: int
    size: tuple[int, int]
    found: Sequence[Found]


Writer = Callable[[Sequence[Proposal], Sequence[str], Path], Path]
"""Takes the pictures, all labels, and a folder that has the pictures in `images/`; returns what it wrote."""


def write_cvat(proposals: Sequence[Proposal], labels: Sequence[str], folder: Path) -> Path:
    """Write annotations.xml: `CVAT for images 1.1`."""
    root = Element("annotations")
    SubElement(root, "version").text = "1.1"
    names = SubElement(SubElement(SubElement(root, "meta"), "task"), "labels")
    for label in labels:
        entry = SubElement(names, "label")
        SubElement(entry, "name").text = label
        SubElement(entry, "attributes")
    for number, each in enumerate(proposals):
        width, height = each.size
        image = SubElement(
            root, "image", id=str(number), name=each.name, width=str(width), height=str(height)
        )
        for found in each.found:
            x_min, y_min, x_max, y_max = _sides(found)
            SubElement(
                image,
                "box",
                label=found["label"],
                source="auto",
                occluded="0",
                xtl=f"{x_min * width:.2f}",
                ytl=f"{y_min * height:.2f}",
                xbr=f"{x_max * width:.2f}",
                ybr=f"{y_max * height:.2f}",
                z_order="0",
            )
    indent(root)
    path = folder / "annotations.xml"
    ElementTree(root).write(path, encoding="utf-8", xml_declaration=True)
    return path


def write_coco(proposals: Sequence[Proposal], labels: Sequence[str], folder: Path) -> Path:
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


def write_yolo(proposals: Sequence[Proposal], labels: Sequence[str], folder: Path) -> Path:
    """Write data.yaml, and a text file for each picture into labels/."""
    (folder / "labels").mkdir(exist_ok=True)
    for each in proposals:
        lines = [_yolo_line(found, labels) for found in each.found]
        (folder / "labels" / each.name).with_suffix(".txt").write_text("".join(lines))
    names = "".join(f"  {number}: {json.dumps(label)}\n" for number, label in enumerate(labels))
    path = folder / "data.yaml"
    path.write_text(f"path: .\ntrain: {IMAGES}\nval: {IMAGES}\nnames:\n{names}", encoding="utf-8")
    return path


WRITERS: Mapping[str, Writer] = {"cvat": write_cvat, "coco": write_coco, "yolo": write_yolo}


def _yolo_line(found: Found, labels: Sequence[str]) -> str:
    x_min, y_min, x_max, y_max = _sides(found)
    numbers = ((x_min + x_max) / 2, (y_min + y_max) / 2, x_max - x_min, y_max - y_min)
    return (
        " ".join([str(labels.index(found["label"])), *(f"{number:.{DIGITS}f}" for number in numbers)]) + "\n"
    )


def _sides(found: Found) -> tuple[float, float, float, float]:
    box = found["box"]
    return box["x_min"], box["y_min"], box["x_max"], box["y_max"]
