"""FaceDetector: finds faces."""

from __future__ import annotations

from typing import Any, ClassVar

from human_detector.detectors.defaults import DEFAULT_MODELS
from human_detector.detectors.graph_detector import GraphDetector


class FaceDetector(GraphDetector):
    """Finds faces.

    The default model is an SSD MobileNet v1 trained on WIDER FACE, whose class 1 is `face`.

    Args:
        model: see `GraphDetector`.
        **arguments: those of `GraphDetector` and `Detector`.
    """

    usual_label: ClassVar[str] = "face"

    def __init__(self, *, model: str = DEFAULT_MODELS["FaceDetector"], **arguments: Any) -> None:
        super().__init__(model=model, **arguments)
