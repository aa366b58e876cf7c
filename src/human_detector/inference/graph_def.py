"""Reads and edits TensorFlow's GraphDef without TensorFlow, which OpenVINO's image does not have."""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from google.protobuf.message import DecodeError
from numpy.typing import NDArray

from human_detector.inference.graph_messages import AttrValue, GraphDef

FLOAT, INT32, UINT8, BOOL = 1, 3, 4, 10
"""Data types, from types.proto."""

_NUMPY_TYPES: dict[int, np.dtype[Any]] = {
    FLOAT: np.dtype("<f4"),
    INT32: np.dtype("<i4"),
    UINT8: np.dtype("u1"),
}

PRODUCER = 27
"""The version that a written graph declares: TensorFlow 1.12's. Every later release reads it."""

_NOT_SET = AttrValue()


@dataclass(frozen=True)
class Node:
    """One node of a graph.

    Attributes:
        name: unique in the graph.
        op: the operation.
        inputs: names of nodes; `name:1` is a node's second result, `^name` only says that it runs before.
        attributes: an AttrValue message each, not to be changed: nodes share them.
        device: where to run it; empty leaves that to TensorFlow.
    """

    name: str
    op: str
    inputs: tuple[str, ...] = ()
    attributes: Mapping[str, Any] = field(default_factory=dict, repr=False)
    device: str = ""

    @property
    def sources(self) -> tuple[str, ...]:
        """The names of the nodes whose results this one takes."""
        return tuple(node_name(tensor) for tensor in self.inputs if not tensor.startswith("^"))

    def flag(self, key: str) -> bool:
        """An attribute that is a truth value; false where it is not set."""
        return bool(self.attributes.get(key, _NOT_SET).b)

    def number(self, key: str) -> float:
        """An attribute that is a floating-point number; 0.0 where it is not set."""
        return float(self.attributes.get(key, _NOT_SET).f)

    def shape(self, key: str) -> list[int]:
        """An attribute that is a shape; empty where it is not set, or has no dimensions."""
        return [dimension.size for dimension in self.attributes.get(key, _NOT_SET).shape.dim]

    def tensor(self) -> NDArray[Any]:
        """The value of a Const node.

        Raises:
            ValueError: it is of a type that graph surgery does not know.
        """
        tensor = self.attributes["value"].tensor
        if tensor.dtype not in _NUMPY_TYPES:
            raise ValueError(f"a constant of data type {tensor.dtype}")
        dtype = _NUMPY_TYPES[tensor.dtype]
        shape = [dimension.size for dimension in tensor.tensor_shape.dim]
        if content := tensor.tensor_content:
            return np.frombuffer(content, dtype).reshape(shape)
        listed = np.array(tensor.float_val if tensor.dtype == FLOAT else tensor.int_val, dtype)
        # A constant of many equal values lists its last value once.
        values = np.full(shape, listed[-1] if listed.size else 0, dtype)
        values.flat[: listed.size] = listed[: values.size]
        return values


def node_name(tensor: str) -> str:
    """The node that a tensor's name belongs to."""
    return tensor.lstrip("^").partition(":")[0]


def read_graph(data: bytes) -> dict[str, Node]:
    """The nodes of a serialized GraphDef by name.

    The device that a node was once meant for is left out.

    Raises:
        ValueError: the bytes are no GraphDef.
    """
    try:
        graph = GraphDef.FromString(data)
    except DecodeError as error:
        raise ValueError("not a GraphDef") from error
    return {
        node.name: Node(
            node.name, node.op, tuple(node.input), {entry.key: entry.value for entry in node.attr}
        )
        for node in graph.node
    }


def write_graph(nodes: Iterable[Node]) -> bytes:
    """A GraphDef of these nodes; equal nodes give equal bytes."""
    # Piece by piece: one message of all nodes gives the same bytes, but copies all weights once more.
    written = io.BytesIO()
    for node in nodes:
        written.write(_graph_of(node).SerializeToString())
    written.write(GraphDef(versions={"producer": PRODUCER}).SerializeToString())
    return written.getvalue()


def constant(name: str, value: NDArray[Any]) -> Node:
    """A Const node that holds float32 or int32 values."""
    data_type = FLOAT if value.dtype.kind == "f" else INT32
    tensor = {
        "dtype": data_type,
        "tensor_shape": _shape(value.shape),
        "tensor_content": np.ascontiguousarray(value, _NUMPY_TYPES[data_type]).tobytes(),
    }
    return Node(name, "Const", (), {"dtype": type_attribute(data_type), "value": AttrValue(tensor=tensor)})


def placeholder(name: str, data_type: int, shape: Iterable[int]) -> Node:
    """A Placeholder node; -1 stands for a size that is not known."""
    attributes = {"dtype": type_attribute(data_type), "shape": AttrValue(shape=_shape(shape))}
    return Node(name, "Placeholder", (), attributes)


def type_attribute(data_type: int) -> Any:
    """An AttrValue that holds a data type."""
    return AttrValue(type=data_type)


def ancestors(nodes: Mapping[str, Node], names: Iterable[str]) -> dict[str, Node]:
    """These nodes and all that they take results from, in the graph's order."""
    wanted: set[str] = set()
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        if name not in wanted:
            wanted.add(name)
            waiting += nodes[name].sources
    return {name: node for name, node in nodes.items() if name in wanted}


def _shape(sizes: Iterable[int]) -> dict[str, Any]:
    """The content of a TensorShapeProto."""
    return {"dim": [{"size": size} for size in sizes]}


def _graph_of(node: Node) -> Any:
    """A GraphDef of one node."""
    # Sorted as the runtime sorts a map: by key, but "Tshape" before "T", which it begins with.
    attributes = sorted(node.attributes.items(), key=lambda attribute: attribute[0] + "~")
    entries = [{"key": key, "value": value} for key, value in attributes]
    message = {"name": node.name, "op": node.op, "input": node.inputs, "device": node.device, "attr": entries}
    return GraphDef(node=[message])
