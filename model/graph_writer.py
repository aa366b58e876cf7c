"""Writes a TensorFlow graph node by node, so that its bytes do not depend on TensorFlow's own builders."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

PRODUCER = 27
"""The GraphDef version to declare: TensorFlow 1.12's, of the zoo's own time. Every later release reads it."""


class GraphWriter:
    """Appends nodes to `graph_def`. Each method returns its node's name, to be an input of another.

    Inputs are float32 unless a method says otherwise; pictures are [batch, height, width, channels].

    Args:
        tensorflow: the TensorFlow module, for its protocol buffers.
    """

    def __init__(self, tensorflow: Any) -> None:
        self._tf = tensorflow
        self.graph_def = tensorflow.compat.v1.GraphDef()
        self.graph_def.versions.producer = PRODUCER

    def data_type(self, name: str) -> dict[str, int]:
        """Returns an attribute that holds a data type, such as "float32"."""
        return {"type": self._tf.dtypes.as_dtype(name).as_datatype_enum}

    def integers(self, *values: int) -> dict[str, Any]:
        """Returns an attribute that holds a list of integers."""
        return {"list": self._tf.compat.v1.AttrValue.ListValue(i=values)}

    def node(self, op: str, name: str, *inputs: str, device: str = "", **attributes: Any) -> str:
        """Adds a node of any operation.

        Args:
            op: the operation.
            name: the node's name.
            inputs: the names of nodes; `name:1` is a node's second result.
            device: where to run it; "" leaves that to TensorFlow.
            attributes: the content of each AttrValue: `align_corners={"b": False}`.
        """
        node = self.graph_def.node.add(op=op, name=name, input=inputs, device=device)
        for key, content in attributes.items():
            node.attr[key].CopyFrom(self._tf.compat.v1.AttrValue(**content))
        return name

    def floats(self, op: str, name: str, *inputs: str, **attributes: Any) -> str:
        """Adds a node whose attribute T is float32: most element-wise operations."""
        return self.node(op, name, *inputs, T=self.data_type("float32"), **attributes)

    def constant(self, name: str, value: NDArray[Any] | Sequence[int] | float) -> str:
        """Adds a constant: float32 if the value is floating-point, else int32."""
        array = np.asarray(value)
        array = array.astype("<f4" if array.dtype.kind == "f" else "<i4")
        data_type = self.data_type(array.dtype.name)
        tensor = {
            "dtype": data_type["type"],
            "tensor_shape": {"dim": [{"size": size} for size in array.shape]},
            "tensor_content": array.tobytes(),
        }
        return self.node("Const", name, dtype=data_type, value={"tensor": tensor})

    def cast(self, name: str, source: str, found: str, wanted: str) -> str:
        """Adds a conversion from one data type to another."""
        return self.node("Cast", name, source, SrcT=self.data_type(found), DstT=self.data_type(wanted))

    def cut(self, name: str, source: str, begin: Sequence[int], size: Sequence[int]) -> str:
        """Adds a slice; -1 in size means: up to the end."""
        inputs = [source, self.constant(f"{name}/begin", begin), self.constant(f"{name}/size", size)]
        return self.floats("Slice", name, *inputs, Index=self.data_type("int32"))

    def reshape(self, name: str, source: str, shape: Sequence[int]) -> str:
        """Adds a reshape; -1 in shape means: whatever is left."""
        shape_name = self.constant(f"{name}/shape", shape)
        return self.floats("Reshape", name, source, shape_name, Tshape=self.data_type("int32"))

    def concat(self, name: str, sources: Sequence[str], axis: int) -> str:
        """Adds a concatenation."""
        inputs = [*sources, self.constant(f"{name}/axis", axis)]
        return self.floats("ConcatV2", name, *inputs, Tidx=self.data_type("int32"), N={"i": len(sources)})

    def convolution(
        self,
        scope: str,
        source: str,
        filters: NDArray[np.float32],
        bias: NDArray[np.float32],
        stride: int = 1,
        depthwise: bool = False,
    ) -> str:
        """Adds a convolution with SAME padding, and its bias.

        Args:
            scope: the first part of its nodes' names.
            source: [batch, height, width, channels].
            filters: [height, width, channels, results], or [height, width, channels, 1] if depthwise.
            bias: [results], or [channels] if depthwise.
            stride: the same in both directions, in pixels.
            depthwise: filter each channel by itself.
        """
        op, leaf = ("DepthwiseConv2dNative", "depthwise") if depthwise else ("Conv2D", "Conv2D")
        result = self.floats(
            op,
            f"{scope}/{leaf}",
            source,
            self.constant(f"{scope}/weights", filters),
            strides=self.integers(1, stride, stride, 1),
            padding={"s": b"SAME"},
            data_format={"s": b"NHWC"},
        )
        bias_name = self.constant(f"{scope}/biases", bias)
        return self.floats("BiasAdd", f"{scope}/BiasAdd", result, bias_name, data_format={"s": b"NHWC"})
