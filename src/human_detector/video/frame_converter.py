"""Turns decoded frames into RGB images as a player would show them."""

from __future__ import annotations

from typing import Any, cast

import av
import numpy as np
from av.sidedata.sidedata import Type as SideDataType
from av.video.reformatter import Interpolation, VideoReformatter
from numpy.typing import NDArray

_QUARTER_TURNS = ((1, 0, 0, 1), (0, -1, 1, 0), (-1, 0, 0, -1), (0, 1, -1, 0))  # counter-clockwise

_NOT_TO_BE_LISTED = {"png", "apng"}
"""PyAV 18 frees what FFmpeg says about side data as soon as it was listed, and FFmpeg frees it again. It is
the name of a colour profile, which only these decoders pass on."""


class FrameConverter:
    """Converts the frames of one video to RGB, all in the size and the orientation of its first frame.

    Args:
        first: the first frame.
        codec: name of the video's codec.
    """

    def __init__(self, first: av.VideoFrame, codec: str) -> None:
        # One reformatter for all frames: it keeps its tables for as long as the frames look alike.
        self._reformatter = VideoReformatter()
        self._coded_size = (first.width, first.height)
        self._matrix = _display_matrix(first, codec)

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels of every image that `convert` returns."""
        width, height = self._coded_size
        return (height, width) if _is_transposed(self._matrix) else (width, height)

    def convert(self, frame: av.VideoFrame) -> NDArray[np.uint8]:
        """Returns the frame as RGB uint8 [height, width, 3], turned for display, in memory of its own."""
        width, height = self._coded_size
        # Bicubic, one thread, and colour matrix and range as the frame says: the same pixels that OpenCV's
        # VideoCapture gives for 8-bit video. Decoding keeps the other cores busy.
        rgb = self._reformatter.reformat(
            frame, width=width, height=height, format="rgb24", interpolation=Interpolation.BICUBIC, threads=1
        )
        image = _oriented(cast("NDArray[np.uint8]", rgb.to_ndarray()), self._matrix)
        # A frame that was RGB already comes through as the decoder's own buffer, on which later frames build.
        return image.copy(order="C") if rgb is frame else np.ascontiguousarray(image)


def _display_matrix(frame: av.VideoFrame, codec: str) -> tuple[int, ...]:
    """Returns a, b, c, d of the frame's display matrix: pixel (x, y) is shown at (a x + c y, b x + d y)."""
    if codec in _NOT_TO_BE_LISTED:
        return _turn(frame)
    try:
        side_data = cast("dict[SideDataType, Any]", frame.side_data)
        numbers = np.frombuffer(bytes(side_data[SideDataType.DISPLAYMATRIX]), dtype=np.int32)
    except KeyError:
        return _QUARTER_TURNS[0]
    except ValueError:
        # PyAV 18 cannot list side data of a kind that it has no name for, such as the EXIF block of a photo.
        return _turn(frame)
    a, b, _, c, d = (int(number) for number in numbers[:5])
    return a, b, c, d


def _turn(frame: av.VideoFrame) -> tuple[int, ...]:
    """The same without what mirrors a frame, of which PyAV tells nothing but in the list of its side data."""
    return _QUARTER_TURNS[round(frame.rotation / 90) % 4]


def _is_transposed(matrix: tuple[int, ...]) -> bool:
    a, b, _, _ = matrix
    return abs(b) > abs(a)


def _oriented(image: NDArray[np.uint8], matrix: tuple[int, ...]) -> NDArray[np.uint8]:
    """Applies the quarter turn and the mirroring of a display matrix; other angles count as the nearest."""
    a, b, c, d = matrix
    if _is_transposed(matrix):
        image, a, d = image.transpose(1, 0, 2), c, b
    return image[:: -1 if d < 0 else 1, :: -1 if a < 0 else 1]
