"""Follows things over the frames: gives each detection a `track_id` that stays with the person or face.

After the buffered IoU of C-BIoU (https://arxiv.org/abs/2211.14317): boxes are compared after both have been
enlarged by a share of their size. That suits sampled frames, where a person may have moved by its own width
from one to the next and the plain boxes no longer overlap. Time counts in seconds, so `frame_ratio` and a
varying frame rate change nothing. It needs no network and no picture: a few microseconds per box.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from human_detector.results.faces_of_people import FacesOfPeople, Owners
from human_detector.values import Box, Detection, FrameDetections

Boxes = NDArray[np.float64]
"""x_min, y_min, x_max, y_max in fractions of the image: [N, 4]."""

LONGEST_GAP_SECONDS = 1.0
"""A thing that was not seen for longer, and not in the frame before, is another one when it comes back."""
MIN_SIGHTINGS = 2
"""What was seen in a single frame is mostly a mistake of the detector, and does not count as a person."""
STAGES = ((0.2, 0.3), (0.6, 0.1))
"""(share of its size by which a box is enlarged on every side, least IoU of a pair): first the safe pairs,
then of what is left those that are merely near."""
VELOCITY_WEIGHT = 0.5
"""How much the newest movement counts against the ones before it."""


@dataclass(frozen=True, slots=True)
class TrackedDetection(Detection):
    """A detection with the number of the person or face: from 1, per detector, within one video."""

    track_id: int

    def to_dict(self) -> dict[str, Any]:
        """The detection as the result file has it."""
        # By name: `super()` without arguments does not work in a dataclass with slots.
        return {**Detection.to_dict(self), "track_id": self.track_id}


@dataclass(slots=True)
class _Track:
    """One thing while it is followed. `velocity` is that of its centre, in fractions per second: [2]."""

    track_id: int
    label: str
    box: Boxes
    velocity: NDArray[np.float64]
    seen_at: float

    def predicted(self, timestamp: float) -> Boxes:
        """Where the box should be by now."""
        # Nobody goes straight on for longer.
        seconds = min(timestamp - self.seen_at, LONGEST_GAP_SECONDS)
        return self.box + np.tile(self.velocity * seconds, 2)

    def see(self, timestamp: float, box: Boxes) -> None:
        """Take note of where it is."""
        seconds = timestamp - self.seen_at
        if seconds > 0:
            moved = (box[:2] + box[2:] - self.box[:2] - self.box[2:]) / 2
            self.velocity += VELOCITY_WEIGHT * (moved / seconds - self.velocity)
        self.box, self.seen_at = box, timestamp


class Tracker:
    """Follows what one detector finds in one video, frame after frame in order."""

    def __init__(self) -> None:
        self._tracks: list[_Track] = []
        self._sightings: dict[int, int] = {}
        self._looked_at = 0.0

    @property
    def distinct(self) -> int:
        """How many different things there were."""
        return sum(count >= MIN_SIGHTINGS for count in self._sightings.values())

    def update(self, timestamp: float, boxes: Boxes, labels: Sequence[str]) -> list[int]:
        """Recognise the boxes of the next frame. Things with different labels are never the same.

        Args:
            timestamp: seconds from the first frame.
            boxes: [N, 4].
            labels: of the N boxes.

        Returns:
            The N track ids.
        """
        oldest = min(self._looked_at, timestamp - LONGEST_GAP_SECONDS)
        self._tracks = [track for track in self._tracks if track.seen_at >= oldest]
        predicted = np.array([track.predicted(timestamp) for track in self._tracks]).reshape(-1, 4)
        alike = np.array([[track.label == label for label in labels] for track in self._tracks], bool)
        pairs = _pairs(predicted, boxes, alike.reshape(len(predicted), len(boxes)))
        owners = {column: self._tracks[row].track_id for row, column in pairs}
        new_id = max(self._sightings, default=0) + 1
        ids = []
        for column in range(len(boxes)):
            if column not in owners:
                owners[column], new_id = new_id, new_id + 1
            ids.append(owners[column])
        self.replay(timestamp, boxes, labels, ids)
        return ids

    def replay(self, timestamp: float, boxes: Boxes, labels: Sequence[str], track_ids: Sequence[int]) -> None:
        """Take note of a frame whose boxes are recognised already."""
        self._looked_at = timestamp
        known = {track.track_id: track for track in self._tracks}
        for box, label, track_id in zip(boxes, labels, track_ids, strict=True):
            self._sightings[track_id] = self._sightings.get(track_id, 0) + 1
            if track_id in known:
                known[track_id].see(timestamp, box)
            else:
                self._tracks.append(_Track(track_id, label, box, np.zeros(2), timestamp))


class FrameTracks:
    """Follows what all detectors find in one video, each for itself, and finds out whose the faces are.

    Args:
        detector_names: those of the frames to come.
    """

    def __init__(self, detector_names: Iterable[str]) -> None:
        self._trackers = {name: Tracker() for name in detector_names}
        self._faces = FacesOfPeople()

    def follow(self, frame: FrameDetections) -> FrameDetections:
        """The frame with TrackedDetections."""
        followed = replace(
            frame,
            detections={
                name: self._follow_detector(tracker, frame.timestamp, frame.detections[name])
                for name, tracker in self._trackers.items()
            },
        )
        # As the result file has it, so that an analysis that was cut off goes on with the same numbers.
        self._faces.see(followed.to_dict()["detections"])
        return followed

    def replay(self, frame: Mapping[str, Any]) -> None:
        """Take note of a frame that has been followed already.

        Args:
            frame: as the result file has it.
        """
        for name, tracker in self._trackers.items():
            found = frame["detections"][name]
            boxes = _as_array(tuple(each["box"].values()) for each in found)
            labels = [each["label"] for each in found]
            tracker.replay(frame["timestamp"], boxes, labels, [each["track_id"] for each in found])
        self._faces.see(frame["detections"])

    def owners(self) -> Owners:
        """Whose the faces of the frames so far are: known for sure only when all frames are seen."""
        return self._faces.owners()

    def counts(self) -> dict[str, int]:
        """How many different things there were, by detector name."""
        return {name: tracker.distinct for name, tracker in self._trackers.items()}

    @staticmethod
    def _follow_detector(
        tracker: Tracker, timestamp: float, found: Sequence[Detection]
    ) -> list[TrackedDetection]:
        boxes = _as_array(_sides(each.box) for each in found)
        track_ids = tracker.update(timestamp, boxes, [each.label for each in found])
        return [
            TrackedDetection(each.label, each.score, each.box, track_id)
            for each, track_id in zip(found, track_ids, strict=True)
        ]


class NoTracks(FrameTracks):
    """Follows nothing: every frame stays as it is."""

    def __init__(self) -> None:
        super().__init__([])

    def follow(self, frame: FrameDetections) -> FrameDetections:
        """The frame itself."""
        return frame

    def replay(self, frame: Mapping[str, Any]) -> None:
        """Nothing to take note of."""


def with_tracks(frames: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The frames of a result file with a `track_id` in every detection; those that have one keep it.

    Args:
        frames: as the result file has them, in order.
    """
    trackers: dict[str, Tracker] = {}
    followed: list[dict[str, Any]] = []
    for frame in frames:
        before = followed[-1]["detections"] if frame.get("carried") and followed else {}
        detections = {}
        for name, found in frame["detections"].items():
            tracker = trackers.setdefault(name, Tracker())
            known = found if all("track_id" in each for each in found) else before.get(name, ())
            boxes = _as_array(tuple(each["box"].values()) for each in found)
            labels = [each["label"] for each in found]
            if len(known) == len(found):
                track_ids = [each["track_id"] for each in known]
                tracker.replay(frame["timestamp"], boxes, labels, track_ids)
            else:
                track_ids = tracker.update(frame["timestamp"], boxes, labels)
            detections[name] = [
                {**each, "track_id": track_id} for each, track_id in zip(found, track_ids, strict=True)
            ]
        followed.append({**frame, "detections": detections})
    return followed


