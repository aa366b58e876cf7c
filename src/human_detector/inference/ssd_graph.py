"""Recognises the parts of a single-shot detector's frozen graph (TensorFlow Object Detection API).

    image_tensor -> scale every image -> network and box decoder -> non-maximum suppression -> outputs

The scaling and the suppression loop over the images one by one; what lies between is a plain network, which
runs much faster alone. The parts are found by how the operations are connected and not by names, which differ
between exporters. A loop over images looks like this:

    TensorArrayScatter -> [Enter -> TensorArrayRead -> ... -> TensorArrayWrite] -> Exit -> TensorArrayGather
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from human_detector.inference.graph_def import Node, ancestors, node_name
from human_detector.inference.non_max_suppression import Suppression

IMAGE_TENSOR = "image_tensor"

_KEEP_VALUES = ("Identity", "Squeeze", "ExpandDims", "Cast", "Reshape")
"""Operations after which a tensor holds the same values."""
_ENTER_LOOP = ("Enter", "TensorArrayReadV3")
_LEAVE_LOOP = ("TensorArrayGatherV3", "Exit", "Switch", "Merge", "NextIteration", "TensorArrayWriteV3")
_NORMALISE = ("Mul", "Sub", "Add", "AddV2", "RealDiv", "Pad", "Transpose")
"""Operations between the scaled images and the first convolution."""
_SELECT = ("Unpack", "Split", "Slice", "StridedSlice", "Gather", "GatherV2")
"""Operations that take the share of one image or class out of a tensor, or the boxes above a score."""
_SUPPRESSIONS = ("NonMaxSuppressionV2", "NonMaxSuppressionV3", "CombinedNonMaxSuppression")

_DATA_INPUTS = {
    "TensorArrayReadV3": 2,
    "TensorArrayScatterV3": 2,
    "TensorArrayWriteV3": 2,
    "TensorArrayGatherV3": 2,
    "Merge": 1,
}
"""Which input carries the values, where it is not the first that is no constant. A TensorArray's values come
along with its flow; those that a loop has made enter its Merge from the iteration before."""


class NotRecognised(Exception):
    """The graph is built in another way; the text says where it differs."""


@dataclass(frozen=True, slots=True)
class SsdGraph:
    """Where to cut a graph.

    Attributes:
        scaled_images: the node that gives the scaled batch, float32 RGB [N, height, width, 3], from 0 to 255.
        height: rows of the images that the network takes.
        width: columns of them.
        boxes: the tensor of the decoded boxes, [N, A, 1 or C, 4], y_min, x_min, y_max, x_max as fractions.
        scores: the tensor of the scores of the classes 1 to C, [N, A, C].
        suppression: what the graph does with them.
    """

    scaled_images: str
    height: int
    width: int
    boxes: str
    scores: str
    suppression: Suppression


def recognise(nodes: Mapping[str, Node], outputs: Collection[str]) -> SsdGraph:
    """Find the parts of a graph.

    Args:
        nodes: of the whole graph.
        outputs: the names of the nodes that give the detections.

    Raises:
        NotRecognised: it is no single-shot detector, or is built in a way that is not known here.
    """
    live = ancestors(nodes, outputs)
    scaled_images, (height, width) = _find_scaling(live)
    boxes, scores, suppression = _find_suppression(live, outputs)
    network = {**live, scaled_images: Node(scaled_images, "Placeholder")}
    if IMAGE_TENSOR in ancestors(network, [node_name(boxes), node_name(scores)]):
        raise NotRecognised("the network takes more from the image than the scaled image")
    return SsdGraph(scaled_images, height, width, boxes, scores, suppression)


def _find_scaling(nodes: Mapping[str, Node]) -> tuple[str, tuple[int, int]]:
    """The node that gives the scaled images, and their height and width."""
    scaling = _only(nodes, lambda node: _is_first(nodes, node, "ResizeBilinear"), "first ResizeBilinear")
    if scaling.flag("align_corners") or scaling.flag("half_pixel_centers"):
        raise NotRecognised(f"{scaling.name} samples in another way than the frame scaler")
    image = _follow(nodes, scaling.inputs[0], (*_KEEP_VALUES, *_ENTER_LOOP, "TensorArrayScatterV3"))
    if image.name != IMAGE_TENSOR:
        raise NotRecognised(f"{scaling.name} does not scale {IMAGE_TENSOR}, but {image.name}")
    height, width = _constant(nodes, scaling.inputs[1]).tolist()
    convolution = _only(nodes, lambda node: _is_first(nodes, node, "Conv2D"), "first convolution")
    scaled_images = _follow(nodes, convolution.inputs[0], (*_KEEP_VALUES, *_NORMALISE))
    made_by = _follow(nodes, scaled_images.name, (*_KEEP_VALUES, *_LEAVE_LOOP))
    if made_by is not scaling:
        raise NotRecognised(
            f"the first convolution takes {scaled_images.name}, not what {scaling.name} gives"
        )
    return scaled_images.name, (height, width)


def _is_first(nodes: Mapping[str, Node], node: Node, op: str) -> bool:
    """Whether a node is of this operation, and none of those that it depends on is."""
    return node.op == op and not any(other.op == op for other in ancestors(nodes, node.sources).values())


def _find_suppression(nodes: Mapping[str, Node], outputs: Collection[str]) -> tuple[str, str, Suppression]:
    """The tensors of the boxes and of the scores, and what becomes of them."""
    found = [node for node in nodes.values() if node.op in _SUPPRESSIONS]
    if not found:
        raise NotRecognised(f"it has none of the operations {', '.join(_SUPPRESSIONS)}")
    if found[0].op == "CombinedNonMaxSuppression":
        parts = {_combined_suppression(nodes, node) for node in found}
    else:
        parts = {_looped_suppression(nodes, node, outputs) for node in found}
    if len(parts) > 1:
        raise NotRecognised("it treats its classes in different ways")
    return parts.pop()


def _combined_suppression(nodes: Mapping[str, Node], node: Node) -> tuple[str, str, Suppression]:
    boxes, scores = node.inputs[:2]
    max_per_class, max_total, iou, score = (_constant(nodes, tensor).item() for tensor in node.inputs[2:6])
    return boxes, scores, Suppression(score, iou, max_per_class, max_total)


def _looped_suppression(
    nodes: Mapping[str, Node], node: Node, outputs: Collection[str]
) -> tuple[str, str, Suppression]:
    """One class's operation inside a loop over the images."""
    way = (*_KEEP_VALUES, *_SELECT, *_ENTER_LOOP)
    boxes, scores = (_follow(nodes, tensor, way) for tensor in node.inputs[:2])
    if not boxes.op == scores.op == "TensorArrayScatterV3":
        raise NotRecognised(f"{node.name} takes boxes from {boxes.name} and scores from {scores.name}")
    suppression = Suppression(
        score_threshold=_score_threshold(nodes, node),
        iou_threshold=_constant(nodes, node.inputs[3]).item(),
        max_per_class=_limit(nodes, node.inputs[2]),
        max_total=_collected_rows(nodes, outputs),
    )
    return boxes.inputs[2], scores.inputs[2], suppression


