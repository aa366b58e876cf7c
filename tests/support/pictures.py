"""Looks at single frames of videos."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from human_detector.video.source import VideoSource


def picture(video: Path, index: int) -> np.ndarray[Any, Any]:
    """The frame with this index: RGB uint8 [height, width, 3]."""
    with VideoSource(video, is_sampled=lambda i: i == index) as source:
        return next(source.frames()).image


def detail(image: np.ndarray[Any, Any], box: dict[str, float]) -> float:
    """How much neighbouring pixels differ inside a box."""
    height, width = image.shape[:2]
    rows = slice(int(box["y_min"] * height), int(box["y_max"] * height))
    columns = slice(int(box["x_min"] * width), int(box["x_max"] * width))
    return float(np.abs(np.diff(image[rows, columns].astype(int), axis=1)).mean())
