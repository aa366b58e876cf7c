"""What is wrong with an ONNX model or its description is one clear sentence, before anything is analysed."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from human_detector.errors import ConfigurationError
from human_detector.inference.engine import ModelSettings
from human_detector.inference.load_engine import load_engine
from support.onnx_models import first_colour_detector, fixed_detector

ENGINES = ["openvino", "onnxruntime"]


def floats(*shape: int) -> np.ndarray[Any, Any]:
    return np.zeros(shape, np.float32)


@pytest.mark.parametrize(
    ("described", "sentence"),
    [
        ("layuot: yolo", "layuot: unknown key (did you mean layout?), valid are activation, background, box_format"),
        ("layout: yolov8", 'layout: found "yolov8", valid is one of boxes_scores_classes, boxes_class_scores, yolo'),
        ("input_size: 640", "input_size: found 640, valid is height and width such as [640, 640], or any"),
        ("mean: [1, 2]", "mean: found [1, 2], valid is a number from 0 to 255, or a list of three"),
        ("scale: 0", "scale: found 0, valid is a number above 0 and up to 1e+06, or a list of three"),
        ("names: {person: 0}", 'names: found {"person": 0}, valid is a list of texts, or an object such as'),
        ("- layout", 'the whole file: found ["layout"], valid is an object with the keys activation'),
        ("layout: [yolo", "is not YAML: while parsing a flow sequence"),
        ("outputs: {boxes: nothing}", "outputs: found 'nothing', valid are those of the file: out float32 [1, 6, 40]"),
    ],
)  # fmt: skip
def test_a_wrong_description(described: str, sentence: str, tmp_path: Path) -> None:
    path = fixed_detector(tmp_path / "model.onnx", {"out": floats(1, 6, 40)})
    (tmp_path / "model.yaml").write_text(described)
    with pytest.raises(ConfigurationError, match=re.escape(sentence)):
        load_engine("auto", ModelSettings("small", path, 1))


def test_every_problem_of_a_description_is_said_with_its_file(tmp_path: Path) -> None:
    path = fixed_detector(tmp_path / "model.onnx", {"out": floats(1, 6, 40)})
    (tmp_path / "model.yaml").write_text("{fit: crop, padding: 300}")
    with pytest.raises(ConfigurationError) as caught:
        load_engine("auto", ModelSettings("small", path, 1))
    assert [problem.split(": found")[0] for problem in caught.value.problems] == [
        f"{tmp_path}/model.yaml: fit",
        f"{tmp_path}/model.yaml: padding",
    ]


@pytest.mark.parametrize(
    ("outputs", "options", "sentence"),
    [
        ({"logits": floats(1, 1000)}, {}, "found the outputs logits float32 [1, 1000], which are of no layout that is known"),
        ({"a": floats(1, 9, 4), "b": floats(1, 9, 3)}, {}, "its layout is boxes_class_scores; say activation in its model.yaml"),
        ({"out": floats(1, 6, 40)}, {"input_shape": [1, 3, "height", "width"]}, "picture float32 [1, 3, ?, ?] leaves the picture's size open: say input_size in"),
        ({"out": floats(1, 6, 40)}, {"input_shape": [1, 16, 64, 64]}, "found the inputs picture float32 [1, 16, 64, 64], valid is one picture [N, 3, H, W]"),
        ({"out": floats(1, 6, 40)}, {"more_inputs": {"mask": [1, 64]}}, "found the inputs picture float32 [1, 3, 64, 64]; mask int64 [1, 64], valid is one picture"),
    ],
)  # fmt: skip
def test_a_model_that_does_not_say_enough(
    outputs: dict[str, Any], options: dict[str, Any], sentence: str, tmp_path: Path
) -> None:
    path = fixed_detector(tmp_path / "model.onnx", outputs, **options)
    with pytest.raises(ConfigurationError, match=re.escape(f"the model 'small': {sentence}")):
        load_engine("auto", ModelSettings("small", path, 1))


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(
    ("described", "found"),
    [
        ("layout: boxes_scores_classes", "its layout is boxes_scores_classes, but which output has the boxes?"),
        ("layout: yolo_nms", "found boxes [1, 9, 40], valid for the layout yolo_nms is one array [N, M, 6]"),
        ("{layout: yolo_objectness, strides: [32]}", "found boxes [1, 9, 40], valid for the layout yolo_objectness is one array [N, A, 5 + C], and 4 places on grids of"),
    ],
)  # fmt: skip
def test_outputs_that_are_not_what_was_said(described: str, found: str, engine: str, tmp_path: Path) -> None:
    path = fixed_detector(tmp_path / "model.onnx", {"out": floats(1, 9, 40)})
    (tmp_path / "model.yaml").write_text(described)
    with pytest.raises(ConfigurationError, match=re.escape(f"the model 'small': {found}")):
        load_engine(engine, ModelSettings("small", path, 1))


@pytest.mark.parametrize("engine", ENGINES)
def test_a_size_that_the_network_cannot_take(engine: str, tmp_path: Path) -> None:
    path = first_colour_detector(tmp_path / "model.onnx", sizes_must_be=64)
    (tmp_path / "model.yaml").write_text("{layout: yolo, input_size: [96, 96]}")
    with pytest.raises(ConfigurationError, match="the model 'small' cannot be run"):
        load_engine(engine, ModelSettings("small", path, 1))
