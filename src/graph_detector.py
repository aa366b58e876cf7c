"""A detector that runs a TensorFlow Object Detection API graph."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np

from detector import Box, Detection, Detector, EngineInfo, Image
from engine import ENGINES, Engine, load_engine
from model_files import find_model
from validation import Check, one_of, text, whole_number


class GraphDetector(Detector):
    """Keeps one class of what a detection graph finds.

    Args:
        model: a name under `model/`, or the path of a frozen graph or of a SavedModel folder.
        label: the label of the detections.
        class_id: the class of the graph that is kept, 1-based.
        engine: `auto` or `tensorflow`.
        **arguments: those of `Detector`.
    """

    checks: ClassVar[Mapping[str, Check]] = {
        **Detector.checks,
        "model": text,
        "label": text,
        "class_id": whole_number(1, 100_000),
        "engine": one_of(*ENGINES),
    }

    def __init__(
        self, *, model: str, label: str, class_id: int = 1, engine: str = "auto", **arguments: Any
    ) -> None:
        super().__init__(**arguments)
        self.model = model
        self.label = label
        self.class_id = class_id
        self.engine_name = engine
        self._engine: Engine | None = None

    @property
    def arguments(self) -> dict[str, Any]:
        """The arguments in effect."""
        return super().arguments | {
            "model": self.model,
            "label": self.label,
            "class_id": self.class_id,
            "engine": self.engine_name,
        }

    @property
    def engine(self) -> EngineInfo | None:
        """What computes, known after `load`."""
        return self._engine.info if self._engine else None

    def load(self) -> None:
        """Load the graph and run one batch of the shape that all batches have."""
        if self._engine is None:
            self._engine = load_engine(self.model, find_model(self.model))
            self.detect([np.zeros((480, 640, 3), np.uint8)])

    def detect(self, images: Sequence[Image]) -> list[list[Detection]]:
        """Find `label` in 1 to `max_batch_size` images, RGB uint8 [height, width, 3]."""
        self.load()
        found: list[list[Detection]] = []
        for _, same_size in itertools.groupby(images, key=lambda image: image.shape):
            found += self._detect_same_size(list(same_size))
        return found

    def _detect_same_size(self, images: Sequence[Image]) -> list[list[Detection]]:
        assert self._engine is not None
        # Always the full batch shape, the tail padded with black: a new shape would make the GPU's
        # libraries trace and tune again, and a short batch could round differently from a full one.
        batch = np.zeros((self.max_batch_size, *images[0].shape), np.uint8)
        np.stack(images, out=batch[: len(images)])
        output = self._engine.run(batch)
        kept = (output.classes == self.class_id) & (output.scores >= self.min_detection_score)
        found = []
        for row in range(len(images)):
            scores, boxes = output.scores[row, kept[row]], output.boxes[row, kept[row]]
            # The one place where the graph's order (y, x) becomes ours (x, y).
            found.append(
                [
                    Detection(self.label, min(float(score), 1.0), Box.clipped(x_min, y_min, x_max, y_max))
                    for score, (y_min, x_min, y_max, x_max) in zip(scores, boxes, strict=True)
                ]
            )
        return found
