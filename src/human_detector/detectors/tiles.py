"""Looks at a frame in tiles, so that what is small in a large frame is not scaled away.

Models scale every picture to a size of their own. Of a face that is 30 pixels high in a frame of 1920x1080,
a model that takes 512x512 sees 14 pixels; in a tile of 2x2 it sees 26. The whole frame is looked at as well,
for what is larger than a tile.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import cast

import numpy as np

from human_detector.detectors.detector import Detector
from human_detector.detectors.seams import merged
from human_detector.inference.frame_scaler import FrameScaler
from human_detector.values import Box, Detection, Image, ScaledImage

OVERLAP = 0.2
"""Of a tile's width and height, with the next one: what is smaller than that lies whole in one of the two."""
WHOLE = Box(0, 0, 1, 1)

Finish = Callable[[], list[list[Detection]]]


def in_tiles(detector: Detector) -> Detector:
    """What does as the detector's argument `tiles` says: the detector itself where it has none."""
    return TiledDetector(detector, detector.tiles) if detector.tiles else detector


def pictures_per_frame(detector: Detector) -> int:
    """How many pictures the detector has to look at: the frame, and its tiles."""
    columns, rows = _grid(detector.tiles) if detector.tiles else (0, 0)
    return 1 + columns * rows


class TiledDetector(Detector):
    """Has a detector look at the whole frames and at their tiles, and puts together what it found.

    Args:
        detector: loaded.
        tiles: how many, as `COLUMNSxROWS`.
    """

    def __init__(self, detector: Detector, tiles: str) -> None:
        super().__init__(
            name=detector.name,
            min_detection_score=detector.min_detection_score,
            max_batch_size=detector.max_batch_size,
        )
        self._detector = detector
        self._columns, self._rows = _grid(tiles)
        # One for the frames and one for the tiles, as a scaler is made for one size at a time.
        self._scale_frame, self._scale_tile = _scaling(detector), _scaling(detector)

    def detect(self, images: Sequence[Image]) -> list[list[Detection]]:
        """See `Detector.detect`."""
        return self.start(images)()

    def start(self, images: Sequence[Image | ScaledImage]) -> Finish:
        """See `Detector.start`. The pictures come as they are, because `input_size` is None."""
        images = cast("Sequence[Image]", images)
        frames = [self._scale_frame(image) for image in images]
        places = [_tiles(image, self._columns, self._rows) for image in images]
        tiles = [
            self._scale_tile(np.ascontiguousarray(image[rows, columns]))
            for image, slices in zip(images, places, strict=True)
            for rows, columns in slices
        ]
        # Frames and tiles apart: a batch of pictures of one size is computed in one go.
        finish_frames, finish_tiles = self._start(frames), self._start(tiles)

        def finish() -> list[list[Detection]]:
            in_frames, in_tiles = finish_frames(), iter(finish_tiles())
            return [
                merged([(WHOLE, found), *((_as_box(image, *each), next(in_tiles)) for each in slices)])
                for image, found, slices in zip(images, in_frames, places, strict=True)
            ]

        return finish

    def _start(self, pictures: Sequence[Image | ScaledImage]) -> Finish:
        """Start pictures of one size, in batches that the detector takes."""
        size = self.max_batch_size
        batches = [pictures[first : first + size] for first in range(0, len(pictures), size)]
        running = [(len(batch), self._detector.start(batch)) for batch in batches]
        return lambda: [found for count, finish in running for found in self._counted(count, finish())]

    def _counted(self, count: int, found: list[list[Detection]]) -> list[list[Detection]]:
        if len(found) != count:
            raise ValueError(f"{self.name} returned {len(found)} results for {count} images")
        return found


def _grid(tiles: str) -> tuple[int, int]:
    columns, rows = map(int, tiles.split("x"))
    return columns, rows


def _scaling(detector: Detector) -> Callable[[Image], Image | ScaledImage]:
    """How a picture becomes what the detector wants."""
    return FrameScaler(*detector.input_size).scale if detector.input_size else lambda image: image


def _tiles(image: Image, columns: int, rows: int) -> list[tuple[slice, slice]]:
    """The rows and columns of each tile, all of one size."""
    height, width = image.shape[:2]
    return [(down, across) for down in _spans(height, rows) for across in _spans(width, columns)]


def _spans(size: int, count: int) -> list[slice]:
    """That many stretches of one length, which overlap, and cover the pixels from 0 to `size`."""
    length = min(size, int(np.ceil(size / (count - (count - 1) * OVERLAP))))
    return [
        slice(first, first + length) for first in np.linspace(0, size - length, count).astype(int).tolist()
    ]


def _as_box(image: Image, rows: slice, columns: slice) -> Box:
    height, width = image.shape[:2]
    return Box(columns.start / width, rows.start / height, columns.stop / width, rows.stop / height)
