"""TensorFlow's GraphDef as messages of the protocol buffer runtime, without TensorFlow."""

from __future__ import annotations

from typing import Any

from google.protobuf.descriptor_pb2 import DescriptorProto, FieldDescriptorProto, FileDescriptorProto
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message_factory import GetMessageClass

_PACKAGE = "human_detector"

_MESSAGES = {
    "GraphDef": "repeated NodeDef node = 1; VersionDef versions = 4",
    "VersionDef": "int32 producer = 1",
    "NodeDef": "string name = 1; string op = 2; repeated string input = 3; string device = 4; "
    "repeated AttrEntry attr = 5",
    "AttrEntry": "string key = 1; AttrValue value = 2",
    "AttrValue": "ListValue list = 1; bytes s = 2; int64 i = 3; float f = 4; bool b = 5; int32 type = 6; "
    "TensorShapeProto shape = 7; TensorProto tensor = 8",
    "ListValue": "repeated int64 i = 3",
    "TensorProto": "int32 dtype = 1; TensorShapeProto tensor_shape = 2; bytes tensor_content = 4; "
    "repeated float float_val = 5; repeated int32 int_val = 7",
    "TensorShapeProto": "repeated Dim dim = 2",
    "Dim": "int64 size = 1",
}
"""The fields of each message that are read or written here; the runtime carries the others along unread.

Names and numbers are those of TensorFlow's graph.proto, versions.proto, node_def.proto, attr_value.proto,
tensor.proto and tensor_shape.proto. An enumeration of types.proto is an int32 here, and a map the list of its
entries: their encodings are the same.
"""

_ONE_OF = ("AttrValue",)
"""Messages that hold one of their fields, which is written even if it is 0."""


def _describe(name: str) -> DescriptorProto:
    """The runtime's description of a message."""
    described = DescriptorProto(name=name)
    if name in _ONE_OF:
        described.oneof_decl.add(name="value")
    for declaration in _MESSAGES[name].split("; "):
        *label, kind, field_name, _, number = declaration.split()
        field = described.field.add(name=field_name, number=int(number))
        field.label = field.LABEL_REPEATED if label else field.LABEL_OPTIONAL
        if kind in _MESSAGES:
            field.type_name = f".{_PACKAGE}.{kind}"
        else:
            field.type = FieldDescriptorProto.Type.Value(f"TYPE_{kind.upper()}")
        if name in _ONE_OF:
            field.oneof_index = 0
    return described


def _build() -> dict[str, Any]:
    """The class of each message."""
    described = FileDescriptorProto(name="graph.proto", package=_PACKAGE, syntax="proto3")
    described.message_type.extend(_describe(name) for name in _MESSAGES)
    # Not the default pool: that is TensorFlow's own where both are loaded.
    pool = DescriptorPool()
    pool.Add(described)
    return {name: GetMessageClass(pool.FindMessageTypeByName(f"{_PACKAGE}.{name}")) for name in _MESSAGES}


_CLASSES = _build()

GraphDef = _CLASSES["GraphDef"]
AttrValue = _CLASSES["AttrValue"]
