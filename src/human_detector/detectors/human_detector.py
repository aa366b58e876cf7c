"""HumanDetector: finds people."""

from __future__ import annotations

from typing import Any, ClassVar

from human_detector.detectors.defaults import DEFAULT_MODELS
from human_detector.detectors.graph_detector import GraphDetector


class HumanDetector(GraphDetector):
    """Finds people, and nothing else that the model knows unless `class_id` says so.

    The default model is Faster R-CNN ResNet-101 trained on COCO, whose class 1 is `person`.

    Args:
        model: see `GraphDetector`.
        **arguments: those of `GraphDetector` and `Detector`.
    """

    usual_label: ClassVar[str] = "person"

    def __init__(self, *, model: str = DEFAULT_MODELS["HumanDetector"], **arguments: Any) -> None:
        super().__init__(model=model, **arguments)
