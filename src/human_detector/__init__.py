"""Finds humans and faces in videos: a worker for AWS, a command line, and this API.

from human_detector import VideoAnalyzer

analyzer = VideoAnalyzer(detectors=[["FaceDetector", {"min_detection_score": 0.5}]], frame_ratio=0.2)
print(analyzer.analyze("clip.mp4").to_dict()["summary"])

Importing the package loads nothing heavy: each name brings its module along when it is first used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from human_detector.version import __version__

if TYPE_CHECKING:
    from human_detector.detectors.detector import Detector
    from human_detector.results.reader import read_result
    from human_detector.values import Box, Detection
    from human_detector.video_analyzer import VideoAnalyzer

__all__ = ["Box", "Detection", "Detector", "VideoAnalyzer", "__version__", "read_result"]

_HOMES = {
    "Box": "values",
    "Detection": "values",
    "Detector": "detectors.detector",
    "VideoAnalyzer": "video_analyzer",
    "read_result": "results.reader",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES})
