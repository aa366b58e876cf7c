"""Makes people unrecognisable in pictures."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import cv2
import numpy as np

from human_detector.values import Image

MARGIN = 0.15
"""The share of its size by which a box grows on every side: chins, hair, and what has moved meanwhile."""
CELLS = 6
"""What is left of a box: that many colours across its longer side, too few to tell one face from another."""


def blur_boxes(image: Image, boxes: Iterable[Mapping[str, float]]) -> Image:
    """A copy of a picture in which nothing inside the boxes can be recognised, or won back.

    Args:
        image: RGB uint8 [height, width, 3].
        boxes: as the result file has them, in fractions of the picture.
    """
    picture = image.copy()
    height, width = picture.shape[:2]
    for box in boxes:
        left, right = _span(box["x_min"], box["x_max"], width)
        top, bottom = _span(box["y_min"], box["y_max"], height)
        # From the original: where boxes overlap, the second must not sharpen what the first has mixed.
        picture[top:bottom, left:right] = _mixed(image[top:bottom, left:right])
    return picture


def _span(low: float, high: float, size: int) -> tuple[int, int]:
    """First pixel and the one after the last, at least one in all."""
    margin = MARGIN * (high - low)
    first = max(0, int((low - margin) * size))
    return min(first, size - 1), min(size, max(first + 1, int(np.ceil((high + margin) * size))))


def _mixed(part: Image) -> Image:
    height, width = part.shape[:2]
    longer = max(height, width)
    cells = max(1, round(width * CELLS / longer)), max(1, round(height * CELLS / longer))
    # Averages of whole cells lose everything smaller; the smooth way back only looks better than squares.
    averages = cv2.resize(part, cells, interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.resize(averages, (width, height), interpolation=cv2.INTER_LINEAR), np.uint8)
