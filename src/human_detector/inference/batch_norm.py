"""Folds batch normalisations into the convolutions before them.

A normalisation multiplies each channel by a gain and adds an offset. Both are constants once a network is
trained, so the gain can go into the convolution's weights, and what is left is a bias.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from human_detector.inference.graph_def import FLOAT, Node, constant, type_attribute

Floats = NDArray[np.float32]

_CONVOLUTIONS = ("Conv2D", "DepthwiseConv2dNative")
_FUSED = ("FusedBatchNorm", "FusedBatchNormV2", "FusedBatchNormV3")
_ADDITIONS = ("Add", "AddV2")
_ARITHMETIC: Mapping[str, Callable[..., Floats]] = {
    "Identity": np.asarray,
    "Add": np.add,
    "AddV2": np.add,
    "Sub": np.subtract,
    "Mul": np.multiply,
    "Rsqrt": lambda variance: 1 / np.sqrt(variance),
}
"""What exporters do with the statistics."""


@dataclass(frozen=True, slots=True)
class _BatchNorm:
    """A normalisation as x * gain + offset.

    Attributes:
        convolution: that gives x.
        weights: of the convolution.
        gain: for each channel.
        offset: for each channel.
    """

    convolution: Node
    weights: Floats
    gain: Floats
    offset: Floats


def fold_batch_norms(nodes: Mapping[str, Node]) -> dict[str, Node]:
    """Put each batch normalisation that follows a convolution into the convolution's own weights.

    Args:
        nodes: of a graph for inference: all statistics are constants.
    """
    folded = dict(nodes)
    readers = Counter(source for node in nodes.values() for source in node.sources)
    for node in nodes.values():
        norm = _fused(nodes, node) or _spelled_out(nodes, readers, node)
        if norm and readers[norm.convolution.name] == 1:
            folded |= _fold(norm, node.name)
    return folded


def _fused(nodes: Mapping[str, Node], node: Node) -> _BatchNorm | None:
    """One operation: (x - mean) / sqrt(variance + epsilon) * scale + shift."""
    if node.op not in _FUSED or node.flag("is_training"):
        return None
    statistics = [_value(nodes, name) for name in node.sources[1:5]]
    if any(value is None for value in statistics):
        return None
    scale, shift, mean, variance = (value for value in statistics if value is not None)
    gain = scale / np.sqrt(variance + node.number("epsilon"))
    return _after_convolution(nodes, node.sources[0], gain, shift - gain * mean)


def _spelled_out(nodes: Mapping[str, Node], readers: Mapping[str, int], node: Node) -> _BatchNorm | None:
    """As the first exporters wrote it: x * gain + offset, with the arithmetic of the statistics beside it."""
    if node.op not in _ADDITIONS:
        return None
    product, offset = _varying_and_constant(nodes, node)
    if product is None or offset is None or product.op != "Mul" or readers[product.name] != 1:
        return None
    source, gain = _varying_and_constant(nodes, product)
    if source is None or gain is None:
        return None
    return _after_convolution(nodes, source.name, gain, offset)


def _after_convolution(
    nodes: Mapping[str, Node], source: str, gain: Floats, offset: Floats
) -> _BatchNorm | None:
    """The normalisation, if it has one gain and one offset for each channel of a convolution."""
    convolution = nodes[source]
    weights = _value(nodes, convolution.sources[1]) if convolution.op in _CONVOLUTIONS else None
    if weights is None:
        return None
    depthwise = convolution.op == "DepthwiseConv2dNative"
    channels = int(np.prod(weights.shape[2:] if depthwise else weights.shape[3:]))
    if not gain.shape == offset.shape == (channels,):
        return None
    return _BatchNorm(convolution, weights, gain, offset)


def _varying_and_constant(nodes: Mapping[str, Node], node: Node) -> tuple[Node | None, Floats | None]:
    """The two sources of an operation of which one is a constant, in either order."""
    first, second = node.sources
    for varying, fixed in ((first, second), (second, first)):
        if (value := _value(nodes, fixed)) is not None:
            return nodes[varying], value
    return None, None


def _value(nodes: Mapping[str, Node], name: str) -> Floats | None:
    """What a node gives if that is the same for every image, else None."""
    node = nodes[name]
    if node.op == "Const":
        return node.tensor()
    if node.op not in _ARITHMETIC:
        return None
    values = [_value(nodes, source) for source in node.sources]
    return None if any(value is None for value in values) else _ARITHMETIC[node.op](*values)


def _fold(norm: _BatchNorm, last: str) -> dict[str, Node]:
    """What takes the place of a convolution and of the last node of its normalisation."""
    convolution = norm.convolution
    layout = {key: value for key, value in convolution.attributes.items() if key == "data_format"}
    # A depthwise filter is [height, width, channels, results per channel]; its results count through both.
    shape = norm.weights.shape[2:] if convolution.op == "DepthwiseConv2dNative" else (-1,)
    weights = constant(f"{convolution.name}/folded_weights", norm.weights * norm.gain.reshape(shape))
    bias = constant(f"{convolution.name}/folded_bias", norm.offset)
    inputs = (convolution.inputs[0], weights.name)
    return {
        weights.name: weights,
        bias.name: bias,
        convolution.name: Node(convolution.name, convolution.op, inputs, convolution.attributes),
        last: Node(last, "BiasAdd", (convolution.name, bias.name), {"T": type_attribute(FLOAT), **layout}),
    }
