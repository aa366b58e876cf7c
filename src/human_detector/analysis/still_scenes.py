"""Tells the frames in which nothing has changed since the last one that was analysed.

Compared are small grey pictures. In them noise and the traces of compression are averaged away, and a person
who is large enough to be found still covers several pixels. Measured by benchmarks/still_scenes.py.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from human_detector.values import Image

LONGEST_GAP_SECONDS = 10.0
LONGEST_GAP_FRAMES = 1000
"""A frame is analysed at the latest after so long without one, and after so many that were not."""
LONGER_SIDE = 320
"""Pixels of the small pictures."""
SMOOTHED = 3
"""Each pixel is the mean of so many in both directions: noise is as often lighter as darker."""
TILE = 5
"""A change counts by its mean over a square of so many pixels, wherever that lies."""
CHANGE_BEGINS = 7.0
CHANGE_GOES_ON = 5.0
"""Grey levels of 256 from which on a scene is not still any more, and below which it is still again: what
comes to rest is followed to the end, and what is nearly still does not flicker between the two."""


class Gap:
    """How long ago a frame was analysed: what was found in it must not be carried on for ever."""

    def __init__(self) -> None:
        self._since: float | None = None
        self._carried = 0

    def may_carry(self, timestamp: float) -> bool:
        """Whether there is something to carry on to a frame at this time."""
        if self._since is None:
            return False
        return timestamp - self._since < LONGEST_GAP_SECONDS and self._carried < LONGEST_GAP_FRAMES

    def carry(self) -> None:
        """Take note of a frame that is not analysed."""
        self._carried += 1

    def analyze(self, timestamp: float) -> None:
        """Take note of a frame that is analysed."""
        self._since, self._carried = timestamp, 0


class StillScenes:
    """Looks at the sampled frames of one video, each once and in order."""

    def __init__(self) -> None:
        self._gap = Gap()
        self._analyzed: NDArray[np.float32] | None = None
        self._least_change = CHANGE_BEGINS

    def is_still(self, image: Image, timestamp: float) -> bool:
        """Whether nothing has changed since the last frame of which the answer was no.

        Args:
            image: the frame, in the size of all others.
            timestamp: seconds from the first frame.
        """
        small = _small_grey(image)
        is_still = self._analyzed is not None and _change(small, self._analyzed) < self._least_change
        self._least_change = CHANGE_BEGINS if is_still else CHANGE_GOES_ON
        if is_still and self._gap.may_carry(timestamp):
            self._gap.carry()
            return True
        self._analyzed = small
        self._gap.analyze(timestamp)
        return False


def _small_grey(image: Image) -> NDArray[np.float32]:
    height, width = image.shape[:2]
    scale = min(1.0, LONGER_SIDE / max(height, width))
    rows, columns = max(round(height * scale), 1), max(round(width * scale), 1)
    # Two rows for each of the small picture are enough, and at 4K a sixth of the work.
    some = np.ascontiguousarray(image[:: max(height // (2 * rows), 1)])
    grey = cv2.resize(cv2.cvtColor(some, cv2.COLOR_RGB2GRAY), (columns, rows), interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.blur(grey.astype(np.float32), (SMOOTHED, SMOOTHED)), np.float32)


def _change(small: NDArray[np.float32], other: NDArray[np.float32]) -> float:
    """The largest mean difference of a tile, apart from how much lighter or darker the whole has become."""
    difference = small - other
    difference -= np.median(difference[::4, ::4])
    return float(cv2.blur(np.abs(difference), (TILE, TILE)).max())
