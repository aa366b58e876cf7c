"""A clip of ours, made and decoded in memory: what it brings in is there before the door closes."""

from __future__ import annotations

import io
from typing import Final

import av
import numpy as np

from human_detector.analysis.still_scenes import StillScenes
from human_detector.inference.frame_scaler import FrameScaler
from human_detector.video.frame_converter import FrameConverter

_CODEC: Final = "mpeg4"
_FRAMES = 3
_SIDE = 64


def decode_first_clip() -> None:
    """Make a clip of a few frames; decode, convert, compare and scale them. Its threads have ended then."""
    clip = io.BytesIO()
    with av.open(clip, "w", format="mp4") as container:
        stream = container.add_stream(_CODEC, rate=25)
        stream.width = stream.height = _SIDE
        for number in range(_FRAMES):
            picture = np.full((_SIDE, _SIDE, 3), number * 20, np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode(None))
    clip.seek(0)
    scaler, scenes = FrameScaler(_SIDE // 2, _SIDE // 2), StillScenes()
    with av.open(clip, "r") as container:
        for frame in container.decode(video=0):
            image = FrameConverter(frame, _CODEC).convert(frame)
            scenes.is_still(image, 0.0)
            scaler.scale(image)
