"""Scales frames to the size that a network takes, as TensorFlow's graphs of the Object Detection API do."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from detector import Image, ScaledImage

Floats = NDArray[np.float32]

_NO_FRACTIONS = np.empty(0, np.uint16)
"""For `cv2.remap`, whose second map is of no use where it only picks pixels."""


class FrameScaler:
    """Scales images to one size, without regard to their shape.

    Gives bit for bit what TensorFlow's ResizeBilinear gives without `align_corners` and `half_pixel_centers`:
    the pixel in row i and column j is interpolated at row i * height_in / height_out and column
    j * width_in / width_out. That must be exact. `cv2.resize` samples half a pixel beside it, and `cv2.remap`
    rounds to 1/32 of a pixel and to whole grey levels, which is little, but decides which one of several
    boxes with nearly equal scores is the best.

    Args:
        height: rows of the result.
        width: columns of the result.
    """

    def __init__(self, height: int, width: int) -> None:
        self.height = height
        self.width = width
        self._table: _Table | None = None

    def scale(self, image: Image) -> ScaledImage:
        """The image in the size wanted."""
        shape = image.shape[:2]
        if self._table is None or self._table.shape != shape:
            # Kept for as long as the frames have one size, which is for the whole video.
            self._table = _Table(shape, (self.height, self.width))
        return self._table.interpolate(image)


class _Table:
    """Where the pixels of the result come from, for images of one shape, and room to compute in.

    Args:
        shape: height and width of the images.
        shape_out: height and width of the result.
    """

    def __init__(self, shape: tuple[int, ...], shape_out: tuple[int, int]) -> None:
        self.shape = shape
        height_out, width_out = shape_out
        above, below, below_share = _neighbours(shape[0], height_out)
        left, right, right_share = _neighbours(shape[1], width_out)
        # Only rows that some row of the result lies between; above and below become places among them.
        rows, places = np.unique(np.concatenate([above, below]), return_inverse=True)
        self._above, self._below = places[:height_out], places[height_out:]
        self._below_share = below_share[:, np.newaxis, np.newaxis]
        self._right_share = right_share[:, np.newaxis]
        self._left_map, self._right_map = _picking_map(left, rows), _picking_map(right, rows)
        # Kept, because asking the system for this much memory takes longer than the arithmetic.
        self._picked = np.empty((len(rows), width_out, 3), np.uint8)
        self._across = np.empty(self._picked.shape, np.float32)
        self._right = np.empty(self._picked.shape, np.float32)
        self._lower = np.empty((*shape_out, 3), np.float32)

    def interpolate(self, image: Image) -> ScaledImage:
        """The image in the size wanted."""
        self._pick(image, self._left_map, self._across)
        self._pick(image, self._right_map, self._right)
        _blend(self._across, self._right, self._right_share)
        scaled = self._across.take(self._above, axis=0)
        # "clip" has NumPy write into the given array itself; all places are valid.
        self._across.take(self._below, axis=0, out=self._lower, mode="clip")
        _blend(scaled, self._lower, self._below_share)
        return scaled

    def _pick(self, image: Image, places: NDArray[np.int16], out: Floats) -> None:
        # remap only picks pixels here, which it does much faster than NumPy.
        cv2.remap(image, places, _NO_FRACTIONS, cv2.INTER_NEAREST, dst=self._picked)
        np.copyto(out, self._picked)


def _neighbours(size: int, size_out: int) -> tuple[NDArray[np.intp], NDArray[np.intp], Floats]:
    """Along one axis: the pixel before each place, the one behind it, and the share of the one behind."""
    # In float32 as TensorFlow: in float64 some places fall on the other side of a pixel.
    places = np.arange(size_out, dtype=np.float32) * (np.float32(size) / np.float32(size_out))
    before = places.astype(np.intp)
    return before, np.minimum(before + 1, size - 1), places - before.astype(np.float32)


def _picking_map(columns: NDArray[np.intp], rows: NDArray[np.intp]) -> NDArray[np.int16]:
    """A map for `cv2.remap` to the pixels at these columns of these rows, [rows, columns, 2]."""
    return np.stack(np.meshgrid(columns, rows), axis=-1).astype(np.int16)


def _blend(first: Floats, second: Floats, share: Floats) -> None:
    """Make `first` first + (second - first) * share; both are overwritten."""
    second -= first
    second *= share
    first += second
