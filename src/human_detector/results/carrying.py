"""Gives frames in which nothing has changed what was found in the one before."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from human_detector.results.tracking import FrameTracks, TrackedDetection
from human_detector.values import Box, Detection, FrameDetections


class Carrying:
    """The frames of one analysis, in order.

    Args:
        tracks: follows what is found.
    """

    def __init__(self, tracks: FrameTracks) -> None:
        self._tracks = tracks
        self._last: FrameDetections | Mapping[str, Any] | None = None

    def follow(self, frame: FrameDetections) -> FrameDetections:
        """The frame as the result is to have it."""
        if frame.carried:
            frame = replace(frame, detections=self._detections())
            self._tracks.replay(frame.to_dict())
        else:
            frame = self._tracks.follow(frame)
        self._last = frame
        return frame

    def replay(self, frame: Mapping[str, Any]) -> None:
        """Take note of a frame that is in the result already.

        Args:
            frame: as the result file has it.
        """
        self._tracks.replay(frame)
        self._last = frame

    def _detections(self) -> Mapping[str, Any]:
        """Those of the last frame."""
        assert self._last is not None  # The first frame of a video is never a still one.
        if isinstance(self._last, FrameDetections):
            return self._last.detections
        return {name: [*map(_detection, found)] for name, found in self._last["detections"].items()}


def _detection(found: Mapping[str, Any]) -> Detection:
    detection = Detection(found["label"], found["score"], Box(**found["box"]))
    if "track_id" not in found:
        return detection
    return TrackedDetection(detection.label, detection.score, detection.box, found["track_id"])