def _score_threshold(nodes: Mapping[str, Node], node: Node) -> float:
    """The score that a box must exceed."""
    if node.op == "NonMaxSuppressionV3":
        return float(_constant(nodes, node.inputs[4]).item())
    # The second version has no threshold of its own: the boxes were gathered where score > threshold.
    gathering = nodes[node_name(node.inputs[1])]
    comparison = _follow(nodes, gathering.inputs[1], (*_KEEP_VALUES, "Where"))
    if comparison.op != "Greater":
        raise NotRecognised(f"{node.name} takes its boxes from {comparison.op} {comparison.name}")
    return float(_constant(nodes, comparison.inputs[1]).item())


def _limit(nodes: Mapping[str, Node], tensor: str) -> int:
    """The most boxes of one class: a constant, or the smaller of it and the number of boxes."""
    node = nodes[node_name(tensor)]
    if node.op == "Minimum":
        tensor = next((name for name in node.inputs if nodes[node_name(name)].op == "Const"), tensor)
    return int(_constant(nodes, tensor).item())


def _collected_rows(nodes: Mapping[str, Node], outputs: Iterable[str]) -> int:
    """The most boxes of one image: the loop gives its results filled up to that number."""
    collections = [_follow(nodes, name, (*_KEEP_VALUES, "Add", "AddV2")) for name in outputs]
    rows = {node.shape("element_shape")[0] for node in collections if node.shape("element_shape")}
    if len(rows) != 1 or min(rows) < 1:
        raise NotRecognised(f"its outputs have {sorted(rows)} rows")
    return rows.pop()


def _follow(nodes: Mapping[str, Node], tensor: str, through: Collection[str]) -> Node:
    """Go back along the values as long as the operation is one of `through`; the node at which that ends."""
    node = nodes[node_name(tensor)]
    while node.op in through:
        node = nodes[_data_source(nodes, node)]
    return node


def _data_source(nodes: Mapping[str, Node], node: Node) -> str:
    if node.op in _DATA_INPUTS:
        return node.sources[_DATA_INPUTS[node.op]]
    return next((name for name in node.sources if nodes[name].op != "Const"), node.sources[0])


def _constant(nodes: Mapping[str, Node], tensor: str) -> NDArray[np.generic]:
    node = _follow(nodes, tensor, ("Identity", "Enter"))
    if node.op != "Const":
        raise NotRecognised(f"{node.name} is no constant but {node.op}")
    return node.tensor()


def _only(nodes: Mapping[str, Node], is_meant: Callable[[Node], bool], what: str) -> Node:
    found = [node for node in nodes.values() if is_meant(node)]
    if len(found) != 1:
        raise NotRecognised(f"it has {len(found)} of: {what}")
    return found[0]