def _as_array(boxes: Iterable[tuple[float, ...]]) -> Boxes:
    return np.array(list(boxes), np.float64).reshape(-1, 4)


def _sides(box: Box) -> tuple[float, float, float, float]:
    return box.x_min, box.y_min, box.x_max, box.y_max


def _pairs(tracks: Boxes, boxes: Boxes, allowed: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Which track goes with which box: the best pair first, every track and box in one pair at most.

    Args:
        tracks: [N, 4].
        boxes: [M, 4].
        allowed: whether a track may go with a box: [N, M].
    """
    pairs: list[tuple[int, int]] = []
    for share, least in STAGES:
        overlap = _iou(_enlarged(tracks, share), _enlarged(boxes, share)) * allowed
        for row, column in pairs:
            overlap[row], overlap[:, column] = 0, 0
        while overlap.size and overlap.max() >= least:
            row, column = (int(i) for i in np.unravel_index(overlap.argmax(), overlap.shape))
            pairs.append((row, column))
            overlap[row], overlap[:, column] = 0, 0
    return pairs


def _enlarged(boxes: Boxes, share: float) -> Boxes:
    margin = share * (boxes[:, 2:] - boxes[:, :2])
    return np.hstack([boxes[:, :2] - margin, boxes[:, 2:] + margin])


def _iou(first: Boxes, second: Boxes) -> NDArray[np.float64]:
    """Intersection over union of every pair: [N, 4] and [M, 4] give [N, M]; 0 where both boxes are empty."""
    low = np.maximum(first[:, None, :2], second[None, :, :2])
    high = np.minimum(first[:, None, 2:], second[None, :, 2:])
    common = np.clip(high - low, 0, None).prod(axis=2)
    union = _area(first)[:, None] + _area(second)[None] - common
    ratio: NDArray[np.float64] = np.divide(common, union, out=np.zeros_like(common), where=union > 0)
    return ratio


def _area(boxes: Boxes) -> NDArray[np.float64]:
    areas: NDArray[np.float64] = (boxes[:, 2:] - boxes[:, :2]).prod(axis=1)
    return areas
