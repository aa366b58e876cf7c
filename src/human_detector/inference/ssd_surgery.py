"""Cuts the network out of a single-shot detector's graph."""

from __future__ import annotations

from collections.abc import Mapping

from human_detector.inference.batch_norm import fold_batch_norms
from human_detector.inference.graph_def import (
    FLOAT,
    Node,
    ancestors,
    placeholder,
    type_attribute,
    write_graph,
)
from human_detector.inference.ssd_graph import SsdGraph

IMAGES = "scaled_images"
"""Input of a network that was cut out: float32 RGB [N, height, width, 3], from 0 to 255."""
BOXES = "proposed_boxes"
SCORES = "proposed_scores"
"""Its outputs, as described for `SsdGraph`."""


def cut_network(nodes: Mapping[str, Node], parts: SsdGraph) -> bytes:
    """The network alone, as a GraphDef from `IMAGES` to `BOXES` and `SCORES`.

    Args:
        nodes: of the whole graph.
        parts: where to cut.
    """
    of_float = {"T": type_attribute(FLOAT)}
    network = {
        **nodes,
        IMAGES: placeholder(IMAGES, FLOAT, (-1, parts.height, parts.width, 3)),
        parts.scaled_images: Node(parts.scaled_images, "Identity", (IMAGES,), of_float),
        BOXES: Node(BOXES, "Identity", (parts.boxes,), of_float),
        SCORES: Node(SCORES, "Identity", (parts.scores,), of_float),
    }
    network = fold_batch_norms(ancestors(network, [BOXES, SCORES]))
    # Only what computes is left: what a node was to wait for were assertions.
    return write_graph(_without_controls(node) for node in ancestors(network, [BOXES, SCORES]).values())


def _without_controls(node: Node) -> Node:
    inputs = (tensor for tensor in node.inputs if not tensor.startswith("^"))
    return Node(node.name, node.op, tuple(inputs), node.attributes)
