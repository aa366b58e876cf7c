"""Reads CenterFace's outputs: maps of where the middle of a face is, and of how large it is there."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

STRIDE = 4
"""Pixels of the input for each place of the maps."""

CHANNELS = (1, 2, 2, 10)
"""Of the four maps: likelihood, logarithm of height and width, offset of the middle (y, x), landmarks."""


def read_faces(maps: Sequence[Floats], size: tuple[int, int], min_score: float) -> tuple[Floats, Floats]:
    """The faces that the maps show, before those that overlap are left out.

    Args:
        maps: [1, C, height / 4, width / 4], likelihood, extent and offset.
        size: height and width of the input.
        min_score: places with a lower one are not looked at.

    Returns:
        Boxes [K, 4], y_min, x_min, y_max, x_max in pixels of the input, and scores [K].
    """
    likelihood, extent, offset = (each[0] for each in maps)
    rows, columns = np.nonzero(likelihood[0] >= min_score)
    extents = np.exp(extent[:, rows, columns]) * STRIDE
    middles = (np.stack([rows, columns]) + offset[:, rows, columns] + 0.5) * STRIDE
    ends = np.array(size, np.float32)[:, np.newaxis]
    # A face at the left or upper edge keeps its whole extent inside, as in the authors' own code: it may come
    # out too large there, never too small.
    starts = np.clip(middles - extents / 2, 0, ends)
    boxes = np.concatenate([starts, np.minimum(starts + extents, ends)]).T
    return boxes.astype(np.float32), likelihood[0, rows, columns]
