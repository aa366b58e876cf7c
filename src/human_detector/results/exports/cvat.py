"""CVAT for images 1.1 (https://docs.cvat.ai/docs/dataset_management/formats/format-cvat/)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element, ElementTree, SubElement, indent

from human_detector.harmless_text import harmless
from human_detector.results.exports.data_sets import LabelledPicture, labelled_pictures, labels_in_order


def export_cvat(document: Mapping[str, Any], folder: Path, name: str) -> list[Path]:
    """Write `<name>.cvat.xml`: all analysed frames with their boxes.

    Args:
        document: a result.
        folder: where to.
        name: of the file, without suffix.
    """
    pictures = labelled_pictures(document, name)
    return [write_cvat(pictures, labels_in_order(document), folder / f"{name}.cvat.xml")]


def write_cvat(pictures: Sequence[LabelledPicture], labels: Sequence[str], path: Path) -> Path:
    """Write the boxes of pictures.

    Args:
        pictures: in the order that they get.
        labels: all that there may be.
        path: the file.

    Returns:
        The file.
    """
    # XML has no control characters, and a label or a name can be anybody's.
    root = Element("annotations")
    SubElement(root, "version").text = "1.1"
    names = SubElement(SubElement(SubElement(root, "meta"), "task"), "labels")
    for label in labels:
        entry = SubElement(names, "label")
        SubElement(entry, "name").text = harmless(label)
        SubElement(entry, "attributes")
    for number, picture in enumerate(pictures):
        _add_image(root, number, picture)
    indent(root)
    ElementTree(root).write(path, encoding="utf-8", xml_declaration=True)
    return path


def _add_image(root: Element, number: int, picture: LabelledPicture) -> None:
    width, height = picture.size
    image = SubElement(
        root, "image", id=str(number), name=harmless(picture.name), width=str(width), height=str(height)
    )
    for found in picture.found:
        box = found["box"]
        sides = {
            "xtl": box["x_min"] * width,
            "ytl": box["y_min"] * height,
            "xbr": box["x_max"] * width,
            "ybr": box["y_max"] * height,
        }
        attributes = {"label": harmless(found["label"]), "source": "auto", "occluded": "0", "z_order": "0"}
        SubElement(image, "box", attributes | {side: f"{value:.2f}" for side, value in sides.items()})
