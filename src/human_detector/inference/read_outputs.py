"""From the numbers of a network's outputs to boxes, scores and classes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from human_detector.inference.centerface import read_faces
from human_detector.inference.output_layouts import LAYOUTS, OutputDescription

Floats = NDArray[np.float32]
Arrays = Mapping[str, NDArray[Any]]


class UnexpectedOutputs(Exception):
    """The outputs have not the shapes that their layout asks for."""


@dataclass(frozen=True, slots=True)
class Proposals:
    """What a network proposes for one picture.

    Attributes:
        boxes: [K, 4], y_min, x_min, y_max, x_max in pixels of the input.
        scores: [K].
        classes: [K], 1-based.
    """

    boxes: Floats
    scores: Floats
    classes: NDArray[np.int64]


def read_outputs(
    description: OutputDescription, arrays: Arrays, size: tuple[int, int], min_score: float
) -> Proposals:
    """Read what a network says of one picture.

    Args:
        description: what its numbers mean.
        arrays: the output for each role.
        size: height and width of the input.
        min_score: what scores less is left out.

    Raises:
        UnexpectedOutputs: the outputs are not what the description says.
    """
    if description.layout == "centerface":
        boxes, scores = read_faces(list(arrays.values()), size, min_score)
        return Proposals(boxes, scores, np.ones(len(scores), np.int64))
    try:
        boxes, scores, classes = _rows(description, arrays)
    except (ValueError, IndexError) as error:
        raise UnexpectedOutputs(_shapes(description, arrays)) from error
    if not (boxes.shape == (len(scores), 4) and scores.shape == classes.shape == (len(scores),)):
        raise UnexpectedOutputs(_shapes(description, arrays))
    if description.strides:
        boxes = _on_grids(boxes, description, size, _shapes(description, arrays))
    kept = scores >= min_score
    classes = classes[kept].astype(np.int64) + 1 - description.first_class
    return Proposals(_corners(boxes[kept].astype(np.float32), description, size), scores[kept], classes)


def _rows(description: OutputDescription, arrays: Arrays) -> tuple[Floats, Floats, NDArray[Any]]:
    """Boxes as the network has them, the score of each, and the network's number of its class."""
    boxes = arrays["boxes"]
    match description.layout:
        case "boxes_scores_classes":
            return boxes.reshape(-1, 4), arrays["scores"].reshape(-1), arrays["classes"].reshape(-1)
        case "boxes_class_scores":
            return boxes.reshape(-1, 4), *_best(_activated(description, arrays["scores"][0]))
        case "yolo":
            table = boxes.reshape(boxes.shape[-2:]).T
            return table[:, :4], *_best(table[:, 4:])
        case "yolo_objectness":
            table = boxes.reshape(boxes.shape[-2:])
            return table[:, :4], *_best(table[:, 4:5] * table[:, 5:])
        case _:  # yolo_nms
            table = boxes.reshape(boxes.shape[-2:])
            corners, scores, classes = np.split(table, [4, 5], axis=1)
            return corners, scores.reshape(-1), classes.reshape(-1)


def _activated(description: OutputDescription, scores: Floats) -> Floats:
    """The scores of all classes as probabilities, without the one that says that there is nothing."""
    if description.activation == "sigmoid":
        scores = (1 / (1 + np.exp(-scores))).astype(np.float32)
    elif description.activation == "softmax":
        powers = np.exp(scores - scores.max(axis=-1, keepdims=True))
        scores = powers / powers.sum(axis=-1, keepdims=True)
    first = 1 if description.background == "first" else 0
    last = scores.shape[-1] - (1 if description.background == "last" else 0)
    return scores[:, first:last]


def _best(scores: Floats) -> tuple[Floats, NDArray[np.intp]]:
    """The best class of each box: its score and its number."""
    return scores.max(axis=1), scores.argmax(axis=1)


def _on_grids(boxes: Floats, description: OutputDescription, size: tuple[int, int], shapes: str) -> Floats:
    """In pixels: boxes that are stated from their place on a grid, as the raw network of YOLOX has them."""
    places, strides = [], []
    for stride in description.strides:
        rows, columns = (side // stride for side in size)
        places.append(np.stack(np.meshgrid(range(columns), range(rows)), axis=-1).reshape(-1, 2))
        strides.append(np.full((rows * columns, 1), stride))
    place, stride_of = np.concatenate(places), np.concatenate(strides)
    if len(place) != len(boxes):
        raise UnexpectedOutputs(f"{shapes}, and {len(place)} places on grids of {description.strides}")
    on_grid: Floats = np.concatenate([boxes[:, :2] + place, np.exp(boxes[:, 2:])], axis=1) * stride_of
    return on_grid


def _corners(boxes: Floats, description: OutputDescription, size: tuple[int, int]) -> Floats:
    """The boxes as y_min, x_min, y_max, x_max in pixels."""
    first, second = boxes[:, :2], boxes[:, 2:]
    match description.box_format:
        case "cxcywh":
            first, second = first - second * np.float32(0.5), first + second * np.float32(0.5)
        case "xywh":
            second = first + second
    corners = np.concatenate([first, second], axis=1)
    if description.box_format != "yxyx":
        corners = corners[:, [1, 0, 3, 2]]
    if description.box_unit == "fractions":
        corners *= np.array(size * 2, np.float32)
    return corners


def _shapes(description: OutputDescription, arrays: Arrays) -> str:
    found = ", ".join(f"{role} {list(array.shape)}" for role, array in arrays.items())
    return f"found {found}, valid for the layout {description.layout} is {LAYOUTS[description.layout].looks}"
