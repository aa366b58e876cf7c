"""The best view of everybody: of each track the crop that is large, sharp and surely right."""

from __future__ import annotations

import csv
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from human_detector.drawing.frame_pictures import AnalysedFrame, encoded
from human_detector.harmless_text import file_name
from human_detector.results.detection_arrays import SIDES
from human_detector.values import Image

MARGIN = 0.1
"""The share of its size by which a crop is larger than the box on every side."""
SHARPNESS_PIXELS = 96
"""Crops are scaled down to this before their sharpness is measured: large ones gain nothing by noise."""
TABLE = "crops.csv"


@dataclass(slots=True)
class _Best:
    """The best view of somebody so far: what the table says of it, and how good it is."""

    rating: float
    row: dict[str, Any]


class BestCrops:
    """Collects the best crop of each track, `<detector>_<label>_<track_id>.jpg`, and writes a table of them.

    Better is larger, sharper and with a higher score: the side of a square of the box's area, times the
    sharpness, times the score. What is remembered grows with the tracks; the crops are on the disk.

    Args:
        folder: where to; it is made if need be.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._best: dict[tuple[str, int], _Best] = {}
        self._sightings: dict[tuple[str, int], int] = {}
        folder.mkdir(parents=True, exist_ok=True)

    def take(self, image: Image, frame: AnalysedFrame) -> None:
        """Look at everybody in a frame.

        Args:
            image: RGB uint8 [height, width, 3].
            frame: with a `track_id` in every detection.
        """
        for detector, detections in frame["detections"].items():
            for found in detections:
                self._consider(image, frame, detector, found)

    def write_table(self) -> Path:
        """Write the table, the best view first."""
        path = self._folder / TABLE
        entries = sorted(self._best.items(), key=lambda entry: entry[1].rating, reverse=True)
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, _COLUMNS)
            writer.writeheader()
            for track, best in entries:
                writer.writerow({**best.row, "sightings": self._sightings[track]})
        return path

    def _consider(self, image: Image, frame: AnalysedFrame, detector: str, found: Mapping[str, Any]) -> None:
        track = detector, found["track_id"]
        self._sightings[track] = self._sightings.get(track, 0) + 1
        inside = _crop(image, found["box"], 0)
        height, width = inside.shape[:2]
        sharpness = _sharpness(inside)
        rating = math.sqrt(height * width) * sharpness * found["score"]
        if track in self._best and rating <= self._best[track].rating:
            return
        # The name of a detector and a label are anybody's choice.
        what = file_name(re.sub(r"[^\w.-]+", "_", f"{detector}_{found['label']}"))
        name = f"{what}_{found['track_id']}.jpg"
        (self._folder / name).write_bytes(encoded(_crop(image, found["box"], MARGIN)))
        row = {
            "file": name,
            "detector": detector,
            **{key: found.get(key, "") for key in ("label", "track_id", "person_track_id", "score")},
            "frame_index": frame["index"],
            "timestamp": frame["timestamp"],
            **found["box"],
            "width": width,
            "height": height,
            "sharpness": round(sharpness, 2),
        }
        self._best[track] = _Best(rating, row)


_COLUMNS = (
    *("file", "detector", "label", "track_id", "person_track_id", "sightings"),
    *("frame_index", "timestamp", "score", *SIDES, "width", "height", "sharpness"),
)


def _crop(image: Image, box: Mapping[str, float], margin: float) -> Image:
    """The part of a picture in a box, one pixel at least."""
    height, width = image.shape[:2]
    left, right = _span(box["x_min"], box["x_max"], margin, width)
    top, bottom = _span(box["y_min"], box["y_max"], margin, height)
    return np.ascontiguousarray(image[top:bottom, left:right])


def _span(low: float, high: float, margin: float, size: int) -> tuple[int, int]:
    more = margin * (high - low)
    first = min(max(0, round((low - more) * size)), size - 1)
    return first, max(first + 1, min(size, round((high + more) * size)))


def _sharpness(crop: Image) -> float:
    """How much neighbouring pixels differ: the standard deviation of the Laplacian of the brightness."""
    brightness = cv2.cvtColor(crop, cv2.COLOR_RGB2GRAY)
    shrink = SHARPNESS_PIXELS / max(brightness.shape)
    if shrink < 1:
        height, width = (max(1, round(side * shrink)) for side in brightness.shape)
        brightness = cv2.resize(brightness, (width, height), interpolation=cv2.INTER_AREA)
    return float(cv2.Laplacian(brightness, cv2.CV_32F).std())
