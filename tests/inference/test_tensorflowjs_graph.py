"""A TensorFlow.js graph model becomes nodes of TensorFlow's own kind, or is refused in one sentence."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from human_detector.errors import ConfigurationError
from human_detector.inference.graph_def import write_graph
from human_detector.inference.tensorflowjs_graph import read_graph_model

FILTERS = np.array([[[[2.0]]]], "<f2")
BIAS = np.array([-3.0], "<f2")


def text(value: str) -> dict[str, str]:
    return {"s": base64.b64encode(value.encode()).decode()}


def convolution(*fused: str) -> dict[str, Any]:
    return {
        "name": "last",
        "op": "_FusedConv2D",
        "input": ["images", "filters", "bias"],
        "attr": {
            "T": {"type": "DT_FLOAT"},
            "strides": {"list": {"i": ["1", "1", "1", "1"]}},
            "padding": text("SAME"),
            "data_format": text("NHWC"),
            "num_args": {"i": "1"},
            "epsilon": {"f": 0},
            "fused_ops": {"list": {"s": [text(step)["s"] for step in fused]}},
        },
    }


def images(**more: Any) -> dict[str, Any]:
    sizes = [{"size": size} for size in ("1", "2", "2", "1")]
    attributes = {"dtype": {"type": "DT_FLOAT"}, "shape": {"shape": {"dim": sizes}}, **more}
    return {"name": "images", "op": "Placeholder", "attr": attributes}


def write_model(folder: Path, nodes: Sequence[Mapping[str, Any]]) -> Path:
    """A graph model with two variables in float16."""
    half = {"dtype": "float16", "original_dtype": "float32"}
    entries = [
        {"name": name, "shape": list(value.shape), "dtype": "float32", "quantization": half}
        for name, value in (("filters", FILTERS), ("bias", BIAS))
    ]
    constants = [{"name": name, "op": "Const", "attr": {}} for name in ("filters", "bias")]
    model = {
        "modelTopology": {"node": [*constants, *nodes]},
        "weightsManifest": [{"paths": ["model.bin"], "weights": entries}],
    }
    (folder / "model.bin").write_bytes(FILTERS.tobytes() + BIAS.tobytes())
    path = folder / "model.json"
    path.write_text(json.dumps(model))
    return path


@pytest.mark.parametrize(
    ("fused", "expected"),
    [
        (["BiasAdd"], [[-3.0, -1.0], [1.0, 17.0]]),
        (["BiasAdd", "Relu"], [[0.0, 0.0], [1.0, 17.0]]),
        (["BiasAdd", "Relu6"], [[0.0, 0.0], [1.0, 6.0]]),
    ],
)
@pytest.mark.long
def test_a_fused_convolution_is_taken_apart(
    fused: list[str], expected: list[list[float]], tmp_path: Path
) -> None:
    import tensorflow as tf

    nodes = read_graph_model(write_model(tmp_path, [images(), convolution(*fused)]))

    parsed = tf.compat.v1.GraphDef.FromString(write_graph(nodes.values()))
    with tf.Graph().as_default() as graph:
        tf.import_graph_def(parsed, name="")
    with tf.compat.v1.Session(graph=graph) as session:
        image = np.array([0, 1, 2, 10], np.float32).reshape(1, 2, 2, 1)
        result = session.run("last:0", {"images:0": image})
    np.testing.assert_array_equal(result[0, :, :, 0], expected)


@pytest.mark.parametrize(
    ("nodes", "sentence"),
    [
        ([images(), convolution("BiasAdd", "Prelu")], r"last fuses \['BiasAdd', 'Prelu'\]"),
        ([images(), convolution("FusedBatchNorm")], r"last fuses \['FusedBatchNorm'\]"),
        ([images(x={"func": {"name": "f"}})], "an attribute of the kind func"),
        ([images(x={"type": "DT_STRING"})], "no TensorFlow.js graph model: KeyError"),
        ([{"name": "more", "op": "Const"}], "no TensorFlow.js graph model: KeyError"),
    ],
)
def test_what_is_not_known_is_said(nodes: list[dict[str, Any]], sentence: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=sentence):
        read_graph_model(write_model(tmp_path, nodes))


@pytest.mark.parametrize("content", ["[]", "{}", '{"weightsManifest": []}'])
def test_what_is_no_graph_model_is_said(content: str, tmp_path: Path) -> None:
    path = tmp_path / "model.json"
    path.write_text(content)
    with pytest.raises(ConfigurationError, match=r"no TensorFlow\.js graph model"):
        read_graph_model(path)
