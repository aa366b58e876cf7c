"""Scales frames to the size that a network takes, as TensorFlow's graphs of the Object Detection API do."""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np
from numpy.typing import NDArray

from human_detector.values import Image, ScaledImage

Floats = NDArray[np.float32]
Places = NDArray[np.intp]

STRIP_ROWS = 32
"""How many rows of the result are computed at a time: so few that they stay in the core's own cache."""

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
        self._shape: tuple[int, ...] = ()
        self._strips: list[_Strip] = []

    def scale(self, image: Image, out: ScaledImage | None = None) -> ScaledImage:
        """The image in the size wanted.

        Args:
            image: RGB uint8 [H, W, 3].
            out: where it is to go, C-contiguous; new memory by default.
        """
        if self._shape != image.shape[:2]:
            # Kept for as long as the frames have one size, which is for the whole video.
            self._shape = image.shape[:2]
            self._strips = [*_strips(self._shape, self.height, self.width)]
        scaled = np.empty((self.height, self.width, 3), np.float32) if out is None else out
        rows = scaled.reshape(self.height, self.width * 3)
        for strip in self._strips:
            strip.interpolate(image, rows[strip.rows])
        return scaled


class _Strip:
    """Some rows of the result: where their pixels come from, and room to compute in.

    Args:
        rows: of the result.
        above: for each of them, the row of the image before its place.
        below: the one behind it.
        below_share: the share of the one behind.
        left: for each column of the result, the column of the image before its place.
        right: the one behind it.
        right_share: the share of the one behind.
    """

    def __init__(
        self,
        rows: slice,
        above: Places,
        below: Places,
        below_share: Floats,
        left: Places,
        right: Places,
        right_share: Floats,
    ) -> None:
        self.rows = rows
        # Only rows that some row of the result lies between; above and below become places among them.
        needed, places = np.unique(np.concatenate([above, below]), return_inverse=True)
        self._above, self._below = places[: len(above)], places[len(above) :]
        self._below_share = below_share[:, np.newaxis]
        # One share for each number of a row: NumPy is slow where it repeats one for the three colours.
        self._right_share = np.repeat(right_share, 3)
        self._left_map, self._right_map = _picking_map(left, needed), _picking_map(right, needed)
        # Kept, because asking the system for memory takes longer than the arithmetic.
        self._picked = np.empty((len(needed), len(left), 3), np.uint8)
        self._across = np.empty((len(needed), len(left) * 3), np.float32)
        self._right = np.empty_like(self._across)
        self._lower = np.empty((len(above), len(left) * 3), np.float32)

    def interpolate(self, image: Image, out: Floats) -> None:
        """Write these rows of the scaled image, float32 [rows, 3 * width], into `out`."""
        self._pick(image, self._left_map, self._across)
        self._pick(image, self._right_map, self._right)
        _blend(self._across, self._right, self._right_share)
        # "clip" has NumPy write into the given arrays themselves; all places are valid.
        self._across.take(self._above, axis=0, out=out, mode="clip")
        self._across.take(self._below, axis=0, out=self._lower, mode="clip")
        _blend(out, self._lower, self._below_share)

    def _pick(self, image: Image, places: NDArray[np.int16], out: Floats) -> None:
        # remap only picks pixels here, which it does much faster than NumPy.
        cv2.remap(image, places, _NO_FRACTIONS, cv2.INTER_NEAREST, dst=self._picked)
        np.copyto(out, self._picked.reshape(out.shape))


def _strips(shape: tuple[int, ...], height: int, width: int) -> Iterator[_Strip]:
    """The strips that make up an image of this height and width, scaled from one of that shape."""
    above, below, below_share = _neighbours(shape[0], height)
    across = _neighbours(shape[1], width)
    for first in range(0, height, STRIP_ROWS):
        rows = slice(first, min(first + STRIP_ROWS, height))
        yield _Strip(rows, above[rows], below[rows], below_share[rows], *across)


def _neighbours(size: int, size_out: int) -> tuple[Places, Places, Floats]:
    """Along one axis: the pixel before each place, the one behind it, and the share of the one behind."""
    # In float32 as TensorFlow: in float64 some places fall on the other side of a pixel.
    places = np.arange(size_out, dtype=np.float32) * (np.float32(size) / np.float32(size_out))
    before = places.astype(np.intp)
    return before, np.minimum(before + 1, size - 1), places - before.astype(np.float32)


def _picking_map(columns: Places, rows: Places) -> NDArray[np.int16]:
    """A map for `cv2.remap` to the pixels at these columns of these rows, [rows, columns, 2]."""
    return np.stack(np.meshgrid(columns, rows), axis=-1).astype(np.int16)


def _blend(first: Floats, second: Floats, share: Floats) -> None:
    """Make `first` first + (second - first) * share; both are overwritten."""
    second -= first
    second *= share
    first += second
