"""Reads a TensorFlow.js graph model as nodes of TensorFlow's own kind, with the weights as constants."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from human_detector.errors import ConfigurationError
from human_detector.inference.graph_def import BOOL, FLOAT, INT32, Node, constant, type_attribute
from human_detector.inference.graph_messages import AttrValue
from human_detector.inference.tensorflowjs_weights import Weights, read_groups, read_json

_DATA_TYPES = {"DT_FLOAT": FLOAT, "DT_INT32": INT32, "DT_BOOL": BOOL}
_FUSED = {"_FusedConv2D": "Conv2D", "FusedDepthwiseConv2dNative": "DepthwiseConv2dNative"}
"""The convolution inside each operation that TensorFlow.js has made of several."""
_OF_CONVOLUTION = ("T", "strides", "padding", "data_format", "dilations")
_ACTIVATIONS = ("Relu", "Relu6")


def read_graph_model(path: Path) -> dict[str, Node]:
    """The nodes of a graph model by name.

    Operations that TensorFlow.js has fused are taken apart: what a convolution adds and its activation are
    nodes of their own again, and the last of them has the name of the fused one.

    Args:
        path: the model's JSON file; its binary files lie beside it.

    Raises:
        ConfigurationError: a file is missing, damaged, or has what is not known here.
    """
    model = read_json(path)
    try:
        weights = read_groups(model["weightsManifest"], path)
        nodes = [part for node in model["modelTopology"]["node"] for part in _parts(node, weights)]
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise ConfigurationError(f"{path} is no TensorFlow.js graph model: {error!r}") from error
    return {node.name: node for node in nodes}


def _parts(node: Mapping[str, Any], weights: Weights) -> Iterator[Node]:
    """What a node of the topology becomes: one node, or several if it is a fused one."""
    name, op, inputs = node["name"], node["op"], tuple(node.get("input", ()))
    if op == "Const":
        yield constant(name, weights[name])
        return
    attributes = {key: value for key, value in node.get("attr", {}).items() if not key.startswith("_")}
    if op not in _FUSED:
        yield Node(name, op, inputs, {key: _attribute(value) for key, value in attributes.items()})
        return
    steps = [base64.b64decode(step).decode() for step in attributes["fused_ops"]["list"]["s"]]
    if steps[:1] != ["BiasAdd"] or len(steps) > 2 or not set(steps[1:]) <= set(_ACTIVATIONS):
        raise ConfigurationError(f"{name} fuses {steps}, which is not known here")
    image, filters, bias = inputs
    last = {step: name if step == steps[-1] else f"{name}/{step}" for step in steps}
    convolution = f"{name}/{_FUSED[op]}"
    of_convolution = {key: _attribute(attributes[key]) for key in _OF_CONVOLUTION if key in attributes}
    yield Node(convolution, _FUSED[op], (image, filters), of_convolution)
    of_bias = {key: of_convolution[key] for key in ("T", "data_format")}
    yield Node(last["BiasAdd"], "BiasAdd", (convolution, bias), of_bias)
    for activation in steps[1:]:
        yield Node(name, activation, (last["BiasAdd"],), {"T": of_convolution["T"]})


def _attribute(value: Mapping[str, Any]) -> Any:
    """An attribute as the JSON form of its message says it."""
    ((kind, content),) = value.items()
    match kind:
        case "type":
            return type_attribute(_DATA_TYPES[content])
        case "s":
            return AttrValue(s=base64.b64decode(content))
        case "i":
            return AttrValue(i=int(content))
        case "f" | "b":
            return AttrValue(**{kind: content})
        case "list":
            return AttrValue(list={"i": [int(number) for number in content.get("i", ())]})
        case "shape":
            return AttrValue(shape={"dim": [{"size": int(size["size"])} for size in content.get("dim", ())]})
    raise ConfigurationError(f"an attribute of the kind {kind}, which is not known here")
