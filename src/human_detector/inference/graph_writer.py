"""Writes a TensorFlow graph node by node."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from human_detector.inference.graph_def import FLOAT, INT32, Node, constant, type_attribute, write_graph
from human_detector.inference.graph_messages import AttrValue

_NHWC = AttrValue(s=b"NHWC")


class GraphWriter:
    """Collects nodes. Each method adds one and returns its name, to be an input of another.

    Inputs are float32 unless a method says otherwise; pictures are [batch, height, width, channels].
    """

    def __init__(self) -> None:
        self._nodes: list[Node] = []

    def graph(self) -> bytes:
        """The GraphDef of the nodes so far."""
        return write_graph(self._nodes)

    def add(self, node: Node) -> str:
        """Adds a node that was made elsewhere."""
        self._nodes.append(node)
        return node.name

    def node(self, op: str, name: str, *inputs: str, device: str = "", **attributes: Any) -> str:
        """Adds a node of any operation.

        Args:
            op: the operation.
            name: the node's name.
            inputs: the names of nodes; `name:1` is a node's second result.
            device: where to run it; "" leaves that to TensorFlow.
            attributes: an AttrValue each.
        """
        return self.add(Node(name, op, inputs, attributes, device))

    def floats(self, op: str, name: str, *inputs: str, **attributes: Any) -> str:
        """Adds a node whose attribute T is float32: most element-wise operations."""
        return self.node(op, name, *inputs, T=type_attribute(FLOAT), **attributes)

    def constant(self, name: str, value: NDArray[Any] | Sequence[int] | float) -> str:
        """Adds a constant: float32 if the value is floating-point, else int32."""
        return self.add(constant(name, np.asarray(value)))

    def cast(self, name: str, source: str, found: int, wanted: int) -> str:
        """Adds a conversion from one data type to another."""
        return self.node("Cast", name, source, SrcT=type_attribute(found), DstT=type_attribute(wanted))

    def cut(self, name: str, source: str, begin: Sequence[int], size: Sequence[int]) -> str:
        """Adds a slice; -1 in size means: up to the end."""
        inputs = [source, self.constant(f"{name}/begin", begin), self.constant(f"{name}/size", size)]
        return self.floats("Slice", name, *inputs, Index=type_attribute(INT32))

    def reshape(self, name: str, source: str, shape: Sequence[int]) -> str:
        """Adds a reshape; -1 in shape means: whatever is left."""
        shape_name = self.constant(f"{name}/shape", shape)
        return self.floats("Reshape", name, source, shape_name, Tshape=type_attribute(INT32))

    def concat(self, name: str, sources: Sequence[str], axis: int) -> str:
        """Adds a concatenation."""
        inputs = [*sources, self.constant(f"{name}/axis", axis)]
        return self.floats("ConcatV2", name, *inputs, Tidx=type_attribute(INT32), N=AttrValue(i=len(sources)))

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
            strides=integers(1, stride, stride, 1),
            padding=AttrValue(s=b"SAME"),
            data_format=_NHWC,
        )
        bias_name = self.constant(f"{scope}/biases", bias)
        return self.floats("BiasAdd", f"{scope}/BiasAdd", result, bias_name, data_format=_NHWC)


def integers(*values: int) -> Any:
    """An AttrValue that holds a list of integers."""
    return AttrValue(list={"i": values})
