"""A clip of somebody in red with a yellow face, and the detectors that find both. It needs no model."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from human_detector.results.made_of import local_source
from human_detector.video.writer import VideoWriter
from human_detector.video_analyzer import VideoAnalyzer

DETECTORS = [
    ["support.fake_detectors:ColourDetector", {"name": "Humans", "channel": 0, "label": "person"}],
    ["support.fake_detectors:ColourDetector", {"name": "Faces", "channel": 1, "label": "face"}],
]


def make_walk(path: Path, frames: int = 50, size: tuple[int, int] = (120, 240)) -> Path:
    """Somebody walks to the right, turned away from the 20th to the 40th of the frames, ten frames a second."""
    with VideoWriter(path, 10.0, None) as writer:
        for i in range(frames):
            image = np.zeros((*size, 3), np.uint8)
            image[20:110, 20 + 2 * i : 60 + 2 * i, 0] = 255
            if not 20 <= i < 40:
                image[24:38, 32 + 2 * i : 46 + 2 * i, 1] = 255
            writer.write(image, i / 10)
    return path


def analyze_walk(clip: Path, result: Path, *, tracker: bool = True) -> dict[str, Any]:
    """Write the result of a clip as `human-detector analyze` does, and return it."""
    analyzer = VideoAnalyzer(DETECTORS, frame_ratio=0.2, tracker=tracker)
    analyzer.analyze_to_file(clip, result, source=local_source(clip, result.parent))
    document: dict[str, Any] = json.loads(result.read_text())
    return document
