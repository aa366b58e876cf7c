"""Cuts the network out of a single-shot detector's graph, and folds its batch normalisations."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

import numpy as np

from graph_def import FLOAT, Node, ancestors, constant, placeholder, type_attribute, write_graph
from ssd_graph import SsdGraph

IMAGES = "scaled_images"
"""Input of a network that was cut out: float32 RGB [N, height, width, 3], from 0 to 255."""
BOXES = "proposed_boxes"
SCORES = "proposed_scores"
"""Its outputs, as described for `SsdGraph`."""

_CONVOLUTIONS = ("Conv2D", "DepthwiseConv2dNative")
_BATCH_NORMS = ("FusedBatchNorm", "FusedBatchNormV2", "FusedBatchNormV3")


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


def fold_batch_norms(nodes: Mapping[str, Node]) -> dict[str, Node]:
    """Put each batch normalisation behind a convolution into the convolution's own weights.

    With g = scale / sqrt(variance + epsilon), the normalisation of x * w is x * (g w) + (offset - g mean).

    Args:
        nodes: of a graph for inference: all statistics are constants.
    """
    folded = dict(nodes)
    readers = Counter(source for node in nodes.values() for source in node.sources)
    for norm in nodes.values():
        convolution = nodes.get(norm.sources[0]) if norm.op in _BATCH_NORMS else None
        if convolution and convolution.op in _CONVOLUTIONS and readers[convolution.name] == 1:
            folded |= _fold(nodes, convolution, norm)
    return folded


def _fold(nodes: Mapping[str, Node], convolution: Node, norm: Node) -> dict[str, Node]:
    constants = [_constant(nodes, name) for name in (convolution.sources[1], *norm.sources[1:5])]
    if norm.number("is_training") or any(node is None for node in constants):
        return {}
    weights, scale, offset, mean, variance = (node.tensor() for node in constants if node is not None)
    gain = scale / np.sqrt(variance + norm.decimal("epsilon"))
    # A depthwise filter is [height, width, channels, outputs per channel]; its outputs count through both.
    shape = weights.shape[2:] if convolution.op == "DepthwiseConv2dNative" else (-1,)
    new_weights = constant(f"{convolution.name}/folded_weights", weights * gain.reshape(shape))
    bias = constant(f"{convolution.name}/folded_bias", offset - gain * mean)
    inputs = (convolution.inputs[0], new_weights.name)
    return {
        new_weights.name: new_weights,
        bias.name: bias,
        convolution.name: Node(convolution.name, convolution.op, inputs, convolution.attributes),
        norm.name: Node(norm.name, "BiasAdd", (convolution.name, bias.name), {"T": type_attribute(FLOAT)}),
    }


def _constant(nodes: Mapping[str, Node], name: str) -> Node | None:
    node = nodes[name]
    while node.op == "Identity":
        node = nodes[node.sources[0]]
    return node if node.op == "Const" else None
