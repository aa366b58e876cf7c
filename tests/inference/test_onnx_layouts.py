"""Each layout of outputs is read right, in both engines: small networks whose answers are known."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from onnx import TensorProto

from human_detector.inference.engine import Engine, ModelSettings
from human_detector.inference.load_engine import load_engine
from support.onnx_models import first_colour_detector, fixed_detector

ENGINES = ["openvino", "onnxruntime"]
FRAME = np.zeros((100, 200, 3), np.uint8)

STRETCHED = [[0.25, 0.125, 0.5, 0.25], [0.5, 0.5, 1, 0.75]]
"""Two boxes in the frame, y_min, x_min, y_max, x_max, that a stretched input has at these places in pixels: """
CORNERS = np.array([[8, 16, 16, 32], [32, 32, 48, 64]], np.float32)  # x y x y
MIDDLES = np.array([[12, 24, 8, 16], [40, 48, 16, 32]], np.float32)  # x y and width, height

LETTERBOXED = [[0, 0.125, 0.5, 0.25], [0.5, 0.5, 1, 0.75]]
"""In a letterbox of 64x64 the frame has 32 rows, from 16 to 48; the same pixels are these boxes in the frame."""


def floats(*rows: Any) -> np.ndarray[Any, Any]:
    return np.array(rows, np.float32)


def yolo(boxes: np.ndarray[Any, Any], scores: Any, places: int = 40) -> np.ndarray[Any, Any]:
    """[1, 4 + C, A] with these boxes first, and nothing at the other places."""
    table = np.zeros((places, 4 + len(scores[0])), np.float32)
    table[: len(boxes), :4] = boxes
    table[: len(boxes), 4:] = scores
    return table.T[np.newaxis]


def objectness(boxes: np.ndarray[Any, Any], scores: Any, certain: float) -> np.ndarray[Any, Any]:
    """[1, A, 5 + C]: the scores are those of the classes once it is certain that there is something."""
    table = yolo(boxes, scores)[0].T
    return np.insert(table, 4, certain, axis=1)[np.newaxis]


IN_LETTERBOX = floats([12, 24, 8, 16], [40, 40, 16, 16])
CORNERS_IN_LETTERBOX = floats([8, 16, 16, 32], [32, 32, 48, 48])

CASES: dict[str, tuple[dict[str, np.ndarray[Any, Any]], str, dict[str, Any], list[list[float]]]] = {
    "torchvision": (
        {"a": CORNERS, "b": np.array([1, 18]), "c": floats(0.9, 0.8)},
        "",
        {},
        STRETCHED,
    ),
    "RT-DETR": (
        {"labels": np.array([[0, 17]]), "boxes": CORNERS[np.newaxis], "scores": floats([0.9, 0.8])},
        "",
        {"more_inputs": {"orig_target_sizes": [1, 2]}},
        STRETCHED,
    ),
    "RT-DETR of transformers": (
        {"logits": floats([[2.1972246, *[-9] * 17], [*[-9] * 17, 1.3862944]]), "pred_boxes": MIDDLES[np.newaxis] / 64},
        "activation: sigmoid",
        {},
        STRETCHED,
    ),
    "DETR": (
        # 90 %, 80 % and, for what is nothing, the rest; the class 0 is no class.
        {
            "logits": np.log(floats([[1e-9, 0.9, *[1e-9] * 16, 1e-9, 0.1], [*[1e-9] * 18, 0.8, 0.2]])),
            "pred_boxes": MIDDLES[np.newaxis] / 64,
        },
        "{activation: softmax, first_class: 1}",
        {},
        STRETCHED,
    ),
    "SSD with the background first": (
        {"boxes": CORNERS[np.newaxis] / 64, "scores": floats([[0.1, 0.9, *[0] * 17], [0.2, *[0] * 17, 0.8]])},
        "{activation: none, background: first, box_format: xyxy}",
        {},
        STRETCHED,
    ),
    "YOLO": (
        {"out": yolo(IN_LETTERBOX, [[0.9, *[0] * 17], [*[0] * 17, 0.8]])},
        "",
        {},
        LETTERBOXED,
    ),
    "YOLO with objectness": (
        {"out": objectness(IN_LETTERBOX, [[0.9 / 0.9, *[0] * 17], [*[0] * 17, 0.8 / 0.9]], 0.9)},
        "",
        {},
        LETTERBOXED,
    ),
    "YOLO with NMS": (
        {"out": floats(np.hstack([CORNERS_IN_LETTERBOX, [[0.9, 0], [0.8, 17]]]))},
        "",
        {},
        LETTERBOXED,
    ),
    "TensorFlow's order": (
        {
            "detection_boxes": CORNERS[np.newaxis][..., [1, 0, 3, 2]] / 64,
            "detection_scores": floats([0.9, 0.8]),
            "detection_classes": floats([1, 18]),
        },
        "{box_format: yxyx, box_unit: fractions}",
        {"input_shape": [1, 64, 64, 3], "input_kind": TensorProto.UINT8},
        STRETCHED,
    ),
    "outputs with names of their own": (
        {"x": floats([0.9, 0.8]), "y": CORNERS[np.newaxis], "z": floats([0, 17])},
        "{layout: boxes_scores_classes, outputs: {boxes: y, scores: x, classes: z}, first_class: 0}",
        {},
        STRETCHED,
    ),
}  # fmt: skip


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("case", CASES)
def test_what_each_layout_says_is_understood(case: str, engine: str, tmp_path: Path) -> None:
    outputs, described, options, boxes = CASES[case]
    path = fixed_detector(tmp_path / "model.onnx", outputs, **options)
    if described:
        (tmp_path / "model.yaml").write_text(described)

    (found,) = load(engine, path).start([FRAME], 0.5)()

    assert found.scores == pytest.approx([0.9, 0.8], abs=1e-4)
    assert found.classes.tolist() == [1, 18]
    assert found.boxes == pytest.approx(np.array(boxes), abs=1e-5)


def load(engine: str, path: Path) -> Engine:
    return load_engine(engine, ModelSettings("small", path, 2))


def test_of_boxes_of_one_class_that_overlap_the_best_stays(tmp_path: Path) -> None:
    same = floats([32, 32, 16, 16], [33, 32, 16, 16], [32, 32, 16, 16], [50, 32, 16, 16])
    scores = [[0.8, 0], [0.9, 0], [0, 0.7], [0.6, 0]]
    path = fixed_detector(tmp_path / "model.onnx", {"out": yolo(same, scores)})
    (found,) = load("onnxruntime", path).start([FRAME], 0.5)()
    assert found.scores == pytest.approx([0.9, 0.7, 0.6])
    assert found.classes.tolist() == [1, 2, 1]

    (tmp_path / "model.yaml").write_text("nms_iou: 1")
    (found,) = load("onnxruntime", path).start([FRAME], 0.5)()
    assert found.scores == pytest.approx([0.9, 0.8, 0.7, 0.6])


def test_boxes_are_put_on_their_grids(tmp_path: Path) -> None:
    """As YOLOX has them: from their place, in its stride, with the logarithm of their extent."""
    table = np.zeros((1, 4 + 1, 6), np.float32)
    table[0, 3] = [
        0.5,
        0.25,
        np.log(1),
        np.log(0.5),
        0.9,
        1,
    ]  # the second row, the second column of stride 32
    table[0, 4] = [0.5, 0.5, 0, 0, 0.8, 1]  # the only place of stride 64
    path = fixed_detector(tmp_path / "model.onnx", {"out": table})
    (tmp_path / "model.yaml").write_text(
        "{layout: yolo_objectness, strides: [32, 64], fit: stretch, nms_iou: 1}"
    )
    (found,) = load("onnxruntime", path).start([FRAME], 0.5)()
    # 32 * 1.5 = 48 is the middle's x, 32 * 1.25 = 40 its y; 32 wide, 16 high.
    assert found.boxes * 64 == pytest.approx(floats([32, 32, 48, 64], [0, 0, 64, 64]), abs=1e-4)
    assert found.scores == pytest.approx([0.9, 0.8])


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(
    ("described", "score"),
    [
        ("{}", 102 / 255),
        ("colours: bgr", 204 / 255),
        ("scale: 408", 0.25),
        ("{mean: [51, 0, 0], scale: [102, 1, 1]}", 0.5),
        ("{colours: bgr, mean: [102, 0, 0], scale: [204, 1, 1]}", 0.5),
        ("{padding: 0, fit: letterbox}", 102 / 255 / 2),
        ("{padding: 204, fit: letterbox}", (102 + 204) / 255 / 2),
        ("{padding: 204, fit: letterbox_top_left}", (102 + 204) / 255 / 2),
    ],
)
def test_the_network_gets_the_pixels_that_it_wants(
    described: str, score: float, engine: str, tmp_path: Path
) -> None:
    path = first_colour_detector(tmp_path / "model.onnx")
    fit = "" if "fit" in described else "fit: stretch"
    text = described.removeprefix("{").removesuffix("}")
    (tmp_path / "model.yaml").write_text("{" + ", ".join(filter(None, [text, fit])) + ", layout: yolo}")
    frame = np.empty((100, 200, 3), np.uint8)
    frame[:] = [102, 0, 204]
    (found,) = load(engine, path).start([frame], 0.01)()
    assert found.scores == pytest.approx([score], abs=1e-5)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("fixed", [True, False], ids=["a size in the file", "none in the file"])
def test_the_frames_own_size(engine: str, fixed: bool, tmp_path: Path) -> None:
    shape = [1, 3, 64, 64] if fixed else ["batch", 3, "height", "width"]
    path = first_colour_detector(tmp_path / "model.onnx", input_shape=shape)
    (tmp_path / "model.yaml").write_text(
        "{layout: yolo, input_size: any, multiple_of: 50, longest_side: 400, fit: stretch}"
    )
    (found,) = load(engine, path).start([np.full((100, 200, 3), 255, np.uint8)], 0.5)()
    # The box has 64 by 64 pixels of an input of 100 by 200.
    assert found.boxes == pytest.approx(floats([0, 0, 0.64, 0.32]))


def test_names_of_classes_are_those_of_the_description_or_of_the_file(tmp_path: Path) -> None:
    outputs = {"out": yolo(IN_LETTERBOX, [[0.9, 0], [0, 0.8]])}
    path = fixed_detector(tmp_path / "model.onnx", outputs, metadata={"names": "{0: 'person', 1: 'dog'}"})
    assert load("onnxruntime", path).class_names == {1: "person", 2: "dog"}
    for text, names in [
        ("names: [human, cat]", {1: "human", 2: "cat"}),
        ("names: {1: cat}", {2: "cat"}),
        ("{first_class: 1, names: {0: nothing, 1: cat}}", {1: "cat"}),
    ]:
        (tmp_path / "model.yaml").write_text(text)
        assert load("onnxruntime", path).class_names == names


def test_of_a_million_boxes_the_best_are_looked_at(tmp_path: Path) -> None:
    random = np.random.default_rng(1)
    table = np.concatenate([random.uniform(8, 56, (20_000, 2)), np.full((20_000, 2), 4)], axis=1)
    scores = random.uniform(0, 1, (20_000, 1))
    path = fixed_detector(tmp_path / "model.onnx", {"out": yolo(table, scores, 20_000)})
    (found,) = load("onnxruntime", path).start([FRAME], 0)()
    assert len(found.scores) > 10
    assert found.scores[0] == pytest.approx(scores.max())
