"""TensorFlow's GraphDef as messages of the protocol buffer runtime, without TensorFlow."""

from __future__ import annotations

from human_detector.inference.protobuf_messages import message_classes

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

_CLASSES = message_classes("graph.proto", _MESSAGES, one_of=("AttrValue",))

GraphDef = _CLASSES["GraphDef"]
AttrValue = _CLASSES["AttrValue"]
