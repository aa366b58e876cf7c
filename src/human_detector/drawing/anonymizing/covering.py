"""Covers regions of a picture so that nothing of what was there can be recognised, or won back.

What is painted into a region is computed from the pixels outside of all regions, and from nothing else. So
nothing of a face is left that somebody could match, sharpen or learn to read, whatever its size.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

import cv2
import numpy as np
from numpy.typing import NDArray

from human_detector.drawing.anonymizing.region import Region
from human_detector.values import Image

SURROUNDINGS = 0.25
"""How far around a region colours are taken from, as a share of its longer side."""
CELLS = 6
"""Squares of the style `pixelate` along each side."""
PLAIN_COLOUR = (40, 40, 40)

Pixels = NDArray[np.float32]
"""Colours: float32 [height, width, 3]."""


def cover(image: Image, regions: Iterable[Region], style: str) -> Image:
    """A copy of a picture with the regions covered.

    Args:
        image: RGB uint8 [height, width, 3].
        regions: what is covered.
        style: one of `wishes.STYLES`.
    """
    places = [_pixels(region, image) for region in regions]
    places = [(x0, y0, x1, y1) for x0, y0, x1, y1 in places if x0 < x1 and y0 < y1]
    hidden = np.zeros(image.shape[:2], bool)
    for x0, y0, x1, y1 in places:
        hidden[y0:y1, x0:x1] = True
    picture = image.copy()
    for x0, y0, x1, y1 in places:
        colours = _colours_around(image, hidden, (x0, y0, x1, y1))
        picture[y0:y1, x0:x1] = _PAINTERS[style](colours, x1 - x0, y1 - y0)
    return picture


def _pixels(region: Region, image: Image) -> tuple[int, int, int, int]:
    """First pixel and the one after the last, in both directions; every pixel that the region touches."""
    height, width = image.shape[:2]
    x_min, y_min, x_max, y_max = region
    return (
        max(0, int(np.floor(x_min * width))),
        max(0, int(np.floor(y_min * height))),
        min(width, int(np.ceil(x_max * width))),
        min(height, int(np.ceil(y_max * height))),
    )


def _colours_around(image: Image, hidden: NDArray[np.bool_], place: tuple[int, int, int, int]) -> Pixels:
    """The mean colours of the eight fields around a region, and in the middle theirs: [3, 3, 3]."""
    x0, y0, x1, y1 = place
    height, width = hidden.shape
    reach = max(4, round(SURROUNDINGS * max(x1 - x0, y1 - y0)))
    columns = [(max(0, x0 - reach), x0), (x0, x1), (x1, min(width, x1 + reach))]
    rows = [(max(0, y0 - reach), y0), (y0, y1), (y1, min(height, y1 + reach))]
    colours = np.full((3, 3, 3), np.nan, np.float32)
    for i, (top, bottom) in enumerate(rows):
        for j, (left, right) in enumerate(columns):
            seen = image[top:bottom, left:right][~hidden[top:bottom, left:right]]
            if len(seen):
                colours[i, j] = seen.mean(axis=0)
    is_known = ~np.isnan(colours[..., 0])
    is_known[1, 1] = False
    colours[~is_known] = colours[is_known].mean(axis=0) if is_known.any() else PLAIN_COLOUR
    return colours


def _blur(colours: Pixels, width: int, height: int) -> Pixels:
    """One colour runs into the next."""
    return np.asarray(cv2.resize(colours, (width, height), interpolation=cv2.INTER_LINEAR), np.float32)


def _pixelate(colours: Pixels, width: int, height: int) -> Pixels:
    """The same in squares."""
    cells = _blur(colours, CELLS, CELLS)
    return np.asarray(cv2.resize(cells, (width, height), interpolation=cv2.INTER_NEAREST), np.float32)


def _solid(_colours: Pixels, width: int, height: int) -> Pixels:
    """One dark grey."""
    return np.full((height, width, 3), PLAIN_COLOUR, np.float32)


_PAINTERS: Mapping[str, Callable[[Pixels, int, int], Pixels]] = {
    "blur": _blur,
    "pixelate": _pixelate,
    "solid": _solid,
}
