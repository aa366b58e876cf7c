"""Reads and edits TensorFlow's GraphDef without TensorFlow, which OpenVINO's image does not have.

A GraphDef is a protocol buffer: fields of a number, a wire type and a value. Only what graph surgery needs is
understood here: a node keeps its attributes as they are, but not the device that it was once meant for. Field
numbers are those of TensorFlow's graph.proto, node_def.proto, attr_value.proto, tensor.proto and
tensor_shape.proto; the encoding is described at https://protobuf.dev/programming-guides/encoding.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5
"""Wire types."""

FLOAT, UINT8, INT32 = 1, 4, 3
"""Data types, from types.proto."""

_NUMPY_TYPES: dict[int, np.dtype[Any]] = {
    FLOAT: np.dtype("<f4"),
    INT32: np.dtype("<i4"),
    UINT8: np.dtype("u1"),
}
_VALUE_FIELDS = {FLOAT: 5, INT32: 7}
"""The field of a TensorProto that lists values of a type one by one."""


@dataclass(frozen=True)
class Node:
    """One node of a graph.

    Attributes:
        name: unique in the graph.
        op: the operation.
        inputs: names of nodes; `name:1` is a node's second result, `^name` only says that it runs before.
        attributes: AttrValue messages, undecoded.
    """

    name: str
    op: str
    inputs: tuple[str, ...] = ()
    attributes: Mapping[str, bytes] = field(default_factory=dict, repr=False)

    @property
    def sources(self) -> tuple[str, ...]:
        """The names of the nodes whose results this one takes."""
        return tuple(node_name(tensor) for tensor in self.inputs if not tensor.startswith("^"))

    def number(self, key: str) -> int:
        """An attribute that is a truth value, an integer or a data type; 0 where it is not set."""
        return next((value for _, kind, value in _fields(self.attributes.get(key, b"")) if kind == VARINT), 0)

    def decimal(self, key: str) -> float:
        """An attribute that is a floating-point number; 0.0 where it is not set."""
        values = _fields(self.attributes.get(key, b""))
        return next((float(value) for number, _, value in values if number == 4), 0.0)

    def shape(self, key: str) -> list[int]:
        """An attribute that is a shape; empty where it is not set, or has no dimensions."""
        shapes = _fields(self.attributes.get(key, b""))
        return [size for number, _, value in shapes if number == 7 for size in _decode_shape(value)]

    def tensor(self) -> NDArray[Any]:
        """The value of a Const node.

        Raises:
            ValueError: it is of a type that graph surgery does not know.
        """
        (tensor,) = (value for number, _, value in _fields(self.attributes["value"]) if number == 8)
        return _decode_tensor(tensor)


def node_name(tensor: str) -> str:
    """The node that a tensor's name belongs to."""
    return tensor.lstrip("^").partition(":")[0]


def read_graph(data: bytes) -> dict[str, Node]:
    """The nodes of a serialized GraphDef by name.

    Raises:
        ValueError: the bytes are no GraphDef.
    """
    nodes = {}
    try:
        for number, kind, value in _fields(data):
            if (number, kind) == (1, BYTES):
                node = _decode_node(value)
                nodes[node.name] = node
    except (IndexError, struct.error, UnicodeDecodeError) as error:
        raise ValueError(f"not a GraphDef: {error}") from error
    return nodes


def write_graph(nodes: Iterable[Node]) -> bytes:
    """A GraphDef of these nodes."""
    # Producer 27 is TensorFlow 1.12's: every later release reads it.
    versions = _encode(4, _encode(1, 27))
    return b"".join(_encode(1, _encode_node(node)) for node in nodes) + versions


def constant(name: str, value: NDArray[Any]) -> Node:
    """A Const node that holds float32 or int32 values."""
    data_type = FLOAT if value.dtype.kind == "f" else INT32
    content = np.ascontiguousarray(value, _NUMPY_TYPES[data_type]).tobytes()
    tensor = _encode(1, data_type) + _encode(2, _encode_shape(value.shape)) + _encode(4, content)
    return Node(name, "Const", (), {"dtype": type_attribute(data_type), "value": _encode(8, tensor)})


def placeholder(name: str, data_type: int, shape: Iterable[int]) -> Node:
    """A Placeholder node; -1 stands for a size that is not known."""
    attributes = {"dtype": type_attribute(data_type), "shape": _encode(7, _encode_shape(shape))}
    return Node(name, "Placeholder", (), attributes)


