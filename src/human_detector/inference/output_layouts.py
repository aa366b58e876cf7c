"""The ways in which detection networks say what they found, as data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

BOX_FORMATS = ("xyxy", "yxyx", "cxcywh", "xywh")
"""Two corners, with x or y first; the middle and the extent; the first corner and the extent."""
BOX_UNITS = ("pixels", "fractions")
"""Of the network's input."""
ACTIVATIONS = ("none", "sigmoid", "softmax")
"""What is still to be done to the scores."""
BACKGROUNDS = ("none", "first", "last")
"""Which of the scores says that there is nothing."""


@dataclass(frozen=True, slots=True)
class Layout:
    """One way, and what is usual with it where a model.yaml does not say otherwise.

    Attributes:
        looks: what its outputs are, for a person. N pictures, A places, M boxes, C classes.
        roles: of the outputs that are read.
        box_format: one of `BOX_FORMATS`.
        box_unit: one of `BOX_UNITS`.
        nms_iou: a box that overlaps a better one of its class more than this is left out; 1 leaves out none.
        fit: how frames get the input's shape, one of `network_input.FITS`.
        scale: what pixels are divided by.
    """

    looks: str
    roles: tuple[str, ...]
    box_format: str = "xyxy"
    box_unit: str = "pixels"
    nms_iou: float = 1
    fit: str = "stretch"
    scale: float = 255


LAYOUTS: Mapping[str, Layout] = {
    "boxes_scores_classes": Layout(
        "three outputs: boxes [N, M, 4], scores [N, M], classes [N, M]", ("boxes", "scores", "classes")
    ),
    "boxes_class_scores": Layout(
        "two outputs: boxes [N, A, 4], scores of each class [N, A, C]",
        ("boxes", "scores"),
        box_format="cxcywh",
        box_unit="fractions",
    ),
    "yolo": Layout("one array [N, 4 + C, A]", ("boxes",), box_format="cxcywh", nms_iou=0.45, fit="letterbox"),
    "yolo_objectness": Layout(
        "one array [N, A, 5 + C]", ("boxes",), box_format="cxcywh", nms_iou=0.45, fit="letterbox"
    ),
    "yolo_nms": Layout("one array [N, M, 6]: corners, score, class", ("boxes",), fit="letterbox"),
    "centerface": Layout(
        "four maps [N, 1 | 2 | 2 | 10, H / 4, W / 4]",
        ("likelihood", "extent", "offset"),
        box_format="yxyx",
        nms_iou=0.3,
        scale=1,
    ),
}


@dataclass(frozen=True, slots=True)
class OutputDescription:
    """What the numbers of one network's outputs mean.

    Attributes:
        layout: one of `LAYOUTS`.
        roles: the name of the output for each role of the layout.
        box_format: one of `BOX_FORMATS`.
        box_unit: one of `BOX_UNITS`.
        first_class: the number that the network has for its first class, 0 or 1.
        activation: one of `ACTIVATIONS`.
        background: one of `BACKGROUNDS`.
        strides: pixels for a place, of each grid of places that the boxes are still to be put on.
        nms_iou: see `Layout`.
    """

    layout: str
    roles: Mapping[str, str]
    box_format: str
    box_unit: str
    first_class: int
    activation: str
    background: str
    strides: tuple[int, ...]
    nms_iou: float
