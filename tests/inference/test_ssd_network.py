"""The network is cut out of the graphs that are known, and others say what is not recognised."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import openvino as ov
import pytest

from human_detector.inference import openvino_graph, ssd_network
from human_detector.inference.model_files import find_model
from support.changed_graph import align_corners, changed_graph
from support.reference import (
    FACES,
    HUMANS,
)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        pytest.param(align_corners, "samples in another way", id="scaling"),
        pytest.param(
            lambda nodes: setattr(nodes["ToFloat"], "op", "Sqrt"), "does not scale image_tensor", id="image"
        ),
        pytest.param(
            lambda nodes: nodes["concat_1"].input.__setitem__(0, "ToFloat"),
            "takes more from the image",
            id="side entrance",
        ),
        pytest.param(
            lambda nodes: [
                setattr(n, "op", "Other") for n in nodes.values() if n.op == "NonMaxSuppressionV3"
            ],
            "none of the operations",
            id="suppression",
        ),
    ],
)
def test_what_is_not_recognised_is_said(
    change: Callable[[Any], None], reason: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "human_detector.inference.ssd_network")
    assert ssd_network.find_network("it", changed_graph(tmp_path, change)) is None
    assert reason in caplog.text


@pytest.mark.parametrize("model", [HUMANS, FACES])
def test_the_network_is_cut_out_of_the_models_of_this_repository(model: str) -> None:
    network = ssd_network.find_network(model, find_model(model))
    assert network is not None
    assert network.input_size == {HUMANS: (300, 300), FACES: (512, 512)}[model]
    assert network.suppression.iou_threshold == pytest.approx(0.6)
    assert network.suppression.max_total == 100


@pytest.mark.parametrize("model", [HUMANS, FACES])
def test_openvino_transposes_the_images_right_before_the_first_convolution(model: str) -> None:
    network = ssd_network.find_network(model, find_model(model))
    assert network is not None
    operations = openvino_graph.read_network(ov.Core(), network).get_ordered_ops()
    first = next(operation for operation in operations if operation.get_type_name() == "Convolution")
    assert first.input_value(0).get_node().get_type_name() == "Transpose"
