"""Small ONNX models whose right answers are known."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper


def save(
    path: Path,
    nodes: Sequence[Any],
    weights: dict[str, np.ndarray[Any, Any]],
    *,
    inputs: dict[str, Sequence[int | str]],
    outputs: dict[str, Sequence[int | str]],
    kinds: dict[str, int] | None = None,
    metadata: dict[str, str] | None = None,
) -> Path:
    """Write a model.

    Args:
        path: of the file.
        nodes: of the graph.
        weights: its constants, by name.
        inputs: the shapes of the inputs, by name.
        outputs: of the outputs.
        kinds: the type of inputs and outputs that are not float32.
        metadata: of the file.
    """

    def value(name: str, shape: Sequence[int | str]) -> Any:
        return helper.make_tensor_value_info(name, (kinds or {}).get(name, TensorProto.FLOAT), shape)

    graph = helper.make_graph(
        nodes,
        "small",
        [value(*each) for each in inputs.items()],
        [value(*each) for each in outputs.items()],
        [numpy_helper.from_array(array, name) for name, array in weights.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    helper.set_model_props(model, metadata or {})
    onnx.checker.check_model(model)
    onnx.save(model, path)
    return path


FACE_HEIGHT, FACE_WIDTH = 32, 16
OFFSET_Y, OFFSET_X = 0.5, 0.25


def small_centerface(path: Path) -> Path:
    """A model with CenterFace's outputs that takes each bright red place of 4x4 pixels for a face's middle.

    As CenterFace's own file it states sizes that are not those of any frame: ten pictures of 32x32.
    """
    likelihood = np.zeros((1, 3, 4, 4), np.float32)
    likelihood[:, 0] = 1 / 16 / 255
    constants = {
        "extent": np.log([FACE_HEIGHT / 4, FACE_WIDTH / 4]),
        "offset": np.array([OFFSET_Y, OFFSET_X]),
        "landmarks": np.zeros(10),
    }
    weights = {"likelihood_weight": likelihood}
    nodes = [
        helper.make_node(
            "Conv", ["image", "likelihood_weight"], ["likelihood"], strides=[4, 4], kernel_shape=[4, 4]
        )
    ]
    for name, bias in constants.items():
        weights[f"{name}_weight"] = np.zeros((len(bias), 3, 4, 4), np.float32)
        weights[f"{name}_bias"] = bias.astype(np.float32)
        inputs = ["image", f"{name}_weight", f"{name}_bias"]
        nodes.append(helper.make_node("Conv", inputs, [name], strides=[4, 4], kernel_shape=[4, 4]))
    channels = {"likelihood": 1, "extent": 2, "offset": 2, "landmarks": 10}
    return save(
        path,
        nodes,
        weights,
        inputs={"image": [10, 3, 32, 32]},
        outputs={name: [10, count, 8, 8] for name, count in channels.items()},
    )


def fixed_detector(
    path: Path,
    outputs: dict[str, np.ndarray[Any, Any]],
    *,
    input_shape: Sequence[int | str] = (1, 3, 64, 64),
    input_kind: int = TensorProto.FLOAT,
    metadata: dict[str, str] | None = None,
    more_inputs: dict[str, Sequence[int | str]] | None = None,
) -> Path:
    """A model that finds the same things in every picture.

    Args:
        path: of the file.
        outputs: what it says, by name.
        input_shape: of the picture.
        input_kind: of its numbers.
        metadata: of the file.
        more_inputs: what else it asks for, int64.
    """
    numbers = {np.dtype(np.float32): TensorProto.FLOAT, np.dtype(np.int64): TensorProto.INT64}
    kinds = {name: numbers[array.dtype] for name, array in outputs.items()}
    nodes = [helper.make_node("Identity", [f"{name}_value"], [name]) for name in outputs]
    return save(
        path,
        nodes,
        {f"{name}_value": array for name, array in outputs.items()},
        inputs={"picture": input_shape, **(more_inputs or {})},
        outputs={name: array.shape for name, array in outputs.items()},
        kinds={**kinds, "picture": input_kind, **dict.fromkeys(more_inputs or {}, TensorProto.INT64)},
        metadata=metadata,
    )


def first_colour_detector(
    path: Path, *, input_shape: Sequence[int | str] = (1, 3, 64, 64), sizes_must_be: int | None = None
) -> Path:
    """A model with one box of 64 by 64 pixels, whose score is the mean of the first colour that it gets.

    Args:
        path: of the file.
        input_shape: of the picture.
        sizes_must_be: the only height and width that it can compute with, whatever the file states.
    """
    size = np.array([[[32.0], [32.0], [64.0], [64.0]]], np.float32)
    nodes = [
        helper.make_node("Slice", ["picture", "start", "end", "axis"], ["colour"]),
        *([helper.make_node("Add", ["colour", "zeros"], ["sum"])] if sizes_must_be else []),
        helper.make_node(
            "ReduceMean", ["sum" if sizes_must_be else "colour"], ["mean"], axes=[2, 3], keepdims=1
        ),
        helper.make_node("Reshape", ["mean", "one"], ["score"]),
        helper.make_node("Concat", ["box", "score"], ["found"], axis=1),
    ]
    weights = {
        "box": size,
        "one": np.array([1, 1, 1]),
        **{name: np.array([number]) for name, number in (("start", 0), ("end", 1), ("axis", 1))},
    }
    if sizes_must_be:
        weights["zeros"] = np.zeros((1, 1, sizes_must_be, sizes_must_be), np.float32)
    return save(path, nodes, weights, inputs={"picture": input_shape}, outputs={"found": [1, 5, 1]})


def detector_with_a_rare_operation(path: Path) -> Path:
    """A model that computes a determinant, which few engines know, and finds one thing in every picture."""
    nodes = [
        helper.make_node("ReduceMean", ["picture"], ["grey"], axes=[1], keepdims=0),
        helper.make_node("Det", ["grey"], ["determinant"]),
        helper.make_node("Mul", ["determinant", "nothing"], ["zero"]),
        helper.make_node("Add", ["value", "zero"], ["found"]),
    ]
    weights = {
        "nothing": np.zeros((), np.float32),
        "value": np.array([[[0, 0, 8, 8, 0.9, 0]]], np.float32),
    }
    return save(path, nodes, weights, inputs={"picture": [1, 3, 64, 64]}, outputs={"found": [1, 1, 6]})
