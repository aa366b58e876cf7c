"""Layouts are recognised by what real exporters call their outputs, and by their shapes."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from human_detector.inference.onnx_file import Tensor
from human_detector.inference.recognise_layout import recognise_layout


def floats(name: str, *shape: int | None) -> Tensor:
    return Tensor(name, "float32", shape)


def whole(name: str, *shape: int | None) -> Tensor:
    return Tensor(name, "int64", shape)


@pytest.mark.parametrize(
    ("outputs", "classes", "expected"),
    [
        ([floats("output0", 1, 84, 8400)], 80, "yolo"),
        ([floats("output0", 1, 84, 8400)], None, "yolo"),
        ([floats("output0", 1, 5, 8400)], 1, "yolo"),
        ([floats("output0", None, 84, None)], None, "yolo"),
        ([floats("output0", 1, 300, 6)], 80, "yolo_nms"),
        ([floats("output0", None, None, 6)], 80, "yolo_nms"),
        ([floats("output", 1, 25200, 85)], None, "yolo_objectness"),
        ([floats("output", 1, 25200, 6)], None, "yolo_objectness"),
        ([floats("output", 1, None, 85)], 80, "yolo_objectness"),
        ([floats("output", 1, 25200, 85), *[floats(str(i), 1, 3, 80, 80, 85) for i in (1, 2, 3)]], 80, "yolo_objectness"),
        ([floats("2437", None, 4), whole("2438", None), floats("2439", None)], None, "boxes_scores_classes"),
        ([whole("labels", 1, 300), floats("boxes", 1, 300, 4), floats("scores", 1, 300)], None, "boxes_scores_classes"),
        ([floats("logits", None, 300, 80), floats("pred_boxes", None, 300, 4)], None, "boxes_class_scores"),
        ([floats("scores", 1, 4420, 2), floats("boxes", 1, 4420, 4)], None, "boxes_class_scores"),
        ([floats("a", 1, 4420, 2), floats("b", 1, 4420, 4)], None, "boxes_class_scores"),
        ([floats(name, 10, count, 8, 8) for name, count in zip("abcd", (1, 2, 2, 10), strict=True)], None, "centerface"),
        ([floats("logits", 1, 1000)], None, None),
        ([floats("mask", 1, 1, 512, 512)], None, None),
        ([floats("a", 1, 3, 3)], None, None),
        ([floats("a"), floats("b")], None, None),
    ],
)  # fmt: skip
def test_recognised(outputs: Sequence[Tensor], classes: int | None, expected: str | None) -> None:
    found = recognise_layout(outputs, classes)
    assert (found[0] if found else None) == expected
    if found:
        assert set(found[1].values()) <= {tensor.name for tensor in outputs}


def test_the_roles_follow_from_the_shapes() -> None:
    outputs = [floats("p", None), floats("q", None, 4), whole("r", None)]
    assert recognise_layout(outputs, None) == (
        "boxes_scores_classes",
        {"boxes": "q", "scores": "p", "classes": "r"},
    )
