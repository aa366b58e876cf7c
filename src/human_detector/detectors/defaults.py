"""What a detector does that its configuration says nothing about. Needs no NumPy: deployment reads it."""

from __future__ import annotations

from collections.abc import Mapping

DEFAULT_MIN_DETECTION_SCORE = 0.4
DEFAULT_MAX_BATCH_SIZE = 5
"""variables.json states the same two numbers, to show where they go."""

DEFAULT_MODELS: Mapping[str, str] = {
    "HumanDetector": "faster_rcnn_resnet101_coco",
    "FaceDetector": "mobilenet_ssd_widerface",
}