def type_attribute(data_type: int) -> bytes:
    """An AttrValue that holds a data type."""
    return _encode(6, data_type)


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


def _fields(data: bytes | memoryview) -> Iterator[tuple[int, int, Any]]:
    """The fields of a message: number, wire type and value (bytes fields as views, not copied)."""
    view = memoryview(data)
    place = 0
    while place < len(view):
        key, place = _varint(view, place)
        number, kind = key >> 3, key & 7
        value: Any
        if kind == VARINT:
            value, place = _varint(view, place)
        elif kind == BYTES:
            length, place = _varint(view, place)
            if place + length > len(view):
                raise ValueError("not a GraphDef: it is cut off")
            value, place = view[place : place + length], place + length
        elif kind == FIXED32:
            value, place = struct.unpack_from("<f", view, place)[0], place + 4
        elif kind == FIXED64:
            value, place = struct.unpack_from("<d", view, place)[0], place + 8
        else:
            raise ValueError(f"not a GraphDef: found wire type {kind}")
        yield number, kind, value


def _varint(view: memoryview, place: int) -> tuple[int, int]:
    """A number of 7 bits per byte, the lowest first, and the place behind it."""
    value = shift = 0
    while True:
        byte = view[place]
        place += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            # Negative numbers are written as 64 bits in two's complement.
            return (value - (1 << 64) if value >> 63 else value), place
        shift += 7


def _decode_node(data: memoryview) -> Node:
    name, op, inputs, attributes = "", "", [], {}
    for number, _, value in _fields(data):
        match number:
            case 1:
                name = str(value, "utf-8")
            case 2:
                op = str(value, "utf-8")
            case 3:
                inputs.append(str(value, "utf-8"))
            case 5:
                entry = {key: content for key, _, content in _fields(value)}
                attributes[str(entry[1], "utf-8")] = entry.get(2, b"")
    return Node(name, op, tuple(inputs), attributes)


def _decode_tensor(data: memoryview) -> NDArray[Any]:
    found = [(number, value) for number, _, value in _fields(data)]
    data_type = next((value for number, value in found if number == 1), 0)
    if data_type not in _NUMPY_TYPES:
        raise ValueError(f"a constant of data type {data_type}")
    dtype = _NUMPY_TYPES[data_type]
    shape = [size for number, value in found if number == 2 for size in _decode_shape(value)]
    content = next((value for number, value in found if number == 4), b"")
    if len(content):
        return np.frombuffer(content, dtype).reshape(shape)
    values = np.array(
        [
            x
            for number, value in found
            if number == _VALUE_FIELDS.get(data_type)
            for x in _listed(value, dtype)
        ]
    )
    # A constant of many equal values lists its last value once.
    count = int(np.prod(shape))
    filled = np.full(count, values[-1] if len(values) else 0, dtype)
    filled[: len(values)] = values[:count]
    return filled.reshape(shape)


def _listed(value: Any, dtype: np.dtype[Any]) -> list[Any]:
    """One value, or many in a packed field."""
    if not isinstance(value, memoryview):
        return [value]
    if dtype.kind == "f":
        return list(np.frombuffer(value, dtype))
    numbers, place = [], 0
    while place < len(value):
        number, place = _varint(value, place)
        numbers.append(number)
    return numbers


def _decode_shape(data: memoryview) -> Iterator[int]:
    for number, _, dimension in _fields(data):
        if number == 2:
            yield next((size for key, _, size in _fields(dimension) if key == 1), 0)


def _encode(number: int, value: int | bytes | memoryview) -> bytes:
    """One field: an integer as a varint, bytes with their length."""
    if isinstance(value, int):
        return _encode_varint(number << 3 | VARINT) + _encode_varint(value)
    return _encode_varint(number << 3 | BYTES) + _encode_varint(len(value)) + bytes(value)


def _encode_varint(value: int) -> bytes:
    value &= (1 << 64) - 1
    encoded = bytearray()
    while value >= 0x80:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*encoded, value])


def _encode_shape(shape: Iterable[int]) -> bytes:
    return b"".join(_encode(2, _encode(1, int(size))) for size in shape)


def _encode_node(node: Node) -> bytes:
    parts = [_encode(1, node.name.encode()), _encode(2, node.op.encode())]
    parts += [_encode(3, tensor.encode()) for tensor in node.inputs]
    parts += [
        _encode(5, _encode(1, key.encode()) + _encode(2, content)) for key, content in node.attributes.items()
    ]
    return b"".join(parts)
