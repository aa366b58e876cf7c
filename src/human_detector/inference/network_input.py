"""From a frame to the array that a network takes, and from the network's places back to the frame."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from human_detector.values import Image

Floats = NDArray[np.float32]

COLOURS = ("rgb", "bgr")
FITS = ("stretch", "letterbox", "letterbox_top_left")
"""How a frame gets the input's shape: stretched, or whole with a margin around it, or beside and below."""


@dataclass(frozen=True, slots=True)
class InputDescription:
    """What a network wants to be given.

    Attributes:
        size: height and width of the input; None for the frame's own, in multiples of `multiple_of`.
        longest_side: the longest that a side may be where the size is the frame's.
        multiple_of: what both sides must be multiples of where the size is the frame's.
        fit: one of `FITS`.
        padding: grey of the margin.
        colours: `rgb` or `bgr`.
        mean: of each colour, taken off the pixels, which go from 0 to 255.
        scale: of each colour; what is left is divided by it.
    """

    size: tuple[int, int] | None
    longest_side: int = 1920
    multiple_of: int = 32
    fit: str = "stretch"
    padding: int = 114
    colours: str = "rgb"
    mean: tuple[float, float, float] = (0, 0, 0)
    scale: tuple[float, float, float] = (255, 255, 255)


@dataclass(frozen=True, slots=True)
class Placement:
    """Where a frame lies in the input, in pixels of the input.

    Attributes:
        size: height and width of the input.
        top: first row.
        left: first column.
        height: rows.
        width: columns.
    """

    size: tuple[int, int]
    top: int
    left: int
    height: int
    width: int

    def fractions(self, boxes: Floats) -> Floats:
        """Boxes [K, 4], y_min, x_min, y_max, x_max in pixels of the input, as fractions of the frame."""
        origin = np.array([self.top, self.left] * 2, np.float32)
        extent = np.array([self.height, self.width] * 2, np.float32)
        fractions: Floats = np.clip((boxes - origin) / extent, 0, 1).astype(np.float32)
        return fractions


def place(description: InputDescription, height: int, width: int) -> Placement:
    """Where a frame of this size lies in the input."""
    if description.size is None:
        # At full size where that is allowed; a side is rounded up, so that no detail is lost.
        share = min(1.0, description.longest_side / max(height, width))
        step = description.multiple_of
        size = (math.ceil(height * share / step) * step, math.ceil(width * share / step) * step)
    else:
        size = description.size
    if description.fit == "stretch":
        return Placement(size, 0, 0, *size)
    share = min(size[0] / height, size[1] / width)
    inner_height, inner_width = max(1, round(height * share)), max(1, round(width * share))
    if description.fit == "letterbox_top_left":
        return Placement(size, 0, 0, inner_height, inner_width)
    top, left = (size[0] - inner_height) // 2, (size[1] - inner_width) // 2
    return Placement(size, top, left, inner_height, inner_width)


def network_input(description: InputDescription, placement: Placement, image: Image) -> Floats:
    """The array that the network takes: float32 [1, 3, height, width].

    Args:
        description: of what it wants.
        placement: of the image, from `place`.
        image: RGB uint8 [H, W, 3].
    """
    scaled = cv2.resize(image, (placement.width, placement.height), interpolation=cv2.INTER_LINEAR)
    if scaled.shape[:2] != placement.size:
        canvas = np.full((*placement.size, 3), description.padding, np.uint8)
        rows = slice(placement.top, placement.top + placement.height)
        canvas[rows, placement.left : placement.left + placement.width] = scaled
        scaled = canvas
    if description.colours == "bgr":
        scaled = scaled[..., ::-1]
    planes = np.ascontiguousarray(scaled.transpose(2, 0, 1), np.float32)
    mean, scale = (
        np.array(each, np.float32)[:, np.newaxis, np.newaxis]
        for each in (description.mean, description.scale)
    )
    planes -= mean
    planes /= scale
    return planes[np.newaxis]
