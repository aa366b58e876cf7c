"""What stands in an ONNX file: inputs, outputs, metadata. Without the package onnx."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from google.protobuf.message import DecodeError

from human_detector.inference.model_files import damaged
from human_detector.inference.protobuf_messages import message_classes

_MESSAGES = {
    "ModelProto": "GraphProto graph = 7; repeated Entry metadata_props = 14",
    "Entry": "string key = 1; string value = 2",
    "GraphProto": "repeated TensorProto initializer = 5; repeated ValueInfoProto input = 11; "
    "repeated ValueInfoProto output = 12; repeated ValueInfoProto value_info = 13",
    "TensorProto": "string name = 8",
    "ValueInfoProto": "string name = 1; TypeProto type = 2",
    "TypeProto": "Tensor tensor_type = 1",
    "Tensor": "int32 elem_type = 1; Shape shape = 2",
    "Shape": "repeated Dim dim = 1",
    "Dim": "int64 dim_value = 1; string dim_param = 2",
}
"""The part of onnx.proto that is read here."""

_ModelProto = message_classes("onnx.proto", _MESSAGES, one_of=("Dim",))["ModelProto"]

ELEMENT_TYPES = {1: "float32", 2: "uint8", 6: "int32", 7: "int64", 9: "bool", 10: "float16", 11: "float64"}
"""What onnx.proto calls the kinds of numbers that inputs and outputs of detectors have."""


@dataclass(frozen=True, slots=True)
class Tensor:
    """An input or an output.

    Attributes:
        name: in the file.
        kind: of its numbers, such as `float32`.
        shape: its sizes; None where the file leaves one open.
    """

    name: str
    kind: str
    shape: tuple[int | None, ...]

    def __str__(self) -> str:
        """Such as `images float32 [1, 3, ?, ?]`."""
        sizes = ", ".join("?" if size is None else str(size) for size in self.shape)
        return f"{self.name} {self.kind} [{sizes}]"


@dataclass(frozen=True, slots=True)
class OnnxFile:
    """What stands in a file.

    Attributes:
        path: of the file.
        inputs: what the network must be given.
        outputs: what it says.
        metadata: what its exporter has noted.
    """

    path: Path
    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]
    metadata: Mapping[str, str]

    def with_open_sizes(self, picture: str, size_axes: tuple[int, int]) -> bytes:
        """The model for one picture of any size at a time, whatever sizes the file states.

        Args:
            picture: the input that takes it.
            size_axes: which sizes of its shape are height and width.
        """
        model = _ModelProto.FromString(self.path.read_bytes())
        (given,) = (value for value in model.graph.input if value.name == picture)
        dims = given.type.tensor_type.shape.dim
        for name, axis in zip(("height", "width"), size_axes, strict=True):
            dims[axis].dim_param = name
        if len(dims) == 4:
            dims[0].dim_value = 1
        # What follows from the picture's size is not to be stated either.
        for value in model.graph.output:
            value.type.tensor_type.ClearField("shape")
        model.graph.ClearField("value_info")
        content: bytes = model.SerializeToString()
        return content


def read_onnx(model: str, path: Path) -> OnnxFile:
    """Read what stands in a file.

    Args:
        model: the model as the configuration names it, for messages.
        path: of the file.

    Raises:
        ConfigurationError: it is damaged, or no ONNX file.
    """
    try:
        read = _ModelProto.FromString(path.read_bytes())
    except DecodeError as error:
        raise damaged(model, path, "it is cut off, or no ONNX file") from error
    if not (read.graph.input and read.graph.output):
        raise damaged(model, path, "an ONNX file without inputs and outputs")
    return OnnxFile(
        path,
        tuple(_tensor(value) for value in _given_inputs(read.graph)),
        tuple(_tensor(value) for value in read.graph.output),
        {entry.key: entry.value for entry in read.metadata_props},
    )


def _given_inputs(graph: Any) -> list[Any]:
    """The inputs that are no weights: older exporters list both."""
    weights = {tensor.name for tensor in graph.initializer}
    return [value for value in graph.input if value.name not in weights]


def _tensor(value: Any) -> Tensor:
    tensor = value.type.tensor_type
    shape = tuple(
        dim.dim_value if dim.WhichOneof("value") == "dim_value" else None for dim in tensor.shape.dim
    )
    return Tensor(value.name, ELEMENT_TYPES.get(tensor.elem_type, f"type {tensor.elem_type}"), shape)
