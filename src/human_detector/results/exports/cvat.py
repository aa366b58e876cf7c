"""CVAT for images 1.1 (https://docs.cvat.ai/docs/dataset_management/formats/format-cvat/)."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element, ElementTree, SubElement, indent

from human_detector.results.exports.data_sets import detections_of, labels_in_order, picture_name


def export_cvat(document: Mapping[str, Any], folder: Path, name: str) -> list[Path]:
    """Write `<name>.cvat.xml`: all analysed frames with their boxes.

    Args:
        document: a result.
        folder: where to.
        name: of the file, without suffix.
    """
    root = Element("annotations")
    SubElement(root, "version").text = "1.1"
    task = SubElement(SubElement(root, "meta"), "task")
    SubElement(task, "name").text = name
    SubElement(task, "size").text = str(len(document["frames"]))
    SubElement(task, "mode").text = "annotation"
    labels = SubElement(task, "labels")
    for label in labels_in_order(document):
        entry = SubElement(labels, "label")
        SubElement(entry, "name").text = label
        SubElement(entry, "attributes")
    for number, frame in enumerate(document["frames"]):
        _add_image(root, number, frame, document["video"], name)
    indent(root)
    path = folder / f"{name}.cvat.xml"
    ElementTree(root).write(path, encoding="utf-8", xml_declaration=True)
    return [path]


def _add_image(
    root: Element, number: int, frame: Mapping[str, Any], video: Mapping[str, Any], name: str
) -> None:
    width, height = video["width"], video["height"]
    image = SubElement(root, "image", id=str(number), name=picture_name(name, frame["index"]))
    image.set("width", str(width))
    image.set("height", str(height))
    for found in detections_of(frame):
        box = found["box"]
        sides = {
            "xtl": box["x_min"] * width,
            "ytl": box["y_min"] * height,
            "xbr": box["x_max"] * width,
            "ybr": box["y_max"] * height,
        }
        attributes = {"label": found["label"], "source": "auto", "occluded": "0", "z_order": "0"}
        SubElement(image, "box", attributes | {side: f"{value:.2f}" for side, value in sides.items()})
