"""A detector that runs a model: a TensorFlow Object Detection API graph, or an ONNX file."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar, cast

import numpy as np

from human_detector.detectors.detector import Detector
from human_detector.detectors.kept_classes import CLASS_ID, LABEL, ClassId, Label, labels_by_class
from human_detector.inference.engine import ENGINES, PRECISIONS, Candidates, Engine, ModelSettings
from human_detector.inference.frame_scaler import FrameScaler
from human_detector.inference.load_engine import load_engine
from human_detector.inference.model_files import find_model
from human_detector.validation import Check, OneOf, Text
from human_detector.values import Box, Detection, EngineInfo, Image, ScaledImage


class GraphDetector(Detector):
    """Keeps one class of what a model finds, or several.

    Args:
        model: a name under `model/`, or the path of a frozen graph, a SavedModel folder or an ONNX file.
        label: the label of the detections; of several classes a list, in the order of `class_id`.
        class_id: the class of the model that is kept, 1-based; of several a list, or a map from labels to
            classes, which then stands for `label`, too.
        engine: `auto`, `tensorflow`, `openvino`, or `onnxruntime` for an ONNX file.
        precision: `fp32`; or `bf16` on a CPU that has it, `fp16` on a GPU. These are faster, but scores move
            by up to 0.1, and boxes to an intersection over union of 0.8; one in ten, of which the model is in
            doubt, by up to 0.2 and to 0.7.
            `int8` for a model that was quantised for OpenVINO; `auto` for that, else 16 bits, else `fp32`.
        **arguments: those of `Detector`.
    """

    checks: ClassVar[Mapping[str, Check]] = {
        **Detector.checks,
        "model": Text(),
        "label": LABEL,
        "class_id": CLASS_ID,
        "engine": OneOf(ENGINES),
        "precision": OneOf(PRECISIONS),
    }

    usual_label: ClassVar[str] = "object"
    """The label where the configuration has none."""

    def __init__(
        self,
        *,
        model: str,
        label: Label | None = None,
        class_id: ClassId = 1,
        engine: str = "auto",
        precision: str = "fp32",
        **arguments: Any,
    ) -> None:
        super().__init__(**arguments)
        self.model = model
        self._labels = labels_by_class(class_id, label, self.usual_label)
        classes, labels = list(self._labels), list(self._labels.values())
        self.label = labels if len(labels) > 1 else labels[0]
        self.class_id = classes if len(classes) > 1 else classes[0]
        self.engine_name = engine
        self.precision = precision
        self._engine: Engine | None = None
        self._scaler: FrameScaler | None = None

    @property
    def arguments(self) -> dict[str, Any]:
        """The arguments in effect."""
        return super().arguments | {
            "model": self.model,
            "label": self.label,
            "class_id": self.class_id,
            "engine": self.engine_name,
            "precision": self.precision,
        }

    @property
    def engine(self) -> EngineInfo | None:
        """What computes, known after `load`."""
        return self._engine.info if self._engine else None

    @property
    def input_size(self) -> tuple[int, int] | None:
        """The size that the network takes, known after `load`."""
        return self._engine.input_size if self._engine else None

    def load(self) -> None:
        """Load the graph and run one batch of the shape that all batches have."""
        self._loaded()

    def detect(self, images: Sequence[Image]) -> list[list[Detection]]:
        """Find things in 1 to `max_batch_size` images, RGB uint8 [height, width, 3]."""
        return self.start(images)()

    def start(self, images: Sequence[Image | ScaledImage]) -> Callable[[], list[list[Detection]]]:
        """See `Detector.start`."""
        finish = self._loaded().start([self._fitted(image) for image in images], self.min_detection_score)
        return lambda: [self._detections(candidates) for candidates in finish()]

    def _loaded(self) -> Engine:
        if self._engine is None:
            settings = ModelSettings(self.model, find_model(self.model), self.max_batch_size, self.precision)
            engine = load_engine(self.engine_name, settings)
            self._labels = self._kept_classes(engine)
            if engine.input_size:
                self._scaler = FrameScaler(*engine.input_size)
            self._engine = engine
            self.detect([np.zeros((480, 640, 3), np.uint8)])
        return self._engine

    def _kept_classes(self, engine: Engine) -> dict[int, str]:  # noqa: ARG002 - a subclass may ask it
        """The label of each class that is kept, once the model is loaded."""
        return self._labels

    def _fitted(self, image: Image | ScaledImage) -> Image | ScaledImage:
        """The image as the engine takes it. The pipeline has scaled it before; other callers have not."""
        if self._scaler and image.dtype == np.uint8:
            return self._scaler.scale(cast("Image", image))
        return image

    def _detections(self, candidates: Candidates) -> list[Detection]:
        kept = np.isin(candidates.classes, list(self._labels))
        rows = (candidates.classes[kept].tolist(), candidates.scores[kept], candidates.boxes[kept])
        # The one place where the graph's order (y, x) becomes ours (x, y).
        return [
            Detection(self._labels[class_id], min(float(score), 1.0), Box.clipped(x_min, y_min, x_max, y_max))
            for class_id, score, (y_min, x_min, y_max, x_max) in zip(*rows, strict=True)
        ]
