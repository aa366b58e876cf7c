"""A detector that takes as long as an accelerator would, and leaves the processor to others."""

from __future__ import annotations

import time
from collections.abc import Sequence

from human_detector.detectors.detector import Detector
from human_detector.values import Detection, Image

BATCH_SECONDS = 0.02
"""For a batch of any size."""


class SimulatedAccelerator(Detector):
    """Finds nothing, in `BATCH_SECONDS`."""

    def detect(self, images: Sequence[Image]) -> list[list[Detection]]:
        """Wait as for a device."""
        time.sleep(BATCH_SECONDS)
        return [[] for _ in images]
