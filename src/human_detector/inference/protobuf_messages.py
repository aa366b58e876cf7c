"""Messages of the protocol buffer runtime for formats of others, without the packages of those others."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from google.protobuf.descriptor_pb2 import DescriptorProto, FieldDescriptorProto, FileDescriptorProto
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message_factory import GetMessageClass

_PACKAGE = "human_detector"


def message_classes(
    file: str, messages: Mapping[str, str], one_of: Collection[str] = ()
) -> Mapping[str, Any]:
    """The class of each message of a format.

    Args:
        file: a name for the format.
        messages: the fields of each, such as `repeated NodeDef node = 1; string name = 2`. Fields that are
            not named are carried along unread.
        one_of: messages that hold one of their fields, which is written even if it is 0.
    """
    described = FileDescriptorProto(name=file, package=_PACKAGE, syntax="proto3")
    described.message_type.extend(_describe(name, messages, name in one_of) for name in messages)
    # Not the default pool: that is TensorFlow's own where both are loaded.
    pool = DescriptorPool()
    pool.Add(described)
    return {name: GetMessageClass(pool.FindMessageTypeByName(f"{_PACKAGE}.{name}")) for name in messages}


def _describe(name: str, messages: Mapping[str, str], is_one_of: bool) -> DescriptorProto:
    """The runtime's description of a message."""
    described = DescriptorProto(name=name)
    if is_one_of:
        described.oneof_decl.add(name="value")
    for declaration in messages[name].split("; "):
        *label, kind, field_name, _, number = declaration.split()
        field = described.field.add(name=field_name, number=int(number))
        field.label = field.LABEL_REPEATED if label else field.LABEL_OPTIONAL
        if kind in messages:
            field.type_name = f".{_PACKAGE}.{kind}"
        else:
            field.type = FieldDescriptorProto.Type.Value(f"TYPE_{kind.upper()}")
        if is_one_of:
            field.oneof_index = 0
    return described
