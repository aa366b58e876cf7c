"""A detector that wants its pictures scaled and finds nothing: decoding and scaling are what is left."""

from __future__ import annotations

from collections.abc import Sequence

from human_detector.detectors.detector import Detector
from human_detector.values import Detection, Image


class NoModel(Detector):
    """Finds nothing."""

    @property
    def input_size(self) -> tuple[int, int]:
        """As large as many small networks want it."""
        return 320, 320

    def detect(self, images: Sequence[Image]) -> list[list[Detection]]:
        """Nothing."""
        return [[] for _ in images]
